"""How unlikely the outcomes of a component are, compared with what the model expects of its pools."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.assays import NEGATIVE, NO_CALL, POSITIVE, SUSPECT
from poolpipe.decode.belief_propagation import pool_evidence
from poolpipe.decode.disjoint import likelihood_rows

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.assays import Assay
    from poolpipe.decode.layout import PoolLayout
    from poolpipe.decode.load_inference import LoadProblem

__all__ = ["Expectations", "chance_of_detection", "expectations", "scores", "with_loads"]


@dataclass(frozen=True)
class Expectations:
    """Per pool, from its people's priors alone, in nats.

    Attributes
    ----------
    mean, variance : arrays of float64, shape (pools,)
        Mean and variance of -log P(outcome), the outcome being "detected" or not.
    offset : array of float64, shape (pools,)
        Log P of the outcome as read (suspect, a Ct density) less log P("detected"); 0 without such.
    """

    mean: NDArray[np.float64]
    variance: NDArray[np.float64]
    offset: NDArray[np.float64]


def expectations(layout: PoolLayout, assay: Assay, *, threads: int) -> Expectations:
    """Compute the expected surprise of every pool from its people's priors.

    Parameters
    ----------
    layout : PoolLayout
        The whole problem.
    assay : Assay
        The test.
    threads : int
        Threads of the kernels.

    Returns
    -------
    Expectations
        0 for pools whose outcome gives no evidence.
    """
    plain = assay.model_copy(update={"suspect_infected": None, "suspect_clean": None})
    detected = (layout.codes == POSITIVE) | (layout.codes == SUSPECT)
    says = detected | (layout.codes == NEGATIVE)
    codes = np.where(detected, POSITIVE, np.where(says, NEGATIVE, NO_CALL))
    rows, table = likelihood_rows(layout.sizes, codes, plain)
    log_chance = _log_chance(layout, rows, table, threads)
    chance = np.exp(log_chance)
    with np.errstate(divide="ignore", invalid="ignore"):
        log_other = np.log1p(-chance)
        mean = np.where(chance < 1, -chance * log_chance - (1 - chance) * log_other, 0.0)
        variance = np.where(chance < 1, chance * (1 - chance) * (log_chance - log_other) ** 2, 0.0)
    offset = np.zeros(chance.size)
    if table.shape != layout.table.shape or not np.array_equal(table[rows], layout.table[layout.rows]):
        with np.errstate(invalid="ignore"):  # an impossible outcome is no surprise of this kind
            offset = _log_chance(layout, layout.rows, layout.table, threads) - log_chance
    return Expectations(
        *(np.nan_to_num(part, nan=0.0, posinf=0.0, neginf=0.0) for part in (mean, variance, offset))
    )


def with_loads(expected: Expectations, layout: PoolLayout, measured: LoadProblem) -> Expectations:
    """Add to the offsets of `measured` pools the log density of their Ct less log P("detected").

    Parameters
    ----------
    expected : Expectations
        Of all pools.
    layout : PoolLayout
        The whole problem.
    measured : LoadProblem
        The pools whose Ct count.

    Returns
    -------
    Expectations
        A new one.
    """
    _, terms, _ = measured.evidence()  # before any message: the priors alone
    by_calls = _log_chance(layout, layout.rows, layout.table, 1)[measured.pools]
    offset = expected.offset.copy()
    offset[measured.pools] += np.nan_to_num(terms - by_calls, posinf=0.0, neginf=0.0)
    return replace(expected, offset=offset)


def chance_of_detection(layout: PoolLayout, assay: Assay) -> NDArray[np.float64]:
    """P(positive or suspect) of each pool from its people's priors alone.

    Parameters
    ----------
    layout : PoolLayout
        The whole problem.
    assay : Assay
        The test.

    Returns
    -------
    (pools,) float64
    """
    plain = assay.model_copy(update={"suspect_infected": None, "suspect_clean": None})
    rows, table = likelihood_rows(layout.sizes, np.full(layout.sizes.size, POSITIVE), plain)
    return np.exp(_log_chance(layout, rows, table, 1))


def scores(
    log_evidence: NDArray[np.float64],
    offset: NDArray[np.float64],
    mean: NDArray[np.float64],
    variance: NDArray[np.float64],
) -> NDArray[np.float64]:
    """Surprise of each component: (-log P(outcomes) - expected) / sqrt(1 + variance), sums over its pools.

    In a small component this is nearly the excess in nats; in a large one it approaches standard deviations.
    The expectation takes pools one by one from the priors, which bounds the joint entropy from above.

    Parameters
    ----------
    log_evidence : (components,) float64
        Natural log of P(all outcomes); -inf where they are impossible.
    offset, mean, variance : (components,) float64
        Sums of `Expectations` over the component's pools.

    Returns
    -------
    (components,) float64
        Infinite where the outcomes are impossible.
    """
    return np.asarray((offset - log_evidence - mean) / np.sqrt(1.0 + variance))


def _log_chance(
    layout: PoolLayout, rows: NDArray[np.int64], table: NDArray[np.float64], threads: int
) -> NDArray[np.float64]:
    """Log P(outcome) of each pool from the priors of its people: the first message of belief propagation."""
    prior = np.minimum(layout.prior, 1.0 - 2.0**-53)
    odds = prior / (1.0 - prior)
    with np.errstate(divide="ignore"):
        log_chance, _ = pool_evidence(
            layout.offsets, layout.members, rows, table, odds, np.ones(1), counts_matter=layout.counts_matter,
            threads=threads,
        )  # fmt: skip
        return log_chance
