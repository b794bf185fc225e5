"""Finding equals among millions of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["PARTITION_BITS", "count_keys", "first_equals", "mix", "scatter_rows"]

PARTITION_BITS = 9
"""512 partitions: 25 million rows make tables of 50 thousand, which stay in the second-level cache."""


@kernel
def mix(hashes: NDArray[np.uint64], values: NDArray[np.uint64], salt: np.uint64) -> None:
    """Add one column's values, well mixed, to the rows' `hashes`, (n,) uint64, in place.

    A value of 0 stands for nothing and changes nothing; the order of columns does not matter
    (splitmix64, Steele et al. 2014).
    """
    for i in range(len(hashes)):
        if values[i] == 0:
            continue
        z = values[i] + salt * np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        hashes[i] += z ^ (z >> np.uint64(31))


@kernel
def count_keys(keys: NDArray[np.uint32], counts: NDArray[np.int64]) -> None:
    """Count rows per key into `counts`, which the caller has zeroed."""
    for i in range(len(keys)):
        counts[keys[i]] += 1


@kernel
def scatter_rows(keys: NDArray[np.uint32], cursors: NDArray[np.int64], rows: NDArray[np.uint32]) -> None:
    """Write row numbers grouped by key, stable (the second half of a counting sort).

    Parameters
    ----------
    keys : (n,) uint32
        Group of each row.
    cursors : (groups,) int64
        Where each group begins; advanced in place.
    rows : (n,) uint32
        Output: row numbers, group after group, in their own order within each.
    """
    for i in range(len(keys)):
        key = keys[i]
        rows[cursors[key]] = i
        cursors[key] += 1


@kernel
def first_equals(hashes: NDArray[np.uint64], firsts: NDArray[np.uint32]) -> None:
    """For each row the number of the first row with the same hash.

    Rows are split by their top bits first, so that each hash table fits the cache: about ten times
    faster than one table of 25 million.

    Parameters
    ----------
    hashes : (n,) uint64, n < 2**32
        Well mixed.
    firsts : (n,) uint32
        Output: `firsts[i] <= i`, equal for the first of its kind.
    """
    n = len(hashes)
    partitions = 1 << PARTITION_BITS
    shift = np.uint64(64 - PARTITION_BITS)
    begins = np.zeros(partitions + 1, np.int64)
    for i in range(n):
        begins[np.int64(hashes[i] >> shift) + 1] += 1
    largest = begins.max()
    for p in range(partitions):
        begins[p + 1] += begins[p]
    cursors = begins[:partitions].copy()
    rows = np.empty(n, np.uint32)
    for i in range(n):
        own = np.int64(hashes[i] >> shift)
        rows[cursors[own]] = i
        cursors[own] += 1
    size = 2
    while size < 2 * largest:
        size *= 2
    mask = np.uint64(size - 1)
    table = np.empty(size, np.int64)
    for p in range(partitions):
        table[:] = -1
        for k in range(begins[p], begins[p + 1]):
            row = rows[k]
            h = hashes[row]
            slot = h & mask
            while table[slot] >= 0 and hashes[table[slot]] != h:
                slot = (slot + np.uint64(1)) & mask
            if table[slot] < 0:
                table[slot] = row
            firsts[row] = table[slot]
