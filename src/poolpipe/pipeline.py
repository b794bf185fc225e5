"""The pipeline: the stages in their order, which no other module knows.

files -> events -> voids -> custody, links, calls -> pools -> recalls -> beliefs -> members, rank
-> cases, traces, clusters, clocks, anomalies, false alarms, ledger -> tables
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

import polars as pl
import polars.selectors as cs

from poolpipe.choices import check_choice
from poolpipe.clusters.growing import find_clusters
from poolpipe.coding.warmup import compile_kernels
from poolpipe.display import column_list
from poolpipe.errors import InputError
from poolpipe.events import Events, read_events
from poolpipe.events.lost_files import unused_files
from poolpipe.events.mapping import load_mapping
from poolpipe.events.questions import open_questions
from poolpipe.events.reference import Reference, read_reference
from poolpipe.events.rejected_loads import known_at, loads_without_lab
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.policy import Policy, load_policy
from poolpipe.progress import StepProgress, reporting
from poolpipe.results.day import Day
from poolpipe.results.members import Members
from poolpipe.results.summary_schema import SUMMARY
from poolpipe.results.tables import EncodedTables
from poolpipe.results.writing import Writing
from poolpipe.stages.anomalies import (
    Seen,
    count_unregistered,
    find_anomalies,
    of_arrivals,
    people_in_several_tubes,
    refused_warning,
    unregistered_warning,
)
from poolpipe.stages.calls import call, with_collected_controls
from poolpipe.stages.clocks import read_clocks
from poolpipe.stages.coverage import cover_people
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.false_alarms import LabEvidence, LabFindings, find_false_alarms, plate_assays
from poolpipe.stages.fit import RunTables, fit_of_run
from poolpipe.stages.ledger import balance
from poolpipe.stages.links import link
from poolpipe.stages.packing import count_boxes
from poolpipe.stages.pools import gather_pools
from poolpipe.stages.probabilities import infection_probabilities
from poolpipe.stages.readings import WHICH, kept_readings
from poolpipe.stages.recalls import answers_to, find_cases, open_recalls, rank_recalls, recalled_people
from poolpipe.stages.retention import keep_tubes
from poolpipe.stages.viewpoint import moment_of, odd_view
from poolpipe.stages.voids import latest_at, standing_events
from poolpipe.stages.workload import total_labs, weigh_labs
from poolpipe.tables import RETENTION
from poolpipe.tracing.sources import loads_as_sample, trace_sources, with_splash
from poolpipe.zones import utc_text

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.coding.frames import Frame
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.policy import Rules
    from poolpipe.stages.links import Links
    from poolpipe.stages.readings import Which

    Progress = Callable[[str, int, int], None]
    Table = str | os.PathLike[str] | Frame

__all__ = ["conclude", "run"]

_NO_ROWS = pl.DataFrame()
_STEPS = (
    "voids", "custody", "links", "calls", "pools", "recalls", "probabilities", "cases", "ledger", "retention", "anomalies",
)  # fmt: skip


def run(
    inputs: Inputs,
    *,
    policy: Rules = None,
    as_of: datetime | str | None = None,
    kind: str | None = None,
    people: Table | None = None,
    sites: Table | None = None,
    labs: Table | None = None,
    reference: Reference | None = None,
    mapping: ColumnMapping | str | os.PathLike[str] | None = None,
    readings: Which = "auto",
    views: bool = True,
    progress: Progress | bool | None = None,
    out: str | os.PathLike[str] | Writing | None = None,
) -> Day:
    """Read a campaign's events and conclude everything that follows from them.

    Parameters
    ----------
    inputs : path, paths, frame, frames, or mapping of str to frame or frames
        Event files, folders (read recursively, linked ones too, each file once), globs, pipes, or `-` for the
        standard input; files of PCR machines and robots among them are recognised by content. Or a store (docs/store.md), by
        itself: its own policy is the default then, and nothing is kept in it. Or frames of polars
        (lazy ones, too), pandas, pyarrow or DuckDB: one or several per kind of event, or with a column `kind`.
    policy : Policy, str, Path or mapping, optional
        A policy, a preset's name, a TOML file, or its settings as a mapping; `ten-in-one` by default.
    as_of : datetime or str, optional
        The time as of which the day is seen: later events do not count. By default that of the latest event. A text is
        RFC 3339; without offset it is read in the policy's time zone, like a naive datetime.
    kind : str, optional
        Kind of the events of files without one in their name, folder or a column.
    people, sites, labs : path or frame, optional
        Reference tables: households for the recalls' order, priority sites for the clocks.
    reference : Reference, optional
        The same, where they were read before.
    mapping : ColumnMapping, str or Path, optional
        What headers, words and files mean beyond docs/tables.md: a TOML file as `poolpipe check FILE --mapping` writes it.
    readings : {"auto", "all", "not-negative"}
        Which read-outs are kept beside the result; see `readings.kept_readings`.
    views : bool
        Whether the day keeps the events, so that `Day.view` can conclude from them again. False frees each kind of
        event once it is used.
    progress : callable or bool, optional
        Called with (what, done, total) now and then. True shows a bar, False nothing; by default there is a bar in
        notebooks and in IPython, and nothing in scripts.
    out : path or Writing, optional
        Folder that the result is written into, whole or not at all; like `Day.write`, but the members, which take
        longest, are written while the other tables are still concluded. With an open `Writing` the result takes its
        place when that block ends.

    Returns
    -------
    Day
        One polars frame per table, and the summary.

    Raises
    ------
    InputError
        If an input does not exist or may not be read, or `kind`, `readings`, `as_of` or `out` is none. The content of files never raises.
    PolicyError
        If the policy is none.
    TableError
        If a reference table lacks a column, or something is neither a path nor a frame.

    Examples
    --------
    >>> import polars as pl
    >>> import poolpipe
    >>> collects = pl.DataFrame({"at": ["2022-02-10 08:00"], "tube": ["T1"], "person_type": ["PASSPORT"], "person": ["E1"]})
    >>> reports = pl.DataFrame({"at": ["2022-02-10 15:00"], "tube": ["T1"], "call": ["positive"]})
    >>> day = poolpipe.run({"collect": collects, "report": reports}, as_of="2022-02-10 16:00")
    >>> day.recalls.select("tube", "person", "status").rows()
    [('T1', 'E1', 'open')]
    """
    check_choice("readings", readings, WHICH, InputError)  # before a city is read
    with ExitStack() as last:
        told = last.enter_context(reporting(progress))
        into = out if out is None or isinstance(out, Writing) else last.enter_context(Writing(out))
        compile_kernels(told)
        rules = load_policy(policy)
        meant = load_mapping(mapping)
        known = reference or read_reference(people=people, sites=sites, labs=labs, mapping=meant)
        machines = InstrumentSource(rules)
        return conclude(  # the events have no name here, so that `conclude` can free them
            read_events(
                inputs, rules, progress=told, foreign=machines, kind=kind, apart=known.files, mapping=meant
            ),
            rules, as_of=as_of, reference=known, readings=readings, views=views, progress=told, out=into,
        )  # fmt: skip


def conclude(
    events: Events,
    policy: Policy,
    *,
    as_of: datetime | str | None = None,
    reference: Reference | None = None,
    readings: Which = "auto",
    views: bool = True,
    progress: Progress | None = None,
    out: Writing | None = None,
) -> Day:
    """Conclude everything from events that were read already, under a policy and as of a moment.

    The same events can be concluded from again and again; they are not changed.

    Parameters
    ----------
    events : Events
        As `read_events` returns them.
    policy : Policy
        The rules. Its code patterns, plate size and time zone do not change which events were accepted.
    as_of : datetime or str, optional
        As in `run`.
    reference : Reference, optional
        Reference tables.
    readings : {"auto", "all", "not-negative"}
        As in `run`.
    views : bool
        As in `run`.
    progress : callable, optional
        Called with (what, done, total).
    out : Writing, optional
        Open result to which each table is given as soon as it is concluded.

    Returns
    -------
    Day
    """
    done = StepProgress(progress, _STEPS)
    known = reference or Reference()
    asked = moment_of(as_of, policy.time_zone)
    moment = asked or latest_at(events.frames)
    without_lab = loads_without_lab(events.rejects, events.notes)
    warnings = [
        *unused_files(events.files, events.skipped, without_lab),
        *without_lab,
        *known.warnings,
        *odd_view(events.frames, moment, policy.time_zone, asked=asked is not None),
    ]
    frames, odd_ids = _events_that_count(events, moment)
    codes, held = events.codes, events if views else None
    events = replace(events, frames={})  # without views, a kind of event is freed after its last stage
    done("voids")
    now = moment or datetime.now(UTC)  # without any event it is not used
    # A second thread runs the stages that do not need the results of the first: links beside custody, anomalies
    # beside probabilities.
    with ThreadPoolExecutor(1) as beside:
        linking = beside.submit(link, frames["collect"], codes, policy)
        calling = beside.submit(call, frames, codes, policy)
        doubling = beside.submit(
            lambda: people_in_several_tubes(linking.result().tubes, linking.result().members, codes)
        )
        custody = keep_custody(frames, codes)
        done("custody")
        links = linking.result()
        done("links")
        calls = calling.result()
        (kept, which), assays = (
            kept_readings(frames["read"], calls, readings),
            plate_assays(frames.pop("read"), calls.tubes),
        )
        done("calls")
        pools = gather_pools(links, custody, calls)
        done("pools")
        # `pools` has the columns of these tables: 270 MB of a city of 25 million.
        custody, calls = replace(custody, tubes=_NO_ROWS), replace(calls, tubes=_NO_ROWS)
        del calling
        answers, opened = _recalled(pools, links, frames["collect"], codes, policy, now)
        several = doubling.result()
        done("recalls")

        def find() -> tuple[pl.DataFrame, LabFindings]:
            clocks = read_clocks(pools, policy, now, known.priority_sites(codes))
            seen = Seen(
                frames, codes, pools, links.members, custody, calls, opened, clocks, several, *odd_ids,
                policy.codes.plate_wells, known_at(events.rejected_loads, now),
            )  # fmt: skip
            return pl.concat(
                [find_anomalies(seen), of_arrivals(events.arrivals, policy.arrivals, asked)]
            ), find_false_alarms(LabEvidence(pools, frames["load"], kept, assays, calls.wells), codes, policy)

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

    def reconclude(held: Events, other: Rules, when: datetime | str | None) -> Day:
        return conclude(
            held, policy if other is None else load_policy(other), as_of=when, reference=known, readings=readings
        )  # fmt: skip

    unknown = count_unregistered(pools)
    warnings = [*unregistered_warning(unknown), *refused_warning(events.rejects, pools, codes), *warnings]
    summary = _summary(coded, events, policy, moment, known, warnings) | {
        "unregistered": unknown,
        "readings": which,
        "coverage": covered,
        "fit": fit_of_run(RunTables(pools, opened, several, kept, homes), codes, policy),
    }
    day = Day(coded, summary, partial(reconclude, held) if held else None, people=known.people)
    if out:
        day.finish(out)
    return day


def _events_that_count(
    events: Events, moment: datetime | None
) -> tuple[dict[str, pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]:
    """Events up to a moment, by kind, without voided ones; voids that hit none, and ids with several contents."""
    standing = standing_events(events.frames, events.codes, moment)
    return {**with_collected_controls(standing.frames)}, (standing.unknown_voids, standing.conflicts)


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
