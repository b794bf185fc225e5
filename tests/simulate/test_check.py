"""The check of a simulated city: nothing planted is missed, nothing else is found unseen."""

from __future__ import annotations

from datetime import timedelta

import polars as pl

from cli.days import NOON, printed, recall, table
from poolpipe.simulate.check import busiest_moment, check_planted
from poolpipe.terminal.truth import truth_board

KEYS = ("trouble", "code", "round", "subject_kind", "subject")


def planted(*rows):
    return pl.DataFrame(
        [dict(zip(KEYS, row, strict=True)) for row in rows], schema=dict.fromkeys(KEYS, pl.String)
    )


def found(*rows):
    return table("anomalies", [{**dict(zip(KEYS[1:], row, strict=True)), "severity": "info"} for row in rows])


def judged(troubles, anomalies, **options):
    return check_planted(troubles, garbled(), anomalies, table("rejects"), **options)


def garbled(*rows):
    schema = {"file": pl.String, "line": pl.Int64, "code": pl.String}
    return pl.DataFrame([dict(zip(schema, row, strict=True)) for row in rows], schema=schema)


def test_check__passes_when_all_is_found_and_nothing_else():
    check = judged(
        planted(("queue_end", "short_pool", None, "tube", "T1"), ("lost", None, None, "tube", "T2")),
        found(("short_pool", "", "tube", "T1")),
    )
    assert check.passed
    assert check.troubles.rows() == [("lost", None, 1, None), ("queue_end", "short_pool", 1, 1)]
    assert "无误报" in printed(truth_board(check))


def test_check__names_what_is_missed_and_what_was_not_planted():
    check = judged(
        planted(
            ("overfull", "overfull_pool", "1", "tube", "T1"), ("overfull", "overfull_pool", "2", "tube", "T1")
        ),
        found(("overfull_pool", "1", "tube", "T1"), ("orphan_tube", "1", "tube", "T9")),
    )
    assert not check.passed
    assert check.missed.rows() == [("overfull", "overfull_pool", "2", "tube", "T1")]
    assert check.unplanted.rows() == [("orphan_tube", "1", "tube", "T9")]
    assert check.troubles.rows() == [("overfull", "overfull_pool", 2, 1)]
    assert "未发现 1，未植入 1" in printed(truth_board(check))


def test_check__counts_explained_codes_apart():
    check = judged(planted(), found(("clock_skew", "", "device", "PDA1")), explained=["clock_skew"])
    assert check.passed
    assert check.explained.rows() == [("clock_skew", 1)]


def test_check__takes_one_anomaly_for_every_trouble_that_caused_it():
    cause = ("short_pool", "", "tube", "T1")
    check = judged(planted(("lost", *cause), ("queue_end", *cause)), found(cause))
    assert check.passed
    assert check.troubles["found"].to_list() == [1, 1]


def test_truth_board__masks_people():
    number = "36078119850110000X"
    check = judged(planted(("twice", "person_in_two_tubes", "", "person", f"RIC:{number}")), found())
    assert number not in printed(truth_board(check))


def test_check__holds_unreadable_lines_to_file_line_and_code():
    rejects = table(
        "rejects",
        [{"file": "a.csv", "line": 2, "code": "bad_well"}, {"file": "a.csv", "code": "not_parseable"}],
    )
    check = check_planted(
        planted(), garbled(("a.csv", 2, "bad_well"), ("a.csv", 3, "bad_time")), found(), rejects
    )
    assert check.missed.select("code", "subject").rows() == [("bad_time", "a.csv:3")]
    assert check.unplanted.select("code", "subject").rows() == [("not_parseable", "a.csv")]


def test_busiest_moment__is_when_most_people_wait():
    hours = [NOON + timedelta(hours=hour) for hour in range(6)]
    rows = [
        recall("T1", "A", opened_at=hours[0], closed_at=hours[2]),
        recall("T2", "B", opened_at=hours[1], closed_at=hours[5]),
        recall("T3", "C", opened_at=hours[2]),
        recall("T4", "D", opened_at=hours[3]),
    ]
    assert busiest_moment(table("recalls", rows)) == hours[3]
    assert busiest_moment(table("recalls")) is None
