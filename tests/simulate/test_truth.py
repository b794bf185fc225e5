"""What the truth says must be found is exactly what the naive reference finds."""

from __future__ import annotations

import polars as pl
import pytest

from poolpipe.simulate import TROUBLES, simulate
from reference.cleaning import accept, records_of
from reference.day import conclude
from reference.reading import read_files

ROW = ["code", "round", "subject_kind", "subject"]
CITIES = [
    ("town", 500, 1, {}, "parquet"),
    ("town", 700, 2, {}, "mixed"),
    ("town", 500, 3, dict.fromkeys(TROUBLES, 0.08), "csv.gz"),
    ("ruijin", 800, 4, dict.fromkeys(TROUBLES, 0.05), "ndjson"),
    ("shanghai", 1_200, 5, dict.fromkeys(TROUBLES, 0.06), "arrow"),
    ("shanghai", 900, 6, dict.fromkeys(TROUBLES, 0.3), "parquet"),
]


def _found(folder):
    """Anomalies and rejects by the reference, which knows nothing of the simulator."""
    accepted, _, rejects = accept(records_of(read_files(folder / "events")))
    sites = pl.read_parquet(folder / "reference" / "sites.parquet").to_dicts()
    tables = conclude(accepted, sites=sites)
    anomalies = {tuple(row[name] for name in ROW) for row in tables["anomalies"]}
    return tables, anomalies, sorted((row["file"], row["line"], row["code"]) for row in rejects)


def _expected(folder):
    planted = pl.read_parquet(folder / "truth" / "troubles.parquet")
    return set(planted.drop_nulls("code").select(ROW).iter_rows())


@pytest.mark.parametrize(("preset", "people", "seed", "troubles", "format_"), CITIES)
def test_truth__is_what_the_contract_finds(preset, people, seed, troubles, format_, tmp_path):
    simulate(
        tmp_path / "city",
        people=people,
        seed=seed,
        preset=preset,
        troubles=troubles,
        format=format_,
        pieces=2,
    )
    _, anomalies, rejects = _found(tmp_path / "city")
    expected = _expected(tmp_path / "city")
    assert expected - anomalies == set()
    assert anomalies - expected == set()
    lines = tmp_path / "city" / "truth" / "rejects.parquet"
    assert rejects == (sorted(pl.read_parquet(lines).iter_rows()) if lines.exists() else [])


def test_lean_rounds__are_named_and_kept_apart(tmp_path):
    troubles = dict.fromkeys(TROUBLES, 0.2)
    simulate(tmp_path / "city", people=150, seed=1, preset="shanghai", troubles=troubles, rounds=3)
    collected = pl.read_parquet(tmp_path / "city" / "events" / "collect" / "*.parquet")
    assert sorted(collected["round"].unique()) == ["2022-04-04", "2022-04-07", "2022-04-10"]
    _, anomalies, _ = _found(tmp_path / "city")
    assert anomalies == _expected(tmp_path / "city")


def test_calm_town__has_short_pools_and_nothing_else(town):
    tables, anomalies, rejects = _found(town.folder)
    assert {code for code, *_ in anomalies} == {"short_pool"}
    assert rejects == []
    planted = town.truth("troubles")
    assert set(planted["trouble"]) == {"queue_end"}
    assert all(row["status"] == "closed" and not row["late"] for row in tables["recalls"])
    infected = set(town.truth("infected")["person"])
    assert {row["person"] for row in tables["cases"]} <= infected
