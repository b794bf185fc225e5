"""Put the links that were walked in order, source by source, as columns."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["COLUMNS", "arrange_links"]

COLUMNS = 10
"""Columns of a link: source, tube, person, seat, kind, hops, lag, via, via_load, reached."""

_RUN = 8
_WELL = 6

#  rows of a source as they were walked      in order of tube, person and kind
#  0  member  tube 4  person 2               0  again   tube 1  person 2   reached from row 2
#  1  again   tube 1  person 2  from 0       1  box     tube 3
#  near: box  tube 3                         2  member  tube 4  person 2


@kernel
def _sort_by_key(
    order: NDArray[np.int32], count: int, key: NDArray[np.int64], scratch: NDArray[np.int32]
) -> None:
    """Sort numbers by their keys, equal ones as they stand.

    Parameters
    ----------
    order : (n,) int32
        The first `count` are sorted in place.
    count : int
        How many.
    key : (n,) int64
        Key of each number.
    scratch : (n,) int32
        Written to.
    """
    for low in range(0, count, _RUN):
        for k in range(low + 1, min(low + _RUN, count)):
            own = order[k]
            j = k
            while j > low and key[order[j - 1]] > key[own]:
                order[j] = order[j - 1]
                j -= 1
            order[j] = own
    width = _RUN
    while width < count:
        for low in range(0, count - width, 2 * width):
            middle, high = low + width, min(low + 2 * width, count)
            if key[order[middle - 1]] <= key[order[middle]]:
                continue
            for k in range(low, middle):
                scratch[k] = order[k]
            left, right, k = low, middle, low
            while left < middle:
                if right < high and key[order[right]] < key[scratch[left]]:
                    order[k] = order[right]
                    right += 1
                else:
                    order[k] = scratch[left]
                    left += 1
                k += 1
        width *= 2


@kernel("int64 int64 int64 int64[,] int64[,] uint32[] int64[,]")
def arrange_links(
    people: int,
    first: int,
    begun: int,
    rows: NDArray[np.int64],
    near: NDArray[np.int64],
    seat_tube: NDArray[np.uint32],
    links: NDArray[np.int64],
) -> None:
    """Write the links of each source by tube, person and kind.

    Parameters
    ----------
    people : int
        How many there are.
    first : int
        Number of the first source of these rows.
    begun : int
        So many links come before these.
    rows : (n, walk.COLUMNS) int64
        As `walk` writes them: source by source.
    near : (k, neighbours.COLUMNS) int64
        As `neighbours` writes them, of the same sources.
    seat_tube : (seats,) uint32
        Tube of each seat.
    links : (COLUMNS, n + k) int64
        Output; -1 for none.
    """
    room = len(rows) + len(near)
    order, scratch, back = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room, np.int32)
    key = np.empty(room, np.int64)
    row, beside, written = 0, 0, 0
    source = first
    while row < len(rows) or beside < len(near):
        begin, begin_near, count = row, beside, 0
        while row < len(rows) and rows[row, 0] == source:
            tube = np.int64(-1) if rows[row, 1] < 0 else np.int64(seat_tube[rows[row, 1]])
            key[count] = ((tube + 1) * (people + 1) + rows[row, 2] + 1) * 8 + rows[row, 3]
            order[count] = count
            count += 1
            row += 1
        seated = count
        while beside < len(near) and near[beside, 0] == source:
            key[count] = (near[beside, 1] + 1) * (people + 1) * 8 + near[beside, 2]
            order[count] = count
            count += 1
            beside += 1
        _sort_by_key(order, count, key, scratch)
        for k in range(count):
            back[order[k]] = k
        for k in range(count):
            link, own = written + k, order[k]
            links[0, link] = source
            if own < seated:
                there = begin + own
                seat, reached = rows[there, 1], rows[there, 7]
                links[1, link] = np.int64(-1) if seat < 0 else np.int64(seat_tube[seat])
                links[2, link] = rows[there, 2]
                links[3, link] = seat
                links[4, link] = rows[there, 3]
                links[5, link] = rows[there, 4]
                links[6, link] = rows[there, 5]
                links[7, link] = rows[there, 6]
                links[8, link] = -1
                links[9, link] = begun + written + back[reached - begin] if reached >= 0 else np.int64(-1)
            else:
                there = begin_near + own - seated
                links[1, link] = near[there, 1]
                links[2, link] = -1
                links[3, link] = -1
                links[4, link] = near[there, 2]
                links[5, link] = 1
                links[6, link] = near[there, 3]
                links[7, link] = -1
                links[8, link] = near[there, 4] if near[there, 2] == _WELL else np.int64(-1)
                links[9, link] = -1
        written += count
        source += 1
