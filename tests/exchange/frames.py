"""A small result as frames: the four calls, a tube without call, an orphan, codes that are delimiters elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import polars as pl

TIME = pl.Datetime("us", "UTC")
SWABBED = datetime(2022, 2, 10, 1, 2, 3, tzinfo=UTC)
SWABBED_LATER = datetime(2022, 2, 10, 1, 2, 44, tzinfo=UTC)
CALLED = datetime(2022, 2, 10, 4, 5, 6, tzinfo=UTC)
LATER = datetime(2022, 2, 11, 7, 8, 9, tzinfo=UTC)

POOLS: dict[str, Any] = {"round": pl.String, "tube": pl.String, "mode": pl.String, "lab": pl.String, "call": pl.String,
         "called_at": TIME, "called_by": pl.String, "first_collected": TIME}  # fmt: skip
MEMBERS: dict[str, Any] = {"round": pl.String, "tube": pl.String, "person_type": pl.String, "person": pl.String,
           "collected_at": TIME, "position": pl.Int64}  # fmt: skip
READINGS: dict[str, Any] = {"round": pl.String, "plate": pl.String, "well": pl.String, "target": pl.String, "ct": pl.Float64,
            "reagent": pl.String, "instrument": pl.String, "shared": pl.Boolean}  # fmt: skip


def tube(code: str, call: str | None, **facts: Any) -> dict[str, Any]:
    """A row of `pools`: a pool of no round, called by well P1:A01."""
    called = {"called_at": CALLED, "called_by": "well P1:A01"} if call else {}
    return {"round": "", "tube": code, "mode": "pool", "lab": "CDC1", "first_collected": SWABBED, **called, "call": call,
            **facts}  # fmt: skip


def person(code: str, number: str, position: int = 1, **facts: Any) -> dict[str, Any]:
    """A row of `members`: a resident of no round."""
    at = SWABBED if position == 1 else SWABBED_LATER
    return {"round": "", "tube": code, "person_type": "RIC", "person": number, "collected_at": at, "position": position,
            **facts}  # fmt: skip


def reading(target: str, ct: float | None, **facts: Any) -> dict[str, Any]:
    """A row of `readings`, of well P1:A01."""
    return {"round": "", "plate": "P1", "well": "A01", "target": target, "ct": ct, **facts}


def pools(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, POOLS)


def members(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, MEMBERS)


def readings(*rows: dict[str, Any]) -> pl.DataFrame:
    return pl.DataFrame(rows, READINGS)


FIRST, SECOND = "110101199003070011", "01010119900307002X"
"""Two residents nobody is: eighteen digits, and a leading zero."""
