"""`poolpipe check`: what is said of each file before a run, what is asked, and the mapping that answers."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from events.workbooks import COUNTY, county, workbook
from poolpipe.cli import poolpipe as command
from poolpipe.errors import PolicyError

if TYPE_CHECKING:
    from pathlib import Path

FILES = [str(COUNTY / name) for name in ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")]
KEYS = {
    *(
        "file",
        "kind",
        "kind_from",
        "form",
        "header_line",
        "columns",
        "words",
        "times",
        "records",
        "rejects",
        "examples",
        "skipped",
    ),
    *("decided", "questions"),
}


def _check(*args: str, status: int = 0) -> str:
    told = CliRunner().invoke(command, ["check", *args])
    assert told.exit_code == status, told.output
    return str(told.stdout)


def _told(*args: str, status: int = 0) -> dict[str, Any]:
    given = json.loads(_check(*args, "--json", status=status))
    assert set(given) == {"schema", "asked", "files"}
    assert all(set(each) == KEYS for each in given["files"])
    return {each["file"]: each for each in given["files"]}


def test_check__tells_kind_header_form_words_and_times_of_each_file() -> None:
    told = _told(*FILES, str(COUNTY / "reference"))
    facts = {
        name: (each["kind"], each["kind_from"], each["form"], each["header_line"])
        for name, each in told.items()
    }
    assert facts == {
        "qPCR.xls": ("read 45", "machine", "machine slan-96p", None),
        "居民名册.xlsx#名册": ("people", "table", "workbook", 2),
        "板图.xlsx#板图": ("load", "header", "workbook", 2),
        "装箱.csv": ("pack", "header", "gb18030", 1),
        "采样登记.xlsx#4月4日": ("collect", "header", "workbook", 2),
        "采样登记.xlsx#复采": ("collect", "header", "workbook", 1),
        "采样登记.xlsx#填表说明": (None, None, "workbook", None),
    }
    first = told["采样登记.xlsx#4月4日"]
    assert first["words"]["person_type"]["护照"] == "PASSPORT"
    assert (first["times"], first["rejects"]) == ("2022-02-10 08:00:00", {"bad_code": 1, "bad_time": 1})
    assert first["examples"]["bad_time"]["line"] == 104
    assert "month" in first["examples"]["bad_time"]["detail"]
    assert told["装箱.csv"]["times"] == "2022/2/10 8:00"
    assert "没有事件表头" in told["采样登记.xlsx#填表说明"]["skipped"]


def test_check__masks_people_unless_asked() -> None:
    people = county().residents()
    hidden, shown = _check(FILES[0]), _check(FILES[0], "--show-ids")
    for each in people[:3]:
        for value in (each.name, each.number, each.phone):
            assert value not in hidden
            assert value in shown
    assert "990100********0004" in hidden


def test_check__asks_with_exit_status_1_and_its_mapping_answers(tmp_path: Path) -> None:
    header = ["姓名", "身份证号", "采样管条码", "登记时间", "采样点"]
    rows = [header, ["某甲", "E1", "T1", "2022/4/4 8:05", "实验小学"]]
    (tmp_path / "采样.xlsx").write_bytes(workbook({"表": rows}))
    file, mapping = str(tmp_path / "采样.xlsx"), tmp_path / "columns.toml"
    (asked,) = _told(file, "--mapping", str(mapping), status=1)["采样.xlsx#表"]["questions"]
    assert asked["code"] == "column_untold"
    assert "登记时间" in asked["question"]
    assert '"登记时间" = "at"' in asked["answer"]
    text = mapping.read_text(encoding="utf-8")
    mapping.write_text(text.replace('"登记时间" = ""', '"登记时间" = "at"'), encoding="utf-8")
    assert _told(file, "--mapping", str(mapping))["采样.xlsx#表"]["questions"] == []
    assert poolpipe.run(file).rejects["code"].to_list() == ["missing_value"]
    assert poolpipe.run(file, mapping=mapping).pools["tube"].to_list() == ["T1"]


def test_mapping_of_understood_files__changes_nothing(tmp_path: Path) -> None:
    mapping = tmp_path / "columns.toml"
    _check(*FILES, "--mapping", str(mapping))
    plain, mapped = poolpipe.run(FILES), poolpipe.run(FILES, mapping=mapping)
    for table in ("pools", "members", "recalls", "rejects", "ledger"):
        assert plain.table(table).equals(mapped.table(table)), table


def test_mapping__names_words_headers_and_what_is_left_out(tmp_path: Path) -> None:
    (tmp_path / "登记.csv").write_text(
        "说明\n管,谁,何时,怎样\nT1,E1,2022/4/4 8:05,二十混一\n", encoding="utf-8"
    )
    (tmp_path / "旧.csv").write_text("at,tube,person\n2022-04-04T08:00:00Z,T9,E9\n", encoding="utf-8")
    (tmp_path / "m.toml").write_text(
        '[words.mode]\n"二十混一" = "pool"\n[files."旧.csv"]\nkind = "skip"\n[files."登记.csv"]\nkind = "collect"\nheader = 2\n'
        'columns = { "管" = "tube", "谁" = "person", "何时" = "at", "怎样" = "mode" }\n',
        encoding="utf-8",
    )
    day = poolpipe.run([tmp_path / "登记.csv", tmp_path / "旧.csv"], mapping=tmp_path / "m.toml")
    assert day.pools.select("tube", "mode").rows() == [("T1", "pool")]
    assert "left out by the mapping" in day.summary["skipped_because"]["旧.csv"]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[columns]\n"管" = "tub"\n', "cannot be 'tub'.*did you mean 'tube'"),
        ('[files."a"]\nkind = "collct"\n', "no kind of event 'collct'.*did you mean 'collect'"),
        ("[colums]\n", "there is no such setting, did you mean columns"),
        ("columns = 3", "columns"),
        ("[", "cannot be read"),
    ],
)
def test_mapping__with_a_mistake_is_refused_by_name(tmp_path: Path, text: str, why: str) -> None:
    (tmp_path / "m.toml").write_text(text, encoding="utf-8")
    with pytest.raises(PolicyError, match=why):
        poolpipe.run(COUNTY / "装箱.csv", mapping=tmp_path / "m.toml")


def test_check__asks_about_dates_with_the_month_first(tmp_path: Path) -> None:
    rows = [
        ["身份证号", "采样管条码", "采样时间"],
        *([f"E{n}", "T1", f"04/0{n}/2022 8:05"] for n in (1, 2, 3)),
    ]
    (tmp_path / "采样.xlsx").write_bytes(workbook({"表": rows}))
    each = _told(str(tmp_path / "采样.xlsx"), status=1)["采样.xlsx#表"]
    (asked,) = each["questions"]
    assert (asked["code"], each["times"]) == ("mostly_refused", None)
    assert "bad_time" in asked["question"]
    assert "day and month cannot be told apart" in asked["question"]


def test_check__shows_nothing_of_a_file_without_header(tmp_path: Path) -> None:
    """Its first record stands where names of columns do."""
    (tmp_path / "采样.csv").write_text("2022/4/4 8:05,T1,990100199001010012,王小明\n" * 3, encoding="utf-8")
    text = _check(str(tmp_path / "采样.csv"), status=1)
    assert "990100199001010012" not in text
    assert "王小明" not in text
    (asked,) = _told(str(tmp_path / "采样.csv"), status=1)["采样.csv"]["questions"]
    assert asked["code"] == "no_header"


@pytest.mark.parametrize("form", ["ndjson", "parquet", "csv"])
def test_check__masks_people_in_every_format(tmp_path: Path, form: str) -> None:
    """Samples of a JSON record were once its pieces between commas, a number of a person in full among them."""
    person = county().residents()[0].number
    frame = pl.DataFrame(
        {"采样时间": ["2022-04-04 08:00"], "采样管条码": ["T1"], "身份证号": [person], "备注": ["某甲"]}
    )
    getattr(frame, "write_" + form)(path := tmp_path / f"a.{form}")
    told = _check(str(path))
    assert person not in told
    assert "某甲" not in told
    (columns,) = (each["columns"] for each in _told(str(path)).values())
    samples = {each["column"]: each["samples"] for each in columns}
    assert (samples["tube"], samples["at"]) == (["T1"], ["2022-04-04 08:00"])
    assert samples["person"][0][:6] == person[:6]


@pytest.mark.parametrize("header", ["采样管条码,试管编号", "采样管条码,采样管条码"])
@pytest.mark.parametrize("language", ["zh", "en", "both"])
def test_check__asks_about_two_columns_for_one_thing_in_the_readers_language(
    header: str, language: str, tmp_path: Path
) -> None:
    path = tmp_path / "采样登记.csv"
    path.write_text(f"证件号码,{header},采样时间\nE1,T1,S1,2022-04-04 08:00\n", encoding="utf-8")
    told = CliRunner().invoke(command, ["--language", language, "check", str(path)], env={"COLUMNS": "200"})
    assert told.exit_code == 1, told.output
    assert ("含义相同" in told.output) == (language != "en")
    assert ("all stand for" in told.output) == (language != "zh")
    asked = told.output[told.output.rindex("待确认" if language == "zh" else "To be answered") :]
    assert ("FILE with" in asked) == (language != "zh" and "试管" in header)
