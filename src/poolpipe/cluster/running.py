"""`poolpipe.cluster.run`: read, conclude partition by partition on a Spark session, and conclude on the driver what is asked of a city."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.city_stages import View, conclude_city, early_warnings
from poolpipe.cluster import jobs
from poolpipe.cluster.engines import engine_errors, without_notes
from poolpipe.cluster.event_blobs import unpacked
from poolpipe.cluster.file_inputs import FileInputs, paths_of
from poolpipe.cluster.given import fetched, opened_store
from poolpipe.cluster.merging import joined_codes, joined_links, joined_subjects
from poolpipe.cluster.partition import PartTask, conclude_part
from poolpipe.cluster.routing import Routes
from poolpipe.cluster.scanning import OUTCOME, PAIRS_FOUND, pairs_in, received, versions_here
from poolpipe.cluster.scratch import scratch_folder
from poolpipe.cluster.store_inputs import StoreInputs
from poolpipe.coding.warmup import compile_kernels
from poolpipe.errors import InputError
from poolpipe.events.mapping import load_mapping
from poolpipe.events.plate_labs import labs_named
from poolpipe.events.reference import read_reference
from poolpipe.policy import load_policy
from poolpipe.progress import StepProgress, reporting
from poolpipe.results.writing import Writing
from poolpipe.stages.anomalies import people_in_several_tubes
from poolpipe.stages.readings import MOST_READINGS, WHICH
from poolpipe.stages.viewpoint import TimesSeen, moment_of, odd_view
from poolpipe.tables import KINDS, TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from pyspark.sql import DataFrame, SparkSession

    from poolpipe.cluster.partition import PartFound
    from poolpipe.cluster.scanning import FilesRead, TravellingRow
    from poolpipe.coding.frames import Frame
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.events.reference import Reference
    from poolpipe.policy import Policy, Rules
    from poolpipe.results.day import Day
    from poolpipe.stages.readings import Which

    Progress = Callable[[str, int, int], None]
    Table = str | os.PathLike[str] | Frame

__all__ = ["run"]

_STEPS: Final = (
    "reading", "routes", "parts", "joining", "recalls", "probabilities", "cases", "ledger", "retention", "anomalies",
)  # fmt: skip
_BYTES_A_SCAN: Final = 140
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
    version: int | None = None,
    key: str | os.PathLike[str] | None = None,
) -> Day:
    """Conclude a campaign on a Spark session: the tables that `poolpipe.run` gives, byte for byte.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
        Of Spark, or of Sail; see docs/cluster.md. Its workers have the same versions of Python, poolpipe and polars.
    inputs : path or paths
        Files, folders and globs that every worker sees under the same names, files of machines among them, but no pipes
        and no frames; addresses that the session reads (`s3a://…`, `hdfs://…`), whose files are copied into the scratch
        folder first; or a store by itself.
    policy, as_of, kind, people, sites, labs, reference, mapping, readings, progress, out
        As in `poolpipe.run`.
    parts : int
        How many partitions the city is concluded in, at least 1. No table depends on it.
    scratch : path, optional
        Folder that every worker sees, for what is read and concluded; what is made in it is removed at the end. By default one
        of this machine, for sessions whose workers are here.
    version : int, optional
        Of a store, the newest by default.
    key : path, optional
        File of a store's key, as `Store` takes it; every worker sees it. Without it people are known by their pseudonyms.

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
        given = paths_of(inputs)
        store = opened_store(given, key, kind, mapping, version, last)
        rules = store.policy if store and policy is None else load_policy(policy)
        meant = load_mapping(mapping)
        asked = moment_of(as_of, rules.time_zone)
        known = reference or read_reference(people=people, sites=sites, labs=labs, mapping=meant)
        folder = last.enter_context(scratch_folder(scratch))
        read: FileInputs | StoreInputs
        read = (
            StoreInputs.of(store, version)
            if store
            else FileInputs.of(fetched(session, given, folder), rules, kind, known, meant)
        )
        done = StepProgress(told, _STEPS)
        city = _ClusterJobs(session, rules, parts, folder)
        files = city.scan(read)
        done("reading")
        read.check_read(files)
        _check_memory(sum(each.collects for each in files))
        moment = asked or _latest(files)
        found, which = city.concluded(files, read, moment, readings, done)
        repeated = [each for part in found for each in part.repeated]
        joined = joined_codes(found)
        events = read.events(files, repeated, joined[0])
        times = TimesSeen.joined([part.times for part in found if part.times]) if moment else None
        warnings = [
            *early_warnings(events, known), *odd_view(times, moment, rules.time_zone, asked=asked is not None)
        ]  # fmt: skip
        links = joined_links(found, joined[1])
        beside = last.enter_context(ThreadPoolExecutor(1))
        several = beside.submit(people_in_several_tubes, links.tubes, links.members, joined[0])
        subjects = joined_subjects(found, city.conflicts(), which, joined, links, several)
        del found, links
        done("joining")
        return conclude_city(
            subjects, events, View(rules, known, moment, asked), warnings, beside, done, into
        )


class _ClusterJobs:
    """A city on a session: the jobs in their order, each with the rows of what it left in the scratch folder."""

    def __init__(self, session: SparkSession, policy: Policy, parts: int, scratch: Path) -> None:
        self._session, self._policy, self._parts, self._scratch = session, policy, parts, scratch
        self._scanned: list[TravellingRow] = []
        self._found: list[TravellingRow] = []

    def scan(self, inputs: FileInputs | StoreInputs) -> list[FilesRead]:
        """Read all files."""
        tasks = inputs.tasks(self._parts)
        self._scanned = self._rows("scanned", lambda: jobs.scanned(self._session, tasks, self._scratch))
        files = _told(self._taken(self._scanned, OUTCOME))
        if [each.number for each in files] != [task.number for task in tasks]:
            raise InputError.of("cluster_lost", where="session", there=len(files), wanted=len(tasks))
        _check_workers(files)
        late = inputs.late(files, self._labs())
        if late:  # on the driver, for they need what all files tell
            self._scanned += [jobs.kept(self._scratch, row) for row in late]
            files += _told(row for row in late if row.what == OUTCOME)
        return files

    def _labs(self) -> Iterator[pl.DataFrame]:
        """Round, plate and lab of all loads that were read."""
        for row in self._taken(self._scanned, "load"):
            yield labs_named(unpacked(row.blob))

    def concluded(
        self,
        files: list[FilesRead],
        inputs: FileInputs | StoreInputs,
        moment: datetime | None,
        readings: Which,
        done: Callable[[str], None],
    ) -> tuple[list[PartFound], str]:
        """Conclude every partition; also which readings were kept."""

        def task(parts: int, moment: datetime | None, which: Which) -> PartTask:
            return PartTask(
                parts, inputs.count, self._policy, moment, which, inputs.wells, inputs.is_distinct
            )

        if moment is None or not any(each.events for each in files):
            nothing = conclude_part(0, (), task(1, None, "all"), Routes.of([], 1))
            return [nothing], "all" if readings == "auto" else readings
        pairs = [pairs_in(row.blob) for row in self._taken(self._scanned, PAIRS_FOUND)]
        Routes.of(pairs, self._parts).write(self._scratch / "routes")
        del pairs
        done("routes")
        most = sum(each.reads for each in files)
        which: Which = readings
        if readings == "auto":
            which = "all" if most <= MOST_READINGS else "not-negative"
        found = self._parts_found(task(self._parts, moment, which))
        few = sum(part.reads for part in found) <= MOST_READINGS
        if readings == "auto" and few and which != "all":  # so many were duplicates or voided
            which = "all"
            found = self._parts_found(task(self._parts, moment, which))
        done("parts")
        _check_nothing_lost(files, found)
        return found, which

    def _parts_found(self, task: PartTask) -> list[PartFound]:
        events = [row for row in self._scanned if row.what in KINDS]
        routes = self._scratch / "routes"
        self._found = self._rows(
            "concluded", lambda: jobs.concluded(self._session, events, self._scratch, routes, task)
        )
        return jobs.found_in(self._taken(self._found, jobs.FOUND))

    def conflicts(self) -> pl.DataFrame:
        """Event ids of several contents."""
        nothing = pl.DataFrame(schema={"round": pl.String, "subject": pl.String, "at": TIME})
        ids = [row for row in self._found if row.what == jobs.IDS]
        if not ids:
            return nothing
        rows = self._rows("conflicts", lambda: jobs.conflicts(self._session, ids, self._scratch))
        told: list[pl.DataFrame] = [received(row.blob) for row in rows]
        return pl.concat([nothing, *told])

    def _rows(self, name: str, made: Callable[[], DataFrame]) -> list[TravellingRow]:
        """Run a job; what it leaves is small."""
        try:
            with without_notes():  # a session is asked while a frame is made, too
                told = made().toArrow()
        except engine_errors() as error:
            why = str(error).strip().splitlines() or [type(error).__name__]
            raise InputError.of("cluster_failed", where="session", job=name, why=why[0][:300]) from error
        return list(jobs.rows_of(told.to_batches()))

    def _taken(self, rows: Iterable[TravellingRow], what: str) -> Iterator[TravellingRow]:
        """The rows of some kind, with what their files hold."""
        return (jobs.taken(self._scratch, row) for row in rows if row.what == what)


def _told(rows: Iterable[TravellingRow]) -> list[FilesRead]:
    """What tasks of reading told, in their order."""
    told: list[FilesRead] = [received(row.blob) for row in rows]
    return sorted(told, key=lambda each: each.number)


def _check_workers(files: Sequence[FilesRead]) -> None:
    """Refuse workers that read by other versions or do not see the files, and inputs that cannot be used."""
    for each in files:
        if each.unseen:
            raise InputError.of("cluster_unseen", where=each.unseen[0], files=f"{len(each.unseen):,}")
        if each.versions != versions_here():
            raise InputError.of(
                "cluster_versions", where="session", worker=each.versions, own=versions_here()
            )
        if each.error:
            raise each.error


def _latest(files: Sequence[FilesRead]) -> datetime | None:
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
