"""A simulated city: rows written a second, beside copying the same files."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks import floor
from poolpipe.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.mark.benchmark(group="simulate: a Shanghai day on disk")
class BenchSimulate:
    def bench_simulate(self, speed: Callable[..., Any], people: int, tmp_path: Path) -> None:
        make = lambda: simulate(tmp_path / "day", people=people, preset="shanghai", seed=1, force=True)  # noqa: E731
        summary = speed("simulate", people, make)
        assert summary.events["collect"] >= people

    def bench_floor(self, speed: Callable[..., Any], city: Path, people: int, tmp_path: Path) -> None:
        speed("copying such files", people, lambda: floor.main(city, tmp_path / "copy"))
        shutil.rmtree(tmp_path / "copy")
