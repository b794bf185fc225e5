"""Number distinct texts in sorted order: codes by sort keys, other texts by hashes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.hash_groups import first_rows_with_hash
from poolpipe.coding.sort_keys import sort_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["numbered"]

_ODD = np.uint64(0x9E3779B97F4A7C15)
"""2**64 / golden ratio (Knuth 1973): its multiples are spread like hashes, and distinct because it is odd."""


def numbered(parts: Sequence[pl.Series]) -> tuple[pl.Series, NDArray[np.int32]]:
    """Sort the distinct texts, and number each text among them, part after part (int32); -1 for null.

    Only one of each text is sorted: finding the others by sort keys or hashes is five times faster than a join.
    """
    given = [part.drop_nulls() if part.null_count() else part for part in parts]
    texts, keys = pl.concat(given), sort_keys(given)
    firsts = _first_texts_alike(texts) if keys is None else first_rows_with_hash(keys * _ODD)
    own = np.flatnonzero(firsts == np.arange(len(texts), dtype=np.uint32))
    order = own[texts.gather(own).arg_sort().to_numpy() if keys is None else np.argsort(keys[own])]
    place = np.empty(len(texts), np.int32)
    place[order] = np.arange(len(own), dtype=np.int32)
    return texts.gather(order), _with_nulls(place[firsts], parts)


def _first_texts_alike(texts: pl.Series) -> NDArray[np.uint32]:
    """Give for each text the row of the first equal one."""
    firsts = first_rows_with_hash(texts.hash(seed=1).to_numpy())
    if (texts.gather(firsts) == texts).all():
        return firsts
    # Two different texts have one hash, with a probability of 1 in 10**6.
    rows = pl.DataFrame({"text": texts}).with_row_index("row")
    return rows.select(pl.col("row").first().over("text")).to_series().to_numpy()


def _with_nulls(numbers: NDArray[np.int32], parts: Sequence[pl.Series]) -> NDArray[np.int32]:
    if not any(part.null_count() for part in parts):
        return numbers
    known = pl.concat(parts).is_not_null().to_numpy()
    spread = np.full(len(known), -1, np.int32)
    spread[known] = numbers
    return spread
