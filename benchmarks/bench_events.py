"""Files to clean, coded events without duplicates, against a table engine that only reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from benchmarks.peers.events import COLUMNS
from poolpipe.events import read_events
from poolpipe.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture(scope="module")
def spelled(people: int, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite's city once more, as CSV."""
    from poolpipe.simulate import simulate

    folder = tmp_path_factory.mktemp("csv") / "day"
    simulate(
        folder, people=people, preset="shanghai", seed=20220404, format="csv", troubles={"unreadable": 0.0}
    )
    return folder / "events"


def read(folder: Path) -> int:
    """Records read by poolpipe."""
    events = read_events(folder, Policy())
    return sum(file["read"] for file in events.files)


@pytest.mark.benchmark(group="events: Parquet")
class BenchParquet:
    def bench_events(self, speed: Callable[..., Any], city: Path) -> None:
        assert speed("events", _rows(city), lambda: read(city)) == _rows(city)

    def bench_polars(self, speed: Callable[..., Any], city: Path) -> None:
        files = sorted(city.rglob("*.parquet"))
        speed("polars, read and no more", _rows(city), lambda: [pl.read_parquet(file) for file in files])

    def bench_polars_distinct(self, speed: Callable[..., Any], city: Path) -> None:
        files = sorted(city.rglob("*.parquet"))
        distinct = lambda: [pl.scan_parquet(file).unique().collect(engine="streaming") for file in files]  # noqa: E731
        speed("polars, distinct rows", _rows(city), distinct)


@pytest.mark.benchmark(group="events: CSV")
class BenchCsv:
    def bench_events(self, speed: Callable[..., Any], spelled: Path, city: Path) -> None:
        assert speed("events", _rows(city), lambda: read(spelled)) == _rows(city)

    def bench_polars(self, speed: Callable[..., Any], spelled: Path, city: Path) -> None:
        files = sorted(spelled.rglob("*.csv"))
        texts = dict.fromkeys({name for columns in COLUMNS.values() for name in columns}, pl.String)
        parse = lambda: [pl.read_csv(file, schema_overrides=texts) for file in files]  # noqa: E731
        speed("polars, texts and no more", _rows(city), parse)


def _rows(folder: Path) -> int:
    return sum(pl.scan_parquet(file).select(pl.len()).collect().item() for file in folder.rglob("*.parquet"))
