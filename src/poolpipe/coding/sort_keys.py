"""Encode texts as integers that sort like the texts and are equal exactly where the texts are, where 64 bits suffice."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.coding.dictionaries import text_bytes
from poolpipe_kernels import sort_keys as kernels

if TYPE_CHECKING:
    from collections.abc import Sequence

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["sort_keys"]

_LONGEST = 64
"""Bytes; for longer texts no sort key is computed."""


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
    if not all(kernels.note_bytes(*text_bytes(part), seen) for part in parts):
        return None
    seen = seen[: int(seen[:, kernels.ENDED + 1 :].any(axis=1).sum())]  # up to the end of the longest
    seen[:, kernels.ENDED] = np.logical_or.accumulate(seen[:, kernels.ENDED])
    bases = seen.sum(axis=1, dtype=np.uint64)
    if math.prod(bases.tolist()) > 1 << 64:
        return None
    ranks = (np.cumsum(seen, axis=1) - 1).astype(np.uint64)
    numbers = np.empty(sum(map(len, parts)), np.uint64)
    end = 0
    for part in parts:  # the bytes are extracted a second time: keeping all of them would take more memory than this takes time
        begin, end = end, end + len(part)
        kernels.spell_as_integers(*text_bytes(part), ranks, bases, numbers[begin:end])
    return numbers
