"""Lists whose data are hostile, too many or too long, and places they may not be written to."""

from __future__ import annotations

import json
import os
import threading
import zipfile

import polars as pl
import pytest

import poolpipe
from exchange.campaigns import NEGATIVE, POSITIVE, plate, swab, swabs, write
from exchange.workbooks import NAMESPACE, changed, sheets, xml
from poolpipe.errors import InputError
from poolpipe.exchange import list_csv
from poolpipe.exchange.list_columns import LISTS
from poolpipe.exchange.list_export import export_lists
from poolpipe.exchange.workbook import ListSheet, Workbook, parts_of

FORMULAS = [
    '=HYPERLINK("http://x.invalid","张三")',
    "+1+1",
    "-2",
    "@SUM(A1)",
    "＝1+1",
    "http://x.invalid/",
    "{=1}",
]


@pytest.fixture
def result(tmp_path):
    events = [*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)})]
    return write(tmp_path / "result", *events)


def roster(tmp_path, *rows):
    names = ("person", "name", "phone", "community")
    frame = pl.DataFrame(
        [dict(zip(names, row, strict=True)) for row in rows], schema=dict.fromkeys(names, pl.String)
    )
    frame.write_csv(tmp_path / "roster.csv")
    return [tmp_path / "roster.csv"]


ONE, TWO = "990100199001010012", "990100199001010020"


@pytest.mark.parametrize("name", FORMULAS)
def test_name__that_a_spreadsheet_might_run_is_a_text(result, tmp_path, name):
    out, people = tmp_path / "l.xlsx", roster(tmp_path, (ONE, name, "1990", "C"))
    export_lists(result, out, people=people)
    assert name in [row["姓名"] for row in sheets(out)["复采名单"]]
    sheet = xml(out, "xl/worksheets/sheet1.xml")
    assert not list(sheet.iter(f"{NAMESPACE}f"))
    assert not list(sheet.iter(f"{NAMESPACE}hyperlink"))
    export_lists(result, tmp_path / "lists", "csv-list", people=people)
    told = pl.read_csv(tmp_path / "lists" / "复采名单.csv", infer_schema=False)["姓名"].to_list()
    assert (f"'{name}" if name[0] in "=+-@＝" else name) in told


def test_person__whose_number_looks_like_a_formula_stays_as_typed(tmp_path):
    events = [
        swab("T1", '=HYPERLINK("x")', person_type="PASSPORT"),
        *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}),
    ]
    export_lists(write(tmp_path / "r", *events), tmp_path / "l.xlsx")
    assert sheets(tmp_path / "l.xlsx")["复采名单"][0]["证件号码"] == '=HYPERLINK("x")'


def test_people_of_one_number__are_all_shown_and_none_is_chosen(result, tmp_path):
    people = roster(
        tmp_path, (ONE, "张三", "1990", "C"), (ONE, "李四", "1990", "D"), (ONE, "张三", None, "C")
    )
    counts = export_lists(result, tmp_path / "l.xlsx", people=people)
    row = next(row for row in sheets(tmp_path / "l.xlsx")["复采名单"] if row["证件号码"] == ONE)
    assert (row["姓名"], row["电话"], row["社区"]) == ("张三 / 李四", "1990", "C / D")
    assert (counts.doubtful, counts.without_phone, counts.unknown) == (1, 1, 1)


@pytest.mark.parametrize("number", ["99010019900101004x", "99010019900101004X", " 99010019900101004ｘ "])
def test_check_character__in_small_letters_is_the_same_person(tmp_path, number):
    events = [swab("T1", "99010019900101004X"), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)})]
    people = roster(tmp_path, (number, "甲", "1990", "C"))
    counts = export_lists(write(tmp_path / "r", *events), tmp_path / "l.xlsx", people=people)
    (row,) = sheets(tmp_path / "l.xlsx")["复采名单"]
    assert (row["证件号码"], row["姓名"], row["电话"]) == ("99010019900101004X", "甲", "1990")
    assert (counts.unknown, counts.without_phone) == (0, 0)


@pytest.mark.parametrize("phone", ["1.99E+10", "", "  ", None])
def test_telephone__that_is_none_or_has_lost_digits_is_missing(result, tmp_path, phone):
    counts = export_lists(result, tmp_path / "l.xlsx", people=roster(tmp_path, (ONE, "甲", phone, "C")))
    assert counts.without_phone == 2
    row = next(row for row in sheets(tmp_path / "l.xlsx")["复采名单"] if row["证件号码"] == ONE)
    assert row["电话"] == ""


def test_telephone__as_a_number_of_another_program_keeps_its_digits(result, tmp_path):
    pl.DataFrame({"person": [ONE, TWO], "phone": [13900000001.0, None]}).write_parquet(tmp_path / "p.parquet")
    export_lists(result, tmp_path / "l.xlsx", people=[tmp_path / "p.parquet"])
    assert "13900000001" in [row["电话"] for row in sheets(tmp_path / "l.xlsx")["复采名单"]]


def test_control_characters__are_shown_as_escapes_and_break_no_xml(result, tmp_path):
    people = [tmp_path / "p.ndjson"]
    people[0].write_text(
        json.dumps({"person": ONE, "name": "甲\x01\x0b\u202e乙 _x0041_ \ud7ff<&>"}), encoding="utf-8"
    )
    export_lists(result, tmp_path / "l.xlsx", people=people)
    export_lists(result, tmp_path / "lists", "csv-list", people=people)
    wanted = r"甲\x01 \u202e乙 _x0041_ " + "\ud7ff<&>"
    assert wanted in [row["姓名"] for row in sheets(tmp_path / "l.xlsx")["复采名单"]]
    assert wanted in pl.read_csv(tmp_path / "lists" / "复采名单.csv", infer_schema=False)["姓名"].to_list()


@pytest.mark.parametrize("letter", ["长", "𠮷"])
def test_cell__that_is_too_long_ends_in_a_note_and_is_counted(tmp_path, letter):
    raw = letter * 40_000
    events = [*swabs(), {"kind": "collect", "at": "noon", "tube": raw, "person": "1"}]
    result = write(tmp_path / "r", *events)
    counts = export_lists(result, tmp_path / "l.xlsx", show_ids=True)
    cell = sheets(tmp_path / "l.xlsx")["拒收记录"][0]["原始记录"]
    assert len(cell.encode("utf-16-le")) // 2 <= 32_767
    assert cell.startswith(pl.read_parquet(result / "rejects.parquet")["raw"][0][:100])
    assert cell.endswith("字〕")
    assert counts.shortened >= 1
    assert {row["项目"]: row["内容"] for row in sheets(tmp_path / "l.xlsx")["汇总"]}["截断的单元格"] == str(
        counts.shortened
    )


@pytest.mark.parametrize(("form", "out"), [("xlsx", "l.xlsx"), ("csv-list", "lists")])
def test_list__that_does_not_fit_is_split_and_says_so(tmp_path, form, out):
    events = [*swabs(), *({"kind": "seal", "at": "noon", "tube": f"T{n}", "swabs": 1} for n in range(11))]
    result = write(tmp_path / "r", *events)
    counts = export_lists(result, tmp_path / out, form, most_rows=6)
    titles = ["拒收记录（1／3）", "拒收记录（2／3）", "拒收记录（3／3）"]
    assert counts.sheets["rejects"] == list(zip(titles, [5, 5, 1], strict=True))
    if form == "xlsx":
        book = sheets(tmp_path / out)
        told = {title: [row["序号"] for row in book[title]] for title in titles}
        assert "已分为多张" in str(sheets(tmp_path / out)["汇总"])
    else:
        told = {path.stem: pl.read_csv(path)["序号"].to_list() for path in (tmp_path / out).glob("拒收*.csv")}
    assert [int(number) for title in titles for number in told[title]] == list(range(1, 12))


def test_parts__hold_every_row_and_none_is_too_long():
    for rows in (0, 1, 5, 6, 10, 11):
        parts = parts_of(LISTS["rejects"], rows, "en", most_rows=6)
        assert sum(part.rows for part in parts) == rows
        assert all(part.rows <= 5 for part in parts)
        assert all(len(part.title) <= 31 for part in parts)


def test_result__without_recalls_says_that_nobody_waits(tmp_path):
    result = write(tmp_path / "r", *swabs())
    counts = export_lists(result, tmp_path / "l.xlsx")
    assert counts.waiting == 0
    assert [row["序号"] for row in sheets(tmp_path / "l.xlsx")["复采名单"]] == ["无待复采人员"]


def test_result__without_any_event_has_its_lists(tmp_path):
    (tmp_path / "collect.csv").write_text("at,tube,person\nnoon,T1,1\n", encoding="utf-8")
    poolpipe.run(tmp_path / "collect.csv").write(tmp_path / "r")
    export_lists(tmp_path / "r", tmp_path / "l.xlsx")
    export_lists(tmp_path / "r", tmp_path / "lists", "csv-list")
    assert sheets(tmp_path / "l.xlsx")["汇总"][0]["内容"].startswith("- ")


def test_view__of_an_earlier_moment_counts_from_it(tmp_path):
    events = [
        *swabs(),
        *plate("P1", "12:00", {"A01": ("T1", POSITIVE)}),
        swab("X9", "990100199001010047", "20:30"),
    ]
    late = write(tmp_path / "late", *events)
    early = write(tmp_path / "early", *events, as_of="2022-02-10T15:30:00+08:00")
    told = {}
    for name, result in (("late", late), ("early", early)):
        export_lists(result, tmp_path / f"{name}.xlsx")
        told[name] = sheets(tmp_path / f"{name}.xlsx")["复采名单"][0]["剩余时间"]
    assert told == {"late": "超时 1 小时 30 分", "early": "剩余 3 小时 30 分"}


def test_workbook__is_replaced_by_the_next_unless_somebody_has_changed_it(result, tmp_path):
    out = tmp_path / "l.xlsx"
    export_lists(result, out)
    export_lists(result, out)
    changed(out, "docProps/core.xml", "Z</dcterms:modified>", "5Z</dcterms:modified>")
    typed_into = out.read_bytes()
    with pytest.raises(InputError, match="was changed after it was written"):
        export_lists(result, out)
    assert out.read_bytes() == typed_into


def test_workbook__that_another_program_has_written_anew_is_not_replaced(result, tmp_path):
    """LibreOffice 7.4 in a script keeps the time of the document, and dates the entries of the archive."""
    export_lists(result, tmp_path / "l.xlsx")
    with zipfile.ZipFile(tmp_path / "l.xlsx") as archive:
        content = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(tmp_path / "l.xlsx", "w") as archive:
        for name, text in content.items():
            archive.writestr(zipfile.ZipInfo(name, (2022, 4, 4, 8, 0, 0)), text)
    with pytest.raises(InputError, match="was changed after it was written"):
        export_lists(result, tmp_path / "l.xlsx")


@pytest.mark.parametrize("content", [b"", b"my own notes", b"PK\x05\x06" + bytes(18)])
def test_file__of_others_is_never_replaced(result, tmp_path, content):
    (tmp_path / "l.xlsx").write_bytes(content)
    with pytest.raises(InputError, match="no list that poolpipe has written"):
        export_lists(result, tmp_path / "l.xlsx")
    assert (tmp_path / "l.xlsx").read_bytes() == content


def test_folder__of_others_is_named_by_its_first_files_in_order(result, tmp_path):
    out = tmp_path / "theirs"
    out.mkdir()
    for name in "hcfbgade":
        (out / name).write_text("x")
    with pytest.raises(InputError, match=r"no export of poolpipe has written: a, b, c, d, e\b"):
        export_lists(result, out, "csv-list")


def test_folder__of_lists_is_replaced_unless_somebody_has_changed_it(result, tmp_path):
    out = tmp_path / "lists"
    out.mkdir()
    export_lists(result, out, "csv-list")
    export_lists(result, out, "csv-list")
    (out / "mine.txt").write_text("x")
    with pytest.raises(InputError, match="beside the exported ones"):
        export_lists(result, out, "csv-list")
    (out / "mine.txt").unlink()
    with (out / "复采名单.csv").open("a") as file:
        file.write("x")
    with pytest.raises(InputError, match="was changed after it was written"):
        export_lists(result, out, "csv-list")
    (out / list_csv.MANIFEST).write_text("{}")
    with pytest.raises(InputError, match="is damaged"):
        export_lists(result, out, "csv-list")
    (out / list_csv.MANIFEST).unlink()
    with pytest.raises(InputError, match="no export of poolpipe"):
        export_lists(result, out, "csv-list")


def test_out__of_the_wrong_kind_is_refused(result, tmp_path):
    (tmp_path / "d.xlsx").mkdir()
    (tmp_path / "file").write_text("x")
    with pytest.raises(InputError, match="is a folder, not a workbook"):
        export_lists(result, tmp_path / "d.xlsx")
    with pytest.raises(InputError, match=r"does not end in \.xlsx"):
        export_lists(result, tmp_path / "list.xls")
    with pytest.raises(InputError, match="is a file, not a folder"):
        export_lists(result, tmp_path / "file", "csv-list")
    with pytest.raises(InputError, match="cannot be written"):
        export_lists(result, tmp_path / "file" / "l.xlsx")


@pytest.mark.parametrize(("language", "form"), [("fr", "xlsx"), ("zh", "ods")])
def test_words__that_are_none_are_refused(result, tmp_path, language, form):
    with pytest.raises(InputError, match="unknown"):
        export_lists(result, tmp_path / "l.xlsx", form, language=language)


@pytest.mark.parametrize("damage", ["recalls.parquet", "summary.json"])
def test_result__that_is_torn_gives_no_list(result, tmp_path, damage):
    (result / damage).write_bytes(b"PAR1")
    with pytest.raises(InputError, match="poolpipe"):
        export_lists(result, tmp_path / "l.xlsx")
    assert not (tmp_path / "l.xlsx").exists()


def test_workbook__that_fails_leaves_the_one_before_and_nothing_beside_it(result, tmp_path, monkeypatch):
    out = tmp_path / "lists" / "l.xlsx"
    export_lists(result, out)
    before = out.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Workbook, "_close", full)
    with pytest.raises(InputError, match="No space left"):
        export_lists(result, out)
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["l.xlsx"]


def test_leftovers__of_a_killed_export_are_removed_by_the_next(result, tmp_path):
    left = tmp_path / "lists" / ".l.xlsx.writing-abc"
    left.mkdir(parents=True)
    (left / "rows").write_text("张三")
    export_lists(result, tmp_path / "lists" / "l.xlsx")
    assert [path.name for path in (tmp_path / "lists").iterdir()] == ["l.xlsx"]


def test_export__while_another_writes_is_refused(result, tmp_path, monkeypatch):
    began, go_on = threading.Event(), threading.Event()
    ending = Workbook._close

    def slow(book):
        began.set()
        go_on.wait(30)
        ending(book)

    monkeypatch.setattr(Workbook, "_close", slow)
    other = threading.Thread(target=export_lists, args=(result, tmp_path / "l.xlsx"))
    other.start()
    began.wait(30)
    with pytest.raises(InputError, match="another export is writing it"):
        export_lists(result, tmp_path / "l.xlsx")
    go_on.set()
    other.join()
    assert sheets(tmp_path / "l.xlsx")["复采名单"]


def test_title__that_a_sheet_may_not_have_is_made_one(tmp_path):
    layout = LISTS["summary"]
    rows = pl.DataFrame({"item": ["a"], "value": ["b"], "remark": ["c"]})
    with Workbook(tmp_path / "w.xlsx", "en", None, "a & b") as book:
        book.write([ListSheet(layout, "a/b:c*[d]" + "e" * 40, 1)], iter([rows]), lambda _: None)
    (title,) = sheets(tmp_path / "w.xlsx")
    assert title == "a_b_c__d_" + "e" * 22


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="root may write anywhere")
def test_out__that_may_not_be_written_is_refused(result, tmp_path):
    (tmp_path / "shut").mkdir(mode=0o500)
    with pytest.raises(InputError, match="cannot be written"):
        export_lists(result, tmp_path / "shut" / "l.xlsx")


@pytest.mark.parametrize(
    ("language", "head", "told"), [("zh", "请注意", "属于阳性或可疑管 T1"), ("en", "look here", "on no list")]
)
def test_summary__says_that_refused_registrations_of_a_positive_tube_are_missing(
    tmp_path, language, head, told
):
    refused = {"kind": "collect", "at": "2月10日 8:05", "tube": "T1", "person_type": "HKM", "person": "H9"}
    events = [*swabs(), refused, *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)})]
    result = write(tmp_path / "result", *events)
    export_lists(result, tmp_path / "l.xlsx", language=language)
    rows = list(sheets(tmp_path / "l.xlsx").values())[-1]
    item, content = list(rows[0])[:2]
    assert [row[content] for row in rows if row[item] == head and told in row[content]]
