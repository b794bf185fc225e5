"""First and last by time, and the scan that follows a moment."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["latest_rows", "scans_after"]


@kernel
def latest_rows(
    keys: NDArray[np.uint32], at: NDArray[np.int64], latest: NDArray[np.int64], tied: NDArray[np.bool_]
) -> None:
    """The row with the greatest time per key.

    Parameters
    ----------
    keys : (n,) uint32
    at : (n,) int64
        Negate it for the earliest.
    latest : (groups,) int64
        In: -1 everywhere. Out: row number, -1 where a key has none.
    tied : (groups,) bool
        In: False everywhere. Out: whether another row has the same greatest time.
    """
    for row in range(len(keys)):
        key = keys[row]
        best = latest[key]
        if best < 0 or at[row] > at[best]:
            latest[key] = row
            tied[key] = False
        elif at[row] == at[best]:
            tied[key] = True


@kernel
def scans_after(
    boxes: NDArray[np.int64],
    packed_at: NDArray[np.int64],
    offsets: NDArray[np.int64],
    scanned_at: NDArray[np.int64],
    scans: NDArray[np.int64],
) -> None:
    """For each packing the first scan of its box at or after it, else the last one before.

    Parameters
    ----------
    boxes, packed_at : (n,) int64
        Box and moment of each packing; box -1 for none.
    offsets : (boxes + 1,) int64
        Where each box's scans begin in `scanned_at`.
    scanned_at : (m,) int64
        Times of the scans, ascending within a box.
    scans : (n,) int64
        Output: place in `scanned_at`, -1 where the box has none.
    """
    for i in range(len(boxes)):
        scans[i] = -1
        box = boxes[i]
        if box < 0:
            continue
        begin = offsets[box]
        end = offsets[box + 1]
        if begin == end:
            continue
        # By hand: numba's own search would bring the whole of linear algebra into every start.
        place, beyond = begin, end
        while place < beyond:
            middle = (place + beyond) // 2
            if scanned_at[middle] < packed_at[i]:
                place = middle + 1
            else:
                beyond = middle
        scans[i] = place if place < end else end - 1
