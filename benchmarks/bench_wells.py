"""From read-outs to what each well says: the kernels against the Polars peer's expressions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from benchmarks.peers import polars_peer
from poolpipe.coding.arrow_arrays import values_and_validity
from poolpipe_kernels import well_index
from poolpipe_kernels import wells as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

TARGETS = ("ORF1ab", "N", "IC")


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
            "plate_number": np.repeat(np.arange(wells, dtype=np.uint32) // 96, 3),
            "position": np.repeat(np.arange(wells, dtype=np.int32) % 96, 3),
            "target": pl.Series(np.tile(TARGETS, wells)),
            "number": np.tile(np.arange(3, dtype=np.uint32), wells),
            "ct": pl.Series(ct.ravel(), nan_to_null=True),
            "at": pl.Series(rng.integers(0, 86_400_000_000, 3 * wells)).cast(pl.Datetime("us", "UTC")),
        }
    )


CUT_OFFS = np.array([37.0, 40.0, 40.0])


def judge(readings: pl.DataFrame) -> NDArray[np.int8]:
    ct, determined = values_and_validity(readings["ct"])
    at, target = readings["at"].to_physical().to_numpy(), readings["number"].to_numpy()
    where = readings["plate_number"].to_numpy(), readings["position"].to_numpy()
    plates = int(where[0].max()) + 1
    bits, ranks = (np.zeros((plates, well_index.WORDS), kind) for kind in (np.uint64, np.uint32))
    well_index.mark_slots(*where, bits)
    n = well_index.rank_slots(bits, ranks)
    slot, begins, rows = np.empty(n, np.int64), np.zeros(n + 2, np.uint32), np.empty(len(at), np.uint32)
    well_index.list_slots(bits, slot)
    well_index.group_readings(*where, bits, ranks, begins, rows)
    marks, outcome = np.zeros(n, np.uint8), np.zeros(n, np.int8)
    stood_at, first_sign = np.zeros(n, np.int64), np.zeros(n, np.int64)
    last_reading, controls_at = np.full(plates, -1, np.int64), np.zeros(plates, np.int64)
    kernels.judge_wells(
        slot, begins, rows, target, np.arange(3, dtype=np.int8), ct, determined, at, CUT_OFFS, 2,
        marks, outcome, stood_at, first_sign, last_reading, controls_at,
    )  # fmt: skip
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
