"""Until when each tube is kept, and which may go: against plain Python, and by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.policy import Policy

DAY = datetime(2022, 4, 4, tzinfo=UTC)


def at(hours):
    return (DAY + timedelta(hours=hours)).isoformat()


def report(tube, call, hours, lab="L1"):
    return {"kind": "report", "at": at(hours), "tube": tube, "call": call, "lab": lab}


def kept(events, as_of, policy=None):
    day = poolpipe.run(frames_of(events), as_of=DAY + timedelta(hours=as_of), policy=policy)
    return {row["tube"]: row for row in day.retention.to_dicts()}, day


@pytest.mark.parametrize(
    ("call", "hours", "degrees"), [("negative", 24, 4.0), ("suspect", 168, -20.0), ("positive", 168, -20.0)]
)
def test_retention__is_24_hours_for_a_negative_and_seven_days_for_the_others(call, hours, degrees):
    for as_of, status in (
        (1 + hours - 0.01, "keep"),
        (1 + hours, "may_discard"),
        (1 + hours + 24, "may_discard"),
        (1 + hours + 24.01, "overdue"),
    ):
        found, day = kept([report("T1", call, 1)], as_of)
        assert found["T1"] == {
            "round": "", "tube": "T1", "lab": "L1", "call": call, "kept_from": DAY + timedelta(hours=1),
            "keep_until": DAY + timedelta(hours=1 + hours), "temperature_c": degrees, "status": status,
        }  # fmt: skip
        assert day.summary["retention"] == dict.fromkeys(("keep", "may_discard", "overdue"), 0) | {status: 1}


def test_retention__counts_from_the_call_that_stands():
    found, _ = kept([report("T1", "negative", 1), report("T1", "positive", 30)], 60)
    assert (found["T1"]["kept_from"], found["T1"]["status"]) == (DAY + timedelta(hours=30), "keep")


def test_retention__keeps_what_must_be_tested_again_without_an_end():
    found, _ = kept([report("T1", "invalid", 1)], 2000)
    assert (
        found["T1"] | {"keep_until": None, "kept_from": None, "temperature_c": None, "status": "keep"}
        == found["T1"]
    )
    collect = {"kind": "collect", "at": at(0), "tube": "T2", "person": "A", "person_type": "X"}
    assert "T2" not in kept([collect], 10)[0], "a tube without any result has nothing to be kept for yet"


def test_retention__keeps_a_negative_tube_whose_positive_well_was_set_aside():
    plate = [
        {"kind": "load", "at": at(1), "plate": "P1", "well": "A01", "lab": "L1", "tube": "T1"},
        *({"kind": "read", "at": at(2), "plate": "P1", "well": "A01", "target": target, "ct": "20"} for target in ("ORF1ab", "N", "IC")),
        report("T1", "negative", 3),
    ]  # fmt: skip
    found, day = kept(plate, 1000)
    assert day.summary["anomalies"]["positive_set_aside"] == 1
    assert (found["T1"]["call"], found["T1"]["keep_until"], found["T1"]["status"]) == (
        "negative",
        None,
        "keep",
    )


def test_retention__is_the_policys():
    rules = Policy(
        retention={"negative": 12, "negative_c": 8, "positive": 48, "positive_c": -70, "discard": 1}
    )
    found, _ = kept([report("N", "negative", 0), report("P", "positive", 0)], 13.5, rules)
    assert (found["N"]["temperature_c"], found["N"]["status"]) == (8.0, "overdue")
    assert (found["P"]["temperature_c"], found["P"]["status"]) == (-70.0, "keep")
    assert found["P"]["keep_until"] == DAY + timedelta(hours=48)


def plainly(day, as_of):
    """The table by plain rules, from `pools` and the tubes whose positive was set aside."""
    aside = {
        (row["round"], row["subject"]) for row in day.anomalies.filter(code="positive_set_aside").to_dicts()
    }
    rows = []
    for tube in sorted(day.pools.to_dicts(), key=lambda row: (row["round"], row["tube"])):
        key = (tube["round"], tube["tube"])
        if tube["call"] is None and key not in aside:
            continue
        again = tube["call"] in (None, "invalid") or key in aside
        hours = 24 if tube["call"] == "negative" else 168
        until = None if again else tube["called_at"] + timedelta(hours=hours)
        status = "keep" if until is None or as_of < until else "may_discard"
        if until is not None and as_of > until + timedelta(hours=24):
            status = "overdue"
        degrees = None if again else 4.0 if tube["call"] == "negative" else -20.0
        rows.append(
            (*key, tube["lab"], tube["call"], None if again else tube["called_at"], until, degrees, status)
        )
    return rows


@pytest.mark.parametrize("seed", range(9300, 9302))
def test_retention__agrees_with_plain_rules_on_random_cities(seed):
    frames = frames_of(city(seed, size="medium" if seed % 2 else "small"))
    for days in (0, 1, 2, 9):
        as_of = poolpipe.run(frames).summary["as_of"]
        now = datetime.fromisoformat(as_of) + timedelta(days=days)
        day = poolpipe.run(frames, as_of=now)
        assert day.retention.rows() == plainly(day, now)
        labs = day.kept_by_lab()
        again = day.retention.filter(pl.col("keep_until").is_null()).height
        counts = labs.select(pl.col("keep", "again", "may_discard", "overdue").sum()).row(0, named=True)
        assert counts["again"] == again
        assert counts["keep"] + again == day.summary["retention"]["keep"]
        assert {name: counts[name] for name in ("may_discard", "overdue")} == {
            name: day.summary["retention"][name] for name in ("may_discard", "overdue")
        }


def test_retention__is_written_in_pieces_as_it_is_shown(tmp_path, monkeypatch):
    frames = frames_of(city(9301, size="medium"))
    day = poolpipe.run(frames)
    monkeypatch.setattr("poolpipe.results.record_batches._ROWS", 3)
    day.write(tmp_path)
    assert pl.read_parquet(tmp_path / "retention.parquet").equals(poolpipe.run(frames).retention)
    read = type(day).read(tmp_path)
    assert read.kept_by_lab().sort("lab").equals(day.kept_by_lab().sort("lab"))
