"""Who has to come again: the stage on coded events against the Polars peer's query on text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from benchmarks.peers import polars_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages


@pytest.mark.benchmark(group="recalls: who has to come again, and what came of it")
class BenchRecalls:
    def bench_recalls(self, speed: Callable[..., Any], stages: Stages) -> None:
        recalls = speed("recalls", len(stages.links.members), stages.open_recalls)
        assert len(recalls) > 0

    def bench_polars(self, speed: Callable[..., Any], stages: Stages) -> None:
        opened, as_of = polars_peer.openings(stages.wells, stages.texts["report"]), pl.lit(stages.as_of)
        query = polars_peer.recalls(stages.people, stages.tubes, opened, stages.texts["collect"], as_of)
        speed("polars peer", len(stages.links.members), lambda: query.collect(engine="streaming"))
