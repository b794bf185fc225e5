"""Draw the board of coverage: how much of the residents' list each round has reached, and by when it should."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from rich.text import Text

from poolpipe.languages import both
from poolpipe.terminal.marks import MOMENT, NAME, NUMBER, Board, clock, listing, plain

if TYPE_CHECKING:
    from poolpipe.results.day import Day

__all__ = ["coverage_board"]


def coverage_board(day: Day, *, zone: str, rows: int = 20) -> Board | None:
    """Draw collected and reported residents per round, and the two deadlines; None without a list of people.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    zone : str
        IANA time zone of the times.
    rows : int
        Rounds listed, the latest; the others are counted.
    """
    rounds = [each for each in day.summary.get("coverage", ()) if each["collected"]]
    if not rounds:
        return None
    return listing(
        f"{both('Coverage', '覆盖进度')} · {rounds[0]['people']:,} {both('people on the list', '名单人数')}",
        {
            "round\n轮次": {**NAME, "min_width": 10},
            **dict.fromkeys(("collected\n已采样", "reported\n已报告"), NUMBER),
            **dict.fromkeys(("half by, reached\n过半期限、达到", "all by, reached\n全部期限、达到"), MOMENT),
        },
        (_row(each, zone) for each in rounds[-rows:]),
        more=max(len(rounds) - rows, 0),
    )


def _row(told: dict[str, Any], zone: str) -> list[Text]:
    shares = (
        Text(f"{told[name]:,}\n{100 * told[name] // told['people']}%") for name in ("collected", "reported")
    )
    return [plain(told["round"] or "-"), *shares, *(_deadline(told, name, zone) for name in ("half", "all"))]


def _deadline(told: dict[str, Any], name: str, zone: str) -> Text:
    """Write when a deadline was due and when it was reached, red where that is late."""
    due, at = (_moment(told[f"{name}_{end}"]) for end in ("due", "at"))
    style = "bold red" if told[f"{name}_late"] else "green" if at else "default"
    told_at = clock(at, zone) if at else both("not yet", "未达到")
    return Text(f"{clock(due, zone) if due else '-'}\n") + Text(told_at, style=style)


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)
