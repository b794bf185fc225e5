"""Scans of few people into few tubes at few moments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

TUBES = 5


def some_scans(seed: int, n: int = 80) -> tuple[NDArray[Any], ...]:
    """Tube, at, person, number of what was told, and which of those are the same."""
    rng = np.random.default_rng(seed)
    tube = np.sort(rng.integers(0, TUBES, n)).astype(np.uint32)
    at, person = rng.integers(0, 6, n), rng.integers(-3, 8, n)
    return tube, at, person, rng.integers(0, 9, n).astype(np.uint32), rng.integers(0, 3, 9).astype(np.uint32)
