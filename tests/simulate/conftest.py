"""A small town with the usual troubles, and a small lean city, made once for all tests of the simulator."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import polars as pl
import pytest

from poolpipe.simulate import Summary, simulate

if TYPE_CHECKING:
    from pathlib import Path


class City(NamedTuple):
    folder: Path
    summary: Summary

    def events(self, stream: str, name: str = "part") -> pl.DataFrame:
        return pl.read_parquet(self.folder / "events" / stream / f"{name}-*.parquet")

    def reference(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "reference" / f"{name}.parquet")

    def truth(self, name: str) -> pl.DataFrame:
        return pl.read_parquet(self.folder / "truth" / f"{name}.parquet")


def make(folder: Path, **options) -> City:
    return City(folder, simulate(folder, **options))


@pytest.fixture(scope="session")
def calm() -> dict[str, float]:
    from poolpipe.simulate import TROUBLES

    return dict.fromkeys(TROUBLES, 0.0)


@pytest.fixture(scope="session")
def town(tmp_path_factory, calm) -> City:
    """Two rounds, rich columns, nothing goes wrong."""
    return make(tmp_path_factory.mktemp("town"), people=1_500, seed=3, preset="town", troubles=calm)


@pytest.fixture(scope="session")
def lean(tmp_path_factory, calm) -> City:
    """A hundredth of Shanghai without troubles, in three pieces."""
    folder = tmp_path_factory.mktemp("lean")
    return make(folder, people=256_650, seed=5, preset="shanghai", troubles=calm, pieces=3)
