"""Frame delimited text: where each record starts and ends, its number of cells, its line."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["FINE", "LONG", "STRAY", "frame"]

FINE = 0
STRAY = 1
"""A quote that is not closed, or text behind a closing one."""
LONG = 2
"""A record that is too long."""

#  line 1   at,tube,name          starts  0
#  line 2   10:00,T1,"Li           starts 13, three cells, fine
#  line 3   Wang"
#  line 4   (blank: no record)
#  line 5   10:01,"T2              a quote that never closes: stray, ends at its own line end
#  line 6   000000000000...        longer than a record may be: long, ends at the next line end, be that gigabytes away


@kernel("uint8[]! int64 bool bool int64 int64 int64[] int64[] int64[] int32[] uint8[]")
def frame(
    text: NDArray[np.uint8],
    separator: int,
    final: bool,
    skipping: bool,
    longest_cell: int,
    longest_record: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    lines: NDArray[np.int64],
    cells: NDArray[np.int32],
    faults: NDArray[np.uint8],
) -> tuple[int, int, int, bool]:
    """Find the records in a block of delimited text (RFC 4180, and line ends of every system).

    Parameters
    ----------
    text : (n,) uint8
        UTF-8 bytes, beginning at a record, or inside a long one where `skipping`.
    separator : int
        The byte between cells.
    final : bool
        Whether nothing follows this block: then its last record need not end in a line end.
    skipping : bool
        Whether the block begins inside a long record that was written already: it is passed over up to its line end.
    longest_cell : int
        A quote still open after so many bytes was a stray one: its first line alone is broken.
    longest_record : int
        A record whose end is not found within so many bytes is long, whatever it contains; it ends at the next line
        end. A long record that reaches beyond the block is written with what is there.
    starts, ends, lines, cells, faults : (m,)
        Output: byte range without line end, line from 0, number of cells, and `FINE`, `STRAY` or `LONG`.

    Returns
    -------
    records, consumed, lines_passed, skipping : int, int, int, bool
        Records written, bytes used, line ends passed, and whether the block ends inside a long record. Stops early
        when the outputs are full.
    """
    n = len(text)
    count = 0
    line = 0
    at = 0
    if skipping:
        while at < n and text[at] != 10 and text[at] != 13:
            at += 1
        if at == n:
            return 0, n, 0, not final
        if text[at] == 13 and at + 1 >= n and not final:
            return 0, at, 0, True
        at += 2 if text[at] == 13 and at + 1 < n and text[at + 1] == 10 else 1
        line += 1
    while at < n and count < len(starts):
        start = at
        lines_inside = 0
        n_cells = 1
        fault = FINE
        closed = False
        cell_starts = True
        i = at
        reach = min(n, start + longest_record)
        while i < reach:
            c = text[i]
            if cell_starts and c == 34:  # a quote opens a cell only at its first byte
                j = i + 1
                found = False
                inside = 0
                limit = min(n, i + longest_cell)
                while j < limit:
                    d = text[j]
                    if d == 34:
                        if j + 1 < n and text[j + 1] == 34:
                            j += 2
                            continue
                        found = True
                        break
                    if d == 10 or (d == 13 and not (j + 1 < n and text[j + 1] == 10)):
                        inside += 1
                    j += 1
                if not found:
                    if not final and limit == n:
                        return count, at, line, False  # the rest of the cell is in the next block
                    fault = STRAY
                    cell_starts = False
                    i += 1
                    continue
                lines_inside += inside
                i = j + 1
                cell_starts = False
                if i < n and text[i] != separator and text[i] != 10 and text[i] != 13:
                    fault = STRAY  # text between the closing quote and the separator
                continue
            if c == separator:
                n_cells += 1
                cell_starts = True
                i += 1
                continue
            if c in (10, 13):
                closed = True
                break
            cell_starts = False
            i += 1
        if not closed and i < n:
            if text[i] != 10 and text[i] != 13:
                fault = LONG
                while i < n and text[i] != 10 and text[i] != 13:
                    i += 1
            closed = i < n
        if not closed and not final and fault != LONG:
            return count, at, line, False
        if closed and text[i] == 13 and i + 1 >= n and not final:
            return count, at, line, False  # whether a line feed belongs to this return is in the next block
        stop = i
        if stop - start > longest_record:
            fault = LONG
        if closed:
            i += 2 if text[i] == 13 and i + 1 < n and text[i + 1] == 10 else 1
        blank = fault != LONG
        for k in range(start, stop):
            if not blank:
                break
            blank = text[k] == 32 or text[k] == 9
        if not blank:
            starts[count] = start
            ends[count] = stop
            lines[count] = line
            cells[count] = n_cells
            faults[count] = fault
            count += 1
        line += lines_inside + (1 if closed else 0)
        at = i
        if not closed and not final:
            return count, n, line, True  # a long record whose line end is still to come
    return count, at, line, False
