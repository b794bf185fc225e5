"""Spreadsheets to cells: xlsx by calamine once its size is known to be sane, xls (BIFF) by xlrd.

calamine aborts the whole process where a file makes it ask for more memory than there is: on garbled BIFF, and on an
xlsx that puts one cell into the last corner of a sheet. So BIFF goes to xlrd, and an xlsx is measured first.
"""

from __future__ import annotations

import io
import os
import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from poolpipe.instruments.errors import DamagedFileError

if TYPE_CHECKING:
    import xlrd

__all__ = ["Loader", "xls_tables", "xlsx_tables"]

Cells = tuple[list[str], frozenset[int]]  # texts, and the places of numbers
Loader = Callable[[int | None], list[Cells]]

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
    from python_calamine import CalamineWorkbook

    for member, xml in members.items():
        if member.startswith("xl/worksheets/") and (size := _rectangle(xml)) > MOST_CELLS:
            raise DamagedFileError(f"{member} spans {size} cells, more than {MOST_CELLS}", where=name)
    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(content))
        titles = book.sheet_names
    except BaseException as error:
        raise _broken(error, name) from error

    def loader(title: str) -> Loader:
        def load(most: int | None) -> list[Cells]:
            try:
                rows = book.get_sheet_by_name(title).to_python(skip_empty_area=False, nrows=most)
            except BaseException as error:
                raise _broken(error, f"{name}, sheet {title}") from error
            return [_cells(row) for row in rows]

        return load

    return {title: loader(title) for title in titles}


def xls_tables(content: bytes, name: str) -> dict[str, Loader]:
    """Sheets of a BIFF xls by title; see `xlsx_tables`."""
    import xlrd

    try:
        with open(os.devnull, "w", encoding="utf-8") as silence:  # noqa: PTH123 -- a device, no path
            book = xlrd.open_workbook(file_contents=content, logfile=silence, ragged_rows=True)
        sheets = book.sheets()
    except Exception as error:
        raise _broken(error, name) from error

    def loader(sheet: xlrd.sheet.Sheet) -> Loader:
        def load(most: int | None) -> list[Cells]:
            rows = range(sheet.nrows if most is None else min(most, sheet.nrows))
            try:
                return [_cells([_biff_value(cell, book.datemode) for cell in sheet.row(i)]) for i in rows]
            except Exception as error:
                raise _broken(error, f"{name}, sheet {sheet.name}") from error

        return load

    return {sheet.name: loader(sheet) for sheet in sheets}


def _biff_value(cell: xlrd.sheet.Cell, datemode: int) -> object:
    """A BIFF cell as text, number, time or truth; an error cell as the text that Excel shows."""
    import xlrd

    kind, value = cell.ctype, cell.value
    if kind == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(float(value), 1 if datemode else 0)
    if kind == xlrd.XL_CELL_BOOLEAN:
        return bool(value)
    return xlrd.error_text_from_code.get(int(value), "#ERR") if kind == xlrd.XL_CELL_ERROR else value


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


def _broken(error: BaseException, where: str) -> BaseException:
    """What to raise for an error of a spreadsheet reader; a Rust panic is no `Exception`."""
    if isinstance(error, Exception) or type(error).__name__ == "PanicException":
        return DamagedFileError(
            f"the spreadsheet is damaged ({error})", where=where, way_out="export it again"
        )
    return error


def _cells(row: Sequence[object]) -> Cells:
    numeric = frozenset(i for i, cell in enumerate(row) if isinstance(cell, float) and cell)
    return [_text(cell) for cell in row], numeric


def _text(cell: object) -> str:
    """A cell as text: whole numbers without `.0`, times as ISO, numbers beyond Excel's 15 digits marked as such."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float | int):
        if abs(cell) >= 1e15:  # 16 digits and more were rounded by the spreadsheet: never a barcode
            return f"{float(cell):.14E}"
        return str(int(cell)) if float(cell).is_integer() else repr(cell)
    if isinstance(cell, datetime):
        return cell.isoformat(" ")
    if isinstance(cell, date | time):
        return cell.isoformat()
    return f"{cell}" if isinstance(cell, timedelta) else str(cell)
