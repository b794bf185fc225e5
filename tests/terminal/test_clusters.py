"""Clusters on the board and on the page: how large, how fast, where, whom to ask, and how rarely chance gives the like."""

from __future__ import annotations

from datetime import UTC, datetime
from io import StringIO
from typing import Any

import polars as pl
import pytest
from rich.console import Console

from poolpipe.languages import speaking
from poolpipe.pages.clusters import growing_clusters
from poolpipe.tables import TABLES
from poolpipe.terminal.clusters import cluster_board

CLUSTER = {
    "round": "R1", "tube": "T1", "size": 7, "pools": 1, "households": 2, "growth": 5, "sites": 1,
    "first_seen": datetime(2022, 4, 4, 1, tzinfo=UTC), "last_seen": datetime(2022, 4, 5, 1, tzinfo=UTC),
    "places": "S1/1 (7)", "ask_first": "X:somebody", "p": 0.004, "recurrence_days": 250.0,
}  # fmt: skip
QUIET = CLUSTER | {"tube": "T2", "growth": 0, "p": None, "recurrence_days": None}
DAILY = CLUSTER | {"tube": "T3", "growth": 1, "p": 1.0, "recurrence_days": 1.0}
SCHEMA = {column.name: column.dtype for column in TABLES["clusters"]}
ROWS = pl.DataFrame([QUIET, CLUSTER, DAILY], schema=SCHEMA, orient="row")


def told(language: Any) -> str:
    with speaking(language):
        drawn = StringIO()
        Console(file=drawn, width=140).print(cluster_board(ROWS, zone="Asia/Shanghai"))
        return drawn.getvalue()


@pytest.mark.parametrize(
    ("language", "head", "interval"), [("en", "by chance once in", "250 d"), ("zh", "偶然重现间隔", "250 天")]
)
def test_board__tells_how_rarely_chance_gives_as_many(language, head, interval):
    board = told(language)
    assert head in board
    assert interval in board
    assert board.index("T1") < board.index("T3") < board.index("T2"), "those that grow most first"


class Source:
    """What the page reads of a result."""

    def __init__(self) -> None:
        self.summary = {"rows": {"clusters": 3}}

    def table(self, name: str) -> pl.LazyFrame:
        assert name == "clusters"
        return ROWS.lazy()


def test_page__tells_it_in_both_languages():
    clusters, every = growing_clusters(Source(), zone="Asia/Shanghai", show_ids=False, most=10)  # type: ignore[arg-type]
    assert every == 3
    intervals = [each.recurrence and tuple(each.recurrence) for each in clusters]
    assert intervals == [("250 days", "250 天"), ("1 day", "1 天"), None]
    assert [(each.size, each.growth) for each in clusters] == [(7, 5), (7, 1), (7, 0)]
