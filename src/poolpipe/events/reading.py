"""Read all files of an input into one set of integer frames; every record is accepted or rejected with a reason."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes
from poolpipe.events.assemble import Piece, assemble
from poolpipe.events.batches import picked, unpacked
from poolpipe.events.bytes_read import BytesRead
from poolpipe.events.columns import coded
from poolpipe.events.folders import with_columns_of_folders
from poolpipe.events.formats import NoEventsError
from poolpipe.events.frames import are_frames
from poolpipe.events.opening import open_inputs
from poolpipe.events.pipes import Spool
from poolpipe.events.rejected_loads import PLATES, first_of_each, plates_of
from poolpipe.events.sources import nothing_to_read
from poolpipe.events.staging import Staging
from poolpipe.events.validate import validate
from poolpipe.messages import message
from poolpipe.tables import EVENTS, KINDS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.events.batches import Batch, Unread
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.naming import NamedColumns
    from poolpipe.events.opening import Foreign, Inputs
    from poolpipe.events.sources import Source
    from poolpipe.policy import Policy

    Progress = Callable[[str, int, int], None]

__all__ = ["Events", "read_events"]

_REJECTS = {column.name: column.dtype for column in TABLES["rejects"]}
_ANY_EVENT = frozenset(column for kind in EVENTS.values() for column in kind.columns)


@dataclass(frozen=True, slots=True)
class Events:
    """Accepted events, coded, and what became of every record.

    Attributes
    ----------
    frames : mapping of DataFrame
        One coded frame per kind, duplicates taken out, voided events still in.
    codes : Dictionaries
        Dictionaries that turn the numbers of the frames into texts.
    rejects : DataFrame
        As `tables.TABLES["rejects"]`.
    files : list of dict
        file, read, and accepted, duplicates and rejected, whose sum it is.
    left_out : mapping
        File to the columns in it that no event has.
    skipped : mapping
        Files among the inputs that were not read, and why.
    notes : mapping
        What the `foreign` reader noted of files.
    words : mapping of mapping
        Column to the words of laboratories that occur in it, and the values that replaced them.
    rejected_loads : DataFrame
        Plates of which a load was rejected (`PLATES`).
    told : mapping of NamedColumns
        File to what its header means, where that is more than the names of docs/tables.md.
    """

    frames: Mapping[str, pl.DataFrame]
    codes: Dictionaries
    rejects: pl.DataFrame
    files: list[dict[str, Any]]
    left_out: Mapping[str, list[str]] = field(default_factory=dict)
    skipped: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    words: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    rejected_loads: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=PLATES))
    told: Mapping[str, NamedColumns] = field(default_factory=dict)


def read_events(
    inputs: Inputs,
    policy: Policy,
    *,
    progress: Progress | None = None,
    foreign: Foreign | None = None,
    kind: str | None = None,
    apart: Mapping[str, Path] | None = None,
    mapping: ColumnMapping | None = None,
) -> Events:
    """Read, clean and check events; remove duplicates.

    Parameters
    ----------
    inputs : path, paths, frame, frames, or mapping of str to frame or frames
        Files, folders (recursively) or globs of any event format; or frames, see `events.frames`.
    policy : Policy
        Code patterns, plate and time zone.
    progress : callable, optional
        Called with (what, done, total) as bytes are read.
    foreign : Foreign, optional
        Reads files of PCR machines.
    kind : str, optional
        Kind of the events of files without one in their name, folder or a column.
    apart : mapping, optional
        Files that are reference tables, by the table's name; they are not read as events.
    mapping : ColumnMapping, optional
        What headers, words and files mean beyond docs/tables.md.

    Raises
    ------
    InputError
        If an input does not exist or may not be read, or holds no file that can be read.
    """
    with Spool() as spool:
        sources, batches, skipped = open_inputs(
            inputs, foreign, spool, policy, kind=kind, apart=apart, mapping=mapping
        )
        tally = _Tally(sources)
        told = BytesRead(progress, sources)
        for taken in _taken(sources, batches, policy):
            told.reading(taken.file, taken.done)
            tally.add(taken)
    skipped = dict(sorted({**skipped, **tally.skipped}.items()))
    if sources and len(tally.skipped) == len(sources) and not are_frames(inputs):
        raise nothing_to_read(inputs, skipped)
    names = {source.path: source.name for source in sources}
    notes = {names[path]: note for path, note in foreign.notes().items()} if foreign else {}
    return replace(tally.finished(skipped), notes=notes)


def _taken(
    sources: list[Source], batches: Callable[[Source], Iterator[Batch | Unread]], policy: Policy
) -> Iterator[_Taken]:
    """Yield the outcome of every batch, in the order of the files.

    One thread reads, others unpack and validate, and the caller's thread keeps the results; the number of batches
    between them is bounded.
    """
    workers = max(2, os.cpu_count() or 2)
    room = threading.Semaphore(workers + 2)
    waiting: queue.SimpleQueue[Future[list[_Taken]] | None] = queue.SimpleQueue()
    asked = True

    def read() -> None:
        try:
            for file, source in enumerate(sources):
                for batch in _or_reason(batches(source)):
                    room.acquire()
                    if not asked:
                        return
                    waiting.put(pool.submit(_understood, batch, source, file, policy))
        finally:
            waiting.put(None)

    with ThreadPoolExecutor(workers) as pool, ThreadPoolExecutor(1) as ahead:
        reading = ahead.submit(read)
        try:
            while came := waiting.get():
                yield from came.result()
                room.release()
            reading.result()
        finally:
            asked = False
            room.release()


def _or_reason(batches: Iterator[Batch | Unread]) -> Iterator[Batch | Unread | NoEventsError]:
    """Give the batches of a file, or why it has none."""
    try:
        yield from batches
    except NoEventsError as reason:
        yield reason


@dataclass(slots=True)
class _Taken:
    """The outcome of one batch: valid events, rejects and counts."""

    file: int
    done: float
    read: int
    pieces: list[Piece]
    rejects: pl.DataFrame
    left_out: frozenset[str]
    skipped: str = ""
    repeated: int = 0
    is_anew: bool = False
    rejected_loads: pl.DataFrame | None = None
    told: NamedColumns | None = None

    @classmethod
    def nothing(cls, file: int, reason: NoEventsError) -> _Taken:
        return cls(file, 1.0, 0, [], pl.DataFrame(schema=_REJECTS), frozenset(), str(reason))


class _Tally:
    """The outcome of every file so far."""

    def __init__(self, sources: list[Source]) -> None:
        self.names = [source.name for source in sources]
        self.skipped: dict[str, str] = {}
        self.read = [0] * len(sources)
        self.rejected = [0] * len(sources)
        self.repeated = [0] * len(sources)
        self.left_out: dict[str, set[str]] = {}
        self.pieces: list[Piece] = []
        self.staging = Staging()
        self.rejects = [pl.DataFrame(schema=_REJECTS)]
        self.rejected_loads: list[pl.DataFrame] = []
        self.told: dict[str, NamedColumns] = {}
        self._file = -1
        self._before = (0, 0, 0, 0)

    def add(self, taken: _Taken) -> None:
        if taken.file != self._file:
            self._file = taken.file
            self._before = (
                len(self.pieces), len(self.staging), len(self.rejects), len(self.rejected_loads),
            )  # fmt: skip
        if taken.is_anew:
            self._forget_file()
        if taken.skipped:
            self.skipped[self.names[taken.file]] = taken.skipped
        self.read[taken.file] += taken.read
        self.rejected[taken.file] += taken.rejects.height
        self.repeated[taken.file] += taken.repeated
        self.pieces.extend(taken.pieces)
        for events, _ in taken.pieces:
            if events.kind == "collect":
                self.staging.put(events)
        self.rejects.append(taken.rejects)
        if taken.told and (taken.told.renamed or taken.told.questions):
            self.told[self.names[taken.file]] = taken.told
        if taken.rejected_loads is not None:
            self.rejected_loads.append(taken.rejected_loads)
        if taken.left_out:
            self.left_out.setdefault(self.names[taken.file], set()).update(taken.left_out)

    def _forget_file(self) -> None:
        """Drop everything of the present file, which is read again from its start."""
        pieces, batches, rejects, loads = self._before
        del self.pieces[pieces:], self.rejects[rejects:], self.rejected_loads[loads:]
        self.staging.take_back(batches)
        self.read[self._file] = self.rejected[self._file] = self.repeated[self._file] = 0
        self.left_out.pop(self.names[self._file], None)

    def finished(self, skipped: Mapping[str, str]) -> Events:
        self.staging.close()
        words = self._words()
        frames, codes, repeated = assemble(self.pieces, self.staging)
        self.pieces.clear()
        pa.default_memory_pool().release_unused()  # give its memory back to the stages
        duplicates = list(self.repeated)
        for file, count in repeated:
            duplicates[file] += count
        files = [
            {
                "file": name,
                "read": self.read[file],
                "accepted": self.read[file] - duplicates[file] - self.rejected[file],
                "duplicates": duplicates[file],
                "rejected": self.rejected[file],
            }
            for file, name in enumerate(self.names)
            if name not in self.skipped
        ]
        left_out = {name: sorted(columns) for name, columns in sorted(self.left_out.items())}
        rejects, loads = pl.concat(self.rejects), first_of_each(self.rejected_loads)
        return Events(
            frames,
            codes,
            rejects,
            files,
            left_out,
            skipped,
            words=words,
            rejected_loads=loads,
            told=self.told,
        )

    def _words(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = {}
        for column, words in (each for events, _ in self.pieces for each in events.words_known.items()):
            found.setdefault(column, {}).update(words)
        return {column: dict(sorted(words.items())) for column, words in sorted(found.items())}


def _understood(
    came: Batch | Unread | NoEventsError, source: Source, file: int, policy: Policy
) -> list[_Taken]:
    """Validate an item that a reader yielded, unpacking it first where it is not."""
    if isinstance(came, NoEventsError):
        return [_Taken.nothing(file, came)]
    return [_take(batch, source, file, policy) for batch in unpacked(came)]


def _take(batch: Batch, source: Source, file: int, policy: Policy) -> _Taken:
    """Validate one batch, kind by kind."""
    source = source if source.kind or not batch.told else replace(source, kind=batch.told.kind or None)
    if source.columns:
        batch = with_columns_of_folders(batch, source.columns)
    pieces: list[Piece] = []
    left_out = batch.left_out | _foreign(batch, source)
    rejects = [pl.DataFrame(schema=_REJECTS)]
    loads: list[pl.DataFrame] = []
    if batch.broken.height:
        kind_and_code = {"kind": pl.lit(source.kind, pl.String), "code": pl.lit("not_parseable")}
        rejects.append(_rejects(batch.broken.with_columns(**kind_and_code), source))
    for kind, rows in _kinds(batch, source):
        table = batch.table if rows is None else batch.table.take(picked(rows))
        if kind not in KINDS:
            detail = (
                message("kind_unknown", {"kind": kind, "kinds": ", ".join(KINDS)})
                if kind
                else message("kind_untold", {"file": source.name})
            )
            bad = pl.DataFrame({"row": np.arange(table.num_rows)}).with_columns(
                pl.lit("unknown_kind").alias("code"), pl.lit(detail).alias("detail")
            )
        else:
            events, _, bad = validate(table, kind, policy, left_out)
            if len(events.at):
                pieces.append((events, file))
        if kind == "load" and bad.height:
            loads.append(plates_of(table, bad["row"], policy.time_zone))
        if bad.height:
            rejects.append(_rejected(batch, rows, bad, kind, source))
    read = batch.table.num_rows + batch.broken.height + batch.repeated
    return _Taken(
        file, batch.done, read, pieces, pl.concat(rejects), left_out, "", batch.repeated, batch.is_anew,
        pl.concat(loads) if loads else None, batch.told,
    )  # fmt: skip


def _foreign(batch: Batch, source: Source) -> frozenset[str]:
    """Columns of other kinds or tables: they are not used, and often a mistake."""
    own = (
        EVENTS[source.kind].columns if source.kind and "kind" not in batch.table.column_names else _ANY_EVENT
    )
    return frozenset(name for name in batch.table.column_names if name not in own and name != "kind")


def _kinds(
    batch: Batch, source: Source
) -> list[tuple[str | None, np.ndarray[Any, np.dtype[np.int64]] | None]]:
    """Yield each kind in a batch with its rows; None for all rows."""
    if not batch.table.num_rows:
        return []
    if "kind" not in batch.table.column_names:
        return [(source.kind, None)]
    column = coded(batch.table.column("kind"))
    names = clean_codes(column.values)
    kinds = [name for name in names.unique(maintain_order=True).to_list() if name is not None]
    number = names.replace_strict(kinds, range(len(kinds)), default=-1, return_dtype=pl.Int64).to_numpy()
    per_row = column.spread(number, -1)
    found: list[tuple[str | None, np.ndarray[Any, np.dtype[np.int64]] | None]] = []
    for index, kind in [(-1, source.kind), *enumerate(kinds)]:
        rows = np.flatnonzero(per_row == index)
        if len(rows) == batch.table.num_rows:
            return [(kind, None)]
        if len(rows):
            found.append((kind, rows))
    return found


def _rejected(
    batch: Batch,
    of_kind: np.ndarray[Any, np.dtype[np.int64]] | None,
    bad: pl.DataFrame,
    kind: str | None,
    source: Source,
) -> pl.DataFrame:
    rows = bad["row"].to_numpy() if of_kind is None else of_kind[bad["row"].to_numpy()]
    return _rejects(
        bad.with_columns(
            pl.Series("line", batch.lines[rows], pl.Int64).replace(0, None),
            pl.lit(kind, pl.String).alias("kind"),
            pl.Series("raw", batch.raw(rows), pl.String),
        ),
        source,
    )


def _rejects(frame: pl.DataFrame, source: Source) -> pl.DataFrame:
    return frame.with_columns(pl.lit(source.name).alias("file")).select(
        pl.col(name).cast(dtype) for name, dtype in _REJECTS.items()
    )
