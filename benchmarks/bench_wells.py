"""From read-outs to what each well says: the kernels against the Polars peer's expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from benchmarks.peers import polars_peer
from poolpipe_kernels import wells as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TARGETS = ("ORF1ab", "N", "IC")
NEVER = kernels.NEVER


@pytest.fixture(scope="module")
def readings(rows: int) -> pl.DataFrame:
    """Three targets a well; one well in a hundred amplifies somewhere between cycles 20 and 42."""
    rng = np.random.default_rng(7)
    wells = rows // 3
    ct = np.full((wells, 3), np.nan)
    ct[:, 2] = rng.normal(26, 2, wells)
    positive = rng.integers(0, wells, wells // 100)
    ct[positive, :2] = rng.uniform(20, 42, (len(positive), 2))
    return pl.DataFrame(
        {
            "round": pl.repeat("", 3 * wells, eager=True),
            "plate": pl.Series(np.repeat(np.arange(wells) // 96, 3)).cast(pl.String),
            "well": pl.Series(np.repeat(np.arange(wells) % 96, 3)).cast(pl.String),
            "number": np.repeat(np.arange(wells, dtype=np.uint32), 3),
            "target": pl.Series(np.tile(TARGETS, wells)),
            "place": np.tile(np.arange(3, dtype=np.int8), wells),
            "ct": pl.Series(ct.ravel(), nan_to_null=True),
            "at": pl.Series(rng.integers(0, 86_400_000_000, 3 * wells)).cast(pl.Datetime("us", "UTC")),
        }
    )


def judge(readings: pl.DataFrame) -> NDArray[np.int8]:
    wells = len(readings) // 3
    since = np.full((wells, 3, 3), NEVER)
    ct = readings["ct"].fill_null(float("nan")).to_numpy()
    at = readings["at"].to_physical().to_numpy()
    place, number = readings["place"].to_numpy(), readings["number"].to_numpy()
    kernels.collect_readings(number, place, ct, at, 37.0, 40.0, 40.0, since)
    outcome, incomplete = np.empty(wells, np.int8), np.empty(wells, np.bool_)
    stood_at, first_sign, targets_at = (np.empty(wells, np.int64) for _ in range(3))
    kernels.judge_wells(since, outcome, stood_at, first_sign, incomplete, targets_at)
    return outcome


@pytest.mark.benchmark(group="wells: readings to calls")
class BenchWells:
    def bench_kernel(self, speed: Callable[..., Any], readings: pl.DataFrame) -> None:
        speed("kernels", len(readings), lambda: judge(readings))

    def bench_polars(self, speed: Callable[..., Any], readings: pl.DataFrame) -> None:
        query = polars_peer.well_readings(readings.lazy())
        found = speed("polars expressions on text", len(readings), lambda: query.collect(engine="streaming"))
        positive = found.filter((pl.col("orf") == 0) & (pl.col("n") == 0))
        assert len(positive) == np.sum(judge(readings) == kernels.POSITIVE)
