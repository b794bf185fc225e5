"""Whole rows: which rows of a table have all their cells in their places, judged by the header and by each other.

A row that lost a cell, gained one, or was broken in two still has cells in the places of a well and a Ct, and they are
those of its neighbours. Three things tell: how many cells the row has, which kinds of cells (a number, a word, yes or no)
the other rows have in each column, and whether a cell that all others fill is empty at its end.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import plain
from poolpipe.instruments.errors import AmbiguousFileError
from poolpipe.instruments.words import kind_of

if TYPE_CHECKING:
    from poolpipe.instruments.documents import Row
    from poolpipe.instruments.notes import Notes

__all__ = ["whole_rows"]

FEW = 3  # so many rows of another width are the file's habit, as of spreadsheets that drop empty cells at a row's end
ENOUGH = 5  # so many rows say what a column holds
SHIFTED = 2  # so many cells of a kind that no other row has in their columns: the row has shifted


def whole_rows(
    header: Row, rows: list[Row], needed: list[int], cts: list[int], *, padded: bool, notes: Notes
) -> list[Row]:
    """The rows that have all their cells in their places; every other one is named.

    Parameters
    ----------
    header, rows : Row, list of Row
        The names of the columns, and what stands below them.
    needed : list of int
        Indices of the columns that are read.
    cts : list of int
        Those of them that hold Ct values.
    padded : bool
        Whether the container itself fills rows up, as a spreadsheet does, so that their width says nothing.

    Raises
    ------
    AmbiguousFileError
        Where all rows are wider than the header, and Ct values may stand under the name of their neighbour.
    """
    rows = _not_torn(rows, notes)
    widths = _widths_of(header, rows, needed, cts) if not padded else frozenset()
    usual = [row for row in rows if not widths or len(row.cells) in widths]
    kinds = _kinds(usual)
    ragged = len(rows) - len(usual) >= max(FEW, len(rows) // 10)
    kept = []
    for row in rows:
        fault = _fault(row, header, widths, kinds, needed, ragged=ragged)
        if fault is None and padded and _lost_its_end(row, usual, cts):
            fault = (
                "short_row",
                "the last cell is empty that every other row with a Ct fills: cells have shifted",
            )
        if fault is None:
            kept.append(row)
        else:
            notes.found(*fault, line=row.line, text=" ".join(row.cells)[:80])
    return kept


def _not_torn(rows: list[Row], notes: Notes) -> list[Row]:
    for row in rows:
        if row.torn:
            notes.found("stray_quote", "a quotation mark opens and does not close, so where cells end is a guess",
                        line=row.line, text=" ".join(row.cells)[:80])  # fmt: skip
    return [row for row in rows if not row.torn]


def _widths_of(header: Row, rows: list[Row], needed: list[int], cts: list[int]) -> frozenset[int]:
    """How many cells a whole row has: as many as the header, or as most rows where that cannot hide a shift."""
    named = len(header.cells)
    counts = Counter(len(row.cells) for row in rows)
    usual = max(counts, key=lambda width: (counts[width], width == named, width), default=named)
    if usual == named:
        return frozenset((named,))
    same = [row for row in rows if len(row.cells) == usual]
    if usual > named and not any(plain(cell) for row in same for cell in row.cells[named:]):
        _check_names_stand_right(header, same, cts)
        return frozenset((usual,))
    names = [plain(cell) for cell in header.cells if plain(cell)]
    reaches = usual > max(needed, default=0)
    if usual < named and reaches and len(same) > 1 and len(set(names)) == len(names):
        return frozenset((usual, named))
    return frozenset((named,))


def _check_names_stand_right(header: Row, rows: list[Row], cts: list[int]) -> None:
    """Refuse a header that may have lost a name: then Ct stands above the column to the left of the Ct values."""
    for ct in cts or [-1]:
        own = {kind_of(row.cells[ct]) for row in rows}
        beside = {kind_of(row.cells[ct + 1]) for row in rows}
        if not cts or ("nothing" not in own and beside & {"number", "nothing"}):
            raise AmbiguousFileError(
                f"the header has {len(header.cells)} names and the rows {len(rows[0].cells)} cells: each name may stand one "
                "column too far to the left",
                where=f"line {header.line}", way_out="export it again, or complete the header",
            )  # fmt: skip


def _kinds(rows: list[Row]) -> list[Counter[str]]:
    """How often each kind of cell stands in each column."""
    kinds: list[Counter[str]] = []
    for row in rows:
        kinds += [Counter() for _ in range(len(row.cells) - len(kinds))]
        for counts, cell in zip(kinds, row.cells, strict=False):
            counts[kind_of(cell)] += 1
    return kinds


def _fault(
    row: Row,
    header: Row,
    widths: frozenset[int],
    kinds: list[Counter[str]],
    needed: list[int],
    *,
    ragged: bool,
) -> tuple[str, str] | None:
    """Why a row is not whole, as code and sentence; None where it is."""
    cells, names = len(row.cells), len(header.cells)
    if any(plain(cell) for cell in row.cells[names:]):
        return "too_many_cells", (
            f"{cells} cells under {names} names: a decimal comma or an unquoted comma shifted them"
        )
    if widths and cells not in widths:
        least = min(widths)
        if cells > max(widths):
            return (
                "too_many_cells",
                f"{cells} cells where the other rows have {max(widths)}: one may have shifted",
            )
        if not ragged or cells <= max(needed, default=0) or _strange(row, kinds, others_fill=True):
            return (
                "short_row",
                f"{cells} cells where the other rows have {least}: some are missing or were cut off",
            )
        return None
    if len(_strange(row, kinds)) >= SHIFTED:
        return "shifted_row", "cells of a kind that no other row has in their columns: they may have shifted"
    return None


def _strange(row: Row, kinds: list[Counter[str]], *, others_fill: bool = False) -> list[int]:
    """Columns in which the row has a number, a word or a yes where no other row has one.

    With `others_fill` a column counts, too, that is empty here and in no other row.
    """
    strange = []
    for index, counts in enumerate(kinds):
        kind = kind_of(row.cells[index]) if index < len(row.cells) else "empty"
        own = int(index < len(row.cells) and not others_fill)  # the row was counted among the others
        if kind in ("empty", "nothing"):
            if others_fill and not counts["empty"] and not counts["nothing"]:
                strange.append(index)
        elif counts[kind] <= own and counts.total() - counts["empty"] - own >= ENOUGH:
            strange.append(index)
    return strange


def _lost_its_end(row: Row, rows: list[Row], cts: list[int]) -> bool:
    """Whether a row with a Ct ends a cell before all others with one, as one that was shifted to the left does."""
    if not cts or len(row.cells) <= max(cts) or kind_of(row.cells[max(cts)]) != "number":
        return False
    ends = Counter(
        _end(other)
        for other in rows
        if len(other.cells) > max(cts) and kind_of(other.cells[max(cts)]) == "number"
    )
    end = _end(row)
    rest = ends.total() - 1
    return rest >= ENOUGH and ends[end] == 1 and len(ends) == 2 and ends[end + 1] == rest


def _end(row: Row) -> int:
    """The number of cells up to the last that is not empty."""
    return next((i for i in range(len(row.cells), 0, -1) if plain(row.cells[i - 1])), 0)
