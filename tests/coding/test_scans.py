"""Collects by tube: halves for two threads."""

from __future__ import annotations

import numpy as np
import pytest

from poolpipe.coding.scans import halves


@pytest.mark.parametrize(
    ("scans", "ranges"),
    [
        ([10, 1, 1, 8], [(0, 1), (1, 4)]),
        ([1, 1, 8, 10], [(0, 3), (3, 4)]),
        ([5, 5], [(0, 1), (1, 2)]),
        ([7], [(0, 1), (1, 1)]),
        ([], [(0, 0), (0, 0)]),
    ],
)
def test_halves__hold_about_half_of_the_scans_each(scans: list[int], ranges: list[tuple[int, int]]) -> None:
    called: list[tuple[int, int]] = []
    halves(np.cumsum([0, *scans]), lambda first, after: called.append((first, after)))
    assert sorted(called) == sorted(ranges)


def test_an_error_in_a_half__is_raised() -> None:
    def fails(first: int, after: int) -> None:
        raise ValueError(f"{first} to {after}")

    with pytest.raises(ValueError, match=r"\d to \d"):
        halves(np.array([0, 1, 2]), fails)
