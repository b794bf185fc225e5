"""The table of readings: those of the wells that calls rest on, and no others."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of, records_of_frames
from poolpipe.stages import readings as stage
from reference.cleaning import DEFAULT_POLICY, accept
from reference.day import Day as Reference

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]


def event(kind: str, clock: str, **facts: Any) -> Event:
    return {"kind": kind, "at": f"2022-02-10T{clock}:00+08:00", **facts}


def plate(name: str, clock: str, wells: dict[str, list[tuple[str, str]]], **facts: Any) -> list[Event]:
    """A plate with sound controls; `wells` holds what is read in each of them."""
    read = wells | {"H11": [("ORF1ab", ""), ("N", "")], "H12": [("ORF1ab", "28"), ("N", "29")]}
    roles = {"H11": "negative_control", "H12": "positive_control"}
    return [
        *(event("load", "12:00", plate=name, well=well, lab="L", role=role) for well, role in roles.items()),
        *(
            event("read", clock, plate=name, well=well, target=target, ct=ct, **facts)
            for well, rows in read.items()
            for target, ct in rows
        ),
    ]


def load(tube: str, name: str, well: str) -> Event:
    return event("load", "12:00", plate=name, well=well, lab="L", tube=tube)


POSITIVE = [("ORF1ab", "25.1"), ("N", "26.2"), ("IC", "24")]
NEGATIVE = [("ORF1ab", ""), ("N", ""), ("IC", "24")]


def told(events: list[Event], *columns: str, **options: Any) -> list[tuple[Any, ...]]:
    return poolpipe.run(frames_of(events), **options).readings.select(columns).rows()


def test_readings__are_those_of_the_well_that_gave_the_call() -> None:
    events = [
        load("T1", "P1", "A01"), load("T1", "P2", "B02"), load("T2", "P2", "C03"),
        *plate("P1", "14:00", {"A01": POSITIVE}),
        *plate("P2", "15:30", {"B02": NEGATIVE, "C03": NEGATIVE, "D04": POSITIVE}),
    ]  # fmt: skip
    assert told(events, "plate", "well", "target", "ct") == [
        ("P1", "A01", "IC", 24.0), ("P1", "A01", "N", 26.2), ("P1", "A01", "ORF1ab", 25.1),
        ("P2", "C03", "IC", 24.0), ("P2", "C03", "N", None), ("P2", "C03", "ORF1ab", None),
    ]  # fmt: skip


def test_readings__say_when_with_what_and_in_which_round() -> None:
    events = [
        {**load("T1", "P1", "A01"), "round": "2"},
        *(
            {**each, "round": "2"}
            for each in plate("P1", "14:00", {"A01": POSITIVE}, reagent="kit", instrument="PCR7")
        ),
    ]
    (first, *_) = poolpipe.run(frames_of(events)).readings.filter(target="N").to_dicts()
    assert first.pop("at").isoformat() == "2022-02-10T06:00:00+00:00"
    assert first == {"round": "2", "plate": "P1", "well": "A01", "target": "N", "ct": 26.2, "reagent": "kit",
                     "instrument": "PCR7", "shared": False}  # fmt: skip


def test_readings__of_one_target_stand_by_ct_then_time_and_each_once() -> None:
    rows = [("ORF1ab", "25.1"), ("N", ""), ("N", "27"), ("N", "26.5"), ("IC", "24")]
    again = [event("read", clock, plate="P1", well="A01", target="N", ct="27", operator=who)
             for clock, who in (("13:00", "A"), ("14:00", "B"), ("14:00", "C"))]  # fmt: skip
    events = [load("T1", "P1", "A01"), *plate("P1", "14:00", {"A01": rows}), *again]
    found = poolpipe.run(frames_of(events)).readings.filter(target="N")
    assert [(ct, at.hour) for ct, at in found.select("ct", "at").rows()] == [
        (26.5, 6),
        (27.0, 5),
        (27.0, 6),
        (None, 6),
    ]


def test_voided_readings__are_not_kept() -> None:
    wrong = event("read", "13:00", plate="P1", well="A01", target="N", ct="11", event_id="e1")
    events = [load("T1", "P1", "A01"), *plate("P1", "14:00", {"A01": POSITIVE}), wrong,
              event("void", "15:00", event="e1", reason="wrong well")]  # fmt: skip
    assert told(events, "target", "ct")[1] == ("N", 26.2)


def test_shared_well__is_marked() -> None:
    events = [load("T1", "P1", "A01"), load("T2", "P1", "A01"), load("T3", "P1", "B01"),
              *plate("P1", "14:00", {"A01": POSITIVE, "B01": NEGATIVE})]  # fmt: skip
    assert set(told(events, "well", "shared")) == {("A01", True), ("B01", False)}


def test_call_of_a_report__keeps_no_reading() -> None:
    events = [load("T1", "P1", "A01"), event("report", "13:00", tube="T1", call="positive", lab="L"),
              *plate("P1", "14:00", {"A01": POSITIVE})]  # fmt: skip
    assert told(events, "plate") == []


def test_invalid_plate__keeps_its_readings() -> None:
    events = [
        load("T1", "P1", "A01"),
        *(e for e in plate("P1", "14:00", {"A01": POSITIVE}) if e.get("well") != "H12"),
    ]
    day = poolpipe.run(frames_of(events))
    assert day.pools["call"].to_list() == ["invalid"]
    assert day.readings.height == 3


def test_campaign_without_readings__has_an_empty_table() -> None:
    day = poolpipe.run(frames_of([load("T1", "P1", "A01")]))
    assert day.readings.is_empty()
    assert day.summary["readings"] == "all"


TWO = [
    load("T1", "P1", "A01"),
    load("T2", "P1", "B01"),
    *plate("P1", "14:00", {"A01": POSITIVE, "B01": NEGATIVE}),
]


@pytest.mark.parametrize(
    ("asked", "most", "wells", "kept"),
    [
        ("auto", 10, {"A01", "B01"}, "all"),
        ("auto", 9, {"A01"}, "not-negative"),
        ("all", 9, {"A01", "B01"}, "all"),
        ("not-negative", 10, {"A01"}, "not-negative"),
    ],
)
def test_which_are_kept__is_chosen_by_number_or_by_word_and_told(
    asked: Any, most: int, wells: set[str], kept: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(stage, "MOST_READINGS", most)
    day = poolpipe.run(frames_of(TWO), readings=asked)
    assert set(day.readings["well"]) == wells
    assert day.summary["readings"] == kept
    assert set(day.view().readings["well"]) == wells, "another view keeps the same"
    day.write(tmp_path)
    assert json.loads((tmp_path / "summary.json").read_text("utf-8"))["rows"]["readings"] == 3 * len(wells)
    assert pl.read_parquet(tmp_path / "readings.parquet").equals(day.readings)


def test_ten_readings__are_what_two_tubes_and_their_controls_have() -> None:
    assert sum(each["kind"] == "read" for each in TWO) == 10


@pytest.mark.parametrize("seed", range(8090, 8093))
def test_random_city__keeps_what_the_reference_reads_in_the_wells_of_calls(seed: int) -> None:
    frames = frames_of(city(seed, size="small"))
    day = poolpipe.run(frames)
    accepted, _, _ = accept(records_of_frames(frames))
    wells = {
        (row["round"], *row["called_by"].removeprefix("well ").rsplit(":", 1)): row["call"]
        for row in day.pools.to_dicts()
        if (row["called_by"] or "").startswith("well ")
    }
    columns = ("round", "plate", "well", "target", "ct", "at", "reagent", "instrument")
    expected = {
        tuple(event.get(name) for name in columns)
        for event in Reference(accepted, DEFAULT_POLICY, None).of("read")
        if (event["round"], event["plate"], event["well"]) in wells
    }
    assert day.readings.height == len(expected)
    assert set(day.readings.select(columns).rows()) == expected
    results = {well for well, call in wells.items() if call != "invalid"}
    assert results <= {row[:3] for row in expected}, "law 3: a result has a reading behind it"
