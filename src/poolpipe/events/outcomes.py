"""Read inputs file by file: what came of every bundle and batch, in the order of the files."""

from __future__ import annotations

import os
import queue
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.events.batches import unpacked
from poolpipe.events.bundles import read_bundle
from poolpipe.events.bytes_read import BytesRead
from poolpipe.events.formats import NoEventsError
from poolpipe.events.frames import are_frames
from poolpipe.events.opening import batches_reader, open_inputs
from poolpipe.events.pipes import Spool
from poolpipe.events.plate_labs import PlateLabs, waits_for_labs
from poolpipe.events.small_files import Segment, bundled
from poolpipe.events.taking import Taken, placed_alone, take

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

    from poolpipe.events.assemble import Piece
    from poolpipe.events.batches import Batch, Unread
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Foreign, Inputs
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Placed
    from poolpipe.policy import Policy

    Progress = Callable[[str, int, int], None]

__all__ = ["OpenedInputs", "outcomes", "outcomes_of"]


@dataclass(frozen=True, slots=True)
class OpenedInputs:
    """Inputs while they are read.

    Attributes
    ----------
    sources : list of Source
        The files, in order.
    skipped : mapping
        Files that are not read, and why.
    taken : iterator of Taken
        What came of each bundle and batch; it is read while this is asked. Loads of machines that lack a lab come last.
    labs_told : list of str
        Names of the machines' files none of whose loads lacks a lab, because other loads name that of their plate; known
        once `taken` is at its end.
    """

    sources: list[Source]
    skipped: Mapping[str, str]
    taken: Iterator[Taken]
    labs_told: list[str]


@contextmanager
def outcomes(
    inputs: Inputs,
    policy: Policy,
    *,
    progress: Progress | None = None,
    foreign: Foreign | None = None,
    kind: str | None = None,
    apart: Mapping[str, Path] | None = None,
    mapping: ColumnMapping | None = None,
    leave_out: Callable[[Source], bool] | None = None,
    arrived: Callable[[Source], int] | None = None,
) -> Iterator[OpenedInputs]:
    """Open inputs for reading; parameters and errors as in `reading.read_events`.

    `leave_out` is asked for each source before any is read; one for which it says True is not in `sources`.
    `arrived` tells when the events of a source come, microseconds since 1970, UTC; None for files that are only read.
    """
    with Spool() as spool:
        sources, batches, skipped = open_inputs(
            inputs, foreign, spool, policy, kind=kind, apart=apart, mapping=mapping
        )
        if leave_out:
            sources = [source for source in sources if not leave_out(source)]
        words = mapping.words if mapping else {}
        reader = _FileTasks(sources, batches, policy, words, alone=are_frames(inputs), arrived=arrived)
        labs_told: list[str] = []
        taken = _with_labs(_told(_in_turn(reader), BytesRead(progress, sources)), reader, labs_told)
        yield OpenedInputs(sources, skipped, taken, labs_told)


def outcomes_of(
    sources: list[Source], policy: Policy, mapping: ColumnMapping | None, foreign: Foreign
) -> Iterator[Taken]:
    """Read some of the files that were found before; give what came of each bundle and batch.

    Loads of machines that lack a lab are `Taken.waiting`, and are not read here: all files name the labs of plates.

    Parameters
    ----------
    sources : list of Source
        Their places here are the numbers of the files in what is given.
    policy, mapping, foreign
        As in `reading.read_events`.
    """
    words = mapping.words if mapping else {}
    batches = batches_reader(foreign, policy.files.longest_record, words)
    return _in_turn(_FileTasks(sources, batches, policy, words, alone=False, arrived=None))


def _told(outcomes: Iterator[Taken], told: BytesRead) -> Iterator[Taken]:
    """Report the progress of reading."""
    for taken in outcomes:
        told.reading(int(taken.files[-1]), taken.done)
        yield taken


def _with_labs(outcomes: Iterator[Taken], reader: _FileTasks, labs_told: list[str]) -> Iterator[Taken]:
    """Behind all others yield the loads of machines that lacked a lab, with that of their plate where all others agree on one."""
    loads: list[Piece] = []
    waiting: list[Placed] = []
    for taken in outcomes:
        loads += [piece for piece in taken.pieces if piece[0].kind == "load"]
        waiting += taken.waiting
        yield taken
    if waiting:
        filled, told = PlateLabs.of(loads).told_to_all(waiting, reader.sources)
        yield from (reader.take([part]) for part in filled)
        labs_told += told


@dataclass(frozen=True, slots=True)
class _FileTasks:
    """Reads files, small ones together, as tasks that unpack and validate what was read; any thread may do a task."""

    sources: list[Source]
    batches: Callable[[Source], Iterator[Batch | Unread]]
    policy: Policy
    words: Mapping[str, Mapping[str, str]]
    alone: bool
    arrived: Callable[[Source], int] | None

    def take(self, parts: Sequence[Placed]) -> Taken:
        """Validate batches of the same files."""
        return take(parts, self.sources, self.policy, self.arrived)

    def tasks(self) -> Iterator[Callable[[], list[Taken]]]:
        """Yield the tasks of all files in their order; a file is read before its task is yielded."""
        longest = self.policy.files.longest_record
        for each in range(len(self.sources)) if self.alone else bundled(self.sources, longest):
            if isinstance(each, int):
                for came in self._batches_or_reason(each):
                    yield partial(self._taken, each, came)
            else:
                yield partial(self._taken_together, each)

    def _batches_or_reason(self, file: int) -> Iterator[Batch | Unread | NoEventsError]:
        """Give the batches of a file, or why it has none."""
        try:
            yield from self.batches(self.sources[file])
        except NoEventsError as reason:
            yield reason

    def _taken(self, file: int, came: Batch | Unread | NoEventsError) -> list[Taken]:
        """Validate an item that a reader yielded, unpacking it first where it is not."""
        if isinstance(came, NoEventsError):
            return [Taken.of(np.array([file]), skipped=str(came))]
        parts = (placed_alone(batch, self.sources[file], file) for batch in unpacked(came))
        return [
            replace(Taken.of(part.files), waiting=[part]) if waits_for_labs(part) else self.take([part])
            for part in parts
        ]

    def _taken_together(self, bundle: list[Segment]) -> list[Taken]:
        """Parse and validate a bundle; files in it that turn out to need that are read alone."""
        taken: list[Taken] = []
        for each in read_bundle(bundle, self.sources, self.policy.files.longest_record, self.words):
            if isinstance(each, int):
                taken += [one for came in self._batches_or_reason(each) for one in self._taken(each, came)]
            elif each:
                taken.append(self.take(each))
        return taken


def _in_turn(reader: _FileTasks) -> Iterator[Taken]:
    """Yield the outcome of every task, in the order of the files.

    One thread reads, others unpack and validate, and the caller's thread keeps the results; the number of tasks
    between them is bounded.
    """
    workers = max(2, os.cpu_count() or 2)
    room = threading.Semaphore(workers + 2)
    waiting: queue.SimpleQueue[Future[list[Taken]] | None] = queue.SimpleQueue()
    asked = True

    def read() -> None:
        try:
            for task in reader.tasks():
                room.acquire()
                if not asked:
                    return
                waiting.put(pool.submit(task))
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
