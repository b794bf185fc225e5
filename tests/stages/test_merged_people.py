"""The public cases of people who were merged: numbers that lost their digits, tubes written with a point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest

import poolpipe
from poolpipe.stages.anomalies.rescans import CUT_WAY_OUT
from reference.anomalies import valid_resident_id

CASES = Path(__file__).parents[1] / "cases"
SCANS = CASES / "scans"


@pytest.mark.parametrize("case", ["07-parquet-float-ids/input", "26-excel-ids/input-sci"])
def test_case__ten_people_are_never_two(case: str) -> None:
    day = poolpipe.run(SCANS / case)
    assert day.rejects["code"].to_list() == ["bad_code"] * 10
    assert all(
        "its digits are lost" in detail and "format the column as text" in detail
        for detail in day.rejects["detail"]
    )
    assert day.members.is_empty()
    assert "rescanned" not in day.summary["anomalies"]


def test_case__a_decimal_tube_is_the_tube_that_was_loaded() -> None:
    day = poolpipe.run(SCANS / "19-numeric-tube-codes" / "input-decimal")
    assert day.pools.select("tube", "people", "call").rows() == [("22021000001", 10, "positive")]
    assert day.recalls.height == 10


def test_case__a_float_tube_above_2_to_the_53_is_no_tube() -> None:
    day = poolpipe.run(SCANS / "19-numeric-tube-codes" / "input-float")
    assert day.rejects["code"].to_list() == ["bad_code"] * 10
    assert day.pools["tube"].to_list() == ["9912345678901234"]  # as it was loaded


def test_case__an_object_is_no_person() -> None:
    day = poolpipe.run(CASES / "torture" / "person-object")
    assert day.rejects["code"].to_list() == ["bad_code"]
    assert "郑十一" not in str(day.members.to_dicts())


def test_case__many_scans_of_a_number_that_ends_in_zeros_are_listed() -> None:
    day = poolpipe.run(SCANS / "26-excel-ids" / "input-000")
    told = {row["code"]: row["detail"] for row in day.anomalies.to_dicts()}
    assert told["rescanned"].startswith(
        "10 scans of one number whose last digits are all zero, at 2022-02-10T00:00:00Z, "
    )
    assert "2022-02-10T00:09:00Z: a spreadsheet may have cut the numbers" in told["rescanned"]
    assert all(words in told["rescanned"] for words in CUT_WAY_OUT)
    assert "bad_person_id" in told


def _scans(*people: tuple[str | None, str], minutes: int = 1) -> poolpipe.Day:
    rows: list[dict[str, Any]] = [
        {"at": f"2022-02-10T08:{number * minutes:02}:00Z", "tube": "T", "person": person, "person_type": kind}
        for number, (kind, person) in enumerate(people)
    ]
    return poolpipe.run({"collect": pl.DataFrame(rows, schema=dict.fromkeys(rows[0], pl.String))})


def _rescanned(day: poolpipe.Day) -> str:
    (detail,) = day.anomalies.filter(pl.col("code") == "rescanned")["detail"].to_list()
    return str(detail)


@pytest.mark.parametrize(
    ("kind", "number", "cut"),
    [
        (None, "990100199001010000", True),
        ("TW", "990100199001010000", True),
        ("PASSPORT", "12345678901234500", True),
        ("PASSPORT", "1234567890123450000000", True),
        ("PASSPORT", "1234567890123450", False),  # one zero is chance
        ("PASSPORT", "E12345000", False),
        (None, "99010019900101001X", False),
        (None, "990100199001010020", False),
    ],
)
def test_rescanned__warns_where_the_digits_behind_the_fifteenth_are_zeros(
    kind: str | None, number: str, cut: bool
) -> None:
    other = ("HKM", "H1")
    told = _rescanned(_scans((kind, number), other, (kind, number)))
    assert ("a spreadsheet may have cut the numbers" in told) is cut
    assert ("nothing to do" in told) is not cut


def test_rescanned__counts_scans_and_numbers_and_lists_a_dozen() -> None:
    one, two = "990100199001010000", "990100199001020000"
    told = _rescanned(_scans(*[(None, one), (None, two)] * 7))
    assert told.startswith("14 scans of 2 numbers whose last digits are all zero, at 2022-02-10T08:00:00Z")
    assert told.count("2022-02-10T08:") == 12
    assert "T08:11:00Z, …: a spreadsheet" in told


def test_rescanned__of_a_number_that_was_scanned_once_warns_of_nothing() -> None:
    told = _rescanned(_scans((None, "990100199001010000"), ("HKM", "H1"), ("HKM", "H1")))
    assert "nothing to do" in told


def test_rescanned__of_a_number_whose_other_scan_is_void_warns_of_nothing() -> None:
    people = ["990100199001010000"] * 2 + ["990100199001020017"] * 2
    scans = pl.DataFrame(
        {
            "at": [f"2022-02-10T08:0{number}:00Z" for number in range(4)],
            "tube": ["T"] * 4,
            "person": people,
            "event_id": ["e0", "e1", "e2", "e3"],
        }
    )
    voids = pl.DataFrame({"at": ["2022-02-10T09:00:00Z"], "event": ["e0"], "reason": ["wrong"]})
    assert "nothing to do" in _rescanned(poolpipe.run({"collect": scans, "void": voids}))


def test_case__numbers_are_invented_and_their_checks_do_not_fit() -> None:
    assert not valid_resident_id("990100199001010000")
