"""Lay out what some tubes of a city can touch: it is looked up, and nothing else is read."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES, Dictionaries
from poolpipe.tracing.city_lookups import (
    keys_of_people,
    look_up_seats,
    numbers_of_keys,
    people_of_seats,
    rows_of_groups,
    seats_of_people,
    seats_of_tubes,
    tubes_of_seats,
)
from poolpipe.tracing.flat_arrays import FlatTexts, PackedTexts, ranges
from poolpipe.tracing.following import queue_reach_us
from poolpipe.tracing.index import Touched, distinct, distinct_below
from poolpipe.tracing.scores import InfectionEvidence
from poolpipe.tracing.selection import overlapping

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.policy import Policy
    from poolpipe.tracing.city_index import CityIndex
    from poolpipe.tracing.city_lookups import SeatColumns

__all__ = ["LaidOut", "OtherDocuments", "lay_out"]


class OtherDocuments(NamedTuple):
    """Other documents that occur: types and numbers in order, and their bounds."""

    types: PackedTexts
    numbers: PackedTexts
    bounds: NDArray[np.int64]


class LaidOut(NamedTuple):
    """What some tubes touch, what is known of it, and the number of the person of each seat."""

    touched: Touched
    evidence: InfectionEvidence
    others: OtherDocuments
    people: NDArray[np.int64]


def lay_out(
    index: CityIndex, tubes: NDArray[np.int64], sources: NDArray[np.int64], hops: int, policy: Policy,
    homes: pl.DataFrame, strangers: pl.DataFrame | None,
) -> LaidOut:  # fmt: skip
    """Lay out what some tubes touch; of boxes and wells that of the sources among them."""
    dwellers = homes["person"].to_numpy()
    chosen = _touched_seats(index, tubes, numbers_of_keys(index, dwellers), queue_reach_us(policy), hops)
    seats = look_up_seats(index, chosen)
    keys, others = _local_keys(index, keys_of_people(index, seats.person), dwellers, strangers)
    touched = _touched(index, sources, chosen, seats, keys, homes, others)
    evidence = InfectionEvidence(
        index.tubes["p"].take(chosen),
        (index.round_tubes.searchsorted(touched.tubes, side="right") - 1).astype(np.uint32),
        index.tubes["alarmed_at"].take(touched.tubes),
    )
    return LaidOut(touched, evidence, others, seats.person)


def _touched_seats(
    index: CityIndex, sources: NDArray[np.int64], dwellers: NDArray[np.int64], queue_us: int, hops: int
) -> NDArray[np.int64]:  # fmt: skip
    """As `selection.touched_seats` finds them, looked up."""
    seats, known = int(index.round_seats[-1]), sum(map(len, index.people))
    own = seats_of_tubes(index, sources)
    found = [own, seats_of_tubes(index, _beside(index, sources, queue_us))]
    people = distinct_below(people_of_seats(index, own), known)
    homes = seats_of_people(index, distinct_below(np.concatenate([people, dwellers]), known))
    found.append(homes)
    again = homes[np.isin(people_of_seats(index, homes), people)] if len(dwellers) else homes
    for _ in range(2, hops + 1, 2):
        tubes = distinct_below(tubes_of_seats(index, again), int(index.round_tubes[-1]))
        reached = seats_of_tubes(index, tubes)
        found.append(reached)
        if hops > 2:
            again = seats_of_people(index, distinct_below(people_of_seats(index, reached), known))
            found.append(again)
    touched = distinct_below(np.concatenate(found), seats)
    everywhere = seats_of_people(index, distinct_below(people_of_seats(index, touched), known))
    return distinct_below(np.concatenate([touched, everywhere]), seats)


def _beside(index: CityIndex, sources: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
    """Tubes collected at the place of a source within `longest` microseconds of any of its swabs."""
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
    return np.sort(near[hit])


def _local_keys(
    index: CityIndex, keys: NDArray[np.int64], dwellers: NDArray[np.int64], strangers: pl.DataFrame | None
) -> tuple[tuple[NDArray[np.int64], NDArray[np.int64]], OtherDocuments]:
    """Keys of seats and dwellers with other documents numbered among those that occur here."""
    rows = distinct(np.concatenate([-1 - keys[keys < 0], -1 - dwellers[dwellers < 0]]))
    beyond = len(index.tubes["other_rank"])
    known = rows[rows < beyond]
    types, numbers = (FlatTexts.of(index.tubes, f"other_{name}") for name in ("type", "number"))
    if strangers is not None and len(known) < len(rows):
        people = pl.DataFrame(
            {"person_type": types.take(known).series(), "person": numbers.take(known).series()}
        )
        more = strangers.select(people.columns)[rows[rows >= beyond] - beyond]
        people = pl.concat([people, more]).with_row_index("row").sort(people.columns)
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
    number = np.empty(len(rows), np.int64)
    number[order] = np.arange(len(rows))
    return (_replaced(keys, rows, number), _replaced(dwellers, rows, number)), others


def _replaced(
    keys: NDArray[np.int64], rows: NDArray[np.int64], number: NDArray[np.int64]
) -> NDArray[np.int64]:
    keys = keys.copy()
    other = keys < 0
    keys[other] = -1 - number[np.searchsorted(rows, -1 - keys[other])]
    return keys


def _touched(
    index: CityIndex, sources: NDArray[np.int64], chosen: NDArray[np.int64], seats: SeatColumns,
    keys: tuple[NDArray[np.int64], NDArray[np.int64]], homes: pl.DataFrame, others: OtherDocuments,
) -> Touched:  # fmt: skip
    """Lay out touched seats with their tubes, the tubes of the sources' boxes and the wells of their plates."""
    of = index.tubes
    boxes = of["box"].take(sources)
    boxed = rows_of_groups(of["box_begins"], of["box_tubes"], distinct(boxes[boxes >= 0]).astype(np.int64))
    begins, ends = (of["load_begins"].take(sources + step).astype(np.int64) for step in (0, 1))
    plates = distinct(of["load_slot"].take(ranges(begins, ends)) // WELL_PLACES)
    near = rows_of_groups(of["plate_begins"], of["plate_loads"], plates)
    loaded = of["load_tube"].take(near)
    tubes = distinct_below(np.concatenate([seats.tube, boxed, loaded]), int(index.round_tubes[-1]))
    place, box, packed, picked, received = (
        of[name].take(tubes).astype(np.int64)
        for name in ("place", "box", "packed_at", "picked_up_at", "received_at")
    )
    return Touched(
        tubes, place, box, packed, picked, received,
        np.searchsorted(tubes, seats.tube), keys[0], seats.at, keys[1],
        homes["household"].cast(pl.Int64).to_numpy(),
        _answers(of["answers"].whole(), sources, tubes, chosen),
        np.searchsorted(tubes, loaded), of["load_slot"].take(near), of["load_at"].take(near), others.bounds,
    )  # fmt: skip


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
