"""`poolpipe plan` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from poolpipe.commands.plan import plan

if TYPE_CHECKING:
    from pathlib import Path


def test_plan_command__shows_needs_in_both_languages() -> None:
    done = CliRunner().invoke(plan, ["--people", "10000", "--lab", "100"])
    assert done.exit_code == 0
    assert "1100" in done.stdout
    assert "采样管" in done.stdout
    assert "outruns the labs" in done.stdout


def test_plan_command__says_last_whether_the_labs_keep_up_and_shows_whole_numbers() -> None:
    done = CliRunner().invoke(plan, ["--people", "700000", "--lab", "20000", "--lab", "8000", "--rows", "99"])
    assert done.stdout.splitlines()[-2].startswith("collection outruns the labs")
    assert done.stdout.splitlines()[-1].startswith("borrow 7,000 tubes")
    hours = done.stdout[done.stdout.index("Hour by hour") :]
    rows = [list(map(int, line.split())) for line in hours.splitlines()[4:] if line.strip()[:1].isdigit()]
    collected, tested = (sum(row[column] for row in rows) for column in (1, 3))
    assert collected == 70_000
    assert tested == round(sum(row[3] for row in rows))
    assert all(row[4] >= 0 for row in rows)


def test_plan_command__tells_expected_positives_from_those_that_kits_are_kept_for() -> None:
    def basis(*arguments: str) -> dict[str, str]:
        done = CliRunner().invoke(plan, [*arguments, "--json"])
        return {need["item"]: need["basis"] for need in json.loads(done.stdout)["needs"]}

    few = basis("--people", "700000", "--lab", "40000")
    assert few["single_kits"] == "for 1.00% of pools positive, the least kept (0.57% expected); 10% spare"
    assert few["positive_pools"] == "0.57% of pools expected positive, true and false"
    assert basis("--people", "10000", "--prevalence", "0.01")["single_kits"].endswith(
        "positive as expected; 10% spare"
    )


def test_plan_command__speaks_json() -> None:
    done = CliRunner().invoke(plan, ["--people", "10000", "--json"])
    told = json.loads(done.stdout)
    assert {need["item"]: need["quantity"] for need in told["needs"]}["single_kits"] == 110
    assert len(told["hours"]) == told["finished_h"]


def test_plan_command__wrong_usage_is_status_two() -> None:
    assert CliRunner().invoke(plan, ["--people", "0"]).exit_code == 2


@pytest.mark.parametrize("lab", ["0", "-5", "nan", "inf"])
def test_plan_command__takes_no_lab_that_tests_nothing(lab: str) -> None:
    done = CliRunner().invoke(plan, ["--people", "10000", "--lab", "800", "--lab", lab])
    assert done.exit_code == 2
    assert "--lab" in done.stderr


def test_plan_command__takes_boxes_and_tubes_from_a_policy(tmp_path: Path) -> None:
    policy = tmp_path / "policy.toml"
    policy.write_text("[pools]\ncapacity = 20\nbox_capacity = 50\n", encoding="utf-8")
    for more, tubes in (((), 500), (("--pool-size", "5"), 2000)):
        done = CliRunner().invoke(plan, ["--people", "10000", "--policy", str(policy), "--json", *more])
        needs = {need["item"]: need["quantity"] for need in json.loads(done.stdout)["needs"]}
        assert (needs["tubes"], needs["box_loads"]) == (tubes, tubes // 50)


def test_plan_command__without_labs_names_what_is_assumed_and_borrows_nothing() -> None:
    done = CliRunner().invoke(plan, ["--people", "5000"])
    told = done.stdout.splitlines()[-2:]
    assert told[0].startswith("no labs given: 261 tubes a day assumed")
    assert told[1].startswith("the labs keep up")
    assert "borrow" not in done.stdout


def test_plan_command__json_is_in_whole_numbers_that_add_up() -> None:
    told = json.loads(CliRunner().invoke(plan, ["--people", "700000", "--lab", "28000", "--json"]).stdout)
    assert all(isinstance(value, int) for hour in told["hours"] for value in hour.values())
    assert sum(hour["collected"] for hour in told["hours"]) == 70_000
    assert [hour["hour"] for hour in told["hours"]] == list(range(len(told["hours"])))
    assert len({need["item"] for need in told["needs"]}) == len(told["needs"])
    assert (told["lab_gap_tubes_per_day"], told["assumed_tubes_per_day"]) == (7000, None)
