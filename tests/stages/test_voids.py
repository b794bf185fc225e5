"""Which events count as of a moment: the rules on voids and ids, by hand and against the reference."""

from __future__ import annotations

import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.stages.voids import Standing, latest_at, standing_events
from reference.cleaning import content, voided
from reference.wells import grouped
from stages import drawn
from stages.coded import Event, coded, collect, event, minute

RESULT = event("report", 1, tube="T1", call="positive", event_id="e1")


def standing(events: list[Event], as_of: float | None = None) -> Standing:
    frames, codes = coded(events)
    return standing_events(frames, codes, None if as_of is None else minute(as_of))


def void(at: float, hit: str, **facts: str) -> Event:
    return event("void", at, event=hit, reason="误扫", **facts)


def counts(found: Standing) -> dict[str, int]:
    return {kind: frame.height for kind, frame in found.frames.items() if frame.height}


def test_void__withdraws_every_event_of_its_id_of_any_kind_and_round():
    """A voided event counts as if it had never come."""
    events = [RESULT, collect(0, "T1", 1, event_id="e1"), collect(0, "T2", 2, event_id="e2"),
              event("seal", 0, tube="T1", swabs=1, event_id="e1", round="2")]  # fmt: skip
    assert counts(standing([*events, void(2, "e1")])) == {"collect": 1}


def test_void__spares_events_without_an_id():
    assert counts(standing([RESULT | {"event_id": None}, void(2, "e1")])) == {"report": 1}


def test_void__that_names_no_known_event_is_told_at_its_first_moment():
    """Does nothing but an anomaly: one of a round and id, at the earliest such void."""
    found = standing([RESULT, void(5, "e9"), void(3, "e9"), void(4, "e9", round="2")])
    assert counts(found) == {"report": 1}
    assert found.unknown_voids.sort("round").rows() == [("", "e9", minute(3)), ("2", "e9", minute(4))]


def test_void__of_a_void_withdraws_nothing():
    """A void that names a void does nothing but an anomaly; the void that it names stays in force."""
    found = standing([RESULT, void(2, "e1", event_id="v1"), void(3, "v1")])
    assert counts(found) == {}
    assert found.unknown_voids["subject"].to_list() == ["v1"]


def test_id_of_several_contents__counts_twice_and_is_told():
    """The same event_id with other content is no duplicate: both count, with an anomaly."""
    found = standing([RESULT, RESULT | {"call": "negative", "at": minute(4)}])
    assert counts(found) == {"report": 2}
    assert found.conflicts.rows() == [("", "e1", minute(4))]


def test_id_of_several_contents__is_withdrawn_as_one():
    """A void of that id withdraws both, and what never came conflicts with nothing."""
    found = standing([RESULT, RESULT | {"call": "negative"}, void(2, "e1")])
    assert counts(found) == {}
    assert found.conflicts.is_empty()


def test_as_of__leaves_out_later_events_and_later_voids():
    """As of a moment events after it do not exist; a void at the moment itself does."""
    events = [RESULT, void(5, "e1"), event("report", 9, tube="T1", call="negative")]
    assert counts(standing(events, as_of=4.9)) == {"report": 1}
    assert counts(standing(events, as_of=5)) == {}


def test_latest_at__is_the_last_moment_of_any_kind():
    assert latest_at(coded([RESULT, void(7, "e1")]).frames) == minute(7)
    assert latest_at({"collect": pl.DataFrame(schema=coded([]).frames["collect"].schema)}) is None


@given(
    events=drawn.some(drawn.collects, drawn.packs, drawn.reports, drawn.voids, most=12),
    as_of=st.integers(0, 9),
)
def test_standing_events__are_those_of_the_reference(events, as_of):
    known = [each for each in events if each["at"] <= minute(as_of)]
    stay, _, missed = voided(known)
    found = standing(events, as_of)
    assert counts(found) == {kind: len(those) for (kind,), those in grouped(stay, "kind").items()}
    for kind in ("pack", "report"):
        kept = [each["at"] for each in stay if each["kind"] == kind]
        assert sorted(found.frames[kind]["at"].to_list()) == sorted(kept)
    first = {key: min(v["at"] for v in those) for key, those in grouped(missed, "round", "event").items()}
    assert sorted(found.unknown_voids.rows()) == sorted((*key, at) for key, at in first.items())
    ids = grouped(
        [e for e in [*stay, *(e for e in known if e["kind"] == "void")] if e["event_id"]], "event_id"
    )
    several = [those for those in ids.values() if len({content(each) for each in those}) > 1]
    last = [
        (round_, some[0]["event_id"], max(each["at"] for each in some))
        for those in several
        for (round_,), some in grouped(those, "round").items()
    ]
    assert sorted(found.conflicts.rows()) == sorted(last)
