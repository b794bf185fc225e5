"""Cells of a workbook that calamine returns as blank though they are not: error values, and formulas without a saved result.

A blank Ct may mean that nothing amplified; a `#N/A` never does. The texts given here stand in the rows in place of the
blanks, so that every reader sees a word that it does not know.
"""

from __future__ import annotations

import io
import re
import zipfile
from typing import TYPE_CHECKING

from poolpipe.events.ods_gaps import document_gaps
from poolpipe.events.workbook_parts import part_of
from poolpipe.events.xlsb_gaps import BINARY_BOOK, binary_gaps

if TYPE_CHECKING:
    from collections.abc import Iterator
    from xml.etree.ElementTree import Element

__all__ = ["NO_RESULT", "hidden_texts"]

NO_RESULT = "#FORMULA!"
"""Text of a cell whose formula was saved without its result, as some programs write workbooks."""

_BOOK, _DOCUMENT = "xl/workbook.xml", "content.xml"
_SIGNS = (b'"e"', b"'e'", b"<f", b":f")
"""One of these is in every sheet with such a cell; they are found ten times as fast as the pattern."""

_WORTH_A_LOOK = re.compile(rb"""\bt\s*=\s*["']e["']|<(?:\w+:)?f[\s/>]""")
_REFERENCE = re.compile(r"([A-Za-z]{1,3})(\d{1,7})")


def hidden_texts(content: bytes, title: str, most: int | None = None) -> dict[tuple[int, int], str]:
    """Find the cells of one sheet that hold an error value or a formula without result.

    Parameters
    ----------
    content : bytes
        An xlsx, xlsb or ods file.
    title : str
    most : int, optional
        Only the first so many rows.

    Returns
    -------
    dict of (int, int) to str
        By row and column, each counted from 0: `#N/A` and the like as they stand, or `NO_RESULT`.
    """
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        if BINARY_BOOK in archive.namelist():
            return dict(binary_gaps(archive, title, most))
        if _DOCUMENT in archive.namelist():
            return dict(document_gaps(archive.read(_DOCUMENT), title, most, NO_RESULT))
        member = _member(archive, title)
        if member is None:
            return {}
        xml = archive.read(member)
    if not any(sign in xml for sign in _SIGNS) or _WORTH_A_LOOK.search(xml) is None:
        return {}
    return dict(_hidden(xml, most))


def _member(archive: zipfile.ZipFile, title: str) -> str | None:
    """Path of a sheet inside the workbook; None where the workbook does not list it."""
    from defusedxml.ElementTree import fromstring

    if _BOOK not in archive.namelist():
        return None
    keys = (
        next((value for name, value in sheet.attrib.items() if name.endswith("}id")), "")
        for sheet in fromstring(archive.read(_BOOK)).iter()
        if _local(sheet) == "sheet" and sheet.get("name") == title
    )
    key = next(keys, "")
    return part_of(archive, "xl/_rels/workbook.xml.rels", key) if key else None


def _hidden(xml: bytes, most: int | None) -> Iterator[tuple[tuple[int, int], str]]:
    """Place and text of each such cell, in the order of the sheet; a cell without reference stands behind the one before."""
    from defusedxml.ElementTree import iterparse

    row, column = -1, -1
    for event, element in iterparse(io.BytesIO(xml), events=("start", "end")):
        kind = _local(element)
        if event == "start" and kind == "row":
            row, column = int(element.get("r", row + 2)) - 1, -1
            if most is not None and row >= most:
                return
        elif event == "start" and kind == "c":
            match = _REFERENCE.fullmatch(element.get("r", ""))
            row, column = (int(match[2]) - 1, _index(match[1])) if match else (row, column + 1)
        elif event == "end" and kind == "c":
            if text := _text(element):
                yield (row, column), text
            element.clear()
        elif event == "end" and kind == "row":
            element.clear()


def _text(cell: Element) -> str:
    """The error value of a cell, or `NO_RESULT`; empty for any other. A saved empty text is a result."""
    parts = {_local(child): child for child in cell}
    value = (parts["v"].text or "").strip() if "v" in parts else ""
    if cell.get("t") == "e":
        return value or "#ERR"
    saved = value or (cell.get("t") == "str" and "v" in parts)
    return NO_RESULT if "f" in parts and not saved else ""


def _local(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _index(letters: str) -> int:
    number = 0
    for letter in letters.upper():
        number = number * 26 + ord(letter) - 64
    return number - 1
