"""Finding equal rows and counting rows by key: the kernels against a table engine's groups and a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.coding.hash_groups import first_rows_with_hash
from poolpipe_kernels import groups as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def values(rows: int) -> NDArray[np.uint64]:
    """Nearly all different, as scans are: one in a thousand comes again."""
    rng = np.random.default_rng(2)
    values = rng.integers(0, 2**63, rows, dtype=np.uint64)
    values[rng.integers(0, rows, rows // 1000)] = values[rng.integers(0, rows, rows // 1000)]
    return values


def first_equals(values: NDArray[np.uint64]) -> NDArray[np.uint32]:
    return first_rows_with_hash(pl.Series(values).hash(seed=1).to_numpy())


@pytest.mark.benchmark(group="groups: the first row equal to each row")
class BenchFirstEquals:
    def bench_kernel(self, speed: Callable[..., Any], values: NDArray[np.uint64]) -> None:
        speed("kernels, two threads", len(values), lambda: first_equals(values))

    def bench_polars(self, speed: Callable[..., Any], values: NDArray[np.uint64]) -> None:
        frame = pl.DataFrame({"value": values}).with_row_index("row").lazy()
        query = frame.select(pl.col("row").first().over("value"))
        found = speed("polars over", len(values), lambda: query.collect().to_series())
        assert np.array_equal(found.to_numpy(), first_equals(values))

    def bench_numpy(self, speed: Callable[..., Any], values: NDArray[np.uint64]) -> None:
        def by_sorting() -> NDArray[np.intp]:
            _, firsts, groups = np.unique(values, return_index=True, return_inverse=True)
            return firsts[groups]

        assert np.array_equal(speed("numpy unique", len(values), by_sorting), first_equals(values))


@pytest.fixture(scope="module")
def tubes(rows: int) -> NDArray[np.uint32]:
    """Ten scans a tube, nearly in order."""
    order = np.arange(rows) + np.random.default_rng(3).integers(0, 200, rows)
    return (np.argsort(np.argsort(order)) // 10).astype(np.uint32)


def counts(tubes: NDArray[np.uint32]) -> NDArray[np.int64]:
    counted = np.zeros(len(tubes) // 10, np.int64)
    kernels.count_keys(tubes, counted)
    return counted


@pytest.mark.benchmark(group="groups: scans of each tube counted")
class BenchCount:
    def bench_kernel(self, speed: Callable[..., Any], tubes: NDArray[np.uint32]) -> None:
        speed("kernel", len(tubes), lambda: counts(tubes))

    def bench_numpy(self, speed: Callable[..., Any], tubes: NDArray[np.uint32]) -> None:
        assert np.array_equal(speed("numpy bincount", len(tubes), lambda: np.bincount(tubes)), counts(tubes))

    def bench_polars(self, speed: Callable[..., Any], tubes: NDArray[np.uint32]) -> None:
        query = pl.DataFrame({"tube": tubes}).lazy().group_by("tube").len()
        found = speed("polars group_by", len(tubes), query.collect).sort("tube")
        assert np.array_equal(found["len"].to_numpy(), counts(tubes))


@pytest.fixture(scope="module")
def places(tubes: NDArray[np.uint32]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Site and point of each scan: 300 sites of five points, in the order of the queues."""
    points = tubes // 60
    return (points // 5 % 300).astype(np.int32), (points % 5).astype(np.int32)


@pytest.mark.benchmark(group="groups: distinct pairs numbered")
class BenchPairs:
    def bench_kernel(self, speed: Callable[..., Any], places: Any) -> None:
        numbers, firsts = np.empty(len(places[0]), np.int32), np.empty(len(places[0]), np.int64)
        table = np.empty(300 * 5, np.int32)
        found = speed(
            "kernel, few pairs",
            len(numbers),
            lambda: kernels.number_few_pairs(places[0], places[1], 0, 5, table, numbers, firsts),
        )
        assert found == len(np.unique(places[0].astype(np.int64) * 5 + places[1]))

    def bench_kernel_of_many(self, speed: Callable[..., Any], places: Any) -> None:
        numbers, firsts = np.empty(len(places[0]), np.int32), np.empty(len(places[0]), np.int64)
        found = speed(
            "kernel, many pairs",
            len(numbers),
            lambda: kernels.number_pairs(places[0], places[1], 300 * 6, numbers, firsts),
        )
        assert found == len(np.unique(places[0].astype(np.int64) * 5 + places[1]))

    def bench_polars(self, speed: Callable[..., Any], places: Any) -> None:
        pair = pl.struct(site=pl.Series(places[0]), point=pl.Series(places[1]))
        ranked = speed("polars struct rank", len(places[0]), lambda: pl.select(pair.rank("dense")))
        assert ranked.to_series().max() == len(np.unique(places[0].astype(np.int64) * 5 + places[1]))
