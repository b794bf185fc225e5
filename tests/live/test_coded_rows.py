"""Rows that are selected as numbers are those that are selected as words."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import polars as pl
import pytest

from live.batches import batches
from poolpipe.live import Live
from poolpipe.live.answers import TableAsked, asked_rows
from poolpipe.live.rights import EVERYTHING, has_place, rows_of_place
from poolpipe.policy import Policy

if TYPE_CHECKING:
    from poolpipe.live.tables import LiveTables

TABLES = ("pools", "members", "recalls", "cases", "retention")


def _city(seed: int) -> LiveTables:
    cut = batches(seed, "large")
    live = Live(cut.some(0, 1), Policy())
    for number in range(1, cut.count):
        live.apply(cut.some(number, number + 1))
    return live.tables


def _as_words(tables: LiveTables, table: str, wanted: dict[str, str]) -> pl.DataFrame:
    rows = tables.table(table)
    for name, value in wanted.items():
        if name in ("site", "lab"):
            rows = rows_of_place(table, rows, name, value, lambda: tables.table("pools"))
        else:
            rows = rows.filter(pl.col(name) == value)
    return rows


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_rows__of_every_round_site_lab_and_status_are_those_of_the_table(seed: int) -> None:
    tables = _city(seed)
    pools, seen = tables.table("pools"), 0
    for table, column in product(TABLES, ("round", "site", "lab", "status")):
        own = tables.table(table)
        if column not in own.columns and not (column in ("site", "lab") and has_place(table, column)):
            continue
        values = (own if column in own.columns else pools)[column].drop_nulls().unique().to_list()
        for value in (*values, "nowhere"):
            expected = _as_words(tables, table, {column: value})
            seen += expected.height
            asked = TableAsked(table, **{column: value}, rows=1_000_000)
            assert asked_rows(tables, asked).equals(expected), (table, column, value)
            of_place = TableAsked(table, **{column: value}, first=1, rows=2)
            assert asked_rows(tables, of_place).equals(expected[1:3])
            if column in ("site", "lab"):
                reader = EVERYTHING._replace(**{column: value})
                assert asked_rows(tables, TableAsked(table, rows=1_000_000), None, reader).equals(expected)
    assert seen > 100


def test_rows__of_a_place_in_a_place_are_those_of_both() -> None:
    tables = _city(2)
    site, lab = (tables.table("pools")[name].drop_nulls().mode()[0] for name in ("site", "lab"))
    for table in TABLES:
        expected = _as_words(tables, table, {"site": site, "lab": lab})
        asked = TableAsked(table, site=site, rows=1_000_000)
        assert asked_rows(tables, asked, None, EVERYTHING._replace(lab=lab)).equals(expected)
