"""What always holds (order, conservation, no result from nothing, no hidden positive, as of), on random cities."""

from __future__ import annotations

import json
import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from pipeline.naive import frames_of, records_of_frames
from poolpipe.stages.ledger import missing_tubes
from poolpipe.tables import STATES, TABLES
from reference.cleaning import DEFAULT_POLICY, accept, voided
from reference.codes import clean_code
from reference.times import clean_time
from reference.wells import Plates

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]

CONCLUDED = tuple(table for table in TABLES if table != "rejects")
"""Tables that say nothing of files and lines."""

ALARMING = ("positive", "suspect")


def _standing(events: list[Event]) -> list[Event]:
    """The accepted events that no void withdraws."""
    accepted, _, _ = accept(records_of_frames(frames_of(events)))
    return voided(accepted)[0]


def _bytes(day: poolpipe.Day, folder: Path) -> dict[str, bytes]:
    day.write(folder)
    return {table: (folder / f"{table}.parquet").read_bytes() for table in CONCLUDED}


def _told(day: poolpipe.Day) -> dict[str, Any]:
    """What the summary says of conclusions, not of files."""
    rows = {table: count for table, count in day.summary["rows"].items() if table in CONCLUDED}
    return {name: day.summary[name] for name in ("as_of", "policy", "anomalies")} | {"rows": rows}


def _unlike(one: poolpipe.Day, other: poolpipe.Day, *, leaving: tuple[str, ...] = ()) -> list[str]:
    """Tables in which two days differ, anomalies of some codes aside."""
    kept = ~pl.col("code").is_in(leaving)
    pairs = {table: (one.table(table), other.table(table)) for table in CONCLUDED}
    pairs["anomalies"] = (one.anomalies.filter(kept), other.anomalies.filter(kept))
    return [table for table, (mine, yours) in pairs.items() if not mine.equals(yours)]


# 1. Order does not matter.


@pytest.mark.parametrize("seed", range(8000, 8004))
def test_order__repetition_and_permutation_change_no_byte(seed: int, tmp_path: Path) -> None:
    events = city(seed, size="small")
    rng = random.Random(seed)
    again = events + [dict(event) for event in rng.choices(events, k=len(events) // 2)]
    for event in again[len(events) :]:  # sent again later: the time of sending does not count
        if clean_time(event.get("sent_at"), "UTC") is not None:
            event["sent_at"] = "2022-03-01T00:00:00Z"
    rng.shuffle(again)
    once, twice = poolpipe.run(frames_of(events)), poolpipe.run(frames_of(again))
    assert _bytes(once, tmp_path / "once") == _bytes(twice, tmp_path / "twice")
    assert _told(once) == _told(twice)
    rejected = [sorted(day.rejects["code"].unique()) for day in (once, twice)]
    assert rejected[0] == rejected[1]


@pytest.mark.parametrize("seed", range(8010, 8013))
def test_order__any_cut_into_files_of_any_format_gives_the_same_bytes(seed: int, tmp_path: Path) -> None:
    events = city(seed, size="small")
    days = []
    for cut, formats in enumerate((("csv", "ndjson.gz", "parquet"), ("ndjson", "csv.zst", "arrow"))):
        random.Random(cut).shuffle(events)
        write_city(events, tmp_path / f"in-{cut}", seed + cut, formats)
        days.append(poolpipe.run(tmp_path / f"in-{cut}"))
    one, other = (_bytes(day, tmp_path / f"out-{cut}") for cut, day in enumerate(days))
    assert one == other
    assert _told(days[0]) == _told(days[1])
    codes = [day.rejects["code"].value_counts(sort=True).sort("code").rows() for day in days]
    assert codes[0] == codes[1]


@pytest.mark.parametrize("seed", range(8020, 8022))
def test_order__two_runs_write_the_same_bytes(seed: int, tmp_path: Path) -> None:
    write_city(city(seed, size="medium", unparseable=True), tmp_path / "in", seed)
    for out in ("first", "second"):
        poolpipe.run(tmp_path / "in").write(tmp_path / out)
    names = sorted(path.name for path in (tmp_path / "first").iterdir())
    assert names == sorted([*(f"{table}.parquet" for table in TABLES), "summary.json"])
    for name in names:
        assert (tmp_path / "first" / name).read_bytes() == (tmp_path / "second" / name).read_bytes(), name


# 2. Nothing vanishes.


@pytest.mark.parametrize("seed", range(8100, 8103))
def test_conservation__every_record_of_every_file_is_accounted_for(seed: int, tmp_path: Path) -> None:
    held = write_city(city(seed, size="medium", unparseable=True), tmp_path, seed)
    day = poolpipe.run(tmp_path)
    assert {file["file"]: file["read"] for file in day.summary["files"]} == {
        name: len(records) for name, records in held.items()
    }
    rejected = dict(day.rejects.group_by("file").len().iter_rows())
    for file in day.summary["files"]:
        assert file["read"] == file["accepted"] + file["duplicates"] + file["rejected"], file
        assert file["rejected"] == rejected.get(file["file"], 0), file


@pytest.mark.parametrize("seed", range(8110, 8114))
def test_conservation__every_stage_of_the_ledger_balances_and_lists_its_rest(seed: int) -> None:
    events = city(seed, size="medium")
    day = poolpipe.run(frames_of(events))
    pools = day.pools.with_columns(pl.col("state").replace_strict(STATES, range(len(STATES))))
    group = ["round", "site", "box"]
    for place, state in enumerate(STATES):
        left = missing_tubes(pools, state)
        assert left["tube"].n_unique() == left.height or left.select("round", "tube").is_unique().all()
        counted = {row[:3]: row[3] for row in left.group_by(group).len().iter_rows()}
        for row in day.ledger.to_dicts():
            came_in, key = row[state], tuple(row[name] for name in group)
            went_on = row[STATES[place + 1]] if place + 1 < len(STATES) else 0
            assert came_in == went_on + counted.get(key, 0), (state, key)
    collected = {(e["round"], e["tube"]) for e in _standing(events) if e["kind"] == "collect"}
    assert day.ledger["collected"].sum() == len(collected)
    assert day.ledger["orphans"].sum() == day.pools["mode"].null_count() == day.pools.height - len(collected)


# 3. No result from nothing.


@pytest.mark.parametrize("seed", range(8200, 8204))
def test_calls__each_names_the_well_or_report_it_rests_on(seed: int) -> None:
    events = city(seed, size="medium")
    day = poolpipe.run(frames_of(events))
    standing = _standing(events)
    of = {kind: [e for e in standing if e["kind"] == kind] for kind in ("load", "read", "report")}
    collected = {(e["round"], e["tube"]) for e in standing if e["kind"] == "collect"}
    for load in of["load"]:  # a control by the name of a collected tube alone is that tube
        if load["role_from"] == "name" and (load["round"], load["tube"]) in collected:
            load["role"] = "sample"
    plates = Plates(of["load"], of["read"], DEFAULT_POLICY)
    loaded = {(e["round"], e["tube"], e["plate"], e["well"]) for e in of["load"] if e["role"] == "sample"}
    read = {(e["round"], e["plate"], e["well"]) for e in of["read"]}
    reported = {(e["round"], e["tube"], e["call"], e["lab"] or "", e["at"]) for e in of["report"]}
    assert day.pools.filter(pl.col("call").is_not_null()).height > 0
    for pool in day.pools.to_dicts():
        key, call, named = (pool["round"], pool["tube"]), pool["call"], pool["called_by"]
        assert (call is None) == (named is None) == (pool["called_at"] is None), pool
        if call is None:
            continue
        how, _, what = named.partition(" ")
        if how == "report":
            assert (*key, call, what, pool["called_at"]) in reported, pool
            continue
        plate, _, well = what.rpartition(":")
        assert how == "well", pool
        assert (*key, plate, well) in loaded, pool
        assert (key[0], plate) in plates.read_plates, pool
        if call != "invalid":
            assert plates.valid((key[0], plate)), pool
            assert (key[0], plate, well) in read, pool


# 4. A positive never hides.


def _later_events(events: list[Event], rng: random.Random) -> list[Event]:
    """Anything that may still come, except voids and what concerns a plate's controls."""
    standing = _standing(events)
    control_wells = {
        (e["round"], e["plate"], e["well"]) for e in standing if e["kind"] == "load" and e["role"] != "sample"
    }
    usable = [
        e
        for e in standing
        if e["kind"] != "void" and (e["round"], e.get("plate"), e.get("well")) not in control_wells
    ]
    added = []
    for event in rng.choices(usable, k=30):
        later = {name: value for name, value in event.items() if value is not None and name != "event_id"}
        later["at"] = event["at"] + timedelta(minutes=rng.choice([-600, -1, 0, 1, 90, 3000]))
        later |= {"call": rng.choice(["negative", "invalid"])} if "call" in later else {}
        later |= {"ct": rng.choice(["", "39.9", "45"])} if event["kind"] == "read" else {}
        added.append({name: _written(value) for name, value in later.items()})
    tubes = {(e["round"], e["tube"]) for e in standing if e.get("tube")}
    at = _written(max(e["at"] for e in standing) + timedelta(hours=1))
    for round_, tube in sorted(tubes):
        added.append({"kind": "report", "at": at, "round": round_, "tube": tube, "call": "negative"})
    return added + rng.sample(events, len(events) // 3)


def _written(value: Any) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _calls(day: poolpipe.Day) -> dict[tuple[str, str], str | None]:
    return {(pool["round"], pool["tube"]): pool["call"] for pool in day.pools.to_dicts()}


@pytest.mark.parametrize("seed", range(8300, 8305))
def test_positives__no_later_event_but_a_void_or_a_control_hides_one(seed: int) -> None:
    events = city(seed, size="medium")
    before = _calls(poolpipe.run(frames_of(events)))
    added = _later_events(events, random.Random(seed))
    after = _calls(poolpipe.run(frames_of(events + added)))
    assert any(call in ALARMING for call in before.values())
    for tube, call in before.items():
        if call in ALARMING:
            assert after[tube] in ALARMING, tube


@pytest.mark.parametrize("seed", [8311, 8312, 8314])
def test_positives__a_failed_control_names_every_tube_it_touches(seed: int) -> None:
    events = city(seed, size="medium")
    before = _calls(poolpipe.run(frames_of(events)))
    plates = sorted({(e["round"], e["plate"], e["lab"]) for e in _standing(events) if e["kind"] == "load"})
    failing = [
        {"kind": "load", "at": "2022-02-10T00:00:00Z", "round": round_, "plate": plate, "well": "H12",
         "lab": lab, "role": "positive_control"}
        for round_, plate, lab in plates
    ] + [
        {"kind": "read", "at": "2022-02-10T00:00:00Z", "round": round_, "plate": plate, "well": "H12",
         "target": target, "ct": ""}
        for round_, plate, _ in plates
        for target in ("ORF1ab", "N")
    ]  # fmt: skip
    day = poolpipe.run(frames_of(events + failing))
    after = _calls(day)
    hidden = {tube for tube, call in before.items() if call in ALARMING and after[tube] not in ALARMING}
    named = day.anomalies.filter(pl.col("code") == "positive_set_aside").select("round", "subject").rows()
    assert hidden
    assert hidden <= set(named)


# 5. As-of is honest.


@pytest.mark.parametrize("seed", range(8400, 8404))
def test_as_of__equals_a_run_without_the_later_events(seed: int) -> None:
    events = city(seed, size="medium")
    moments = sorted({event["at"] for event in _standing(events)})
    for share in (0.2, 0.7):
        as_of = moments[int(share * len(moments))]
        times = [clean_time(event.get("at"), "Asia/Shanghai") for event in events]
        known = [event for event, at in zip(events, times, strict=True) if at is None or at <= as_of]
        honest = poolpipe.run(frames_of(known), as_of=as_of)
        assert _unlike(poolpipe.run(frames_of(events), as_of=as_of), honest) == []


# Voids.


@pytest.mark.parametrize("seed", range(8500, 8505))
def test_void__is_as_if_the_event_had_never_come(seed: int) -> None:
    events = city(seed, size="medium")
    ids = sorted({e["event_id"] for e in _standing(events) if e["event_id"]})
    voided_ids = set(random.Random(seed).sample(ids, max(1, len(ids) // 4)) if ids else [])
    voids = [
        {"kind": "void", "at": "2022-02-10T00:00:00Z", "event": event_id, "reason": "误扫"}
        for event_id in sorted(voided_ids)
    ]
    without = [
        e for e in events if e.get("kind") == "void" or clean_code(e.get("event_id")) not in voided_ids
    ]
    as_of = "2022-02-14T00:00:00Z"
    withdrawn = poolpipe.run(frames_of(events + voids), as_of=as_of)
    never = poolpipe.run(frames_of(without), as_of=as_of)
    assert _unlike(withdrawn, never, leaving=("void_without_event",)) == []


def test_summary__is_written_as_json_of_what_the_day_says(tmp_path: Path) -> None:
    day = poolpipe.run(frames_of(city(8600, size="small")))
    day.write(tmp_path)
    written = json.loads((tmp_path / "summary.json").read_text("utf-8"))
    assert written.pop("tables").keys() == written["rows"].keys()
    assert written == day.summary
