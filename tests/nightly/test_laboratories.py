"""The night's charts of laboratories, from a store's events."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
import pytest

from cities.drifting_labs import BEGINS, DAY, PLATES, START, plates_read
from poolpipe.nightly import read_table, run_night
from poolpipe.policy import load_policy
from poolpipe.store import Store

ASSAY = load_policy().assay


@pytest.fixture(scope="module")
def frames():
    """The controls of L1 rise from the sixtieth plate on."""
    return plates_read(control=2.7)


@pytest.fixture(scope="module")
def night(frames, tmp_path_factory):
    folder = tmp_path_factory.mktemp("labs")
    with Store(folder / "city") as store:
        store.ingest(frames)
    told = run_night(folder / "city", DAY, folder / "night.duckdb")
    assert "nightly_no_false_alarms" not in told["notes"]  # a table without rows is there
    return folder / "night.duckdb"


def test_planted_drift__is_an_anomaly_of_the_night(night):
    found = read_table(night, "lab_drift").to_dicts()
    assert [
        (row["code"], row["severity"], row["subject"], row["chart"], row["direction"]) for row in found
    ] == [("lab_drift", "warning", "L1", "control_ct", "up")]
    assert found[0]["counted"] <= 10
    assert found[0]["since"] >= START + timedelta(minutes=10 * (BEGINS - 4))
    assert found[0]["rang_at"] <= START + timedelta(minutes=10 * (BEGINS + 12))


def test_charts__have_a_value_for_each_plate(night, frames):
    charts = read_table(night, "control_charts").filter(chart="control_ct")
    assert charts.group_by("lab").len().sort("lab").rows() == [("L1", PLATES), ("L2", PLATES)]
    controls = frames["read"].filter(pl.col("well") == "H12", pl.col("target") != ASSAY.internal_control)
    means = dict(controls.group_by("plate").agg(pl.col("ct").mean()).iter_rows())
    assert {row["plate"]: row["measure"] for row in charts.to_dicts()} == pytest.approx(means)


def test_westgard__lists_the_shifted_plates(night):
    broken = read_table(night, "westgard").filter(lab="L1", rule="2-2s")
    assert min(broken["read_at"].to_list()) >= START + timedelta(minutes=10 * BEGINS)


def test_voided_reading__is_not_charted(frames, tmp_path):
    first = frames["read"].with_columns(event_id=pl.format("r{}", pl.int_range(pl.len())))
    gone = first.filter(plate="PL2-3", well="H12")
    voids = pl.DataFrame({"at": gone["at"] + timedelta(minutes=1), "event": gone["event_id"], "reason": "x"})
    with Store(tmp_path / "city") as store:
        store.ingest({**frames, "read": first, "void": voids})
    run_night(tmp_path / "city", DAY, tmp_path / "night.duckdb")
    charts = read_table(tmp_path / "night.duckdb", "control_charts").filter(chart="control_ct", lab="L2")
    assert "PL2-3" not in charts["plate"].to_list()
    assert charts.height == PLATES - 1
