"""Read spreadsheets into cells: xlsx by calamine, xls (BIFF) by xlrd, both in a child process.

calamine aborts its process where a file makes it ask for more memory than there is, on an xlsx that puts one cell into
the last corner of a sheet for one; xlrd runs for minutes on some damaged files. The child process contains both.
"""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from poolpipe.errors import PoolpipeError
from poolpipe.events.isolation import Isolated, IsolationError
from poolpipe.events.spreadsheet_csv import Merge, cell_text, csv_of_rows
from poolpipe.events.spreadsheet_gaps import hidden_texts

if TYPE_CHECKING:
    from pathlib import Path

    import xlrd
    from python_calamine import CalamineSheet, CalamineWorkbook

_SECONDS = 300.0
"""How long one sheet may take: a million rows take 20 s on a quiet machine."""

P = ParamSpec("P")
T = TypeVar("T")

__all__ = [
    "OLE",
    "Cells",
    "SpreadsheetError",
    "hidden_titles",
    "sheet_csv",
    "sheet_merges",
    "sheet_rows",
    "sheet_titles",
    "workbook_titles",
]

OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
"""First bytes of an xls."""

_ENCRYPTED = "EncryptedPackage".encode("utf-16-le")

Cells = tuple[list[str], frozenset[int]]
"""The texts of a row, and the indices of numbers among them."""

Values = Sequence[Sequence[object]]
"""Rows of cells as the library returns them: texts, numbers, times, booleans."""

_Book = dict[str, Callable[[int | None], Values]]
"""Sheets by title, each giving the values of its first so many rows, or of all."""


class SpreadsheetError(PoolpipeError):
    """A workbook or one of its sheets cannot be read."""


def sheet_titles(content: bytes) -> list[str]:
    """Titles of a workbook's sheets, in their order.

    Parameters
    ----------
    content : bytes
        An xlsx or xls file.

    Raises
    ------
    SpreadsheetError
        If the workbook is damaged, or its reader ran out of memory or time.
    """
    return _asked(_titles, content)


def hidden_titles(content: bytes) -> list[str]:
    """Titles of a workbook's sheets that its program does not show.

    Parameters
    ----------
    content : bytes
        An xlsx or xls file.

    Raises
    ------
    SpreadsheetError
        If the workbook is damaged, or its reader ran out of memory or time.
    """
    return _asked(_hidden, content)


def sheet_rows(content: bytes, title: str, most: int | None = None) -> list[Cells]:
    """Rows of one sheet as texts: whole numbers without point, times as ISO, blank cells empty.

    An error value stays as Excel shows it (`#N/A`), and a formula that was saved without its result is `#FORMULA!`.

    Parameters
    ----------
    content : bytes
        An xlsx or xls file.
    title : str
    most : int, optional
        Only the first so many rows.

    Raises
    ------
    SpreadsheetError
        If the sheet is damaged, or its reader ran out of memory or time.
    """
    return _asked(_rows, content, title, most)


def sheet_merges(content: bytes, title: str) -> list[tuple[int, int, int]]:
    """Cells of one column that are merged: column, first and last row, each counted from 0.

    Parameters
    ----------
    content : bytes
        An xlsx or xls file.
    title : str

    Raises
    ------
    SpreadsheetError
        If the sheet is damaged, or its reader ran out of memory or time.
    """
    return _asked(_merges, content, title)


def sheet_csv(path: Path, title: str, most: int | None = None) -> bytes:
    """One sheet as CSV in UTF-8, separated by commas: a line for each of its rows from the first, blank where the row is.

    Cells are written as by `sheet_rows`, but a date without time of day as its midnight, a line break in a cell as a blank,
    and every cell of a merged column with its text.

    Parameters
    ----------
    path : Path
        An xlsx, xlsb, ods or xls file.
    title : str
    most : int, optional
        Only the first so many rows.

    Raises
    ------
    SpreadsheetError
        If the workbook is damaged, locked by a password, or its reader ran out of memory or time.
    OSError
        If it cannot be opened.
    """
    status = path.stat()  # the child stays in the folder that it was started in: it is told the whole path
    return _asked(_csv, str(path.absolute()), (status.st_mtime_ns, status.st_size), title, most)


def workbook_titles(path: Path) -> list[str]:
    """Titles of the sheets of a workbook, in their order; see `sheet_csv`."""
    status = path.stat()
    return _asked(_titles_of_file, str(path.absolute()), (status.st_mtime_ns, status.st_size))


@cache
def _reader() -> Isolated:
    """The child process for all workbooks of a run."""
    return Isolated(seconds=_SECONDS)


def _asked(function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    try:
        return _reader().call(function, *args, **kwargs)
    except IsolationError as error:
        raise SpreadsheetError.of("sheet_reader_failed", why=error.what) from error


# The functions below run in the child process.


def _titles(content: bytes) -> list[str]:
    return list(_book(content))


@lru_cache(maxsize=1)
def _content(path: str, stamp: tuple[int, int]) -> bytes:  # noqa: ARG001 -- a file that changed is read anew
    with open(path, "rb") as file:  # noqa: PTH123 -- a path as text
        return file.read()


def _titles_of_file(path: str, stamp: tuple[int, int]) -> list[str]:
    return _titles(_content(path, stamp))


def _csv(path: str, stamp: tuple[int, int], title: str, most: int | None) -> bytes:
    whole = _whole_csv(path, stamp, title)
    return whole if most is None else b"".join(whole.splitlines(keepends=True)[:most])


@lru_cache(maxsize=1)
def _whole_csv(path: str, stamp: tuple[int, int], title: str) -> bytes:
    content = _content(path, stamp)
    try:
        return csv_of_rows(*_sheet(content, title))
    except MemoryError:
        raise
    except BaseException as error:
        raise _broken(error, title) from error


def _sheet(
    content: bytes, title: str
) -> tuple[Iterable[Sequence[object]], dict[tuple[int, int], str], list[Merge]]:
    """Rows of a sheet, the texts of cells that its library returns as blank, and its merged columns."""
    if content.startswith(OLE):
        return _book(content)[title](None), {}, _merges(content, title)
    _book(content)  # a damaged workbook raises here
    sheet = _calamine(content).get_sheet_by_name(title)
    return sheet.iter_rows(), hidden_texts(content, title), _column_merges(sheet)


def _hidden(content: bytes) -> list[str]:
    _book(content)  # a damaged workbook raises here
    if not content.startswith(OLE):
        from python_calamine import SheetVisibleEnum

        sheets = _calamine(content).sheets_metadata
        return [sheet.name for sheet in sheets if sheet.visible != SheetVisibleEnum.Visible]
    import xlrd

    with open(os.devnull, "w", encoding="utf-8") as silence:  # noqa: PTH123 -- a device, no path
        book = xlrd.open_workbook(file_contents=content, logfile=silence, on_demand=True)
    return [sheet.name for sheet in map(book.sheet_by_index, range(book.nsheets)) if sheet.visibility]


def _rows(content: bytes, title: str, most: int | None) -> list[Cells]:
    try:
        rows = [_cells(row) for row in _book(content)[title](most)]
        return rows if content.startswith(OLE) else _with_hidden(rows, hidden_texts(content, title, most))
    except MemoryError:
        raise
    except BaseException as error:
        raise _broken(error, title) from error


def _with_hidden(rows: list[Cells], texts: dict[tuple[int, int], str]) -> list[Cells]:
    """The rows with the texts of cells that the library returned as blank or 0; rows behind the last one are added."""
    for (row, column), text in texts.items():
        while len(rows) <= row:
            rows.append(([], frozenset()))
        cells = rows[row][0]
        cells.extend([""] * (column + 1 - len(cells)))
        cells[column] = text
    return rows


def _merges(content: bytes, title: str) -> list[tuple[int, int, int]]:
    try:
        return _biff_merges(content, title) if content.startswith(OLE) else _xlsx_merges(content, title)
    except MemoryError:
        raise
    except BaseException as error:
        raise _broken(error, title) from error


def _xlsx_merges(content: bytes, title: str) -> list[tuple[int, int, int]]:
    return _column_merges(_calamine(content).get_sheet_by_name(title))


def _column_merges(sheet: CalamineSheet) -> list[Merge]:
    ranges = sheet.merged_cell_ranges or ()
    return [(left, top, bottom) for (top, left), (bottom, right) in ranges if left == right and top < bottom]


def _biff_merges(content: bytes, title: str) -> list[tuple[int, int, int]]:
    import xlrd

    with open(os.devnull, "w", encoding="utf-8") as silence:  # noqa: PTH123 -- a device, no path
        try:
            book = xlrd.open_workbook(file_contents=content, logfile=silence, formatting_info=True)
        except Exception:  # noqa: BLE001 -- xlrd fails in many ways on fonts and styles that values do not need
            return []  # the cells below a merged one stay empty, as they are written
    ranges = book.sheet_by_name(title).merged_cells  # ends are excluded
    return [(left, top, end - 1) for top, end, left, right in ranges if right - left == 1 and end - top > 1]


@lru_cache(maxsize=1)
def _book(content: bytes) -> _Book:
    """A workbook's sheets; the last workbook stays open, because its titles and sheets are read one by one."""
    try:
        return _biff_book(content) if content.startswith(OLE) else _xlsx_book(content)
    except MemoryError:
        raise
    except BaseException as error:
        raise _broken(error, "") from error


@lru_cache(maxsize=1)
def _calamine(content: bytes) -> CalamineWorkbook:
    from python_calamine import CalamineWorkbook

    return CalamineWorkbook.from_filelike(io.BytesIO(content))


def _xlsx_book(content: bytes) -> _Book:
    book = _calamine(content)

    def loader(title: str) -> Callable[[int | None], Values]:
        return lambda most: book.get_sheet_by_name(title).to_python(skip_empty_area=False, nrows=most)

    return {title: loader(title) for title in book.sheet_names}


def _biff_book(content: bytes) -> _Book:
    import xlrd

    if _ENCRYPTED in content:  # an xlsx with a password is packed into the container of an xls
        raise SpreadsheetError.of("workbook_locked", where="workbook")
    with open(os.devnull, "w", encoding="utf-8") as silence:  # noqa: PTH123 -- a device, no path
        book = xlrd.open_workbook(file_contents=content, logfile=silence, ragged_rows=True)

    def loader(sheet: xlrd.sheet.Sheet) -> Callable[[int | None], Values]:
        def load(most: int | None) -> Values:
            rows = range(sheet.nrows if most is None else min(most, sheet.nrows))
            return [[_biff_value(cell, book.datemode) for cell in sheet.row(row)] for row in rows]

        return load

    return {sheet.name: loader(sheet) for sheet in book.sheets()}


def _biff_value(cell: xlrd.sheet.Cell, datemode: int) -> object:
    """Convert a BIFF cell to text, number, time or boolean; an error cell to the text that Excel shows."""
    import xlrd

    kind, value = cell.ctype, cell.value
    if kind == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(float(value), 1 if datemode else 0)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    return xlrd.error_text_from_code.get(int(value), "#ERR") if kind == xlrd.XL_CELL_ERROR else value


def _broken(error: BaseException, title: str) -> BaseException:
    """Make the exception for an error of a spreadsheet library; a Rust panic is no `Exception`."""
    if isinstance(error, SpreadsheetError):
        return error
    where = f"sheet {title}" if title else ""
    if type(error).__name__ == "PasswordError" or "encrypted" in str(error).lower():
        return SpreadsheetError.of("workbook_locked", where=where)
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return SpreadsheetError.of("sheet_damaged", where=where, why=str(error))
    return error


def _cells(row: Sequence[object]) -> Cells:
    numeric = frozenset(i for i, cell in enumerate(row) if isinstance(cell, float) and cell)
    return [cell_text(cell) for cell in row], numeric
