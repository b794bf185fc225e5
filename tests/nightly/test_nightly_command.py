"""`poolpipe nightly`: counts, says what is missing, gives a mart as a board, a file or JSON; wrong usage is told."""

from __future__ import annotations

import csv
import json
import zipfile
from datetime import datetime
from typing import Any

import polars as pl
import pytest
import python_calamine
from click.testing import CliRunner

from nightly.town_night import DAYS, FILES, night, result
from poolpipe import cli
from poolpipe.commands.row_files import write_rows
from poolpipe.nightly import read_table, tables_shown
from poolpipe.nightly.marts import mart_headings

DAY = DAYS[0].isoformat()


def told(*arguments, status=0):
    """Standard output and error of a command line."""
    done = CliRunner().invoke(cli.poolpipe, ["nightly", *map(str, arguments)])
    assert done.exit_code == status, done.output
    return done.stdout, done.stderr


def test_night__is_counted_and_what_is_missing_is_told(tmp_path):
    out = tmp_path / "night.duckdb"
    files = [each for name in ("sites", "labs") for each in (f"--{name}", FILES[name])]
    shown, _ = told(result(), "--date", DAY, "--out", out, "--no-report", *files)
    assert "Marts of 统计表 2022-04-04" in shown
    assert "未提供人员名册" in shown
    assert "night.duckdb" in shown
    assert read_table(out, "nights")["date"].to_list() == [DAYS[0]]


def test_json__is_a_summary_with_rows_and_notes(tmp_path):
    shown, _ = told(result(), "--date", DAY, "--out", tmp_path / "n.duckdb", "--json", "--no-report")
    summary = json.loads(shown)
    assert summary["schema"] == "poolpipe.nightly/1"
    assert summary["date"] == DAY
    assert summary["rows"]["losses"] > 0
    assert "nightly_no_people" in {note["code"] for note in summary["notes"]}


def test_mart__of_a_file_is_shown_without_counting():
    before = night(4).read_bytes()
    shown, _ = told(night(4), "--date", DAY, "--mart", "recall_curve", "--rows", 3)
    assert "recall_curve · 49" in shown
    rows = json.loads(told(night(4), "--date", DAY, "--mart", "recall_curve", "--json")[0])
    assert [row["minutes"] for row in rows] == list(range(0, 721, 15))
    assert rows[0]["date"] == DAY
    assert night(4).read_bytes() == before


def test_day__that_was_not_counted_is_not_shown_as_one_without_anything():
    _, refused = told(night(4), "--date", "2021-01-01", "--mart", "losses", status=1)
    assert "2021-01-01 was not counted" in refused
    assert DAY in refused


def test_notes__are_shown_in_the_language_of_the_reader():
    told_zh = CliRunner().invoke(
        cli.poolpipe,
        ["--language", "zh", "nightly", str(night(4)), "--date", DAY, "--mart", "reconciliation"],
    )
    assert "是" in told_zh.stdout
    assert "True" not in told_zh.stdout
    for language, other in (("zh", "english"), ("en", "chinese")):
        line = ["--language", language, "nightly", str(night(4)), "--date", DAY, "--mart", "notes"]
        assert other not in CliRunner().invoke(cli.poolpipe, line).stdout


@pytest.mark.parametrize("name", tables_shown())
def test_headings__of_every_table_are_in_both_languages(name):
    columns = read_table(night(4), name).columns
    headings = mart_headings(name, columns)
    assert [*headings] == columns
    for column, heading in headings.items():
        english, chinese = heading.split(" ", 1)
        assert english == column
        assert len(chinese) <= 22
        assert any("一" <= sign <= "鿿" for sign in chinese), heading
    assert len({*headings.values()}) == len(columns)


def test_board__in_chinese_has_chinese_headings():
    words = ["--language", "zh", "nightly", str(night(4)), "--date", DAY, "--mart", "losses"]
    shown = CliRunner().invoke(cli.poolpipe, words).stdout
    assert "检测机构" in shown
    assert "outcome" not in shown


@pytest.mark.parametrize("ending", ["csv", "parquet", "xlsx", "arrow", "ndjson"])
def test_mart__is_written_in_each_format(tmp_path, ending):
    to = tmp_path / f"losses.{ending}"
    told(night(4), "--date", DAY, "--mart", "losses", "--to", to)
    wanted = read_table(night(4), "losses", DAYS[0])
    if ending == "parquet":
        assert pl.read_parquet(to).equals(wanted)
        return
    if ending == "arrow":
        assert pl.read_ipc(to).equals(wanted)
        return
    if ending == "ndjson":
        found = list(map(json.loads, to.read_text(encoding="utf-8").splitlines()))
        assert sum(row["tubes"] for row in found) == wanted["tubes"].sum()
        return
    rows: list[list[Any]]
    if ending == "csv":
        with to.open(encoding="utf-8", newline="") as file:
            rows = list(csv.reader(file))
    else:
        rows = python_calamine.load_workbook(str(to)).get_sheet_by_index(0).to_python()
    headings = [str(heading).split(" ", 1) for heading in rows[0]]
    assert [name for name, *_ in headings] == wanted.columns
    assert all(len(each) == 1 + (ending == "xlsx") for each in headings), (
        "a workbook's headings are in both languages"
    )
    place = wanted.columns.index("tubes")
    assert [int(float(str(row[place]))) for row in rows[1:]] == wanted["tubes"].to_list()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["--date", "4.4.2022"], 2, "is no date such as 2022-04-04"),
        (["--date", DAY, "--to", "x.csv"], 2, "needs --mart"),
        (["--date", DAY, "--mart", "losses", "--to", "x.docx"], 2, "needs --mart"),
        (["--date", DAY, "--mart", "loses"], 1, "is no table of the night"),
        (["--date", DAY, "--out", "nowhere/night.duckdb"], 1, "its folder does not exist"),
    ],
)
def test_wrong_usage__is_told(arguments, status, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    shown, errors = told(result(), *arguments, status=status)
    assert message in shown + errors


def test_file__without_a_mart_and_report_says_how_it_is_read():
    _, refused = told(night(4), "--date", DAY, "--no-report", status=2)
    assert "--mart TABLE shows a table of it" in refused


def test_day__without_any_event_is_refused_and_days_with_events_are_named(tmp_path):
    out = tmp_path / "night.duckdb"
    _, refused = told(result(), "--date", "2021-01-01", "--out", out, status=1)
    assert "nothing happened on 2021-01-01" in refused
    assert all(f"{day}" in refused for day in DAYS)
    assert not [*tmp_path.iterdir()]


@pytest.fixture
def _quiet_today(monkeypatch):
    class Clock(datetime):
        @classmethod
        def now(cls, tz=None):
            return cls(2022, 5, 2, 4, 30, tzinfo=tz)

    monkeypatch.setattr("poolpipe.commands.nightly.datetime", Clock)


@pytest.mark.usefixtures("_quiet_today")
def test_yesterday__without_any_event_is_told_and_is_no_failure(tmp_path):
    line = [result(), "--date", "yesterday", "--days", "3", "--out", tmp_path / "night.duckdb"]
    shown, _ = told(*line)
    assert "nothing happened on 2022-04-29/2022-05-01" in shown
    assert told(*line, "--quiet") == ("", "")
    summary = json.loads(told(*line, "--json")[0])
    assert (summary["rows"], summary["report"]) == ({}, None)
    assert [note["code"] for note in summary["notes"]] == ["nightly_quiet"]
    assert not [*tmp_path.iterdir()]


def test_workbook__has_no_link_and_no_formula(tmp_path):
    """A text that a file named stays a text: Excel opens neither a page nor a share from it."""
    texts = ["http://example.org/x", "external:\\\\server\\share", "mailto:a@b.cn", "=1+1"]
    write_rows(pl.DataFrame({"site": texts}), tmp_path / "x.xlsx", "sites")
    with zipfile.ZipFile(tmp_path / "x.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml").decode()
        assert "<hyperlink" not in sheet
        assert "<f>" not in sheet
    sheets = python_calamine.CalamineWorkbook.from_path(str(tmp_path / "x.xlsx"))
    assert [row[0] for row in sheets.get_sheet_by_index(0).to_python()] == ["site", *texts]
