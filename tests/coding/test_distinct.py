"""Distinct numbers beside Python's own sets."""

from __future__ import annotations

import numpy as np
import pytest

from poolpipe.coding.distinct import distinct, distinct_below, distinct_of_all


@pytest.mark.parametrize("size", [0, 1, 2, 3, 100, 5_000])
@pytest.mark.parametrize("dtype", [np.int64, np.uint32, np.uint64])
def test_numbers_are_distinct_and_in_order(size: int, dtype: type[np.generic]) -> None:
    rng = np.random.default_rng(size)
    numbers = rng.integers(0, max(1, size // 2), size).astype(dtype)
    before = numbers.copy()
    found = distinct(numbers)
    assert found.tolist() == sorted(set(numbers.tolist()))
    assert found.dtype == dtype
    assert (numbers == before).all()


@pytest.mark.parametrize("several", [0, 1, 4])
def test_several_arrays_are_joined(several: int) -> None:
    rng = np.random.default_rng(several)
    parts = [rng.integers(-50, 50, size) for size in (0, 30, 1, 80)[:several]]
    found = distinct_of_all(*parts)
    assert found.tolist() == sorted({each for part in parts for each in part.tolist()})
    assert found.dtype == np.int64


@pytest.mark.parametrize(("size", "most"), [(0, 10), (3, 10_000), (5_000, 1_000), (100, 12_000)])
def test_marked_numbers_are_those_that_are_sorted(size: int, most: int) -> None:
    numbers = np.random.default_rng(size).integers(0, most, size)
    assert distinct_below(numbers, most).tolist() == sorted(set(numbers.tolist()))
