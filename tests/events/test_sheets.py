"""Sheets of workbooks are read as event files, as the same table in CSV is; what clerks do to them costs no event silently."""

from __future__ import annotations

import csv
import io
import tempfile
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import poolpipe
from events.scans import codes, column, counts, read, tubes
from events.workbooks import changed, ods, workbook, xlsb
from poolpipe.events.spreadsheet_gaps import hidden_texts
from poolpipe.events.spreadsheets import OLE

HEADER = ["序号", "姓名", "证件类型", "身份证号", "采样管条码", "采样时间", "采样点"]
MAIN = "xl/worksheets/sheet1.xml"
AT = datetime(2022, 4, 4, 8)  # noqa: DTZ001 -- a local time, as cells have


def row(number: int, **cells: Any) -> list[Any]:
    """One registration."""
    values = {
        "序号": float(number), "姓名": "某甲", "证件类型": "护照", "身份证号": f"E{number:04}", "采样管条码": f"T{number:03}",
        "采样时间": AT + timedelta(minutes=number), "采样点": "实验小学",
    }  # fmt: skip
    return list((values | cells).values())


def _read(folder: Path, content: bytes, name: str = "采样登记.xlsx") -> Any:
    (folder / name).write_bytes(content)
    return read(folder / name)


WORD = st.text(st.sampled_from("A1９ \t，\"',;天\u3000x-"), max_size=6)
CELL = st.one_of(WORD, st.integers(0, 10**14).map(float), st.just("2022/4/4 8:05"), st.just(None))


@settings(max_examples=40)
@given(st.lists(st.lists(CELL, min_size=7, max_size=7), max_size=6))
def test_event_by_excel__is_the_same_event_by_csv(rows: list[list[Any]]) -> None:
    rows = [each for each in rows if any(str(cell or "").strip() for cell in each)]
    rows = [HEADER, *rows, row(1)]
    text = io.StringIO()
    as_text = [
        ["" if cell is None else str(int(cell)) if isinstance(cell, float) else str(cell) for cell in each]
        for each in rows
    ]
    csv.writer(text, lineterminator="\n").writerows(as_text)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "采样.csv"
        path.write_text(text.getvalue(), encoding="utf-8")
        by_csv, by_sheet = read(path), _read(Path(folder), workbook({"表": rows}))
    assert counts(by_sheet) == counts(by_csv)
    compared = ["line", "kind", "code", "detail", "raw"]
    assert by_sheet.rejects.select(compared).equals(by_csv.rejects.select(compared))
    for name in ("tube", "person", "person_type", "site", "at"):
        assert column(by_sheet, name) == column(by_csv, name)


def test_time_of_a_date_cell__is_local_and_a_bare_date_is_its_midnight(tmp_path: Path) -> None:
    cells = [datetime(2022, 4, 4, 8, 5, 30), datetime(2022, 4, 4)]  # noqa: DTZ001
    events = _read(tmp_path, workbook({"表": [HEADER, *(row(n, 采样时间=at) for n, at in enumerate(cells))]}))
    assert [f"{at:%m-%d %H:%M:%S}" for at in column(events, "at")] == ["04-03 16:00:00", "04-04 00:05:30"]


def test_dates_counted_from_1904__are_the_same_moments(tmp_path: Path) -> None:
    """Excel for Macintosh counts days from 1904-01-01, 1,462 days later."""
    content = workbook({"表": [HEADER, row(0)]})
    apple = changed(content, "xl/workbook.xml", "<sheets>", '<workbookPr date1904="1"/><sheets>')
    (number,) = [text.split("</v>")[0] for text in _member(content).split('s="1"><v>')[1:]]
    shifted = changed(apple, MAIN, number, repr(float(number) - 1462))
    assert column(_read(tmp_path, shifted), "at") == column(_read(tmp_path, content), "at")


def _member(content: bytes) -> str:
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return archive.read(MAIN).decode()


@pytest.mark.parametrize(
    ("number", "codes_told"),
    [
        (22040400001.0, []),
        (123456789012345.0, []),
        (1234567890123456.0, [(2, "bad_code")]),
        (2.0**53, [(2, "bad_code")]),
    ],
)
def test_number__that_may_have_lost_digits_is_no_code(tmp_path: Path, number: float, codes_told: Any) -> None:
    assert codes(_read(tmp_path, workbook({"表": [HEADER, row(1, 采样管条码=number)]}))) == codes_told


def test_merged_column__has_its_text_in_every_row(tmp_path: Path) -> None:
    """Clerks merge the tube's cell over the ten people in it."""
    rows = [
        HEADER,
        row(1, 采样管条码="T1"),
        row(2, 采样管条码=None),
        row(3, 采样管条码=None),
        row(4, 采样管条码="T2"),
    ]
    merges = '</sheetData><mergeCells count="1"><mergeCell ref="E2:E4"/></mergeCells>'
    content = changed(workbook({"表": rows}), MAIN, "</sheetData>", merges)
    assert tubes(_read(tmp_path, content)) == ["T1", "T1", "T1", "T2"]


def test_what_clerks_leave_in_a_table__is_passed_over_or_rejected_by_row(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["某县全员核酸采样登记表 2022年4月4日"],
        ["采样点：实验小学", None, "日期：2022-04-04", None, "填表人：某乙"],
        HEADER,
        row(1),
        [],
        [" ", "\u3000"],
        row(2),
        HEADER,
        row(3),
        ["合计", None, None, None, 3.0],
        ["备注：以上人员均已核对"],
    ]
    events = _read(tmp_path, workbook({"表": rows}))
    assert tubes(events) == ["T001", "T002", "T003"]
    assert codes(events) == [(8, "not_parseable"), (10, "missing_value"), (11, "missing_value")]


def test_full_width_digits_and_formulas__are_read(tmp_path: Path) -> None:
    content = workbook({"表": [HEADER, row(1, 采样管条码="Ｔ００１"), row(2, 采样管条码="formula")]})
    given = changed(
        content,
        MAIN,
        '<c r="E3" t="inlineStr"><is><t xml:space="preserve">formula</t></is></c>',
        '<c r="E3"><f>A3&amp;"x"</f></c>',
    )
    events = _read(tmp_path, given)
    assert (tubes(events), codes(events)) == (["T001"], [(3, "bad_code")])
    assert "#FORMULA!" in events.rejects["raw"][0]


def test_sheets__of_several_kinds_are_files_of_their_own_and_others_are_named(tmp_path: Path) -> None:
    boxes: list[list[Any]] = [["采样管条码", "转运箱码", "装箱时间"], ["T001", "B1", AT + timedelta(hours=1)]]
    content = workbook(
        {
            "登记": [HEADER, row(1)],
            "装箱": boxes,
            "统计": [["采样点", "采样管数"], ["实验小学", 1.0]],
            "空": [[]],
        }
    )
    events = _read(tmp_path, content, "汇总.xlsx")
    assert {each["file"]: each["accepted"] for each in events.files} == {
        "汇总.xlsx#登记": 1,
        "汇总.xlsx#装箱": 1,
    }
    assert list(events.skipped) == ["汇总.xlsx#空", "汇总.xlsx#统计"]
    assert sorted(kind for kind, frame in events.frames.items() if frame.height) == ["collect", "pack"]


@pytest.mark.parametrize("mark", ['state="hidden"', 'state="veryHidden"'])
def test_hidden_sheet__is_read_like_any_other(tmp_path: Path, mark: str) -> None:
    content = changed(
        workbook({"表": [HEADER, row(1)]}), "xl/workbook.xml", 'sheetId="1"', f'sheetId="1" {mark}'
    )
    assert tubes(_read(tmp_path, content)) == ["T001"]


def test_workbook_in_a_folder__is_found_by_its_content_whatever_it_is_called(tmp_path: Path) -> None:
    text = ",".join(HEADER) + "\n1,某甲,护照,E1,T9,2022/4/4 8:05,实验小学\n"
    (tmp_path / "a.xls").write_bytes(workbook({"表": [HEADER, row(1)]}))  # an xlsx called xls
    (tmp_path / "b.xls").write_bytes(text.encode("gb18030"))  # a CSV called xls, as WPS saves it
    (tmp_path / "c.xls").write_bytes(text.replace(",", "\t").replace("T9", "T8").encode("utf-16"))
    (tmp_path / "d.xls").write_bytes(b"<html><table><tr><td>" + text.encode() + b"</td></tr></table></html>")
    events = read(tmp_path)
    assert sorted(tubes(events)) == ["T001", "T8", "T9"]
    assert "d.xls" in {*events.skipped, *events.rejects["file"].to_list()}


def test_workbook_that_cannot_be_opened__is_rejected_by_name(tmp_path: Path) -> None:
    content = workbook({"表": [HEADER, row(1)]})
    events = _read(tmp_path, content[: len(content) // 2])
    assert codes(events) == [(None, "not_parseable")]
    assert "damaged" in events.rejects["detail"][0]


def test_two_columns_called_alike__are_told_to_be_renamed_since_no_mapping_tells_them_apart(
    tmp_path: Path,
) -> None:
    header = [*HEADER, "采样管条码"]
    (tmp_path / "采样.xlsx").write_bytes(workbook({"表": [header, [*row(1), "S1"]]}))
    (asked,) = poolpipe.run(tmp_path / "采样.xlsx").summary["asked"]
    assert asked["code"] == "columns_for_one"
    assert "different headers" in asked["answer"]
    assert "改用不同的表头" in asked["answer"]
    assert "mapping" not in asked["answer"]


def test_two_columns_for_one_thing__are_asked_and_a_mapping_answers(tmp_path: Path) -> None:
    header = [*HEADER, "样本编号"]
    (tmp_path / "采样.xlsx").write_bytes(workbook({"表": [header, [*row(1), "S1"]]}))
    day = poolpipe.run(tmp_path / "采样.xlsx")
    (asked,) = day.summary["asked"]
    assert (asked["file"], asked["code"]) == ("采样.xlsx#表", "columns_for_one")
    assert "采样管条码, 样本编号" in asked["question"]
    assert day.rejects["code"].to_list() == ["not_parseable"]
    (tmp_path / "columns.toml").write_text('[columns]\n"样本编号" = ""\n', encoding="utf-8")
    answered = poolpipe.run(tmp_path / "采样.xlsx", mapping=tmp_path / "columns.toml")
    assert (answered.pools["tube"].to_list(), answered.summary["asked"]) == (["T001"], [])


def test_header_of_two_rows__is_joined(tmp_path: Path) -> None:
    upper: list[Any] = ["序号", "姓名", "证件", None, "采样", None, None]
    lower: list[Any] = [None, None, "类型", "号码", "管条码", "时间", "点"]
    events = _read(tmp_path, workbook({"表": [["登记表"], upper, lower, row(1)]}), "表.xlsx")
    assert (tubes(events), column(events, "site"), codes(events)) == (["T001"], ["实验小学"], [])


def test_group_names_above_the_header__are_passed_over(tmp_path: Path) -> None:
    above: list[Any] = ["人员信息", None, None, None, "采样信息", None, None]
    assert tubes(_read(tmp_path, workbook({"表": [above, HEADER, row(1)]}))) == ["T001"]


def test_name_in_chinese__tells_the_kind_of_english_headers_too(tmp_path: Path) -> None:
    rows: list[list[Any]] = [["at", "tube", "person", "person_type"], [AT, "T1", "E1", "护照"]]
    assert tubes(_read(tmp_path, workbook({"表": rows}))) == ["T1"]
    assert codes(_read(tmp_path, workbook({"表": rows}), "表.xlsx")) == [(2, "unknown_kind")]


def test_table_that_fits_two_kinds__is_asked_unless_a_name_tells(tmp_path: Path) -> None:
    rows: list[list[Any]] = [
        ["身份证号", "采样管条码", "采样时间", "检测结果", "报告时间"],
        ["E1", "T1", AT, "阴性", AT + timedelta(hours=9)],
    ]
    (tmp_path / "a.xlsx").write_bytes(workbook({"表": rows}))
    day = poolpipe.run(tmp_path / "a.xlsx")
    assert [each["code"] for each in day.summary["asked"]] == ["kinds_alike"]
    assert day.rejects["code"].to_list() == ["not_parseable"]
    named = {title: workbook({title: rows}) for title in ("采样登记", "检测结果")}
    (tmp_path / "a.xlsx").unlink()
    for title, content in named.items():
        (tmp_path / f"{title}.xlsx").write_bytes(content)
    both = poolpipe.run(tmp_path)
    assert both.pools.select("tube", "people", "call").rows() == [("T1", 1, "negative")]
    assert both.summary["asked"] == []


def test_workbook_with_a_password__says_so(tmp_path: Path) -> None:
    """Excel packs an encrypted xlsx into the container of an xls, beside a stream called EncryptedPackage."""
    locked = OLE + bytes(504) + "EncryptedPackage".encode("utf-16-le") + bytes(2000)
    events = _read(tmp_path, locked)
    assert codes(events) == [(None, "not_parseable")]
    assert "protected by a password 工作簿有密码保护" in events.rejects["detail"][0]


def test_spreadsheet_in_xml__is_left_out_with_the_way_out(tmp_path: Path) -> None:
    (tmp_path / "采样.xls").write_text(
        '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
        '<Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>',
        encoding="utf-8",
    )
    (tmp_path / "采样.xlsx").write_bytes(workbook({"表": [HEADER, row(1)]}))
    assert "另存为 .xlsx" in read(tmp_path).skipped["采样.xls"]


def test_plate_that_is_drawn__is_asked_for_what_no_file_says(tmp_path: Path) -> None:
    drawn: list[list[Any]] = [
        [None, *map(str, range(1, 13))],
        *([letter, *(f"T{letter}{n:02}" for n in range(1, 13))] for letter in "ABCDEFGH"),
    ]
    (tmp_path / "板图.xlsx").write_bytes(workbook({"板": drawn}))
    (asked,) = poolpipe.run(tmp_path / "板图.xlsx").summary["asked"]
    assert (asked["file"], asked["code"]) == ("板图.xlsx", "facts_untold")
    assert "plate, at, lab" in asked["question"]
    assert "--plate BARCODE --at TIME --lab LAB" in asked["answer"]


@pytest.mark.parametrize("form", ["frame", "parquet", "arrow"])
def test_headers_in_chinese__are_known_in_frames_and_binary_files(tmp_path: Path, form: str) -> None:
    frame = pl.DataFrame(
        {
            "序号": [1],
            "身份证号": ["E1"],
            "采样管条码": ["T1"],
            "采样时间": [AT],
            "采样点": ["一小"],
            "采样台": ["2"],
        }
    )
    if form == "parquet":
        frame.write_parquet(tmp_path / "a.parquet")
    if form == "arrow":
        frame.write_ipc(tmp_path / "a.arrow")
    events = read(frame if form == "frame" else tmp_path)
    assert (tubes(events), column(events, "site"), column(events, "point")) == (["T1"], ["一小"], ["2"])
    (told,) = events.told.values()
    assert (told.kind, dict(events.left_out)[events.files[0]["file"]]) == ("collect", ["序号"])


def test_open_document__is_read_like_excel(tmp_path: Path) -> None:
    rows = [
        ["身份证号", "采样管条码", "采样时间"],
        ["E1", "T1", "2022/4/4 8:05"],
        ["E2", "T2", "2022/4/4 8:06"],
    ]
    assert tubes(_read(tmp_path, ods(rows), "采样.ods")) == ["T1", "T2"]


@pytest.mark.parametrize("suffix", [".xls", ".et"])
def test_workbook_of_excel_97_and_of_wps__is_read_like_excel(tmp_path: Path, suffix: str) -> None:
    """Written by xlwt 1.3: a title over merged cells, a tube merged over two people, date cells, a number that lost digits."""
    events = _read(
        tmp_path, (Path(__file__).parent / "files/registrations.xls").read_bytes(), f"采样登记{suffix}"
    )
    assert tubes(events) == ["00000000001", "00000000001", "22040400002"]
    assert codes(events) == [(5, "bad_code")]
    assert column(events, "name") == ["某甲", "某乙", "某丁"]
    times = pl.Series(column(events, "at"), dtype=pl.Datetime("us", "UTC"))
    assert times.dt.convert_time_zone("Asia/Shanghai").dt.minute().to_list() == [5, 6, 8]
    assert list(events.skipped) == [f"采样登记{suffix}#说明"]


def test_binary_workbook__is_read_like_excel(tmp_path: Path) -> None:
    rows = [HEADER, row(1), row(2), row(3, 采样管条码=22040400002.0), row(4, 身份证号=990100198001010028.0)]
    binary, usual = _read(tmp_path, xlsb(rows), "采样.xlsb"), _read(tmp_path, workbook({"表": rows}))
    assert tubes(binary) == tubes(usual) == ["T001", "T002", "22040400002"]
    assert column(binary, "at") == column(usual, "at")
    assert codes(binary) == codes(usual) == [(5, "bad_code")]


ERROR_CELLS = (
    (
        '<table:table-cell table:formula="of:=NA()" office:value-type="string" office:string-value="" '
        'calcext:value-type="error"><text:p>#N/A</text:p></table:table-cell>'
    ),
    '<table:table-cell table:formula="of:=1/" office:value-type="float" office:value="0"><text:p>Err:502</text:p></table:table-cell>',
    '<table:table-cell table:formula="of:=A1+1"/>',
)
"""As LibreOffice writes them; calamine returns a blank, 0 and a blank."""


def test_error_value__is_no_undetermined_ct_in_any_kind_of_workbook(tmp_path: Path) -> None:
    """A blank Ct is undetermined and may make a tube negative; `#N/A` is no result."""
    header = ["检测时间", "板号", "孔位", "靶标", "Ct值"]
    lines = [["2022-04-04 14:00", "P1", "A1", target] for target in ("ORF1ab", "N", "IC", "RP")]
    wrong = [[*line, "#N/A"] for line in lines[:3]]
    for name, content in {
        "扩增.xlsb": xlsb([["扩增结果"], header, [*lines[0], "31"], *wrong]),
        "扩增.ods": ods([["扩增结果"], header, [*lines[0], "31"]]
                       + [[*line, cell] for line, cell in zip(lines[1:], ERROR_CELLS, strict=True)]),
    }.items():  # fmt: skip
        assert codes(_read(tmp_path, content, name)) == [(line, "bad_number") for line in (4, 5, 6)], name


def test_error_value__in_repeated_cells_and_rows_is_found_in_each() -> None:
    """LibreOffice writes equal cells and rows once, with how often they are repeated."""
    cell = ERROR_CELLS[0].replace("<table:table-cell", '<table:table-cell table:number-columns-repeated="2"')
    row = f'<table:table-row table:number-rows-repeated="2"><table:table-cell/>{cell}</table:table-row>'
    rest = '<table:table-row table:number-rows-repeated="1048575">'
    content = changed(ods([["a"]]), "content.xml", rest, row + rest)
    assert hidden_texts(content, "表") == dict.fromkeys([(1, 1), (1, 2), (2, 1), (2, 2)], "#N/A")
    assert set(hidden_texts(content, "表", 2)) == {(1, 1), (1, 2)}
    assert not hidden_texts(content, "other")
