"""Tubes that nobody is registered for: a positive one is never passed over."""

from __future__ import annotations

import polars as pl
import pytest
from rich.console import Console

import poolpipe
from poolpipe.terminal.boards import anomaly_board, campaign_board


def _day(*calls: tuple[str, str], collected: str = "0001") -> poolpipe.Day:
    """A day with one collected tube, and reports of tubes and calls."""
    collects = {"at": ["2022-02-10T08:00:00Z"], "tube": [collected], "person_type": ["HKM"], "person": ["H1"]}
    tubes, words = zip(*calls, strict=True)
    reports = {"at": ["2022-02-10T12:00:00Z"] * len(calls), "tube": list(tubes), "call": list(words)}
    return poolpipe.run({"collect": pl.DataFrame(collects), "report": pl.DataFrame(reports)})


def _drawn(board: object) -> str:
    console = Console(width=200)
    with console.capture() as captured:
        console.print(board)
    return captured.get()


def test_orphan__a_positive_one_leads_the_first_board_and_the_overview():
    day = _day(("1", "positive"), ("2", "suspect"), ("3", "positive"))
    board = _drawn(campaign_board(day, zone="Asia/Shanghai"))
    assert board.index("look here") < board.index(
        "2 positive tubes and 1 suspect tube whose people are unknown"
    )
    assert "阳性 2 管、可疑 1 管" in day.summary["warnings"][0]
    assert "find the people of 2 positive and 1 suspect tubes that nobody is registered for" in repr(day)


def test_orphan__a_negative_one_gives_no_warning():
    day = _day(("2", "negative"))
    assert day.summary["unregistered"] == {"positive": 0, "suspect": 0}
    assert day.summary["warnings"] == []
    assert "registered" not in repr(day)


def test_orphan__the_example_on_the_board_is_a_positive_one_with_its_call():
    day = _day(("A", "negative"), ("B", "positive"))
    assert "tube 样本管 B: called positive ：结果为阳性" in _drawn(anomaly_board(day.anomalies))


@pytest.mark.parametrize(
    ("collected", "reported", "told"),
    [
        ("0001", "1", True),
        ("0001", "2", False),
        ("A001", "1", False),
        ("0", "1", False),
        ("01", "001", False),
    ],
)
def test_orphan__a_registered_code_with_leading_zeros_is_named(collected: str, reported: str, told: bool):
    day = _day((reported, "positive"), collected=collected)
    (detail,) = day.anomalies.filter(code="orphan_tube")["detail"]
    assert (f"perhaps it is tube '{collected}'" in detail) is told


@pytest.mark.parametrize("call", ["positive", "suspect", "negative"])
@pytest.mark.parametrize("tube", ["T1", "Ｔ１", "T10"])
def test_refused_registration__of_a_grave_tube_leads_the_first_board(call: str, tube: str):
    fine = {"at": "2022-02-10T08:00:00Z", "tube": "T1", "person_type": "HKM", "person": "H1"}
    refused = fine | {"at": "2月10日 8:05", "tube": tube, "person": "H2"}
    reports = {"at": ["2022-02-10T12:00:00Z"], "tube": ["T1"], "call": [call]}
    day = poolpipe.run({"collect": pl.DataFrame([fine, refused]), "report": pl.DataFrame(reports)})
    told = [each for each in day.summary["warnings"] if "refused registrations" in each]
    assert day.recalls.height == (call != "negative")
    assert len(told) == (call != "negative" and tube != "T10")
    if told:
        assert "被拒收的采样记录中有 1 条属于阳性或可疑管 T1 (1)" in told[0]
        assert "people are on no list" in _drawn(campaign_board(day, zone="Asia/Shanghai"))


def test_refused_results__lead_the_first_board_without_their_words():
    calls = ["弱阳性", "+", "阳性", "990781198801010017"]
    tubes = [f"T{place}" for place in range(len(calls))]
    reports = pl.DataFrame({"at": "2022-02-10T12:00:00Z", "tube": tubes, "call": calls})
    day = poolpipe.run({"report": reports})
    (told,) = [each for each in day.summary["warnings"] if "words of their results" in each]
    assert "3 reports are refused" in told
    assert "有 3 条检测报告因结果用词不识别被拒收" in told
    assert "words of their results" in _drawn(campaign_board(day, zone="Asia/Shanghai")).replace("\n", " ")
    meant = poolpipe.run({"report": reports.filter(pl.col("call") == "阳性")})
    assert not [each for each in meant.summary["warnings"] if "words of their results" in each]
