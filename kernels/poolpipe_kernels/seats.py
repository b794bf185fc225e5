"""Sort scans by tube and time, and keep each person's first scan of a tube."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

T = TypeVar("T", bound=np.generic)

__all__ = ["FIRST", "LATER", "REPEATED", "find_seats", "move", "order_scans", "part_scans", "place_scans"]

FIRST, LATER, REPEATED = np.uint8(0), np.uint8(1), np.uint8(2)
"""A scan is a person's first in its tube, a later one of the same person, or the same event once more."""

_FEW = 64
"""In a tube of up to so many scans people are compared pair by pair; larger tubes are mistakes."""

#  scans of tube 7     at   person          in order    at   person   mark
#                     8:02    B                        8:00    A      FIRST        position 1
#                     8:00    A      ->                8:01    C      FIRST        position 2
#                     8:02    A                        8:02    A      LATER
#                     8:01    C                        8:02    B      FIRST        position 3


@kernel
def _before(a: int, b: int, bounds: NDArray[np.int64]) -> bool:
    """Whether person `a` sorts before person `b`: by document type, then number.

    Parameters
    ----------
    a, b : int64
        Codes of people: a parsed resident ID, or -1, -2, ... for other documents, in order.
    bounds : (others,) int64
        Least resident ID that sorts behind each of the others.

    Returns
    -------
    bool
        False where both are the same.
    """
    if a >= 0 and b >= 0:
        return a < b
    if a < 0 and b < 0:
        return a > b  # -1 is the first
    if a < 0:
        return bool(bounds[-1 - a] <= b)
    return bool(a < bounds[-1 - b])


@kernel("int64[] uint32[]")
def place_scans(cursors: NDArray[np.int64], tube: NDArray[np.uint32]) -> None:
    """Give each scan its place behind the earlier ones of its tube.

    Parameters
    ----------
    cursors : (tubes,) int64
        Where each tube's scans begin; advanced in place.
    tube : (scans,) uint32, scans < 2 ** 32
        In: the tube of each scan. Out: its place.
    """
    for i in range(len(tube)):
        place = cursors[tube[i]]
        cursors[tube[i]] = place + 1
        tube[i] = place


@kernel("uint32[] int64[] int64[]", "uint32[] uint32[] uint32[]")
def move(places: NDArray[np.uint32], values: NDArray[T], moved: NDArray[T]) -> None:
    """Move each value to its place: ``moved[places[i]] = values[i]``.

    A shift's scans go to few tubes, whose ends stay in the cache: 0.1 s for 25 million, where moving
    them within one array takes 4 s.

    Parameters
    ----------
    places : (n,) uint32
        As `place_scans` leaves them, each place once.
    values : (n,) int64 or uint32
        What is moved.
    moved : (n,) int64 or uint32
        Output.
    """
    for i in range(len(places)):
        moved[places[i]] = values[i]


@kernel
def _sort(
    begin: int,
    end: int,
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    attributes_id: NDArray[np.uint32],
    same: NDArray[np.uint32],
    bounds: NDArray[np.int64],
) -> None:
    """Sort one tube's scans by time, person, attributes and arrival (Shell sort, gaps of Knuth 1973).

    Scans come nearly in order, so for the ten of a tube this is an insertion sort that moves little.

    Parameters
    ----------
    begin, end : int
        The tube's scans are those from `begin` up to `end`.
    at, person, attributes_id : (scans,) int64, int64 and uint32
        The scans; sorted in place.
    same, bounds
        As in `order_scans`.
    """
    n = end - begin
    gap = 1
    if n > 32:
        while gap < n // 3:
            gap = 3 * gap + 1
    while gap > 0:
        for i in range(begin + gap, end):
            t = at[i]
            p = person[i]
            s = attributes_id[i]
            j = i
            while j >= begin + gap:
                before = at[j - gap]
                if before < t:
                    break
                if before == t:
                    other = person[j - gap]
                    if other == p:
                        told = attributes_id[j - gap]
                        if same[told] < same[s] or (same[told] == same[s] and told <= s):
                            break
                    elif _before(other, p, bounds):
                        break
                at[j] = before
                person[j] = person[j - gap]
                attributes_id[j] = attributes_id[j - gap]
                j -= gap
            at[j] = t
            person[j] = p
            attributes_id[j] = s
        gap //= 3


@kernel
def _mark_later(begin: int, end: int, person: NDArray[np.int64], marks: NDArray[np.uint8]) -> None:
    """Mark later scans of the same person in one large tube, by sorting its scans by person and place.

    Parameters
    ----------
    begin, end : int
        The tube's scans are those from `begin` up to `end`.
    person : (scans,) int64
        Person of each scan.
    marks : (scans,) uint8
        `LATER` is written where an earlier scan has the same person; other marks stay.
    """
    n = end - begin
    place = np.empty(n, np.int64)
    for i in range(n):
        place[i] = begin + i
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    while gap > 0:
        for i in range(gap, n):
            k = place[i]
            j = i
            while j >= gap:
                other = place[j - gap]
                if person[other] < person[k] or (person[other] == person[k] and other < k):
                    break
                place[j] = other
                j -= gap
            place[j] = k
        gap //= 3
    for i in range(1, n):
        if person[place[i]] == person[place[i - 1]]:
            marks[place[i]] = LATER


@kernel("int64 int64 int64[] uint32[] int64[] int64[] int64[] uint32[] uint8[]")
def order_scans(
    first_tube: int,
    last_tube: int,
    offsets: NDArray[np.int64],
    same: NDArray[np.uint32],
    bounds: NDArray[np.int64],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    attributes_id: NDArray[np.uint32],
    marks: NDArray[np.uint8],
) -> None:
    """Sort the scans of tubes `first_tube` up to `last_tube` and mark each.

    Parameters
    ----------
    first_tube, last_tube : int
        The tubes to sort, so that threads can share the work.
    offsets : (tubes + 1,) int64
        Where each tube's scans begin.
    same : (attribute sets,) uint32
        Equal numbers for equal attribute sets.
    bounds : (others,) int64
        Least resident ID that sorts behind each person with another document.
    at, person, attributes_id : (scans,) int64, int64 and uint32
        In: the scans, tube after tube. Out: each tube's by time, person, attributes and arrival.
    marks : (scans,) uint8
        Output: `FIRST`, `LATER` or `REPEATED`.
    """
    for tube in range(first_tube, last_tube):
        begin = offsets[tube]
        end = offsets[tube + 1]
        _sort(begin, end, at, person, attributes_id, same, bounds)
        for k in range(begin, end):
            marks[k] = FIRST
        if end - begin <= _FEW:
            for k in range(begin + 1, end):
                p = person[k]
                for before in range(begin, k):
                    if person[before] == p:
                        marks[k] = LATER
                        break
        else:
            _mark_later(begin, end, person, marks)
        for k in range(begin + 1, end):
            if (
                marks[k] == LATER
                and person[k] == person[k - 1]
                and at[k] == at[k - 1]
                and same[attributes_id[k]] == same[attributes_id[k - 1]]
            ):
                marks[k] = REPEATED


@kernel("int64[] uint8[] uint32[] int64[] int64[] uint32[] uint32[] int64[] uint32[]")
def part_scans(
    offsets: NDArray[np.int64],
    marks: NDArray[np.uint8],
    same: NDArray[np.uint32],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    attributes_id: NDArray[np.uint32],
    tube: NDArray[np.uint32],
    people: NDArray[np.int64],
    repeated: NDArray[np.uint32],
) -> None:
    """Move first scans to the front, tube by tube, and later ones behind them; drop repeated ones. In place.

    Later scans are few: they are copied aside first.

    Parameters
    ----------
    offsets, marks, same
        As `order_scans` takes and leaves them.
    at, person, attributes_id : (scans,) int64, int64 and uint32
        In: as `order_scans` leaves them. Out: first scans, then later ones, `attributes_id` in numbers of `same`;
        what lies behind those is not meant to be read.
    tube : (scans,) uint32
        Output: the tube of each.
    people : (tubes,) int64
        Output: how many first scans each tube has.
    repeated : (repeated scans,) uint32
        Output: the attribute set of each repeated scan, in the numbers that came.
    """
    aside = 0
    for k in range(len(marks)):
        aside += marks[k] == LATER
    later_tube = np.empty(aside, np.uint32)
    later_at = np.empty(aside, np.int64)
    later_person = np.empty(aside, np.int64)
    later_said = np.empty(aside, np.uint32)
    aside = 0
    gone = 0
    put = 0
    for number in range(len(offsets) - 1):
        start = put
        for k in range(offsets[number], offsets[number + 1]):
            if marks[k] == FIRST:
                tube[put] = number
                at[put] = at[k]
                person[put] = person[k]
                attributes_id[put] = same[attributes_id[k]]
                put += 1
            elif marks[k] == LATER:
                later_tube[aside] = number
                later_at[aside] = at[k]
                later_person[aside] = person[k]
                later_said[aside] = same[attributes_id[k]]
                aside += 1
            else:
                repeated[gone] = attributes_id[k]
                gone += 1
        people[number] = put - start
    for k in range(aside):  # one by one: slices would take three seconds to compile
        tube[put + k] = later_tube[k]
        at[put + k] = later_at[k]
        person[put + k] = later_person[k]
        attributes_id[put + k] = later_said[k]


@kernel("uint32[]! int64[]! uint32[] int64[] int64[]! int64[]")
def find_seats(
    wanted_tube: NDArray[np.uint32],
    wanted_person: NDArray[np.int64],
    tubes: NDArray[np.uint32],
    offsets: NDArray[np.int64],
    person: NDArray[np.int64],
    found: NDArray[np.int64],
) -> None:
    """Find the seat of each wanted person in the wanted tube.

    Parameters
    ----------
    wanted_tube, wanted_person : (wanted,) uint32 and int64
        The pairs to look up.
    tubes : (k,) uint32
        The tubes that have seats, ascending.
    offsets : (k + 1,) int64
        Where the seats of each of them begin.
    person : (seats,) int64
        Person of each seat.
    found : (wanted,) int64
        Output: the seat, -1 where there is none.
    """
    for i in range(len(wanted_tube)):
        found[i] = -1
        place = 0
        above = len(tubes)
        while place < above:  # by hand: numpy's search would load half of numba's library at every start
            middle = (place + above) // 2
            if tubes[middle] < wanted_tube[i]:
                place = middle + 1
            else:
                above = middle
        if place == len(tubes) or tubes[place] != wanted_tube[i]:
            continue
        for k in range(offsets[place], offsets[place + 1]):
            if person[k] == wanted_person[i]:
                found[i] = k
                break
