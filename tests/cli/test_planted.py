"""The check of a simulated city: nothing planted is missed, nothing else is found unseen."""

from __future__ import annotations

import polars as pl

from cli.days import printed, table
from poolpipe.boards.truth import truth_board
from poolpipe.planted import check_planted

KEYS = ("trouble", "code", "round", "subject_kind", "subject")


def planted(*rows):
    return pl.DataFrame(
        [dict(zip(KEYS, row, strict=True)) for row in rows], schema=dict.fromkeys(KEYS, pl.String)
    )


def found(*rows):
    return table("anomalies", [{**dict(zip(KEYS[1:], row, strict=True)), "severity": "info"} for row in rows])


def test_check__passes_when_all_is_found_and_nothing_else():
    check = check_planted(
        planted(("queue_end", "short_pool", None, "tube", "T1"), ("lost", None, None, "tube", "T2")),
        found(("short_pool", "", "tube", "T1")),
    )
    assert check.passed
    assert check.troubles.rows() == [("lost", None, 1, None), ("queue_end", "short_pool", 1, 1)]
    assert "无误报" in printed(truth_board(check))


def test_check__names_what_is_missed_and_what_was_not_planted():
    check = check_planted(
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
    check = check_planted(planted(), found(("clock_skew", "", "device", "PDA1")), explained=["clock_skew"])
    assert check.passed
    assert check.explained.rows() == [("clock_skew", 1)]


def test_check__takes_one_anomaly_for_every_trouble_that_caused_it():
    cause = ("short_pool", "", "tube", "T1")
    check = check_planted(planted(("lost", *cause), ("queue_end", *cause)), found(cause))
    assert check.passed
    assert check.troubles["found"].to_list() == [1, 1]


def test_truth_board__masks_people():
    number = "36078119850110000X"
    check = check_planted(planted(("twice", "person_in_two_tubes", "", "person", f"RIC:{number}")), found())
    assert number not in printed(truth_board(check))
