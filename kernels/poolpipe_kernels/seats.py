"""Who sits in which tube: distinct people per tube, in queue order, and what their scans agree on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DIFFERENT_POINTS", "MIXED_MODE", "RESCANNED", "TIED", "seat_people"]

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
    rows: NDArray[np.uint32],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    bounds: NDArray[np.int64],
    by_person: bool,
) -> None:
    """Shell sort (Ciura's gaps, 2001) by person and time, or by time and person: scans come nearly in order."""
    n = len(rows)
    gap = 1
    while gap < n // 3:
        gap = 3 * gap + 1
    if n <= 32:
        gap = 1
    while gap > 0:
        for i in range(gap, n):
            row = rows[i]
            t = at[row]
            p = person[row]
            j = i
            while j >= gap:
                other = rows[j - gap]
                if by_person:
                    behind = person[other] > p or (person[other] == p and at[other] > t)
                else:
                    behind = at[other] > t or (at[other] == t and _before(p, person[other], bounds))
                if not behind:
                    break
                rows[j] = other
                j -= gap
            rows[j] = row
        gap //= 3


@kernel
def seat_people(
    first_tube: int,
    last_tube: int,
    offsets: NDArray[np.int64],
    rows: NDArray[np.uint32],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    bounds: NDArray[np.int64],
    mode: NDArray[np.int8],
    capacity: NDArray[np.int64],
    site: NDArray[np.int32],
    point: NDArray[np.int32],
    people: NDArray[np.int32],
    tube_mode: NDArray[np.int8],
    tube_capacity: NDArray[np.int64],
    tube_site: NDArray[np.int32],
    tube_point: NDArray[np.int32],
    flags: NDArray[np.uint8],
) -> None:
    """Seat the people of tubes `first_tube` up to `last_tube`.

    Parameters
    ----------
    offsets : (tubes + 1,) int64
        Where each tube's scans begin in `rows`.
    rows : (scans,) uint32
        In: row numbers of the scans, tube after tube. Out: in each tube's first `people` places the
        rows of its members' first scans, in order of time, then person.
    at, person, mode, capacity, site, point : (scans,)
        Of each scan; -1 where not given (capacity, site, point). At least one site or point array
        may have length 1 instead: then nobody gave any.
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
    has_site = len(site) == len(at)
    has_point = len(point) == len(at)
    has_capacity = len(capacity) == len(at)
    for tube in range(first_tube, last_tube):
        begin = offsets[tube]
        end = offsets[tube + 1]
        flag = np.uint8(0)
        largest = np.int64(-1)
        earliest = np.int64(9223372036854775807)
        site_at = np.int64(9223372036854775807)
        point_at = np.int64(9223372036854775807)
        its_mode = np.int8(-1)
        its_site = np.int32(-1)
        its_point = np.int32(-1)
        known_site = np.int32(-1)
        known_point = np.int32(-1)
        placed = False
        for k in range(begin, end):
            row = rows[k]
            t = at[row]
            if has_capacity and capacity[row] > largest:
                largest = capacity[row]
            m = mode[row]
            if its_mode >= 0 and m != mode[rows[begin]]:
                flag |= MIXED_MODE
            if t < earliest:
                earliest = t
                its_mode = m
            elif t == earliest and m != its_mode:
                flag |= TIED
            s = site[row] if has_site else np.int32(-1)
            p = point[row] if has_point else np.int32(-1)
            if s >= 0 or p >= 0:
                if not placed:
                    placed = True
                    known_site = s
                    known_point = p
                elif s != known_site or p != known_point:
                    flag |= DIFFERENT_POINTS
            if s >= 0:
                if t < site_at:
                    site_at = t
                    its_site = s
                elif t == site_at and s != its_site:
                    flag |= TIED
            if p >= 0:
                if t < point_at:
                    point_at = t
                    its_point = p
                elif t == point_at and p != its_point:
                    flag |= TIED
        mine = rows[begin:end]
        _sort(mine, at, person, bounds, True)
        count = 0
        for k in range(len(mine)):
            row = mine[k]
            if count > 0 and person[row] == person[mine[count - 1]]:
                if at[row] != at[mine[count - 1]]:
                    flag |= RESCANNED
                continue
            mine[count] = row
            count += 1
        _sort(mine[:count], at, person, bounds, False)
        people[tube] = count
        tube_mode[tube] = its_mode
        tube_capacity[tube] = largest
        tube_site[tube] = its_site
        tube_point[tube] = its_point
        flags[tube] = flag
