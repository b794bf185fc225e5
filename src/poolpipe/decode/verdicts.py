"""Pools after decoding: whether anybody in them is infected, how many, and whether the call was right."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.decode.assays import NEGATIVE, NO_CALL, POSITIVE, SUSPECT
from poolpipe.tables import CALLS
from poolpipe_kernels import components

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.layout import PoolLayout
    from poolpipe.decode.reduction import Reduced

__all__ = ["nobody_infected", "table_of_pools"]


def nobody_infected(
    layout: PoolLayout,
    graph: Reduced,
    solved: NDArray[np.float64],
    p_infected: NDArray[np.float64],
    component: NDArray[np.int32],
) -> NDArray[np.float64]:
    """P(nobody in the pool is infected | everything) of every pool.

    Parameters
    ----------
    solved : (pools,) float64
        That of the people left in the graph, of the pools that are left there; NaN elsewhere.
    component : (people,) int32
        Of each person: people of different components are independent.

    Returns
    -------
    (pools,) float64
        NaN where it is not known: a pool without a result whose people are connected by other pools.
    """
    nobody = solved.copy()
    outside = (np.diff(graph.offsets) == 0) & np.isnan(solved)
    if outside.any():
        with np.errstate(divide="ignore"):
            clean = np.exp(_summed(layout, np.log1p(-p_infected)))
        nobody[outside] = clean[outside]
        nobody[outside & _tied(layout, graph, outside, component)] = np.nan
    if (graph.state == 1).any():
        nobody[_summed(layout, (graph.state == 1).astype(np.float64)) > 0] = 0.0
    return nobody


def _summed(layout: PoolLayout, of_person: NDArray[np.float64]) -> NDArray[np.float64]:
    sums = np.zeros(layout.rows.size)
    components.sum_by_pool(layout.offsets, layout.members, of_person, sums)
    return sums


def _tied(
    layout: PoolLayout, graph: Reduced, some: NDArray[np.bool_], component: NDArray[np.int32]
) -> NDArray[np.bool_]:
    """Find those of `some` pools that hold two people of one component whose state is not certain."""
    unknown = _summed(layout, (graph.state < 0).astype(np.float64))
    asked = np.repeat(some & (unknown >= 2), layout.sizes)
    pool_of_seat = np.repeat(np.arange(layout.rows.size), layout.sizes)[asked]
    people = layout.members[asked]
    open_seat = graph.state[people] < 0
    pool, part = pool_of_seat[open_seat], component[people[open_seat]]
    order = np.lexsort((part, pool))
    same = (np.diff(pool[order]) == 0) & (np.diff(part[order]) == 0)
    tied = np.zeros(layout.rows.size, np.bool_)
    tied[pool[order][1:][same]] = True
    return tied


def table_of_pools(
    layout: PoolLayout,
    nobody: NDArray[np.float64],
    p_infected: NDArray[np.float64],
    component: NDArray[np.int32],
    hopeless: NDArray[np.bool_],
) -> pl.DataFrame:
    """Make the frame `inference.Decoded.pools`.

    Parameters
    ----------
    layout : PoolLayout
        The whole problem.
    nobody : (pools,) float64
        P(nobody in the pool is infected | everything), NaN where it is not known.
    p_infected : (people,) float64
        Posteriors.
    component : (pools,) int32
        Row of each pool in `components`, -1 where its outcome gives no evidence.
    hopeless : (pools,) bool
        Whether the outcomes of the pool's component are impossible.

    Returns
    -------
    polars.DataFrame
    """
    expected = _summed(layout, p_infected)
    positive = (layout.codes == POSITIVE) | (layout.codes == SUSPECT)
    known = ~hopeless & ~np.isnan(nobody)
    calls = pl.Series("call", [*CALLS, None], dtype=pl.Enum(CALLS)).gather(
        np.where(layout.codes < 0, NO_CALL, layout.codes).astype(np.uint32)
    )

    def where(condition: NDArray[np.bool_], values: NDArray[np.float64]) -> pl.Series:
        return pl.Series(np.where(condition, values, np.nan)).fill_nan(None)

    return pl.DataFrame(
        {
            "pool": layout.names,
            "call": calls,
            "people": layout.sizes,
            "p_nobody": where(known, nobody),
            "expected_infected": expected,
            "p_missed": where(known & (layout.codes == NEGATIVE), 1.0 - nobody),
            "p_false_alarm": where(known & positive, nobody),
            "component": pl.Series(component).replace(-1, None),
        }
    )
