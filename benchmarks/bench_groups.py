"""Finding equal rows and gathering rows by key: the kernels against a table engine's groups and a sort."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe_kernels import groups as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

SALT = np.uint64(0x9E3779B97F4A7C15)


@pytest.fixture(scope="module")
def values(rows: int) -> NDArray[np.uint64]:
    """Nearly all different, as scans are: one in a thousand comes again."""
    rng = np.random.default_rng(2)
    values = rng.integers(0, 2**63, rows, dtype=np.uint64)
    values[rng.integers(0, rows, rows // 1000)] = values[rng.integers(0, rows, rows // 1000)]
    return values


@pytest.fixture(scope="module")
def tubes(rows: int) -> NDArray[np.uint32]:
    """Ten scans a tube, nearly in order."""
    order = np.arange(rows) + np.random.default_rng(3).integers(0, 200, rows)
    return (np.argsort(np.argsort(order)) // 10).astype(np.uint32)


def first_equals(values: NDArray[np.uint64]) -> NDArray[np.uint32]:
    hashes = np.zeros(len(values), np.uint64)
    kernels.mix(hashes, values, SALT)
    firsts = np.empty(len(values), np.uint32)
    kernels.first_equals(hashes, firsts)
    return firsts


@pytest.mark.benchmark(group="groups: the first row equal to each row")
class BenchFirstEquals:
    def bench_kernel(self, speed: Callable[..., Any], values: NDArray[np.uint64]) -> None:
        speed("kernel, hashing included", len(values), lambda: first_equals(values))

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


def gather(tubes: NDArray[np.uint32]) -> NDArray[np.uint32]:
    counts = np.zeros(int(tubes.max()) + 2, np.int64)
    kernels.count_keys(tubes, counts[1:])
    rows = np.empty(len(tubes), np.uint32)
    kernels.scatter_rows(tubes, np.cumsum(counts)[:-1], rows)
    return rows


@pytest.mark.benchmark(group="groups: rows in the order of their tubes")
class BenchGather:
    def bench_kernel(self, speed: Callable[..., Any], tubes: NDArray[np.uint32]) -> None:
        speed("kernel", len(tubes), lambda: gather(tubes))

    def bench_numpy(self, speed: Callable[..., Any], tubes: NDArray[np.uint32]) -> None:
        rows = speed("numpy stable argsort", len(tubes), lambda: np.argsort(tubes, kind="stable"))
        assert np.array_equal(rows, gather(tubes))

    def bench_polars(self, speed: Callable[..., Any], tubes: NDArray[np.uint32]) -> None:
        column = pl.Series(tubes)
        speed("polars arg_sort", len(tubes), column.arg_sort)
