"""The files of a county hospital as they are: Excel, WPS and a machine's export, read without any conversion."""

from __future__ import annotations

import importlib.util
import os
import shutil
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import poolpipe

if TYPE_CHECKING:
    from poolpipe.results.day import Day

FOLDER = Path(__file__).parents[2] / "data" / "samples" / "county"
FILES = ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")


@pytest.fixture(scope="module")
def day() -> Day:
    return poolpipe.run([FOLDER / name for name in FILES])


def test_files__are_what_their_script_makes() -> None:
    spec = importlib.util.spec_from_file_location("county", FOLDER / "make.py")
    assert spec is not None
    assert spec.loader is not None
    script: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    for name, content in script.files().items():
        assert (FOLDER / name).read_bytes() == content, f"{name}: run data/samples/county/make.py"


def test_files__are_read_as_they_are(day: Day) -> None:
    counted = {
        each["file"]: (each["read"], each["accepted"], each["rejected"]) for each in day.summary["files"]
    }
    assert counted == {
        "采样登记.xlsx#4月4日": (132, 130, 2),
        "采样登记.xlsx#复采": (4, 4, 0),
        "装箱.csv": (13, 13, 0),
        "板图.xlsx#板图": (15, 15, 0),
        "qPCR.xls": (45, 45, 0),
    }


def test_rejects__name_file_sheet_and_row(day: Day) -> None:
    told = day.rejects.select("file", "line", "kind", "code").rows()
    assert told == [
        ("采样登记.xlsx#4月4日", 58, "collect", "bad_code"),
        ("采样登记.xlsx#4月4日", 104, "collect", "bad_time"),
    ]


def test_sheet_of_notes__is_left_out_with_the_reason(day: Day) -> None:
    assert list(day.summary["skipped_because"]) == ["采样登记.xlsx#填表说明"]
    assert "工作表中没有事件表头" in day.summary["skipped_because"]["采样登记.xlsx#填表说明"]
    assert day.summary["columns_left_out"]["装箱.csv"] == ["序号"]


def test_people_to_recall__are_those_of_the_two_tubes(day: Day) -> None:
    recalls = day.recalls
    assert dict(recalls.group_by("tube").len().iter_rows()) == {"22040400003": 10, "22040400008": 10}
    assert dict(recalls.group_by("status").len().iter_rows()) == {"open": 16, "recollected": 4}
    assert recalls["lab"].unique().to_list() == ["县人民医院检验科"]


def test_roster_in_excel__is_read_as_well() -> None:
    known = poolpipe.read_reference(people=FOLDER / "reference" / "居民名册.xlsx")
    assert known.people is not None
    assert known.people.height == 136
    assert known.people.select("township", "community", "household").row(0) == ("城关镇", "城北社区", "H001")


def test_workbook__named_relative_to_the_folder_is_found_after_that_has_changed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        shutil.copy(FOLDER / "采样登记.xlsx", tmp_path / name / f"{name}.xlsx")
        monkeypatch.chdir(tmp_path / name)  # the process that reads workbooks stays in the first folder
        day = poolpipe.run(f"{name}.xlsx")
        assert sum(each["accepted"] for each in day.summary["files"]) == 134


@pytest.mark.skipif(os.name == "nt", reason="links need a right there")
def test_workbook__behind_a_link_and_dots_is_the_one_that_the_system_opens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "far" / "inner").mkdir(parents=True)
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "link").symlink_to(tmp_path / "far" / "inner")
    shutil.copy(FOLDER / "采样登记.xlsx", tmp_path / "far" / "采样登记.xlsx")
    monkeypatch.chdir(tmp_path / "here")
    day = poolpipe.run("link/../采样登记.xlsx")  # far/采样登记.xlsx, not here/采样登记.xlsx
    assert sum(each["accepted"] for each in day.summary["files"]) == 134


def test_workbooks__open_in_excel_without_repair() -> None:
    """Excel and openpyxl refuse a fill without a pattern."""
    for path in FOLDER.rglob("*.xlsx"):
        with zipfile.ZipFile(path) as archive:
            styles = archive.read("xl/styles.xml").decode()
        assert styles.count("<fill>") == styles.count("<patternFill") == 1, path.name
