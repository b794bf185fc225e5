"""Packing, journey and well of every tube: the stage on coded events against the Polars peer's query on text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.peers import polars_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages


@pytest.mark.benchmark(group="custody: last packing, journey and well of every tube")
class BenchCustody:
    def bench_custody(self, speed: Callable[..., Any], stages: Stages) -> None:
        speed("custody", _scans(stages), stages.keep_custody)

    def bench_polars(self, speed: Callable[..., Any], stages: Stages) -> None:
        query = polars_peer.follow_boxes(
            stages.texts["pack"], stages.texts["pickup"], stages.texts["receive"]
        )
        speed("polars peer, without wells", _scans(stages), lambda: query.collect(engine="streaming"))


def _scans(stages: Stages) -> int:
    return sum(len(stages.frames[kind]) for kind in ("pack", "pickup", "receive", "load"))
