"""Laws of `traces`: order, repetition and names change nothing, later events do not exist, voided ones never came."""

from __future__ import annotations

import random

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of, records_of_frames
from reference.cleaning import DEFAULT_POLICY, accept

SEEDS = [(8600, "medium"), (8601, "small"), (8602, "small")]
TIMES = ("at", "sent_at")


def cleaned(seed, size):
    """Accepted events of a city as texts."""
    accepted, *_ = accept(records_of_frames(frames_of(city(seed, size=size))), DEFAULT_POLICY)
    return [
        {
            name: value.isoformat() if name in TIMES else str(value)
            for name, value in event.items()
            if value is not None and name not in ("file", "line")
        }
        for event in accepted
    ]


def traces(events, **options):
    return poolpipe.run(frames_of(events), **options).traces


@pytest.mark.parametrize(("seed", "size"), SEEDS)
def test_traces__do_not_depend_on_order_or_repetition(seed, size):
    events = cleaned(seed, size)
    again = [*events, *random.Random(seed).sample(events, len(events) // 3)]
    random.Random(seed).shuffle(again)
    assert traces(again).equals(traces(events))


@pytest.mark.parametrize(("seed", "size"), SEEDS)
def test_traces__as_of_a_moment_are_those_of_the_events_until_then(seed, size):
    events = cleaned(seed, size)
    moment = sorted(event["at"] for event in events)[3 * len(events) // 4]
    until = [event for event in events if event["at"] <= moment]
    assert traces(events, as_of=moment).equals(traces(until, as_of=moment))


def test_traces__of_voided_scans_are_as_if_they_had_never_come():
    events = [event for event in cleaned(8600, "medium") if event["kind"] != "void"]
    as_of = max(event["at"] for event in events)
    links = traces(events, as_of=as_of)
    told = links.filter(pl.col("hops") == 1)["tube"].drop_nulls().unique(maintain_order=True)
    gone = {
        id(event)
        for event in events
        if event["kind"] in ("collect", "load") and event.get("tube") in told.head(2)
    }
    rest = [event for event in events if id(event) not in gone]
    named = [
        {**event, "event_id": f"gone-{place}"} if id(event) in gone else event
        for place, event in enumerate(events)
    ]
    voids = [
        {"kind": "void", "at": event["at"], "event": event["event_id"], "reason": "wrong"}
        for event in named
        if event.get("event_id", "").startswith("gone-")
    ]
    without = traces(rest, as_of=as_of)
    assert traces([*named, *voids], as_of=as_of).equals(without)
    assert not without.equals(links)


def relabelled(events):
    """Every code and person by another name, in the same order."""
    people = sorted({(event["person_type"], event["person"]) for event in events if "person" in event})
    number = {person: f"E{place:06d}" for place, person in enumerate(people)}
    renamed = []
    for event in events:
        other = dict(event)
        for name in ("tube", "recall_of"):
            if name in event:
                other[name] = f"Q-{event[name]}"
        for name in ("box", "plate", "site", "point"):
            if name in event:
                other[name] = f"Z{event[name]}"
        if "person" in event:
            other |= {"person_type": "PASSPORT", "person": number[event["person_type"], event["person"]]}
        renamed.append(other)
    return renamed, number


@pytest.mark.parametrize(("seed", "size"), SEEDS)
def test_traces__are_the_same_under_other_names(seed, size):
    events = cleaned(seed, size)
    other, number = relabelled(events)
    back = {f"PASSPORT:{new}": person for person, new in number.items()}
    rows = []
    for row in traces(other).to_dicts():
        for name in ("source_tube", "tube"):
            row[name] = row[name] and row[name].removeprefix("Q-")
        if row["person"] is not None:
            row["person_type"], row["person"] = back[f"PASSPORT:{row['person']}"]
        row["via"] = (
            ":".join(back[row["via"]]) if row["via"] in back else row["via"] and row["via"].removeprefix("Z")
        )
        rows.append(row)
    wanted = traces(events)
    assert pl.DataFrame(rows, schema=wanted.schema).equals(wanted)
