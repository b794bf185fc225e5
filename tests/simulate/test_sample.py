"""The sample town in the repository is what its README says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

from poolpipe.simulate import TROUBLES, simulate
from poolpipe.simulate.troubles.lines import CODES

SAMPLE = Path(__file__).parents[2] / "data" / "samples" / "town"

# The anomalies of docs/tables.md but for clock_skew and source_silent: files have no times of arrival.
ANOMALIES = [
    "bad_person_id",
    "rescanned",
    "person_in_two_tubes",
    "overfull_pool",
    "short_pool",
    "swab_count_mismatch",
    "tube_at_two_points",
    "mixed_mode",
    "tube_in_two_boxes",
    "box_received_twice",
    "empty_box",
    "box_count_mismatch",
    "orphan_tube",
    "tube_reloaded",
    "well_shared",
    "plate_control_missing",
    "plate_control_failed",
    "reading_incomplete",
    "reading_without_load",
    "conflicting_calls",
    "positive_set_aside",
    "out_of_order",
    "recall_wrong_lab",
    "unexplained_pool",
    "conflicting_event",
    "void_without_event",
    "clock_room_temperature",
    "clock_cold_store",
    "clock_result",
    "clock_recall",
    "clock_pickup",
]


def test_sample__has_every_trouble_and_every_anomaly():
    planted = pl.read_parquet(SAMPLE / "truth" / "troubles.parquet")
    assert set(TROUBLES) - {"unreadable"} <= set(planted["trouble"])
    assert set(planted["code"].drop_nulls()) == set(ANOMALIES)
    rejects = pl.read_parquet(SAMPLE / "truth" / "rejects.parquet")
    assert set(rejects["code"]) == set(CODES)


def test_sample__is_made_by_the_command_in_its_readme(tmp_path):
    assert "--preset town --seed 0 --format mixed" in (SAMPLE / "README.md").read_text(encoding="utf-8")
    simulate(tmp_path / "town", preset="town", seed=0, format="mixed")
    kept = {path.relative_to(SAMPLE) for path in SAMPLE.rglob("*.*") if path.name != "README.md"}
    made = {path.relative_to(tmp_path / "town") for path in (tmp_path / "town").rglob("*.*")}
    assert kept == made
    for path in sorted(kept):
        if path.suffix in (".csv", ".ndjson"):
            assert (SAMPLE / path).read_text("utf-8") == (tmp_path / "town" / path).read_text("utf-8"), path
        elif path.suffix == ".parquet":
            assert pl.read_parquet(SAMPLE / path).equals(pl.read_parquet(tmp_path / "town" / path)), path


def test_sample__is_small_and_says_that_it_is_simulated():
    assert sum(path.stat().st_size for path in SAMPLE.rglob("*") if path.is_file()) < 1_500_000
    readme = (SAMPLE / "README.md").read_text(encoding="utf-8")
    assert "simulated" in readme
    assert "虚构" in readme


def test_documentation__examples_run(tmp_path, monkeypatch):
    page = (SAMPLE.parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")
    example = page.split("```python\n")[1].split("```")[0]
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(example, names)  # noqa: S102 -- the page's own example
    assert names["summary"].truth["infected"] > 0


@pytest.mark.parametrize("trouble", TROUBLES)
def test_documentation__names_every_trouble(trouble):
    assert f"`{trouble}`" in (SAMPLE.parents[2] / "docs" / "simulate.md").read_text(encoding="utf-8")
