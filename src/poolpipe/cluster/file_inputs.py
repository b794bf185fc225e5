"""Files as the input of a run: what each task reads of them, and what became of every record."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Self

from poolpipe.cluster.scanning import FilesRead, ReadTask, TravellingRow, rows_of_tally
from poolpipe.cluster.shares import shares
from poolpipe.errors import InputError
from poolpipe.events.file_outcomes import FileOutcomes
from poolpipe.events.frames import are_frames
from poolpipe.events.opening import open_inputs
from poolpipe.events.parquet import cells_of_groups
from poolpipe.events.pipes import Spool
from poolpipe.events.plate_labs import PlateLabs, noted
from poolpipe.events.reading import Events, Tally
from poolpipe.events.rejected_loads import first_of_each
from poolpipe.events.sources import nothing_to_read
from poolpipe.events.taking import take
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.paths import is_stdin

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.events.reference import Reference
    from poolpipe.events.sources import Source
    from poolpipe.policy import Policy

__all__ = ["FileInputs", "paths_of"]

_BYTES_A_CELL: Final = 10
"""Of a CSV: a registration of 6 cells has 60 to 70."""

_SMALL: Final = 16
"""A Parquet file of the share of a task by bytes, divided by this, has no more rows than that of a whole share."""


@dataclass(slots=True)
class FileInputs:
    """Files.

    Attributes
    ----------
    given : list of path
        As they were given.
    sources : list of Source
    skipped : dict
        Name of each file that is not read, and why.
    policy : Policy
    mapping : ColumnMapping or None
    labs_told : list of str
        As `OpenedInputs`.
    """

    given: list[str | os.PathLike[str]]
    sources: list[Source]
    skipped: dict[str, str]
    policy: Policy
    mapping: ColumnMapping | None
    labs_told: list[str]

    @classmethod
    def of(
        cls,
        given: list[str | os.PathLike[str]],
        policy: Policy,
        kind: str | None,
        known: Reference,
        mapping: ColumnMapping | None,
    ) -> Self:
        """List the files of an input, all of them files that workers can read; parameters as in `cluster.run`.

        Raises
        ------
        InputError
            If there is a pipe among them, or as `open_inputs`.
        """
        for each in given:
            if is_stdin(each):
                raise InputError.of("cluster_pipe", where=os.fspath(each))
        with Spool() as spool:
            sources, _, skipped = open_inputs(
                given, InstrumentSource(policy), spool, policy, kind=kind, apart=known.files, mapping=mapping
            )
        there = [replace(source, path=source.path.absolute()) for source in sources]
        return cls(given, there, skipped, policy, mapping, [])

    @property
    def is_distinct(self) -> bool:
        """Whether no event is there twice."""
        return False

    @property
    def wells(self) -> int:
        """Wells of the plates."""
        return self.policy.codes.plate_wells

    @property
    def count(self) -> int:
        """How many files there are."""
        return len(self.sources)

    def tasks(self, most: int) -> list[ReadTask]:
        """Cut the files, in their order, into at most about `most` tasks that take as long; a large Parquet file by its row groups."""
        least = sum(source.size for source in self.sources) // (max(1, most) * _SMALL)
        groups = [_weights(source, least) for source in self.sources]
        share = sum(map(sum, groups)) // max(1, most)
        pieces: list[tuple[int, Source]] = []
        weights: list[int] = []
        for place, source in enumerate(self.sources):
            for piece, weight in _pieces(source, groups[place], share):
                pieces.append((place, piece))
                weights.append(weight)
        tasks: list[ReadTask] = []
        for first, last in shares(weights, most):
            begin, several = first, [place for place, _ in pieces[first:last]]
            for end in range(first, last):  # a task reads each file once
                if end > begin and several[end - first] == several[end - first - 1]:
                    tasks.append(self._task(len(tasks), pieces[begin:end]))
                    begin = end
            tasks.append(self._task(len(tasks), pieces[begin:last]))
        return tasks

    def _task(self, number: int, pieces: Sequence[tuple[int, Source]]) -> ReadTask:
        sources = [source for _, source in pieces]
        return ReadTask(number, pieces[0][0], sources, self.policy, self.mapping)

    def late(self, files: Sequence[FilesRead], loads: Iterable[pl.DataFrame]) -> list[TravellingRow]:
        """The loads of machines that lacked a lab, with that of their plate where all others agree on one.

        Parameters
        ----------
        files : sequence of FilesRead
        loads : iterable of DataFrame
            round, plate, lab: of all loads that were read.

        Returns
        -------
        list of TravellingRow
            As `ReadTask.rows`; empty where no load waits.
        """
        waiting = [replace(part, files=part.files + each.first) for each in files for part in each.waiting]
        if not waiting:
            return []
        filled, self.labs_told = PlateLabs.named(loads).told_to_all(waiting, self.sources)
        tally = Tally(self.sources)
        for part in filled:
            tally.add(take([part], self.sources, self.policy))
        return list(rows_of_tally(tally, FilesRead(len(files), 0, tally.files), self.wells))

    def check_read(self, files: Sequence[FilesRead]) -> None:
        """Refuse an input of which no file holds events.

        Raises
        ------
        InputError
            It names some files, and why.
        """
        skipped = self._outcomes(files).skipped
        if self.sources and len(skipped) == len(self.sources):
            raise nothing_to_read(self.given, dict(sorted({**self.skipped, **skipped}.items())))

    def events(
        self, files: Sequence[FilesRead], repeated: list[tuple[int, int]], codes: Dictionaries
    ) -> Events:
        """What became of every record.

        Parameters
        ----------
        files : sequence of FilesRead
        repeated : list of (int, int)
            Number of a file and of its duplicates.
        codes : Dictionaries
        """
        told = self._outcomes(files)
        notes = {name: note for each in files for name, note in each.notes.items()}
        notes |= {name: noted(notes[name]) for name in self.labs_told}
        return Events(
            {}, codes, told.joined_rejects(), told.counts(repeated), told.columns_left_out(),
            dict(sorted({**self.skipped, **told.skipped}.items())), notes, told.words_known(),
            first_of_each(told.rejected_loads), told.told,
        )  # fmt: skip

    def _outcomes(self, files: Sequence[FilesRead]) -> FileOutcomes:
        names = [source.name for source in self.sources]
        return FileOutcomes.joined(names, [(each.first, each.files) for each in files])


def paths_of(inputs: Inputs) -> list[str | os.PathLike[str]]:
    """The paths of an input.

    Raises
    ------
    InputError
        If a frame is among them.
    """
    if isinstance(inputs, str | os.PathLike):
        return [inputs]
    if are_frames(inputs) or not isinstance(inputs, Iterable):
        raise InputError.of("cluster_frames", where="inputs")
    given = list(inputs)
    paths = [each for each in given if isinstance(each, str | os.PathLike)]
    if len(paths) < len(given):
        raise InputError.of("cluster_frames", where="inputs")
    return paths


def _weights(source: Source, least: int) -> list[int]:
    """How long a file takes to read, as about so many bytes of CSV; of a Parquet file each row group.

    The row groups of a file of `least` bytes are not looked at: there may be many such files. A CSV is not cut: a quoted cell
    may hold line breaks, so that only its beginning tells where a record and which line it is.
    """
    if source.sheet or not _is_parquet(source.path):
        return [source.size]
    if source.size <= least:
        return [source.size * _BYTES_A_CELL]
    return [cells * _BYTES_A_CELL for cells in cells_of_groups(source.path)] or [source.size]


def _pieces(source: Source, groups: list[int], share: int) -> Iterator[tuple[Source, int]]:
    """A file, or some of its row groups each where it is larger than what a task reads; with their weights."""
    if len(groups) < 2 or sum(groups) <= share:
        yield source, sum(groups)
        return
    for first, last in shares(groups, max(2, -(-sum(groups) // max(1, share)))):
        weight = sum(groups[first:last])
        size = source.size * weight // max(1, sum(groups))
        yield replace(source, groups=(first, last), size=size), weight


def _is_parquet(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(4) == b"PAR1"
    except OSError:  # the worker says so
        return False
