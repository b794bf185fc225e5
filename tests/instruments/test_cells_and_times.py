"""Wells, numbers and times as instruments print them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.instruments import ImportPolicy
from poolpipe.instruments.cells import decimal_mark, fold, number, plain, well_name, well_number
from poolpipe.instruments.errors import AmbiguousFileError
from poolpipe.instruments.stamping import quadrant_well
from poolpipe.instruments.times import date_order_evidence, moment


@pytest.mark.parametrize("text", ["CT", "Ct", "Cт", "Сt", "ct ", "Ｃｔ", "CT:"])
def test_ct__is_one_name_in_every_alphabet(text: str) -> None:
    assert fold(text) == "ct"


def test_plain__keeps_letters_as_they_are() -> None:
    assert plain("\ufeff Ａ１\u3000") == "A1"
    assert plain("QuantStudio™ ①") == "QuantStudio™ ①"


@pytest.mark.parametrize(
    ("text", "well"),
    [("A1", "A01"), ("a01", "A01"), (" H12", "H12"), ("P24", "P24"), ("A-1", "A01"), ("Ａ１", "A01"), ("A0", None),
     ("Q1", None), ("A25", None), ("1A", None), ("", None), ("A1.5", None)],
)  # fmt: skip
def test_well_name__is_a_letter_and_two_digits(text: str, well: str | None) -> None:
    assert well_name(text) == well


def test_well_name__is_refused_outside_the_plate() -> None:
    assert well_name("A13", 8, 12) is None
    assert well_name("I01", 8, 12) is None


@pytest.mark.parametrize(
    ("text", "base", "order", "rows", "columns", "well"),
    [("1", 1, "row", 8, 12, "A01"), ("1.0", 1, "row", 8, 12, "A01"), ("13", 1, "row", 8, 12, "B01"), ("0", 0, "row", 8, 12, "A01"),
     ("96", 1, "row", 8, 12, "H12"), ("97", 1, "row", 8, 12, None), ("0", 1, "row", 8, 12, None), ("9", 1, "column", 8, 12, "A02"),
     ("8", 1, "column", 8, 12, "H01"), ("25", 1, "row", 16, 24, "B01"), ("384", 1, "row", 16, 24, "P24"), ("1.5", 1, "row", 8, 12, None)],
)  # fmt: skip
def test_well_number__counts_as_the_layout_says(
    text: str, base: int, order: str, rows: int, columns: int, well: str | None
) -> None:
    assert well_number(text, rows, columns, base=base, order=order) == well


@given(st.floats(0, 100).map(lambda x: round(x, 3)))
def test_number__reads_both_marks(value: float) -> None:
    text = f"{value:.3f}"
    assert number(text, ".") == value
    assert number(text.replace(".", ","), ",") == value
    assert number(text, ",") is None


@pytest.mark.parametrize(
    ("values", "others", "mark"),
    [(["18.7", "Undetermined"], ["118,248.200"], "."), (["18,71", "20"], ["1.234,50", "0,1"], ","), (["18,717"], [], ","),
     (["20", "40"], [], "."), ([], [], "."), (["27.893"], ["3.14", "0,5"], ".")],
)  # fmt: skip
def test_decimal_mark__is_decided_by_evidence(values: list[str], others: list[str], mark: str) -> None:
    assert decimal_mark(values, others) == mark


@pytest.mark.parametrize(
    ("values", "others"),
    [(["18.7", "18,7"], []), (["18,7"], ["118,248.200"]), (["27.893"], ["0,5"]), (["18,7"], ["0.137"])],
)
def test_decimal_mark__is_refused_where_evidence_contradicts(values: list[str], others: list[str]) -> None:
    with pytest.raises(AmbiguousFileError, match="comma"):
        decimal_mark(values, others)


def at(text: str, **settings: object) -> datetime | None:
    return moment(text, ImportPolicy.model_validate(settings)).at


NOON = datetime(2022, 2, 10, 4, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    ["2022-02-10 12:00:00", "2022-02-10T12:00:00+08:00", "2022/2/10 12:00", "2022年2月10日 12:00:00", "2022-02-10 04:00:00 UTC",
     "2022-02-10T04:00:00Z", "2022-02-10 12:00:00 PM", "2022-02-10 下午", "Feb 10, 2022 12:00:00 PM",
     "10-Feb-2022, 12:00", "10.02.2022 12:00",
     "2022-02-09 11:00:00 PM EST", "2022-02-10 04:00:00 GMT+00:00", "2022-02-10 12:00:00.000"],
)  # fmt: skip
def test_moment__reads_the_ways_instruments_print(text: str) -> None:
    expected = None if text.endswith("下午") else NOON
    assert at(text) == expected


@pytest.mark.parametrize(
    ("text", "code"),
    [("03-10-2024 10:00:00", "date_order"), ("2022-02-10 12:00:00 IST", "zone_ambiguous"), ("2022-02-10", "date_without_time"),
     ("2022-02-30 12:00:00", "bad_time"), ("2022-02-10 13:00:00 AM", "bad_time"), ("soon", "bad_time"),
     ("2022-02-10 12:00:00 XYZ", "zone_ambiguous"),
     ("0001-01-01 00:00:00 Z", "bad_time")],
)  # fmt: skip
def test_moment__that_is_open_stays_unknown_and_says_why(text: str, code: str) -> None:
    found = moment(text, ImportPolicy())
    assert found.at is None
    assert [doubt[0] for doubt in found.doubts] == [code]


def test_moment__without_zone_is_the_policys_and_a_doubt() -> None:
    found = moment("2022-02-10 12:00:00", ImportPolicy())
    assert (found.at, found.zone, found.doubts[0][0]) == (NOON, "policy: Asia/Shanghai", "time_without_zone")
    assert moment("2022-02-10 12:00:00 CST", ImportPolicy(zone_abbreviations={"CST": "+08:00"})).at == NOON


@pytest.mark.parametrize(
    ("zone", "text", "expected"),
    [("Asia/Shanghai", "2022-02-10 12:00:00 CST", "2022-02-10T04:00+00:00"),
     ("America/Chicago", "2022-02-10 12:00:00 CST", "2022-02-10T18:00+00:00"),
     ("America/Chicago", "2022-07-10 12:00:00 CST", None),  # daylight time: CDT
     ("Asia/Kolkata", "2022-02-10 12:00:00 IST", "2022-02-10T06:30+00:00"),
     ("Europe/London", "2022-07-10 12:00:00 BST", "2022-07-10T11:00+00:00")],
)  # fmt: skip
def test_moment__takes_an_abbreviation_for_the_policys_zone_where_it_fits(
    zone: str, text: str, expected: str | None
) -> None:
    found = moment(text, ImportPolicy(zone=zone))
    assert found.at == (expected and datetime.fromisoformat(expected))
    assert [doubt[0] for doubt in found.doubts] == ["zone_ambiguous"]


def test_date_order__is_proved_by_another_date() -> None:
    assert date_order_evidence(["01-15-2024", "03-10-2024"]) == "mdy"
    assert date_order_evidence(["15/01/2024"]) == "dmy"
    assert date_order_evidence(["15/01/2024", "01/15/2024"]) is None
    assert moment("03-10-2024 10:00", ImportPolicy(), evidence="mdy").at == datetime(
        2024, 3, 10, 2, 0, tzinfo=UTC
    )
    assert moment("03-10-2024 10:00", ImportPolicy(date_order="dmy")).at == datetime(
        2024, 10, 3, 2, 0, tzinfo=UTC
    )


def test_quadrants__fill_the_384_plate_once() -> None:
    wells = [f"{row}{column:02d}" for row in "ABCDEFGH" for column in range(1, 13)]
    for order in ("across", "down"):
        stamped = {quadrant_well(well, quadrant, order=order) for well in wells for quadrant in (1, 2, 3, 4)}
        assert len(stamped) == 384
    corners = [quadrant_well("A01", quadrant) for quadrant in (1, 2, 3, 4)]
    assert corners == ["A01", "A02", "B01", "B02"]
    assert quadrant_well("A01", 2, order="down") == "B01"
