"""What a walk from some sources can touch: a few seats of a city, found by one scan of all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.coding.distinct import distinct, distinct_below
from poolpipe_kernels.compilation import read_only
from poolpipe_kernels.seats_of_people import seats_of_people

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["CitySeats", "members_of", "overlapping", "touched_seats"]

_SECOND = 1_000_000
_PLACE_BITS = 33
"""Seconds of the years 1970 to 2199 need 33 bits."""


class CitySeats:
    """All seats, tube by tube.

    Parameters
    ----------
    members : DataFrame
        tube, person (key), collected_at: sorted by tube and queue.
    tubes : DataFrame
        tube, first_collected, last_collected: collected tubes, sorted.
    offsets : (tubes + 1,) int64
        Where each tube's members begin.
    place : (tubes,) int64
        As `index.places_of` gives it.
    """

    def __init__(
        self, members: pl.DataFrame, tubes: pl.DataFrame, offsets: NDArray[np.int64], place: NDArray[np.int64]
    ) -> None:
        self.members, self.offsets, self.place = members, offsets, place
        self.tubes = tubes["tube"].to_numpy()
        self.first, self.last = (
            tubes[name].to_physical().to_numpy() for name in ("first_collected", "last_collected")
        )

    def rows(self, tubes: NDArray[np.int64]) -> NDArray[np.int64]:
        """Seats of some tubes, given by their rows."""
        counts = self.offsets[tubes + 1] - self.offsets[tubes]
        begins = np.repeat(self.offsets[tubes] - np.cumsum(counts) + counts, counts)
        return begins + np.arange(len(begins))

    def beside(self, sources: NDArray[np.int64], longest: int) -> NDArray[np.int64]:
        """Rows of tubes collected at the place of a source, within `longest` microseconds of any of its swabs.

        Of a place and moment all such tubes are found, so that scans between two people can be counted.
        """
        queued = sources[self.place[sources] >= 0]
        near = np.flatnonzero(np.isin(self.place, distinct(self.place[queued])))
        begin, end = self.first[queued] - longest, self.last[queued] + longest
        hit = overlapping(self.place[queued], begin, end, self.place[near], self.first[near], self.last[near])
        return near[hit]


def overlapping(
    place: NDArray[np.int64], begin: NDArray[np.int64], end: NDArray[np.int64],
    near_place: NDArray[np.int64], near_first: NDArray[np.int64], near_last: NDArray[np.int64],
) -> NDArray[np.bool_]:  # fmt: skip
    """Tell which times at places overlap a span of their place, to the second.

    Parameters
    ----------
    place, begin, end : (spans,) int64
        Place of each span, and its microseconds.
    near_place, near_first, near_last : (n,) int64
        Places, which have spans all, and times.

    Returns
    -------
    (n,) bool
    """
    if not len(near_place):
        return np.empty(0, np.bool_)
    places = distinct(place)
    number = np.searchsorted(places, place)
    order = np.lexsort((begin, number))
    start = _moment(number[order], begin[order])
    # The latest end so far, of the same place: a time overlaps one of these or none.
    latest = np.maximum.accumulate(_moment(number[order], end[order] + _SECOND))
    own = np.searchsorted(places, near_place)
    before = np.searchsorted(start, _moment(own, near_last), side="right") - 1
    hit: NDArray[np.bool_] = (before >= 0) & (latest[np.maximum(before, 0)] >= _moment(own, near_first))
    return hit


def _moment(place: NDArray[np.int64], at: NDArray[np.int64]) -> NDArray[np.int64]:
    """Place and second as one number; those of one place stand together, in order of time."""
    return (place << (_PLACE_BITS + 1)) + np.maximum(at // _SECOND, 0)


def touched_seats(
    city: CitySeats,
    sources: NDArray[np.uint32],
    dwellers: NDArray[np.int64],
    queue_us: int,
    hops: int,
) -> NDArray[np.int64]:
    """Find the seats that a walk touches: of the sources, their city, the people's other tubes, their households.

    And all other seats of these people: scores ask for all their tests.

    Parameters
    ----------
    city : CitySeats
        All seats.
    sources : (sources,) uint32
        Tubes, collected.
    dwellers : (k,) int64
        Keys of people who share a household with a member.
    queue_us : int
        Longest time between two people of one queue, microseconds.
    hops : int
        Most links.

    Returns
    -------
    (seats,) int64
        Rows of the members, ascending. More may be among them than a walk reaches.
    """
    place = np.searchsorted(city.tubes, sources)
    person = city.members["person"].to_numpy()
    own = city.rows(place)
    found = [own, city.rows(city.beside(place, queue_us))]
    people = distinct(person[own])
    homes = _of_people(person, distinct(np.concatenate([people, dwellers])))
    found.append(homes)
    again = homes[np.isin(person[homes], people)]
    for _ in range(2, hops + 1, 2):
        tubes = distinct_below(np.searchsorted(city.offsets, again, side="right") - 1, len(city.tubes))
        found.append(city.rows(tubes))
        if hops > 2:
            again = _of_people(person, distinct(person[found[-1]]))
            found.append(again)
    touched = np.zeros(len(person), np.bool_)
    for seats in found:
        touched[seats] = True
    touched[_of_people(person, distinct(person[touched]), touched)] = True
    return np.flatnonzero(touched)


def members_of(city: CitySeats, sources: NDArray[np.uint32]) -> NDArray[np.int64]:
    """Keys of the people in some tubes."""
    own = city.rows(np.searchsorted(city.tubes, sources))
    return distinct(city.members["person"].to_numpy()[own])


def _of_people(
    person: NDArray[np.int64], wanted: NDArray[np.int64], known: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Seats of some people, without those that are known."""
    if not len(wanted):
        return np.empty(0, np.int64)
    seats = np.empty(len(person), np.uint32)  # the system allocates pages only where they are written
    left_out = np.zeros(len(person), np.bool_) if known is None else known
    return seats[: seats_of_people(read_only(person), wanted, left_out, seats)].astype(np.int64)
