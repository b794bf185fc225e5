"""The main job from files to files in one warm process: poolpipe, the peers and the floor."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

import poolpipe
from benchmarks import floor
from benchmarks.peers import duckdb_peer, pandas_peer, polars_peer

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

WAYS = {
    "polars peer": polars_peer.main,
    "duckdb peer": duckdb_peer.main,
    "pandas peer": pandas_peer.main,
    "floor": floor.main,
}


@pytest.mark.benchmark(group="run: a day from files to tables on disk")
class BenchRun:
    def bench_run(self, speed: Callable[..., Any], city: Path, people: int, tmp_path: Path) -> None:
        speed("poolpipe, every table", people, lambda: poolpipe.run(city).write(tmp_path))
        assert (tmp_path / "summary.json").exists()

    @pytest.mark.parametrize("way", WAYS)
    def bench_others(
        self, speed: Callable[..., Any], city: Path, people: int, way: str, tmp_path: Path
    ) -> None:
        speed(way, people, lambda: WAYS[way](city, tmp_path / "out"))


@pytest.mark.benchmark(group="run: another view of a loaded day")
class BenchView:
    def bench_view(self, speed: Callable[..., Any], city: Path, people: int) -> None:
        day = poolpipe.run(city)
        moment = datetime.fromisoformat(day.summary["as_of"]) - timedelta(hours=3)
        speed("view as of an earlier moment", people, lambda: day.view(as_of=moment))

    def bench_run(self, speed: Callable[..., Any], city: Path, people: int) -> None:
        speed("run again", people, lambda: poolpipe.run(city))
