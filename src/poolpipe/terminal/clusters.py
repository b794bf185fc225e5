"""Draw the board of clusters: which positives hang together, how fast they grow, whom to ask first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.text import Text

from poolpipe.display import mask_people
from poolpipe.languages import both
from poolpipe.terminal.marks import Board, clock, coded, frame, plain

if TYPE_CHECKING:
    from collections.abc import Iterable

    import polars as pl
    from rich.console import RenderableType

__all__ = ["cluster_board"]


def cluster_board(clusters: pl.DataFrame, *, zone: str, show_ids: bool = False, rows: int = 20) -> Board:
    """Draw the clusters, those that grow most first, then the largest.

    Parameters
    ----------
    clusters : polars.DataFrame
        The table `clusters`.
    zone : str
        IANA zone of the times.
    show_ids : bool
        Show identity numbers in full.
    rows : int
        Clusters listed; the others are counted.
    """
    order = clusters.sort(
        "growth", "size", "first_seen", "round", "tube", descending=[True, True, False, False, False]
    )
    board = frame(
        f"{both('Clusters of positives', '聚集性阳性')} · {clusters.height:,}",
        more=max(clusters.height - rows, 0),
        show_ids=show_ids,
    )
    board.add_column("first tube, since\n首管、首见", overflow="fold")
    board.add_column("size, new\n阳性、新增", justify="right", no_wrap=True)
    board.add_column("where\n地点", overflow="fold")
    board.add_column("ask first\n先问", overflow="fold", min_width=22)
    board.add_column("by chance once in\n偶然重现间隔", justify="right", no_wrap=True, spare=True)
    for row in order.head(rows).iter_rows(named=True):
        board.add_row(*_cells(row, zone, show_ids=show_ids))
    return board


def _cells(row: dict[str, Any], zone: str, *, show_ids: bool) -> list[RenderableType]:
    people = row["ask_first"] if show_ids else mask_people(row["ask_first"])
    days = row["recurrence_days"]
    return [
        coded(row["round"], row["tube"]) + Text("\n") + plain(clock(row["first_seen"], zone), style="dim"),
        Text(f"{row['size']:,}\n") + Text(f"+{row['growth']:,}", "bold red" if row["growth"] else "dim"),
        _lines((row["places"] or "-").split("; ")),
        _lines(each.removeprefix("RIC:") for each in people.split("; ")),
        "-" if days is None else Text(both(f"{days:,.0f} d", f"{days:,.0f} 天", "\n")),
    ]


def _lines(texts: Iterable[str]) -> Text:
    return Text("\n").join(plain(each) for each in texts)
