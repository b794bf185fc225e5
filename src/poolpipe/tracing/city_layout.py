"""Lay out what some tubes of a city can touch: it is looked up, and nothing else is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES, WELL_PLACES, Dictionaries
from poolpipe.coding.distinct import distinct, distinct_below
from poolpipe.tracing.city_homes import CityHomes, Living, living_with
from poolpipe.tracing.city_lookups import (
    alarms_of_tubes,
    keys_of_people,
    look_up_seats,
    people_of_seats,
    rows_of_groups,
    seats_of_people,
    seats_of_tubes,
    tubes_of_seats,
)
from poolpipe.tracing.flat_arrays import FlatTexts, PackedTexts, ranges
from poolpipe.tracing.following import queue_reach_us
from poolpipe.tracing.index import Touched
from poolpipe.tracing.people import NumberedPeople, PeoplePlaces, document_order
from poolpipe.tracing.scores import InfectionEvidence
from poolpipe.tracing.selection import overlapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.policy import Policy
    from poolpipe.tracing.city_index import CityIndex
    from poolpipe.tracing.city_lookups import SeatColumns
    from poolpipe.tracing.flat_arrays import FlatArray

__all__ = ["LaidOut", "OtherDocuments", "lay_out"]

_FEW = 1 << 14
_NOBODY = Living(np.empty(0, np.int64), np.empty(0, np.int64))


class OtherDocuments(NamedTuple):
    """Other documents that occur: types and numbers in order, and their bounds."""

    types: PackedTexts
    numbers: PackedTexts
    bounds: NDArray[np.int64]


class LaidOut(NamedTuple):
    """What some tubes touch, and what is known of it.

    Attributes
    ----------
    touched : Touched
    evidence : InfectionEvidence
    others : OtherDocuments
    people, rank : (people,) int64 and int32
        Numbers of the people in the city, ascending, and the place of each among the keys of `touched`.
    """

    touched: Touched
    evidence: InfectionEvidence
    others: OtherDocuments
    people: NDArray[np.int64]
    rank: NDArray[np.int32]


class _Chosen(NamedTuple):
    """Seats that a walk touches, ascending, and the tubes of queues, place by place."""

    seats: NDArray[np.int64]
    queued: NDArray[np.int64]
    living: Living


def lay_out(
    index: CityIndex, tubes: NDArray[np.int64], sources: NDArray[np.int64], hops: int, policy: Policy,
    homes: CityHomes | None,
) -> LaidOut:  # fmt: skip
    """Lay out what some tubes touch; of boxes and wells that of the sources among them."""
    chosen = _choose(index, tubes, homes, queue_reach_us(policy), hops)
    seats = look_up_seats(index, chosen.seats)
    most = sum(map(len, index.people)) + (len(homes.people) if homes else 0)
    people = distinct_below(np.concatenate([seats.person, chosen.living.people]), most)
    keys, others = _with_local_others(
        index, keys_of_people(index, people, homes.people if homes else None), homes
    )
    order = document_order(keys, others.bounds)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    number = PeoplePlaces(people, rank, most)
    named = NumberedPeople(keys[order], number.of(seats.person), number.of(chosen.living.people))
    touched = _touched(index, sources, chosen, seats, named, PLATE_SHAPES[policy.codes.plate_wells][1])
    evidence = InfectionEvidence(
        index.tubes["p"].take(chosen.seats),
        (index.round_tubes.searchsorted(touched.tubes, side="right") - 1).astype(np.uint32),
        alarms_of_tubes(index, touched.tubes),
    )
    return LaidOut(touched, evidence, others, people, rank)


def _choose(
    index: CityIndex, sources: NDArray[np.int64], homes: CityHomes | None, queue_us: int, hops: int
) -> _Chosen:
    """As `selection.touched_seats` finds them, looked up."""
    seats, known = int(index.round_seats[-1]), sum(map(len, index.people))
    own = seats_of_tubes(index, sources)
    beside = _beside(index, sources, queue_us)
    found = [own, seats_of_tubes(index, beside)]
    people = distinct_below(people_of_seats(index, own), known)
    again = seats_of_people(index, people)
    found.append(again)
    living = _NOBODY if homes is None else living_with(homes, people)
    if homes is not None:
        dwellers = distinct_below(living.people, known + len(homes.people))
        found.append(seats_of_people(index, dwellers))
    for _ in range(2, hops + 1, 2):
        tubes = distinct_below(tubes_of_seats(index, again), int(index.round_tubes[-1]))
        reached = seats_of_tubes(index, tubes)
        found.append(reached)
        if hops > 2:
            again = seats_of_people(index, distinct_below(people_of_seats(index, reached), known))
            found.append(again)
    touched = distinct_below(np.concatenate(found), seats)
    everywhere = seats_of_people(index, distinct_below(people_of_seats(index, touched), known))
    return _Chosen(distinct_below(np.concatenate([touched, everywhere]), seats), beside, living)


def _beside(index: CityIndex, sources: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
    """Tubes collected at the place of a source within `longest` microseconds of any of its swabs, place by place."""
    tubes = index.tubes
    place = tubes["place"].take(sources)
    queued = sources[place >= 0]
    place = place[place >= 0].astype(np.int64)
    asked = distinct(place)
    begins, ends = (tubes["place_begins"].take(asked + step).astype(np.int64) for step in (0, 1))
    near = tubes["place_tubes"].take(ranges(begins, ends)).astype(np.int64)
    first, last = (tubes[name].take(queued) for name in ("first_collected", "last_collected"))
    hit = overlapping(
        place, first - longest, last + longest, np.repeat(asked, ends - begins),
        tubes["first_collected"].take(near), tubes["last_collected"].take(near),
    )  # fmt: skip
    return near[hit]


def _with_local_others(
    index: CityIndex, keys: NDArray[np.int64], homes: CityHomes | None
) -> tuple[NDArray[np.int64], OtherDocuments]:
    """Keys of people with other documents numbered among those that occur here."""
    other = np.flatnonzero(keys < 0)
    rows = np.sort(-1 - keys[other])
    beyond = len(index.tubes["other_rank"])
    known = rows[rows < beyond]
    types, numbers = (FlatTexts.of(index.tubes, f"other_{name}") for name in ("type", "number"))
    if homes is not None and len(known) < len(rows):
        strangers = rows[rows >= beyond] - beyond
        texts = (
            (types, FlatTexts(homes.type_offsets, homes.type_bytes)),
            (numbers, FlatTexts(homes.number_offsets, homes.number_bytes)),
        )
        people = pl.DataFrame(
            {
                name: [*here.take(known).series(), *there.take(strangers).series()]
                for name, (here, there) in zip(("person_type", "person"), texts, strict=True)
            }
        )
        people = people.with_row_index("row").sort("person_type", "person")
        order = people["row"].to_numpy().astype(np.int64)
        bounds = Dictionaries({}, {}, people.drop("row"), pl.DataFrame()).person_bounds()
        told = tuple(PackedTexts.of(people[name].to_list()) for name in ("person_type", "person"))
        others = OtherDocuments(told[0], told[1], bounds)
    else:
        order = np.argsort(index.tubes["other_rank"].take(known))
        known = known[order]
        others = OtherDocuments(
            types.take(known), numbers.take(known), index.tubes["other_bound"].take(known)
        )
    if not len(other):
        return keys, others
    number = np.empty(len(rows), np.int64)
    number[order] = np.arange(len(rows))
    keys[other] = -1 - number[np.searchsorted(rows, -1 - keys[other])]
    return keys, others


def _touched(
    index: CityIndex, sources: NDArray[np.int64], chosen: _Chosen, seats: SeatColumns, people: NumberedPeople,
    columns: int,
) -> Touched:  # fmt: skip
    """Lay out touched seats with their tubes, the tubes of the sources' boxes and the wells of their plates."""
    of = index.tubes
    boxes = of["box"].take(sources)
    boxed = rows_of_groups(of["box_begins"], of["box_tubes"], distinct(boxes[boxes >= 0]).astype(np.int64))
    near, slot = _loads_near(index, sources, columns)
    loaded = of["load_tube"].take(near).astype(np.int64)
    # Seats are in the order of tubes: each tube is looked for once.
    new = np.ones(len(seats.tube), np.bool_)
    np.not_equal(seats.tube[1:], seats.tube[:-1], out=new[1:])
    seated = seats.tube[new]
    tubes = distinct_below(np.concatenate([seated, boxed, loaded]), int(index.round_tubes[-1]))
    place = of["place"].take(tubes).astype(np.int64)
    boxed = np.searchsorted(tubes, np.sort(boxed))
    box, packed, picked, received = (
        _of_some(of[name], tubes, boxed) for name in ("box", "packed_at", "picked_up_at", "received_at")
    )
    return Touched(
        tubes, place, box, packed, picked, received, boxed, np.searchsorted(tubes, chosen.queued),
        np.searchsorted(tubes, seated)[np.cumsum(new) - 1], people.person, seats.at,
        people.keys, people.dwellers, chosen.living.homes,
        _answers(of["answers"].whole(), sources, tubes, chosen.seats),
        np.searchsorted(tubes, loaded), slot, of["load_at"].take(near),
    )  # fmt: skip


def _of_some(column: FlatArray, tubes: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values of some of the tubes, -1 for the others."""
    values = np.full(len(tubes), -1)
    values[rows] = column.take(tubes[rows])
    return values


def _loads_near(
    index: CityIndex, sources: NDArray[np.int64], columns: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Loads into wells of the sources and around them, by tube, and the slot of each."""
    of = index.tubes
    begins, ends = (of["load_begins"].take(sources + step).astype(np.int64) for step in (0, 1))
    own = of["load_slot"].take(ranges(begins, ends)).astype(np.int64)
    plates = distinct(own // WELL_PLACES)
    near = np.sort(rows_of_groups(of["plate_begins"], of["plate_loads"], plates))
    slot = of["load_slot"].take(near).astype(np.int64)
    if len(plates) * WELL_PLACES > _FEW:  # of a few plates all wells may stay
        # A well's number beyond the plate's edge, or of the next row, only lets a load stay that no link leads to.
        around = np.array([down * columns + right for down in (-1, 0, 1) for right in (-1, 0, 1)])
        wanted = np.zeros((len(plates) + 2) * WELL_PLACES, np.bool_)
        wells = (np.searchsorted(plates, own // WELL_PLACES) + 1) * WELL_PLACES + own % WELL_PLACES
        wanted[wells[:, None] + around] = True
        kept = wanted[(np.searchsorted(plates, slot // WELL_PLACES) + 1) * WELL_PLACES + slot % WELL_PLACES]
        near, slot = near[kept], slot[kept]
    return near, slot


def _answers(
    answers: NDArray[np.int64],
    sources: NDArray[np.int64],
    tubes: NDArray[np.int64],
    chosen: NDArray[np.int64],
) -> NDArray[np.int64]:
    """Answers to the recalls of the sources, by the numbers of tubes and seats here."""
    spans = (np.searchsorted(answers, (sources + step) << 32) for step in (0, 1))
    own = answers[ranges(*spans)]
    return (np.searchsorted(tubes, own >> 32) << 32) + np.searchsorted(chosen, own & 0xFFFFFFFF)
