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
    there = sorted(kept)
    room = width - gap * len(there) - _EDGES
    widths = _shared([board.columns[n] for n in there], [least[n] for n in there], room)
    narrow.columns = [_as(board.columns[n], index, widths[index]) for index, n in enumerate(there)]
    if sum(least[n] for n in there) > room:
        for column in narrow.columns:
            column.no_wrap, column.overflow, column.width = False, "fold", None
    out = [_name(board.columns[n]) for n in range(len(least)) if n not in kept]
    if out:
        told = both("left out on this narrow terminal", "终端过窄，未显示") + f": {', '.join(out)}"
        before = board.caption if isinstance(board.caption, Text) else Text(str(board.caption or ""))
        narrow.caption = Text("\n").join(part for part in (before, Text(told, style="dim")) if part.plain)
    return narrow


def _least(column: Column, width: int) -> int:
    """The width below which a code of the column would be broken, or a line of it cut; at most half of the terminal."""
    lines = _lines(column)
    parts = lines if column.no_wrap else [run for line in lines for run in _RUN.findall(line)]
    longest = max(map(cell_len, parts), default=1)
    return longest if column.no_wrap else min(longest, max(width // 2, 1))


def _shared(columns: Sequence[Column], least: Sequence[int], room: int) -> list[int]:
    """Share the room of a terminal among columns: the least of each first, then what they wish, the narrowest first.

    rich would take the room from the widest alone and then draw wider than the terminal, whose edge cuts what is there.
    """
    whole = [max(width, _longest_line(column)) for column, width in zip(columns, least, strict=True)]
    wished = [min(column.min_width or 0, full) for column, full in zip(columns, whole, strict=True)]
    widths = list(least)
    for goals in (wished, whole):
        while sum(widths) < room and any(map(int.__lt__, widths, goals)):
            open_ones = [n for n in range(len(widths)) if widths[n] < goals[n]]
            widths[min(open_ones, key=widths.__getitem__)] += 1
    return widths


def _lines(column: Column) -> list[str]:
    texts = (*column.cells, column.header)
    return [line for text in texts for line in str(getattr(text, "plain", text)).split("\n")]


def _longest_line(column: Column) -> int:
    return max(map(cell_len, _lines(column)), default=1)


def _as(column: Column, index: int, width: int) -> Column:
    again = copy.copy(column)
    again._index = index
    again.min_width, again.width = None, width
    return again


def _name(column: Column) -> str:
    return str(getattr(column.header, "plain", column.header)).replace("\n", " ")
