"""Fit: whether a run's results agree with its policy, in numbers, in words, and which settings would agree better."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES
from poolpipe.tables import CALLS, MODES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy

__all__ = ["RunTables", "fit_of_positives", "fit_of_run"]

_NEGATIVE, _POSITIVE, _POOL = CALLS.index("negative"), CALLS.index("positive"), MODES.index("pool")


@dataclass(frozen=True)
class RunTables:
    """Coded tables of a run that its fit is computed from.

    Attributes
    ----------
    pools, recalls : DataFrame
        As the stages give them.
    several : DataFrame
        Seats of people in several tubes of a round.
    readings : DataFrame
        Read-outs of all wells that positive calls rest on, sorted by plate and well.
    households : DataFrame, optional
        person and household of recalled people; None without a table of residents that names households.
    """

    pools: pl.DataFrame
    recalls: pl.DataFrame
    several: pl.DataFrame
    readings: pl.DataFrame
    households: pl.DataFrame | None


def fit_of_run(run: RunTables, codes: Dictionaries, policy: Policy) -> dict[str, Any]:
    """Compare a run's numbers of positives and its Ct with what the policy expects.

    Parameters
    ----------
    run : RunTables
        Tables of the run.
    codes : Dictionaries
        Give the numbers of the policy's targets.
    policy : Policy
        Its `decoding`: prior, sensitivity and specificities; its `assay`: targets, cut-offs and the law of Ct.

    Returns
    -------
    dict
        positives and expected (with lower and upper, 95%, as of independent tubes), prior and prior_implied (None: no
        prior explains the number); retests (`decode.retests.fit_of_retests`), findings (`decode.retests.fit_of_findings`),
        clusters (`decode.clusters.fit_of_clusters`, with the rates of infection beside a positive person), dilution and ct
        (`decode.cycle_shifts`), each empty where a run has nothing to compute it from; warnings in words; and better: what
        would explain each warning by itself. Empty where no pool tube has a result.
    """
    by_size = _pools_by_size(run.pools)
    if by_size.is_empty():
        return {}
    fit = fit_of_positives(by_size, policy)
    answered = _answered(run.pools, run.recalls)
    once = _everybody_once(answered)
    at_least = max(policy.decoding.prior, fit["prior_implied"] or 0.0)
    checks: dict[str, dict[str, Any]] = {
        "retests": _retests(_by_tube(answered), policy),
        "findings": _findings(run.pools, run.several, policy),
        "clusters": _clusters(once, run.households, at_least, policy),
        **_cycles(once, run, codes, policy),
    }
    if checks["clusters"]:
        checks["clusters"]["prior_implied"] = _empirical_prior(answered, by_size, policy)
    warned = {name for name, told in {"positives": fit, **checks}.items() if told.get("warnings")}
    warnings = [text for told in (fit, *checks.values()) for text in told.get("warnings", [])]
    numbers = _without_warnings(fit) | {check: _without_warnings(told) for check, told in checks.items()}
    return numbers | {"better": _better(numbers, warned), "warnings": warnings}


def _without_warnings(told: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in told.items() if name != "warnings"}


def _better(fit: dict[str, Any], warned: set[str]) -> dict[str, float]:
    """What would explain each warning by itself, where anything does."""
    offers = {
        "positives": ("prior", fit["prior_implied"]),
        "retests": ("specificity", fit["retests"].get("specificity_implied")),
        "findings": ("sensitivity", fit["findings"].get("sensitivity_implied")),
        "dilution": ("efficiency", fit["dilution"].get("efficiency_implied")),
        "ct": ("ct_mean", fit["ct"].get("ct_mean_implied")),
    }
    together = fit["clusters"]
    if "clusters" in warned and together["two"] > together["expected"]:
        # Fewer pools are positive where infected people share them: the prior is that of people, not of pools.
        offers["positives"] = ("prior", together["prior_implied"])
        link = "pool_link" if together["household_link"] is None else "household_link"
        offers["clusters"] = (link, together[link])
    return {name: value for check, (name, value) in offers.items() if check in warned and value is not None}


def _pools_by_size(pools: pl.DataFrame) -> pl.DataFrame:
    """Count pool tubes with a result, those not negative (`alarms`) and those called positive, by people."""
    call = pl.col("call")
    with_result = pools.lazy().filter(
        (pl.col("mode") == _POOL) & (call >= _NEGATIVE) & (pl.col("people") > 0)
    )
    return (
        with_result.group_by("people")
        .agg(
            pl.len().alias("tubes"),
            (call > _NEGATIVE).sum().alias("alarms"),
            (call == _POSITIVE).sum().alias("positive"),
        )
        .sort("people")
        .collect()
    )


def fit_of_positives(by_size: pl.DataFrame, policy: Policy) -> dict[str, Any]:
    """Compare the number of positive and suspect pool tubes, and find the prior that expects as many.

    Parameters
    ----------
    by_size : DataFrame
        people, tubes, alarms: of the pool tubes of so many people with a result, how many there are and how many are not
        negative.
    policy : Policy
        Its `decoding`.

    Returns
    -------
    dict
        positives, expected, lower, upper, prior, prior_implied, warnings; see `fit_of_run`.
    """
    from poolpipe.decode.fit import warn_of_positives
    from poolpipe.decode.sums import expected_positives, narrowed

    rules = policy.decoding
    sizes = by_size["people"].to_numpy().astype(np.float64)
    tubes = by_size["tubes"].to_numpy().astype(np.int64)
    seen = int(by_size["alarms"].sum())

    def chance(prior: float) -> NDArray[np.float64]:
        somebody = -np.expm1(sizes * np.log1p(-min(prior, 1.0 - 1e-15)))
        return np.asarray(1.0 - rules.specificity + (rules.sensitivity + rules.specificity - 1.0) * somebody)

    _, implied = narrowed(lambda prior: float((tubes * chance(prior)).sum()) < seen, 0.0, 1.0, 50)
    counted = expected_positives(chance(rules.prior), seen, weight=tubes)
    explained = float((tubes * chance(0.0)).sum()) <= seen <= float((tubes * chance(1.0)).sum())
    return {
        "positives": seen,
        "expected": round(counted.mean, 1),
        "lower": counted.lower,
        "upper": counted.upper,
        "prior": rules.prior,
        "prior_implied": float(f"{implied:.3g}") if explained else None,
        "warnings": warn_of_positives(seen, counted),
    }


def _answered(pools: pl.DataFrame, recalls: pl.DataFrame) -> pl.DataFrame:
    """People of positive pool tubes all of whose people have a single that closed their recall.

    Returns
    -------
    DataFrame
        tube, person, single_tube, positive (whether the single is), people and by_slot of the tube; sorted by tube.
    """
    positive = (pl.col("mode") == _POOL) & (pl.col("call") == _POSITIVE) & (pl.col("people") > 0)
    tubes = pools.lazy().filter(positive).select("tube", "people", "by_slot").collect()
    return (
        recalls.join(tubes, on="tube")
        .filter(pl.col("outcome").is_not_null().sum().over("tube") == pl.col("people"))
        .select(
            "tube",
            "person",
            "single_tube",
            (pl.col("outcome") == _POSITIVE).alias("positive"),
            "people",
            "by_slot",
        )
        .sort("tube", "person")
    )


def _everybody_once(answered: pl.DataFrame) -> pl.DataFrame:
    """Leave out pools with somebody who is positive in an earlier one too: the same two people are one cluster."""
    positive = answered.filter("positive")
    again = positive.filter(pl.col("tube") != pl.col("tube").min().over("person"))["tube"].unique()
    return answered.filter(~pl.col("tube").is_in(again.implode()))


def _by_tube(answered: pl.DataFrame) -> pl.DataFrame:
    """Number of positive singles of each pool: tube, people, positive; sorted by tube."""
    return answered.group_by("tube").agg(pl.first("people"), pl.col("positive").sum()).sort("tube")


def _retests(retested: pl.DataFrame, policy: Policy) -> dict[str, Any]:
    """Count positive pool tubes all of whose people were tested again, and those of them with a positive single."""
    from poolpipe.decode.retests import fit_of_retests

    rules = policy.decoding
    return fit_of_retests(
        retested["people"].to_numpy().astype(np.float64),
        int((retested["positive"] > 0).sum()),
        rules.prior,
        rules.sensitivity,
        rules.specificity,
        rules.single_specificity,
    )


def _findings(pools: pl.DataFrame, several: pl.DataFrame, policy: Policy) -> dict[str, Any]:
    """Count pools of people with a positive single, and the positive ones of them.

    A single that was swabbed after the pool's result may have been taken because of it, and does not count.
    """
    from poolpipe.decode.retests import fit_of_findings

    if several.is_empty():
        return {}
    rows = pools["tube"].search_sorted(
        several["tube"].unique()
    )  # pools are sorted by tube, and each of these is one
    called = pools.select("tube", "people", "call", "called_at")[rows]
    called = called.filter(pl.col("call").is_in([_NEGATIVE, _POSITIVE]))
    singles = several.filter(~pl.col("pooled")).join(
        called.filter(pl.col("call") == _POSITIVE).select("tube"), on="tube", how="semi"
    )
    found = (
        several.filter(pl.col("pooled"))
        .select("round", "person", "tube")
        .join(singles.select("round", "person", "collected_at"), on=["round", "person"])
        .join(called, on="tube")
        .filter(pl.col("collected_at") < pl.col("called_at"))
        .unique("tube")
        .sort("tube")
    )
    rules = policy.decoding
    return fit_of_findings(
        found["people"].to_numpy().astype(np.float64),
        int((found["call"] == _POSITIVE).sum()),
        rules.prior,
        rules.sensitivity,
        rules.specificity,
        rules.single_specificity,
    )


def _clusters(
    once: pl.DataFrame, households: pl.DataFrame | None, prior: float, policy: Policy
) -> dict[str, Any]:
    """Count pools with two and more positive singles; estimate the infection of housemates and of others in the pool."""
    from poolpipe.decode.clusters import attack_rate, fit_of_clusters

    tubes = _by_tube(once).filter(pl.col("positive") > 0)
    rules = policy.decoding
    fit = fit_of_clusters(
        tubes["people"].to_numpy().astype(np.float64),
        int((tubes["positive"] > 1).sum()),
        prior,
        rules.sensitivity,
        rules.specificity,
        rules.single_specificity,
    )
    if not fit:
        return {}
    chance = prior * rules.sensitivity + (1.0 - prior) * (1.0 - rules.single_specificity)
    fit["pool_link"] = attack_rate(tubes["people"].to_numpy(), tubes["positive"].to_numpy(), chance)
    fit["household_link"] = None
    if households is not None:
        homes = once.join(households.unique("person"), on="person").group_by("tube", "household")
        groups = homes.agg(pl.len().alias("people"), pl.col("positive").sum())
        fit["household_link"] = attack_rate(
            groups["people"].to_numpy().astype(np.int64),
            groups["positive"].to_numpy().astype(np.int64),
            chance,
        )
    return fit


def _empirical_prior(answered: pl.DataFrame, by_size: pl.DataFrame, policy: Policy) -> float | None:
    """Share of infected people that the positive singles of positive pools tell, whoever shares a pool with whom.

    An infected person is found by the pool and then by the single, each with the sensitivity; as many positive singles are
    taken for pools not tested again.
    """
    rules = policy.decoding
    false = answered.height * (1.0 - rules.single_specificity)
    share = int(by_size["positive"].sum()) / answered["tube"].n_unique()
    found = max(float(answered["positive"].sum()) - false, 0.0) * share
    tested = float((by_size["people"].cast(pl.Int64) * by_size["tubes"].cast(pl.Int64)).sum())
    implied = found / tested / rules.sensitivity**2
    return float(f"{implied:.3g}") if implied <= 1.0 else None


def _cycles(
    once: pl.DataFrame, run: RunTables, codes: Dictionaries, policy: Policy
) -> dict[str, dict[str, Any]]:
    """Compare Ct of pools with one positive person with that person's single, and with the policy's law."""
    from poolpipe.decode.assays import Cycles
    from poolpipe.decode.cycle_shifts import MARGIN, fit_of_dilution, fit_of_law

    rules = policy.assay
    alone = _by_tube(once).filter(pl.col("positive") == 1)
    pairs = once.filter("positive").join(alone.select("tube"), on="tube", how="semi")
    rows = run.pools["tube"].search_sorted(
        pairs["single_tube"]
    )  # pools are sorted by tube, and each single is one
    pairs = pairs.with_columns(run.pools["by_slot"].gather(rows).alias("single_slot")).sort("tube")
    read = _read_outs(run.readings, pl.concat([pairs["by_slot"], pairs["single_slot"]]), codes, policy)
    pooled = pairs.join(read.rename({"slot": "by_slot", "ct": "pool_ct"}), on="by_slot")
    # A pool is positive where the last of its targets is within the limit: its Ct has the law that is cut off there.
    by_pool = (
        pooled.group_by("tube")
        .agg(pl.first("people"), pl.col("pool_ct").max(), pl.len().alias("targets"))
        .filter(pl.col("targets") == len(rules.targets))
        .sort("tube")
    )
    single = read.rename({"slot": "single_slot", "ct": "single_ct"})
    both = pooled.join(single, on=["single_slot", "target"])
    diluted = pl.col("single_ct") + pl.col("people").cast(pl.Float64).log() / np.log1p(rules.efficiency)
    compared = (
        both.filter(diluted <= rules.detected_ct - MARGIN)
        .group_by("tube")
        .agg(pl.first("people"), (pl.col("pool_ct") - pl.col("single_ct")).mean().alias("later"))
        .sort("tube")
    )
    law = None
    if rules.ct_mean is not None and rules.detected_ct > 0.0:
        law = Cycles(mean=rules.ct_mean, sd=rules.ct_sd, limit=rules.detected_ct, efficiency=rules.efficiency)
    return {
        "dilution": fit_of_dilution(
            compared["people"].to_numpy().astype(np.float64), compared["later"].to_numpy(), rules.efficiency
        ),
        "ct": fit_of_law(by_pool["people"].to_numpy().astype(np.float64), by_pool["pool_ct"].to_numpy(), law),
    }


def _read_outs(readings: pl.DataFrame, slots: pl.Series, codes: Dictionaries, policy: Policy) -> pl.DataFrame:
    """Ct of each of the policy's targets in some wells that hold one tube alone; none where read-outs of a target differ.

    Returns
    -------
    DataFrame
        slot, target, ct (cycles, above 0 and within `detected_ct`).
    """
    numbers = [codes.number("target", name) for name in policy.assay.targets]
    slot = readings["plate"].cast(pl.Int64) * WELL_PLACES + readings["well"]
    wanted = slots.drop_nulls().unique()
    return (
        readings.select(slot.alias("slot"), "target", "ct", "shared")
        .filter(
            pl.col("slot").is_in(wanted.implode())
            & pl.col("target").is_in([number for number in numbers if number is not None])
            & ~pl.col("shared").fill_null(value=False)
        )
        .group_by("slot", "target")
        .agg(pl.col("ct").first(), pl.col("ct").n_unique().alias("different"))
        .filter(
            (pl.col("different") == 1) & (pl.col("ct") > 0.0) & (pl.col("ct") <= policy.assay.detected_ct)
        )
        .drop("different")
    )
