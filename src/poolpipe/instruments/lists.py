"""Lists that a robot wrote into its log without quotes, so that their commas look like the log's own.

The lists are in the last columns, which have no role: pipetting channels, liquid levels, error codes. In brackets they
have a beginning and an end. Bare ones are taken for lists only where no cell left of them could
have come out of them: they are numbers, and the wells of the log are names.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import plain
from poolpipe.instruments.words import kind_of

if TYPE_CHECKING:
    from poolpipe.instruments.columns import Columns
    from poolpipe.instruments.documents import Row

__all__ = ["with_lists"]

_OPENING, _CLOSING = "[({", "])}"
ENOUGH = 3  # so many rows show the habit of a file


def with_lists(rows: list[Row], columns: Columns) -> list[Row]:
    """The rows of a text, each list of a last column in one cell; rows in which that is not certain as they were.

    Parameters
    ----------
    rows : list of Row
        The rows below the header.
    columns : Columns
        The header; only columns right of all that have a role may hold lists.
    """
    width, first = len(columns.header.cells), max(columns.used, default=-1) + 1
    if first >= width or all(len(row.cells) <= width for row in rows):
        return rows
    joined = [_joined(row, width, first) for row in rows]
    if any(new is not row for new, row in zip(joined, rows, strict=True)):
        return joined
    return _bare(rows, columns, width, first)


def _joined(row: Row, width: int, first: int) -> Row:
    """The row with its bracketed lists in a cell each, where it has as many cells as the header then."""
    cells, depth = row.cells[:first], 0
    for cell in row.cells[first:]:
        inside = depth > 0
        depth += sum(letter in _OPENING for letter in cell) - sum(letter in _CLOSING for letter in cell)
        if inside:
            cells[-1] += f",{cell}"
        else:
            cells.append(cell)
        if depth < 0:
            return row
    sound = not depth and len(cells) == width < len(row.cells)
    # Quotation marks inside brackets are the list's own.
    marked = '"' in "".join(cell for cell in cells if not cell.strip().startswith(tuple(_OPENING)))
    return dataclasses.replace(row, cells=cells, torn=False) if sound and not (row.torn and marked) else row


def _bare(rows: list[Row], columns: Columns, width: int, first: int) -> list[Row]:
    """The rows with the cells right of all roles joined to one, where it is numbers and the other cells fit."""
    usual = [row for row in rows if len(row.cells) > width]
    wells = [index for index in columns.of("well") if usual]
    kinds = {
        index: Counter(kind_of(row.cells[index]) for row in usual).most_common(1) for index in columns.used
    }
    named = wells and all(kinds[index][0][0] == "word" for index in wells)
    if not named or len(usual) < ENOUGH or len(usual) * 2 < len(rows):
        return rows

    def fits(row: Row) -> bool:
        if row.torn or len(row.cells) <= first:
            return False
        same = all(kind_of(row.cells[index]) == kinds[index][0][0] for index in columns.used)
        return same and {kind_of(cell) for cell in row.cells[first:]} <= {"number", "empty"}

    def held(row: Row) -> Row:
        tail = [",".join(map(plain, row.cells[first:])), *[""] * (width - first - 1)]
        return dataclasses.replace(row, cells=row.cells[:first] + tail)

    return [held(row) if fits(row) else row for row in rows]
