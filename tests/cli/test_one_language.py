"""What is shown, written as a workbook and drawn as a page in one language has no words of the other."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from exchange.workbooks import sheets
from house.rooms import ROOT
from pages.reading import Reading, drawings
from poolpipe import words
from poolpipe.cli import poolpipe
from poolpipe.findings import ANOMALIES, REJECTS
from poolpipe.languages import has_chinese
from poolpipe.tables import EVENTS, REFERENCE, TABLES

if TYPE_CHECKING:
    from pathlib import Path

SAMPLES = ROOT / "data" / "samples"
COUNTY = [str(SAMPLES / "county" / name) for name in ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")]
ROSTER = str(SAMPLES / "county" / "reference" / "居民名册.xlsx")

CODES = {
    *ANOMALIES, *REJECTS, *TABLES, *EVENTS,
    *(column.name for table in TABLES.values() for column in table),
    *(column for kind in EVENTS.values() for column in kind.columns),
    *(column for columns in REFERENCE.values() for column in columns),
    *(value for name in words.__all__ if name.endswith("_WORDS") for value in getattr(words, name)),
}  # fmt: skip
"""Tables, columns and their values, as they are typed and written: the same in every language."""

POLICY = {"prior", "encoding", "zone", "lab"}
"""Settings of a policy that boards name."""

CHOICES = {"dorfman", "exact"}
"""What options take."""

NAMES = {
    "poolpipe", "Excel", "WPS", "CSV", "JSON", "TOML", "NDJSON", "UTC", "PCR", "Ct", "ct", "Asia/Shanghai",
    "RIC", "HKM", "PASSPORT", "IC", "N", "FAM", "VIC", "NoCt", "No", "Undetermined",
    "GB", "A", "Hongshi", "Unicode", "English", "Language",
}  # fmt: skip
"""Names and units that Chinese has no other word for (`A` is a class of transport boxes, `GB` a standard), words that files hold, a
machine's maker, and the switch of a page, which readers of the other language must find."""

TYPED = re.compile(
    r"--[a-z-]+(?: [A-Z]+)?|\[machines\]|poolpipe [a-z]+|\S+\.(?:xlsx?|csv|md|parquet|n?djson|json|toml)\b\S*|1 / p"
)
"""Commands, options, sections of a policy and names of files, as they are typed."""

# Boards that quote the Chinese headers, words and records of files are not looked at.
DATA = re.compile(r"模拟第\d+检测所|模拟试剂|手工补录/补录.ndjson|采样登记|装箱|板图|[^\s]*检验科")


def left_over(text: str) -> list[str]:
    """English words in a Chinese text that are no codes, names or commands; what has a digit is a code."""
    told = re.findall(r"[A-Za-z0-9_./:#*+-]*[A-Za-z][A-Za-z0-9_./:#*+-]*", TYPED.sub(" ", text))
    return sorted(
        {
            each
            for each in told
            if not re.search(r"[0-9_*]", each) and each.strip(".:-/") not in CODES | POLICY | CHOICES | NAMES
        }
    )


def told(*arguments: object) -> str:
    done = CliRunner(env={"COLUMNS": "240"}).invoke(poolpipe, [str(each) for each in arguments])
    assert done.exit_code in (0, 1), done.output
    assert done.exception is None or isinstance(done.exception, SystemExit)
    return done.output


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """The sample town and a county hospital's day, and what `run` showed of each."""
    place = tmp_path_factory.mktemp("results")
    reference = SAMPLES / "town" / "reference"
    rosters = [
        part for name in ("people", "sites", "labs") for part in (f"--{name}", reference / f"{name}.parquet")
    ]
    shown = {
        "town": told(
            "--language", "zh", "run", SAMPLES / "town" / "events", *rosters, "--out", place / "town"
        ),
        "county": told("--language", "zh", "run", *COUNTY, "--people", ROSTER, "--out", place / "county"),
    }
    for name, text in shown.items():
        (place / f"{name}.txt").write_text(text, encoding="utf-8")
    return {name: place / name for name in shown}


BOARDS = {
    **{f"show {table}": ("show", "TOWN", table, "--rows", "200") for table in TABLES if table != "rejects"},
    "show rejects": ("show", "COUNTY", "rejects"),
    "recalls": ("recalls", "TOWN", "--rows", "100"),
    "diff": ("diff", "TOWN", "COUNTY"),
    "trace": ("trace", "TOWN", "--tube", "0000000261"),
    "check": ("check", *COUNTY),
    "import": ("import", COUNTY[-1], "--dry-run"),
    "plan": ("plan", "--people", "700000"),
    "best": ("design", "best", "dorfman", "--p", "0.01"),
    "characteristics": ("design", "characteristics", "dorfman", "10", "--p", "0.01"),
    "prevalence": ("design", "prevalence", "TOWN"),
}


def board(results: dict[str, Path], language: str, name: str) -> str:
    places = {"TOWN": results["town"], "COUNTY": results["county"]}
    return told("--language", language, *(places.get(each, each) for each in BOARDS[name]))


@pytest.mark.parametrize("name", BOARDS)
def test_board__in_chinese_has_no_english(results: dict[str, Path], name: str) -> None:
    assert left_over(board(results, "zh", name)) == []


@pytest.mark.parametrize("name", sorted(set(BOARDS) - {"check", "import", "show rejects"}))
def test_board__in_english_has_no_chinese(results: dict[str, Path], name: str) -> None:
    lines = DATA.sub("", board(results, "en", name)).splitlines()
    assert [line for line in lines if has_chinese(line)] == []


def test_boards__show_no_sign_of_a_line_break_as_text(results: dict[str, Path]) -> None:
    """A cell's text is made visible sign by sign; lines of a cell are to be told as lines."""
    both = told("--language", "both", "demo", "--out", results["town"].with_name("demo"), "--rows", "60")
    assert "By chance once in".lower() in both.lower()
    assert "\\n" not in both
    assert "\\n" not in "".join(
        results[name].with_suffix(".txt").read_text(encoding="utf-8") for name in results
    )


@pytest.mark.parametrize("name", ["town", "county"])
def test_run__in_chinese_has_no_english(results: dict[str, Path], name: str) -> None:
    assert left_over(results[name].with_suffix(".txt").read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("name", ["town", "county"])
def test_workbook__in_chinese_has_no_english(results: dict[str, Path], name: str, tmp_path: Path) -> None:
    told(
        "--language",
        "zh",
        "export",
        results[name],
        "--format",
        "xlsx",
        "--people",
        ROSTER,
        "--out",
        tmp_path / "l.xlsx",
    )
    texts = [
        str(each)
        for rows in sheets(tmp_path / "l.xlsx").values()
        for row in rows
        for each in (*row, *row.values())
    ]
    assert len(texts) > 100
    assert left_over("\n".join(texts)) == []


def test_page__in_chinese_has_no_english(results: dict[str, Path], tmp_path: Path) -> None:
    told("export", results["county"], "--format", "html", "--out", tmp_path / "page.html")
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert left_over("\n".join(Reading(page, "zh").texts)) == []
    drawn = ["\n".join(re.findall(r"<text[^>]*>([^<]+)", each)) for each in drawings(page)]
    chinese = [each for each in drawn if has_chinese(each) and "collected" not in each]
    assert len(chinese) >= 3
    assert left_over("\n".join(chinese)) == []


@pytest.mark.parametrize(
    ("text", "left"),
    [
        ("已签收 received by nobody", ["by", "nobody"]),
        ("10合1混采 efb9f93ca770 · --policy FILE", []),
        ("见 docs/policy.zh.md", []),
    ],
)
def test_left_over__is_what_is_neither_code_nor_name(text: str, left: list[str]) -> None:
    assert left_over(text) == left
