"""The body of a table: the rows under its header that belong to it and are whole."""

from __future__ import annotations

import dataclasses
import re
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import fold, plain, well_name
from poolpipe.instruments.endings import is_trailer, without_cut_end
from poolpipe.instruments.errors import AmbiguousFileError, RefusedFormatError
from poolpipe.instruments.lists import with_lists
from poolpipe.instruments.result_columns import CALL_WORDS, DYES, has_ct
from poolpipe.instruments.shapes import pieces_of_rows, whole_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.instruments.columns import Columns
    from poolpipe.instruments.documents import Document, Row
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["body_of", "name_rows_above"]

_DECIMAL = re.compile(r"\d{1,3}[.,]\d+")
_NUMBER = re.compile(r"\d+(?:[.,]\d+)?")
_AMOUNT = re.compile(r"vol|conc|[uµμnm]l\b|ng\b|dilution|weight|mass|temp|体积|浓度|温度|重量")

KEYS = ("well", "plate_well", "tube", "pool")
FEW = 2  # so many numbers with decimals are no slip of the pen
FILLED = 3  # a row of a table has so many cells; a line below it, such as `Analysis Type = x`, has fewer


def body_of(
    layout: Layout, document: Document, rows: list[Row], columns: Columns, notes: Notes, *, last: bool = True,
    earlier: Sequence[str] = (),
) -> list[Row]:  # fmt: skip
    """The rows of a table that are read; every line that is left out is named.

    Parameters
    ----------
    rows : list of Row
        All rows below the header, up to the next header of the layout or the end of the sheet.
    last : bool
        Whether no other table of the layout follows, so that the lines below are no heading of it.
    earlier : sequence of str
        Ct values of the tables of the file above this one.

    Raises
    ------
    AmbiguousFileError
        Another table of Ct values is below; the header may have lost a name.
    DamagedFileError
        The last line was cut short.
    RefusedFormatError
        A map with numbers that may be Ct values.
    """
    rows = [row for row in rows if not _is_skipped(layout, row)]
    padded = document.container != "text"
    if layout.kind == "map" and not padded:
        rows = with_lists(rows, columns)
    rows = [own for row in rows if (own := _unmerged(row, columns, notes)) is not None]
    pieces = set() if padded else pieces_of_rows(rows, columns)
    inside = _inside(layout, rows, columns, notes, last=last)
    whole = whole_rows(inside, pieces, columns, padded=padded, notes=notes)
    if layout.no_results:
        _check_no_numbers(columns, whole)
    return without_cut_end(layout, document, inside, whole, columns, notes, earlier)


def name_rows_above(rows: list[Row], columns: Columns, notes: Notes) -> None:
    """Note the lines above a table that look like its rows, as in a second table that lost its header.

    Parameters
    ----------
    rows : list of Row
        Lines above the header.
    columns : Columns
        Columns of the table.
    notes : Notes
        Takes the findings.
    """
    width, wells = len(columns.header.cells), columns.of("well")[:1]
    for row in rows:
        cells = [plain(cell) for cell in row.cells]
        if wells and len(cells) == width and sum(map(bool, cells)) >= FILLED and _is_well(cells[wells[0]]):
            notes.found(
                "above_table", "a row of a table without a header", line=row.line, text=" ".join(cells)[:80]
            )


def _unmerged(row: Row, columns: Columns, notes: Notes) -> Row | None:
    """The row with the text of each merged cell that it is part of; None, and named, where a Ct is of several rows."""
    if not row.merged:
        return row
    if any(row.merged.get(index) for index in columns.cts):
        notes.found("merged_ct", "a merged cell gives several rows one Ct: whose it is cannot be told",
                    line=row.line, text=" ".join(row.cells)[:80])  # fmt: skip
        return None
    cells = row.cells + [""] * (max(row.merged) + 1 - len(row.cells))
    return dataclasses.replace(row, cells=[row.merged.get(i, cell) for i, cell in enumerate(cells)])


def _is_skipped(layout: Layout, row: Row) -> bool:
    line = " ".join(row.cells)
    return any(re.search(pattern, line) for pattern in layout.skip) or is_trailer(layout, line)


def _check_no_numbers(columns: Columns, rows: list[Row]) -> None:
    """Refuse a map with a column of numbers with decimals that has no role: they may be Ct values."""
    used = set(columns.used)
    for index, name in enumerate(columns.header.cells):
        cells = [plain(row.cells[index]) for row in rows if index < len(row.cells)]
        if index not in used:
            _check_no_calls(columns, name, [cell for cell in cells if cell])
        if (
            index in used
            or _AMOUNT.search(fold(name))
            or sum(map(bool, map(_DECIMAL.fullmatch, cells))) < FEW
        ):
            continue
        raise RefusedFormatError.of(
            "decimals_unread", where=f"line {columns.header.line}", column=plain(name)
        )


def _check_no_calls(columns: Columns, name: str, cells: list[str]) -> None:
    """Refuse a map with a column that mostly holds words for results, or numbers under the name of a dye."""
    calls = sum(fold(cell) in CALL_WORDS for cell in cells)
    measured = fold(name) in DYES and any(map(_NUMBER.fullmatch, cells))
    if measured or (calls >= FEW and calls * 2 > len(cells)):
        raise RefusedFormatError.of(
            "results_unread_in_map", where=f"line {columns.header.line}", column=plain(name)
        )


def _inside(layout: Layout, rows: list[Row], columns: Columns, notes: Notes, *, last: bool) -> list[Row]:
    """Rows of the table: without blank lines and the lines below the table."""
    role, key = next(((role, columns.roles[role][0]) for role in KEYS if role in columns.roles), ("", 0))
    names = layout.columns.get(role, ())
    heading = len(rows) if last else _heading_of_next(rows, key)
    end = _end_of_wells(rows, key) if role == "well" else len(rows)
    blank = False
    inside = []
    for index, row in enumerate(rows):
        filled = sum(bool(plain(cell)) for cell in row.cells)
        if not filled:
            blank = True
            continue
        if index >= heading:
            break
        text = plain(row.cells[key]) if key < len(row.cells) else ""
        if fold(text) in names or _is_header(row, columns) or _names_target(layout, row):
            _below(row, "another table begins here: nothing below is read", notes)
            _check_no_results(row)
            break
        if (blank and (filled < FILLED or not text)) or _is_remark(
            row, columns, role, text, below=index >= end
        ):
            _below(row, "not part of the table", notes)
            continue
        inside.append(row)
    return inside


def _names_target(layout: Layout, row: Row) -> bool:
    """Whether a line is a heading that names the target of the rows below it."""
    line = "\t".join(cell for cell in row.cells if cell)
    return layout.target_from is not None and re.search(layout.target_from, line) is not None


def _heading_of_next(rows: list[Row], key: int) -> int:
    """Index of the first line of those above the next channel's table, which are short and have no well."""
    index = len(rows)
    while index:
        cells = [plain(cell) for cell in rows[index - 1].cells]
        if (
            sum(map(bool, cells)) >= FILLED
            or rows[index - 1].torn
            or _is_well(cells[key] if key < len(cells) else "")
        ):
            break
        index -= 1
    return index


def _is_header(row: Row, columns: Columns) -> bool:
    """Whether a row consists of names of this table's columns: a header, perhaps of fewer columns."""
    own = {fold(cell) for cell in columns.header.cells if plain(cell)}
    cells = [fold(cell) for cell in row.cells if plain(cell)]
    found = sum(cell in own for cell in cells)
    return found > 1 and found * 2 >= len(cells)


def _end_of_wells(rows: list[Row], key: int) -> int:
    """Index behind the last line that has a well."""
    return next(
        (
            i
            for i in range(len(rows), 0, -1)
            if key < len(rows[i - 1].cells) and _is_well(plain(rows[i - 1].cells[key]))
        ),
        0,
    )


def _is_remark(row: Row, columns: Columns, role: str, text: str, *, below: bool) -> bool:
    """Whether a line without a well is a remark: nearly empty or, below all wells, narrower; and without a Ct."""
    if role != "well" or row.torn or _is_well(text):
        return False
    filled = [i for i, cell in enumerate(row.cells) if plain(cell)]
    narrow = len(filled) < FILLED or (below and len(row.cells) < len(columns.header.cells))
    return narrow and not set(filled) & set(columns.cts)


def _is_well(text: str) -> bool:
    return bool(well_name(text) or re.fullmatch(r"\d{1,4}(?:\.0*)?", text))


def _below(row: Row, what: str, notes: Notes) -> None:
    text = " ".join(row.cells)[:80]
    notes.found("below_table", what, severity="info", line=row.line, text=text)


def _check_no_results(row: Row) -> None:
    """Refuse a second table of Ct values, which may be another plate's."""
    if has_ct(fold(cell) for cell in row.cells):
        raise AmbiguousFileError.of("second_ct_table", where=f"line {row.line}")
