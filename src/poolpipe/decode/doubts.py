"""Doubts: what of a caller's tables could not be used, so that nobody takes a prior for a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DOUBTS", "doubts_of_pools"]

DOUBTS: Final = {
    "pool_without_people": "a pool with a row in pools and no seat: nobody is told anything by it 该管有结果而无人员",
    "pool_without_call": "a pool with seats and no row in pools: its people are as before 该管有人员而无结果",
    "contradiction": "outcomes that cannot all be true of this test: its people are as before 结果互相矛盾，人员概率未变",
}
"""Code to meaning."""

_CODES = pl.Enum(list(DOUBTS))


def doubts_of_pools(
    pools: pl.Series, called: int, sizes: NDArray[np.int64], contradicting: NDArray[np.bool_]
) -> pl.DataFrame:
    """Tell which pools could not be used, in the order of the codes above, then of the pools.

    Parameters
    ----------
    pools : Series
        Every pool: first those of the table of pools, `called` of them, then those that only the seats know.
    sizes : (pools,) int64
        People in each.
    contradicting : (pools,) bool
        Pools whose outcomes are impossible together.

    Returns
    -------
    DataFrame
        code (one of `DOUBTS`), pool (text), detail.
    """
    uncalled = np.arange(len(pools)) >= called
    found = zip(DOUBTS, (~uncalled & (sizes == 0), uncalled, contradicting), strict=True)
    return pl.concat([_table(code, pools, np.flatnonzero(rows)) for code, rows in found])


def _table(code: str, pools: pl.Series, rows: NDArray[np.integer]) -> pl.DataFrame:
    return pl.DataFrame({"pool": pools.gather(rows).cast(pl.String)}).select(
        pl.lit(code).cast(_CODES).alias("code"), "pool", pl.lit(DOUBTS[code]).alias("detail")
    )
