"""The index of a walk: seats by tube, by person and by place; households, journeys of boxes, and wells, as flat arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from poolpipe_kernels.by_time import people_by_time, queue_by_time
from poolpipe_kernels.grouped_rows import group_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray


__all__ = [
    "SeatIndex",
    "Touched",
    "TraceIndex",
    "TubeIndex",
    "grouped",
    "index_touched",
    "places_of",
]


@dataclass(frozen=True, slots=True)
class SeatIndex:
    """People in tubes as flat arrays; see `poolpipe_kernels.walk` for each.

    Attributes
    ----------
    keys : (people,) int64
        Key of each person, in the order of their documents.
    tube, person, at : (seats,) uint32, int32, int64
        Tube by tube in the order of its queue; person is an index into `keys`, at microseconds.
    begins : (tubes + 1,) int64
        Where each tube's seats begin.
    person_begins, by_person : (people + 1,) int64 and (seats,) int32
        Each person's seats by time, then tube.
    place : (tubes,) int64
        Round, site and point of a tube as one number, -1 for none.
    queue, rank : (queued,) and (seats,) int32
        Seats that may be met by place, time, tube and position; and where each stands there.
    home_begins, homes, people_begins, people : int64, int32, int64, int32
        Each person's households, and each household's people.
    answers : (answers,) int64
        ``tube << 32 | seat`` of singles that answer the recall of a tube, ascending.
    """

    keys: NDArray[np.int64]
    tube: NDArray[np.uint32]
    person: NDArray[np.int32]
    at: NDArray[np.int64]
    begins: NDArray[np.int64]
    person_begins: NDArray[np.int64]
    by_person: NDArray[np.int32]
    place: NDArray[np.int64]
    queue: NDArray[np.int32]
    rank: NDArray[np.int32]
    home_begins: NDArray[np.int64]
    homes: NDArray[np.int32]
    people_begins: NDArray[np.int64]
    people: NDArray[np.int32]
    answers: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class TubeIndex:
    """Tubes in boxes and wells as flat arrays; see `poolpipe_kernels.neighbours` for each.

    Attributes
    ----------
    journey : (tubes,) int32
        Box and journey of each tube, -1 for none.
    journey_begins, by_journey : (journeys + 1,) int64 and int32
        Each journey's tubes.
    packed_at : (tubes,) int64
        Microseconds.
    load_begins, slot, loaded_at, load_tube : (tubes + 1,) and (loads,) int64, int64, int64, uint32
        Loads as a sample by tube, time and slot.
    by_slot, slots : (loads,) int32 and int64
        Loads by slot, time and tube.
    """

    journey: NDArray[np.int32]
    journey_begins: NDArray[np.int64]
    by_journey: NDArray[np.int32]
    packed_at: NDArray[np.int64]
    load_begins: NDArray[np.int64]
    slot: NDArray[np.int64]
    loaded_at: NDArray[np.int64]
    load_tube: NDArray[np.uint32]
    by_slot: NDArray[np.int32]
    slots: NDArray[np.int64]


class TraceIndex(NamedTuple):
    """Both parts."""

    seats: SeatIndex
    tubes: TubeIndex


def places_of(tubes: pl.DataFrame, rounds: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Number each tube's round, site and point as one; -1 where it has neither site nor point.

    Parameters
    ----------
    tubes : DataFrame
        Coded tubes with site and point.
    rounds : (tubes,) uint32
        Round of each.

    Returns
    -------
    (tubes,) int64
    """
    sites, points = ((tubes[name].cast(pl.Int64) + 1).fill_null(0).to_numpy() for name in ("site", "point"))
    most_sites, most_points = int(sites.max(initial=0)) + 1, int(points.max(initial=0)) + 1
    numbers = (rounds.astype(np.int64) * most_sites + sites) * most_points + points
    return np.where((sites == 0) & (points == 0), -1, numbers)


class Touched(NamedTuple):
    """What a walk from some sources can touch. Tubes are numbered from 0 in the order of the city's; the arrays are small.

    Attributes
    ----------
    tubes : (tubes,) int64
        Number of each tube in the city, ascending.
    place : (tubes,) int64
        As `places_of` gives it, -1 for none.
    box, packed_at, picked_up_at, received_at : (tubes,) int64
        Number of each tube's box, -1 for none, and its journey, microseconds; equal where they are not known.
    boxed : (k,) int64
        Tubes, ascending, whose boxes are looked at.
    queued : (k,) int64
        Tubes in whose queues somebody may be met: place by place, ascending in each.
    tube, person, at : (seats,) int64, int32, int64
        Tube, person and microseconds of each seat, sorted by tube and queue.
    keys : (people,) int64
        Key of each person, in the order of their documents.
    dwellers, homes : (k,) int32 and int64
        A person and the number of their household: distinct rows.
    answers : (answers,) int64
        ``tube << 32 | seat`` of singles that answer the recall of a tube, ascending.
    loaded, slot, loaded_at : (loads,) int64
        Tube, plate and well as ``plate * WELL_PLACES + well``, and microseconds of each load as a sample.
    """

    tubes: NDArray[np.int64]
    place: NDArray[np.int64]
    box: NDArray[np.int64]
    packed_at: NDArray[np.int64]
    picked_up_at: NDArray[np.int64]
    received_at: NDArray[np.int64]
    boxed: NDArray[np.int64]
    queued: NDArray[np.int64]
    tube: NDArray[np.int64]
    person: NDArray[np.int32]
    at: NDArray[np.int64]
    keys: NDArray[np.int64]
    dwellers: NDArray[np.int32]
    homes: NDArray[np.int64]
    answers: NDArray[np.int64]
    loaded: NDArray[np.int64]
    slot: NDArray[np.int64]
    loaded_at: NDArray[np.int64]


def index_touched(touched: Touched) -> TraceIndex:
    """Index the people and tubes that a walk can touch."""
    return TraceIndex(_index_seats(touched), _index_tubes(touched))


def _index_seats(touched: Touched) -> SeatIndex:
    tube, at, place, person = touched.tube, touched.at, touched.place, touched.person
    begins = _begins(tube, len(place))
    people = len(touched.keys)
    person_begins, by_person = np.zeros(people + 1, np.int64), np.empty(len(tube), np.int32)
    scratch = np.empty(len(tube), np.int32)
    people_by_time(person, at, scratch, person_begins, by_person)
    queue = np.empty(int(np.add.reduce(begins[touched.queued + 1] - begins[touched.queued])), np.int32)
    rank = np.full(len(tube), -1, np.int32)
    queue_by_time(touched.queued, place, begins, at, scratch, queue, rank)
    dwellers, homes = touched.dwellers, touched.homes.astype(np.int32)
    by_dweller, by_home = np.lexsort((homes, dwellers)), np.lexsort((dwellers, homes))
    return SeatIndex(
        touched.keys, tube.astype(np.uint32), person, at, begins, person_begins, by_person,
        place, queue, rank, _begins(dwellers, people), homes[by_dweller],
        _begins(homes, int(homes.max(initial=-1)) + 1), dwellers[by_home], touched.answers,
    )  # fmt: skip


def _index_tubes(touched: Touched) -> TubeIndex:
    own = touched.boxed
    parts = [part[own] for part in (touched.received_at, touched.picked_up_at, touched.box)]
    order = grouped(parts[2])
    new = [part[order][1:] != part[order][:-1] for part in parts]
    if ((new[0] | new[1]) & ~new[2]).any():  # a box of several journeys
        order = np.lexsort(parts)  # stable: tubes of a journey stay in order
        new = [part[order][1:] != part[order][:-1] for part in parts]
    first = np.zeros(len(own), np.bool_)
    first[1:] = new[0] | new[1] | new[2]
    number = np.cumsum(first, dtype=np.int64)
    journey = np.full(len(touched.tubes), -1, np.int32)
    journey[own[order]] = number
    by_tube = np.lexsort((touched.slot, touched.loaded_at, touched.loaded))
    loaded, slot, at = touched.loaded[by_tube], touched.slot[by_tube], touched.loaded_at[by_tube]
    by_slot = np.lexsort((loaded, at, slot)).astype(np.int32)
    return TubeIndex(
        journey, _begins(number, int(number.max(initial=-1)) + 1), own[order].astype(np.int32), touched.packed_at,
        _begins(loaded, len(journey)), slot, at, loaded.astype(np.uint32), by_slot, slot[by_slot],
    )  # fmt: skip


def grouped(numbers: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order of numbers from 0, equal ones in the order of their rows."""
    if not len(numbers) or int(numbers.max()) > 8 * len(numbers):
        return np.argsort(numbers, kind="stable")
    begins, rows = np.zeros(int(numbers.max()) + 2, np.uint32), np.empty(len(numbers), np.uint32)
    group_rows(numbers.astype(np.int32), begins, rows)
    return rows.astype(np.int64)


def _begins(numbers: NDArray[np.integer[Any]], groups: int) -> NDArray[np.int64]:
    """Where each group begins if rows lie group by group."""
    begins = np.zeros(groups + 1, np.int64)
    np.cumsum(np.bincount(numbers, minlength=groups), out=begins[1:])
    return begins
