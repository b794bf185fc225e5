"""Two results side by side: only what differs, and all of it."""

from __future__ import annotations

import json

from cli.days import NOON, day, printed, recall, tube
from poolpipe.results.diff import compare
from poolpipe.terminal.boards import difference_boards

PERSON = "36078119850110000X"


def test_compare__finds_nothing_between_a_day_and_itself():
    same = day(pools=[tube("T1", "positive"), tube("T2")], recalls=[recall("T1", PERSON)])
    difference = compare(same, same)
    assert difference.is_empty
    assert set(difference.counts().values()) == {0}
    assert "结论相同" in printed(*difference_boards(difference))


def test_compare__finds_calls_that_changed_came_and_went():
    before = day(pools=[tube("T1", "negative"), tube("T2"), tube("T3", "suspect")])
    after = day(pools=[tube("T1", "positive"), tube("T2", "negative"), tube("T4")])
    difference = compare(before, after)
    assert difference.calls.select("tube", "known", "before", "after").rows() == [
        ("T1", "both", "negative", "positive"),
        ("T2", "both", None, "negative"),
        ("T3", "before", "suspect", None),
        ("T4", "after", None, None),
    ]
    assert difference.counts()["calls_raised"] == 1


def test_compare__finds_recalls_that_came_went_and_moved():
    before = day(recalls=[recall("T1", PERSON), recall("T2", PERSON)])
    after = day(recalls=[recall("T2", PERSON, status="closed", outcome="negative"), recall("T3", PERSON)])
    difference = compare(before, after)
    assert difference.recalls.select("tube", "change", "status_before", "status_after").rows() == [
        ("T1", "vanished", "open", None),
        ("T2", "changed", "open", "closed"),
        ("T3", "appeared", None, "open"),
    ]


def test_compare__counts_anomalies_and_cases():
    found = {"code": "short_pool", "severity": "info", "round": "", "subject_kind": "tube"}
    case = {
        "round": "",
        "tube": "S1",
        "person_type": "RIC",
        "person": PERSON,
        "collected_at": NOON,
        "called_at": NOON,
    }
    difference = compare(
        day(anomalies=[{**found, "subject": "T1"}, {**found, "subject": "T2"}]), day(cases=[case])
    )
    assert difference.anomalies.rows() == [("short_pool", 2, 0)]
    assert difference.cases.get_column("change").to_list() == ["appeared"]


def test_compare__matches_tubes_by_round_and_code():
    before = day(pools=[tube("T1", "negative", round="1"), tube("T1", "positive", round="2")])
    after = day(pools=[tube("T1", "positive", round="1"), tube("T1", "positive", round="2")])
    assert compare(before, after).calls.select("round", "tube").rows() == [("1", "T1")]


def test_difference__is_plain_json():
    before, after = (
        day(pools=[tube("T1")], policy=("a", "1")),
        day(pools=[tube("T1", "positive", called_at=NOON)]),
    )
    told = json.loads(json.dumps(compare(before, after).as_json()))
    assert told["calls"][0]["called_after"] == "2022-02-10T04:00:00Z"
    assert told["policy"]["before"]["version"] == "1"


def test_difference_boards__show_both_sides_and_mask_people():
    before = day(pools=[tube("T1", "negative")])
    after = day(pools=[tube("T1", "positive")], recalls=[recall("T1", PERSON)])
    shown = printed(*difference_boards(compare(before, after)))
    assert "negative 阴性" in shown
    assert "positive 阳性" in shown
    assert "appeared 新增" in shown
    assert PERSON not in shown
