"""What became of the records of every file, apart from the events that were accepted."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import polars as pl

from poolpipe.events.taking import REJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.naming import NamedColumns
    from poolpipe.events.taking import Taken

__all__ = ["FileOutcomes"]


@dataclass(slots=True)
class FileOutcomes:
    """Outcomes of some files, in their order.

    Attributes
    ----------
    names : list of str
        Names of the files in results.
    read, rejected, repeated : (files,) int64
        How many records each had, how many of them were rejected, and how many repeat the one before.
    skipped : dict
        Name of each file that holds no events, and why.
    left_out : dict of set
        File, by its place, to the columns in it that no event has.
    rejects, rejected_loads : list of DataFrame
        As `taking.REJECTS` and `rejected_loads.PLATES`.
    told : dict of NamedColumns
        As `Events.told`.
    words : list of mapping
        As `ValidEvents.words_known`.
    """

    names: list[str]
    read: NDArray[np.int64]
    rejected: NDArray[np.int64]
    repeated: NDArray[np.int64]
    skipped: dict[str, str] = field(default_factory=dict)
    left_out: dict[int, set[str]] = field(default_factory=dict)
    rejects: list[pl.DataFrame] = field(default_factory=list)
    rejected_loads: list[pl.DataFrame] = field(default_factory=list)
    told: dict[str, NamedColumns] = field(default_factory=dict)
    words: list[Mapping[str, Mapping[str, str]]] = field(default_factory=list)

    @classmethod
    def of(cls, names: list[str]) -> Self:
        """Files of which nothing is read yet."""
        read, rejected, repeated = (np.zeros(len(names), np.int64) for _ in range(3))
        return cls(names, read, rejected, repeated)

    @classmethod
    def joined(cls, names: list[str], parts: Sequence[tuple[int, FileOutcomes]]) -> Self:
        """Join the outcomes of some of the files, or of pieces of them, in the order in which one reader meets them.

        Parameters
        ----------
        names : list of str
            Of all files.
        parts : sequence of (int, FileOutcomes)
            Place of the first of its files, and what came of them.
        """
        whole = cls.of(names)
        for begin, part in parts:
            own = slice(begin, begin + len(part.names))
            whole.read[own] += part.read
            whole.rejected[own] += part.rejected
            whole.repeated[own] += part.repeated
            whole.skipped |= part.skipped
            for file, columns in part.left_out.items():
                whole.left_out.setdefault(begin + file, set()).update(columns)
            whole.rejects += part.rejects
            whole.rejected_loads += part.rejected_loads
            for name, told in part.told.items():
                whole._tell(name, told)
            whole.words += part.words
        return whole

    def add(self, taken: Taken, file: int) -> None:
        """Add what came of a bundle, or of a batch of one file, the last of which is `file`."""
        if taken.skipped:
            self.skipped[self.names[file]] = taken.skipped
        np.add.at(self.read, taken.files, taken.read)
        np.add.at(self.rejected, taken.files, taken.rejected)
        np.add.at(self.repeated, taken.files, taken.repeated)
        self.rejects.append(taken.rejects)
        self.rejected_loads += taken.rejected_loads
        self.words += taken.words
        for place, told in taken.told.items():
            if told.renamed or told.questions:
                self._tell(self.names[place], told)
        for place, columns in taken.left_out.items():
            if columns:
                self.left_out.setdefault(place, set()).update(columns)

    def _tell(self, name: str, told: NamedColumns) -> None:
        before = self.told.get(name)
        self.told[name] = before.joined(told) if before and before != told else told

    def forget(self, file: int, rejects: int, loads: int, words: int) -> None:
        """Drop what came of a file that is read again from its start, but the first of each list."""
        del self.rejects[rejects:], self.rejected_loads[loads:], self.words[words:]
        self.read[file] = self.rejected[file] = self.repeated[file] = 0
        self.left_out.pop(file, None)
        self.told.pop(self.names[file], None)

    def joined_rejects(self) -> pl.DataFrame:
        """All rejects, in the order of the files."""
        return pl.concat([pl.DataFrame(schema=REJECTS), *self.rejects])

    def counts(self, repeated: Sequence[tuple[int, int]]) -> list[dict[str, Any]]:
        """Count the records of each file: file, read, accepted, duplicates, rejected.

        Parameters
        ----------
        repeated : sequence of (file, count)
            Duplicates that `assemble` has found.
        """
        duplicates = self.repeated.copy()
        for file, count in repeated:
            duplicates[file] += count
        accepted = self.read - duplicates - self.rejected
        counts = (column.tolist() for column in (self.read, accepted, duplicates, self.rejected))
        return [
            dict(zip(("file", "read", "accepted", "duplicates", "rejected"), told, strict=True))
            for told in zip(self.names, *counts, strict=True)
            if told[0] not in self.skipped
        ]

    def columns_left_out(self) -> dict[str, list[str]]:
        """Name of each file with columns that no event has, and these."""
        by_name = sorted((self.names[file], columns) for file, columns in self.left_out.items())
        return {name: sorted(columns) for name, columns in by_name}

    def words_known(self) -> dict[str, dict[str, str]]:
        """Column to the words of laboratories in it, and the values that replaced them."""
        found: dict[str, dict[str, str]] = {}
        for told in self.words:
            for column, words in told.items():
                found.setdefault(column, {}).update(words)
        return {column: dict(sorted(words.items())) for column, words in sorted(found.items())}
