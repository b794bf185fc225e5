"""A version of a store as the input of a run: its files of events are read on workers, all else here."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from poolpipe.cluster.scanning import PLACES, FilesRead, TravellingRow, outcome_row, rows_of_pieces
from poolpipe.cluster.shares import shares
from poolpipe.coding.quarters import Heard, joined_quarters
from poolpipe.errors import PoolpipeError
from poolpipe.events.file_outcomes import FileOutcomes
from poolpipe.store.parts_reader import PartsReader

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.events.reading import Events
    from poolpipe.store import Store
    from poolpipe.store.ledger import TablePart

__all__ = ["StoreInputs", "StoreTask"]


@dataclass(frozen=True, slots=True)
class StoreTask:
    """Files of a store that one task reads.

    Attributes
    ----------
    number : int
    store : Path
    key : Path or None
        File of the key; None where people are known by their pseudonyms.
    parts : list of TablePart
        Files of events that follow each other.
    hears : bool
        Whether times of arrival are read.
    """

    number: int
    store: Path
    key: Path | None
    parts: list[TablePart]
    hears: bool

    def rows(self) -> Iterator[TravellingRow]:
        """Read the files, as `ReadTask.rows` does."""
        told = FilesRead(self.number, 0, FileOutcomes.of([]))
        heard: list[Heard] = []
        try:
            with PartsReader(self.store, self.key) as store:
                for place, part in enumerate(self.parts):
                    events, arrivals = store.read(part, is_sealed=self.key is None, hears=self.hears)
                    heard.append(arrivals)
                    place_of_part = (self.number << PLACES) + (place << 16)
                    yield from rows_of_pieces([(events, 0)], 0, store.wells, place_of_part, told)
        except PoolpipeError as error:
            told.error = error
        told.heard = joined_quarters(heard)
        yield outcome_row(told)


@dataclass(frozen=True, slots=True)
class StoreInputs:
    """A version of a store.

    Attributes
    ----------
    store : Path
    key : Path or None
        As in `StoreTask`.
    parts : list of TablePart
    hears : bool
        As in `StoreTask`.
    beside : Events
        What is told of the version beside its events.
    wells : {96, 384}
        Wells of its plates.
    """

    store: Path
    key: Path | None
    parts: list[TablePart]
    hears: bool
    beside: Events
    wells: int

    is_distinct = True
    count = 1

    @classmethod
    def of(cls, store: Store, version: int | None) -> Self:
        """Take a version, the newest by default.

        Raises
        ------
        InputError
            If there is no such version, or a file is damaged.
        """
        path = store.path.absolute()
        key = store.key_file.absolute() if store.has_key else None
        with PartsReader(path, key) as reader:
            return cls(path, key, *reader.parts(version), reader.beside(version), reader.wells)

    def tasks(self, most: int) -> list[StoreTask]:
        """Cut the files into at most about `most` tasks of as many bytes."""
        cut = shares([part.size + part.vault_size for part in self.parts], most)
        return [
            StoreTask(number, self.store, self.key, self.parts[first:last], self.hears)
            for number, (first, last) in enumerate(cut)
        ]

    def late(self, files: Sequence[FilesRead], _: object) -> list[TravellingRow]:
        """Nothing waits here for what others tell."""
        del files
        return []

    def events(
        self, files: Sequence[FilesRead], repeated: list[tuple[int, int]], codes: Dictionaries
    ) -> Events:
        """What became of every record; nothing is repeated in a store."""
        del repeated
        return replace(self.beside, codes=codes, arrivals=joined_quarters([each.heard for each in files]))

    def check_read(self, files: Sequence[FilesRead]) -> None:
        """Whatever a store holds was read before."""
