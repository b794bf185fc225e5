"""Find equal rows by their 64-bit hashes: the first row of each group, on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.coding.distinct import distinct
from poolpipe_kernels import groups
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["first_rows_with_hash", "rows_not_alone", "rows_seen_before"]

_THREADS = 2
_FEW = 1 << 15
"""With fewer hashes than this a second thread costs more than it saves."""


def first_rows_with_hash(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Give for each row the number of the first row with the same hash, its own for the first of its kind."""
    hashes = read_only(hashes)
    rows, firsts = np.empty(len(hashes), np.uint32), np.empty(len(hashes), np.uint32)
    partitions = 1 << groups.PARTITION_BITS
    begins = np.zeros(partitions + 1, np.int64)
    groups.partition_rows(hashes, begins, rows)
    if len(hashes) < _FEW:
        groups.first_equals(0, partitions, hashes, begins, rows, firsts)
        return firsts
    half = int(np.searchsorted(begins, len(hashes) // 2))

    def find(first: int, last: int) -> None:
        groups.first_equals(first, last, hashes, begins, rows, firsts)

    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(find, (0, half), (half, partitions)))
    return firsts


def rows_seen_before(hashes: NDArray[np.uint64]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Find the rows whose hash an earlier row has, and that row. Equal hashes must still be compared in full."""
    firsts = first_rows_with_hash(hashes)
    rows = np.flatnonzero(firsts != np.arange(len(hashes), dtype=np.uint32))
    return rows, firsts[rows]


def rows_not_alone(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Find the rows that share their hash with another row, ascending. They must still be compared in full."""
    rows, firsts = rows_seen_before(hashes)
    return distinct(np.concatenate([rows, firsts])).astype(np.int64)
