"""Fit a board into a narrow terminal: leave columns out rather than cut a code."""

from __future__ import annotations

import copy
import re
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.text import Text

from poolpipe.languages import both

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.table import Column, Table

__all__ = ["fitted"]

_RUN = re.compile(r"[!-~]+")
"""Signs that belong together, as those of a code; Chinese may be broken between any two."""

_KEPT = 2
"""Columns at the left, spare ones aside, that are never left out: what the row is about."""


_EDGES = 1
"""Blanks at the edges of a board, beyond those between its columns."""


def fitted(board: Table, width: int, spare: Sequence[int]) -> Table:
    """Copy a board with as many columns as fit, each as wide as its longest code.

    Parameters
    ----------
    board : Table
        Its cells are `Text`.
    width : int
        Columns of the terminal.
    spare : sequence of int
        Indices of columns that are left out before others, the first first; then those at the right.

    Returns
    -------
    Table
        Columns that are left out are named below it. Where one code alone is wider than the terminal, codes are folded.
    """
    least = [_least(column, width) for column in board.columns]
    gap = 1 if board.padding[1] == 0 else 2
    others = [n for n in range(len(least)) if n not in spare]
    order = [*spare, *reversed(others[_KEPT:])]
    kept = set(range(len(least)))
    for index in order:
        if sum(least[n] + gap for n in kept) + _EDGES <= width:
            break
        kept.discard(index)
    narrow = copy.copy(board)
    narrow.min_width = min(board.min_width or 0, width)  # the title's, which is wrapped
    narrow.columns = [_as(board.columns[n], index, least[n]) for index, n in enumerate(sorted(kept))]
    if sum(least[n] + gap for n in kept) + _EDGES > width:
        for column in narrow.columns:
            column.no_wrap, column.overflow, column.min_width = False, "fold", None
    out = [_name(board.columns[n]) for n in range(len(least)) if n not in kept]
    if out:
        told = both("left out on this narrow terminal", "终端过窄，未显示") + f": {', '.join(out)}"
        before = board.caption if isinstance(board.caption, Text) else Text(str(board.caption or ""))
        narrow.caption = Text("\n").join(part for part in (before, Text(told, style="dim")) if part.plain)
    return narrow


def _least(column: Column, width: int) -> int:
    """The width below which a code of the column would be broken, or a line of it cut; at most half of the terminal."""
    lines = [line for cell in column.cells for line in str(getattr(cell, "plain", cell)).split("\n")]
    lines += str(getattr(column.header, "plain", column.header)).split("\n")
    parts = lines if column.no_wrap else [run for line in lines for run in _RUN.findall(line)]
    longest = max(map(cell_len, parts), default=1)
    return longest if column.no_wrap else min(longest, max(width // 2, 1))


def _as(column: Column, index: int, least: int) -> Column:
    again = copy.copy(column)
    again._index = index
    again.min_width = max(column.min_width or 0, least)
    return again


def _name(column: Column) -> str:
    return str(getattr(column.header, "plain", column.header)).replace("\n", " ")
