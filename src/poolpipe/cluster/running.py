"""`poolpipe.cluster.run`: read, conclude partition by partition on a Spark session, and conclude on the driver what is asked of a city."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import polars as pl
from pyarrow.dataset import dataset, field

from poolpipe.choices import check_choice
from poolpipe.city_stages import View, conclude_city, early_warnings
from poolpipe.cluster import jobs
from poolpipe.cluster.engines import engine_errors
from poolpipe.cluster.merging import joined_codes, joined_links, joined_subjects
from poolpipe.cluster.partition import PartTask, conclude_part
from poolpipe.cluster.routing import Routes
from poolpipe.cluster.scanning import (
    OUTCOME,
    PAIRS_FOUND,
    FilesRead,
    pairs_in,
    read_tasks,
    received,
    versions_here,
)
from poolpipe.cluster.scratch import address_of, scratch_folder
from poolpipe.coding.warmup import compile_kernels
from poolpipe.errors import InputError
from poolpipe.events.file_outcomes import FileOutcomes
from poolpipe.events.frames import are_frames
from poolpipe.events.mapping import load_mapping
from poolpipe.events.opening import open_inputs
from poolpipe.events.pipes import Spool
from poolpipe.events.reading import Events
from poolpipe.events.reference import read_reference
from poolpipe.events.rejected_loads import first_of_each
from poolpipe.events.sources import nothing_to_read
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.paths import LEDGER, is_stdin
from poolpipe.policy import load_policy
from poolpipe.progress import StepProgress, reporting
from poolpipe.results.writing import Writing
from poolpipe.stages.anomalies import people_in_several_tubes
from poolpipe.stages.readings import MOST_READINGS, WHICH
from poolpipe.stages.viewpoint import TimesSeen, moment_of, odd_view
from poolpipe.tables import TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pyspark.sql import DataFrame, SparkSession

    from poolpipe.cluster.partition import PartFound
    from poolpipe.cluster.scanning import TravellingRow
    from poolpipe.coding.frames import Frame
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.events.reference import Reference
    from poolpipe.events.sources import Source
    from poolpipe.policy import Policy, Rules
    from poolpipe.results.day import Day
    from poolpipe.stages.readings import Which

    Progress = Callable[[str, int, int], None]
    Table = str | os.PathLike[str] | Frame

__all__ = ["run"]

_STEPS: Final = (
    "reading", "routes", "parts", "joining", "recalls", "probabilities", "cases", "ledger", "retention", "anomalies",
)  # fmt: skip
_BYTES_A_SCAN: Final = 200
"""Memory of the driver for each registration, with all that it keeps of its tube: docs/cluster.md has how it was measured."""


def run(
    session: SparkSession,
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
    parts: int = 8,
    scratch: str | os.PathLike[str] | None = None,
    progress: Progress | bool | None = None,
    out: str | os.PathLike[str] | Writing | None = None,
) -> Day:
    """Conclude a campaign on a Spark session: the tables that `poolpipe.run` gives, byte for byte.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        Of Spark, or of Sail; see docs/cluster.md. Its workers have the same versions of Python, poolpipe and polars.
    inputs : path or paths
        Files, folders and globs that every worker sees under the same names; no machines' files, pipes, frames or stores.
    policy, as_of, kind, people, sites, labs, reference, mapping, readings, progress, out
        As in `poolpipe.run`.
    parts : int
        How many partitions the city is concluded in, at least 1. No table depends on it.
    scratch : path, optional
        Folder that every worker sees, for what is read and concluded; what is made in it is removed at the end. By default one
        of this machine, for sessions whose workers are here.

    Returns
    -------
    Day
        Without `view`: the events are not here.

    Raises
    ------
    InputError
        As `poolpipe.run`; or for inputs that are not read on a cluster, workers of other versions or that do not see the
        files, a scratch folder that is of no use, or a city that needs more memory than the driver has.
    PolicyError, TableError
        As `poolpipe.run`.
    """
    check_choice("readings", readings, WHICH, InputError)
    if parts < 1:
        raise InputError.of("cluster_parts", where="parts", parts=parts)
    with ExitStack() as last:
        told = last.enter_context(reporting(progress))
        into = out if out is None or isinstance(out, Writing) else last.enter_context(Writing(out))
        compile_kernels(told)
        rules, meant = load_policy(policy), load_mapping(mapping)
        asked = moment_of(as_of, rules.time_zone)
        known = reference or read_reference(people=people, sites=sites, labs=labs, mapping=meant)
        sources, skipped = _sources(inputs, rules, kind, known, meant)
        folder = last.enter_context(scratch_folder(scratch))
        done = StepProgress(told, _STEPS)
        city = _ClusterJobs(session, rules, parts, folder)
        files = city.scan(sources, meant)
        done("reading")
        outcomes = FileOutcomes.joined([each.files for each in files])
        if sources and len(outcomes.skipped) == len(sources):
            raise nothing_to_read(_paths(inputs), dict(sorted({**skipped, **outcomes.skipped}.items())))
        _check_memory(sum(each.collects for each in files))
        moment = asked or _latest(files)
        found, which = city.concluded(files, len(sources), moment, readings, done)
        repeated = [each for part in found for each in part.repeated]
        events = Events(
            {}, found[0].codes, outcomes.joined_rejects(), outcomes.counts(repeated), outcomes.columns_left_out(),
            dict(sorted({**skipped, **outcomes.skipped}.items())), words=outcomes.words_known(),
            rejected_loads=first_of_each(outcomes.rejected_loads), told=outcomes.told,
        )  # fmt: skip
        times = TimesSeen.joined([part.times for part in found if part.times]) if moment else None
        warnings = [
            *early_warnings(events, known), *odd_view(times, moment, rules.time_zone, asked=asked is not None)
        ]  # fmt: skip
        joined = joined_codes(found)
        links = joined_links(found, joined[1])
        events = replace(events, codes=joined[0])
        beside = last.enter_context(ThreadPoolExecutor(1))
        several = beside.submit(people_in_several_tubes, links.tubes, links.members, joined[0])
        subjects = joined_subjects(found, city.conflicts(), which, joined, links, several)
        del found, links
        done("joining")
        return conclude_city(
            subjects, events, View(rules, known, moment, asked), warnings, beside, done, into
        )


class _ClusterJobs:
    """A city on a session: the jobs in their order, each with what it left in the scratch folder."""

    def __init__(self, session: SparkSession, policy: Policy, parts: int, scratch: Path) -> None:
        self._session, self._policy, self._parts, self._scratch = session, policy, parts, scratch

    def scan(self, sources: list[Source], mapping: ColumnMapping | None) -> list[FilesRead]:
        """Read all files."""
        tasks = read_tasks(sources, self._parts, self._policy, mapping)
        self._kept(jobs.scanned(self._session, tasks), "scanned")
        rows = self._taken("scanned", OUTCOME)
        files: list[FilesRead] = sorted((received(row.blob) for row in rows), key=lambda each: each.number)
        if [each.number for each in files] != [task.number for task in tasks]:
            raise InputError.of("cluster_lost", where="session", there=len(files), wanted=len(tasks))
        for each in files:
            if each.unseen:
                raise InputError.of("cluster_unseen", where=each.unseen[0], files=f"{len(each.unseen):,}")
            if each.versions != versions_here():
                raise InputError.of(
                    "cluster_versions", where="session", worker=each.versions, own=versions_here()
                )
        return files

    def concluded(
        self,
        files: list[FilesRead],
        sources: int,
        moment: datetime | None,
        readings: Which,
        done: Callable[[str], None],
    ) -> tuple[list[PartFound], str]:
        """Conclude every partition; also which readings were kept."""
        if moment is None or not any(each.events for each in files):
            return [
                conclude_part(0, (), PartTask(1, sources, self._policy, None, "all"))
            ], "all" if readings == "auto" else readings
        pairs = [pairs_in(row.blob) for row in self._taken("scanned", PAIRS_FOUND)]
        routes = Routes.of(pairs, self._parts)
        done("routes")
        most = sum(each.reads for each in files)
        which: Which = readings
        if readings == "auto":
            which = "all" if most <= MOST_READINGS else "not-negative"
        found = self._parts_found(routes, PartTask(self._parts, sources, self._policy, moment, which))
        few = sum(part.reads for part in found) <= MOST_READINGS
        if readings == "auto" and few and which != "all":  # so many were duplicates or voided
            which = "all"
            found = self._parts_found(routes, PartTask(self._parts, sources, self._policy, moment, which))
        done("parts")
        _check_nothing_lost(files, found)
        return found, which

    def _parts_found(self, routes: Routes, task: PartTask) -> list[PartFound]:
        self._kept(jobs.concluded(self._read("scanned"), routes, task), "concluded")
        return jobs.found_in(self._taken("concluded", jobs.FOUND))

    def conflicts(self) -> pl.DataFrame:
        """Event ids of several contents."""
        nothing = pl.DataFrame(schema={"round": pl.String, "subject": pl.String, "at": TIME})
        if next(self._taken("concluded", jobs.IDS), None) is None:
            return nothing
        self._kept(jobs.conflicts(self._read("concluded"), self._parts), "conflicts")
        told: list[pl.DataFrame] = [received(row.blob) for row in self._taken("conflicts", jobs.IDS)]
        return pl.concat([nothing, *told])

    def _kept(self, frame: DataFrame, name: str) -> None:
        try:
            frame.write.mode("overwrite").parquet(address_of(self._scratch / name))
        except engine_errors() as error:
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise InputError.of("cluster_failed", where="session", job=name, why=why[0][:300]) from error

    def _read(self, name: str) -> DataFrame:
        frame: DataFrame = self._session.read.schema(jobs.TRAVELS).parquet(address_of(self._scratch / name))
        return frame

    def _taken(self, name: str, what: str) -> Iterator[TravellingRow]:
        """Rows that were kept, read here: a session's own way to the driver holds all of them several times."""
        files = sorted((self._scratch / name).glob("*.parquet"))  # of no row Sail makes no folder
        if not files:
            return iter(())
        kept = dataset(files, format="parquet", schema=jobs.COLUMNS)
        return jobs.rows_of(kept.to_batches(filter=field("what") == what, batch_size=8))


def _sources(
    inputs: Inputs, policy: Policy, kind: str | None, known: Reference, mapping: ColumnMapping | None
) -> tuple[list[Source], dict[str, str]]:
    """The files of an input and those that are left out, all of them files that workers can read."""
    given = _paths(inputs)
    for each in given:
        if is_stdin(each):
            raise InputError.of("cluster_pipe", where=os.fspath(each))
        if (Path(each) / LEDGER).is_file():
            raise InputError.of("cluster_store", where=os.fspath(each))
    machines = InstrumentSource(policy)
    with Spool() as spool:
        sources, _, skipped = open_inputs(
            given, machines, spool, policy, kind=kind, apart=known.files, mapping=mapping
        )
        for source in sources:
            if not source.sheet and machines.recognises(source.path):
                raise InputError.of("cluster_machine", where=source.name)
    return [replace(source, path=source.path.absolute()) for source in sources], skipped


def _paths(inputs: Inputs) -> list[str | os.PathLike[str]]:
    if isinstance(inputs, str | os.PathLike):
        return [inputs]
    if are_frames(inputs) or not isinstance(inputs, Iterable):
        raise InputError.of("cluster_frames", where="inputs")
    given = list(inputs)
    paths = [each for each in given if isinstance(each, str | os.PathLike)]
    if len(paths) < len(given):
        raise InputError.of("cluster_frames", where="inputs")
    return paths


def _latest(files: Iterable[FilesRead]) -> datetime | None:
    """Time of the latest event."""
    times = [each.latest for each in files if each.latest is not None]
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=max(times)) if times else None


def _check_nothing_lost(files: list[FilesRead], found: list[PartFound]) -> None:
    """Every event that was read is one that counts or a duplicate, in one partition."""
    wanted = sum(each.events for each in files)
    there = sum(part.times.total for part in found if part.times)
    there += sum(count for part in found for _, count in part.repeated)
    if there != wanted:
        raise InputError.of("cluster_lost", where="session", there=f"{there:,}", wanted=f"{wanted:,}")


def _check_memory(collects: int) -> None:
    """Refuse a city whose tubes and members the driver cannot hold."""
    needs = collects * _BYTES_A_SCAN
    has = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needs > has:
        raise InputError.of(
            "cluster_driver",
            where="driver",
            people=f"{collects:,}",
            needs=f"{needs / 1e9:.0f}",
            has=f"{has / 1e9:.0f}",
        )
