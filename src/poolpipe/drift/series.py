"""What the charts draw: one value a plate, a positive or an hour of each laboratory, in order of time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

if TYPE_CHECKING:
    from poolpipe.drift_policy import DriftRules
    from poolpipe.policy import CallRules

__all__ = [
    "PlateSeries",
    "call_cells",
    "control_ct",
    "expected_positives",
    "hourly_calls",
    "internal_controls",
    "joined_series",
    "plate_series",
    "single_targets",
    "target_differences",
]

_PLATE = ("lab", "round", "plate")


class PlateSeries(NamedTuple):
    """What the charts of Ct draw, each plate by itself: a plate that is read again is drawn again, and no other."""

    control_ct: pl.DataFrame
    internal_control: pl.DataFrame
    target_difference: pl.DataFrame
    single_target: pl.DataFrame


def plate_series(readings: pl.DataFrame, assay: CallRules, rules: DriftRules) -> PlateSeries:
    """Draw every series of some plates, of which every reading is there.

    Parameters
    ----------
    readings : DataFrame
        lab, round, plate, well, role, target, ct (null: undetermined), at, instrument.
    assay : CallRules
    rules : DriftRules
    """
    return PlateSeries(
        control_ct(readings, assay),
        internal_controls(readings, assay, rules),
        target_differences(readings, assay, rules),
        single_targets(readings, assay),
    )


def joined_series(before: PlateSeries, plates: pl.DataFrame, drawn: PlateSeries) -> PlateSeries:
    """Put what was drawn anew of some plates in the place of what they were before.

    Parameters
    ----------
    before : PlateSeries
    plates : DataFrame
        round, plate.
    drawn : PlateSeries
        Of these plates.
    """
    orders = _OF_PLATES, _OF_PLATES, _OF_TARGETS, _OF_WELLS
    return PlateSeries(
        *(
            pl.concat([was.join(plates, on=["round", "plate"], how="anti"), now]).sort(order)
            for was, now, order in zip(before, drawn, orders, strict=True)
        )
    )


def control_ct(readings: pl.DataFrame, assay: CallRules) -> pl.DataFrame:
    """Mean Ct of each plate's positive controls.

    Parameters
    ----------
    readings : DataFrame
        lab, round, plate, well, role, target, ct (null: undetermined), at, instrument.
    assay : CallRules
        Its targets and internal control.

    Returns
    -------
    DataFrame
        lab, stratum, at, round, plate, well (empty), value: a plate of another instrument, or with other targets, has a mean
        of its own.
    """
    wells = readings.filter(
        (pl.col("role") == "positive_control")
        & pl.col("ct").is_not_null()
        & (pl.col("target") != assay.internal_control)
    )
    return _of_plates(wells, pl.col("ct").mean())


def internal_controls(readings: pl.DataFrame, assay: CallRules, rules: DriftRules) -> pl.DataFrame:
    """Mean Ct of the internal control over each plate's samples; plates with few are left out."""
    wells = readings.filter(
        (pl.col("role") == "sample")
        & pl.col("ct").is_not_null()
        & (pl.col("target") == assay.internal_control)
    )
    return _of_plates(wells, pl.col("ct").mean(), least=rules.least_wells)


def _of_plates(wells: pl.DataFrame, value: pl.Expr, least: int = 1) -> pl.DataFrame:
    instrument = pl.col("instrument").fill_null("").first()
    targets = pl.col("target").unique().sort().str.join("+")
    return (
        wells.group_by(_PLATE)
        .agg(
            value.alias("value"),
            pl.col("at").max(),
            pl.len().alias("wells"),
            (instrument + "|" + targets).alias("stratum"),
        )
        .filter(pl.col("wells") >= least)
        .with_columns(pl.lit("").alias("well"))
        .select(*_SERIES)
        .sort(_OF_PLATES)
    )


def _positives(readings: pl.DataFrame, assay: CallRules) -> pl.DataFrame:
    """Sample wells that show a target: lab, round, plate, well, at, and one column of Ct a target."""
    wells = readings.filter((pl.col("role") == "sample") & pl.col("target").is_in(assay.targets))
    each = [pl.col("ct").filter(pl.col("target") == name).min().alias(f"ct:{name}") for name in assay.targets]
    shown = [pl.col(f"ct:{name}") <= assay.detected_ct for name in assay.targets]
    return (
        wells.group_by(*_PLATE, "well")
        .agg(*each, pl.col("at").max())
        .with_columns(pl.sum_horizontal(*(each.fill_null(value=False) for each in shown)).alias("shown"))
        .filter(pl.col("shown") > 0)
        .sort(_OF_WELLS)
    )


def target_differences(readings: pl.DataFrame, assay: CallRules, rules: DriftRules) -> pl.DataFrame:
    """Difference of each further target's Ct from the first one's, of every positive well that shows both well.

    Returns
    -------
    DataFrame
        lab, stratum (the target), at, round, plate, well, value (cycles).
    """
    if len(assay.targets) < 2:
        return pl.DataFrame(schema=_SERIES)
    wells, first = _positives(readings, assay), pl.col(f"ct:{assay.targets[0]}")
    parts = [
        wells.filter((first <= rules.weak_ct) & (pl.col(f"ct:{name}") <= rules.weak_ct)).select(
            "lab",
            pl.lit(name).alias("stratum"),
            "at",
            "round",
            "plate",
            "well",
            (pl.col(f"ct:{name}") - first).alias("value"),
        )
        for name in assay.targets[1:]
    ]
    return pl.concat(parts).sort(_OF_TARGETS)


def single_targets(readings: pl.DataFrame, assay: CallRules) -> pl.DataFrame:
    """Whether each positive well shows one target alone (1) or more (0): lab, stratum, at, round, plate, well, value."""
    if len(assay.targets) < 2:
        return pl.DataFrame(schema=_SERIES)
    wells = _positives(readings, assay)
    return wells.select(
        "lab",
        pl.lit("").alias("stratum"),
        "at",
        "round",
        "plate",
        "well",
        (pl.col("shown") == 1).cast(pl.Float64).alias("value"),
    )


def hourly_calls(calls: pl.DataFrame) -> pl.DataFrame:
    """Positives of each laboratory and hour beside those that the other laboratories' shares make one expect.

    Parameters
    ----------
    calls : DataFrame
        lab, at (of the result), place (community of the site, or the site), is_positive.

    Returns
    -------
    DataFrame
        lab, at (the hour), found (positives), expected: of each place the share of positives among all tubes that other
        laboratories tested, drawn a little to the city's, times the tubes of this one.
    """
    return expected_positives(call_cells(calls))


def call_cells(calls: pl.DataFrame) -> pl.DataFrame:
    """Count calls by place, laboratory and hour, texts or numbers: place, lab, at, tubes, found."""
    hour = calls.with_columns(pl.col("at").dt.truncate("1h"))
    return hour.group_by("place", "lab", "at").agg(
        pl.len().alias("tubes"), pl.col("is_positive").sum().alias("found")
    )


def expected_positives(cells: pl.DataFrame) -> pl.DataFrame:
    """Add cells of place, laboratory and hour (place, lab, at, tubes, found) up, as `hourly_calls` gives them."""
    city = int(cells["found"].sum()) / max(1, int(cells["tubes"].sum()))
    places = cells.group_by("place").agg(
        pl.col("tubes").sum().alias("place_tubes"), pl.col("found").sum().alias("place_found")
    )
    of_lab = cells.group_by("place", "lab").agg(
        pl.col("tubes").sum().alias("own_tubes"), pl.col("found").sum().alias("own_found")
    )
    others_tubes = pl.col("place_tubes") - pl.col("own_tubes")
    others_found = pl.col("place_found") - pl.col("own_found")
    share = (others_found + city * _PRIOR_TUBES) / (others_tubes + _PRIOR_TUBES)
    shares = of_lab.join(places, on="place").select("place", "lab", share.alias("share"))
    return (
        cells.join(shares, on=["place", "lab"])
        .group_by("lab", "at")
        .agg(
            pl.col("found").sum().cast(pl.Float64),
            # in one order: the last bit of a sum depends on it
            (pl.col("tubes") * pl.col("share")).sort_by("place").sum().alias("expected"),
        )
        .sort("lab", "at")
    )


_PRIOR_TUBES = 200
"""Tubes that the city's share counts for where others tested few of a place."""

_SERIES: Final[dict[str, pl.DataType]] = {
    "lab": pl.String(), "stratum": pl.String(), "at": pl.Datetime("us", "UTC"), "round": pl.String(), "plate": pl.String(),
    "well": pl.String(), "value": pl.Float64(),
}  # fmt: skip

_OF_PLATES: Final = ("lab", "at", "plate", "round")
_OF_WELLS: Final = (*_OF_PLATES, "well")
_OF_TARGETS: Final = ("lab", "stratum", "at", "plate", "round", "well")
