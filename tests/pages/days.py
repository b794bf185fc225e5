"""Days written by hand for pages."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl

from poolpipe.pages.day_page import day_page
from poolpipe.pages.source import source_of_day
from poolpipe.results.day import Day
from poolpipe.tables import TABLES

NOON = datetime(2022, 2, 10, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def table(name, rows=()):
    """A result table from partial rows; what a row leaves out is null."""
    schema = {column.name: column.dtype for column in TABLES[name]}
    return pl.DataFrame([{**dict.fromkeys(schema), **row} for row in rows], schema=schema)


def day(*, as_of=NOON, summary=(), **tables):
    """A day of the tables given, as rows or frames; the others are empty."""
    made = {
        name: rows if isinstance(rows := tables.get(name, ()), pl.DataFrame) else table(name, rows)
        for name in TABLES
    }
    told = {
        "as_of": as_of and as_of.isoformat(),
        "policy": {"name": "ten-in-one", "version": "0123456789ab"},
        "files": [], "columns_left_out": {}, "skipped": [],
        "rows": {name: frame.height for name, frame in made.items()},
        **dict(summary),
    }  # fmt: skip
    return Day(made, told)


def page(a_day, **options):
    return day_page(source_of_day(a_day), zone="Asia/Shanghai", **options)


def recall(rank, person, *, opened=NOON, hours=6, status="open", **more):
    due = opened + timedelta(hours=hours)
    return {"round": "", "tube": "T1", "person_type": "RIC", "person": person, "opened_at": opened, "due_at": due,
            "status": status, "overdue": False, "late": False, "lab": "L1", "p_infected": 0.1, "rank": rank, **more}  # fmt: skip


def tube(code, call, *, site="S1", called_at=NOON, mode="pool", people=10):
    return {"round": "", "tube": code, "mode": mode, "call": call, "called_at": called_at, "site": site, "people": people,
            "state": "reported"}  # fmt: skip


def ledger(site, *counts):
    steps = ("collected", "packed", "picked_up", "received", "loaded", "reported")
    return {"round": "", "site": site, "orphans": 0, **dict(zip(steps, counts, strict=True))}
