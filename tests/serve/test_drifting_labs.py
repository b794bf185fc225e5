"""A laboratory that drifts is told while the service runs, and again after a kill; a run and the store's tables know nothing of it."""

from __future__ import annotations

import io
import json
import signal
from typing import TYPE_CHECKING, Any

import polars as pl

from cities.drifting_labs import DAY, plates_read
from poolpipe.live.drifting import drift_anomalies
from poolpipe.nightly import read_table, run_night
from poolpipe.store import Store
from serve.services import Service, new_store, serving

if TYPE_CHECKING:
    from pathlib import Path

FAST = {"rate": 1e6}


def _sent(service: Service, token: str, kind: str, frame: pl.DataFrame) -> int:
    """Send a frame; its position."""
    buffer = io.BytesIO()
    frame.write_ndjson(buffer)
    told = service.post(token, buffer.getvalue(), f"/events/{kind}")
    assert told.status == 200, told.body
    return int(told.body["position"])


def _drifting(service: Service, token: str, position: int) -> list[dict[str, Any]]:
    told = service.read(f"/tables/anomalies?rows=1000000&after={position}", token).body["rows"]
    return [row for row in told if row["code"] == "lab_drift"]


def test_service__tells_of_a_laboratory_that_drifts(tmp_path: Path) -> None:
    city, frames = tmp_path / "city", plates_read(control=2.7)
    tokens = new_store(city, gun=FAST, office={**FAST, "reads": "tables"})
    steady = pl.col("at") < frames["read"]["at"].sort()[frames["read"].height // 2]
    (tmp_path / "often.toml").write_text("[serve]\ndrift_seconds = 0.5\n")
    with serving(city, "--policy", str(tmp_path / "often.toml"), tables=True) as service:
        _sent(service, tokens["gun"], "collect", frames["collect"])
        _sent(service, tokens["gun"], "load", frames["load"])
        position = _sent(service, tokens["gun"], "read", frames["read"].filter(steady))
        service.wait_for_tables()
        assert _drifting(service, tokens["office"], position) == []
        last = _sent(service, tokens["gun"], "read", frames["read"].filter(~steady))
        before = _drifting(service, tokens["office"], last)
        assert [row["subject"] for row in before] == ["L1"]
        service.end(signal.SIGKILL)
    with serving(city, tables=True) as service:
        service.wait_for_tables()
        assert _drifting(service, tokens["office"], last) == before
        assert service.end() == 0, service.log
    with Store(city) as store:
        assert "lab_drift" not in store.run().anomalies["code"].to_list()
    run_night(city, DAY, tmp_path / "night.duckdb")
    mart = read_table(tmp_path / "night.duckdb", "lab_drift")
    night = drift_anomalies(
        mart.rename({"subject": "lab", "rang_at": "at", "counted": "count"}).drop("date", "code", "severity")
    )
    shown = json.loads(night.drop("detail").write_json())
    assert [{name: row[name] for name in shown[0]} for row in before] == shown
