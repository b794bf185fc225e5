"""Run every chart over the laboratories' readings, and tell where one rang: which laboratory, since when, by how much."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.drift import series as drawn
from poolpipe.drift.cusum import self_starting, summed, summed_ratios

if TYPE_CHECKING:
    from poolpipe.drift_policy import DriftRules
    from poolpipe.policy import CallRules

__all__ = ["ALARMS", "CHARTS", "Drift", "drift_of_series", "find_drift", "positives_chart", "rang"]

_TIME: Final = pl.Datetime("us", "UTC")

CHARTS: Final[dict[str, pl.DataType]] = {
    "chart": pl.String(), "lab": pl.String(), "stratum": pl.String(), "at": _TIME, "plate": pl.String(), "value": pl.Float64(),
    "z": pl.Float64(), "up": pl.Float64(), "down": pl.Float64(),
}  # fmt: skip
ALARMS: Final[dict[str, pl.DataType]] = {
    "chart": pl.String(), "lab": pl.String(), "at": _TIME, "since": _TIME, "count": pl.Int64(), "direction": pl.String(),
    "statistic": pl.Float64(), "shift": pl.Float64(), "detail": pl.String(),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drift:
    """What the charts show.

    Attributes
    ----------
    charts : DataFrame
        As `CHARTS`: one row a plate (`control_ct`, `internal_control`), a positive (`target_difference`,
        `single_target`) or an hour (`positivity`), with the sums of its chart.
    alarms : DataFrame
        As `ALARMS`: one row each time a chart begins to ring; `since` is when its sum last left 0, `count` the values
        from then on, `shift` by how much they differ: cycles, or the ratio of found to expected.
    """

    charts: pl.DataFrame
    alarms: pl.DataFrame


def find_drift(
    readings: pl.DataFrame,
    calls: pl.DataFrame,
    contradictions: pl.DataFrame,
    assay: CallRules,
    rules: DriftRules,
) -> Drift:
    """Find laboratories whose readings or calls move.

    Parameters
    ----------
    readings : DataFrame
        lab, round, plate, well, role, target, ct (Float64; null: undetermined), at, instrument: every read-out of every
        well, controls too, each once.
    calls : DataFrame
        lab, at, place, is_positive: one row a tube with a result.
    contradictions : DataFrame
        lab, at, tube, reported, read: tubes that a laboratory reported as something that its Ct are not.
    assay : CallRules
        Targets, internal control, cut-offs.
    rules : DriftRules

    Returns
    -------
    Drift
    """
    series = drawn.plate_series(readings, assay, rules)
    return drift_of_series(series, drawn.hourly_calls(calls), contradictions, rules)


def drift_of_series(
    series: drawn.PlateSeries, hours: pl.DataFrame, contradictions: pl.DataFrame, rules: DriftRules
) -> Drift:
    """Find laboratories that move by what was drawn of their plates and hours.

    Parameters
    ----------
    series : PlateSeries
        Each in order.
    hours : DataFrame
        As `series.hourly_calls` gives them.
    contradictions : DataFrame
        As of `find_drift`.
    rules : DriftRules

    Returns
    -------
    Drift
    """
    of_ct = ("control_ct", "internal_control", "target_difference")
    made = [_ct_chart(name, getattr(series, name), rules) for name in of_ct]
    made += [_singles_chart(series.single_target, rules), positives_chart(hours, rules)]
    charts = pl.concat([pl.DataFrame(schema=CHARTS), *made])
    alarms = pl.concat([rang(charts, rules), _contradicted(contradictions)])
    return Drift(charts, alarms.sort("at", "lab", "chart", "direction"))


def rang(charts: pl.DataFrame, rules: DriftRules) -> pl.DataFrame:
    """Tell each time a chart begins to ring, as `ALARMS`; charts as `CHARTS`, each in order of time."""
    others = {
        "target_difference": rules.difference_limit,
        "single_target": rules.single_limit,
        "positivity": rules.call_limit,
    }
    plates = ("control_ct", "internal_control")
    limits = {
        "up": dict.fromkeys(plates, rules.limit) | others,
        "down": dict.fromkeys(plates, rules.limit_down) | others,
    }
    found = [_rang(charts, side, of_charts) for side, of_charts in limits.items()]
    return pl.concat([pl.DataFrame(schema=ALARMS), *found])


def _ct_chart(name: str, told: pl.DataFrame, rules: DriftRules) -> pl.DataFrame:
    by = ["lab", "stratum"]
    moved = self_starting(told, by, baseline=rules.baseline, recent=rules.recent, clip=rules.clip)
    if name == "target_difference":  # each target's is a chart
        return _shaped(name, summed(moved, by, slack=rules.difference_slack))
    return _shaped(name, summed(moved, ["lab"], slack=rules.slack))  # plates of several instruments are one


def _singles_chart(told: pl.DataFrame, rules: DriftRules) -> pl.DataFrame:
    """Log likelihood ratios of one target alone being so many times as likely as in the other laboratories."""
    city = pl.col("value").sum(), pl.len()
    own = pl.col("value").sum().over("lab"), pl.len().over("lab")
    usual = (city[0] - own[0] + 1.0) / (city[1] - own[1] + 2.0)
    odds = rules.single_odds * usual / (1 - usual)
    changed = odds / (1 + odds)
    ratio = (
        pl.when(pl.col("value") > 0)
        .then((changed / usual).log())
        .otherwise(((1 - changed) / (1 - usual)).log())
    )
    z = told.with_columns(ratio.alias("z"))
    return _shaped("single_target", summed_ratios(z, ["lab"], pl.col("z")))


def positives_chart(hours: pl.DataFrame, rules: DriftRules) -> pl.DataFrame:
    """Log likelihood ratios of a share of the positives being lost, hour by hour (risk-adjusted, Steiner et al. 2000).

    Parameters
    ----------
    hours : DataFrame
        lab, at, found, expected, as `series.hourly_calls` gives them.
    rules : DriftRules

    Returns
    -------
    DataFrame
        As `CHARTS`.
    """
    if hours.is_empty():
        return pl.DataFrame(schema=CHARTS)
    kept = 1.0 - rules.lost
    ratio = pl.col("found") * math.log(kept) + (1.0 - kept) * pl.col("expected")
    value = pl.when(pl.col("expected") > 0).then(pl.col("found") / pl.col("expected"))
    told = hours.with_columns(
        ratio.alias("z"), value.alias("value"), pl.lit("").alias("stratum"), pl.lit("").alias("plate")
    )
    return _shaped("positivity", summed_ratios(told, ["lab"], pl.col("z")))


def _shaped(name: str, told: pl.DataFrame) -> pl.DataFrame:
    return told.with_columns(pl.lit(name).alias("chart")).select(
        pl.col(each).cast(kind) for each, kind in CHARTS.items()
    )


def _rang(charts: pl.DataFrame, side: str, limits: dict[str, float]) -> pl.DataFrame:
    """One row each time the sum of a side passes its limit for the first time since it was 0."""
    target = pl.when(pl.col("chart") == "target_difference").then("stratum").otherwise(pl.lit(""))
    limit = pl.col("chart").replace_strict(limits, return_dtype=pl.Float64)
    is_up, chart = pl.col(side) > 0, ["chart", "lab", "of"]
    told = charts.with_columns((pl.col(side) >= limit).alias("rings"), target.alias("of")).with_columns(
        (~is_up).cum_sum().over(chart).alias("run")
    )
    run = [*chart, "run"]
    usual = pl.col("value").filter(~is_up).mean().over([*chart, "stratum"])
    away = pl.when(is_up).then(pl.col("value") - usual).otherwise(0.0).fill_null(0.0)
    count = is_up.cum_sum().over(run).cast(pl.Int64)
    return (
        told.with_columns(count.alias("count"), away.alias("away"))
        .with_columns(
            pl.col("at").filter(is_up).min().over(run).alias("since"),
            (pl.col("away").cum_sum().over(run) / pl.col("count")).alias("shift"),
            (pl.col("rings") & (pl.col("rings").cum_sum().over(run) == 1)).alias("begins"),
        )
        .filter("begins")
        .with_columns(
            pl.lit(side).alias("direction"), pl.col(side).alias("statistic"), pl.col("of").alias("detail")
        )
        .select(pl.col(name).cast(kind) for name, kind in ALARMS.items())
    )


def _contradicted(contradictions: pl.DataFrame) -> pl.DataFrame:
    """Each laboratory's first report that is not what its Ct say."""
    first = contradictions.sort("lab", "at", "tube").group_by("lab", maintain_order=True)
    told = pl.format("{}: {} ≠ {}", "tube", "reported", "read")
    return first.agg(
        pl.lit("contradiction").alias("chart"), pl.col("at").first(), pl.col("at").first().alias("since"),
        pl.len().cast(pl.Int64).alias("count"), pl.lit("up").alias("direction"), pl.lit(1.0).alias("statistic"),
        pl.lit(None, pl.Float64).alias("shift"), told.first().alias("detail"),
    ).select(pl.col(name).cast(kind) for name, kind in ALARMS.items())  # fmt: skip
