"""Whole rows: which rows of a table have all their cells in their places, judged by the header and by each other.

A row that lost a cell, gained one, or was broken in two still has cells in the places of a well and a Ct, and they are
those of its neighbours. Four things tell: how many cells the row has, whether it and a line beside it make one row, which
kinds of cells (a number, a word, yes or no) and which words the other rows have in each column, and whether a cell that
all others fill is empty at its end.
"""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from poolpipe.import_policy import control_by_name
from poolpipe.instruments.cells import plain
from poolpipe.instruments.errors import AmbiguousFileError
from poolpipe.instruments.words import kind_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.instruments.columns import Columns
    from poolpipe.instruments.documents import Row
    from poolpipe.instruments.notes import Notes

__all__ = ["pieces_of_rows", "whole_rows"]

FEW = 3  # so many rows of another width are the file's habit, as of spreadsheets that drop empty cells at a row's end
ENOUGH = 3  # so many rows say what a column holds
CODES = ("well", "plate", "target", "tube", "sample", "pool", "source", "volume")
SHIFTED = 2  # so many cells that no other row has in their columns: cells have moved
_REST = re.compile(r"[\w.,/+-]{1,64}")  # what may be the end of a number or a code


def whole_rows(
    rows: list[Row], pieces: set[int], columns: Columns, *, padded: bool, notes: Notes
) -> list[Row]:
    """The rows that have all their cells in their places; every other one is named.

    Parameters
    ----------
    rows : list of Row
        The rows below the header.
    pieces : set of int
        Lines that are pieces of a row that a line break tore apart.
    columns : Columns
        The header and what its columns hold.
    padded : bool
        Whether the container itself fills rows up, as a spreadsheet does, so that their width has no meaning.

    Raises
    ------
    AmbiguousFileError
        Where all rows are wider than the header, and Ct values may be under the name of their neighbour.
    """
    rows = _not_torn(rows, pieces, notes)
    if padded:
        _check_names_of_sheet(rows, columns)
    widths = _widths_of(rows, columns) if not padded else frozenset()
    usual = [row for row in rows if not widths or len(row.cells) in widths]
    others = _Others(usual, columns)
    ends = _ends(usual, columns) if padded else Counter()
    ragged = len(usual) >= ENOUGH and len(rows) - len(usual) >= max(FEW, len(rows) // 10)
    kept = []
    for row in rows:
        fault = _fault(row, columns, widths, others, ragged=ragged)
        if fault is None and padded and _lost_its_end(row, ends, columns):
            fault = (
                "short_row",
                "the last cell is empty that every other row with a Ct fills: cells have shifted",
            )
        if fault is None:
            kept.append(row)
        else:
            notes.found(*fault, line=row.line, text=" ".join(row.cells)[:80])
    return kept


def pieces_of_rows(rows: Sequence[Row], columns: Columns) -> set[int]:
    """Lines that a line break in a cell made of one row: both pieces, where together they have the cells of a row.

    Parameters
    ----------
    rows : sequence of Row
        All lines below the header, also those that are no rows.
    columns : Columns
        The header; the last cell of a row that is read may have lost its end to the next line.
    """
    counts = Counter(len(row.cells) for row in rows if len(row.cells) > 1)
    width = max(counts, key=lambda each: (counts[each], each), default=0)
    found: set[int] = set()
    for before, row in pairwise(rows):
        short = len(before.cells)
        if row.line != before.line + 1 or not short or not any(map(plain, row.cells)):
            continue
        together = short + len(row.cells) - 1
        if together == width and short < width and any(map(plain, before.cells)):
            found |= {before.line, row.line}
        if short == width and len(row.cells) == 1 and width - 1 in columns.needed:
            end, rest = plain(before.cells[-1]), plain(row.cells[0])
            if _REST.fullmatch(rest) and (_REST.fullmatch(end) or (not end and kind_of(rest) == "number")):
                found |= {before.line, row.line}
    return found


def _not_torn(rows: list[Row], pieces: set[int], notes: Notes) -> list[Row]:
    for row in rows:
        text = " ".join(row.cells)[:80]
        if row.torn:
            what = "a quotation mark that neither begins nor ends a cell, so where cells end is a guess"
            notes.found("stray_quote", what, line=row.line, text=text)
        elif row.line in pieces:
            notes.found("broken_row", "a line break tore the row in two", line=row.line, text=text)
    return [row for row in rows if not row.torn and row.line not in pieces]


def _widths_of(rows: list[Row], columns: Columns) -> frozenset[int]:
    """How many cells a whole row has: as many as the header, or as most rows where that cannot hide a shift."""
    header = columns.header
    named = len(header.cells)
    counts = Counter(len(row.cells) for row in rows)
    usual = max(counts, key=lambda width: (counts[width], width == named, width), default=named)
    if usual == named or counts[named]:
        return frozenset((named,))
    same = [row for row in rows if len(row.cells) == usual]
    if usual > named and not any(plain(cell) for row in same for cell in row.cells[named:]):
        _check_names_stand_right(header, same, columns.cts)
        return frozenset((usual,))
    names = [plain(cell) for cell in header.cells if plain(cell)]
    reaches = usual > max(columns.needed, default=0)
    if usual < named and reaches and len(same) > 1 and len(set(names)) == len(names):
        return frozenset((usual, named))
    return frozenset((named,))


def _check_names_stand_right(header: Row, rows: list[Row], cts: list[int]) -> None:
    """Refuse a header that may have lost a name: then the name Ct is above the column to the left of the Ct values."""
    for ct in cts or [-1]:
        own = {kind_of(row.cells[ct]) for row in rows}
        beside = {kind_of(row.cells[ct + 1]) for row in rows}
        if not cts or ("nothing" not in own and beside & {"number", "nothing"}):
            raise AmbiguousFileError.of(
                "header_shorter",
                where=f"line {header.line}",
                names=len(header.cells),
                cells=len(rows[0].cells),
            )


def _check_names_of_sheet(rows: list[Row], columns: Columns) -> None:
    """Refuse a sheet in which a name may have been taken out of the header, or a blank put into it.

    Then the last column has values and no name, or a name and no value while a column amid the names has none.
    """
    names = [plain(cell) for cell in columns.header.cells]
    end = max((i for i, name in enumerate(names) if name), default=-1) + 1
    begin = next((i for i, name in enumerate(names) if name), 0)
    if len(rows) < ENOUGH:
        return
    lost = all(_filled(row, end) for row in rows)
    unnamed = [
        i for i in range(begin, end) if not names[i] and sum(_filled(row, i) for row in rows) * 2 > len(rows)
    ]
    if lost or (unnamed and not any(_filled(row, end - 1) for row in rows)):
        raise AmbiguousFileError.of("header_unnamed", where=f"line {columns.header.line}", names=end)


def _filled(row: Row, index: int) -> bool:
    return index < len(row.cells) and bool(plain(row.cells[index]))


class _Others:
    """What the rows of a table have in each column: kinds of cells, and words."""

    def __init__(self, rows: list[Row], columns: Columns) -> None:
        self.cts = columns.cts
        self.filled = frozenset(columns.needed) - frozenset(columns.cts)
        self.plates = columns.of("plate")
        self.kinds: list[Counter[str]] = []
        self.words: list[Counter[str]] = []
        self.places: Counter[str] = Counter()  # in how many cells of the table each word occurs
        for row in rows:
            while len(self.kinds) < len(row.cells):
                self.kinds.append(Counter())
                self.words.append(Counter())
            for kinds, words, cell in zip(self.kinds, self.words, row.cells, strict=False):
                kind = kind_of(cell)
                kinds[kind] += 1
                if kind == "word":
                    words[plain(cell)] += 1
                    self.places[plain(cell)] += 1

    def moved(self, row: Row) -> int:
        """How many cells of a row of this table no other row has in their columns."""
        strange, misplaced, missing, silent = 0, "", False, False
        ct_is_number = any(i < len(row.cells) and kind_of(row.cells[i]) == "number" for i in self.cts)
        for index, kinds in enumerate(self.kinds):
            kind = kind_of(row.cells[index]) if index < len(row.cells) else "empty"
            rest = kinds.total() - 1
            filled = rest - kinds["empty"]
            if index in self.cts and kind in ("empty", "nothing"):  # no other row is without a Ct
                silent |= kinds["empty"] + kinds["nothing"] == 1 and rest >= ENOUGH
            elif kind == "empty":
                missing |= kinds["empty"] == 1 and rest >= ENOUGH and index in self.filled
            elif (
                kind == "word" and index not in self.plates and self._is_plate(index, plain(row.cells[index]))
            ):
                strange += SHIFTED
            elif kinds[kind] > 1:
                strange += kind == "word" and self._elsewhere(index, plain(row.cells[index]))
            elif kind == "word" and index in self.cts:
                strange += 1
            elif kind == "nothing" and index in self.filled:
                strange += 1 if filled else SHIFTED * (rest >= ENOUGH)
            elif kind == "nothing":  # a word for no amplification beside a Ct: it stood where the Ct is
                strange += SHIFTED * (ct_is_number and filled >= ENOUGH)
            elif filled:
                strange += filled >= ENOUGH
            elif rest >= ENOUGH:  # no other row has anything here
                misplaced = kind
                strange += SHIFTED * (kind == "number" and index in self.filled)
        if (misplaced and missing) or (silent and misplaced == "number"):
            return SHIFTED
        return strange + (silent and strange > 0)

    def beyond(self, row: Row, columns: Columns) -> bool:
        """Whether a row of a spreadsheet has a cell behind the last named column, and no other row has one there."""
        last = max((i for i, cell in enumerate(columns.header.cells) if plain(cell)), default=-1)
        return any(
            plain(cell) and self.kinds[index]["empty"] == self.kinds[index].total() - 1 >= ENOUGH
            for index, cell in enumerate(row.cells)
            if index > last
        )

    def _is_plate(self, index: int, word: str) -> bool:
        """Whether a word that occurs once in its column is the plate of several rows."""
        several = any(plate < len(self.words) and self.words[plate][word] >= ENOUGH for plate in self.plates)
        return several and self.words[index][word] == 1

    def _elsewhere(self, index: int, word: str) -> bool:
        """Whether a word occurs in no other row of its column, and in other columns of several rows."""
        alone = self.words[index][word] == 1
        return alone and self.places[word] > ENOUGH - 1 and control_by_name(word) is None

    def short_of(self, row: Row) -> bool:
        """Whether a narrower row cannot be one that only lost empty cells at its end."""
        for index, kinds in enumerate(self.kinds):
            kind = kind_of(row.cells[index]) if index < len(row.cells) else "empty"
            if kind in ("empty", "nothing"):
                if not kinds["empty"] and not kinds["nothing"]:
                    return True
            elif not kinds[kind] and kinds.total() - kinds["empty"] >= ENOUGH:
                return True
        return False


def _fault(
    row: Row, columns: Columns, widths: frozenset[int], others: _Others, *, ragged: bool
) -> tuple[str, str] | None:
    """Why a row is not whole, as code and sentence; None where it is."""
    cells, names = len(row.cells), len(columns.header.cells)
    if any(plain(cell) for cell in row.cells[names:]) or (not widths and others.beyond(row, columns)):
        what = f"{cells} cells under {names} names: a decimal comma or an unquoted comma shifted them"
        return "too_many_cells", what
    if widths and cells not in widths:
        if cells > max(widths):
            return (
                "too_many_cells",
                f"{cells} cells where the other rows have {max(widths)}: one may have shifted",
            )
        if not ragged or cells <= max(columns.needed, default=0) or others.short_of(row):
            what = f"{cells} cells where the other rows have {min(widths)}: some are missing or were cut off"
            return "short_row", what
        return None
    if others.moved(row) >= SHIFTED:
        return "shifted_row", "cells of a kind that no other row has in their columns: they may have shifted"
    return None


def _ends(rows: list[Row], columns: Columns) -> Counter[int]:
    """How many rows end at each cell; of a table of Ct values only the rows with one."""
    ct = max(columns.cts, default=-1)
    return Counter(_end(row) for row in rows if ct < 0 or _is_number(row, ct))


def _lost_its_end(row: Row, ends: Counter[int], columns: Columns) -> bool:
    """Whether a row ends a cell before all others, as one that was shifted to the left does.

    Of a table of Ct values only rows with one are compared; of any other, only where the last column holds codes.
    """
    ct = max(columns.cts, default=-1)
    if (ct < 0 and _end(row) not in columns.of(*CODES)) or (ct >= 0 and not _is_number(row, ct)):
        return False
    rest = ends.total() - 1
    return rest >= ENOUGH and ends[_end(row)] == 1 and len(ends) == 2 and ends[_end(row) + 1] == rest


def _is_number(row: Row, index: int) -> bool:
    return index < len(row.cells) and kind_of(row.cells[index]) == "number"


def _end(row: Row) -> int:
    """The number of cells up to the last that is not empty."""
    return next((i for i in range(len(row.cells), 0, -1) if plain(row.cells[i - 1])), 0)
