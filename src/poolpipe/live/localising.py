"""Number some of the held events in the order of their texts, as the stages take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import DOMAINS, ENTITIES, Dictionaries, Entities, people_renumbered
from poolpipe.coding.distinct import distinct, distinct_of_all
from poolpipe.coding.plain_columns import without_nulls
from poolpipe.coding.scans import sort_by_tube
from poolpipe.live.held_rows import COLLECT
from poolpipe.tables import KINDS, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.live.held_rows import HeldRows, Rows

__all__ = ["LocalEvents", "localised"]

_DOMAINS = sorted(set(DOMAINS.values()))


class LocalEvents(NamedTuple):
    """Some events, numbered in order.

    Attributes
    ----------
    frames : dict of DataFrame
        As `Events.frames`.
    codes : Dictionaries
        Theirs.
    texts : dict of (n,) int64
        By domain: the number of each text among those that stay.
    entities : dict of (n,) int64
        The same of tubes, boxes and plates.
    others : (n,) int64
        Keys of people with other documents among those that stay.
    """

    frames: dict[str, pl.DataFrame]
    codes: Dictionaries
    texts: dict[str, NDArray[np.int64]]
    entities: dict[str, NDArray[np.int64]]
    others: NDArray[np.int64]

    def people(self, keys: NDArray[np.int64]) -> NDArray[np.int64]:
        """Give people their keys among those that stay."""
        return people_renumbered(keys, self.others)


def localised(held: HeldRows, rows: Rows) -> LocalEvents:
    """Take some events out of those that are held.

    Parameters
    ----------
    held : HeldRows
    rows : Rows

    Returns
    -------
    LocalEvents
        Conclusions from them are those from events that were read, to the last byte.
    """
    frames = {
        kind: _filled(held.frames[kind].gather(rows[kind])) for kind in KINDS if len(rows.get(kind, ()))
    }
    sets = _attribute_sets(held, frames)
    every = [*frames.values(), sets]
    pairs = {name: _distinct([each[name] for each in every if name in each.columns]) for name in ENTITIES}
    used: dict[str, list[NDArray[np.int64]]] = {domain: [] for domain in _DOMAINS}
    for name, numbers in pairs.items():
        used["round"].append(held.codes.rounds_of(name, numbers))
        used[DOMAINS[name]].append(held.codes.entity_parts(name, numbers)[1])
    for each in every:
        for name in set(each.columns) & (DOMAINS.keys() - set(ENTITIES)):
            used[DOMAINS[name]].append(without_nulls(each[name]).to_numpy().astype(np.int64))
    texts, places = {}, {}
    known = {}
    for domain in _DOMAINS:
        texts[domain], known[domain] = _in_order(held, domain, distinct_of_all(*used[domain]))
        places[domain] = _NumberPlaces(known[domain])
    entities, entity_numbers, entity_places = {}, {}, {}
    for name, numbers in pairs.items():
        own_rounds = places["round"].of(held.codes.rounds_of(name, numbers))
        own_texts = places[DOMAINS[name]].of(held.codes.entity_parts(name, numbers)[1])
        order = np.lexsort((own_texts, own_rounds))
        entities[name] = Entities(own_rounds[order].astype(np.uint32), own_texts[order].astype(np.uint32))
        entity_numbers[name] = numbers[order]
        entity_places[name] = _NumberPlaces(entity_numbers[name])
    others, other_keys = _others(held, frames)
    people = _NumberPlaces(-1 - other_keys)
    numbered = {}
    for kind, frame in [*frames.items(), ("", sets)]:
        columns = [
            _renumbered(frame[name], (entity_places if name in ENTITIES else places)[name if name in ENTITIES else DOMAINS[name]])
            for name in frame.columns if name in DOMAINS
        ]  # fmt: skip
        if "person" in frame.columns:
            keys = frame["person"].to_numpy(writable=True)
            other = keys < 0
            keys[other] = -1 - people.of(-1 - keys[other])
            columns.append(pl.Series("person", keys))
        told = {column.name: column for column in columns}
        numbered[kind] = pl.DataFrame([told.get(column.name, column) for column in frame.iter_columns()])
    codes = Dictionaries(texts, entities, others, numbered.pop(""))
    laid = {kind: numbered.get(kind, pl.DataFrame(schema={"at": TIME})) for kind in KINDS}
    if COLLECT in numbered:
        laid[COLLECT] = _scans(numbered[COLLECT], codes)
    return LocalEvents(laid, codes, known, entity_numbers, other_keys)


class _NumberPlaces:
    """Where each number stands in a list of distinct ones."""

    def __init__(self, numbers: NDArray[np.int64]) -> None:
        self._order = np.argsort(numbers)
        self._sorted = numbers[self._order]

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.int64]:
        found: NDArray[np.int64] = self._order[np.searchsorted(self._sorted, numbers)]
        return found


def _renumbered(column: pl.Series, places: _NumberPlaces) -> pl.Series:
    if not column.null_count():
        return pl.Series(column.name, places.of(column.to_numpy()).astype(np.uint32))
    there = np.flatnonzero(column.is_not_null().to_numpy())
    numbers = places.of(column[there].to_numpy()).astype(np.uint32)
    nothing = pl.Series(column.name, [None], pl.UInt32).new_from_index(0, len(column))
    return nothing.scatter(there, numbers)


def _filled(frame: pl.DataFrame) -> pl.DataFrame:
    """Without the columns in which nothing is: such columns are not read either."""
    kept = [
        column
        for column in frame.iter_columns()
        if column.null_count() < frame.height or column.name == "round"
    ]
    return pl.DataFrame(kept).rechunk()


def _distinct(columns: list[pl.Series]) -> NDArray[np.int64]:
    parts = [without_nulls(column).to_numpy().astype(np.int64) for column in columns]
    return distinct_of_all(*parts)


def _in_order(held: HeldRows, domain: str, numbers: NDArray[np.int64]) -> tuple[pl.Series, NDArray[np.int64]]:
    """Texts of some numbers in order, and the number of each."""
    if not len(numbers):
        return pl.Series("values", [], pl.String), numbers
    texts = held.codes.texts(domain)[numbers]
    if len(numbers) == 1:
        return texts, numbers
    order = texts.arg_sort()
    return texts[order], numbers[order.to_numpy()]


def _attribute_sets(held: HeldRows, frames: dict[str, pl.DataFrame]) -> pl.DataFrame:
    """The distinct attribute sets of some collects, whose `attributes_id` becomes their row there."""
    if COLLECT not in frames:
        return pl.DataFrame()
    which, place = np.unique(frames[COLLECT]["attributes_id"].to_numpy(), return_inverse=True)
    sets = _filled(held.attribute_sets.gather(which))
    _, first, same = np.unique(sets.hash_rows(seed=1).to_numpy(), return_index=True, return_inverse=True)
    frames[COLLECT] = frames[COLLECT].with_columns(pl.Series("attributes_id", same[place].astype(np.uint32)))
    return sets[first]


def _others(held: HeldRows, frames: dict[str, pl.DataFrame]) -> tuple[pl.DataFrame, NDArray[np.int64]]:
    """People with other documents in order, and their keys among those that stay."""
    people = held.codes.others
    if COLLECT not in frames:
        return people.clear(), np.empty(0, np.int64)
    keys = frames[COLLECT]["person"].to_numpy()
    places = distinct(-1 - keys[keys < 0])
    own = people[places].with_columns(pl.Series("key", -1 - places)).sort("person_type", "person")
    return own.drop("key").rechunk(), own["key"].to_numpy()


def _scans(collects: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Collects in the order of `scans.Scans`."""
    flat = {name: collects[name] for name in ("tube", "person", "attributes_id")}
    blocks = {name: [column.to_numpy(writable=True)] for name, column in flat.items()}
    blocks["at"] = [collects["at"].to_physical().to_numpy(writable=True)]
    same = np.arange(codes.attribute_sets.height, dtype=np.uint32)
    laid, _ = sort_by_tube(blocks.__getitem__, len(codes.entities["tube"]), same, codes.person_bounds())
    return laid.frame()
