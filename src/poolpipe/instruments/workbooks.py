"""Workbooks of machines: sheets by title, from a file whose size is known to be sane, read where it cannot take the run with it.

`poolpipe.events.spreadsheets` reads them in a child process. A sheet that claims more cells than any machine writes is refused
before, with its size.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from poolpipe.events.spreadsheets import (
    Cells,
    SpreadsheetError,
    hidden_titles,
    sheet_merges,
    sheet_rows,
    sheet_titles,
)
from poolpipe.instruments.errors import DamagedFileError

__all__ = ["Loader", "SheetRow", "hidden_sheets", "xls_tables", "xlsx_tables"]

SheetRow = tuple[Cells, dict[int, str]]
"""Cells of a row, and by column the text of each merged cell that reaches into it."""

Loader = Callable[[int | None], list[SheetRow]]

MOST_CELLS = 20_000_000  # of a sheet's rectangle; a 384 plate's curves have some hundred thousand
_REFERENCE = re.compile(rb"""\br\s*=\s*["']([A-Za-z]{1,3})(\d{1,7})["']""")
_ROW = re.compile(rb"""<(?:\w+:)?row\b[^>]*?\br\s*=\s*["'](\d{1,9})["']""")


def xlsx_tables(content: bytes, members: dict[str, bytes], name: str) -> dict[str, Loader]:
    """Sheets of an xlsx by title, each read when asked for its first rows or all.

    Parameters
    ----------
    content : bytes
        The file.
    members : dict of str to bytes
        The same, unpacked and checked.
    name : str
        For messages.

    Raises
    ------
    DamagedFileError
        A sheet larger than any instrument writes; a workbook that cannot be read.
    """
    for member, xml in members.items():
        if member.startswith("xl/worksheets/") and (size := _rectangle(xml)) > MOST_CELLS:
            raise DamagedFileError.of(
                "sheet_too_large", where=name, member=member, size=size, most=MOST_CELLS
            )
    merged = any(
        b"mergeCell" in xml for member, xml in members.items() if member.startswith("xl/worksheets/")
    )
    return _tables(content, name, merged=merged)


def xls_tables(content: bytes, name: str) -> dict[str, Loader]:
    """Open the sheets of a BIFF xls.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        Name of the file in messages.

    Returns
    -------
    dict of str to Loader
        By title; see `xlsx_tables`.
    """
    return _tables(content, name, merged=True)


def hidden_sheets(content: bytes, name: str) -> frozenset[str]:
    """Titles of the sheets that a spreadsheet program does not show.

    Parameters
    ----------
    content : bytes
        An xlsx or xls file.
    name : str
        For messages.

    Raises
    ------
    DamagedFileError
        A workbook that cannot be read.
    """
    try:
        return frozenset(hidden_titles(content))
    except SpreadsheetError as error:
        raise _damaged(error, name) from error


def _tables(content: bytes, name: str, *, merged: bool) -> dict[str, Loader]:
    try:
        titles = sheet_titles(content)
    except SpreadsheetError as error:
        raise _damaged(error, name) from error

    def loader(title: str) -> Loader:
        def load(most: int | None) -> list[SheetRow]:
            try:
                merges = sheet_merges(content, title) if merged else []
                return _with_merges(sheet_rows(content, title, most), merges)
            except SpreadsheetError as error:
                raise _damaged(error, f"{name}, sheet {title}") from error

        return load

    return {title: loader(title) for title in titles}


def _with_merges(rows: list[Cells], merges: list[tuple[int, int, int]]) -> list[SheetRow]:
    """The rows, each with the texts of the merged cells that it is part of."""
    texts: list[dict[int, str]] = [{} for _ in rows]
    for column, first, last in merges:
        if first < len(rows) and column < len(rows[first][0]):
            for row in range(first, min(last + 1, len(rows))):
                texts[row][column] = rows[first][0][column]
    return list(zip(rows, texts, strict=True))


def _damaged(error: SpreadsheetError, where: str) -> DamagedFileError:
    return DamagedFileError.like(error, where=where)


def _rectangle(xml: bytes) -> int:
    """Cells of the rectangle from A1 to the last row and column that the sheet names."""
    columns = {letters.upper() for letters, _ in _REFERENCE.findall(xml)}
    widest = max((_column(letters) for letters in columns), default=1)
    rows = [int(digits) for _, digits in _REFERENCE.findall(xml)] + [int(row) for row in _ROW.findall(xml)]
    return widest * max(rows, default=1)


def _column(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number
