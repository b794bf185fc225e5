"""Tubes beside a positive one: in the same box and journey, and in the wells around its well."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from typing import Any

    from numpy.typing import NDArray

    Integer = int | np.integer[Any]

__all__ = ["BOX", "COLUMNS", "WELL", "neighbours"]

BOX, WELL = 1, 6
"""Kinds of links, numbered as in `walk`."""

COLUMNS = 5
"""Columns of a row: source, tube, kind, lag, via."""

#  wells, S a source   . . . .      rows of the source: each x, with the time between the loadings
#                      . x x x
#                      . x S x      of two tubes in one well both; of a tube in several wells the nearest loading
#                      . x x x


@kernel
def _put(
    rows: NDArray[np.int64],
    row: Integer,
    source: Integer,
    tube: Integer,
    kind: Integer,
    lag: Integer,
    via: Integer,
) -> Integer:
    """Write one row.

    Parameters
    ----------
    rows : (capacity, COLUMNS) int64
        Where to.
    row : int
        Which row of it.
    source, tube, kind, lag, via : int
        Its values.

    Returns
    -------
    int
        The next row.
    """
    rows[row, 0] = source
    rows[row, 1] = tube
    rows[row, 2] = kind
    rows[row, 3] = lag
    rows[row, 4] = via
    return row + 1


@kernel
def _offer(
    rows: NDArray[np.int64], row: Integer, tube_row: NDArray[np.int32], begin: Integer, source: Integer,
    tube: Integer, lag: Integer, via: Integer,
) -> Integer:  # fmt: skip
    """Write a row for a tube in a well, or shorten the lag of the row that it has since `begin`.

    Parameters
    ----------
    rows, row, source, tube, lag, via
        As of `_put`.
    tube_row : (tubes,) int32
        The last row of each tube, plus one; 0 for none.
    begin : int
        Rows before this one are of another kind or source.

    Returns
    -------
    int
        The next row.
    """
    old = np.int64(tube_row[tube]) - 1
    if old >= begin:
        if np.abs(lag) < np.abs(rows[old, 3]):
            rows[old, 3] = lag
            rows[old, 4] = via
        return row
    tube_row[tube] = row + 1
    return _put(rows, row, source, tube, WELL, lag, via)


@kernel(
    "uint32[] int64 int64[] int32[] int64[] int32[] int64[] int64[] int64[] int64[] uint32[] int32[] int64[] "
    "int32[] int64[,] int64[]"
)
def neighbours(
    sources: NDArray[np.uint32],
    first_source: int,
    plate: NDArray[np.int64],
    tube_journey: NDArray[np.int32],
    journey_begins: NDArray[np.int64],
    journey_tubes: NDArray[np.int32],
    packed_at: NDArray[np.int64],
    load_begins: NDArray[np.int64],
    load_slot: NDArray[np.int64],
    load_at: NDArray[np.int64],
    load_tube: NDArray[np.uint32],
    by_slot: NDArray[np.int32],
    slots: NDArray[np.int64],
    tube_row: NDArray[np.int32],
    rows: NDArray[np.int64],
    done: NDArray[np.int64],
) -> None:
    """List the tubes that travelled with each source, and those in wells around its wells, until the rows are full.

    Parameters
    ----------
    sources : (sources,) uint32
        Tubes.
    first_source : int
        The source to begin with.
    plate : (3,) int64
        Rows and columns of a plate, and numbers a plate takes in `load_slot`.
    tube_journey : (tubes,) int32
        Box and journey of each tube, -1 for none.
    journey_begins, journey_tubes : (journeys + 1,) int64 and int32
        Each journey's tubes, ascending.
    packed_at : (tubes,) int64
        When each tube was packed, microseconds.
    load_begins, load_slot, load_at, load_tube : (tubes + 1,) and (loads,) int64, int64, int64, uint32
        Each tube's loads by time: plate and well as one number, and time.
    by_slot, slots : (loads,) int32 and int64
        Loads by slot, time and tube; and their slots.
    tube_row : (tubes,) int32
        In: zeros. Written to.
    rows : (capacity, COLUMNS) int64
        Output: links in the order of the sources. Via is the source's tube in a box, its load on a plate.
    done : (2,) int64
        Output: the source to go on with, and how many rows there are.
    """
    row: Integer = 0
    for source in range(first_source, len(sources)):
        tube = np.int64(sources[source])
        begin = row
        done[0] = source
        done[1] = begin
        journey = tube_journey[tube]
        if journey >= 0:
            if row + journey_begins[journey + 1] - journey_begins[journey] > len(rows):
                return
            for k in range(journey_begins[journey], journey_begins[journey + 1]):
                other = np.int64(journey_tubes[k])
                if other != tube:
                    lag = packed_at[other] - packed_at[tube]
                    row = _put(rows, row, source, other, BOX, lag, tube)
        wells = row
        for load in range(load_begins[tube], load_begins[tube + 1]):
            well = load_slot[load] % plate[2]
            for down in range(-1, 2):
                line = well // plate[1] + down
                for right in range(-1, 2):
                    column = well % plate[1] + right
                    if (down == 0 and right == 0) or not (0 <= line < plate[0] and 0 <= column < plate[1]):
                        continue
                    slot = load_slot[load] - well + line * plate[1] + column
                    low, high = 0, len(slots)
                    while low < high:
                        middle = (low + high) // 2
                        if slots[middle] < slot:
                            low = middle + 1
                        else:
                            high = middle
                    while low < len(slots) and slots[low] == slot:
                        near = by_slot[low]
                        other = np.int64(load_tube[near])
                        low += 1
                        if other == tube:
                            continue
                        if row == len(rows):
                            return
                        lag = load_at[near] - load_at[load]
                        row = _offer(rows, row, tube_row, wells, source, other, lag, load)
    done[0] = len(sources)
    done[1] = row
