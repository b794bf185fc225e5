"""Draw the recall board: who must be re-sampled by when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.text import Text

from poolpipe.display import mask
from poolpipe.languages import both
from poolpipe.terminal.marks import IN_TABLES, Board, clock, coded, frame, plain, time_left
from poolpipe.words import STATUS_WORDS

if TYPE_CHECKING:
    from datetime import datetime


__all__ = ["recall_board"]


def recall_board(
    recalls: pl.DataFrame,
    *,
    as_of: datetime | None,
    zone: str,
    people: pl.DataFrame | None = None,
    show_ids: bool = False,
    rows: int = 20,
    sampled: bool = True,
    rest: tuple[str, str] = IN_TABLES,
) -> Board:
    """Draw the recalls that are not closed, most urgent first; closed ones are only counted.

    Parameters
    ----------
    recalls : polars.DataFrame
        The `recalls` table.
    as_of : datetime, optional
        The time from which the time left is counted; None where there is no event.
    zone : str
        IANA time zone of the due times.
    people : polars.DataFrame, optional
        The people table, for the column community.
    show_ids : bool
        Show identity numbers in full.
    rows : int
        People listed; the others are counted.
    sampled : bool
        Whether any collect was accepted; without one nobody can be known to wait.
    rest : tuple of (str, str)
        Where those are who are not listed, in English and Chinese.
    """
    waiting = recalls.filter(pl.col("status") != "closed").sort("rank")
    closed = recalls.height - waiting.height
    shown = _with_home(waiting.head(rows), people)
    moment = f" · {both('as of', '截至')} {clock(as_of, zone)}" if as_of else ""
    board = frame(
        f"{both('Recall board', '复采名单')}{moment} · {both('waiting', '待办')} {waiting.height:,}"
        f" · {both('closed', '已办结')} {closed:,}",
        more=waiting.height - shown.height,
        rest=rest,
        show_ids=show_ids,
    )
    board.add_column("#", no_wrap=True, justify="right", spare=True)
    board.add_column("time left, due\n剩余时间、截止", no_wrap=True)
    # a resident ID is read digit by digit: it must not be folded
    board.add_column("person, home\n人员、住址", overflow="fold", min_width=18)
    board.add_column("tube, lab that found it\n混管、首检机构", overflow="fold")
    board.add_column("status\n状态", no_wrap=True)
    board.add_column("p\n概率", justify="right", no_wrap=True, spare=True)
    for row in shown.iter_rows(named=True):
        person = row["person"] if show_ids else mask(row["person"])
        board.add_row(
            str(row["rank"]),
            time_left(row["due_at"], as_of)
            + Text(f"\n{clock(row['due_at'], zone)}", style="default not bold"),
            plain(person if row["person_type"] == "RIC" else f"{row['person_type']} {person}")
            + Text("\n")
            + plain(row.get("home") or "", style="dim"),
            coded(row["round"], row["tube"]) + Text("\n") + plain(row["lab"] or "-", style="dim"),
            Text(both(*STATUS_WORDS[row["status"]], "\n")),
            "-" if row["p_infected"] is None else f"{row['p_infected']:.0%}",
        )
    if not sampled:
        unknown = both(
            "unknown: no collect was accepted, so that no tube has people",
            "未知：没有被接受的采样记录，管内人员不明",
            "\n",
        )
        board.add_row("", "", Text(unknown, style="bold yellow"))
    elif not waiting.height:
        board.add_row("", Text(both("nobody is waiting", "无人待复采", "\n"), style="green"))
    return board


def _with_home(recalls: pl.DataFrame, people: pl.DataFrame | None) -> pl.DataFrame:
    """Add `home` to the rows shown: community and building, where the people table has them."""
    if people is None:
        return recalls
    parts = [name for name in ("community", "building") if name in people.columns]
    home = pl.concat_str(*(pl.col(name).cast(pl.String) for name in parts), separator=" ", ignore_nulls=True)
    key = ("person_type", "person")
    if "person_type" not in people.columns:
        people = people.with_columns(pl.lit("RIC").alias("person_type"))
    homes = people.lazy().join(recalls.lazy().select(key).unique(), on=key, how="semi")
    homes = homes.select(*key, home.alias("home") if parts else pl.lit("").alias("home")).unique(
        key, keep="first"
    )
    return recalls.join(homes.collect(), on=key, how="left", maintain_order="left")
