"""Encode texts as integers that sort like the texts and are equal exactly where the texts are, where 64 bits suffice."""

from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from poolpipe.coding.dictionaries import text_bytes
from poolpipe_kernels import sort_keys as kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["sort_keys"]

T = TypeVar("T")

_LONGEST = 64
"""Bytes; for longer texts no sort key is computed."""

_THREADS = 2
_FEW = 1 << 15
"""With fewer texts than this a second thread costs more than it saves."""


def sort_keys(parts: Sequence[pl.Series]) -> NDArray[np.uint64] | None:
    """Give an integer for each text: equal for equal texts, smaller for one that sorts before.

    A city's codes differ in few places, and few distinct bytes occur at each: millions of them are compared and
    sorted as integers in half the time. The result is None where the texts need more than 64 bits.

    Parameters
    ----------
    parts : sequence of Series of String
        Without nulls; the integers of all parts are comparable.
    """
    seen = np.zeros((_LONGEST, 257), np.bool_)
    if not all(_each(parts, lambda part, _: kernels.note_bytes(*text_bytes(part), seen))):
        return None
    seen = seen[: int(seen[:, kernels.ENDED + 1 :].any(axis=1).sum())]  # up to the end of the longest
    seen[:, kernels.ENDED] = np.logical_or.accumulate(seen[:, kernels.ENDED])
    bases = seen.sum(axis=1, dtype=np.uint64)
    if math.prod(bases.tolist()) > 1 << 64:
        return None
    ranks = (np.cumsum(seen, axis=1) - 1).astype(np.uint64)
    ends = np.cumsum([0, *map(len, parts)])
    numbers = np.empty(ends[-1], np.uint64)
    # The bytes are extracted a second time: keeping all of them would take more memory than this takes time.
    _each(
        parts,
        lambda part, place: kernels.spell_as_integers(
            *text_bytes(part), ranks, bases, numbers[ends[place] : ends[place + 1]]
        ),
    )
    return numbers


def _each(parts: Sequence[pl.Series], work: Callable[[pl.Series, int], T]) -> list[T]:
    """Call `work` with each part and its place, on two threads where there are many texts."""
    if sum(map(len, parts)) < _FEW:
        return [work(part, place) for place, part in enumerate(parts)]
    with ThreadPoolExecutor(_THREADS) as pool:
        return list(pool.map(work, parts, range(len(parts))))
