"""Likelihood of Ct values when each infected person has one viral load, which all their pools share."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.decode.assays import NEGATIVE, POSITIVE, SUSPECT

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.assays import Assay, Cycles

__all__ = ["LOWEST", "LoadLaw", "Outcomes", "load_law", "log_rows"]

FARTHEST = 6.0
"""Standard deviations of the law on each side that the grid reaches."""
MOST_LEVELS = 400
LOWEST = -690.0
"""Log probability that stands for impossible."""


class LoadLaw(NamedTuple):
    """Single-sample Ct of the infected, as cells of a grid.

    Attributes
    ----------
    ct : (levels,) float64, descending
        Middle of each cell, cycles: from the smallest load to the largest.
    weight : (levels,) float64
        P(a Ct within the cell | infected, and detectable alone); sums to 1.
    """

    ct: NDArray[np.float64]
    weight: NDArray[np.float64]


def load_law(cycles: Cycles) -> LoadLaw:
    """Cut the law of single-sample Ct up to the limit into cells of one noise, or of one cycle where that is less.

    Cells of one standard deviation integrate a normal noise to 1e-8: the trapezoid rule on a smooth function that ends
    at nothing (Trefethen and Weideman 2014, SIAM Rev. 56:385).
    """
    from scipy.special import ndtr  # 0.2 s to load: only where Ct count

    step = min(1.0, cycles.noise)
    centres, width = (
        np.asarray(cycles.values or (cycles.mean,)),
        cycles.smoothing if cycles.values else cycles.sd,
    )
    low = min(max(float(centres.min()) - FARTHEST * width, 0.0), cycles.limit - step)
    cells = min(MOST_LEVELS, math.ceil((cycles.limit - low) / step))
    edges = cycles.limit - step * np.arange(cells + 1)
    within = ndtr((edges[:, None] - centres) / width).mean(axis=1)
    weight = within[:-1] - within[1:]
    weight[-1] += within[-1]  # the cell of all larger loads
    weight = np.maximum(weight, 0.0)
    if not weight.sum() > 0.0:
        weight[0] = 1.0  # the whole law lies beyond the limit: one cell at the limit
    return LoadLaw((edges[:-1] + edges[1:]) / 2.0, weight / weight.sum())


@dataclass(frozen=True)
class Outcomes:
    """Outcomes of some pools.

    Attributes
    ----------
    sizes : (pools,) int64
        People in each.
    codes : (pools,) int8
        Calls, as in `assays`.
    ct : (pools,) float64
        Cycles, NaN where there is none.
    specificity : (pools,) float64
    """

    sizes: NDArray[np.int64]
    codes: NDArray[np.int8]
    ct: NDArray[np.float64]
    specificity: NDArray[np.float64]


def log_rows(seen: Outcomes, assay: Assay, cycles: Cycles, law: LoadLaw) -> NDArray[np.float64]:
    """Log of P(outcome | the largest load in the pool is that of a level).

    The largest load of n people comes ``log(n) / log(1 + efficiency)`` cycles later than alone, with a standard deviation of
    `noise`; it is detected with ``sensitivity`` times the share of this within the limit over that of the load alone.
    Where there is a Ct, the row is a density per cycle.

    Parameters
    ----------
    seen : Outcomes
        Sizes, calls and Ct of the pools.
    assay : Assay
        The test.
    cycles : Cycles
        Its law of single-sample Ct.
    law : LoadLaw
        That law as cells of a grid.

    Returns
    -------
    (pools, 1 + levels) float64
        The first column is for a clean pool.
    """
    from scipy.special import log_ndtr  # 0.2 s to load: only where Ct count

    shift = np.log(np.maximum(seen.sizes, 1)) / math.log1p(cycles.efficiency)
    z = (cycles.limit - law.ct[None, :] - shift[:, None]) / cycles.noise
    alone = log_ndtr((cycles.limit - law.ct) / cycles.noise)
    detected = np.minimum(math.log(assay.sensitivity) + log_ndtr(z) - alone, 0.0)
    rows = np.zeros((seen.sizes.size, law.ct.size + 1))
    positive = (seen.codes == POSITIVE) | (seen.codes == SUSPECT)
    negative = seen.codes == NEGATIVE
    with np.errstate(divide="ignore"):
        rows[negative, 1:] = np.log(-np.expm1(detected[negative]))
        rows[negative, 0] = np.log(seen.specificity[negative])
        rows[positive, 1:] = detected[positive]
        rows[positive, 0] = np.log1p(-seen.specificity[positive])
    if assay.suspect_infected is not None and assay.suspect_clean is not None:
        suspect = seen.codes == SUSPECT
        for those, infected, clean in (
            (suspect, assay.suspect_infected, assay.suspect_clean),
            (seen.codes == POSITIVE, 1 - assay.suspect_infected, 1 - assay.suspect_clean),
        ):
            rows[those, 1:] += math.log(infected)
            rows[those, 0] += math.log(clean)
    measured = positive & ~np.isnan(seen.ct)
    ct = np.minimum(
        seen.ct[measured], cycles.limit
    )  # beyond the limit a number says no more than the limit itself
    late = (ct[:, None] - law.ct[None, :] - shift[measured, None]) / cycles.noise
    density = -0.5 * late**2 - math.log(cycles.noise * math.sqrt(2.0 * math.pi)) - log_ndtr(z[measured])
    rows[measured, 1:] += density
    false = (ct - cycles.false_mean) / cycles.false_sd
    reach = log_ndtr((cycles.limit - cycles.false_mean) / cycles.false_sd)
    rows[measured, 0] += -0.5 * false**2 - math.log(cycles.false_sd * math.sqrt(2.0 * math.pi)) - reach
    return np.maximum(np.nan_to_num(rows, nan=LOWEST), LOWEST)
