"""What rests on several tubes, boxes and plates at once: recalls, probabilities, traces, clusters, the ledger; and all tables."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import polars.selectors as cs

from poolpipe.clusters.growing import find_clusters
from poolpipe.display import column_list
from poolpipe.events.lost_files import unused_files
from poolpipe.events.questions import open_questions
from poolpipe.events.rejected_loads import known_at, loads_without_lab
from poolpipe.results.day import Day
from poolpipe.results.members import Members
from poolpipe.results.summary_schema import SUMMARY
from poolpipe.results.tables import EncodedTables
from poolpipe.stages.anomalies import (
    Seen,
    count_unregistered,
    find_anomalies,
    of_arrivals,
    refused_warning,
    unregistered_warning,
)
from poolpipe.stages.clocks import read_clocks
from poolpipe.stages.coverage import cover_people
from poolpipe.stages.false_alarms import LabEvidence, LabFindings, find_false_alarms
from poolpipe.stages.fit import RunTables, fit_of_run
from poolpipe.stages.ledger import balance
from poolpipe.stages.packing import count_boxes
from poolpipe.stages.probabilities import infection_probabilities
from poolpipe.stages.recalls import answers_to, find_cases, open_recalls, rank_recalls, recalled_people
from poolpipe.stages.retention import keep_tubes
from poolpipe.stages.workload import total_labs, weigh_labs
from poolpipe.tables import RETENTION
from poolpipe.tracing.sources import loads_as_sample, trace_sources, with_splash
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import ThreadPoolExecutor

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.events import Events
    from poolpipe.events.reference import Reference
    from poolpipe.policy import Policy, Rules
    from poolpipe.results.writing import Writing
    from poolpipe.stages.links import Links
    from poolpipe.subject_stages import SubjectsFound

__all__ = ["View", "conclude_city", "early_warnings"]


@dataclass(frozen=True, slots=True)
class View:
    """How a day is looked at.

    Attributes
    ----------
    policy : Policy
    reference : Reference
    moment : datetime or None
        The time as of which it is seen; None where there is no event.
    asked : datetime or None
        The same where somebody asked for it.
    """

    policy: Policy
    reference: Reference
    moment: datetime | None
    asked: datetime | None


def early_warnings(events: Events, reference: Reference) -> list[str]:
    """Warn of files of which nothing was accepted, of loads without a lab, and of what is odd in the reference tables."""
    without_lab = loads_without_lab(events.rejects, events.notes)
    return [*unused_files(events.files, events.skipped, without_lab), *without_lab, *reference.warnings]


def conclude_city(
    found: SubjectsFound,
    events: Events,
    view: View,
    warnings: list[str],
    beside: ThreadPoolExecutor,
    done: Callable[[str], None],
    out: Writing | None = None,
    reconclude: Callable[[Rules, datetime | str | None], Day] | None = None,
) -> Day:
    """Conclude what rests on several tubes, boxes and plates at once, and gather all tables.

    Parameters
    ----------
    found : SubjectsFound
        What follows from each tube, box and plate by itself; emptied.
    events : Events
        What became of every record; its frames are not used.
    view : View
    warnings : list of str
        Said in the summary behind those that are found here.
    beside : ThreadPoolExecutor
        A second thread.
    done : callable
        Told each step that is done.
    out : Writing, optional
        As in `conclude`.
    reconclude : callable, optional
        Concludes the day anew.
    """
    policy, known, moment = view.policy, view.reference, view.moment
    now = moment or datetime.now(UTC)  # without any event it is not used
    codes, frames, links, pools = found.codes, found.frames, found.links, found.pools
    kept, assays, wells = found.readings, found.assays, found.calls.wells
    answers, opened = _recalled(pools, links, frames["collect"], codes, policy, now)
    several = found.several.result()
    done("recalls")

    def find() -> tuple[pl.DataFrame, LabFindings]:
        clocks = read_clocks(pools, policy, now, known.priority_sites(codes))
        seen = Seen(
            frames, codes, pools, links.members, found.custody, found.calls, opened, clocks, several, *found.odd_ids,
            policy.codes.plate_wells, known_at(events.rejected_loads, now),
        )  # fmt: skip
        return pl.concat(
            [found.with_own(find_anomalies(seen)), of_arrivals(events.arrivals, policy.arrivals, view.asked)]
        ), find_false_alarms(LabEvidence(pools, frames["load"], kept, assays, wells), codes, policy)

    finding = beside.submit(find)
    probabilities = infection_probabilities(pools, links, opened, several, codes, policy)
    members = Members(codes, links.members, probabilities)
    done("probabilities")
    if out:
        out.begin("members", members.batched())
    likely = opened.with_columns(pl.Series("p_infected", probabilities.of(opened["seat"].to_numpy())))
    homes = known.households(codes, likely["person"])
    recalls = rank_recalls(likely, homes)
    cases = find_cases(pools, links, frames["collect"], codes)
    traced = trace_sources(
        pools, links.members, links.offsets, loads_as_sample(frames["load"]), answers, partial(known.homes, codes), codes,
        policy, p_infected_of=probabilities.of)  # fmt: skip
    done("cases")
    ledger = balance(pools, codes)
    done("ledger")
    workload = weigh_labs(pools, frames, known.capacities(codes))
    covered = _covered(pools, links, known, codes, policy, now)
    done("retention")
    anomalies, doubted = finding.result()
    done("anomalies")
    coded = EncodedTables(
        codes, policy.codes.plate_wells, members, probabilities.beside(pools), recalls, cases, ledger, anomalies, events.rejects, kept,
        keep_tubes(pools, policy, now), workload, count_boxes(pools), doubted.alarms,
        find_clusters(pools, links.members_of, probabilities.of, partial(known.households, codes), partial(known.coordinates, codes),
                      policy, now),
        with_splash(traced, doubted.splash),
    )  # fmt: skip
    unknown = count_unregistered(pools)
    warnings = [*unregistered_warning(unknown), *refused_warning(events.rejects, pools, codes), *warnings]
    summary = _summary(coded, events, policy, moment, known, warnings) | {
        "unregistered": unknown,
        "readings": found.which,
        "coverage": covered,
        "fit": fit_of_run(RunTables(pools, opened, several, kept, homes), codes, policy),
    }
    day = Day(coded, summary, reconclude, people=known.people)
    if out:
        day.finish(out)
    return day


def _recalled(
    pools: pl.DataFrame,
    links: Links,
    collects: pl.DataFrame,
    codes: Dictionaries,
    policy: Policy,
    now: datetime,
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Singles that answer a recall, and how far each recall got."""
    recalled = recalled_people(pools, links, policy)
    answers = answers_to(recalled, pools, links, collects, codes)
    return answers, open_recalls(recalled, answers, now)


def _covered(
    pools: pl.DataFrame, links: Links, known: Reference, codes: Dictionaries, policy: Policy, now: datetime
) -> list[dict[str, Any]]:
    """Coverage of the residents' list as rows per round; empty without a list."""
    residents = known.residents(codes)
    if residents is None:
        return []
    rounds = cover_people(pools, links.members, *residents, codes, policy.clocks, now)
    told = rounds.with_columns(codes.text("round", rounds["round"]))
    return told.with_columns(cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ")).to_dicts()


def _summary(
    coded: EncodedTables,
    events: Events,
    policy: Policy,
    moment: datetime | None,
    reference: Reference,
    warnings: list[str],
) -> dict[str, Any]:
    """Make the content of `summary.json`."""
    counted = coded.anomalies.group_by("code").len().sort("code")
    kept = dict(coded.retention.group_by("status").len().iter_rows())
    capacity = policy.pools.box_capacity
    return {
        "schema": SUMMARY,
        "as_of": None if moment is None else utc_text(moment),
        "policy": {"name": policy.name, "version": policy.version},
        "files": events.files,
        "rows": coded.heights(),
        "anomalies": dict(counted.iter_rows()),
        "retention": {status: kept.get(place, 0) for place, status in enumerate(RETENTION)},
        "boxes": {
            "capacity": capacity,
            "journeys": coded.boxes.height,
            "over_capacity": int((coded.boxes["tubes"] > capacity).sum()),
        },
        "labs": total_labs(coded.table("workload"), reference.listed_labs(), policy.time_zone).to_dicts(),
        "columns_left_out": {file: column_list(names) for file, names in events.left_out.items()},
        "skipped": list(events.skipped),
        "skipped_because": dict(events.skipped),
        "words": {column: dict(words) for column, words in events.words.items()},
        "understood": {
            file: {"kind": told.kind or None, "columns": dict(told.renamed)}
            for file, told in sorted(events.told.items())
        },
        "asked": open_questions(events),
        "instruments": dict(events.notes),
        "reference_lines_broken": dict(reference.broken),
        "warnings": warnings,
    }
