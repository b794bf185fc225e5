"""Lists that a team carries out, from the files of a county hospital to the opened workbook."""

from __future__ import annotations

import os
import stat
from datetime import datetime
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from exchange.workbooks import NAMESPACE, cells, sheets, xml
from poolpipe import cli
from poolpipe.errors import InputError, TableError
from poolpipe.exchange.list_export import export_lists

COUNTY = Path(__file__).parents[2] / "data" / "samples" / "county"
FILES = [str(COUNTY / name) for name in ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")]
ROSTER = COUNTY / "reference" / "居民名册.xlsx"
TITLES = ["复采名单", "缺失样本", "阳性管", "异常", "拒收记录", "汇总"]


def command(*arguments):
    done = CliRunner().invoke(cli.poolpipe, [str(each) for each in arguments])
    assert done.exit_code == 0, done.output
    return done


def roster():
    people = poolpipe.read_reference(people=ROSTER).people
    assert people is not None
    return people


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("county") / "结果"
    command("run", *FILES, "--people", ROSTER, "--out", out, "--quiet")
    return out


@pytest.fixture(scope="module")
def book(result, tmp_path_factory):
    out = tmp_path_factory.mktemp("lists") / "复采名单.xlsx"
    told = command("export", result, "--format", "xlsx", "--people", ROSTER, "--out", out)
    assert "20 people to sample again" in told.stderr
    assert "仅所有者可读" in told.stderr
    return out


def test_workbook__has_a_sheet_for_each_list(book):
    assert list(sheets(book)) == TITLES


def test_recalls__name_everybody_with_telephone_number_and_home(book, result):
    rows = sheets(book)["复采名单"]
    recalls = pl.read_parquet(result / "recalls.parquet")
    known = {row["person"]: row for row in roster().iter_rows(named=True)}
    assert {row["证件号码"] for row in rows} == set(recalls["person"])
    for row in rows:
        told = known[row["证件号码"]]
        assert (row["姓名"], row["电话"], row["社区"]) == (told["name"], told["phone"], told["community"])
        assert row["住址"] == f"{told['township']} {told['building']}"
        assert row["首检机构"] == "县人民医院检验科"
        assert row["截止时间"] == datetime(2022, 4, 4, 20, 52)  # noqa: DTZ001 -- a cell has no zone
        assert row["剩余时间"] == "剩余 4 小时 54 分"
    assert [row["状态"] for row in rows].count("已采待报") == 4


def test_recalls__are_grouped_by_community_and_household_the_most_urgent_first(book, result):
    rows = sheets(book)["复采名单"]
    ranks = dict(pl.read_parquet(result / "recalls.parquet").select("person", "rank").iter_rows())
    for keys in (("社区",), ("社区", "户号")):
        groups = [tuple(row[key] for key in keys) for row in rows]
        begins = [place for place, group in enumerate(groups) if place == 0 or groups[place - 1] != group]
        assert len(begins) == len(set(groups)), f"{keys} is in several places"
    communities: dict[str, int] = {}
    for row in rows:
        rank = ranks[row["证件号码"]]
        communities[row["社区"]] = min(rank, communities.get(row["社区"], rank))
    assert list(communities.values()) == sorted(communities.values())
    assert ranks[rows[0]["证件号码"]] == 1


def test_other_sheets__are_those_of_the_result(book, result):
    told = sheets(book)
    assert [row["样本管"] for row in told["缺失样本"]] == [
        "22040400011", "22040409001", "22040409002", "22040409003", "22040409004",
    ]  # fmt: skip
    assert told["缺失样本"][0]["已等"] == "6 小时 51 分"
    assert [(row["样本管"], row["结果"], row["待复采"], row["已采待报"]) for row in told["阳性管"]] == [
        ("22040400003", "阳性", 6, 4),
        ("22040400008", "可疑", 10, 0),
    ]
    assert len(told["异常"]) == pl.read_parquet(result / "anomalies.parquet").height
    assert [(row["文件"], row["行号"], row["代码"]) for row in told["拒收记录"]] == [
        ("采样登记.xlsx#4月4日", 58, "bad_code"),
        ("采样登记.xlsx#4月4日", 104, "bad_time"),
    ]
    summary = {row["项目"]: row["内容"] for row in told["汇总"]}
    assert (summary["待复采"], summary["已采待报"], summary["无电话"]) == ("16", "4", "0")


def test_rejects__show_no_identity_unless_asked(result, book, tmp_path):
    assert "9.90100198706291E+17" not in str(sheets(book)["拒收记录"])
    assert not any(row["原始记录"] for row in sheets(book)["拒收记录"])
    open_book = tmp_path / "all.xlsx"
    command("export", result, "--format", "xlsx", "--show-ids", "--out", open_book)
    assert "李甲一,居民身份证,9.90100198706291E+17" in sheets(open_book)["拒收记录"][0]["原始记录"]


def test_codes__are_text_cells_so_that_no_digit_is_lost(book):
    row = {place[0]: cell for place, cell in cells(book).items() if place[1:] == "2"}
    styles = xml(book, "xl/styles.xml")
    formats = [form.attrib["numFmtId"] for form in next(styles.iter(f"{NAMESPACE}cellXfs"))]
    for column in "FHI":  # telephone, number, tube
        assert row[column].attrib["t"] == "inlineStr"
        assert formats[int(row[column].attrib["s"])] == "49", "format @ keeps a cell text when it is edited"
    assert "t" not in row["L"].attrib, "a time is a time, and can be filtered as one"
    assert not list(xml(book, "xl/worksheets/sheet1.xml").iter(f"{NAMESPACE}f"))


def test_sheets__can_be_filtered_and_print_on_a4_landscape(book):
    for number in range(1, len(TITLES) + 1):
        sheet = xml(book, f"xl/worksheets/sheet{number}.xml")
        found = {each.tag.removeprefix(NAMESPACE): each.attrib for each in sheet.iter()}
        assert (found["pane"]["ySplit"], found["pane"]["state"]) == ("1", "frozen")
        assert found["autoFilter"]["ref"].startswith("A1:")
        page = found["pageSetup"]
        assert (page["paperSize"], page["orientation"], page["fitToHeight"]) == ("9", "landscape", "0")
        assert found["pageSetUpPr"]["fitToPage"] == "1"
        assert "第 &P 页，共 &N 页" in "".join(sheet.itertext())
    names = [each.attrib["name"] for each in xml(book, "xl/workbook.xml").iter(f"{NAMESPACE}definedName")]
    assert names.count("_xlnm.Print_Area") == names.count("_xlnm.Print_Titles") == len(TITLES)


def test_round__that_nobody_gave_is_there_and_hidden(book):
    hidden = [each.attrib for each in xml(book, "xl/worksheets/sheet1.xml").iter(f"{NAMESPACE}col")]
    assert [each["min"] for each in hidden if each.get("hidden") == "1"] == ["10"]
    assert "轮次" in sheets(book)["复采名单"][0]


def test_workbook__is_the_same_bytes_again(book, result, tmp_path):
    command("export", result, "--format", "xlsx", "--people", ROSTER, "--out", tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == book.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such permissions")
def test_files__may_be_read_by_their_owner_alone(book, result, tmp_path):
    assert stat.S_IMODE(book.stat().st_mode) == 0o600
    command("export", result, "--format", "csv-list", "--out", tmp_path / "lists")
    assert stat.S_IMODE((tmp_path / "lists").stat().st_mode) == 0o700
    assert {stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "lists").iterdir()} == {0o600}
    assert [path.name for path in tmp_path.iterdir()] == ["lists"], "nothing is left beside it"


def test_result__keeps_no_names(result):
    names = set(roster()["name"])
    for path in result.glob("*.parquet"):
        frame = pl.read_parquet(path)
        assert not {"name", "phone"} & set(frame.columns)
        if path.stem != "rejects":  # what was refused is kept as it came
            assert not names & {text for column in frame.select(pl.col(pl.String)) for text in column}


def test_registrations__serve_as_the_roster(result, tmp_path):
    """A workbook of two sheets with persons; it knows no communities, so that households are not known either."""
    out = tmp_path / "名单.xlsx"
    command("export", result, "--format", "xlsx", "--people", FILES[0], "--out", out)
    rows = sheets(out)["复采名单"]
    assert all(row["姓名"] and row["电话"] and not row["社区"] for row in rows)
    ranks = dict(pl.read_parquet(result / "recalls.parquet").select("person", "rank").iter_rows())
    assert [ranks[row["证件号码"]] for row in rows] == list(range(1, 21))


def test_without_people__the_list_is_there_and_says_what_is_missing(result, tmp_path):
    told = command("export", result, "--format", "xlsx", "--out", tmp_path / "list.xlsx")
    assert "请用 --people 给出名册或采样登记" in told.stderr
    rows = sheets(tmp_path / "list.xlsx")
    assert len(rows["复采名单"]) == 20
    assert {row["项目"]: row["内容"] for row in rows["汇总"]}["无电话"] == "20"


@pytest.mark.parametrize(
    ("language", "title", "headings", "left"),
    [
        ("en", "Recalls", ["no.", "community"], "4 h 54 left"),
        ("both", "复采名单", ["序号\nno.", "社区\ncommunity"], "剩余 4 小时 54 分 / 4 h 54 left"),
    ],
)
def test_language__is_that_of_headings_and_words(result, tmp_path, language, title, headings, left):
    command("export", result, "--format", "xlsx", "--language", language, "--out", tmp_path / "l.xlsx")
    rows = sheets(tmp_path / "l.xlsx")[title]
    assert list(rows[0])[:2] == headings
    assert left in rows[0].values()


def test_csv__has_the_same_rows_and_loses_no_digit(book, result, tmp_path):
    command("export", result, "--format", "csv-list", "--people", ROSTER, "--out", tmp_path / "lists")
    for title, rows in sheets(book).items():
        text = (tmp_path / "lists" / f"{title}.csv").read_bytes()
        assert text.startswith(b"\xef\xbb\xbf")
        frame = pl.read_csv(text, infer_schema=False)
        assert frame.columns == list(rows[0])
        assert frame.height == len(rows)
    frame = pl.read_csv(tmp_path / "lists" / "复采名单.csv", infer_schema=False)
    numbers = [row["证件号码"] for row in sheets(book)["复采名单"]]
    assert frame["证件号码"].to_list() == [f'="{number}"' for number in numbers]
    assert frame["截止时间"][0] == "2022-04-04 20:52"


def test_people__without_numbers_are_refused(result, tmp_path):
    with pytest.raises(TableError, match="column person is missing"):
        export_lists(result, tmp_path / "l.xlsx", people=[Path(FILES[1])])
    with pytest.raises(InputError, match="no such file"):
        export_lists(result, tmp_path / "l.xlsx", people=[tmp_path / "nobody.csv"])
    assert not list(tmp_path.iterdir())


def test_people__are_for_lists_only(result, tmp_path):
    arguments = ["export", result, "--format", "hl7", "--people", ROSTER, "--out", tmp_path / "o"]
    refused = CliRunner().invoke(cli.poolpipe, [str(each) for each in arguments])
    assert refused.exit_code == 2
    assert "只用于名单" in refused.stderr


@pytest.mark.parametrize(("form", "name"), [("xlsx", "lists.xlsx"), ("csv-list", "lists")])
def test_progress__is_told_row_by_row_to_the_end(result, tmp_path, form, name):
    told = []
    export_lists(result, tmp_path / name, form, progress=lambda *step: told.append(step))
    assert {what for what, _, _ in told} == {"exporting"}
    done, totals = [done for _, done, _ in told], {total for _, _, total in told}
    assert done[0] == pl.read_parquet(result / "recalls.parquet").height
    assert done == sorted(done)
    assert totals == {done[-1]}
