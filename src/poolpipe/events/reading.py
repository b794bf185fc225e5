"""Read all files of an input into one set of integer frames; every record is accepted or rejected with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from poolpipe.coding.quarters import Heard
from poolpipe.events.assemble import Piece, assemble
from poolpipe.events.file_outcomes import FileOutcomes
from poolpipe.events.frames import are_frames
from poolpipe.events.outcomes import outcomes
from poolpipe.events.plate_labs import noted
from poolpipe.events.rejected_loads import PLATES, first_of_each
from poolpipe.events.sources import nothing_to_read
from poolpipe.events.staging import Staging

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

__all__ = ["Events", "Tally", "read_events"]


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
        tally = Tally(reading.sources)
        for taken in reading.taken:
            tally.add(taken)
    sources = reading.sources
    skipped = dict(sorted({**reading.skipped, **tally.files.skipped}.items()))
    if sources and len(tally.files.skipped) == len(sources) and not are_frames(inputs):
        raise nothing_to_read(inputs, skipped)
    names = {source.path: source.name for source in sources}
    notes = {names[path]: note for path, note in foreign.notes().items()} if foreign else {}
    notes |= {name: noted(notes[name]) for name in reading.labs_told}
    return replace(tally.finished(skipped), notes=notes)


class Tally:
    """The outcome of every file so far: what became of its records, and its events.

    Attributes
    ----------
    files : FileOutcomes
    pieces : list of Piece
        Events of each batch and kind.
    staging : Staging
        The scans of their collects.
    """

    def __init__(self, sources: list[Source]) -> None:
        self.files = FileOutcomes.of([source.name for source in sources])
        self.pieces: list[Piece] = []
        self.staging = Staging()
        self._file = -1
        self._before = (0, 0, 0, 0, 0)

    def add(self, taken: Taken) -> None:
        """Add what came of a bundle, or of a batch of one file."""
        files = self.files
        if taken.files[-1] != self._file:
            self._file = int(taken.files[-1])
            self._before = (
                len(self.pieces), len(self.staging), len(files.rejects), len(files.rejected_loads), len(files.words),
            )  # fmt: skip
        if taken.is_anew:
            self._forget_file()
        files.add(taken, self._file)
        self.pieces.extend(taken.pieces)
        for events, _ in taken.pieces:
            events.sent = None  # files do not tell when an event arrived
            if events.kind == "collect":
                self.staging.put(events)

    def _forget_file(self) -> None:
        """Drop everything of the present file, which is read again from its start."""
        pieces, batches, *others = self._before
        del self.pieces[pieces:]
        self.staging.take_back(batches)
        self.files.forget(self._file, *others)

    def finished(self, skipped: Mapping[str, str]) -> Events:
        """Number the events and remove duplicates; nothing is left here."""
        self.staging.close()
        frames, codes, repeated = assemble(self.pieces, self.staging)
        self.pieces.clear()
        for pool in (pa.default_memory_pool(), pa.system_memory_pool()):  # numpy allocates as the second does
            pool.release_unused()  # give its memory back to the stages
        told = self.files
        return Events(
            frames,
            codes,
            told.joined_rejects(),
            told.counts(repeated),
            told.columns_left_out(),
            skipped,
            words=told.words_known(),
            rejected_loads=first_of_each(told.rejected_loads),
            told=told.told,
        )
