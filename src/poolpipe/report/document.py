"""The report as a document in both languages, before it becomes HTML or PDF: headline numbers, and sections with their tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, TypeVar

from poolpipe.pages.words import Words
from poolpipe.report.tiles import Cell

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.pages.pictures import Picture
    from poolpipe.report.tiles import AreaMap

__all__ = [
    "NOT_KNOWN",
    "NUMBER_HIDDEN",
    "VERDICTS",
    "Cell",
    "Measure",
    "NightReport",
    "ReportSection",
    "ReportTable",
    "Verdict",
    "bounded",
]

_Row = TypeVar("_Row")

Verdict = Literal["met", "missed", "running", "hidden", "unknown", "none"]

VERDICTS: Final[dict[Verdict, Words]] = {
    "met": Words("on target", "达标"),
    "missed": Words("off target", "未达标"),
    "running": Words("not ended yet", "尚未结束"),
    "hidden": Words("hidden", "隐去"),
    "unknown": Words("not known", "未知"),
    "none": Words("no target", "无目标值"),
}
"""How a number stands to its target, in words, for those who print in black and white."""

NUMBER_HIDDEN: Final = Words("hidden", "隐去")
NOT_KNOWN: Final = "–"


@dataclass(frozen=True, slots=True)
class Measure:
    """One number in large figures.

    Attributes
    ----------
    name : Words
        What is counted.
    value : str or Words
        The number as it is shown; a dash where there is none.
    note : Words
        What it is made of, or why it is not known.
    verdict : str
        One of `VERDICTS`.
    source : str
        The mart that it is read from.
    target : Words or None
        What it should be.
    """

    name: Words
    value: Cell
    note: Words
    verdict: Verdict
    source: str
    target: Words | None = None


@dataclass(frozen=True, slots=True)
class ReportTable:
    """A table of a section.

    Attributes
    ----------
    title : Words
    heads : sequence of Words
        Of the columns; the first names the rows.
    rows : sequence of sequence of Cell
        As many cells as heads.
    source : str
        The mart, or marts, with all rows.
    left_out : int
        Rows that are not shown.
    texts : int
        Columns from the left that are texts; the others are numbers.
    behind : bool
        Whether it stands behind a picture, and is folded away on a screen.
    """

    title: Words
    heads: Sequence[Words]
    rows: Sequence[Sequence[Cell]]
    source: str
    left_out: int = 0
    texts: int = 1
    behind: bool = False


@dataclass(frozen=True, slots=True)
class ReportSection:
    """A part of the report.

    Attributes
    ----------
    name : str
        Of its anchor.
    title : Words
    texts : sequence of Words
        Paragraphs before its pictures: how it is read, and what is missing.
    pictures : sequence of Picture
    maps : sequence of AreaMap
    tables : sequence of ReportTable
    """

    name: str
    title: Words
    texts: Sequence[Words] = ()
    pictures: Sequence[Picture] = ()
    maps: Sequence[AreaMap] = ()
    tables: Sequence[ReportTable] = ()


@dataclass(frozen=True, slots=True)
class NightReport:
    """A day's report.

    Attributes
    ----------
    day : str
        As 2022-04-04.
    facts : Words
        From when, and by which rules and version, it was counted.
    database : str
        Name of the file with the marts.
    notes : sequence of Words
        What is missing, or to be borne in mind.
    measures : sequence of Measure
    sections : sequence of ReportSection
    """

    day: str
    facts: Words
    database: str
    notes: Sequence[Words]
    measures: Sequence[Measure]
    sections: Sequence[ReportSection]


def bounded(rows: Sequence[_Row], most: int) -> tuple[list[_Row], int]:
    """The first rows of a table, and how many are left out."""
    return list(rows[:most]), max(0, len(rows) - most)
