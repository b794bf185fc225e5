"""RFC 3339 times: the kernel against a table engine's and pandas' parsers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe_kernels import times as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray


@pytest.fixture(scope="module")
def moments(rows: int) -> pl.Series:
    """Texts as devices in Shanghai write them."""
    micros = np.random.default_rng(5).integers(0, 86_400, rows) * 1_000_000 + 1_649_030_400_000_000
    return pl.Series("at", micros).cast(pl.Datetime("us")).dt.strftime("%Y-%m-%dT%H:%M:%S+08:00")


def by_kernel(moments: pl.Series) -> NDArray[np.int64]:
    text = np.frombuffer("".join(moments).encode(), np.uint8)
    offsets = np.arange(len(moments) + 1, dtype=np.int64) * 25
    return parsed(text, offsets)


def parsed(text: NDArray[np.uint8], offsets: NDArray[np.int64]) -> NDArray[np.int64]:
    micros, kinds = np.empty(len(offsets) - 1, np.int64), np.empty(len(offsets) - 1, np.uint8)
    kernels.parse_times(text, offsets, micros, kinds)
    return micros


@pytest.mark.benchmark(group="times: RFC 3339 texts to microseconds")
class BenchTimes:
    def bench_kernel(self, speed: Callable[..., Any], moments: pl.Series) -> None:
        text = np.frombuffer("".join(moments).encode(), np.uint8)
        offsets = np.arange(len(moments) + 1, dtype=np.int64) * 25
        speed("kernel", len(moments), lambda: parsed(text, offsets))

    def bench_polars(self, speed: Callable[..., Any], moments: pl.Series) -> None:
        parse = lambda: moments.str.to_datetime("%Y-%m-%dT%H:%M:%S%z", time_unit="us")  # noqa: E731 - one call, timed
        found = speed("polars to_datetime", len(moments), parse)
        assert np.array_equal(found.to_physical().to_numpy(), by_kernel(moments))

    def bench_pandas(self, speed: Callable[..., Any], moments: pl.Series) -> None:
        import pandas as pd

        texts = pd.Series(moments.to_list())
        speed("pandas to_datetime", len(moments), lambda: pd.to_datetime(texts, format="ISO8601", utc=True))
