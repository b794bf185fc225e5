"""What of the input was not used: columns that no event has, and files that hold no events."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from rich.text import Text

from poolpipe.boards.advice import ALIASES
from poolpipe.boards.marks import frame, plain
from poolpipe.tables import EVENTS

if TYPE_CHECKING:
    from rich.table import Table

    from poolpipe.day import Day

__all__ = ["unused_board"]


def unused_board(day: Day, *, rows: int = 20) -> Table | None:
    """Columns and files that were left out, each with the name it may have been meant for; None where all was used.

    Parameters
    ----------
    day : Day
        What `poolpipe.run` returned.
    rows : int
        Longest list; what is left out is counted.
    """
    columns = [(file, name) for file, names in day.summary["columns_left_out"].items() for name in names]
    skipped = day.summary["skipped"]
    if not columns and not skipped:
        return None
    board = frame(
        f"Not used 未采用 · columns 列 {len(columns):,} · files 文件 {len(skipped):,}",
        more=max(len(columns) + len(skipped) - rows, 0),
    )
    for heading in ("file\n文件", "column\n列", "did you mean\n您是否指"):
        board.add_column(heading, overflow="fold")
    known = sorted({name for kind in EVENTS.values() for name in kind.columns} | {"kind"})
    for file, name in columns[:rows]:
        board.add_row(plain(file), plain(name), Text(_meant(name.strip().lower(), known)))
    for file in skipped[: max(rows - len(columns), 0)]:
        board.add_row(plain(file), Text("not an event file 非事件文件", style="dim"), "-")
    return board


def _meant(name: str, known: list[str]) -> str:
    """The contract's column that a stranger's may stand for, a dash where none is alike."""
    return ALIASES.get(name) or next(iter(difflib.get_close_matches(name, known, n=1)), "-")
