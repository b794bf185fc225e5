"""Workbooks by hand: inline texts, numbers, truths and date cells, merged columns, hidden sheets."""

from __future__ import annotations

import importlib.util
import io
import struct
import zipfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

COUNTY = Path(__file__).parents[2] / "data" / "samples" / "county"


@cache
def county() -> Any:
    """The script that makes the samples of a county hospital."""
    spec = importlib.util.spec_from_file_location("county", COUNTY / "make.py")
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    return script


def workbook(sheets: Mapping[str, Sequence[Sequence[Any]]]) -> bytes:
    """An xlsx of these sheets."""
    content: bytes = county().workbook({title: [list(row) for row in rows] for title, rows in sheets.items()})
    return content


def changed(content: bytes, member: str, old: str, new: str) -> bytes:
    """The same workbook with a text inside one of its members replaced."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as given, zipfile.ZipFile(made, "w") as out:
        for name in given.namelist():
            text = given.read(name).decode()
            assert name != member or old in text
            out.writestr(name, text.replace(old, new) if name == member else text)
    return made.getvalue()


def ods(rows: Sequence[Sequence[str]]) -> bytes:
    """An OpenDocument spreadsheet with one sheet 表, whose empty rows reach to the last one as LibreOffice writes them.

    A cell that begins with `<` is XML.
    """
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{each}="{space}:{each}:1.0"' for each in ("office", "table", "text", "manifest"))
    names += ' xmlns:calcext="urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0"'
    lines = "".join(
        "<table:table-row>"
        + "".join(
            cell
            if cell.startswith("<")
            else f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
            for cell in row
        )
        + "</table:table-row>"
        for row in rows
    )
    rest = f'<table:table-row table:number-rows-repeated="{2**20 - len(rows)}"><table:table-cell/></table:table-row>'
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr("mimetype", kind)
        out.writestr(
            "content.xml",
            f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="表">{lines}{rest}'
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
        out.writestr(
            "META-INF/manifest.xml",
            f'<manifest:manifest {names}><manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
            "</manifest:manifest>",
        )
    return made.getvalue()


def xlsb(rows: Sequence[Sequence[str | float | datetime | None]]) -> bytes:
    """A binary workbook (MS-XLSB 2.4) with one sheet 表: texts, numbers, `#N/A`, and dates in the built-in format 22."""
    day = datetime(1899, 12, 30)  # noqa: DTZ001 -- day 0 of Excel
    extent = struct.pack("<4I", 0, len(rows) - 1, 0, max(map(len, rows)) - 1)
    body = [_record(129), _record(148, extent), _record(145)]
    for number, row in enumerate(rows):
        body.append(_record(0, struct.pack("<IIH3xI", number, 0, 300, 0)))
        for place, cell in enumerate(row):
            where = struct.pack("<II", place, isinstance(cell, datetime))
            if cell == "#N/A":
                body.append(_record(3, where + b"\x2a"))
            elif isinstance(cell, str):
                body.append(_record(6, where + _wide(cell)))
            elif cell is not None:
                value = (cell - day) / timedelta(days=1) if isinstance(cell, datetime) else cell
                body.append(_record(5, where + struct.pack("<d", value)))
    formats = [struct.pack("<HH12x", 0, code) for code in (0, 22)]
    styles = [_record(278), _record(617, struct.pack("<I", 2)), *(_record(47, each) for each in formats),
              _record(618), _record(279)]  # fmt: skip
    book = [_record(131), _record(143), _record(156, struct.pack("<II", 0, 1) + _wide("rId1") + _wide("表")),
            _record(144), _record(132)]  # fmt: skip
    kinds = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as out:
        out.writestr(
            "xl/_rels/workbook.bin.rels",
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="rId1" Type="{kinds}/worksheet" Target="worksheets/sheet1.bin"/></Relationships>',
        )
        out.writestr("xl/workbook.bin", b"".join(book))
        out.writestr("xl/styles.bin", b"".join(styles))
        out.writestr("xl/worksheets/sheet1.bin", b"".join([*body, _record(146), _record(130)]))
    return made.getvalue()


def _record(kind: int, content: bytes = b"") -> bytes:
    """A record of MS-XLSB: its number in one or two bytes, its length in up to four of seven bits."""
    number = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
    length = bytearray()
    rest = len(content)
    while True:
        length.append(rest & 127 | (128 if rest > 127 else 0))
        rest >>= 7
        if not rest:
            return number + bytes(length) + content


def _wide(text: str) -> bytes:
    return struct.pack("<I", len(text)) + text.encode("utf-16-le")
