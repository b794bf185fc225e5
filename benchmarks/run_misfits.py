"""Simulated cities run under a policy that is not theirs: what `fit` of each run tells. Used by the calibration page and tests."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import poolpipe
from poolpipe.coding.dictionaries import well_names
from poolpipe.simulate.city import townships_of
from poolpipe.simulate.settings import settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["RUN_MISFITS", "RunMisfit", "fit_of", "run_table"]

_SAMPLES = 94
"""Singles on a plate beside its two controls."""


@dataclass(frozen=True)
class RunMisfit:
    """How a city differs from one that its policy is told of.

    Attributes
    ----------
    city : mapping
        Settings of `poolpipe.simulate` that differ from a city whose residents are infected alike.
    told : mapping
        Settings of the policy's `decoding` and `assay` that differ from those which are right there.
    readings : bool
        Whether the laboratory's singles come with Ct; else they are reports, as of a laboratory that tells results alone.
    households : bool
        Whether the table of residents is given.
    """

    city: Mapping[str, Any] = field(default_factory=dict)
    told: Mapping[str, Any] = field(default_factory=dict)
    readings: bool = True
    households: bool = True


RUN_MISFITS = {
    "households ignored": RunMisfit({"clustered": True}),
    "households ignored, none known": RunMisfit({"clustered": True}, households=False),
    "pools 3 cycles later than diluted": RunMisfit({"pool_shift": 3.0}),
    "the same, no law told": RunMisfit({"pool_shift": 3.0}, {"ct_mean": None}),
    "the same, singles without Ct": RunMisfit({"pool_shift": 3.0}, readings=False),
    "all Ct 3 cycles later than told": RunMisfit({"ct_mean": 29.0}),
    "all Ct 5 cycles later than told": RunMisfit({"ct_mean": 31.0}),
    "efficiency 0.7 told 1": RunMisfit({"pool_shift": 1.0}, {"ct_mean": None}),
    "prior five times too high": RunMisfit(told={"prior": 5.0}),
    "prior five times too low": RunMisfit(told={"prior": 0.2}),
}


def fit_of(case: RunMisfit | None, people: int, rounds: int, seed: int) -> dict[str, Any]:
    """Simulate a city, run it under its policy and give `fit` of the summary; None: the policy is right.

    Parameters
    ----------
    case : RunMisfit or None
        How city and policy differ.
    people, rounds, seed : int
        Of the city.
    """
    case = case or RunMisfit()
    settings = dataclasses.replace(settings_for("ruijin", people=people, rounds=rounds), clustered=False)
    settings = dataclasses.replace(settings, **case.city)
    towns = list(townships_of(settings, seed))
    events: dict[str, list[pl.DataFrame]] = {}
    for town in towns:
        for stream, frame in town.events.items():
            events.setdefault("collect" if stream == "emergency" else stream, []).append(frame)
    if case.readings:
        _measure_singles(events, pl.concat([town.truth["infected"] for town in towns]), seed)
    told = dict(case.told)
    prior = settings.infected / settings.people / rounds * told.pop("prior", 1.0)
    # Simulated pools and singles are never falsely positive, and few infected people escape them.
    policy = {
        "decoding": {"prior": prior, "sensitivity": 0.99, "specificity": 0.99999},
        "assay": {"ct_mean": 26.0, **told},
    }
    policy["assay"] = {name: value for name, value in policy["assay"].items() if value is not None}
    listed = pl.concat([town.references["people"] for town in towns]) if case.households else None
    fit: dict[str, Any] = poolpipe.run(events, policy=policy, people=listed).summary["fit"]
    return fit


def _measure_singles(events: dict[str, list[pl.DataFrame]], infected: pl.DataFrame, seed: int) -> None:
    """Put the positive singles of the emergency team on plates with controls, in place of their reports."""
    rng = np.random.default_rng([seed, 1])
    reports = pl.concat(events["report"])
    found = reports.filter(pl.col("call") == "positive").select("tube", "at", "lab", "round")
    swabs = pl.concat([frame for frame in events["collect"] if "recall_of" in frame.columns])
    ct = infected.unique(["person_type", "person"], keep="last", maintain_order=True)
    singles = (
        found.join(
            swabs.select("round", "tube", "person_type", "person").unique(["round", "tube"]),
            on=["round", "tube"],
        )
        .join(ct.select("person_type", "person", "ct"), on=["person_type", "person"])
        .sort("round", "tube")
        .with_columns(number=pl.int_range(pl.len()).over("round"))
        .with_columns(plate=pl.format("X{}", pl.col("number") // _SAMPLES), place=pl.col("number") % _SAMPLES)
        .with_columns(at=pl.col("at").max().over("round", "plate"), role=pl.lit("sample"))
        .select("round", "plate", "place", "tube", "role", "at", "lab", "ct")
    )
    controls = singles.unique(["round", "plate"], maintain_order=True).drop("place", "role", "ct", "tube")
    kinds = {
        "place": [_SAMPLES, _SAMPLES + 1],
        "role": ["negative_control", "positive_control"],
        "ct": [None, 28.0],
    }
    wells = pl.concat([singles, controls.join(pl.DataFrame(kinds), how="cross")], how="diagonal_relaxed")
    loads = wells.with_columns(well=well_names(wells["place"].cast(pl.Int32), 96))
    events["load"].append(loads.select("plate", "well", "tube", "at", "lab", "round", "role"))
    for target, later in (("ORF1ab", 0.0), ("N", -0.8), ("IC", None)):
        noise = pl.Series(rng.normal(0.0, 0.25, loads.height))
        values = pl.lit(28.0) if later is None else (pl.col("ct") + later + noise).round(2)
        reads = loads.select(
            "plate", "well", "at", "round", target=pl.lit(target), ct=values.cast(pl.Float32)
        )
        events["read"].append(reads)
    measured = singles.select("round", "tube")
    events["report"] = [reports.join(measured, on=["round", "tube"], how="anti")]


def run_table(people: int = 200_000, right: int = 10) -> list[str]:
    """Lines of a table in Markdown: every misfit, and `right` cities that are as told, in one round and in three."""
    lines = [
        (
            "| city | rounds | pools of two and more: seen, expected | pools after singles, cycles: seen, expected "
            "| mean Ct: seen, expected | warned of | better fit offered |"
        ),
        "| --- | ---: | --- | --- | --- | --- | --- |",
    ]
    for name, case in RUN_MISFITS.items():
        for rounds in (1, 3):
            fit = fit_of(case, people, rounds, seed=11)
            offered = ", ".join(f"{key} {value:.3g}" for key, value in fit["better"].items())
            lines.append(
                f"| {name} | {rounds} | {_numbers(fit)} | {_named(fit) or '**nothing**'} | {offered or '-'} |"
            )
    for rounds in (1, 3):
        fits = [fit_of(None, people, rounds, seed=100 + seed) for seed in range(right)]
        warned = sum(bool(fit["warnings"]) for fit in fits)
        told = ", ".join(sorted({word for fit in fits for word in _named(fit).split(", ") if word}))
        lines.append(
            f"| as told, the first of {right} cities | {rounds} | {_numbers(fits[0])} | {f'{warned} of {right} {told}'.strip()} | - |"
        )
    return lines


def _numbers(fit: dict[str, Any]) -> str:
    cells = []
    for check, seen in (("clusters", "two"), ("dilution", "shift"), ("ct", "mean")):
        told = fit[check]
        if told and told["expected"] is not None:
            cells.append(f"{told[seen]}, {told['expected']} ({told['lower']} to {told['upper']})")
        else:
            cells.append(f"{told[seen]}, no law" if told else "-")
    return " | ".join(cells)


SIGNS = {
    "number of positives": "positive pools seen",
    "retests": "tested again",
    "findings": "own single is positive",
    "pools of two": "hold two or more",
    "dilution": "single of their one positive",
    "Ct": "mean Ct of",
}
"""Short names of the warnings, and a piece of each."""


def _named(fit: dict[str, Any]) -> str:
    return ", ".join(word for word, sign in SIGNS.items() if any(sign in text for text in fit["warnings"]))
