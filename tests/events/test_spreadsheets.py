"""Workbooks, sound and hostile: a hostile one is an error and never the end of the run."""

from __future__ import annotations

import io
import os
import random
import struct
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest

from poolpipe.events.spreadsheets import SpreadsheetError, sheet_merges, sheet_rows, sheet_titles

CASES = Path(__file__).parents[1] / "cases"
SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
TABLE: list[list[object]] = [["tube", "ct"], ["T0001", 31.5], ["007", 40.0], ["县医院", None], [True, 1e17]]
TEXTS = [["tube", "ct"], ["T0001", "31.5"], ["007", "40"], ["县医院", ""], ["true", "1.00000000000000E+17"]]


def workbook(**sheets: list[list[object]]) -> bytes:
    """Write an xlsx by hand: inline texts, numbers and truths."""
    space = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
    relations = 'xmlns="http://schemas.openxmlformats.org/package/2006/relationships"'
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    names = list(enumerate(sheets, 1))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        listed = "".join(f'<sheet name="{name}" sheetId="{n}" r:id="r{n}"/>' for n, name in names)
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships {relations}><Relationship Id="r1" Type="{kind}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook {space} xmlns:r="{kind}"><sheets>{listed}</sheets></workbook>'
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{kind}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in names
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels", f"<Relationships {relations}>{targets}</Relationships>"
        )
        for n, name in names:
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml",
                f"<worksheet {space}><sheetData>{_rows(sheets[name])}</sheetData></worksheet>",
            )
    return content.getvalue()


def _rows(rows: list[list[object]]) -> str:
    return "".join(
        f'<row r="{number}">{"".join(_cell(cell, f"{chr(65 + place)}{number}") for place, cell in enumerate(row))}</row>'
        for number, row in enumerate(rows, 1)
    )


def _cell(value: object, place: str) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return f'<c r="{place}" t="b"><v>{int(value)}</v></c>'
    if isinstance(value, float):
        return f'<c r="{place}"><v>{value!r}</v></c>'
    return f'<c r="{place}" t="inlineStr"><is><t>{value}</t></is></c>'


def test_sheets__are_told_in_order_and_read_as_texts() -> None:
    content = workbook(Results=TABLE, 第二=TABLE[:1])
    assert sheet_titles(content) == ["Results", "第二"]
    assert [texts for texts, _ in sheet_rows(content, "Results")] == TEXTS
    assert [sorted(numeric) for _, numeric in sheet_rows(content, "Results")] == [[], [1], [1], [], [1]]
    assert [texts for texts, _ in sheet_rows(content, "Results", 2)] == TEXTS[:2]
    assert [texts for texts, _ in sheet_rows(content, "第二")] == TEXTS[:1]


def test_sheet__whose_last_corner_holds_a_cell_is_an_error_and_the_next_workbook_is_read() -> None:
    hostile = (CASES / "torture" / "xlsx-abort1" / "a.xlsx").read_bytes()
    (title,) = sheet_titles(hostile)
    with pytest.raises(SpreadsheetError, match=r"was ended by SIGABRT|more memory"):
        sheet_rows(hostile, title)
    assert [texts for texts, _ in sheet_rows(workbook(A=TABLE), "A")] == TEXTS


def test_sheet__that_is_not_there_is_an_error() -> None:
    with pytest.raises(SpreadsheetError, match="sheet B"):
        sheet_rows(workbook(A=TABLE), "B")


def test_damage__anywhere_in_a_workbook_is_an_error_or_cells() -> None:
    sound = workbook(A=TABLE)
    rng = random.Random(10)
    for _ in range(150):
        place = rng.randrange(len(sound))
        damaged = sound[:place] + rng.randbytes(rng.randrange(4)) + sound[place + rng.randrange(4) :]
        with suppress(SpreadsheetError):
            for title in sheet_titles(damaged):
                for texts, _numeric in sheet_rows(damaged, title):
                    assert all(isinstance(text, str) for text in texts)


@pytest.mark.parametrize(
    "content", [b"", b"PK", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600, b"text"], ids=repr
)
def test_content__that_is_no_workbook_is_an_error(content: bytes) -> None:
    with pytest.raises(SpreadsheetError, match="damaged"):
        sheet_titles(content)


def with_merges(content: bytes, *ranges: tuple[int, int, int, int]) -> bytes:
    """An xls with a record of merged cells (MS-XLS 2.4.168) in the free space at the end of its stream."""
    from xlrd.compdoc import CompDoc

    with open(os.devnull, "w", encoding="utf-8") as silence:  # noqa: PTH123 -- a device, no path
        memory, base, size = CompDoc(content, logfile=silence).locate_named_stream("Workbook")
    assert memory is not None
    stream, at, last = bytes(memory[base : base + size]), 0, 0
    while at + 4 <= len(stream):
        kind, length = struct.unpack_from("<HH", stream, at)
        last = at if kind == 0x0A else last  # the end of the sheet
        at += 4 + length
    cells = b"".join(struct.pack("<4H", *each) for each in ranges)
    record = struct.pack("<HHH", 0xE5, 2 + len(cells), len(ranges)) + cells
    assert not any(stream[-len(record) :])
    return content[:base] + (stream[:last] + record + stream[last:])[:size] + content[base + size :]


def test_merged_cells_of_one_column__are_told_of_an_xls() -> None:
    content = (SAMPLES / "stepone.xls").read_bytes()
    assert sheet_merges(content, "Results") == []
    merged = with_merges(content, (8, 10, 1, 1), (3, 3, 0, 5), (20, 22, 0, 3))
    assert sheet_merges(merged, "Results") == [(1, 8, 10)]
    assert sheet_rows(merged, "Results") == sheet_rows(content, "Results")


def test_merged_cells_of_one_column__are_told_of_an_xlsx() -> None:
    plain, content = workbook(A=TABLE), io.BytesIO()
    cells = "".join(f'<mergeCell ref="{each}"/>' for each in ("B2:B4", "A1:B1", "A2:B3"))
    with zipfile.ZipFile(io.BytesIO(plain)) as old, zipfile.ZipFile(content, "w") as new:
        for name in old.namelist():
            text = old.read(name).decode()
            new.writestr(name, text.replace("</sheetData>", f"</sheetData><mergeCells>{cells}</mergeCells>"))
    assert sheet_merges(plain, "A") == []
    assert sheet_merges(content.getvalue(), "A") == [(1, 1, 3)]
    with pytest.raises(SpreadsheetError, match="damaged"):
        sheet_merges(b"PK nothing", "A")
