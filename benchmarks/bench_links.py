"""Members of every tube: the stage on coded events against the Polars peer's query on text, input in memory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.peers import polars_peer

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages


@pytest.mark.benchmark(group="links: members of every tube")
class BenchLinks:
    def bench_links(self, speed: Callable[..., Any], stages: Stages) -> None:
        links = speed("links", len(stages.frames["collect"]), stages.link)
        assert len(links.members) == len(stages.people.collect())

    def bench_polars(self, speed: Callable[..., Any], stages: Stages) -> None:
        query = polars_peer.members(stages.texts["collect"])
        speed("polars peer", len(stages.frames["collect"]), lambda: query.collect(engine="streaming"))
