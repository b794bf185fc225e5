"""Draw the first board: tubes, people, results and records of a campaign."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from rich.text import Text

from poolpipe.display import number_of
from poolpipe.languages import both, language
from poolpipe.messages import in_language
from poolpipe.tables import CALLS
from poolpipe.terminal.marks import Board, counted, frame, plain
from poolpipe.words import PRESET_WORDS, word_of

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.results.day import Day

__all__ = ["campaign_board", "moment_of_day"]

_FEW = 5
"""The most machine files left out that the first board names; the summary names all."""


def moment_of_day(day: Day) -> datetime | None:
    """The time as of which the day is seen; None where no event was accepted."""
    moment = day.summary["as_of"]
    return datetime.fromisoformat(moment) if isinstance(moment, str) else moment


def campaign_board(day: Day, *, zone: str) -> Board:
    """Draw the counts of tubes, people, results and records.

    Parameters
    ----------
    day : Day
        As `poolpipe.run` returns it.
    zone : str
        IANA time zone of the moment in the heading.
    """
    moment, policy = moment_of_day(day), day.summary["policy"]
    when = f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M}" if moment else "-"
    board = frame(
        f"{both('Campaign', '筛查概况')} · {both('as of', '截至')} {when} {zone} · "
        f"{both('policy', '判读规则')} {word_of(PRESET_WORDS, policy['name'])} {policy['version']}"
    )
    board.show_header = False
    board.add_column(no_wrap=True)
    board.add_column(overflow="fold")
    for warning in [*day.summary.get("warnings", []), *day.summary.get("fit", {}).get("warnings", [])]:
        board.add_row(both("look here", "请注意"), Text(in_language(warning), style="bold yellow"))
    better = day.summary.get("fit", {}).get("better", {})
    if better:
        told = " · ".join(f"{name} {value:.3g}" for name, value in better.items())
        board.add_row(both("would fit", "更相符"), Text(told, style="yellow"))
    modes, calls = day.tubes_by("mode"), day.tubes_by("call")
    statuses = _counts(day.recalls, "status")
    overdue = int(day.recalls["overdue"].sum())
    board.add_row(
        both("tubes", "样本管"),
        counted({name: modes.get(name, 0) for name in ("pool", "single")})
        + Text(f" · {both('orphan', '无登记')} {modes.get(None, 0):,}"),
    )
    board.add_row(both("sampled", "采样人次"), f"{day.sampled():,}")
    board.add_row(
        both("results", "结果"),
        counted({call: calls.get(call, 0) for call in reversed(CALLS)}),
    )
    board.add_row(both("no result", "尚无结果"), f"{calls.get(None, 0):,}")
    board.add_row(
        both("to recall", "应复采"),
        counted({name: statuses.get(name, 0) for name in ("open", "recollected", "closed")}),
    )
    board.add_row(both("overdue", "其中超时"), Text(f"{overdue:,}", style="bold red" if overdue else "dim"))
    board.add_row(both("positive", "阳性人员"), f"{day.cases.height:,}")
    kept, boxes = day.summary.get("retention"), day.summary.get("boxes")
    if kept:
        board.add_row(both("tubes kept", "留样"), counted(kept))
    if boxes:
        over = f" · {both('over capacity', '超装')} {boxes['over_capacity']:,} (> {boxes['capacity']})"
        style = "yellow" if boxes["over_capacity"] else "dim"
        board.add_row(
            both("boxes", "转运箱"),
            Text(f"{boxes['journeys']:,} {both('sent or packed', '已装箱')}") + Text(over, style),
        )
    files = day.summary["files"]
    read, accepted, duplicates, rejected = (
        sum(each[name] for each in files) for name in ("read", "accepted", "duplicates", "rejected")
    )
    board.add_row(
        both("records", "记录"),
        f"{_number(number_of(len(files), 'file'), len(files), '个文件')} · "
        + _number(f"{number_of(read, 'record')} read", read, "条读入记录"),
    )
    board.add_row(
        both("of those", "其中"),
        f"{both('accepted', '接受')} {accepted:,} · {both('duplicate', '重复')} {duplicates:,} · {both('rejected', '拒收')} {rejected:,}",
    )
    if left_out := _left_out(day):
        board.add_row(both("files left out", "未采用仪器文件"), left_out)
    return board


def _number(english: str, count: int, chinese: str) -> str:
    """A count with its noun; in both languages the number is written once."""
    return both(english, chinese if language() == "both" else f"{count:,} {chinese}")


def _left_out(day: Day) -> Text | None:
    """Files of PCR machines and robots of which nothing was taken, with the reason; None where there are none."""
    found = day.summary.get("instruments", {})
    reasons = {file: told["left_out"] for file, told in found.items() if told.get("left_out")}
    if not reasons:
        return None
    text = Text(f"{len(reasons):,}", style="bold red")
    for file, reason in list(reasons.items())[:_FEW]:
        text.append("\n").append(plain(file)).append(": ").append(plain(in_language(reason)))
    if len(reasons) > _FEW:
        text.append(f"\n+ {len(reasons) - _FEW:,}")
    return text


def _counts(table: pl.DataFrame, column: str) -> dict[str | None, int]:
    return dict(table.group_by(column).len().iter_rows())
