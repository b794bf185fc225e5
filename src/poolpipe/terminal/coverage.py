"""Draw the board of coverage: how much of the residents' list each round has reached, and by when it should."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from poolpipe.terminal.marks import Board, clock, frame, plain

if TYPE_CHECKING:
    from poolpipe.results.day import Day

__all__ = ["coverage_board"]


def coverage_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Collected and reported residents a round, and the two deadlines; None without a list of people.

    Parameters
    ----------
    day : Day
        What `poolpipe.run` returned.
    zone : str
        IANA time zone of the times.
    rows : int
        Rounds listed, the latest; the others are counted.
    """
    rounds = [each for each in day.summary.get("coverage", ()) if each["collected"]]
    if not rounds:
        return None
    board = frame(
        f"Coverage 覆盖进度 · {rounds[0]['people']:,} people on the list 名单人数",
        more=max(len(rounds) - rows, 0),
    )
    board.add_column("round\n轮次", overflow="fold", min_width=10)
    board.add_column("collected\n已采样", justify="right", no_wrap=True)
    board.add_column("reported\n已报告", justify="right", no_wrap=True)
    board.add_column("half by, reached\n过半期限、达到", no_wrap=True)
    board.add_column("all by, reached\n全部期限、达到", no_wrap=True)
    for each in rounds[-rows:]:
        board.add_row(
            plain(each["round"] or "-"),
            *(
                Text(f"{each[name]:,}\n{100 * each[name] // each['people']}%")
                for name in ("collected", "reported")
            ),
            *(_deadline(each, name, zone) for name in ("half", "all")),
        )
    return board


def _deadline(told: dict[str, Any], name: str, zone: str) -> Text:
    """When it was due and when it was reached, red where that was or is too late."""
    due, at = (_moment(told[f"{name}_{end}"]) for end in ("due", "at"))
    style = "bold red" if told[f"{name}_late"] else "green" if at else "default"
    told_at = clock(at, zone) if at else "not yet 未达到"
    return Text(f"{clock(due, zone) if due else '-'}\n") + Text(told_at, style=style)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
