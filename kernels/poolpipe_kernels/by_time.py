"""Seats in order of time: those of a place as a queue, and those of each person."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["people_by_time", "queue_by_time"]

_RUN = 8
"""So many rows are sorted by insertion before runs are merged: most people have fewer seats."""

#  tube   0  0  1  1  2      place of tubes 0 and 2: 5, of tube 1: 3      tubes by place: 1 0 2
#  at     7  9  4  4  8      queue: seats 2 3 | 0 4 1


@kernel
def _sort_by_time(
    rows: NDArray[np.int32], begin: int, end: int, at: NDArray[np.int64], scratch: NDArray[np.int32]
) -> None:
    """Sort a stretch of rows by time, equal times as they stand; quick where they are in order already.

    Parameters
    ----------
    rows : (n,) int32
        In place.
    begin, end : int
        The stretch.
    at : (rows,) int64
        Time of each row.
    scratch : (n,) int32
        Written to.
    """
    ordered = True
    for k in range(begin + 1, end):
        if at[rows[k - 1]] > at[rows[k]]:
            ordered = False
            break
    if ordered:
        return
    for low in range(begin, end, _RUN):
        for k in range(low + 1, min(low + _RUN, end)):
            row = rows[k]
            j = k
            while j > low and at[rows[j - 1]] > at[row]:
                rows[j] = rows[j - 1]
                j -= 1
            rows[j] = row
    width = _RUN
    while width < end - begin:
        for low in range(begin, end - width, 2 * width):
            middle, high = low + width, min(low + 2 * width, end)
            if at[rows[middle - 1]] <= at[rows[middle]]:
                continue
            for k in range(low, middle):
                scratch[k] = rows[k]
            left, right, k = low, middle, low
            while left < middle:
                if right < high and at[rows[right]] < at[scratch[left]]:
                    rows[k] = rows[right]
                    right += 1
                else:
                    rows[k] = scratch[left]
                    left += 1
                k += 1
        width *= 2


@kernel("int64[] int64[] int64[] int64[] int32[] int32[] int32[]")
def queue_by_time(
    tubes: NDArray[np.int64],
    tube_place: NDArray[np.int64],
    tube_begins: NDArray[np.int64],
    seat_at: NDArray[np.int64],
    scratch: NDArray[np.int32],
    queue: NDArray[np.int32],
    rank: NDArray[np.int32],
) -> None:
    """List the seats of some tubes by place, time, tube and position.

    Parameters
    ----------
    tubes : (k,) int64
        Place by place, ascending in each.
    tube_place, tube_begins : (tubes,) and (tubes + 1,) int64
        Place of each tube, and where its seats begin.
    seat_at : (seats,) int64
        Time of each seat.
    scratch : (queued,) int32
        Written to.
    queue, rank : (queued,) and (seats,) int32
        Output: the seats, and where each of them stands; the rank of others stays.
    """
    filled = 0
    k = 0
    while k < len(tubes):
        begin, place = filled, tube_place[tubes[k]]
        while k < len(tubes) and tube_place[tubes[k]] == place:
            for seat in range(tube_begins[tubes[k]], tube_begins[tubes[k] + 1]):
                queue[filled] = seat
                filled += 1
            k += 1
        _sort_by_time(queue, begin, filled, seat_at, scratch)
        for there in range(begin, filled):
            rank[queue[there]] = there


@kernel("int32[] int64[] int32[] int64[] int32[]")
def people_by_time(
    person: NDArray[np.int32],
    seat_at: NDArray[np.int64],
    scratch: NDArray[np.int32],
    begins: NDArray[np.int64],
    seats: NDArray[np.int32],
) -> None:
    """List the seats of each person by time, those of one moment as they stand.

    Parameters
    ----------
    person, seat_at : (seats,) int32 and int64
        Person and time of each seat.
    scratch : (seats,) int32
        Written to.
    begins : (people + 1,) int64
        In: zeros. Out: where each person's seats begin.
    seats : (seats,) int32
        Output.
    """
    people = len(begins) - 1
    for seat in range(len(person)):
        begins[person[seat]] += 1
    total = np.int64(0)
    for each in range(people):
        total += begins[each]
        begins[each] = total
    begins[people] = total
    for seat in range(len(person) - 1, -1, -1):
        begins[person[seat]] -= 1
        seats[begins[person[seat]]] = seat
    for each in range(people):
        if begins[each + 1] - begins[each] > 1:
            _sort_by_time(seats, begins[each], begins[each + 1], seat_at, scratch)
