"""What readers are given: rows by round, site, lab and status, pages, formats, and changes as server-sent events."""

from __future__ import annotations

import io
import json

import polars as pl
import pytest

from poolpipe.errors import InputError
from poolpipe.events import read_events
from poolpipe.live import Changes, Live
from poolpipe.live.answers import TableAsked, asked_rows, told_of, written
from poolpipe.live.rights import EVERYTHING
from poolpipe.live.told import ToldVersion
from poolpipe.policy import Policy

COLLECTS = {
    "at": ["2022-02-10T08:00:00Z", "2022-02-10T08:01:00Z", "2022-02-10T08:02:00Z"],
    "tube": ["T1", "T1", "T2"],
    "person_type": ["PASSPORT"] * 3,
    "person": ["E1", "E2", "E3"],
    "site": ["S1", "S1", "S2"],
}


def _report(tube: str, at: str, call: str) -> dict[str, pl.DataFrame]:
    return {"report": pl.DataFrame({"at": [at], "tube": [tube], "call": [call], "lab": ["L1"]})}


@pytest.fixture
def live() -> Live:
    return Live(read_events({"collect": pl.DataFrame(COLLECTS)}, Policy()), Policy())


def _apply(live: Live, tube: str, at: str, call: str = "positive") -> Changes:
    return live.apply(read_events(_report(tube, at, call), Policy()))


def _events(changes: Changes) -> str:
    return ToldVersion.of(changes).events(["recalls"], EVERYTHING, None)


def test_rows__are_those_of_a_site_lab_and_status(live: Live) -> None:
    _apply(live, "T1", "2022-02-10T12:00:00Z")
    _apply(live, "T2", "2022-02-10T12:30:00Z")
    asked = TableAsked("recalls", site="S1", lab="L1", status="open")
    assert asked_rows(live.tables, asked)["person"].to_list() == ["E1", "E2"]
    assert asked_rows(live.tables, asked._replace(first=1))["person"].to_list() == ["E2"]
    assert asked_rows(live.tables, asked._replace(rows=1))["person"].to_list() == ["E1"]
    assert asked_rows(live.tables, asked._replace(status="closed")).is_empty()
    assert asked_rows(live.tables, TableAsked("pools", site="S2"))["tube"].to_list() == ["T2"]


def test_rows__of_an_unknown_table_or_column_are_refused(live: Live) -> None:
    with pytest.raises(InputError, match="recal"):
        asked_rows(live.tables, TableAsked("recal"))
    with pytest.raises(InputError, match="status"):
        asked_rows(live.tables, TableAsked("cases", status="open"))


def test_versions__stay_as_they_were_for_who_holds_them(live: Live) -> None:
    held = live.tables
    _apply(live, "T1", "2022-02-10T12:00:00Z")
    assert held.table("recalls").is_empty()
    assert live.tables.table("recalls").height == 2


def test_formats__hold_the_same_rows(live: Live) -> None:
    _apply(live, "T1", "2022-02-10T12:00:00Z")
    rows, told = live.tables.table("recalls"), told_of(live.tables, "recalls")
    parsed = json.loads(written(rows, "json", told))
    assert parsed["position"] == 1
    assert parsed["as_of"] == "2022-02-10T12:00:00Z"
    assert [row["person"] for row in parsed["rows"]] == ["E1", "E2"]
    assert pl.read_csv(io.BytesIO(written(rows, "csv", told)))["person"].to_list() == ["E1", "E2"]
    assert pl.read_ipc_stream(io.BytesIO(written(rows, "arrow", told))).equals(rows)


def test_bulk_tables__say_of_which_version_they_are(live: Live) -> None:
    _apply(live, "T1", "2022-02-10T12:00:00Z")
    assert told_of(live.tables, "traces")["position"] == 0
    assert live.tables.table("traces").is_empty()
    live.rebase()
    assert told_of(live.tables, "traces")["position"] == 1
    assert live.tables.table("traces")["kind"].to_list() == ["member", "member"]


def test_changes__are_events_with_the_version_as_id(live: Live) -> None:
    text = _events(_apply(live, "T1", "2022-02-10T12:00:00Z"))
    events = [dict(line.split(": ", 1) for line in each.splitlines()) for each in text.strip().split("\n\n")]
    told = [json.loads(event["data"]) for event in events]
    assert {event["id"] for event in events} == {"1"}
    assert [(each["table"], each["change"], each["key"]["person"]) for each in told] == [
        ("recalls", "new", "E1"),
        ("recalls", "new", "E2"),
    ]
    assert _events(live.rebase()).startswith("event: again")


def test_changes__tell_recalls_that_became_overdue(live: Live) -> None:
    _apply(live, "T1", "2022-02-10T12:00:00Z")
    changes = _apply(live, "T2", "2022-02-10T18:00:01Z", "negative")
    gone, new = changes.of("recalls")
    assert (gone["overdue"].to_list(), new["overdue"].to_list()) == ([False, False], [True, True])


def test_history__gives_later_versions_or_says_that_they_are_gone(live: Live) -> None:
    for minute in range(3):
        _apply(live, "T1", f"2022-02-10T12:0{minute}:00Z")
    later = live.history.since(1)
    assert later is not None
    assert [each.version for each in later] == [2, 3]
    assert live.history.since(3) == []
    live.rebase()
    assert live.history.since(1) is None
