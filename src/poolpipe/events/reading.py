"""Read all files of an input into one set of integer frames; every record is accepted or rejected with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.quarters import Heard
from poolpipe.events.assemble import Piece, assemble
from poolpipe.events.frames import are_frames
from poolpipe.events.outcomes import outcomes
from poolpipe.events.plate_labs import noted
from poolpipe.events.rejected_loads import PLATES, first_of_each
from poolpipe.events.sources import nothing_to_read
from poolpipe.events.staging import Staging
from poolpipe.events.taking import REJECTS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.naming import NamedColumns
    from poolpipe.events.opening import Foreign, Inputs
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Taken
    from poolpipe.policy import Policy

    Progress = Callable[[str, int, int], None]

__all__ = ["Events", "read_events"]


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
        file, read, accepted, duplicates, rejected; read is the sum of the other three.
    left_out : mapping
        File to the columns in it that no event has.
    skipped : mapping
        Files among the inputs that were not read, and why.
    notes : mapping
        Notes of the `foreign` reader on the files it read.
    words : mapping of mapping
        Column to the words of laboratories that occur in it, and the values that replaced them.
    rejected_loads : DataFrame
        The plates of which a load was rejected, as `rejected_loads.PLATES`.
    told : mapping of NamedColumns
        File to what its header means, where that has other names than docs/tables.md or leaves something open.
    arrivals : Heard
        Who was heard when; empty where no time of arrival is known, as of files.
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
    arrivals: Heard = field(default_factory=Heard.nothing)


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
        Reads the files that are no event files, such as those of PCR machines.
    kind : str, optional
        Kind of the events of files without one in their name, folder or a column.
    apart : mapping, optional
        Files that are reference tables, by the table's name; they are not read as events.
    mapping : ColumnMapping, optional
        What headers, words and files mean beyond docs/tables.md.

    Raises
    ------
    InputError
        If an input does not exist or may not be read, or holds no file that can be read. The content of a file of
        events never raises.
    """
    with outcomes(
        inputs, policy, progress=progress, foreign=foreign, kind=kind, apart=apart, mapping=mapping
    ) as reading:
        tally = _Tally(reading.sources)
        for taken in reading.taken:
            tally.add(taken)
    sources = reading.sources
    skipped = dict(sorted({**reading.skipped, **tally.skipped}.items()))
    if sources and len(tally.skipped) == len(sources) and not are_frames(inputs):
        raise nothing_to_read(inputs, skipped)
    names = {source.path: source.name for source in sources}
    notes = {names[path]: note for path, note in foreign.notes().items()} if foreign else {}
    notes |= {name: noted(notes[name]) for name in reading.labs_told}
    return replace(tally.finished(skipped), notes=notes)


class _Tally:
    """The outcome of every file so far."""

    def __init__(self, sources: list[Source]) -> None:
        self.names = [source.name for source in sources]
        self.skipped: dict[str, str] = {}
        self.read, self.rejected, self.repeated = (np.zeros(len(sources), np.int64) for _ in range(3))
        self.left_out: dict[int, set[str]] = {}
        self.pieces: list[Piece] = []
        self.staging = Staging()
        self.rejects = [pl.DataFrame(schema=REJECTS)]
        self.rejected_loads: list[pl.DataFrame] = []
        self.told: dict[str, NamedColumns] = {}
        self.words: list[Mapping[str, Mapping[str, str]]] = []
        self._file = -1
        self._before = (0, 0, 0, 0, 0)

    def add(self, taken: Taken) -> None:
        """Add what came of a bundle, or of a batch of one file."""
        if taken.files[-1] != self._file:
            self._file = int(taken.files[-1])
            self._before = (
                len(self.pieces), len(self.staging), len(self.rejects), len(self.rejected_loads), len(self.words),
            )  # fmt: skip
        if taken.is_anew:
            self._forget_file()
        if taken.skipped:
            self.skipped[self.names[self._file]] = taken.skipped
        np.add.at(self.read, taken.files, taken.read)
        np.add.at(self.rejected, taken.files, taken.rejected)
        np.add.at(self.repeated, taken.files, taken.repeated)
        self.pieces.extend(taken.pieces)
        for events, _ in taken.pieces:
            events.sent = None  # files do not tell when an event arrived
            if events.kind == "collect":
                self.staging.put(events)
        self.rejects.append(taken.rejects)
        self.rejected_loads += taken.rejected_loads
        self.words += taken.words
        for file, told in taken.told.items():
            if told.renamed or told.questions:
                before = self.told.get(self.names[file])
                self.told[self.names[file]] = before.joined(told) if before and before != told else told
        for file, columns in taken.left_out.items():
            if columns:
                self.left_out.setdefault(file, set()).update(columns)

    def _forget_file(self) -> None:
        """Drop everything of the present file, which is read again from its start."""
        pieces, batches, rejects, loads, words = self._before
        del self.pieces[pieces:], self.rejects[rejects:], self.rejected_loads[loads:], self.words[words:]
        self.staging.take_back(batches)
        self.read[self._file] = self.rejected[self._file] = self.repeated[self._file] = 0
        self.left_out.pop(self._file, None)
        self.told.pop(self.names[self._file], None)

    def finished(self, skipped: Mapping[str, str]) -> Events:
        self.staging.close()
        words = self._words()
        frames, codes, repeated = assemble(self.pieces, self.staging)
        self.pieces.clear()
        for pool in (pa.default_memory_pool(), pa.system_memory_pool()):  # numpy allocates as the second does
            pool.release_unused()  # give its memory back to the stages
        duplicates = self.repeated.copy()
        for file, count in repeated:
            duplicates[file] += count
        accepted = self.read - duplicates - self.rejected
        counts = (column.tolist() for column in (self.read, accepted, duplicates, self.rejected))
        files = [
            dict(zip(("file", "read", "accepted", "duplicates", "rejected"), told, strict=True))
            for told in zip(self.names, *counts, strict=True)
            if told[0] not in self.skipped
        ]
        by_name = sorted((self.names[file], columns) for file, columns in self.left_out.items())
        left_out = {name: sorted(columns) for name, columns in by_name}
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
        for told in self.words:
            for column, words in told.items():
                found.setdefault(column, {}).update(words)
        return {column: dict(sorted(words.items())) for column, words in sorted(found.items())}
