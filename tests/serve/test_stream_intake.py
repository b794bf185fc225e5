"""A stream is read once and in order, whatever of it is refused or lost on the way; what no door would take is kept as rejected."""

from __future__ import annotations

import gzip
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.events.posted import PostedForm, StreamPlace
from poolpipe.events.posted_bodies import take_posted
from poolpipe.policy import load_policy
from poolpipe.serve.stream_intake import posted_of_message

SCAN = {"at": "2022-04-04 08:05", "tube": "T1", "person": "110105194912310021", "site": "S17"}


@given(st.lists(st.integers(1, 3), min_size=1, max_size=12), st.data())
def test_place__moves_only_along_the_chain_of_messages(steps: list[int], data: st.DataObject) -> None:
    sequences = [sum(steps[: i + 1]) for i in range(len(steps))]
    named, place = [], StreamPlace("2022-04-04T00:00:00.000001Z")
    for sequence in sequences:
        named.append(place.name(sequence))
        place = place._replace(sequence=sequence)
    lost = data.draw(st.integers(0, len(named)))
    taken = StreamPlace()
    for name in [*named[:lost], *named[lost + 1 :], "gun-1"]:
        taken = taken.after(name)
    assert taken.sequence == [0, *sequences][lost]
    for name in named[lost:]:
        taken = taken.after(name)
    assert taken == place


def test_place__of_a_stream_that_was_made_anew_begins_again() -> None:
    old, new = StreamPlace("2022-04-04T00:00:00.000001Z", 70), StreamPlace("2022-04-05T00:00:00.000001Z")
    assert old.after(new.name(1)) == new._replace(sequence=1)
    assert old.after(new._replace(sequence=3).name(4)) == old


@pytest.mark.parametrize(
    ("subject", "content", "headers", "accepted"),
    [
        ("collect.S17", json.dumps(SCAN).encode(), {}, True),
        ("collect", json.dumps(SCAN).encode(), {}, True),
        ("collect.S.17", json.dumps(SCAN | {"site": "S.17"}).encode(), {}, True),
        ("collect.S18", json.dumps(SCAN).encode(), {}, False),
        ("collect.S17", json.dumps(SCAN | {"kind": "report"}).encode(), {}, False),
        ("nothing.S17", json.dumps(SCAN).encode(), {}, False),
        ("collect.S17", b"\xff\xfe\x00garbage", {}, False),
        ("collect.S17", b"", {}, False),
        ("collect.S17", json.dumps(SCAN).encode(), {"Content-Encoding": "gzip"}, False),
        ("collect.S17", json.dumps(SCAN).encode(), {"Content-Encoding": "br"}, False),
        ("collect.S17", gzip.compress(json.dumps(SCAN).encode()), {"content-encoding": "GZIP"}, True),
    ],
)
def test_message__that_no_door_would_take_is_one_rejected_record(
    subject: str, content: bytes, headers: dict[str, str], accepted: bool
) -> None:
    policy = load_policy(None)
    name = StreamPlace("2022-04-04T00:00:00.000001Z", 6).name(7)
    posted = posted_of_message(f"poolpipe.events.{subject}", content, headers, name, policy)
    assert (posted.form != PostedForm.REFUSED) == accepted
    taken = list(take_posted([posted._replace(position=1)], policy))
    read = sum(int(each.read.sum()) for each in taken)
    rejected = sum(int(each.rejected.sum()) for each in taken)
    assert (read, rejected) == (1, 0 if accepted else 1)
    for each in taken:
        for code, detail in each.rejects.select("code", "detail").iter_rows():
            assert code == "not_parseable"
            assert "110105194912310021" not in detail
