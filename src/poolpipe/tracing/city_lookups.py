"""Look tubes, people and seats up in the index of a city."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import Dictionaries
from poolpipe.coding.distinct import distinct
from poolpipe.tracing.flat_arrays import FlatTexts, ranges
from poolpipe_kernels.people_tests import NEVER

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.tracing.city_index import CityIndex
    from poolpipe.tracing.flat_arrays import FlatArray

__all__ = [
    "SeatColumns",
    "alarms_of_tubes",
    "city_dictionaries",
    "keys_of_people",
    "look_up_seats",
    "numbers_of_keys",
    "people_of_seats",
    "rows_of_groups",
    "seats_of_people",
    "seats_of_tubes",
    "swabbed_a_round",
    "tubes_of_seats",
]


def city_dictionaries(index: CityIndex) -> Dictionaries:
    """Dictionaries that give the index's key of any person."""
    others = {name: FlatTexts.of(index.tubes, f"other_{name}").whole() for name in ("type", "number")}
    people = pl.DataFrame({"person_type": others["type"], "person": others["number"]})
    return Dictionaries({}, {}, people, pl.DataFrame())


def numbers_of_keys(index: CityIndex, keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Numbers of the people of some keys, ascending; a key that does not occur has none."""
    if not len(keys):
        return np.empty(0, np.int64)
    wanted, found, begin = distinct(keys), [], 0
    for part in index.people:
        held = part.whole()
        # One or a few are looked for: whole columns are compared faster than anything is sorted.
        hit = held == wanted[0] if len(wanted) == 1 else np.isin(held, wanted)
        found.append(np.flatnonzero(hit) + begin)
        begin += len(held)
    return np.concatenate(found)


def seats_of_people(index: CityIndex, people: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seats of some people, given by their numbers, ascending."""
    found = []
    for part, first in zip(index.seats, index.round_seats, strict=False):
        own = people[people < len(part.begins) - 1]
        rows = ranges(part.begins.take(own), part.begins.take(own + 1))
        found.append(part.rows.take(rows).astype(np.int64) + first)
    return np.sort(np.concatenate(found)) if found else np.empty(0, np.int64)


def tubes_of_seats(index: CityIndex, seats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tube of each of some seats, which are ascending."""
    return _of_rounds(index, seats, lambda place, own: _tube(index, place, own))


def _rounds_with_people(index: CityIndex) -> NDArray[np.int64]:
    return np.flatnonzero(np.diff(index.round_seats))


def _tube(index: CityIndex, place: int, own: NDArray[np.int64]) -> NDArray[np.int64]:
    tubes: NDArray[np.int64] = index.seats[place].tube.take(own) + index.round_tubes[place]
    return tubes


def _of_rounds(
    index: CityIndex, seats: NDArray[np.int64], look: Callable[[int, NDArray[np.int64]], NDArray[np.int64]]
) -> NDArray[np.int64]:
    """Look seats, ascending, up in the rounds that they are of."""
    if len(index.seats) == 1:
        return look(0, seats)
    cuts = np.searchsorted(seats, index.round_seats)
    parts = [
        look(place, seats[begin:end] - index.round_seats[place])
        for place, (begin, end) in enumerate(pairwise(cuts))
        if end > begin
    ]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)


def people_of_seats(index: CityIndex, seats: NDArray[np.int64]) -> NDArray[np.int64]:
    """Number of the person of each of some seats, which are ascending."""

    def look(place: int, own: NDArray[np.int64]) -> NDArray[np.int64]:
        people: NDArray[np.int64] = index.seats[place].person.take(own).astype(np.int64)
        return people

    return _of_rounds(index, seats, look)


class SeatColumns(NamedTuple):
    """Columns of some seats: tube, person's number, and microseconds."""

    tube: NDArray[np.int64]
    person: NDArray[np.int64]
    at: NDArray[np.int64]


def look_up_seats(index: CityIndex, seats: NDArray[np.int64]) -> SeatColumns:
    """Tube, person and time of some seats, which are ascending."""
    at = _of_rounds(index, seats, lambda place, own: index.seats[place].at.take(own))
    return SeatColumns(tubes_of_seats(index, seats), people_of_seats(index, seats), at)


def keys_of_people(
    index: CityIndex, people: NDArray[np.int64], others: FlatArray | None = None
) -> NDArray[np.int64]:
    """Keys of people by their numbers, ascending; `others` are the keys of those who are in no tube."""
    keys, begin, cut = [], 0, 0
    for part in (*index.people, *(() if others is None else (others,))):
        end = begin + len(part)
        upto = int(people.searchsorted(end)) if end <= people.max(initial=-1) else len(people)
        keys.append(part.take(people[cut:upto] - begin))
        begin, cut = end, upto
    return np.concatenate(keys) if keys else np.empty(0, np.int64)


def alarms_of_tubes(index: CityIndex, tubes: NDArray[np.int64]) -> NDArray[np.int64]:
    """When each of some tubes, ascending, was called positive or suspect, microseconds; the largest int64 for others."""
    alarming, at = index.tubes["alarm_tubes"].whole(), np.full(len(tubes), NEVER)
    first, last = np.searchsorted(alarming, [tubes[0], tubes[-1] + 1]) if len(tubes) else (0, 0)
    few, many = sorted((tubes, alarming[first:last]), key=len)
    place = np.searchsorted(many, few)
    hit = np.flatnonzero(many.take(place, mode="clip") == few) if len(many) else place[:0]
    own, there = (hit, first + place[hit]) if few is tubes else (place[hit], first + hit)
    at[own] = index.tubes["alarm_at"].take(there)
    return at


def seats_of_tubes(index: CityIndex, tubes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Seats of some tubes, tube by tube."""
    begins = index.tubes["seat_begins"]
    return ranges(begins.take(tubes), begins.take(tubes + 1))


def swabbed_a_round(index: CityIndex) -> int:
    """How many people were swabbed a round, about."""
    return int(index.round_seats[-1]) // max(len(_rounds_with_people(index)), 1)


def rows_of_groups(begins: FlatArray, rows: FlatArray, groups: NDArray[np.int64]) -> NDArray[np.int64]:
    """Rows of some groups."""
    spans = ranges(begins.take(groups), begins.take(groups + 1))
    return rows.take(spans).astype(np.int64)
