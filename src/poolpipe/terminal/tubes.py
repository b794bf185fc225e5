"""Draw the ledger: how many tubes reached each step, and where those without a result were last seen."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
from rich.text import Text

from poolpipe.languages import both
from poolpipe.tables import STATES
from poolpipe.terminal.marks import Board, below, clock, frame, plain, span
from poolpipe.words import STATE_WORDS, word_of

if TYPE_CHECKING:
    from datetime import datetime


__all__ = ["ledger_board", "missing_board"]

_LEFT = ("missing\n未出结果", "orphans\n无登记")


def ledger_board(ledger: pl.DataFrame, *, rows: int = 20) -> Board:
    """Draw how many tubes reached each step, per round and site, those with most missing first.

    Parameters
    ----------
    ledger : polars.DataFrame
        The `ledger` table.
    rows : int
        Sites listed; the totals count all.
    """
    steps = [*STATES, "orphans"]
    missing = (pl.col("collected") - pl.col("reported")).alias("missing")
    sites = ledger.group_by("round", "site").agg(pl.col(steps).sum()).with_columns(missing)
    sites = sites.sort("missing", "collected", "round", "site", descending=[True, True, False, False])
    total = sites.select(pl.col(*steps, "missing").sum()).row(0)
    board = frame(
        f"{both('Ledger', '样本台账')} · {both('tubes that reached each step', '到达各环节的管数')}",
        more=max(sites.height - rows, 0),
        tight=True,
    )
    board.add_column("site\n采样点", overflow="fold", min_width=10)
    headings = [f"{step.partition('_')[0]}\n{STATE_WORDS[step].chinese}" for step in STATES]
    for heading in (*headings, *_LEFT):
        between = heading in headings[1:-1]
        board.add_column(heading, justify="right", no_wrap=True, spare=between)
    for row in sites.head(rows).iter_rows(named=True):
        board.add_row(
            plain(row["site"] or f"({both('none', '未填')})") + below(row["round"]),
            *(f"{row[step]:,}" for step in STATES),
            Text(f"{row['missing']:,}", style="yellow" if row["missing"] else "dim"),
            Text(f"{row['orphans']:,}", style="red" if row["orphans"] else "dim"),
        )
    board.add_section()
    *reached, orphans, missed = total
    board.add_row(both("all", "合计"), *(f"{count:,}" for count in (*reached, missed, orphans)), style="bold")
    return board


def missing_board(
    pools: pl.DataFrame, *, as_of: datetime | None, zone: str, show_ids: bool = False, rows: int = 20
) -> Board:
    """Draw where each collected tube without a result was last seen, the longest waiting first.

    Parameters
    ----------
    pools : polars.DataFrame
        The `pools` table.
    as_of : datetime, optional
        The time up to which waiting is counted.
    zone : str
        IANA time zone of the times.
    show_ids : bool
        Show tube codes that are valid identity numbers in full.
    rows : int
        Tubes listed; the others are counted.
    """
    left = pools.filter((pl.col("people") > 0) & (pl.col("state") != "reported"))
    seen = pl.coalesce("loaded_at", "received_at", "picked_up_at", "packed_at", "last_collected").alias(
        "seen"
    )
    shown = left.with_columns(seen).sort("first_collected", "round", "tube").head(rows)
    board = frame(
        f"{both('Tubes without a result, and where they are', '未出结果样本管的去向')} · {left.height:,}",
        more=left.height - shown.height,
        show_ids=show_ids,
    )
    board.add_column("tube\n样本管", overflow="fold", min_width=12)
    board.add_column("people\n人数", justify="right", no_wrap=True)
    for heading in ("waiting\n已等", "last step, at\n最后环节、时间"):
        board.add_column(heading, no_wrap=True)
    board.add_column("site, box, lab\n采样点、箱、检测机构", overflow="fold")
    for row in shown.iter_rows(named=True):
        repeat = (
            Text("\n" + both("invalid", "无效，须重检"), style="yellow")
            if row["call"] == "invalid"
            else Text("")
        )
        places = [row[name] or "-" for name in ("site", "box")]
        board.add_row(
            plain(row["tube"]) + below(row["round"]),
            str(row["people"]),
            span(as_of - row["first_collected"]) if as_of else "-",
            Text(f"{word_of(STATE_WORDS, row['state'])}\n{clock(row['seen'], zone)}") + repeat,
            plain(" · ".join(places)) + Text("\n") + plain(row["lab"] or "-"),
        )
    if not left.height:
        board.add_row(Text(both("none", "无"), style="green"))
    return board
