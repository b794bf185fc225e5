"""Pages of tables with a row a tube or more: the rows of the whole table, of which no other is looked at."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from live.batches import batches
from poolpipe.coding.dictionaries import Dictionaries, Entities
from poolpipe.live import Live
from poolpipe.live.answers import TableAsked, asked_rows
from poolpipe.live.overlays import Overlaid
from poolpipe.live.tables import LiveTables
from poolpipe.live.tube_order import TubeOrder
from poolpipe.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator


def _versions(seed: int) -> Iterator[LiveTables]:
    cut = batches(seed, "large")
    live = Live(cut.some(0, 1), Policy())
    for number in range(1, cut.count):
        live.apply(cut.some(number, number + 1))
        yield live.tables


@pytest.mark.parametrize("seed", [11, 12])
def test_pages__one_after_the_other_are_the_table_of_every_version(seed: int) -> None:
    held = list(_versions(seed))
    for tables in reversed(held):  # an older version has fewer tubes than are known by now
        for table, rows in (("pools", 7), ("members", 13), ("retention", 5)):
            whole = tables.table(table)
            pages = [
                asked_rows(tables, TableAsked(table, first=first, rows=rows))
                for first in range(0, whole.height + rows, rows)
            ]
            assert pl.concat(pages).equals(whole), table
            assert pages[-1].is_empty()


def test_page__does_not_write_the_table(monkeypatch: pytest.MonkeyPatch) -> None:
    *_, tables = _versions(13)
    expected = {name: tables.table(name) for name in ("pools", "members")}
    select = Overlaid.select

    def few(self: Overlaid, *columns: str) -> pl.DataFrame:
        assert columns, "all columns of all rows are copied"
        return select(self, *columns)

    def no_table(self: LiveTables, name: str, *_: Any) -> pl.DataFrame:
        raise AssertionError(name)

    monkeypatch.setattr(Overlaid, "select", few)
    monkeypatch.setattr(LiveTables, "table", no_table)
    for name, whole in expected.items():
        assert asked_rows(tables, TableAsked(name, first=3, rows=9)).equals(whole[3:12])
        site = tables.codes.texts["site"][0]
        asked_rows(tables, TableAsked(name, site=site, rows=9))


def _codes(rounds: list[str], codes: list[str], pairs: list[tuple[int, int]]) -> Dictionaries:
    numbers = np.array(pairs, np.uint32).reshape(-1, 2)
    texts = {"round": pl.Series(rounds), "tube": pl.Series(codes)}
    return Dictionaries(
        texts, {"tube": Entities(numbers[:, 0], numbers[:, 1])}, pl.DataFrame(), pl.DataFrame()
    )


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_order__of_tubes_that_come_one_by_one_is_that_of_all(seed: int) -> None:
    rng = random.Random(seed)
    rounds, codes = ["2", "", "10"], rng.sample([f"T{each}" for each in range(300)] + ["t", "-", "T00"], 90)
    pairs = rng.sample([(one, other) for one in range(3) for other in range(90)], 200)
    order = TubeOrder()
    for count in [*sorted(rng.sample(range(1, 200), 20)), 50, 200]:
        some = _codes(rounds, codes, pairs[:count])
        expected = sorted(range(count), key=lambda tube: (rounds[pairs[tube][0]], codes[pairs[tube][1]]))
        assert order.of(some).tolist() == expected, count
