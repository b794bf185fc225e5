"""`poolpipe plan` as it is typed."""

from __future__ import annotations

import json

from click.testing import CliRunner

from poolpipe.commands.plan import plan


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
