"""Sites, points and tubes of one township on one day: the order of people in each queue, and the tube of each."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.residents import Residents
    from poolpipe.simulate.settings import Settings

__all__ = [
    "NEVER",
    "POOL",
    "SECOND",
    "SINGLE",
    "Places",
    "SimulatedQueues",
    "Tubes",
    "make_places",
    "make_queues",
    "recount",
]

#: One second in the microseconds that every time is counted in.
SECOND = 1_000_000
#: The time of what did not happen.
NEVER = np.iinfo(np.int64).min
POOL, SINGLE = 0, 1
# Two samplers of 40 people an hour each: one person every 45 seconds (Ruijin emergency plan 瑞金市疫情防控应急预案, 2022, part 3).
_SECONDS_PER_PERSON = 45
_SCAN_JITTER_S = 30
_OPENING_H = 6.5


@dataclass
class Places:
    """Sites (first five) and the points of them that have a queue (last three)."""

    site_community: NDArray[np.int64]
    site_opens: NDArray[np.int64]
    site_priority: NDArray[np.bool_]
    site_longitude: NDArray[np.float64]
    site_latitude: NDArray[np.float64]
    point_site: NDArray[np.int64]
    point_number: NDArray[np.int64]
    point_mode: NDArray[np.int8]


@dataclass
class Tubes:
    """What truly became of every tube, and what the scans say; one entry per tube in every array.

    Times are microseconds since 1970 UTC, `NEVER` where a step was not scanned; box and plate are -1 without. `tag` and
    `path` are the numbers of the troubles a tube was chosen for at the tables and later (0: none), so that no tube has
    two of one sort.
    """

    point: NDArray[np.int64]
    site: NDArray[np.int64]
    mode: NDArray[np.int8]
    capacity: NDArray[np.int64]
    people: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]
    tag: NDArray[np.int16]
    path: NDArray[np.int16]
    box: NDArray[np.int64]
    packed: NDArray[np.int64]
    picked: NDArray[np.int64]
    received: NDArray[np.int64]
    first_loaded: NDArray[np.int64]
    loaded: NDArray[np.int64]
    called: NDArray[np.int64]
    opened: NDArray[np.int64]
    plate: NDArray[np.int64]
    well: NDArray[np.int64]
    call: NDArray[np.int8]

    def __len__(self) -> int:
        return len(self.point)

    def copy_of(self, chosen: NDArray[np.int64]) -> None:
        """Append tubes that begin as copies of the chosen ones."""
        for column in fields(self):
            values = getattr(self, column.name)
            setattr(self, column.name, np.concatenate([values, values[chosen]]))


@dataclass
class SimulatedQueues:
    """Person, time and tube of each collection: one entry per swab, in queue order, and the tubes.

    `point` and `mode` are what the scan says, which is the tube's own but where somebody erred.
    """

    person: NDArray[np.int64]
    tube: NDArray[np.int64]
    at: NDArray[np.int64]
    point: NDArray[np.int64]
    mode: NDArray[np.int8]
    tubes: Tubes

    def append(self, person: NDArray[np.int64], tube: NDArray[np.int64], at: NDArray[np.int64]) -> None:
        """Add scans, at the points of their tubes.

        Parameters
        ----------
        person, tube : (k,) int64
            Numbers of people and tubes.
        at : (k,) int64
            Times, microseconds.
        """
        self.person = np.concatenate([self.person, person])
        self.tube = np.concatenate([self.tube, tube])
        self.at = np.concatenate([self.at, at])
        self.point = np.concatenate([self.point, self.tubes.point[tube]])
        self.mode = np.concatenate([self.mode, self.tubes.mode[tube]])


def make_places(settings: Settings, residents: Residents, day: int, rng: np.random.Generator) -> Places:
    """Make the sites of a township, with the time at which each opens.

    Parameters
    ----------
    settings : Settings
        The city's parameters.
    residents : Residents
        People of the township.
    day : int
        Midnight, microseconds.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    Places
        Without points, which are added later.
    """
    sites = max(1, round(len(residents) / settings.people_per_site))
    first_person = np.arange(sites) * len(residents) // sites
    opens = _OPENING_H + rng.random(sites) * settings.opening_spread_h
    none = np.empty(0, np.int64)
    return Places(
        site_community=residents.community[first_person],
        site_opens=day + (opens * 6).astype(np.int64) * 600 * SECOND,
        site_priority=rng.random(sites) < settings.priority_share,
        site_longitude=115.0 + rng.random(sites).round(5),
        site_latitude=25.0 + rng.random(sites).round(5),
        point_site=none,
        point_number=none,
        point_mode=none.astype(np.int8),
    )


def make_queues(
    settings: Settings,
    residents: Residents,
    places: Places,
    attending: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    tubes: int | None = None,
) -> SimulatedQueues:
    """Line up the attending people and fill the tubes; sets the points of `places`.

    Parameters
    ----------
    attending : array
        Indices of the people who come, in the order of their addresses.
    tubes : int, optional
        Pool tubes in all, capacities of 10 and 20 mixed; None fills tubes of the one capacity.
    """
    attending = np.repeat(attending, np.where(residents.double[attending], 2, 1))
    site = _site_of(attending, len(residents), len(places.site_opens))
    single = residents.batch[attending] <= 2
    turn = rng.random(int(residents.household[-1]) + 1)[residents.household[attending]]
    order = np.lexsort((turn, single, site))
    person, site, single = attending[order], site[order], single[order]
    queue, point_people = _points(settings, places, site, single)
    capacity, tube_point = _capacities(settings, places.point_mode, point_people, tubes)
    people = _filling(capacity, tube_point, point_people)
    starts = np.cumsum(point_people) - point_people
    place_in_queue = np.arange(len(person)) - starts[queue]
    jitter = rng.integers(0, _SCAN_JITTER_S, len(person))
    at = places.site_opens[site] + (place_in_queue * _SECONDS_PER_PERSON + jitter) * SECOND
    filled = _no_tubes(len(people))
    filled.point, filled.capacity = tube_point, capacity
    filled.site, filled.mode = places.point_site[tube_point], places.point_mode[tube_point]
    tube = np.repeat(np.arange(len(people)), people)
    queues = SimulatedQueues(person, tube, at, filled.point[tube], filled.mode[tube], filled)
    recount(queues)
    return queues


def recount(queues: SimulatedQueues) -> None:
    """Update people, first and last of every tube from the collections.

    A person scanned again into the same tube counts once, at the first time.
    """
    tubes = queues.tubes
    key = queues.tube * (int(queues.person.max(initial=0)) + 1) + queues.person
    order = np.lexsort((queues.at, key))
    distinct = order[np.r_[True, np.diff(key[order]) != 0]] if len(order) else order
    tube, at = queues.tube[distinct], queues.at[distinct]
    tubes.people = np.bincount(tube, minlength=len(tubes))
    tubes.first = np.full(len(tubes), np.iinfo(np.int64).max)
    tubes.last = np.full(len(tubes), NEVER)
    np.minimum.at(tubes.first, tube, at)
    np.maximum.at(tubes.last, tube, at)


def _no_tubes(count: int) -> Tubes:
    def fill(value: int) -> NDArray[np.int64]:
        return np.full(count, value, np.int64)

    return Tubes(
        point=fill(0),
        site=fill(0),
        mode=fill(0).astype(np.int8),
        capacity=fill(0),
        people=fill(0),
        first=fill(NEVER),
        last=fill(NEVER),
        tag=fill(0).astype(np.int16),
        path=fill(0).astype(np.int16),
        box=fill(-1),
        packed=fill(NEVER),
        picked=fill(NEVER),
        received=fill(NEVER),
        first_loaded=fill(NEVER),
        loaded=fill(NEVER),
        called=fill(NEVER),
        opened=fill(NEVER),
        plate=fill(-1),
        well=fill(-1),
        call=fill(-1).astype(np.int8),
    )


def _site_of(attending: NDArray[np.int64], residents: int, sites: int) -> NDArray[np.int64]:
    """Neighbours go to the same site."""
    first_person = np.arange(1, sites) * residents // sites
    return np.searchsorted(first_person, attending, side="right")


def _points(
    settings: Settings, places: Places, site: NDArray[np.int64], single: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Split every site's queue over its points; single samples have a point of their own, the last.

    Returns each person's point, and the people of each point.
    """
    group = site * 2 + single
    size = np.bincount(group, minlength=2 * len(places.site_opens))
    points = np.maximum(1, np.round(size / settings.people_per_point).astype(np.int64))
    points[1::2] = 1
    points[size == 0] = 0
    first_point = np.cumsum(points) - points
    starts = np.cumsum(size) - size
    place = np.arange(len(group)) - starts[group]
    queue = first_point[group] + place * points[group] // np.maximum(size[group], 1)
    group_of_point = np.repeat(np.arange(len(points)), points)
    places.point_site = group_of_point // 2
    places.point_mode = (group_of_point % 2).astype(np.int8)
    site_first = np.searchsorted(places.point_site, np.arange(len(places.site_opens)))
    places.point_number = np.arange(len(group_of_point)) - site_first[places.point_site] + 1
    return queue, np.bincount(queue, minlength=len(group_of_point))


def _capacities(
    settings: Settings,
    point_mode: NDArray[np.int8],
    point_people: NDArray[np.int64],
    tubes: int | None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Capacity and point of every tube."""
    if tubes is None:
        per_tube = np.where(point_mode == SINGLE, 1, settings.capacity)
        count = -(-point_people // per_tube)
        return np.repeat(per_tube, count), np.repeat(np.arange(len(count)), count)
    count = _share_out(tubes, point_people)
    twenties = np.maximum(0, -(-(point_people - 10 * count) // 10))
    point = np.repeat(np.arange(len(count)), count)
    rank = np.arange(len(point)) - np.repeat(np.cumsum(count) - count, count)
    return np.where(rank < twenties[point], 20, 10), point


def _share_out(tubes: int, point_people: NDArray[np.int64]) -> NDArray[np.int64]:
    """So many tubes over the points in proportion to their queues, between all of 20 and all of 10."""
    reached = np.cumsum(point_people) * tubes // max(1, int(point_people.sum()))
    count: NDArray[np.int64] = np.diff(reached, prepend=0)
    least, most = -(-point_people // 20), -(-point_people // 10)
    count = np.clip(count, least, most)
    missing = tubes - int(count.sum())
    room = most - count if missing > 0 else count - least
    given = np.minimum(room, np.maximum(0, abs(missing) - (np.cumsum(room) - room)))
    count += given if missing > 0 else -given
    return count


def _filling(
    capacity: NDArray[np.int64], tube_point: NDArray[np.int64], point_people: NDArray[np.int64]
) -> NDArray[np.int64]:
    """People of every tube when each point fills its tubes in turn."""
    before = np.cumsum(capacity) - capacity
    first_tube = np.searchsorted(tube_point, np.arange(len(point_people)))
    start = before - before[first_tube][tube_point]
    return np.clip(point_people[tube_point] - start, 0, capacity)
