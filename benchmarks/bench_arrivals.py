"""Arrivals of a million events of many devices: folded into quarters of an hour beside polars, and what they tell."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.arrival_policy import Arriving
from poolpipe.coding.quarters import QUARTER_US, Heard, heard_in_quarters, joined_quarters
from poolpipe.stages.anomalies import of_arrivals

if TYPE_CHECKING:
    from collections.abc import Callable

EVENTS, DEVICES, QUARTERS = 1_000_000, 2_000, 40
BEGIN = 1_646_092_800_000_000


@pytest.fixture(scope="module")
def events() -> pl.DataFrame:
    rng = np.random.default_rng(7)
    arrived = np.sort(rng.integers(0, QUARTERS * QUARTER_US, EVENTS)) + BEGIN
    return pl.DataFrame(
        {
            "device": rng.integers(0, DEVICES, EVENTS, np.int32),
            "at": arrived - rng.integers(60_000_000, 600_000_000, EVENTS),
            "sent": arrived - rng.integers(1_000_000, 60_000_000, EVENTS),
            "arrived": arrived,
        }
    )


def _folded(events: pl.DataFrame) -> Heard:
    names = pl.Series([f"D{number}" for number in range(DEVICES)])
    at, arrived, sent = (events[name].to_numpy() for name in ("at", "arrived", "sent"))
    return heard_in_quarters({"device": (events["device"].to_numpy(), names)}, at, arrived, sent)


@pytest.mark.benchmark(group="arrivals: folded into quarters of an hour")
class BenchFold:
    def bench_fold(self, speed: Callable[..., Any], events: pl.DataFrame) -> None:
        speed("arrivals", EVENTS, lambda: _folded(events))

    def bench_polars(self, speed: Callable[..., Any], events: pl.DataFrame) -> None:
        arrived = pl.col("arrived")
        query = (
            events.lazy()
            .group_by("device", pl.max_horizontal("at", "arrived") // QUARTER_US)
            .agg(
                arrived.min().alias("first"),
                arrived.max().alias("last"),
                (arrived - pl.col("at")).min().alias("age"),
                (arrived - pl.col("sent")).min().alias("least"),
                (arrived - pl.col("sent")).max().alias("most"),
            )
        )
        speed("polars peer", EVENTS, lambda: query.collect(engine="streaming"))


@pytest.mark.benchmark(group="arrivals: wrong clocks and silent sources")
def bench_found(speed: Callable[..., Any], events: pl.DataFrame) -> None:
    heard = joined_quarters([_folded(events)])
    found = speed("arrivals", EVENTS, lambda: of_arrivals(heard, Arriving(), None))
    assert found.is_empty()
