"""The valid events of one kind in one batch, as columns whose texts are numbered later."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.events.columns import EncodedColumn

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from poolpipe.events.persons import Persons

__all__ = ["CODED", "WORDS", "ValidEvents"]

CODED = ("round", "tube", "recall_of", "box", "plate", "site", "point", "lab", "target", "device")
"""Columns of codes with few distinct values."""

WORDS = ("event_id", "event", "name", "phone", "operator", "giver", "receiver", "vehicle", "temperature_c",
         "reagent", "instrument", "reason", "role_from")  # fmt: skip
"""Columns kept as text, for comparing contents and for the audit."""


@dataclass(slots=True)
class ValidEvents:
    """Events of one kind out of one batch: row i of every part belongs to event i.

    Of collects only `at`, the person, and what identifies the tube have a row for each scan; the other parts have a row
    for each combination that occurs, and `attributes_id` is the row of a scan's combination.

    Attributes
    ----------
    at : (n,) int64
        Microseconds since 1970, UTC.
    sent : (n,) int64 or None
        When the device sent each, by its own clock, microseconds since 1970, UTC; -1 where it does not say. Content of
        none: events that differ only in it are one event. None where no record says.
    codes : dict of EncodedColumn
        Columns of codes with few distinct values.
    fixed : dict of (n,) int8
        mode, role and call as numbers; -1 where the cell is empty.
    numbers : dict of EncodedColumn or Series
        capacity, swabs, tubes (EncodedColumn over Int64), ct (Series of Float64, cycles; null is undetermined).
    words : dict of Series of String
        Columns kept as text.
    person : Persons or None
        Of collects only.
    well : (n,) int32 or None
        Position on the plate, from 0.
    attributes_id : (n,) int32 or None
        Combination of each collect.
    attribute_sets : int
        How many combinations there are.
    words_known : dict of dict
        Column to words of laboratories in it, and the values that replaced them.
    files : (n,) int32 or None
        File of each event, an index among the sources, where the batch holds several files; of collects that of each
        combination, which then belongs to one file.
    """

    kind: str
    at: NDArray[np.int64]
    codes: dict[str, EncodedColumn] = field(default_factory=dict)
    fixed: dict[str, NDArray[np.int8]] = field(default_factory=dict)
    numbers: dict[str, EncodedColumn | pl.Series] = field(default_factory=dict)
    words: dict[str, pl.Series] = field(default_factory=dict)
    person: Persons | None = None
    well: NDArray[np.int32] | None = None
    attributes_id: NDArray[np.int32] | None = None
    attribute_sets: int = 0
    words_known: dict[str, dict[str, str]] = field(default_factory=dict)
    files: NDArray[np.int32] | None = None
    sent: NDArray[np.int64] | None = None

    def drop_empty(self) -> None:
        """Drop the columns without any value."""
        for parts in (self.codes, self.words, self.numbers):
            for name in [name for name, part in parts.items() if _is_empty(part)]:
                del parts[name]

    def file_of_each(self, file: int) -> NDArray[np.int32]:
        """File of each event, (n,) int32: `file` where the batch holds one."""
        if self.files is None:
            return np.full(len(self.at), file, np.int32)
        return self.files if self.attributes_id is None else self.files[self.attributes_id]

    def kept(self, rows: NDArray[np.int64]) -> ValidEvents:
        """Only some rows."""
        return ValidEvents(
            self.kind,
            self.at[rows],
            {name: column.kept(rows) for name, column in self.codes.items()},
            {name: column[rows] for name, column in self.fixed.items()},
            {
                name: column.kept(rows) if isinstance(column, EncodedColumn) else column.gather(rows)
                for name, column in self.numbers.items()
            },
            {name: column.gather(rows) for name, column in self.words.items()},
            None if self.person is None else self.person.kept(rows),
            None if self.well is None else self.well[rows],
            words_known=self.words_known,
            files=None if self.files is None else self.files[rows],
            sent=None if self.sent is None else self.sent[rows],
        )


def _is_empty(part: EncodedColumn | pl.Series) -> bool:
    if isinstance(part, EncodedColumn):
        return bool(part.rows.max(initial=-1) < 0)
    return part.null_count() == len(part)
