"""Fit: whether the outcomes agree with the model, in numbers and in words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.decode.assays import NEGATIVE, POSITIVE, SUSPECT
from poolpipe.decode.sums import expected_positives
from poolpipe.decode.surprises import chance_of_detection
from poolpipe.messages import message
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from poolpipe.decode.assays import Assay
    from poolpipe.decode.layout import PoolLayout
    from poolpipe.decode.sums import Expected

__all__ = ["Fit", "judge", "warn_of_positives"]

RARE = 1e-5
"""A number with a smaller two-sided probability under the model gets a warning."""
FAR = 5.0
"""A share or a sum of scores this many standard errors off gets a warning."""
FEWEST = 20
"""The least number of pools of which a share is reported."""


@dataclass(frozen=True)
class Fit:
    """Agreement of the outcomes with the model.

    Attributes
    ----------
    table : polars.DataFrame
        what (positives, infected, sensitivity, specificity, pools_of_two,
        household_pairs, ct); seen; expected; lower, upper (95%, where it has
        an interval); z (standard errors between both). Rows without what they need are left out.
    warnings : tuple of str
        In words, Chinese and English; empty where the model fits.
    better : dict
        prior_factor: what the priors' odds times which fit the number of positives best; sensitivity, specificity: what
        people in several pools say they are, about; household_link: P(one infects a
        housemate), where people have a household. What is not known is left out.

    Examples
    --------
    A hundred single tubes, all of them positive, are not what a prior of 1% expects; odds 99,000 times as high would fit:

    >>> from poolpipe.decode import decode
    >>> seats = pl.DataFrame({"pool": range(100), "person": range(100)})
    >>> pools = pl.DataFrame({"pool": range(100), "call": ["positive"] * 100})
    >>> people = pl.DataFrame({"person": range(100), "prior": [0.01] * 100})
    >>> fit = decode(seats, pools, people).fit
    >>> fit.table.select("what", "seen", pl.col("expected").round(2)).row(0)
    ('positives', 100.0, 1.05)
    >>> len(fit.warnings), sorted(fit.better)
    (1, ['prior_factor'])
    """

    table: pl.DataFrame
    warnings: tuple[str, ...]
    better: Mapping[str, float]


@dataclass(frozen=True)
class _FitRow:
    what: str
    seen: float
    expected: float
    z: float
    lower: float | None = None
    upper: float | None = None


def judge(
    layout: PoolLayout,
    assay: Assay,
    p_infected: NDArray[np.float64],
    nobody: NDArray[np.float64],
    ct: NDArray[np.float64] | None,
) -> Fit:
    """Compare the outcomes with what the model expects.

    Parameters
    ----------
    layout, assay
        The problem and the test as given.
    p_infected : (people,) float64
        Posteriors.
    nobody : (pools,) float64
        P(nobody in the pool is infected | everything), NaN where not known.
    ct : (pools,) float64, optional
        Ct of each pool, NaN where there is none.

    Notes
    -----
    The number of positives has its exact distribution where nobody sits in two pools; where people do, its variance
    has the covariance of pools that share one. Sensitivity, specificity and prior have their scores, the derivatives of
    the log likelihood, which have mean 0 under the right model (Rao 1948); the estimates are one step of scoring.
    """
    positive = (layout.codes == POSITIVE) | (layout.codes == SUSPECT)
    told = (positive | (layout.codes == NEGATIVE)) & (layout.sizes > 0)
    if not told.any():
        return Fit(_table([]), (), {})
    chance = chance_of_detection(layout, assay)
    degree = np.bincount(layout.members, np.repeat(told, layout.sizes), minlength=layout.prior.size)
    several = bool((degree > 1).any())
    rows, warnings = [], []
    spread = _spread(layout, assay, chance, told) if several else 1.0
    seen = int((positive & told).sum())
    counted = expected_positives(chance[told], seen, spread=spread)
    z = (seen - counted.mean) / max(counted.sd, 1e-12)
    rows.append(_FitRow("positives", seen, counted.mean, z, counted.lower, counted.upper))
    warnings += warn_of_positives(seen, counted)
    better = {"prior_factor": _prior_factor(layout, assay, told, positive)}
    shift = (p_infected - layout.prior)[degree > 0]
    infected = float(p_infected[degree > 0].sum())
    error = max(float(np.sqrt((shift**2).sum())), 1e-12)
    rows.append(
        _FitRow("infected", infected, float(layout.prior[degree > 0].sum()), float(shift.sum()) / error)
    )
    if several and not assay.counts_matter:
        for row in _test_itself(assay, positive[told], nobody[told]):
            rows.append(row)
            better[row.what] = row.seen
            warnings += _warn_of_test(row)
    if several:
        pairs = _pairs(layout, p_infected, positive)
        rows += pairs
        warnings += [_warn_of_pairs(row) for row in pairs if row.z > FAR]
    for row in _households(layout, p_infected, told):
        rows.append(row)
        warnings += [_warn_of_households(row)] if row.z > FAR else []
        better |= _link(layout, p_infected, row)
    if ct is not None and assay.cycles is not None:
        for row in _cycles(layout, assay, nobody, ct, positive & told):
            rows.append(row)
            warnings += [_warn_of_cycles(row)] if abs(row.z) > FAR else []
    return Fit(_table(rows), tuple(warnings), better)


def warn_of_positives(seen: int, counted: Expected) -> list[str]:
    """Warn of a number of positives that the model does not expect.

    Parameters
    ----------
    seen : int
        Positive pools.
    counted : Expected
        Distribution of their number under the model.

    Returns
    -------
    list of str
        Warnings in both languages; empty where the number is not rare.
    """
    mean, _, lower, upper, tail = counted
    if tail >= RARE:
        return []
    told = f"{seen:,} positive pools seen, {mean:,.1f} expected ({lower:,} to {upper:,})"
    zh = f"阳性管 {seen:,} 个，按模型应为 {mean:,.1f} 个（{lower:,} 至 {upper:,}）"
    if seen < mean:
        why = (
            "the prior is too high, the sensitivity lower than told, the pools dilute, or infected people share pools "
            "(households)"
        )
        return [f"{told}: {why} {zh}：先验偏高、灵敏度低于所述、稀释或同户聚集"]
    why = "the prior is too low, or the specificity lower than told (contamination)"
    return [f"{told}: {why} {zh}：先验偏低，或特异度低于所述（污染）"]


def _spread(layout: PoolLayout, assay: Assay, chance: NDArray[np.float64], told: NDArray[np.bool_]) -> float:
    """Factor on the standard deviation of the number of positives, because pools that share people are correlated."""
    person, pool = layout.members, np.repeat(np.arange(layout.sizes.size), layout.sizes)
    with np.errstate(divide="ignore"):
        escape = np.log1p(-layout.prior)
    clean = np.bincount(pool, escape[person], minlength=layout.sizes.size)[pool]
    others = np.full(person.size, -np.inf)  # stays so in the pool of somebody who is certainly infected
    np.subtract(clean, escape[person], out=others, where=np.isfinite(clean))
    gain = max(assay.sensitivity + assay.specificity - 1.0, 0.0)
    reach = gain * np.exp(others) * told[pool]
    first = np.bincount(person, reach, minlength=layout.prior.size)
    second = np.bincount(person, reach**2, minlength=layout.prior.size)
    shared = float((layout.prior * (1.0 - layout.prior) * (first**2 - second)).sum())
    alone = float((chance * (1.0 - chance))[told].sum())
    return float(np.sqrt(1.0 + shared / alone)) if alone > 0 else 1.0


def _prior_factor(
    layout: PoolLayout, assay: Assay, told: NDArray[np.bool_], positive: NDArray[np.bool_]
) -> float:
    """Factor on all priors for which as many pools are expected positive as were observed."""
    seen = float((positive & told).sum())
    low, high = 1e-6, 1e6
    if seen <= (1.0 - assay.specificity) * told.sum():
        return 0.0
    for _ in range(60):
        middle = float(np.sqrt(low * high))
        scaled = layout.scaled(middle)
        if float(chance_of_detection(scaled, assay)[told].sum()) < seen:
            low = middle
        else:
            high = middle
        if high / low < 1.001:
            break
    return float(np.sqrt(low * high))


def _test_itself(assay: Assay, positive: NDArray[np.bool_], nobody: NDArray[np.float64]) -> list[_FitRow]:
    """Estimate sensitivity and specificity from pools of people who are in other pools, too."""
    rows = []
    known = ~np.isnan(nobody)
    for what, told, right, weight in (
        ("sensitivity", assay.sensitivity, positive[known], 1.0 - nobody[known]),
        ("specificity", assay.specificity, ~positive[known], nobody[known]),
    ):
        share = min(max(told, 1e-6), 1.0 - 1e-6)
        score = weight * np.where(right, 1.0 / share, -1.0 / (1.0 - share))
        information = float((score**2).sum())
        if information > 0 and weight.sum() >= FEWEST:
            step = float(score.sum()) / information
            rows.append(
                _FitRow(
                    what,
                    float(np.clip(share + step, 0.0, 1.0)),
                    told,
                    float(score.sum()) / float(np.sqrt(information)),
                )
            )
    return rows


def _warn_of_test(row: _FitRow) -> list[str]:
    if row.z > -FAR:
        return []
    zh = {"sensitivity": "灵敏度", "specificity": "特异度"}[row.what]
    told = f"people in several pools say that the {row.what} is about {row.seen:.1%}, and {row.expected:.1%} was told"
    return [f"{told} 多管同测者显示{zh}约为 {row.seen:.1%}，而所述为 {row.expected:.1%}"]


def _pairs(layout: PoolLayout, p_infected: NDArray[np.float64], positive: NDArray[np.bool_]) -> list[_FitRow]:
    """Compare pools of two or more infected people with chance at the estimated prevalence; more suggest households.

    Only people of more than 50% count, so that a right model gives fewer than chance, never more.
    """
    keen = p_infected > 0.5
    inside = np.repeat(positive, layout.sizes) & keen[layout.members]
    pool = np.repeat(np.arange(layout.sizes.size), layout.sizes)[inside]
    infected = np.bincount(pool, minlength=layout.sizes.size)
    two = int((infected >= 2).sum())
    every = np.repeat(np.arange(layout.sizes.size), layout.sizes)
    local = layout.prior * (float(p_infected.sum()) / max(float(layout.prior.sum()), 1e-300))
    mean = np.bincount(every, local[layout.members], minlength=layout.sizes.size)
    square = np.bincount(every, (local**2)[layout.members], minlength=layout.sizes.size)
    expected = float(((mean**2 - square) / 2.0).sum())
    if expected <= 0:
        return []
    return [_FitRow("pools_of_two", two, expected, (two - expected) / float(np.sqrt(expected + 1.0)))]


def _warn_of_pairs(row: _FitRow) -> str:
    return message("pools_of_two", {"seen": f"{row.seen:,.0f}", "expected": f"{row.expected:,.1f}"})


def _households(
    layout: PoolLayout, p_infected: NDArray[np.float64], told: NDArray[np.bool_]
) -> list[_FitRow]:
    """Pairs infected in one household, expected of independent people, where no two of it sit in one pool."""
    if layout.household is None:
        return []
    inside = np.repeat(told, layout.sizes) & (layout.household[layout.members] >= 0)
    pool = np.repeat(np.arange(layout.sizes.size), layout.sizes)[inside]
    home = layout.household[layout.members[inside]]
    count = int(layout.household.max(initial=-1)) + 1
    seat = np.sort(pool * count + home)
    shares = np.zeros(count, np.bool_)
    shares[seat[1:][np.diff(seat) == 0] % count] = True
    alone = (layout.household >= 0) & ~shares[layout.household]
    if not alone.any():
        return []
    found, before = (
        _pairs_at_home(layout.household[alone], each[alone], count)
        for each in (
            p_infected,
            layout.prior * (float(p_infected.sum()) / max(float(layout.prior.sum()), 1e-300)),
        )
    )
    error = float(np.sqrt(((found - before) ** 2).sum()))
    if error <= 0:
        return []
    return [
        _FitRow(
            "household_pairs",
            float(found.sum()),
            float(before.sum()),
            float((found - before).sum()) / max(error, float(np.sqrt(before.sum()))),
        )
    ]


def _pairs_at_home(home: NDArray[np.int64], chance: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Expected pairs of infected people of each household, people being independent."""
    first = np.bincount(home, chance, minlength=count)
    return np.asarray((first**2 - np.bincount(home, chance**2, minlength=count)) / 2.0)


def _link(layout: PoolLayout, p_infected: NDArray[np.float64], row: _FitRow) -> dict[str, float]:
    """P(a housemate of an infected person is infected by them), from the pairs beyond chance."""
    if layout.household is None:
        return {}
    home = layout.household
    size = np.bincount(home[home >= 0], minlength=1)
    mates = np.where(home >= 0, size[np.maximum(home, 0)] - 1, 0)
    exposed = float((p_infected * mates).sum())
    return (
        {"household_link": min(max(2.0 * (row.seen - row.expected) / exposed, 0.0), 1.0)}
        if exposed > 0
        else {}
    )


def _warn_of_households(row: _FitRow) -> str:
    return message("household_pairs", {"seen": f"{row.seen:,.1f}", "expected": f"{row.expected:,.1f}"})


def _cycles(
    layout: PoolLayout,
    assay: Assay,
    nobody: NDArray[np.float64],
    ct: NDArray[np.float64],
    positive: NDArray[np.bool_],
) -> list[_FitRow]:
    """Compare the mean Ct of infected pools with the assay's law for one infected person in each."""
    cycles = assay.cycles
    chosen = np.flatnonzero(positive & ~np.isnan(ct) & (nobody < 0.5))
    if cycles is None or chosen.size < FEWEST:
        return []
    laws = {int(n): cycles.seen_in_pool(int(n)) for n in np.unique(layout.sizes[chosen])}
    mean = np.array([laws[int(n)][0] for n in layout.sizes[chosen]])
    sd = np.array([laws[int(n)][1] for n in layout.sizes[chosen]])
    z = float(((ct[chosen] - mean) / sd).sum() / np.sqrt(chosen.size))
    return [_FitRow("ct", float(ct[chosen].mean()), float(mean.mean()), z)]


def _warn_of_cycles(row: _FitRow) -> str:
    cause = (
        Wording("later: more dilution, or a weaker assay than told", "偏晚：稀释偏大或检测偏弱")
        if row.seen > row.expected
        else Wording("earlier: less dilution, or a stronger assay than told", "偏早：稀释偏小或检测偏强")
    )
    return message("mean_ct", {"seen": f"{row.seen:.1f}", "expected": f"{row.expected:.1f}", "cause": cause})


def _table(rows: list[_FitRow]) -> pl.DataFrame:
    return pl.DataFrame(
        [(row.what, row.seen, row.expected, row.lower, row.upper, row.z) for row in rows],
        schema={
            "what": pl.String,
            "seen": pl.Float64,
            "expected": pl.Float64,
            "lower": pl.Float64,
            "upper": pl.Float64,
            "z": pl.Float64,
        },
        orient="row",
    )
