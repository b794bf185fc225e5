"""First and last events by time, and the first scan after a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["NEVER", "earliest", "latest_rows", "scans_after"]

NEVER = np.int64(9223372036854775807)


@kernel("uint32[]! int64[]! int32[] bool[]")
def latest_rows(
    keys: NDArray[np.uint32], at: NDArray[np.int64], latest: NDArray[np.int32], tied: NDArray[np.bool_]
) -> None:
    """Find the row with the greatest time of each key.

    Parameters
    ----------
    keys : (n,) uint32, n < 2**31
        Rows with a key of ``len(latest)`` or more are passed over.
    at : (n,) int64
        Time of each row, microseconds.
    latest : (groups,) int32
        In: -1. Out: row number, -1 where a key has none.
    tied : (groups,) bool
        In: False. Out: whether another row has the same greatest time.
    """
    for row in range(len(keys)):
        key = keys[row]
        if key >= len(latest):
            continue
        best = latest[key]
        if best < 0 or at[row] > at[best]:
            latest[key] = row
            tied[key] = False
        elif at[row] == at[best]:
            tied[key] = True


@kernel("uint32[]! int64[]! int64[]")
def earliest(keys: NDArray[np.uint32], at: NDArray[np.int64], first: NDArray[np.int64]) -> None:
    """Find the least time of each key.

    Parameters
    ----------
    keys : (n,) uint32
        Rows with a key of ``len(first)`` or more are passed over.
    at : (n,) int64
        Time of each row, microseconds.
    first : (groups,) int64
        In: `NEVER`. Out: least time, `NEVER` where a key has none.
    """
    for row in range(len(keys)):
        key = keys[row]
        if key < len(first):
            first[key] = min(first[key], at[row])


@kernel("int32[] uint32[]! int64[]! int64[] int64[]! int32[]")
def scans_after(
    rows: NDArray[np.int32],
    boxes: NDArray[np.uint32],
    packed_at: NDArray[np.int64],
    offsets: NDArray[np.int64],
    scanned_at: NDArray[np.int64],
    scans: NDArray[np.int32],
) -> None:
    """For each tube, find the first scan of its box at or after its packing, else the last one before.

    Parameters
    ----------
    rows : (tubes,) int32
        Which packing counts for each tube, -1 for none.
    boxes, packed_at : (packings,) uint32 and int64
        Box and time of each packing.
    offsets : (boxes + 1,) int64
        Where each box's scans begin in `scanned_at`.
    scanned_at : (m,) int64
        Times of the scans, ascending within a box.
    scans : (tubes,) int32
        Output: index into `scanned_at`, -1 where the box has none.
    """
    for tube in range(len(rows)):
        scans[tube] = -1
        row = rows[tube]
        if row < 0:
            continue
        begin = offsets[boxes[row]]
        end = offsets[boxes[row] + 1]
        if begin == end:
            continue
        # By hand: numba's own search would bring the whole of linear algebra into every start.
        place, beyond = begin, end
        while place < beyond:
            middle = (place + beyond) // 2
            if scanned_at[middle] < packed_at[row]:
                place = middle + 1
            else:
                beyond = middle
        scans[tube] = place if place < end else end - 1
