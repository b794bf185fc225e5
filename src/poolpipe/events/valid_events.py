"""The valid events of one kind in one batch, laid out for numbering."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poolpipe.events.columns import EncodedColumn

if TYPE_CHECKING:
    import numpy as np
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
    """Events of one kind out of one batch: the same row in every part.

    Of collects only `at`, the person, and what makes the tube (`folding`) have a row a scan; the other
    parts have a row for each combination that scans say, and `attributes_id` tells which.

    Attributes
    ----------
    at : (n,) int64
        Microseconds since 1970, UTC.
    codes : dict of Coded
    fixed : dict of (n,) int8
        mode, role and call as numbers; -1 where nothing was given.
    numbers : dict of Coded or Series
        capacity, swabs, tubes (Coded over Int64), ct (Series of Float64).
    words : dict of Series of String
    person : Persons or None
    well : (n,) int32 or None
        Position on the plate.
    said : (n,) int32 or None
        Combination of each collect.
    sayings : int
        How many combinations there are.
    words_known : dict of dict
        Column to words of laboratories in it, and what they were taken for.
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
        )
