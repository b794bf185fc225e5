"""Draw the board of `poolpipe diff`: what changed between two results."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.text import Text

from poolpipe.display import mask
from poolpipe.languages import both
from poolpipe.terminal.marks import Board, coded, frame, plain, word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.results.diff import Difference

__all__ = ["difference_boards"]


def difference_boards(difference: Difference, *, show_ids: bool = False, rows: int = 20) -> Iterator[Board]:
    """All boards of a comparison; those on which nothing changed are left out.

    Parameters
    ----------
    difference : Difference
        As `results.diff.compare` returns it.
    show_ids : bool
        Show identity numbers in full.
    rows : int
        Longest list on a board; what is left out is counted.
    """
    yield _headers(difference)
    if difference.calls.height:
        yield _calls(difference.calls, rows)
    if difference.recalls.height:
        yield _recalls(difference.recalls, rows, show_ids=show_ids)
    if difference.cases.height:
        yield _cases(difference.cases, rows, show_ids=show_ids)
    if difference.anomalies.height:
        yield _anomalies(difference.anomalies)


def _headers(difference: Difference) -> Board:
    board = frame(both("What changed", "变化"))
    board.add_column("")
    board.add_column("before 之前")
    board.add_column("after 之后")
    for name, label in (("as_of", both("as of", "截至")), ("policy", both("policy", "判读规则"))):
        before, after = (
            " ".join(map(str, side.values())) if isinstance(side, dict) else str(side or "-")
            for side in difference.headers[name]
        )
        board.add_row(label, plain(before), plain(after, style="" if before == after else "yellow"))
    if difference.is_empty:
        board.add_row(Text(both("the tables conclude the same", "结论相同"), style="green"))
    return board


def _calls(calls: pl.DataFrame, rows: int) -> Board:
    grave = pl.col("after").replace_strict({"positive": 0, "suspect": 1}, default=2, return_dtype=pl.Int8)
    shown = calls.sort(grave, "round", "tube").head(rows)
    board = frame(
        f"{both('Calls that differ', '结果不同的样本管')} · {calls.height:,}",
        more=calls.height - shown.height,
    )
    for heading in ("tube 样本管", "before 之前", "after 之后"):
        board.add_column(heading)
    for row in shown.iter_rows(named=True):
        board.add_row(
            coded(row["round"], row["tube"]),
            _side(row["before"], absent=row["known"] == "after"),
            _side(row["after"], absent=row["known"] == "before"),
        )
    return board


def _side(call: str | None, *, absent: bool) -> Text:
    if absent:
        return Text(both("no such tube", "无此管"), style="dim")
    return word(call) if call else Text(both("no result", "无结果"), style="dim")


def _recalls(recalls: pl.DataFrame, rows: int, *, show_ids: bool) -> Board:
    board = frame(
        f"{both('Recalls that differ', '复采变化')} · {recalls.height:,}",
        more=max(recalls.height - rows, 0),
        show_ids=show_ids,
    )
    for heading in ("change 变化", "tube 混管", "person 人员", "before 之前", "after 之后"):
        board.add_column(heading)
    for row in recalls.head(rows).iter_rows(named=True):
        board.add_row(
            word(row["change"]),
            coded(row["round"], row["tube"]),
            plain(row["person"] if show_ids else mask(row["person"])),
            *(_status(row[f"status_{side}"], row[f"outcome_{side}"]) for side in ("before", "after")),
        )
    return board


def _status(status: str | None, outcome: str | None) -> Text:
    if status is None:
        return Text("-")
    return word(status) + (Text(" ") + word(outcome) if outcome else Text(""))


def _cases(cases: pl.DataFrame, rows: int, *, show_ids: bool) -> Board:
    board = frame(
        f"{both('Positive people that differ', '阳性人员变化')} · {cases.height:,}",
        more=max(cases.height - rows, 0),
        show_ids=show_ids,
    )
    for heading in ("change 变化", "tube 样本管", "person 人员"):
        board.add_column(heading)
    for row in cases.head(rows).iter_rows(named=True):
        person = row["person"] if show_ids else mask(row["person"])
        board.add_row(word(row["change"]), coded(row["round"], row["tube"]), plain(person))
    return board


def _anomalies(anomalies: pl.DataFrame) -> Board:
    board = frame(both("Anomalies that differ", "异常数量变化"))
    board.add_column("code 代码")
    for heading in ("before 之前", "after 之后"):
        board.add_column(heading, justify="right")
    for code, before, after in anomalies.iter_rows():
        board.add_row(code, f"{before:,}", f"{after:,}")
    return board
