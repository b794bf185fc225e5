"""Cells that hold no value of their own: error values of spreadsheets, formulas without result, damaged codes, placeholders."""

from __future__ import annotations

import io
import zipfile
from typing import TYPE_CHECKING

import pytest

from instruments.told_files import told
from poolpipe.events.spreadsheets import sheet_rows
from poolpipe.instruments import read
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

SPACE = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
KIND = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
NOT_AVAILABLE = '<c t="e"><v>#N/A</v></c>'
DIVISION = '<c t="e"><v>#DIV/0!</v></c>'
FORMULA = "<c><f>VLOOKUP(A1,B:B,1)</f></c>"
EMPTY_TEXT = '<c t="str"><f>IF(1,"")</f><v></v></c>'


def cell(value: object) -> str:
    if isinstance(value, int | float):
        return f"<c><v>{value}</v></c>"
    text = str(value)
    return text if text.startswith("<c") else f'<c t="inlineStr"><is><t>{text}</t></is></c>'


def workbook(sheets: Mapping[str, Sequence[Sequence[object]]], *, hidden: tuple[str, ...] = ()) -> bytes:
    """Write an xlsx by hand; a value that begins with `<c` is the XML of its cell."""
    package = "http://schemas.openxmlformats.org/package/2006"
    names = list(enumerate(sheets, 1))
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("[Content_Types].xml", f'<Types xmlns="{package}/content-types"/>')
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" Type="{KIND}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        states = {name: "hidden" if name in hidden else "visible" for _, name in names}
        listed = "".join(
            f'<sheet name="{name}" sheetId="{n}" state="{states[name]}" r:id="r{n}"/>' for n, name in names
        )
        archive.writestr(
            "xl/workbook.xml", f'<workbook {SPACE} xmlns:r="{KIND}"><sheets>{listed}</sheets></workbook>'
        )
        targets = "".join(
            f'<Relationship Id="r{n}" Type="{KIND}/worksheet" Target="worksheets/sheet{n}.xml"/>'
            for n, _ in names
        )
        archive.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships">{targets}</Relationships>',
        )
        for n, name in names:
            rows = "".join(f"<row>{''.join(map(cell, row))}</row>" for row in sheets[name])
            archive.writestr(
                f"xl/worksheets/sheet{n}.xml", f"<worksheet {SPACE}><sheetData>{rows}</sheetData></worksheet>"
            )
    return content.getvalue()


def readings(cts: list[object]) -> bytes:
    rows = [
        [f"P{1 + i // 96}", f"{'ABCDEFGH'[i // 12 % 8]}{i % 12 + 1}", "ORF1ab", f"T{i:04d}", ct]
        for i, ct in enumerate(cts)
    ]
    return workbook({"S": [["Plate", "Well", "Target", "Sample", "Ct"], *rows]})


def test_error_values__stay_visible_in_the_rows_of_a_sheet() -> None:
    content = workbook({"S": [["tube", "ct"], ["T1", NOT_AVAILABLE], ["T2", FORMULA], ["T3", EMPTY_TEXT]]})
    texts = [cells for cells, _ in sheet_rows(content, "S")]
    assert texts == [["tube", "ct"], ["T1", "#N/A"], ["T2", "#FORMULA!"], ["T3", ""]]
    assert [cells for cells, _ in sheet_rows(content, "S", 2)] == texts[:2]


@pytest.mark.parametrize(
    ("bad", "text"), [(NOT_AVAILABLE, "#N/A"), (DIVISION, "#DIV/0!"), (FORMULA, "#FORMULA!")]
)
def test_a_ct_that_is_an_error__is_left_out_and_named(bad: str, text: str) -> None:
    file = read(readings([30.1, 31.2, 32.3, "", 33.4, bad]))
    assert "A06" not in file.readings["well"].to_list()
    assert [(f.code, f.text, f.line) for f in file.not_understood] == [("bad_ct", text, 7)]


@pytest.mark.parametrize("bad", [NOT_AVAILABLE, FORMULA])
def test_a_status_or_tube_that_is_an_error__loads_nothing(bad: str) -> None:
    rows = [["Plate", "Well", "Tube", "Status"], *(["P1", f"A{i}", f"T{i:03d}", "OK"] for i in range(1, 7))]
    rows[2][2], rows[4][3] = bad, bad
    file = read(workbook({"S": rows}))
    assert file.loads["well"].to_list() == ["A01", "A03", "A05", "A06"]
    assert [f.code for f in file.not_understood] == ["unknown_status"]
    assert "sample_is_no_tube" in {q.code for q in file.questions}


def test_many_rows_of_a_sheet__are_compared_once() -> None:
    assert read(readings([30.1] * 3000)).readings.height == 3000


@pytest.mark.parametrize("last", ["Done;", "Aspirate", "Dispense;x"])
def test_a_long_worklist_with_a_line_that_is_no_record__is_refused(last: str) -> None:
    record = "A;Rack1;;Tube 24;1;T0001;200;;;\nD;PCR;P1;96 Well PCR;1;;200;;;\nW;\n"
    with pytest.raises(DamagedFileError, match=r"line 241.*is no record of a worklist"):
        read((record * 80 + last + "\n").encode())


DRAWN: Sequence[Sequence[object]] = [
    ["板号", "P1"],
    ["", *range(1, 13)],
    *[[row, *(f"T{row}{i:02d}" for i in range(12))] for row in "ABCDEFGH"],
]
LIST: Sequence[Sequence[object]] = [
    ["Plate", "Well", "Tube"],
    *[["P2", f"A{i}", f"T00{i}"] for i in range(1, 5)],
]


def test_a_drawn_plate_beside_a_list__is_refused() -> None:
    with pytest.raises(AmbiguousFileError, match="a drawn plate on the sheet 'a' and a list on 'b'"):
        read(workbook({"a": DRAWN, "b": LIST}))


@pytest.mark.parametrize("other", [DRAWN, LIST])
def test_a_map_beside_results__is_named(other: Sequence[Sequence[object]]) -> None:
    results: Sequence[Sequence[object]] = [
        ["Plate", "Well", "Target", "Sample", "Ct"],
        *(["P2", f"A{i}", "N", f"X00{i}", 30.1] for i in range(1, 5)),
    ]
    file = read(workbook({"map": other, "res": results}))
    assert file.readings.height == 4
    assert told(file.not_understood) == [("map_not_read", "warning", "map", 0, "", "map")]


def test_numbers_of_a_drawn_plate__are_asked_or_refused_as_damaged() -> None:
    head: Sequence[Sequence[object]] = DRAWN[:2]
    small = [[row, *(12300 + i for i in range(12))] for row in "ABCDEFGH"]
    assert "barcode_is_number" in {q.code for q in read(workbook({"S": [*head, *small]})).questions}
    large = [[row, *(220210000000123456 + i for i in range(12))] for row in "ABCDEFGH"]
    with pytest.raises(
        DamagedFileError, match="the map holds no tube: line 3: a spreadsheet turned the barcode"
    ):
        read(workbook({"S": [*head, *large]}))


def test_a_hidden_sheet_that_is_read__is_named() -> None:
    file = read(workbook({"old": LIST, "S": [["note"]]}, hidden=("old",)))
    assert file.loads.height == 4
    assert told(file.not_understood) == [("hidden_sheet", "warning", "old", 0, "", "old")]
    assert read(workbook({"old": LIST, "S": [["note"]]})).not_understood == ()
