"""Workbooks as others open them: cells by calamine, settings of sheets from the XML itself."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import python_calamine

if TYPE_CHECKING:
    from pathlib import Path

NAMESPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def sheets(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Every sheet's rows, by the sheet's title and the headings."""
    book = python_calamine.load_workbook(str(path))
    found = {}
    for title in book.sheet_names:
        heading, *rows = book.get_sheet_by_name(title).to_python()
        found[title] = [dict(zip(map(str, heading), row, strict=True)) for row in rows]
    return found


def xml(path: Path, name: str) -> ET.Element:
    with zipfile.ZipFile(path) as archive:
        return ET.fromstring(archive.read(name))  # noqa: S314 -- our own file


def cells(path: Path, sheet: int = 1) -> dict[str, ET.Element]:
    """Cells of a sheet by their reference, `B2`, as XML."""
    return {
        cell.attrib["r"]: cell for cell in xml(path, f"xl/worksheets/sheet{sheet}.xml").iter(f"{NAMESPACE}c")
    }


def changed(path: Path, entry: str, old: str, new: str) -> None:
    """Change a text of one entry of a workbook, as a spreadsheet that saves it does."""
    with zipfile.ZipFile(path) as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    assert old in content[entry].decode()
    content[entry] = content[entry].decode().replace(old, new).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, text in content.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), text)
