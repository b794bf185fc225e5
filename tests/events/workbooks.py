"""Workbooks by hand: inline texts, numbers, truths and date cells, merged columns, hidden sheets."""

from __future__ import annotations

import importlib.util
import io
import zipfile
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
    """An OpenDocument spreadsheet with one sheet 表, whose empty rows reach to the last one as LibreOffice writes them."""
    space = "urn:oasis:names:tc:opendocument:xmlns"
    names = " ".join(f'xmlns:{each}="{space}:{each}:1.0"' for each in ("office", "table", "text", "manifest"))
    lines = "".join(
        "<table:table-row>"
        + "".join(
            f'<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>'
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
