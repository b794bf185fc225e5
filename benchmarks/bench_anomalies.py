"""What went wrong: one anomaly beside the Polars peer's query, and all the others together."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.peers import polars_peer
from poolpipe.stages.anomalies import find_anomalies

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages


@pytest.mark.benchmark(group="anomalies: a person in two pool tubes")
class BenchTwoTubes:
    def bench_anomalies(self, speed: Callable[..., Any], stages: Stages) -> None:
        speed("anomalies", len(stages.links.members), stages.people_in_several_tubes)

    def bench_polars(self, speed: Callable[..., Any], stages: Stages) -> None:
        query = polars_peer.in_two_tubes(stages.people, stages.tubes)
        speed("polars peer", len(stages.links.members), lambda: query.collect(engine="streaming"))


@pytest.mark.benchmark(group="anomalies: all the others")
def bench_all_anomalies(speed: Callable[..., Any], stages: Stages) -> None:
    seen = stages.seen
    found = speed("anomalies", len(stages.pools), lambda: find_anomalies(seen))
    assert len(found) > 0
