"""Wells, plates and tubes judged: the stage on coded events against the Polars peer's query on text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.peers import polars_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages


@pytest.mark.benchmark(group="calls: wells, plates and tubes judged")
class BenchCalls:
    def bench_calls(self, speed: Callable[..., Any], stages: Stages) -> None:
        speed("calls", _readings(stages), stages.call)

    def bench_polars(self, speed: Callable[..., Any], stages: Stages) -> None:
        texts = stages.texts
        wells = polars_peer.judged_wells(texts["load"], texts["read"])
        query = polars_peer.tube_calls(wells, texts["report"])
        speed("polars peer", _readings(stages), lambda: query.collect(engine="streaming"))


def _readings(stages: Stages) -> int:
    return sum(len(stages.frames[kind]) for kind in ("load", "read", "report"))
