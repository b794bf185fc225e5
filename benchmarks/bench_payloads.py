"""Check characters and GS1 element strings: whole columns against one code at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import biip
import numpy as np
import polars as pl
import pytest
from stdnum.iso7064 import mod_37_36

from poolpipe.events.payloads import check_characters_fit, gs1_values

if TYPE_CHECKING:
    from collections.abc import Callable

CODES = 100_000


@pytest.fixture(scope="module")
def serials() -> pl.Series:
    rng = np.random.default_rng(1)
    return pl.Series(rng.integers(10**11, 10**12, CODES)).cast(pl.String)


@pytest.fixture(scope="module")
def element_strings(serials: pl.Series) -> pl.Series:
    return pl.select("]C10109521123456788" + pl.lit("21") + pl.lit(serials)).to_series()


@pytest.mark.benchmark(group="payloads: check characters, MOD 37,36")
class BenchCheckCharacters:
    def bench_column(self, speed: Callable[..., Any], serials: pl.Series) -> None:
        speed("column", CODES, lambda: check_characters_fit(serials, "mod37_36"))

    def bench_stdnum(self, speed: Callable[..., Any], serials: pl.Series) -> None:
        codes = serials.to_list()
        speed("python-stdnum", CODES, lambda: [mod_37_36.is_valid(code) for code in codes])


@pytest.mark.benchmark(group="payloads: serial of an element string")
class BenchElementStrings:
    def bench_column(self, speed: Callable[..., Any], element_strings: pl.Series) -> None:
        few = element_strings.head(5_000)
        found = speed("column", len(few), lambda: gs1_values(few, ("21",)))
        assert found.null_count() == 0

    def bench_biip(self, speed: Callable[..., Any], element_strings: pl.Series) -> None:
        codes = element_strings.head(5_000).to_list()
        speed("biip.parse", len(codes), lambda: [biip.parse(code) for code in codes])
