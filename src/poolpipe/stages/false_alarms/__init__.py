"""False alarms: positives that the laboratory may explain, each with the tubes to repeat. No call is changed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import well_names
from poolpipe.stages.false_alarms.exact import false_discovery_rates
from poolpipe.stages.false_alarms.exposures import exposures, plate_assays
from poolpipe.stages.false_alarms.handling import ORDERS
from poolpipe.stages.false_alarms.join_counts import join_counts
from poolpipe.stages.false_alarms.queue_bracket import queue_bracket
from poolpipe.stages.false_alarms.rows import alarm_rows, tubes_in_words
from poolpipe.stages.false_alarms.runs import find_runs
from poolpipe.stages.false_alarms.splash import SplashedWells, cycle_law, splash_posteriors
from poolpipe.stages.false_alarms.splashed import splash_links
from poolpipe.stages.false_alarms.stratified import stratified_tests, thinned
from poolpipe.stages.false_alarms.tested_wells import tested_wells
from poolpipe.tables import TIME

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy
    from poolpipe.stages.false_alarms.exposures import Exposures
    from poolpipe.stages.false_alarms.stratified import UnitTests
    from poolpipe.stages.false_alarms.tested_wells import TestedWells

__all__ = ["LabEvidence", "LabFindings", "find_false_alarms", "plate_assays"]

_REACH = 20
"""Tubes of a queue in which positives are one cluster; simulated outbreaks reach so far."""

_POOL_CT = 29.3
"""Mean Ct of positive pools of ten where a policy gives none: 26 cycles and the dilution of ten swabs (docs/simulate.md)."""


@dataclass(frozen=True, slots=True)
class LabEvidence:
    """What the tests look at, coded.

    Attributes
    ----------
    pools : DataFrame
        As `gather_pools` gives it.
    loads : DataFrame
        Load events, voided ones taken out.
    readings : DataFrame
        Read-outs of the wells that positive and suspect calls rest on.
    assays : DataFrame
        Lot and instrument of each plate, as `plate_assays` gives them.
    odd_wells : DataFrame
        `Calls.wells`: which wells hold several tubes, or a tube and a control.
    """

    pools: pl.DataFrame
    loads: pl.DataFrame
    readings: pl.DataFrame
    assays: pl.DataFrame
    odd_wells: pl.DataFrame


class LabFindings(NamedTuple):
    """What the laboratory may explain.

    Attributes
    ----------
    alarms : DataFrame
        Columns of `tables.TABLES["false_alarms"]` as texts, one row per subject and statistic; not sorted.
    splash : DataFrame or None
        Positive tubes and the tube whose splash may explain each, as `splash_links` pairs them; None where no tube in a well
        is positive or suspect.
    """

    alarms: pl.DataFrame
    splash: pl.DataFrame | None


def find_false_alarms(evidence: LabEvidence, codes: Dictionaries, policy: Policy) -> LabFindings:
    """Ask of each lab's day, plate, well, lot, instrument, channel and run of tubes whether it explains positives.

    Parameters
    ----------
    evidence : LabEvidence
        Tables of the run.
    codes : Dictionaries
        Turn numbers into texts.
    policy : Policy
        Its `false_alarms`, and what calls rest on.

    Returns
    -------
    LabFindings
        Nothing is computed where no tube in a well is positive or suspect.
    """
    shared = evidence.odd_wells.filter("shared")["slot"]
    wells = tested_wells(evidence.pools, evidence.loads, evidence.readings, shared, codes, policy)
    if wells is None:
        return LabFindings(alarm_rows(()), None)
    found = _splash(wells, policy)
    alarms = [
        *_splashed_days(wells, codes, policy),
        *_splashed_wells(wells, found, codes, policy),
        *_joined_plates(wells, codes, policy),
        *_bad_units_and_runs(exposures(evidence.pools, evidence.assays, policy), codes, policy),
    ]
    return LabFindings(alarm_rows(alarms), splash_links(wells, found))


def _splashed_days(wells: TestedWells, codes: Dictionaries, policy: Policy) -> Iterator[dict[str, Any]]:
    """Labs' days with more weak positives beside strong wells than the queue explains."""
    rules = policy.false_alarms
    bracket = queue_bracket(wells, rules)
    rates = false_discovery_rates(bracket.p)
    for day in np.flatnonzero(bracket.p <= rules.alpha).tolist():
        repeat = np.flatnonzero(bracket.weak & (wells.day == day))
        expected = bracket.weak_apart[day] / max(bracket.apart[day], 1) * bracket.adjacent[day]
        yield {
            **_of_day(wells, day, codes),
            "subject_kind": "lab",
            "statistic": "queue_bracket",
            "seen": int(bracket.weak_adjacent[day]),
            "expected": float(expected),
            "p": float(bracket.p[day]),
            "q": float(rates[day]),
            "tubes": len(repeat),
            "repeat": tubes_in_words(wells.tube[repeat], codes),
        }


def _of_day(wells: TestedWells, day: int, codes: Dictionaries) -> dict[str, Any]:
    """round, lab, subject (its date) and the first load of a lab's day."""
    which = wells.days[day]
    date = which["date"][0]
    lab = codes.text("lab", which["lab"])[0]
    return {
        "round": codes.text("round", which["round"])[0],
        "subject": f"{lab or ''} {date}".strip(),
        "lab": lab,
        "at": pl.Series([int(wells.at[wells.day == day].min())]).cast(TIME)[0],
    }


def _splashed_wells(
    wells: TestedWells, found: SplashedWells, codes: Dictionaries, policy: Policy
) -> Iterator[dict[str, Any]]:
    """Weak positives beside a strong well that are likelier splash than infections."""
    for place in np.flatnonzero(found.posterior >= policy.false_alarms.posterior).tolist():
        well = int(found.well[place])
        yield {
            **_of_day(wells, int(wells.day[well]), codes),
            "subject_kind": "well",
            "subject": _well_name(wells, well, codes, policy),
            "at": pl.Series([int(wells.at[well])]).cast(TIME)[0],
            "statistic": "splash",
            "seen": 1,
            "expected": float(found.prevalence[place]),
            "posterior": float(found.posterior[place]),
            "tubes": 1,
            "repeat": tubes_in_words(wells.tube[[well]], codes),
        }


def _splash(wells: TestedWells, policy: Policy) -> SplashedWells:
    assay = policy.assay
    mean = _POOL_CT if assay.ct_mean is None else assay.ct_mean
    return splash_posteriors(wells, policy.false_alarms, cycle_law(wells, assay.grey_ct, (mean, assay.ct_sd)))


def _well_name(wells: TestedWells, well: int, codes: Dictionaries, policy: Policy) -> str:
    """plate:well."""
    plate = codes.entity("plate", pl.Series([int(wells.plate[well])], dtype=pl.UInt32))[1][0]
    return f"{plate}:{well_names(pl.Series([int(wells.well[well])]), policy.codes.plate_wells)[0]}"


def _joined_plates(wells: TestedWells, codes: Dictionaries, policy: Policy) -> Iterator[dict[str, Any]]:
    """Plates whose positives touch more often than their queue explains."""
    found = join_counts(wells)
    rates = false_discovery_rates(found.p)
    for place in np.flatnonzero(rates <= policy.false_alarms.discovery_rate).tolist():
        plate = int(found.plate[place])
        repeat = np.flatnonzero(wells.positive & (wells.plate == plate))
        yield {
            **_of_day(wells, int(wells.day[repeat[0]]), codes),
            "subject_kind": "plate",
            "subject": codes.entity("plate", pl.Series([plate], dtype=pl.UInt32))[1][0],
            "at": pl.Series([int(wells.at[wells.plate == plate].min())]).cast(TIME)[0],
            "statistic": "join_count",
            "seen": int(found.seen[place]),
            "expected": float(found.expected[place]),
            "p": float(found.p[place]),
            "q": float(rates[place]),
            "tubes": len(repeat),
            "repeat": tubes_in_words(wells.tube[repeat], codes),
        }


def _bad_units_and_runs(
    met: Exposures | None, codes: Dictionaries, policy: Policy
) -> Iterator[dict[str, Any]]:
    """What has more positives than its sites and days explain: units, and runs of tubes where no lot, instrument or channel does."""
    if met is None:
        return
    counted = thinned(met.positive, met.queue, met.position, _REACH)
    found = stratified_tests(met.stratum, counted, met.units, policy.false_alarms.discovery_rate)
    spoilt = np.zeros(len(counted), np.bool_)
    for kind, tests in found.items():
        for unit in np.flatnonzero(tests.flagged).tolist():
            spoilt |= (met.units[kind] == unit) & (kind != "plate")  # a run may go on beyond a spoilt plate
        yield from _bad_units(met, kind, tests, codes)
    yield from _runs(met, met.positive & ~spoilt, codes, policy)


def _bad_units(met: Exposures, kind: str, tests: UnitTests, codes: Dictionaries) -> Iterator[dict[str, Any]]:
    """Lots, instruments, channels and plates with more positives than their sites and days explain."""
    for unit in np.flatnonzero(tests.flagged).tolist():
        labs = met.names[kind]["lab"] if "lab" in met.names[kind].columns else None
        yield {
            **_of_tubes(met, np.flatnonzero(met.units[kind] == unit), codes),
            "subject_kind": kind,
            "subject": _unit_name(met, kind, unit, codes),
            "statistic": "stratified",
            "lab": None if labs is None else codes.text("lab", labs[unit : unit + 1])[0],
            "seen": int(tests.seen[unit]),
            "expected": float(tests.expected[unit]),
            "p": float(tests.p[unit]),
            "q": float(tests.q[unit]),
        }


def _runs(
    met: Exposures, positive: NDArray[np.bool_], codes: Dictionaries, policy: Policy
) -> Iterator[dict[str, Any]]:
    """Consecutive tubes of a lab with more positives than their queues explain."""
    rate = policy.false_alarms.discovery_rate
    runs = find_runs(positive, met.queue_day, met.lab_day, met.parts, met.ranks, rate)
    for place in np.flatnonzero(runs.q <= rate).tolist():
        tubes = runs.tubes[place]
        ends = codes.entity("tube", pl.Series(met.tube[tubes[[0, -1]]]).cast(pl.UInt32))[1]
        lab = pl.Series(met.lab[tubes[:1]]).cast(pl.UInt32)
        yield {
            **_of_tubes(met, tubes, codes),
            "subject_kind": "run",
            "subject": f"{ends[0]} - {ends[1]}",
            "statistic": ORDERS[runs.order[place]],
            "lab": codes.text("lab", lab)[0],
            "seen": int(runs.seen[place]),
            "expected": float(runs.expected[place]),
            "p": float(runs.p[place]),
            "q": float(runs.q[place]),
        }


def _of_tubes(met: Exposures, tubes: NDArray[np.int64], codes: Dictionaries) -> dict[str, Any]:
    """round, at, tubes and repeat of some tubes: the positives among them are to repeat."""
    repeat = met.tube[tubes[met.positive[tubes]]]
    rounds = codes.entity("tube", pl.Series(repeat).cast(pl.UInt32))[0].unique()
    return {
        "round": rounds[0] if len(rounds) == 1 else None,
        "at": pl.Series([int(met.at[tubes].min())]).cast(TIME)[0],
        "tubes": len(repeat),
        "repeat": tubes_in_words(repeat, codes),
    }


def _unit_name(met: Exposures, kind: str, unit: int, codes: Dictionaries) -> str:
    """The lot, the instrument, the row of a plate that a channel fills, or the plate."""
    name = met.names[kind][unit]
    if kind == "plate":
        return str(codes.entity("plate", name["plate"])[1][0])
    return chr(65 + name["row"][0]) if kind == "channel" else str(name["name"][0])
