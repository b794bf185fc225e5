"""What a day of a single event holds: a tube is known from whatever names it, and nothing is made up."""

from __future__ import annotations

from typing import Any

import pytest

import poolpipe
from pipeline.naive import frames_of

AT = "2022-02-10T01:00:00Z"
KNOWN: dict[str, tuple[dict[str, str], str, str | None]] = {
    "collect": ({"tube": "T", "person": "A", "person_type": "HKM"}, "collected", None),
    "seal": ({"tube": "T", "swabs": "3"}, "collected", None),
    "pack": ({"tube": "T", "box": "B"}, "packed", None),
    "load": ({"tube": "T", "plate": "P", "well": "A01", "lab": "L"}, "loaded", None),
    "report": ({"tube": "T", "call": "negative", "lab": "L"}, "reported", "negative"),
}
UNKNOWN: dict[str, tuple[dict[str, str], list[str]]] = {
    "pickup": ({"box": "B", "giver": "a", "receiver": "b"}, ["empty_box"]),
    "receive": ({"box": "B", "giver": "a", "receiver": "b", "lab": "L"}, ["empty_box"]),
    "read": (
        {"plate": "P", "well": "A01", "target": "N", "ct": "30"}, ["plate_control_missing", "reading_without_load"],
    ),
    "void": ({"event": "e", "reason": "误扫"}, ["void_without_event"]),
}  # fmt: skip


def _day(kind: str, facts: dict[str, str]) -> poolpipe.Day:
    return poolpipe.run(frames_of([{"kind": kind, "at": AT, **facts}]))


@pytest.mark.parametrize("kind", KNOWN)
def test_tube__is_known_from_any_single_event_that_names_it(kind: str) -> None:
    facts, state, call = KNOWN[kind]
    day = _day(kind, facts)
    pools: list[dict[str, Any]] = day.pools.to_dicts()
    assert [(pool["tube"], pool["state"], pool["call"]) for pool in pools] == [("T", state, call)]
    codes = set(day.anomalies["code"])
    assert ("orphan_tube" in codes) == (kind != "collect")
    assert day.ledger.select("collected", "orphans").rows() == [(1, 0) if kind == "collect" else (0, 1)]


@pytest.mark.parametrize("kind", UNKNOWN)
def test_event__that_names_no_tube_makes_none(kind: str) -> None:
    facts, codes = UNKNOWN[kind]
    day = _day(kind, facts)
    assert day.pools.is_empty()
    assert day.ledger.is_empty()
    assert sorted(day.anomalies["code"]) == codes


def test_box__that_was_never_packed_is_received_twice_all_the_same() -> None:
    receive = {"kind": "receive", "box": "B", "giver": "a", "receiver": "b", "lab": "L"}
    events = [{**receive, "at": f"2022-02-10T0{hour}:00:00Z"} for hour in (1, 2, 3)]
    found = poolpipe.run(frames_of(events)).anomalies.sort("code").select("code", "at").rows()
    assert [(code, at.hour) for code, at in found] == [("box_received_twice", 2), ("empty_box", 1)]
