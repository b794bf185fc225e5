"""Write the rows of a sheet as CSV, so that sheets and CSV files are read by one reader.

Everything here runs in the child process that reads workbooks.
"""

from __future__ import annotations

import csv
import io
from datetime import date, datetime, time
from itertools import islice
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

__all__ = ["Merge", "cell_text", "csv_of_rows"]

Merge = tuple[int, int, int]
"""Cells of one column that are merged: column, first and last row, each counted from 0."""

_BOUND: Final = 10**15
"""A spreadsheet keeps fifteen digits: numbers of at least this may have lost some."""

_ROWS: Final = 1 << 16
"""Rows written at once."""


def cell_text(cell: object) -> str:
    """Convert a cell to text: whole numbers without `.0`, times as ISO, numbers beyond 15 digits with an exponent."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | int):
        if abs(cell) >= _BOUND:  # rounded by the spreadsheet: never a barcode
            return f"{float(cell):.14E}"
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(cell, date | time):
        return cell.isoformat(" ") if isinstance(cell, datetime) else cell.isoformat()
    return str(cell)  # a duration


def csv_of_rows(
    rows: Iterable[Sequence[object]], hidden: Mapping[tuple[int, int], str], merges: Sequence[Merge]
) -> bytes:
    """Write a sheet as CSV in UTF-8, a line for each row; a blank row is a blank line.

    Parameters
    ----------
    rows : iterable of sequence
        Cells from the first row and column on, as the spreadsheet's library returns them.
    hidden : mapping of (int, int) to str
        By row and column from 0 the texts of cells that the library returns as blank or 0.
    merges : sequence of Merge
        The first cell's text stands for all of them.
    """
    written = io.BytesIO()
    texts = _filled(rows, hidden, merges)
    while some := list(islice(texts, _ROWS)):
        lines = io.StringIO()
        csv.writer(lines, lineterminator="\n").writerows(some)
        written.write(lines.getvalue().encode(errors="replace"))
    return written.getvalue()


def _filled(
    rows: Iterable[Sequence[object]], hidden: Mapping[tuple[int, int], str], merges: Sequence[Merge]
) -> Iterator[list[str]]:
    by_row: dict[int, list[tuple[int, str]]] = {}
    for (place, column), text in hidden.items():
        by_row.setdefault(place, []).append((column, text))
    begins: dict[int, list[tuple[int, int]]] = {}
    for column, first, last in merges:
        begins.setdefault(first, []).append((column, last))
    open_merges: dict[int, tuple[int, str]] = {}
    for number, row in _numbered(rows, max(by_row, default=-1)):
        texts = [cell if isinstance(cell, str) and cell.isprintable() else _one_line(cell) for cell in row]
        for column, text in by_row.pop(number, ()):
            texts.extend([""] * (column + 1 - len(texts)))
            texts[column] = text
        for column, last in begins.pop(number, ()):
            if column < len(texts):
                open_merges[column] = (last, texts[column])
        if open_merges:
            _fill(texts, open_merges, number)
        yield texts if any(map(str.strip, texts)) else []


def _fill(texts: list[str], open_merges: dict[int, tuple[int, str]], number: int) -> None:
    """Put the texts of merged cells into a row; merges that end with it are closed."""
    for column, (last, text) in list(open_merges.items()):
        if column < len(texts) and not texts[column]:
            texts[column] = text
        if last <= number:
            del open_merges[column]


def _one_line(cell: object) -> str:
    """The text of a cell on one line; a date without time of day is its midnight, as Excel counts it."""
    if isinstance(cell, date) and not isinstance(cell, datetime):
        return f"{cell.isoformat()} 00:00:00"
    text = cell_text(cell)
    return " ".join(text.splitlines()) if "\n" in text or "\r" in text else text


def _numbered(rows: Iterable[Sequence[object]], last: int) -> Iterator[tuple[int, Sequence[object]]]:
    """Number rows from 0; blank ones are added up to `last`."""
    number = -1
    for number, row in enumerate(rows):
        yield number, row
    yield from ((each, ()) for each in range(number + 1, last + 1))
