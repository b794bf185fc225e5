"""Identity numbers to integers and back: the kernels against expressions on text, and against plain Python."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.events.byte_profile import ByteProfile
from poolpipe_kernels import codes as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

PATTERN = "[0-9A-Za-z._/-]{1,64}"
WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)


@pytest.fixture(scope="module")
def persons(rows: int) -> pl.Series:
    """Eighteen-character numbers, one in eleven ending in X."""
    rng = np.random.default_rng(1)
    heads = pl.Series(rng.integers(36_0781_1950_0101_000, 36_0781_2009_1231_999, rows))
    tails = pl.Series(np.array(list("0123456789X"))[rng.integers(0, 11, rows)])
    return heads.cast(pl.String) + tails


@pytest.fixture(scope="module")
def flat(persons: pl.Series) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    text = np.frombuffer("".join(persons).encode(), np.uint8)
    return text, np.arange(len(persons) + 1, dtype=np.int64) * 18


@pytest.fixture(scope="module")
def keys(flat: tuple[NDArray[np.uint8], NDArray[np.int64]]) -> NDArray[np.int64]:
    keys = np.empty(len(flat[1]) - 1, np.int64)
    kernels.parse_resident_ids(flat[0], flat[1], keys)
    return keys


def parse_by_expressions(persons: pl.Series) -> pl.Series:
    check = pl.col("id").str.slice(17, 1)
    tail = pl.when(check == "X").then(10).otherwise(check.str.to_integer(strict=False))
    frame = persons.alias("id").to_frame().lazy()
    return frame.select(pl.col("id").str.slice(0, 17).str.to_integer() * 11 + tail).collect().to_series()


@pytest.mark.benchmark(group="codes: identity numbers to integers")
class BenchParse:
    def bench_kernel(self, speed: Callable[..., Any], flat: Any, keys: NDArray[np.int64]) -> None:
        speed("kernel", len(keys), lambda: kernels.parse_resident_ids(flat[0], flat[1], keys))

    def bench_polars(self, speed: Callable[..., Any], persons: pl.Series, keys: NDArray[np.int64]) -> None:
        parsed = speed("polars expressions", len(keys), lambda: parse_by_expressions(persons))
        assert np.array_equal(parsed.to_numpy(), keys)


@pytest.mark.benchmark(group="codes: check characters of identity numbers")
class BenchCheck:
    def bench_kernel(self, speed: Callable[..., Any], keys: NDArray[np.int64]) -> None:
        speed("kernel", len(keys), lambda: kernels.resident_ids_hold(keys, np.empty(len(keys), np.bool_)))

    def bench_python(self, speed: Callable[..., Any], persons: pl.Series, keys: NDArray[np.int64]) -> None:
        few = persons.head(20_000).to_list()
        fits = speed("python loop", len(few), lambda: [_fits(person) for person in few])
        hold = np.empty(len(few), np.bool_)
        kernels.resident_ids_hold(keys[: len(few)], hold)
        assert not np.any(hold & ~np.array(fits))


def _fits(person: str) -> bool:
    total = sum(weight * int(digit) for weight, digit in zip(WEIGHTS, person, strict=False))
    return "10X98765432"[total % 11] == person[17]


@pytest.mark.benchmark(group="codes: integers to identity numbers")
class BenchWrite:
    def bench_kernel(self, speed: Callable[..., Any], flat: Any, keys: NDArray[np.int64]) -> None:
        offsets, text = np.empty(len(keys) + 1, np.int64), np.empty(18 * len(keys), np.uint8)
        nobody = np.empty(0, np.uint8), np.zeros(1, np.int64)

        def write() -> None:
            kernels.document_offsets(keys, nobody[1], offsets)
            kernels.write_documents(keys, *nobody, offsets, text)

        speed("kernel", len(keys), write)
        assert np.array_equal(text, flat[0])

    def bench_polars(self, speed: Callable[..., Any], persons: pl.Series, keys: NDArray[np.int64]) -> None:
        number = pl.col("key") // 11
        tail = (
            pl.when(pl.col("key") % 11 == 10)
            .then(pl.lit("X"))
            .otherwise((pl.col("key") % 11).cast(pl.String))
        )
        frame = pl.DataFrame({"key": keys}).lazy().select(number.cast(pl.String) + tail)
        written = speed("polars expressions", len(keys), lambda: frame.collect().to_series())
        assert written.to_list() == persons.to_list()


@pytest.mark.benchmark(group="codes: are all of them plain and within the pattern")
class BenchByteProfile:
    def bench_kernel(self, speed: Callable[..., Any], persons: pl.Series) -> None:
        array = persons.to_arrow()

        def fits() -> bool:
            profile = ByteProfile.of(array)
            return profile is not None and profile.is_plain() and profile.fits(PATTERN)

        assert speed("kernel, every byte once", len(persons), fits)

    def bench_polars(self, speed: Callable[..., Any], persons: pl.Series) -> None:
        pattern = f"^(?:{PATTERN})$"
        assert speed("polars regular expression", len(persons), lambda: persons.str.contains(pattern).all())
