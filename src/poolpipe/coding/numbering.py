"""Number millions of equal keys in the order in which they first occur, on two threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels import numbering as kernels
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["number_by_first"]

_THREADS = 2


def number_by_first(
    parts: Sequence[NDArray[np.int64]],
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.uint32]]]:
    """Number keys by their first occurrence in several arrays, one after the other.

    Parameters
    ----------
    parts : sequence of (n,) int64
        Fewer than 2 ** 31 keys together.

    Yields
    ------
    numbers : (n,) int32
        Of the keys of each part, in turn.
    new : (k,) uint32
        Rows of the part whose keys no row before has, ascending; they have the next numbers.
    """
    begins, firsts = _first_places(parts)
    places, found = begins[:-1].copy(), 0
    for part in parts:
        numbers, new = np.empty(len(part), np.int32), np.empty(len(part), np.uint32)
        known, found = found, kernels.number_keys(read_only(part), places, firsts, found, numbers, new)
        yield numbers, new[: found - known]


def _first_places(parts: Sequence[NDArray[np.int64]]) -> tuple[NDArray[np.int64], NDArray[np.uint32]]:
    """Where each partition begins, and the first place of the key at each place."""
    partitions = 1 << kernels.PARTITION_BITS
    chunks = [chunk for part in parts for chunk in np.array_split(read_only(part), _THREADS)]
    counts = np.zeros((len(chunks), partitions), np.int64)
    begins = np.zeros(partitions + 1, np.int64)
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(kernels.count_keys, chunks, counts))
        np.cumsum(counts.sum(axis=0), out=begins[1:])
        partitioned, firsts = np.empty(int(begins[-1]), np.int64), np.empty(int(begins[-1]), np.uint32)
        cursors = begins[:-1] + np.cumsum(counts, axis=0) - counts
        list(pool.map(lambda chunk, own: kernels.partition_keys(chunk, own, partitioned), chunks, cursors))
        half = int(np.searchsorted(begins, len(firsts) // 2))
        spans = (0, half), (half, partitions)
        list(pool.map(lambda a, b: kernels.find_first_keys(a, b, begins, partitioned, firsts), *spans))
    return begins, firsts
