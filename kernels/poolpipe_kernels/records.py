"""Framing of delimited text: where each record starts and ends, how many cells it has, which line it is on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["frame"]

#  line 1   at,tube,name          starts  0
#  line 2   10:00,T1,"Li           starts 13, three cells, not broken
#  line 3   Wang"
#  line 4   (blank: no record)
#  line 5   10:01,"T2              a quote that never closes: broken, ends at its own line end


@kernel
def frame(
    text: NDArray[np.uint8],
    separator: int,
    final: bool,
    longest_cell: int,
    starts: NDArray[np.int64],
    ends: NDArray[np.int64],
    lines: NDArray[np.int64],
    cells: NDArray[np.int32],
    broken: NDArray[np.bool_],
) -> tuple[int, int, int]:
    """Find the records in a block of delimited text (RFC 4180, and line ends of every system).

    Parameters
    ----------
    text : (n,) uint8
        UTF-8 bytes, beginning at a record.
    separator : int
        The byte between cells.
    final : bool
        Whether nothing follows this block: then its last record need not end in a line end.
    longest_cell : int
        A quote still open after so many bytes was a stray one: its first line alone is broken.
    starts, ends, lines, cells, broken : (m,)
        Output: byte range without line end, line from 0, number of cells, and whether a quote is stray.

    Returns
    -------
    records, consumed, lines_passed : int
        Records written, bytes used, line ends passed. Stops early when the outputs are full.
    """
    n = len(text)
    count = 0
    line = 0
    at = 0
    while at < n and count < len(starts):
        start = at
        lines_inside = 0
        n_cells = 1
        bad = False
        closed = False
        cell_starts = True
        i = at
        while i < n:
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
                        return count, at, line  # the rest of the cell is in the next block
                    bad = True
                    cell_starts = False
                    i += 1
                    continue
                lines_inside += inside
                i = j + 1
                cell_starts = False
                if i < n and text[i] != separator and text[i] != 10 and text[i] != 13:
                    bad = True  # something stands between the closing quote and the separator
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
        if not closed and not final:
            return count, at, line
        if closed and text[i] == 13 and i + 1 >= n and not final:
            return count, at, line  # whether a line feed belongs to this return is in the next block
        stop = i
        if closed:
            i += 2 if text[i] == 13 and i + 1 < n and text[i + 1] == 10 else 1
        blank = True
        for k in range(start, stop):
            if text[k] != 32 and text[k] != 9:
                blank = False
                break
        if not blank:
            starts[count] = start
            ends[count] = stop
            lines[count] = line
            cells[count] = n_cells
            broken[count] = bad
            count += 1
        line += lines_inside + (1 if closed else 0)
        at = i
    return count, at, line
