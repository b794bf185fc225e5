"""The sample town, concluded once, and its nights; rows as plain dicts."""

from __future__ import annotations

import tempfile
from datetime import date
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq

import poolpipe
from poolpipe.nightly import read_table, run_night

TOWN = Path(__file__).parents[2] / "data" / "samples" / "town"
FILES = {name: TOWN / "reference" / f"{name}.parquet" for name in ("people", "sites", "labs")}
DAYS = (date(2022, 4, 4), date(2022, 4, 5), date(2022, 4, 7), date(2022, 4, 8))
_FOLDER = tempfile.TemporaryDirectory()
"""Removed when the tests end."""


def place() -> Path:
    return Path(_FOLDER.name)


@cache
def known():
    return poolpipe.read_reference(**FILES)


@cache
def result() -> Path:
    folder = place() / "result"
    poolpipe.run(TOWN / "events", reference=known(), out=folder)
    return folder


@cache
def night(small_cell: int = 0) -> Path:
    """All days of the town, counted in one run; with 0 nothing is hidden."""
    out = place() / f"night-{small_cell}.duckdb"
    run_night(
        result(), DAYS[-1], out, days=5, policy={"nightly": {"small_cell": small_cell}}, reference=known()
    )
    return out


@cache
def first_night() -> Path:
    """The first day of the town alone; counts up to 4 are hidden."""
    out = place() / "first.duckdb"
    run_night(result(), DAYS[0], out, policy={"nightly": {"small_cell": 4}}, reference=known())
    return out


@cache
def unlisted() -> Path:
    """The first day of the town, counted without any reference table."""
    out = place() / "unlisted.duckdb"
    run_night(result(), DAYS[0], out)
    return out


@cache
def rows(table: str):
    """Rows of a table of the result, or of a reference table."""
    path = FILES[table] if table in FILES else result() / f"{table}.parquet"
    found = pq.read_table(path).to_pylist()
    if table == "people":
        found = [
            {"person_type": "RIC", "household": None, **each}
            | {name: each.get(name) or "" for name in ("township", "community", "building")}
            for each in found
        ]
    return found


@cache
def mart(name: str, day: date, small_cell: int = 0):
    return read_table(night(small_cell), name, day).to_dicts()


@cache
def first_mart(name: str):
    return read_table(first_night(), name, DAYS[0]).to_dicts()
