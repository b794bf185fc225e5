"""Take inputs into a store: read, clean, find what it holds already, write parts, and commit file by file.

A file is in the store whole or not at all: a version is committed only where a file ends. Parts are written while the
file is read; those that no version names, because the process died, are removed by the next writer.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from poolpipe.display import mask_identities
from poolpipe.events.outcomes import outcomes
from poolpipe.store.contents import FILE_COUNTS
from poolpipe.store.event_tables import EventTables, hashes_of, to_tables
from poolpipe.store.held_events import HeldEvents
from poolpipe.store.known_files import DATED_AHEAD, KnownFiles
from poolpipe.store.ledger import InputTaken, json_of
from poolpipe.store.new_parts import day_parts, refused_parts
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Foreign, Inputs
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Taken
    from poolpipe.policy import Policy
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.known_files import Lost
    from poolpipe.store.ledger import Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

    Progress = Callable[[str, int, int], None]

__all__ = ["take_in"]

_ROWS: Final = 1 << 20
"""Events of one kind after which they are written, and events after which a file's end commits a version."""


def take_in(
    inputs: Inputs,
    ledger: Ledger,
    files: PartFiles,
    sealing: DataKeys,
    policy: Policy,
    *,
    commit: Callable[[str, list[TablePart], list[InputTaken]], int],
    foreign: Foreign | None = None,
    kind: str | None = None,
    mapping: ColumnMapping | None = None,
    lost: Lost | None = None,
    progress: Progress | None = None,
) -> tuple[pl.DataFrame, dict[str, str]]:
    """Read inputs into a store.

    Parameters
    ----------
    inputs : path, paths, frame, frames
        As in `read_events`.
    ledger : Ledger
    files : PartFiles
        Writes and reads the store's files.
    sealing : DataKeys
    policy : Policy
        Cleans and checks events.
    commit : callable
        Called with (what, parts, inputs) where a file ends; commits a version.
    foreign, kind, mapping, progress
        As in `read_events`.
    lost : Lost, optional
        What damaged files held, which is taken in again.

    Returns
    -------
    files : DataFrame
        file, read, accepted, duplicates, rejected of every file that was read, and `again`: the input that had the
        same content before, of which nothing was taken.
    skipped : dict of str to str
        Files that are not read, and why.
    """
    now = _now_us()
    known = KnownFiles(ledger, foreign, f"{kind}|{mapping!r}", lost)
    held = HeldEvents(ledger, files, lost.parts if lost else frozenset())

    def arrival(source: Source) -> int:
        return known.arrived_before(source) or now

    with outcomes(
        inputs,
        policy,
        progress=progress,
        foreign=foreign,
        kind=kind,
        mapping=mapping,
        leave_out=known.leaves_out,
        arrived=arrival,
    ) as reading:
        taking = _Taking(
            ledger.next_input(), files, sealing, policy, reading.sources, known, held, commit, arrival
        )
        try:
            for taken in reading.taken:
                taking.add(taken)
            taking.finish()
        except BaseException:
            taking.give_up()
            raise
    rows = [*taking.report, *known.report]
    told = pl.DataFrame(
        rows, dict.fromkeys(FILE_COUNTS[1:], pl.Int64) | {"file": pl.String, "again": pl.String}
    )
    return told.select(*FILE_COUNTS, "again"), {**reading.skipped, **taking.skipped}


@dataclass
class _TakenFile:
    """One source while it is taken in."""

    counts: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(4, np.int64)
    )  # as FILE_COUNTS without the file
    left_out: set[str] = field(default_factory=set)
    understood: dict[str, str] = field(default_factory=dict)


class _Taking:
    """What was read since the last commit: tables not written yet, parts written, inputs ended."""

    def __init__(
        self, first_input: int, files: PartFiles, sealing: DataKeys, policy: Policy, sources: list[Source],
        known: KnownFiles, held: HeldEvents, commit: Callable[[str, list[TablePart], list[InputTaken]], int],
        arrival: Callable[[Source], int],
    ) -> None:  # fmt: skip
        self._files, self._sealing, self._wells = files, sealing, policy.codes.plate_wells
        self._sources, self._known, self._commit = sources, known, commit
        self._held, self._first_input = held, first_input
        self._arrival = arrival
        self._told: dict[int, _TakenFile] = defaultdict(_TakenFile)
        self._tables: dict[str, list[tuple[int, EventTables]]] = defaultdict(list)
        self._rejects: list[tuple[int, pl.DataFrame]] = []
        self._loads: list[tuple[int, pl.DataFrame]] = []
        self._dated_ahead: set[str] = set()
        self._words: dict[int, dict[str, dict[str, str]]] = defaultdict(dict)
        self._parts: list[tuple[int, TablePart]] = []
        self._waiting: set[int] = set()  # files of which loads come again, when all labs are known
        self._file = -1
        self._new_hashes: list[tuple[str, NDArray[np.uint64]]] = []
        self._ended: list[InputTaken] = []
        self.report: list[dict[str, Any]] = []
        self.skipped: dict[str, str] = {}

    def add(self, taken: Taken) -> None:
        """Add what came of a bundle, or of a batch of one file; commit where files have ended and there is much."""
        last = int(taken.files[-1])
        if last != self._file:
            self._end_files(before=int(taken.files[0]))
            self._file = last
            self._new_hashes.clear()
        if taken.is_anew:
            self._forget_file()
        if taken.skipped:
            self.skipped[self._sources[last].name] = taken.skipped
            return
        self._count(taken)
        self._waiting.update(int(part.files[0]) for part in taken.waiting)
        for events, file in taken.pieces:
            places = events.file_of_each(file)
            tables = to_tables(
                events,
                self._sealing,
                self._wells,
                self._arrivals(places),
                places + np.int32(self._first_input),
            )
            self._add_tables(last, tables, places)
        self._dated_ahead |= set(taken.rejects.filter(code="future_time")["file"])
        # a bundle has several files, of which some may have come before
        numbers = {
            self._sources[file].name: file + self._first_input
            for file in set(taken.files.tolist())
            if not self._has_known_rejects(file)
        }
        rejects = taken.rejects.filter(pl.col("file").is_in(list(numbers)))
        if rejects.height:
            number = pl.col("file").replace_strict(numbers, return_dtype=pl.Int32)
            self._rejects.append((last, rejects.with_columns(input=number)))
        self._loads += [(last, loads) for loads in taken.rejected_loads]
        for words in taken.words:
            for column, told in words.items():
                self._words[last].setdefault(column, {}).update(told)

    def _arrivals(self, places: NDArray[np.int32]) -> NDArray[np.int64]:
        """When each event came, by its file."""
        files, place = np.unique(places, return_inverse=True)
        return np.array([self._arrival(self._sources[file]) for file in files.tolist()], np.int64)[place]

    def finish(self) -> None:
        """Commit what is left."""
        self._waiting.clear()
        self._end_files(before=len(self._sources))
        self._commit_all()

    def give_up(self) -> None:
        """Remove the parts that no version names."""
        for _, part in self._parts:
            self._files.remove(part)

    def _has_known_rejects(self, file: int) -> bool:
        """Whether the store has the refused records of a file, whose content it took in before."""
        return self._sources[file].path in self._known.rejects_known

    def _count(self, taken: Taken) -> None:
        for place, file in enumerate(taken.files.tolist()):
            told, repeated, rejected = self._told[file], taken.repeated[place], taken.rejected[place]
            if self._has_known_rejects(file):
                repeated, rejected = repeated + rejected, 0
            told.counts += (taken.read[place], 0, repeated, rejected)
        for file, columns in taken.left_out.items():
            self._told[file].left_out |= columns
        for file, named in taken.told.items():
            self._told[file].understood |= dict(named.renamed)

    def _add_tables(self, last: int, tables: EventTables, places: NDArray[np.int32]) -> None:
        hashes = hashes_of(tables.clear)
        new = self._held.add(tables, hashes)
        self._new_hashes.append((tables.kind, hashes[new]))
        for file, count in zip(*np.unique(places[~new], return_counts=True), strict=True):
            self._told[int(file)].counts[2] += count
        if new.all():
            self._tables[tables.kind].append((last, tables))
        elif new.any():
            self._tables[tables.kind].append((last, tables.kept(np.flatnonzero(new))))
        if sum(each.clear.num_rows for _, each in self._tables[tables.kind]) >= _ROWS:
            self._write(tables.kind)

    def _forget_file(self) -> None:
        """Drop everything of the present file, which is read again from its start."""
        file = self._file
        for kind in self._tables:
            self._tables[kind] = [each for each in self._tables[kind] if each[0] != file]
        self._rejects = [each for each in self._rejects if each[0] != file]
        self._loads = [each for each in self._loads if each[0] != file]
        for _, part in [each for each in self._parts if each[0] == file]:
            self._files.remove(part)
        self._parts = [each for each in self._parts if each[0] != file]
        for kind, hashes in self._new_hashes:
            self._held.forget(kind, hashes)
        self._new_hashes.clear()
        self._words.pop(file, None)
        self._told.pop(file, None)

    def _end_files(self, before: int) -> None:
        """End the files before one; commit where there is much."""
        for file in sorted(each for each in self._told if each < before and each not in self._waiting):
            told, source = self._told.pop(file), self._sources[file]
            if source.name in self.skipped:
                continue
            read, _, duplicates, rejected = told.counts.tolist()
            accepted = read - duplicates - rejected
            notes: dict[str, Any] = {
                # the ledger is not sealed, and a record that was taken for a header names its person
                "left_out": sorted(map(mask_identities, told.left_out)),
                "understood": {mask_identities(name): meant for name, meant in told.understood.items()},
                "words": self._words.pop(file, {}),
            }
            if source.name in self._dated_ahead:
                notes[DATED_AHEAD] = True
            content = self._known.content_if_unchanged(source)
            counts = (read, accepted, duplicates, rejected)
            number = file + self._first_input
            self._ended.append(
                InputTaken(number, source.name, content, self._arrival(source), *counts, told=json_of(notes))
            )
            counted = zip(FILE_COUNTS, (source.name, *counts), strict=True)
            self.report.append({**dict(counted), "again": None})
        much = sum(each.accepted + each.rejected for each in self._ended) >= _ROWS
        if much and not self._told:  # no file is half read
            self._commit_all()

    def _commit_all(self) -> None:
        if not self._ended:
            return
        for kind in KINDS:
            self._write(kind)
        rejects, loads = [each for _, each in self._rejects], [each for _, each in self._loads]
        self._parts += [(-1, part) for part in refused_parts(rejects, loads, self._files, self._sealing)]
        parts, ended = [part for _, part in self._parts], self._ended
        # from here on `give_up` leaves these files: of a commit that failed nobody knows whether the disk has it
        self._parts, self._rejects, self._loads, self._ended = [], [], [], []
        self._commit("ingest", parts, ended)

    def _write(self, kind: str) -> None:
        """Write the waiting events of a kind; those of the present file apart, because it may be read again."""
        waiting = self._tables.pop(kind, [])
        for mine in (False, True):
            tables = [each for file, each in waiting if (file == self._file) is mine]
            if tables:
                file = self._file if mine else -1
                self._parts += [(file, part) for part in day_parts(tables, self._files, self._sealing)]


def _now_us() -> int:
    return int(datetime.now(UTC).timestamp() * 1_000_000)
