"""Every setting of the charts has an effect; `lookback_days` is the night's (tests/nightly/test_laboratories.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from drift.test_finding import ASSAY, NO_CALLS, NOTHING, calls, readings
from poolpipe.drift import find_drift
from poolpipe.drift_policy import DriftRules

if TYPE_CHECKING:
    import polars as pl

OTHERWISE = {
    "slack": 1.0, "limit": 8.0, "limit_down": 1.0, "difference_slack": 0.5, "difference_limit": 1.0, "clip": 2.0, "baseline": 50,
    "recent": 3, "least_wells": 30, "weak_ct": 27.0, "single_odds": 2.0, "single_limit": 2.0, "call_limit": 3.0, "lost": 0.5,
}  # fmt: skip


def test_settings__are_all_tried() -> None:
    assert {*OTHERWISE, "lookback_days"} == {*DriftRules.model_fields}


@pytest.fixture(scope="module")
def evidence() -> tuple[pl.DataFrame, pl.DataFrame]:
    return readings(7, control=2.7, second=2.7, single=0.9), calls(2, lost=0.67)


@pytest.mark.parametrize("setting", OTHERWISE)
def test_setting__has_an_effect(evidence: tuple[pl.DataFrame, pl.DataFrame], setting: str) -> None:
    told, shared = evidence
    hourly = shared if setting in ("call_limit", "lost") else NO_CALLS
    rules = DriftRules(), DriftRules.model_validate({setting: OTHERWISE[setting]})
    usual, changed = (find_drift(told, hourly, NOTHING, ASSAY, each) for each in rules)
    assert not (usual.charts.equals(changed.charts) and usual.alarms.equals(changed.alarms))
