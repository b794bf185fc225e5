"""Anomalies that times of arrival tell, which a store alone has: wrong clocks of devices, and sources that fell silent."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.coding.quarters import QUARTER_US
from poolpipe.stages.anomalies.rows import NOTHING, facts, rows
from poolpipe.stages.anomalies.silence import silent_sources
from poolpipe.stages.anomalies.skew import wrong_clocks
from poolpipe.tables import TIME

if TYPE_CHECKING:
    from poolpipe.arrival_policy import Arriving
    from poolpipe.coding.quarters import Heard

__all__ = ["of_arrivals"]

_MINUTE_US: Final = 60_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER: Final = timedelta(microseconds=QUARTER_US)


def of_arrivals(heard: Heard, rules: Arriving, asked: datetime | None) -> pl.DataFrame:
    """Find `clock_skew` and `source_silent`.

    Parameters
    ----------
    heard : Heard
        Empty where no time of arrival is known.
    rules : Arriving
        The policy's.
    asked : datetime or None
        The moment as of which the day is seen: what came later does not count, nor did what is dated later happen; in
        whole quarters of an hour. Without it everything counts that came.

    Returns
    -------
    DataFrame
        As `tables.TABLES["anomalies"]`.
    """
    if asked is not None:
        heard = heard.kept(heard.known < (asked - _EPOCH) // _QUARTER)
    if not len(heard):
        return rows("clock_skew", NOTHING)
    until = int(heard.times[:, 1].max()) // QUARTER_US
    return pl.concat(
        [_clocks(wrong_clocks(heard, rules)), _silences(silent_sources(heard, rules, until))],
    )


def _clocks(wrong: pl.DataFrame) -> pl.DataFrame:
    fields: dict[str, str | pl.Expr] = {
        "minutes": _minutes(pl.col("error").abs()),
        "spread": _minutes(pl.col("spread")),
        "quarters": "quarters",
        "since": _moment("first"),
        "until": _moment("last"),
    }
    told = (
        pl.when(pl.col("error") > 0)
        .then(facts("clock_ahead", **fields))
        .otherwise(facts("clock_behind", **fields))
    )
    subjects = wrong.select(
        pl.lit("").alias("round"),
        pl.col("device").alias("subject"),
        pl.col("first").cast(TIME).alias("at"),
        told.alias("facts"),
    )
    return rows("clock_skew", subjects)


def _silences(silent: pl.DataFrame) -> pl.DataFrame:
    told = facts("source_silent", last=_moment("last"), usual="usual", days="days", quarters="quarters")
    subjects = silent.select(
        "kind",
        pl.lit("").alias("round"),
        pl.col("source").alias("subject"),
        pl.col("last").cast(TIME).alias("at"),
        told.alias("facts"),
    )
    return rows("source_silent", subjects, subject_kind="kind")


def _minutes(micros: pl.Expr) -> pl.Expr:
    return (micros / _MINUTE_US).round(1)


def _moment(column: str) -> pl.Expr:
    return pl.col(column).cast(TIME).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
