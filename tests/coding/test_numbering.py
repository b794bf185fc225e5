"""Keys of several arrays numbered on two threads, against a plain dict."""

from __future__ import annotations

import numpy as np
import pytest

from poolpipe.coding.numbering import number_by_first


@pytest.mark.parametrize("sizes", [(), (0,), (1,), (3, 0, 5), (40_000, 20_000, 30_000)], ids=str)
def test_number_by_first__is_the_order_of_first_occurrence(sizes):
    rng = np.random.default_rng(5)
    parts = [rng.integers(-5, max(3 * size // 2, 1), size) for size in sizes]
    known: dict[int, int] = {}
    for part, (numbers, new) in zip(parts, number_by_first(parts), strict=True):
        before = len(known)
        assert numbers.tolist() == [known.setdefault(key, len(known)) for key in part.tolist()]
        assert part[new].tolist() == list(known)[before:]
