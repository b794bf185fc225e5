"""The pipeline: read, and conclude by the stages in their order (`subject_stages`, then `city_stages`).

files -> events -> voids -> custody, links, calls -> pools -> recalls -> beliefs -> members, rank
-> cases, traces, clusters, clocks, anomalies, false alarms, ledger -> tables
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from poolpipe.choices import check_choice
from poolpipe.city_stages import View, conclude_city, early_warnings
from poolpipe.coding.warmup import compile_kernels
from poolpipe.errors import InputError
from poolpipe.events import Events, read_events
from poolpipe.events.mapping import load_mapping
from poolpipe.events.reference import Reference, read_reference
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.policy import Policy, load_policy
from poolpipe.progress import StepProgress, reporting
from poolpipe.results.writing import Writing
from poolpipe.stages.calls import with_collected_controls
from poolpipe.stages.readings import WHICH
from poolpipe.stages.viewpoint import TimesSeen, moment_of, odd_view
from poolpipe.stages.voids import latest_at, standing_events
from poolpipe.subject_stages import conclude_subjects

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from datetime import datetime

    import polars as pl

    from poolpipe.coding.frames import Frame
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.policy import Rules
    from poolpipe.results.day import Day
    from poolpipe.stages.readings import Which

    Progress = Callable[[str, int, int], None]
    Table = str | os.PathLike[str] | Frame

__all__ = ["conclude", "run"]

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
    warnings = [
        *early_warnings(events, known),
        *odd_view(
            TimesSeen.of(events.frames, moment) if moment else None,
            moment,
            policy.time_zone,
            asked=asked is not None,
        ),
    ]
    frames, odd_ids = _events_that_count(events, moment)
    codes, held = events.codes, events if views else None
    events = replace(events, frames={})  # without views, a kind of event is freed after its last stage
    done("voids")

    def reconclude(held: Events, other: Rules, when: datetime | str | None) -> Day:
        return conclude(
            held, policy if other is None else load_policy(other), as_of=when, reference=known, readings=readings
        )  # fmt: skip

    # A second thread runs the stages that do not need the results of the first.
    with ThreadPoolExecutor(1) as beside:
        return conclude_city(  # the subjects have no name here, so that they can be freed
            conclude_subjects(frames, odd_ids, codes, policy, readings, beside, done),
            events, View(policy, known, moment, asked), warnings, beside, done, out,
            partial(reconclude, held) if held else None,
        )  # fmt: skip


def _events_that_count(
    events: Events, moment: datetime | None
) -> tuple[dict[str, pl.DataFrame], tuple[pl.DataFrame, pl.DataFrame]]:
    """Events up to a moment, by kind, without voided ones; voids that hit none, and ids with several contents."""
    standing = standing_events(events.frames, events.codes, moment)
    return {**with_collected_controls(standing.frames)}, (standing.unknown_voids, standing.conflicts)
