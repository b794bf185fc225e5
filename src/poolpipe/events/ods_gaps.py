"""Error values of an OpenDocument spreadsheet, which calamine returns as blanks or as 0, and formulas without a result."""

from __future__ import annotations

import io
import re
from itertools import product
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["document_gaps"]

_ERROR: Final = re.compile(r"Err:\d{3}|#(?:N/A|NULL!|DIV/0!|VALUE!|REF!|NAME\?|NUM!)")
_CELLS: Final = ("table-cell", "covered-table-cell")


def document_gaps(
    xml: bytes, title: str, most: int | None, no_result: str
) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield row, column (from 0) and text of each such cell of one sheet.

    Parameters
    ----------
    xml : bytes
        The member `content.xml`.
    title : str
    most : int, optional
        Only the first so many rows.
    no_result : str
        Text of a formula that was saved without its result.
    """
    from defusedxml.ElementTree import iterparse

    inside, row = False, 0
    for event, element in iterparse(io.BytesIO(xml), events=("start", "end")):
        name = element.tag.rpartition("}")[2]
        if name == "table" and event == "start":
            inside = _attribute(element, "name") == title
        elif name == "table" and inside:
            return
        elif name == "table-row" and event == "end":
            if inside:
                repeated = int(_attribute(element, "number-rows-repeated") or 1)
                found = list(_of_row(element, no_result))
                rows = range(row, row + repeated if most is None else min(row + repeated, most))
                yield from (((at, column), text) for at, (column, text) in product(rows, found) if found)
                row += repeated
            element.clear()


def _of_row(row: Element, no_result: str) -> Iterator[tuple[int, str]]:
    """Column and text of each such cell of a row."""
    column = 0
    for cell in row:
        if cell.tag.rpartition("}")[2] in _CELLS:
            repeated = int(_attribute(cell, "number-columns-repeated") or 1)
            if text := _text(cell, no_result):
                yield from ((place, text) for place in range(column, column + repeated))
            column += repeated


def _text(cell: Element, no_result: str) -> str:
    """The error value of a cell, or the text for a formula without result; empty for any other."""
    shown = "".join(cell.itertext()).strip()
    if any(name.endswith("}value-type") and value == "error" for name, value in cell.attrib.items()):
        return shown or "#ERR"
    if _ERROR.fullmatch(shown):
        return shown
    return no_result if _attribute(cell, "formula") and not _attribute(cell, "value-type") else ""


def _attribute(element: Element, name: str) -> str | None:
    return next((value for key, value in element.attrib.items() if key.endswith("}" + name)), None)
