"""Who sits in which tube: distinct people per tube, in queue order, and what their scans agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DIFFERENT_POINTS", "MIXED_MODE", "RESCANNED", "TIED", "scatter_scans", "seat_people"]

RESCANNED = np.uint8(1)
DIFFERENT_POINTS = np.uint8(2)
MIXED_MODE = np.uint8(4)
TIED = np.uint8(8)
"""Bits of a tube's flags; TIED: scans of one moment disagree, and only their whole content can decide."""

#  scans of tube 7     at   person          seats   at  person  position
#                     8:02    B                     8:00   A       1
#                     8:00    A      ->             8:01   C       2
#                     8:02    A                     8:02   B       3       RESCANNED: A twice
#                     8:01    C


@kernel
def _before(a: int, b: int, bounds: NDArray[np.int64]) -> bool:
    """Whether person `a` sorts before person `b`: by document type, then number."""
    if a >= 0 and b >= 0:
        return a < b
    if a < 0 and b < 0:
        return a > b  # -1 is the first
    if a < 0:
        return bool(bounds[-1 - a] <= b)
    return bool(a < bounds[-1 - b])


@kernel
def _sort(
    begin: int,
    end: int,
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    bounds: NDArray[np.int64],
    by_person: bool,
) -> None:
    """Shell sort of one tube's scans (gaps of Knuth 1973): by person and time, or by time and person.

    Scans come nearly in order, so for the ten of a tube this is an insertion sort that hardly moves.
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
            j = i
            while j >= begin + gap:
                other = person[j - gap]
                if by_person:
                    behind = other > p or (other == p and at[j - gap] > t)
                else:
                    behind = at[j - gap] > t or (at[j - gap] == t and _before(p, other, bounds))
                if not behind:
                    break
                at[j] = at[j - gap]
                person[j] = other
                j -= gap
            at[j] = t
            person[j] = p
        gap //= 3


@kernel
def scatter_scans(
    tube: NDArray[np.uint32],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    facts: NDArray[np.uint64],
    cursors: NDArray[np.int64],
    grouped_at: NDArray[np.int64],
    grouped_person: NDArray[np.int64],
    grouped_facts: NDArray[np.uint64],
) -> None:
    """Move scans beside the others of their tube, once: everything after reads memory in order.

    Parameters
    ----------
    tube, at, person, facts : (scans,)
        As they came.
    cursors : (tubes,) int64
        Where each tube's scans begin; advanced in place.
    grouped_at, grouped_person, grouped_facts : (scans,)
        Output: the same, tube after tube.
    """
    for i in range(len(tube)):
        k = cursors[tube[i]]
        cursors[tube[i]] = k + 1
        grouped_at[k] = at[i]
        grouped_person[k] = person[i]
        grouped_facts[k] = facts[i]


@kernel
def seat_people(
    first_tube: int,
    last_tube: int,
    offsets: NDArray[np.int64],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    facts: NDArray[np.uint64],
    bounds: NDArray[np.int64],
    people: NDArray[np.int32],
    tube_mode: NDArray[np.int8],
    tube_capacity: NDArray[np.int32],
    tube_site: NDArray[np.int32],
    tube_point: NDArray[np.int32],
    flags: NDArray[np.uint8],
) -> None:
    """Seat the people of tubes `first_tube` up to `last_tube`.

    Parameters
    ----------
    offsets : (tubes + 1,) int64
        Where each tube's scans begin.
    at, person : (scans,) int64
        In: the scans, tube after tube. Out: in each tube's first `people` places its members, by time,
        then person, each with the first time.
    facts : (scans,) uint64
        What else each scan says, packed: mode in bit 0, capacity from bit 1, site from bit 16, point
        from bit 40; each plus one, 0 for not given, the mode excepted.
    bounds : (others,) int64
        Places of people with other documents among the resident IDs.
    people : (tubes,) int32
        Output: distinct people.
    tube_mode, tube_capacity, tube_site, tube_point : (tubes,)
        Output: mode of the earliest scan; largest capacity, -1 if none; site and point of the earliest
        scan that has them, -1 if none.
    flags : (tubes,) uint8
        Output: `RESCANNED`, `DIFFERENT_POINTS`, `MIXED_MODE`, `TIED`.
    """
    never = np.int64(9223372036854775807)
    for tube in range(first_tube, last_tube):
        begin = offsets[tube]
        end = offsets[tube + 1]
        flag = np.uint8(0)
        largest = np.int32(0)
        earliest = never
        site_at = never
        point_at = never
        its_mode = np.int8(0)
        its_site = np.int32(0)
        its_point = np.int32(0)
        place = np.uint64(0)
        first_mode = facts[begin] & np.uint64(1)
        for k in range(begin, end):
            t = at[k]
            fact = facts[k]
            mode = fact & np.uint64(1)
            capacity = np.int32((fact >> np.uint64(1)) & np.uint64(0x7FFF))
            site = np.int32((fact >> np.uint64(16)) & np.uint64(0xFFFFFF))
            point = np.int32(fact >> np.uint64(40))
            largest = max(largest, capacity)
            if mode != first_mode:
                flag |= MIXED_MODE
            if t < earliest:
                earliest = t
                its_mode = np.int8(mode)
            elif t == earliest and np.int8(mode) != its_mode:
                flag |= TIED
            here = fact >> np.uint64(16)
            if here != 0:
                if place == 0:
                    place = here
                elif here != place:
                    flag |= DIFFERENT_POINTS
            if site > 0:
                if t < site_at:
                    site_at = t
                    its_site = site
                elif t == site_at and site != its_site:
                    flag |= TIED
            if point > 0:
                if t < point_at:
                    point_at = t
                    its_point = point
                elif t == point_at and point != its_point:
                    flag |= TIED
        _sort(begin, end, at, person, bounds, True)
        count = begin
        for k in range(begin, end):
            if count > begin and person[k] == person[count - 1]:
                # The first time of this person is kept; another time is another scan.
                if at[k] != at[count - 1]:
                    flag |= RESCANNED
                continue
            person[count] = person[k]
            at[count] = at[k]
            count += 1
        _sort(begin, count, at, person, bounds, False)
        people[tube] = count - begin
        tube_mode[tube] = its_mode
        tube_capacity[tube] = largest - 1
        tube_site[tube] = its_site - 1
        tube_point[tube] = its_point - 1
        flags[tube] = flag
