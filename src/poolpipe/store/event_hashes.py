"""The identity of an event: a keyed hash of all that it says, by which a store finds what it already holds."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import text_bytes
from poolpipe.coding.plain_columns import filled, rows_with_value
from poolpipe.events.attribute_sets import OWN
from poolpipe.events.columns import EncodedColumn
from poolpipe.tables import EVENTS, KINDS
from poolpipe_kernels import event_hashes as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.events.valid_events import ValidEvents
    from poolpipe.store.keys import DataKeys

__all__ = ["event_hashes", "text_hashes"]

_NUMBER_OF = {
    name: place for place, name in enumerate(sorted({c for kind in EVENTS.values() for c in kind.columns}), 1)
}
_KIND, _SET, _OTHER = 1001, 1002, 1003


def event_hashes(events: ValidEvents, sealing: DataKeys) -> NDArray[np.uint64]:
    """Hash what each event says: its kind and every column, but neither when nor in which file it came.

    Two events have equal hashes where one is a duplicate of the other (docs/tables.md).

    Parameters
    ----------
    events : ValidEvents
        Of one batch.
    sealing : DataKeys
        Its `match` is the hash's key.

    Returns
    -------
    (n, 2) uint64
    """
    key = _key(sealing)
    states = np.empty((len(events.at), 4), np.uint64)
    kernels.begin_hashes(key, states)
    _absorb_constant(_KIND, KINDS.index(events.kind), states)
    _absorb(_NUMBER_OF["at"], events.at, np.ones(len(events.at), np.bool_), states)
    if events.person is not None:
        _absorb_people(events, key, states)
    if events.well is not None:
        _absorb(_NUMBER_OF["well"], events.well, events.well >= 0, states)
    sets = events.attributes_id
    for name in sorted(events.codes):
        if sets is None or name in OWN:
            _absorb_codes(name, events.codes[name], key, states)
    if sets is None:
        _absorb_attributes(events, key, states)
    else:
        hashes = _set_hashes(events, key)
        kernels.absorb_columns(_SET, sets.astype(np.int32), hashes, states)
    return _finished(states)


def text_hashes(texts: pl.Series, sealing: DataKeys) -> NDArray[np.uint64]:
    """Hash texts with the store's key, (n, 2) uint64; those of null mean nothing."""
    return _texts(texts, _key(sealing))


def _key(sealing: DataKeys) -> NDArray[np.uint64]:
    return np.frombuffer(sealing.match, "<u8").astype(np.uint64)


def _finished(states: NDArray[np.uint64]) -> NDArray[np.uint64]:
    hashes = np.empty((len(states), 2), np.uint64)
    kernels.finish_hashes(states, hashes)
    return hashes


def _set_hashes(events: ValidEvents, key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    states = np.empty((events.attribute_sets, 4), np.uint64)
    kernels.begin_hashes(key, states)
    _absorb_attributes(events, key, states)
    for name in sorted(events.codes.keys() - set(OWN)):
        _absorb_codes(name, events.codes[name], key, states)
    return _finished(states)


def _absorb_attributes(events: ValidEvents, key: NDArray[np.uint64], states: NDArray[np.uint64]) -> None:
    """Add fixed words, numbers and words; codes are added by the caller."""
    for name in sorted(events.fixed):
        _absorb(_NUMBER_OF[name], events.fixed[name], events.fixed[name] >= 0, states)
    for name in sorted(events.numbers):
        _absorb_series(name, _per_row(events.numbers[name]), states)
    for name in sorted(events.words):
        _absorb_codes(name, EncodedColumn(_all_rows(events.words[name]), events.words[name]), key, states)


def _absorb_people(events: ValidEvents, key: NDArray[np.uint64], states: NDArray[np.uint64]) -> None:
    people = events.person
    if people is None:
        return
    regular = people.keys >= 0
    _absorb(_NUMBER_OF["person"], people.keys, regular, states)
    if not regular.all():
        rows = np.where(regular, -1, -1 - people.keys).astype(np.int32)
        for column, name in ((_OTHER, "person_type"), (_NUMBER_OF["person"], "person")):
            kernels.absorb_columns(column, rows, _texts(people.others[name], key), states)


def _absorb_codes(
    name: str, column: EncodedColumn, key: NDArray[np.uint64], states: NDArray[np.uint64]
) -> None:
    """Add a column of texts; an empty one, such as that of no round, adds nothing."""
    told = (filled(column.values, "") != "").to_numpy()
    rows = column.rows
    if not told.all():
        rows = np.where(column.spread(told, missing=False), rows, -1)
    kernels.absorb_columns(_NUMBER_OF[name], rows.astype(np.int32), _texts(column.values, key), states)


def _absorb_series(name: str, numbers: pl.Series, states: NDArray[np.uint64]) -> None:
    """Add a column of numbers; -0.0 is 0.0."""
    given = np.zeros(len(numbers), np.bool_)
    given[rows_with_value(numbers)] = True
    every = filled(numbers, 0)
    is_real = every.dtype == pl.Float64
    whole = (every + 0.0).to_numpy().view(np.int64) if is_real else every.cast(pl.Int64).to_numpy()
    _absorb(_NUMBER_OF[name], whole, given, states)


def _absorb_constant(column: int, number: int, states: NDArray[np.uint64]) -> None:
    _absorb(column, np.full(len(states), number, np.int64), np.ones(len(states), np.bool_), states)


def _absorb(
    column: int, numbers: NDArray[np.integer], given: NDArray[np.bool_], states: NDArray[np.uint64]
) -> None:
    kernels.absorb_numbers(
        column, np.ascontiguousarray(numbers, np.int64).copy(), np.ascontiguousarray(given), states
    )


def _per_row(column: EncodedColumn | pl.Series) -> pl.Series:
    if isinstance(column, EncodedColumn):
        return column.values.cast(pl.Int64).gather(pl.Series(column.rows).replace(-1, None))
    return column


def _all_rows(words: pl.Series) -> NDArray[np.int32]:
    rows = np.arange(len(words), dtype=np.int32)
    if words.null_count():
        rows[words.is_null().to_numpy()] = -1
    return rows


def _texts(texts: pl.Series, key: NDArray[np.uint64]) -> NDArray[np.uint64]:
    content, offsets = text_bytes(texts.cast(pl.String))
    hashes = np.empty((len(texts), 2), np.uint64)
    kernels.hash_texts(content.copy(), offsets.copy(), key, hashes)
    return hashes
