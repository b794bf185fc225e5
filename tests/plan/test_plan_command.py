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
