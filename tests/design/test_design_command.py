"""`poolpipe design` as it is typed."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner

from poolpipe import cli
from poolpipe.commands.design import design
from poolpipe.design import characteristics

if TYPE_CHECKING:
    from pathlib import Path


def told(*arguments: str) -> Any:
    done = CliRunner().invoke(design, [*arguments, "--json"], catch_exceptions=False)
    assert done.exit_code == 0
    return json.loads(done.stdout)


def test_design_command__characteristics_and_best() -> None:
    (found,) = told("characteristics", "hierarchical", "30,10,1", "--p", "0.0193")
    assert found["expected_tests"] == pytest.approx(7.640279, abs=1e-5)
    assert [group["people"] for group in found["groups"]] == [30]
    assert "people" not in found
    (found,) = told("best", "dorfman", "--p", "0.01", "--se", "0.99", "--sp", "0.99")
    assert found["sizes"] == [11]
    shown = CliRunner().invoke(design, ["characteristics", "dorfman", "10", "--p", "0.01"])
    assert re.search(r"expected_tests 每组预计检测数 +1\.956 ", shown.stdout)
    assert re.search(r"ppv 阳性预测值 +100\.00% ", shown.stdout)
    assert "a perfect test 假定检测无误" in shown.stdout
    shown = CliRunner().invoke(design, ["best", "dorfman", "--p", "0.01", "--se", "0.95", "--sp", "0.999"])
    assert "sensitivity 灵敏度 0.95, specificity 特异度 0.999;" in shown.stdout
    assert "perfect" not in shown.stdout


def test_design_command__says_where_it_looked_no_further() -> None:
    shown = CliRunner().invoke(design, ["best", "array", "--p", "0.0001"])
    assert "70 is the largest size looked through" in shown.stdout
    (found,) = told("best", "array", "--p", "0.0001")
    assert found["note"].startswith("70 is the largest")


def test_design_command__prevalence(tmp_path: Path) -> None:
    pl.DataFrame({"people": [7] * 24, "call": ["positive"] * 3 + ["negative"] * 21}).write_csv(
        tmp_path / "pools.csv"
    )
    (found,) = told("prevalence", str(tmp_path / "pools.csv"))
    assert round(found["prevalence"], 7) == 0.0188951


def test_design_command__assign_worklist_and_screen(tmp_path: Path) -> None:
    pl.DataFrame({"person": [f"{i:02}" for i in range(16)]}).write_csv(tmp_path / "people.csv")
    seats, steps = tmp_path / "seats.csv", tmp_path / "steps.csv"
    arguments = ["assign", str(tmp_path / "people.csv"), "array", "--size", "4"]
    done = CliRunner().invoke(design, [*arguments, "--out", str(seats), "--worklist", str(steps)])
    assert done.exit_code == 0
    assert pl.read_csv(steps).height == 32
    frame = pl.read_csv(seats, infer_schema=False)
    hit = frame.filter(pl.col("person") == "05")["pool"].to_list()
    pools = frame.select(pl.col("pool").unique()).with_columns(
        call=pl.when(pl.col("pool").is_in(hit)).then(pl.lit("positive")).otherwise(pl.lit("negative"))
    )
    pools.write_csv(tmp_path / "pools.csv")
    for method in ("comp", "dd", "scomp"):
        found = told("screen", str(seats), str(tmp_path / "pools.csv"), "--method", method)
        assert [row["person"] for row in found if row["infected"]] == ["05"]


@pytest.mark.parametrize("p", ["0.4", "1"])
def test_design_command__says_that_pooling_does_not_pay(p: str) -> None:
    """Where no pool saves a test; see geohot/corona issue 28."""
    done = CliRunner().invoke(design, ["best", "dorfman", "--p", p])
    assert re.search(r"sizes 混样比例 +1 ", done.stdout)
    assert "单采" in done.stdout
    (told,) = json.loads(CliRunner().invoke(design, ["best", "dorfman", "--p", p, "--json"]).stdout)
    assert (told["sizes"], told["tests_per_person"]) == ([1], 1.0)


@pytest.mark.parametrize(
    "arguments",
    [
        ["best", "dorfman", "--p", "nan"],
        ["best", "dorfman", "--p", "0.1", "--se", "1.2"],
        ["characteristics", "dorfman", "10", "--p", "0.1", "--sp", "0"],
        ["characteristics", "dorfman", "10", "--p", "-0.1"],
        ["assign", "x.csv", "array", "--volume", "0"],
        ["prevalence", "x.csv", "--confidence", "1"],
    ],
)
def test_design_command__refuses_numbers_that_cannot_be(arguments: list[str]) -> None:
    done = CliRunner().invoke(design, arguments)
    assert done.exit_code == 2, done.output


def test_design_command__wrong_usage_is_status_two() -> None:
    for arguments in (
        ["characteristics", "dorfman", "ten", "--p", "0.1"],
        ["best", "dorfman", "--p", "0.1", "--tests", "5"],
    ):
        assert CliRunner().invoke(design, arguments).exit_code == 2


def test_design_command__prevalence_by_site_fits_eighty_columns(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    sites = [f"S{number:06d}" for number in range(3) for _ in range(40)]
    calls = (["positive"] + ["negative"] * 39) * 3
    pl.DataFrame({"people": [10] * 120, "call": calls, "site": sites}).write_csv(tmp_path / "pools.csv")
    shown = CliRunner().invoke(design, ["prevalence", str(tmp_path / "pools.csv"), "--by", "site"]).stdout
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert "prevalence" in shown
    assert "流行率" in shown
    assert re.search(r"S000002 +0\.25% +0\.0\d+%–1\.\d\d% +40 +1 +400", shown)
    assert "firth" not in shown


def test_design_command__screen_shows_codes_and_masks_them_when_asked(tmp_path: Path) -> None:
    (tmp_path / "seats.csv").write_text("pool,person\nA,007\n", encoding="utf-8")
    (tmp_path / "pools.csv").write_text("pool,call\nA,positive\n", encoding="utf-8")
    files = ["screen", str(tmp_path / "seats.csv"), str(tmp_path / "pools.csv")]
    assert "007" in CliRunner().invoke(design, files).stdout
    assert "007" not in CliRunner().invoke(design, [*files, "--mask"]).stdout


@pytest.mark.parametrize("command", ["screen", "assign"])
def test_design_command__shows_resident_ids_as_decode_does_and_masks_them_when_asked(
    tmp_path: Path, command: str
) -> None:
    number = "11010519491231002X"  # GB 11643-1999, its own example
    (tmp_path / "seats.csv").write_text(f"pool,person\nA,{number}\n", encoding="utf-8")
    (tmp_path / "pools.csv").write_text("pool,call\nA,positive\n", encoding="utf-8")
    rest = {"screen": [str(tmp_path / "pools.csv")], "assign": ["array"]}[command]
    words = [command, str(tmp_path / "seats.csv"), *rest]
    assert number in CliRunner().invoke(design, words).stdout
    assert number not in CliRunner().invoke(design, [*words, "--mask"]).stdout


def test_design_command__json_counts_people_alike_and_rounds() -> None:
    """Of a group of ten with pools of four the last two share a smaller pool; see `characteristics` for the figures."""
    (found,) = told(
        "characteristics", "hierarchical", "10,4,1", "--p", "0.01", "--se", "0.95", "--sp", "0.999"
    )
    exact = characteristics("hierarchical", (10, 4, 1), 0.01, 0.95, 0.999)
    assert [group["people"] for group in found["groups"]] == [8, 2]
    assert len(str(found["tests_per_person"])) <= 9
    assert found["tests_per_person"] == pytest.approx(exact.tests_per_person, rel=1e-5)
    assert 1 - found["npv"] == pytest.approx(1 - exact.npv, rel=1e-3), (
        "what is missing from 1 keeps its digits"
    )
    last = exact.people.row(9, named=True)
    assert found["groups"][1]["pooling_specificity"] == pytest.approx(last["pooling_specificity"], abs=1e-6)


def test_design_command__writes_sizes_as_they_are_typed() -> None:
    refused = CliRunner().invoke(
        cli.poolpipe, ["design", "characteristics", "dorfman", "9,3,1", "--p", "0.1"]
    )
    assert refused.exit_code == 1
    assert "sizes 9,3,1 do not fit" in refused.stderr
    assert characteristics("dorfman", 10, 0.1).sizes == characteristics("dorfman", (10,), 0.1).sizes
    short = ["design", "best", "dorfman", "--p", "0.01", "--people", "1000", "--tests", "5"]
    assert "sizes 11 " in CliRunner().invoke(cli.poolpipe, short).stderr
