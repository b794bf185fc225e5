"""Valid events as Arrow columns with a row for each event, and read from them again: what a store and a cluster keep them in."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import well_names
from poolpipe.events.attribute_sets import OWN
from poolpipe.events.clean import well_positions
from poolpipe.events.columns import EncodedColumn, one_array, small_numbers
from poolpipe.events.valid_events import CODED, WORDS, ValidEvents
from poolpipe.tables import CALLS, MODES, ROLES

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["columns_of", "dictionary_column", "events_of", "series_of", "times_column"]

_FIXED: Final = {"mode": MODES, "role": ROLES, "call": CALLS}
_TIME: Final = pa.timestamp("us", "UTC")


def columns_of(events: ValidEvents, wells: int) -> dict[str, pa.Array]:
    """Lay out every column of events but the person.

    Parameters
    ----------
    events : ValidEvents
        Of one batch; they are not changed.
    wells : {96, 384}
        Wells of the policy's plate.

    Returns
    -------
    dict of pyarrow.Array
        (n,) each, row i of event i: texts as dictionaries or large_string, times in UTC.
    """
    rows = _row_of_set(events)
    given: dict[str, pa.Array] = {"at": times_column(events.at)}
    given |= {name: dictionary_column(column, rows, own=name in OWN) for name, column in events.codes.items()}
    given |= {name: _fixed(name, numbers, rows) for name, numbers in events.fixed.items()}
    given |= {name: _numbers(column, rows) for name, column in events.numbers.items()}
    given |= {name: _gathered(column, rows) for name, column in events.words.items()}
    if events.sent is not None:
        given["sent_at"] = _times_or_null(events.sent)
    if events.well is not None:
        given["well"] = _wells(events.well, wells)
    return given


def events_of(kind: str, columns: pa.Table, wells: int) -> ValidEvents:
    """Read events back, without the person; texts may be plain.

    Parameters
    ----------
    kind : str
    columns : pyarrow.Table
        Some of the columns that `columns_of` gives; others are passed over.
    wells : {96, 384}
        Wells of the plate.

    Returns
    -------
    ValidEvents
        As `validate` gives them, of the same events; attributes of collects are not numbered.
    """
    events = ValidEvents(kind, _micros(columns["at"]))
    names = set(columns.column_names)
    for name in names.intersection(CODED):
        events.codes[name] = _encoded(columns[name])
    for name, words in _FIXED.items():
        if name in names:
            events.fixed[name] = _positions(_encoded(columns[name]), words)
    for name in names & {"capacity", "swabs", "tubes"}:
        events.numbers[name] = _whole(columns[name])
    if "ct" in names:
        events.numbers["ct"] = series_of(columns["ct"])
    for name in names & set(WORDS):
        events.words[name] = series_of(columns[name].cast(pa.large_string()))
    if "well" in names:
        events.well = _encoded_wells(_encoded(columns["well"]), wells)
    if "sent_at" in names and columns["sent_at"].null_count < len(columns["sent_at"]):
        events.sent = series_of(columns["sent_at"].cast(pa.int64())).fill_null(-1).to_numpy()
    return events


def dictionary_column(
    column: EncodedColumn, sets: NDArray[np.int32] | None, *, own: bool
) -> pa.DictionaryArray:
    """Make a column of texts.

    Parameters
    ----------
    column : EncodedColumn
    sets : (n,) int32, optional
        The row of each event in `column`, where that has a row for each attribute set.
    own : bool
        Whether the column has a row for each event all the same.
    """
    rows = column.rows if sets is None or own else column.rows[sets]
    values = column.values.cast(pl.String)
    if values.null_count():  # pyarrow joins no dictionaries that hold null
        rows = np.where(column.missing() if rows is column.rows else column.missing()[sets], -1, rows)
        values = values.fill_null("")
    indices = pl.Series(rows, dtype=pl.Int32)
    if len(rows) and rows.min() < 0:
        indices = indices.replace(-1, None)
    return pa.DictionaryArray.from_arrays(indices.to_arrow(), values.to_arrow())


def times_column(micros: NDArray[np.int64]) -> pa.Array:
    """Make a column of times of microseconds since 1970, UTC."""
    return pl.Series(micros, dtype=pl.Int64).to_arrow().cast(_TIME)


def series_of(column: pa.ChunkedArray) -> pl.Series:
    """Take a column as a series, without its name."""
    return pl.Series(one_array(column))


def _row_of_set(events: ValidEvents) -> NDArray[np.int32] | None:
    """The combination of each collect; None where every event has its own row anyway."""
    own = events.attributes_id is None or events.attribute_sets == len(events.at)
    return None if own else events.attributes_id


def _fixed(name: str, numbers: NDArray[np.int8], sets: NDArray[np.int32] | None) -> pa.DictionaryArray:
    rows = numbers.astype(np.int32)
    return dictionary_column(EncodedColumn(rows, pl.Series(_FIXED[name], dtype=pl.String)), sets, own=False)


def _numbers(column: EncodedColumn | pl.Series, sets: NDArray[np.int32] | None) -> pa.Array:
    if isinstance(column, EncodedColumn):
        rows = column.rows if sets is None else column.rows[sets]
        return column.values.cast(pl.Int64).gather(pl.Series(rows).replace(-1, None)).to_arrow()
    return _gathered(column, sets)


def _gathered(column: pl.Series, sets: NDArray[np.int32] | None) -> pa.Array:
    return (column if sets is None else column.gather(sets)).to_arrow()


def _times_or_null(micros: NDArray[np.int64]) -> pa.Array:
    return pa.array(micros, mask=micros < 0).cast(_TIME)


def _wells(positions: NDArray[np.int32], wells: int) -> pa.DictionaryArray:
    return dictionary_column(EncodedColumn(positions, _names_of_wells(wells)), None, own=True)


@cache
def _names_of_wells(wells: int) -> pl.Series:
    return well_names(pl.Series(np.arange(wells)), wells)


def _encoded(column: pa.ChunkedArray) -> EncodedColumn:
    if not pa.types.is_dictionary(column.type):
        return EncodedColumn(np.arange(len(column), dtype=np.int32), series_of(column).rename("values"))
    array = one_array(column.unify_dictionaries())
    indices = pl.Series(array.indices).cast(pl.Int32)
    rows = (indices.fill_null(-1) if indices.null_count() else indices).to_numpy()
    return EncodedColumn(rows, pl.Series("values", array.dictionary, pl.String))


def _positions(column: EncodedColumn, words: tuple[str, ...]) -> NDArray[np.int8]:
    numbers = column.values.replace_strict(words, range(len(words)), return_dtype=pl.Int8).to_numpy()
    return column.spread(numbers, missing=-1).astype(np.int8)


def _encoded_wells(column: EncodedColumn, wells: int) -> NDArray[np.int32]:
    return column.spread(well_positions(column.values, wells), missing=-1)


def _whole(column: pa.ChunkedArray) -> EncodedColumn:
    if small := small_numbers(column):
        return small
    array = one_array(column).dictionary_encode()
    rows = pl.Series(array.indices).cast(pl.Int32).fill_null(-1).to_numpy()
    return EncodedColumn(rows, pl.Series("values", array.dictionary, pl.Int64))


def _micros(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return _numpy(column.cast(pa.int64())).astype(np.int64, copy=False)


def _numpy(column: pa.ChunkedArray) -> NDArray[np.generic]:
    return pl.Series(one_array(column)).to_numpy(writable=True)
