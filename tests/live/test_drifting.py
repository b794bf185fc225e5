"""Laboratories that drift while tables are live: what the night says of the same events, whatever batches they come in."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

from cities.drifting_labs import DAY, lost_positives, plates_read
from poolpipe.events import read_events
from poolpipe.live import Live
from poolpipe.live.board import LiveBoard
from poolpipe.live.drifting import DriftWatch, drift_anomalies
from poolpipe.nightly import read_table, run_night
from poolpipe.pipeline import conclude
from poolpipe.policy import Policy
from poolpipe.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

POLICY = Policy()
POLICY = POLICY.model_copy(update={"drift": POLICY.drift.model_copy(update={"least_wells": 1})})
CITIES: dict[str, Callable[[], dict[str, pl.DataFrame]]] = {
    "control_ct": lambda: plates_read(control=2.7),
    "internal_control": lambda: plates_read(internal=3.0),
    "positivity": lambda: lost_positives(0.2),
    "contradiction": lambda: _contradicted(plates_read()),
    "": plates_read,
    "none lost": lambda: lost_positives(1.0),
}


def _contradicted(frames: dict[str, pl.DataFrame]) -> dict[str, pl.DataFrame]:
    """A laboratory reports as positive what its readings call negative."""
    collect = frames["collect"].head(1)
    report = collect.select(
        pl.col("at") + timedelta(hours=9), "tube", lab=pl.lit("L1"), call=pl.lit("positive")
    )
    return {**frames, "report": report}


def _live(frames: dict[str, pl.DataFrame]) -> Live:
    return Live(read_events(frames, POLICY), POLICY)


def _of_night(frames: dict[str, pl.DataFrame], folder: Path) -> pl.DataFrame:
    """The anomalies of the night's alarms."""
    with Store(folder / "city", policy=POLICY) as store:
        store.ingest(frames)
    run_night(folder / "city", DAY, folder / "night.duckdb")
    mart = read_table(folder / "night.duckdb", "lab_drift")
    told = mart.select(
        "chart", pl.col("subject").alias("lab"), pl.col("rang_at").alias("at"), "since", pl.col("counted").alias("count"),
        "direction", "statistic", "shift", "detail",
    ).with_columns(pl.col("at", "since").cast(pl.Datetime("us", "UTC")))  # fmt: skip
    return drift_anomalies(told)


@pytest.mark.parametrize("chart", CITIES)
def test_live_verdict__is_that_of_the_night(chart: str, tmp_path: Path) -> None:
    frames = CITIES[chart]()
    found = DriftWatch(_live(frames)).look()
    assert found.equals(_of_night(frames, tmp_path))
    if chart in ("", "none lost"):
        assert found.is_empty()
    else:
        assert found["subject"].to_list() == ["L1"]
        assert found["detail"][0].startswith(chart)


def test_batches__end_where_all_at_once_ends() -> None:
    frames = CITIES["control_ct"]()
    frames["read"] = frames["read"].with_columns(event_id=pl.format("r{}", pl.int_range(pl.len())))
    gone = frames["read"].filter(pl.col("plate") == "PL1-62")
    frames["void"] = gone.select("at", event="event_id", reason=pl.lit("x"))
    whole = DriftWatch(_live(frames)).look()
    live = _live({kind: frame.head(2) for kind, frame in frames.items()})
    watch, seen = DriftWatch(live), []
    mixed = {kind: frame.slice(2).sample(fraction=1, shuffle=True, seed=3) for kind, frame in frames.items()}
    for part in range(6):
        for kind, frame in mixed.items():
            rows = frame.gather_every(6, part)
            if rows.height:
                live.apply(read_events({kind: rows}, POLICY))
        seen.append(watch.look())
        if part == 3:
            live.rebase()
    assert seen[-1].equals(whole)
    assert seen[0].is_empty()


def test_day_before__stays_until_the_next_is_over() -> None:
    frames = CITIES["control_ct"]()
    live = _live(frames)
    watch = DriftWatch(live)
    before = watch.look()
    for days, is_there in ((1, True), (2, False)):
        later = (
            frames["collect"]
            .head(1)
            .with_columns(pl.col("at") + timedelta(days=days, hours=6), tube=pl.lit(f"N{days}"))
        )
        live.apply(read_events({"collect": later}, POLICY))
        assert watch.look().equals(before) is is_there
    assert watch.look().is_empty()


def test_board__tells_and_keeps_what_rings() -> None:
    frames = CITIES["control_ct"]()
    live = _live(frames)
    expected = conclude(read_events(frames, POLICY), POLICY).table("anomalies")
    board = LiveBoard(live, None, 96, drift_seconds=0.05)
    try:
        followed = board.changes(since=0, tables=["anomalies"], beat_s=60)
        next(followed)
        told = next(followed)
        assert '"code": "lab_drift"' in told
        assert '"change": "new"' in told
        rows = live.tables.table("anomalies")
        assert rows.filter(code="lab_drift")["subject"].to_list() == ["L1"]
        assert rows.filter(pl.col("code") != "lab_drift").equals(expected)
        live.rebase()
        assert live.tables.table("anomalies").equals(rows)
    finally:
        board.close()


def test_board__without_charts_is_what_a_run_is() -> None:
    frames = CITIES["control_ct"]()
    board = LiveBoard(_live(frames), None, 96)
    try:
        assert b"lab_drift" not in board.answer("anomalies", {"after": "0"})[1]
    finally:
        board.close()


def test_look_that_fails__is_told_and_the_board_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    failed, look = threading.Event(), DriftWatch.look

    def fails_first(watch: DriftWatch) -> pl.DataFrame:
        if failed.is_set():
            return look(watch)
        raise MemoryError

    monkeypatch.setattr(DriftWatch, "look", fails_first)
    live = _live(CITIES["control_ct"]())
    board = LiveBoard(live, None, 96, drift_seconds=0.01, charts_failed=lambda _: failed.set())
    try:
        assert failed.wait(60)
        assert b"lab_drift" in board.answer("anomalies", {"after": "0", "rows": "100000"})[1]
    finally:
        board.close()
