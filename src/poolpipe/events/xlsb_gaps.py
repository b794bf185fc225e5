"""Error values of a binary workbook (MS-XLSB 2.1.4, 2.4), which calamine returns as blanks."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Final

from poolpipe.events.workbook_parts import part_of

if TYPE_CHECKING:
    import zipfile
    from collections.abc import Iterator

__all__ = ["BINARY_BOOK", "binary_gaps"]

BINARY_BOOK: Final = "xl/workbook.bin"
_ROW, _CELL_ERROR, _FORMULA_ERROR, _SHEET = 0, 3, 11, 156
"""BrtRowHdr, BrtCellError, BrtFmlaError, BrtBundleSh."""

_TEXTS: Final = {
    0x00: "#NULL!", 0x07: "#DIV/0!", 0x0F: "#VALUE!", 0x17: "#REF!", 0x1D: "#NAME?", 0x24: "#NUM!", 0x2A: "#N/A",
}  # fmt: skip
"""BErr, MS-XLSB 2.5.97.2."""


def binary_gaps(
    archive: zipfile.ZipFile, title: str, most: int | None
) -> Iterator[tuple[tuple[int, int], str]]:
    """Yield row, column (from 0) and text of each error value of one sheet.

    Parameters
    ----------
    archive : ZipFile
        An xlsb.
    title : str
    most : int, optional
        Only the first so many rows.
    """
    member = _member(archive, title)
    row = -1
    for kind, content in _records(archive.read(member) if member else b""):
        if kind == _ROW:
            (row,) = struct.unpack_from("<I", content)
            if most is not None and row >= most:
                return
        elif kind in (_CELL_ERROR, _FORMULA_ERROR):
            (column,) = struct.unpack_from("<I", content)
            yield (row, column), _TEXTS.get(content[8], "#ERR")


def _member(archive: zipfile.ZipFile, title: str) -> str | None:
    """Path of a sheet inside the workbook; None where the workbook does not list it."""
    key = next((key for key, name in _sheets(archive.read(BINARY_BOOK)) if name == title), "")
    return part_of(archive, "xl/_rels/workbook.bin.rels", key) if key else None


def _sheets(book: bytes) -> Iterator[tuple[str, str]]:
    """Key and title of each sheet."""
    for kind, content in _records(book):
        if kind == _SHEET:
            key, place = _text(content, 8)
            yield key, _text(content, place)[0]


def _text(content: bytes, place: int) -> tuple[str, int]:
    """A counted UTF-16 text, and the place behind it."""
    (length,) = struct.unpack_from("<I", content, place)
    end = place + 4 + 2 * length
    return content[place + 4 : end].decode("utf-16-le"), end


def _records(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Number and content of each record; both are counted in bytes of seven bits, the lowest first."""
    place = 0
    while place < len(content):
        kind, length = content[place], 0
        place += 1
        if kind & 128:
            kind = kind & 127 | content[place] << 7
            place += 1
        for shift in (0, 7, 14, 21):
            byte = content[place]
            place += 1
            length |= (byte & 127) << shift
            if not byte & 128:
                break
        yield kind, content[place : place + length]
        place += length
