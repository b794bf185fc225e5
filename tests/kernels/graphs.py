"""Pools and people as the decoder's kernels take them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe_kernels import components
from reference.decoding import or_row

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

SE, SP = 0.9, 0.98


def csr(pools: Sequence[Sequence[int]]) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """People by pool: where each pool begins, and who sits in it."""
    members = np.array([i for pool in pools for i in pool], np.int32)
    return np.cumsum([0, *map(len, pools)]), members


def by_person(pools: Sequence[Sequence[int]], people: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Pools by person: where each person's begin, and their numbers."""
    seats, numbers = np.zeros(people + 1, np.int64), np.empty(sum(map(len, pools)), np.int32)
    pool_of_seat = np.repeat(np.arange(len(pools), dtype=np.int32), list(map(len, pools)))
    components.order_by_pool(csr(pools)[1], pool_of_seat, seats, numbers)
    return seats, numbers


def outcomes(positive: Sequence[bool]) -> NDArray[Any]:
    """P(outcome | nobody), P(outcome | somebody) of each pool."""
    return np.array([or_row(y, 1, SE, SP) for y in positive])
