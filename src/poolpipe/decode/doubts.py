"""Doubts: pools of a caller's tables that could not be used as they are given, so that a prior is not taken for a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DOUBTS", "doubts_of_pools"]

DOUBTS: Final = {
    code: message(code, {})
    for code in (
        "pool_without_people",
        "pool_without_call",
        "contradiction",
        "seat_repeated",
        "ct_without_positive",
    )
}
"""Code to meaning."""

_CODES = pl.Enum(list(DOUBTS))


def doubts_of_pools(
    pools: pl.Series,
    called: int,
    sizes: NDArray[np.int64],
    contradicting: Sequence[Sequence[int]],
    repeated: NDArray[np.int64] | None = None,
    unused_ct: NDArray[np.int64] | None = None,
) -> pl.DataFrame:
    """List the pools that could not be used as they are given, in the order of the codes above, then of the pools.

    Parameters
    ----------
    pools : Series
        Every pool: first those of the table of pools, `called` of them, then those that occur only in the seats.
    sizes : (pools,) int64
        People in each.
    contradicting : sequence of sequences of int
        Sets of pools whose outcomes are impossible together: the smallest ones.
    repeated : array of int64, optional
        Rows of the pools in which somebody sits more than once.
    unused_ct : array of int64, optional
        Rows of the pools that have a Ct and are not called positive or suspect.

    Returns
    -------
    DataFrame
        code (one of `DOUBTS`), pool (text), detail.
    """
    uncalled = np.arange(len(pools)) >= called
    tables = [
        _table("pool_without_people", pools, np.flatnonzero(~uncalled & (sizes == 0))),
        _table("pool_without_call", pools, np.flatnonzero(uncalled)),
    ]
    for rows in contradicting:
        names = ", ".join(repr(name) for name in pools.gather(list(rows)).cast(pl.String).to_list())
        told = _table("contradiction", pools, np.asarray(rows, np.int64))
        if len(rows) > 1:
            told = told.with_columns(pl.lit(message("contradiction_of", {"pools": names})).alias("detail"))
        tables.append(told)
    for code, rows_of in (("seat_repeated", repeated), ("ct_without_positive", unused_ct)):
        if rows_of is not None:
            tables.append(_table(code, pools, rows_of))
    return pl.concat(tables)


def _table(code: str, pools: pl.Series, rows: NDArray[np.integer]) -> pl.DataFrame:
    return pl.DataFrame({"pool": pools.gather(rows).cast(pl.String)}).select(
        pl.lit(code).cast(_CODES).alias("code"), "pool", pl.lit(DOUBTS[code]).alias("detail")
    )
