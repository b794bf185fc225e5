"""Reduce a tube's scans to its mode, capacity and place."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DIFFERENT_POINTS", "MIXED_MODE", "RESCANNED", "TIED", "describe_tubes", "find_tubes"]

RESCANNED = np.uint8(1)
DIFFERENT_POINTS = np.uint8(2)
MIXED_MODE = np.uint8(4)
TIED = np.uint8(8)
"""Bits of a tube's flags; TIED: scans of one moment disagree, and their content has to decide."""


@kernel("uint32[]! int64[]")
def find_tubes(tube: NDArray[np.uint32], begins: NDArray[np.int64]) -> int:
    """Find where each tube begins among scans sorted by tube.

    Parameters
    ----------
    tube : (scans,) uint32
        Ascending.
    begins : (tubes + 1 at least,) int64
        Output: where each tube begins, and where the last one ends.

    Returns
    -------
    int
        How many tubes there are.
    """
    tubes = 0
    for k in range(len(tube)):
        if k == 0 or tube[k] != tube[k - 1]:
            begins[tubes] = k
            tubes += 1
    begins[tubes] = len(tube)
    return tubes


@kernel("int64 int64 int64[] int64[]! uint32[]! uint64[] int8[] int32[] int32[] int32[] uint8[]")
def describe_tubes(
    first_tube: int,
    last_tube: int,
    offsets: NDArray[np.int64],
    at: NDArray[np.int64],
    attributes_id: NDArray[np.uint32],
    facts: NDArray[np.uint64],
    tube_mode: NDArray[np.int8],
    tube_capacity: NDArray[np.int32],
    tube_site: NDArray[np.int32],
    tube_point: NDArray[np.int32],
    flags: NDArray[np.uint8],
) -> None:
    """Find the mode, capacity and place of tubes `first_tube` up to `last_tube`, and where their scans differ.

    Parameters
    ----------
    first_tube, last_tube : int
        The tubes to describe, so that threads can share the work.
    offsets : (tubes + 1,) int64
        Where each tube's scans begin.
    at, attributes_id : (scans,) int64 and uint32
        Time (microseconds) and attribute set of each scan, tube after tube, in any order within a tube.
    facts : (attribute sets,) uint64
        The attributes of a set, packed: mode in bit 0, capacity from bit 1, site from bit 16, point
        from bit 40; each plus one, 0 for not given, except the mode.
    tube_mode, tube_capacity, tube_site, tube_point : (tubes,) int8, int32, int32, int32
        Output: mode of the earliest scan; largest capacity, -1 if none; site and point of the earliest
        scan that has them, -1 if none.
    flags : (tubes,) uint8
        Output: `DIFFERENT_POINTS`, `MIXED_MODE`, `TIED`.
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
        first_mode = facts[attributes_id[begin]] & np.uint64(1)
        for k in range(begin, end):
            t = at[k]
            fact = facts[attributes_id[k]]
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
        tube_mode[tube] = its_mode
        tube_capacity[tube] = largest - 1
        tube_site[tube] = its_site - 1
        tube_point[tube] = its_point - 1
        flags[tube] = flag
