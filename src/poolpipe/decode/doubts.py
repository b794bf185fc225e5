"""Doubts: pools of a caller's tables that could not be used as they are given, so that a prior is not taken for a result."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["DOUBTS", "doubts_of_pools"]

DOUBTS: Final = {
    "pool_without_people": "a pool with a row in pools and no seat: nobody is told anything by it 该管有结果而无人员",
    "pool_without_call": "a pool with seats and no row in pools: its people are as before 该管有人员而无结果",
    "contradiction": "the smallest set of outcomes that cannot all be true of this test: its people are as before "
    "结果互相矛盾（最小的一组），人员概率未变",
    "seat_repeated": "somebody sits in this pool more than once; one seat counts 同一人在该管重复登记，按一次计",
    "ct_without_positive": "a Ct within the limit and no positive or suspect call: the call counts, the Ct does not "
    "有 Ct 值而未判阳性或可疑：以判定为准，Ct 不计",
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
        together = f" ({names} 之间)" if len(rows) > 1 else ""
        tables.append(
            _table("contradiction", pools, np.asarray(rows, np.int64)).with_columns(
                pl.col("detail") + pl.lit(together)
            )
        )
    for code, rows_of in (("seat_repeated", repeated), ("ct_without_positive", unused_ct)):
        if rows_of is not None:
            tables.append(_table(code, pools, rows_of))
    return pl.concat(tables)


def _table(code: str, pools: pl.Series, rows: NDArray[np.integer]) -> pl.DataFrame:
    return pl.DataFrame({"pool": pools.gather(rows).cast(pl.String)}).select(
        pl.lit(code).cast(_CODES).alias("code"), "pool", pl.lit(DOUBTS[code]).alias("detail")
    )
