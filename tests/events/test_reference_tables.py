"""Reference tables are cleaned like events; what cannot be used is told aloud, and nobody's number."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from poolpipe.commands.run import run as run_command
from poolpipe.errors import InputError
from poolpipe.events.reference import read_reference
from poolpipe.nightly.residents import plain_residents

CASE = Path(__file__).parents[1] / "cases" / "scans" / "22-priority-1.0"


def _clocks(day: poolpipe.Day) -> list[str]:
    return day.anomalies.filter(pl.col("code") == "clock_result")["subject"].to_list()


def test_case__priority_saved_as_1_0_is_priority() -> None:
    day = poolpipe.run(CASE / "input", sites=CASE / "sites.csv")
    assert (_clocks(day), day.summary["warnings"]) == (["T0001"], [])


@pytest.mark.parametrize("word", [1, 1.0, True, "1.00", " TRUE ", "是", "Ｙｅｓ", "重点"])
def test_priority__is_yes_in_whatever_type_it_comes(word: Any) -> None:
    sites = pl.DataFrame({"site": ["Ｓ１ "], "priority": [word]})
    assert _clocks(poolpipe.run(CASE / "input", sites=sites)) == ["T0001"]


@pytest.mark.parametrize("word", ["√", "high", "优先", "2", "1.5"])
def test_priority__of_a_word_that_is_neither_is_told_and_not_taken_for_no(word: str, tmp_path: Path) -> None:
    (tmp_path / "sites.csv").write_text(f"site,priority\nS1,{word}\nS2,\nS3,否\n", encoding="utf-8")
    day = poolpipe.run(CASE / "input", sites=tmp_path / "sites.csv")
    (warning,) = day.summary["warnings"]
    assert f"sites.priority: 1 neither yes nor no ('{word}')" in warning
    assert "请填 1 或 0" in warning


def test_command__tells_of_it_on_the_board_and_in_the_summary(tmp_path: Path) -> None:
    shutil.copytree(CASE / "input", tmp_path / "scans")
    asked = [str(tmp_path / "scans"), "--sites", str(CASE / "sites-odd.csv"), "--out", str(tmp_path / "out")]
    done = CliRunner().invoke(run_command, asked, catch_exceptions=False)
    assert "sites.priority: 1 neither yes nor no" in done.stdout
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert "√" in summary["warnings"][0]


LOST = [9.9010019900101e17, "9.90100E+17", "990100199001010012.0", {"id": "1"}, ["1"], "#N/A"]


@pytest.mark.parametrize("number", LOST, ids=str)
def test_person__that_has_lost_digits_is_nobody(number: Any) -> None:
    people = pl.DataFrame({"person": [number, number], "household": ["H1", "H2"]})
    known = read_reference(people=people)
    assert known.people is not None
    assert (known.people.height, known.broken) == (0, {"people": 2})
    (warning,) = known.warnings
    assert warning.startswith("people.person: 2 not used: ")
    assert "990" not in warning


def test_people__of_other_documents_are_found_by_their_word_and_lines_without_a_number_are_counted() -> None:
    people = pl.DataFrame(
        {
            "person": ["Ｈ1 ", "H2", " ", None, "H3", "H4"],
            "person_type": ["港澳居民居住证", "护照", "HKM", "HKM", '{"a":1}', None],
            "household": ["1.0", "1", "2", "2", "3", "9.9E+17"],
        }
    )
    known = read_reference(people=people)
    assert known.people is not None
    assert known.people.select("person", "person_type", "household").rows() == [
        ("H1", "HKM", "1"),
        ("H2", "PASSPORT", "1"),
        ("H4", None, None),
    ]
    assert known.broken == {"people": 3}
    assert [warning.split(":")[0] for warning in known.warnings] == ["people.person_type", "people.household"]


def test_files__count_broken_and_unusable_lines_alike_in_command_and_call(tmp_path: Path) -> None:
    (tmp_path / "people.csv").write_text("person,household\nH1,1\nH2\n9.9E+17,2\n", encoding="utf-8")
    day = poolpipe.run(CASE / "input", people=tmp_path / "people.csv")
    asked = [
        str(CASE / "input"),
        "--people",
        str(tmp_path / "people.csv"),
        "--out",
        str(tmp_path / "out"),
        "--quiet",
    ]
    assert CliRunner().invoke(run_command, asked, catch_exceptions=False).exit_code == 0
    summary = json.loads((tmp_path / "out" / "summary.json").read_text(encoding="utf-8"))
    assert day.summary["reference_lines_broken"] == summary["reference_lines_broken"] == {"people": 2}
    assert day.summary["warnings"] == summary["warnings"]


def _listed(path: Path) -> None:
    pl.DataFrame({"person": [f"H{number}" for number in range(500)]}).write_parquet(path)


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("people.csv", b"", "holds no row of the table people"),
        ("people.csv", b"person,household\n", "holds no row of the table people"),
        ("people.ndjson", b"\n\n", "holds no row of the table people"),
        ("people.parquet", b"", "holds no row of the table people"),
        ("people.parquet", b"PAR1junk", "no row of the table people can be read: .*Parquet"),
        ("people.csv.gz", b"\x1f\x8b\x08junk", "no row of the table people can be read: .*gzip"),
    ],
)
def test_file__without_a_row_is_refused_by_its_name_and_what_it_lacks(
    name: str, content: bytes, told: str, tmp_path: Path
) -> None:
    (path := tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=told) as refused:
        read_reference(people=path)
    assert str(path) in str(refused.value)


@pytest.mark.parametrize("cut", ["rows", "end", "middle"])
def test_parquet__without_rows_or_damaged_is_refused_by_its_name(cut: str, tmp_path: Path) -> None:
    _listed(path := tmp_path / "people.parquet")
    content = bytearray(path.read_bytes())
    if cut == "rows":
        pl.read_parquet(path).clear().write_parquet(path)
    elif cut == "end":
        path.write_bytes(content[:-9])
    else:
        content[4 : len(content) // 3] = bytes(len(content) // 3 - 4)
        path.write_bytes(content)
    with pytest.raises(
        InputError, match="holds no row" if cut == "rows" else "can be read: the file cannot be read"
    ) as refused:
        read_reference(people=path)
    assert str(path) in str(refused.value)
    assert plain_residents(path) is None, "the night asks the same reader"


def test_reference__read_before_is_the_same_as_read_by_run() -> None:
    known = read_reference(sites=CASE / "sites.csv")
    assert _clocks(poolpipe.run(CASE / "input", reference=known)) == ["T0001"]


def test_check_character__of_a_resident_id_is_written_as_in_events_and_of_no_other_document() -> None:
    number = "11010519491231002x"
    people = pl.DataFrame({"person": [number, number, number], "person_type": ["RIC", None, "PASSPORT"]})
    read = read_reference(people=people).people
    assert read is not None
    assert read["person"].to_list() == ["11010519491231002X", "11010519491231002X", number]
