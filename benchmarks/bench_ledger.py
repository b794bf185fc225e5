"""Tubes by round, site and box: the stage on coded pools against a Polars query on text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from poolpipe.stages.ledger import balance

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages


@pytest.mark.benchmark(group="ledger: tubes by round, site and box")
class BenchLedger:
    def bench_ledger(self, speed: Callable[..., Any], stages: Stages) -> None:
        speed("ledger", len(stages.pools), lambda: balance(stages.pools, stages.events.codes))

    def bench_polars(self, speed: Callable[..., Any], stages: Stages) -> None:
        steps = ["collected", "packed", "picked_up", "received", "loaded", "reported"]
        reached = pl.col("state").cast(pl.Enum(steps)).to_physical()
        counts = [(reached >= place).sum().alias(step) for place, step in enumerate(steps)]
        query = stages.tubes.group_by("round", "site", "box").agg(counts)
        speed("polars on text", len(stages.pools), lambda: query.collect(engine="streaming"))
