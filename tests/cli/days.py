"""Small days written by hand, and a terminal that records what is printed."""

from __future__ import annotations

import io
from datetime import UTC, datetime

import polars as pl
from rich.console import Console

from poolpipe.results.day import Day
from poolpipe.tables import TABLES

NOON = datetime(2022, 2, 10, 4, 0, tzinfo=UTC)  # 12:00 in Shanghai


def table(name, rows=()):
    """A result table from partial rows; what a row leaves out is null."""
    schema = {column.name: column.dtype for column in TABLES[name]}
    return pl.DataFrame([{**dict.fromkeys(schema), **row} for row in rows], schema=schema)


def day(*, as_of=NOON, policy=("ten-in-one", "0123456789ab"), files=(), **rows):
    """A day of the tables given, the others empty."""
    summary = {
        "as_of": as_of.isoformat(),
        "policy": dict(zip(("name", "version"), policy, strict=True)),
        "files": list(files),
        "columns_left_out": {},
        "skipped": [],
    }
    return Day({name: table(name, rows.get(name, ())) for name in TABLES}, summary)


def printed(*renderables, width=100):
    """What a terminal of this width shows, without colours."""
    shown = io.StringIO()
    console = Console(file=shown, width=width, color_system=None)
    for each in renderables:
        console.print(each)
    return shown.getvalue()


def tube(code, call=None, **columns):
    return {"round": "", "tube": code, "mode": "pool", "capacity": 10, "people": 10, "call": call,
            "state": "reported" if call not in (None, "invalid") else "collected",
            "first_collected": NOON, "last_collected": NOON, **columns}  # fmt: skip


def recall(code, person, rank=1, **columns):
    return {"round": "", "tube": code, "person_type": "RIC", "person": person, "rank": rank, "status": "open",
            "opened_at": NOON, "due_at": NOON, "overdue": False, "late": False, **columns}  # fmt: skip
