"""What a printed time means: each part of it, and each doubt with its options, decision and setting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from poolpipe.instruments import ImportPolicy
from poolpipe.instruments.times import moment

SHANGHAI = ("Asia/Shanghai", "UTC", "another zone")
CHINA_OR_CHICAGO = ("+08:00 (China)", "-06:00 (US Central)")
ORDERS = ("month first (mdy)", "day first (dmy)")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2022-02-10 12:30:45 AM UTC", (2022, 2, 10, 0, 30, 45)),
        ("2022-02-10 12:30:45 PM UTC", (2022, 2, 10, 12, 30, 45)),
        ("2022-02-10 1:30:45 AM UTC", (2022, 2, 10, 1, 30, 45)),
        ("2022-02-10 11:30:45 PM UTC", (2022, 2, 10, 23, 30, 45)),
        ("2022-02-10 13:30:45 PM UTC", (2022, 2, 10, 13, 30, 45)),
        ("2022-02-10 00:30:45 UTC", (2022, 2, 10, 0, 30, 45)),
        ("2022-02-10 23:59:59.25 UTC", (2022, 2, 10, 23, 59, 59, 250_000)),
        ("2022-02-10 23:59 UTC", (2022, 2, 10, 23, 59)),
        ("2022-02-10 08:00:00 +08:00", (2022, 2, 10)),
        ("2022-02-10 08:00:00 -05:30", (2022, 2, 10, 13, 30)),
        ("1990-01-01 00:00:00 UTC", (1990, 1, 1)),
        ("2199-12-31 00:00:00 UTC", (2199, 12, 31)),
        ("13/02/2022 08:00:00 UTC", (2022, 2, 13, 8)),
        ("02/13/2022 08:00:00 UTC", (2022, 2, 13, 8)),
        ("02/02/2022 08:00:00 UTC", (2022, 2, 2, 8)),
        ("03.02.2022 08:00:00 UTC", (2022, 2, 3, 8)),
        ("3-Feb-2022 08:00:00 UTC", (2022, 2, 3, 8)),
    ],
)
def test_moment__is_each_part_of_what_is_printed(text: str, expected: tuple[int, ...]) -> None:
    found = moment(text, ImportPolicy())
    padded = (*expected, 0, 0, 0, 0)
    year, month, day, hour, minute, second, fraction = padded[:7]
    at = datetime(year, month, day, hour, minute, second, fraction, tzinfo=UTC)
    assert (found.at, found.doubts) == (at, ())


@pytest.mark.parametrize(
    ("order", "evidence", "day"),
    [("mdy", None, (2, 3)), ("dmy", None, (3, 2)), ("dmy", "mdy", (2, 3)), (None, "dmy", (3, 2))],
)
def test_order_of_day_and_month__is_the_files_before_the_policys(
    order: Any, evidence: Any, day: tuple[int, int]
) -> None:
    found = moment("02/03/2022 08:00:00 UTC", ImportPolicy(date_order=order), evidence=evidence)
    assert found.at == datetime(2022, *day, 8, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "policy", "at", "zone", "doubts"),
    [
        ("soon", {}, None, "", [("bad_time", (), "left unknown", "at")]),
        ("", {}, None, "", []),
        ("2022-02-30 08:00 UTC", {}, None, "", [("bad_time", (), "left unknown", "at")]),
        ("1989-12-31 08:00 UTC", {}, None, "", [("bad_time", (), "left unknown", "at")]),
        ("2200-01-01 08:00 UTC", {}, None, "", [("bad_time", (), "left unknown", "at")]),
        ("2022-02-10 08:00 +24:00", {}, None, "", [("bad_time", (), "left unknown", "at")]),
        ("2022-02-10 08:00 +23:59", {}, "2022-02-09T08:01", "file: +23:59", []),
        ("2022-02-10", {}, None, "", [("date_without_time", (), "left unknown", "at")]),
        ("02/03/2022 08:00", {}, None, "", [("date_order", ORDERS, "left unknown", "date_order")]),
        ("2022-02-10 08:00", {}, "2022-02-10T00:00", "policy: Asia/Shanghai",
         [("time_without_zone", SHANGHAI, "Asia/Shanghai", "zone")]),
        ("2022-02-10 08:00", {"zone": "Europe/Berlin"}, "2022-02-10T07:00", "policy: Europe/Berlin",
         [("time_without_zone", ("Europe/Berlin", "UTC", "another zone"), "Europe/Berlin", "zone")]),
        ("2022-02-10 08:00 CST", {}, "2022-02-10T00:00", "policy: CST as in Asia/Shanghai",
         [("zone_ambiguous", CHINA_OR_CHICAGO, "as in Asia/Shanghai", "zone_abbreviations")]),
        ("2022-02-10 08:00 CST", {"zone": "Europe/Berlin"}, None, "",
         [("zone_ambiguous", CHINA_OR_CHICAGO, "left unknown", "zone_abbreviations")]),
        ("2022-02-10 08:00 IST", {}, None, "", [("zone_ambiguous", (), "left unknown", "zone_abbreviations")]),
        ("2022-02-10 08:00 CST", {"zone_abbreviations": {"CST": "-06:00"}}, "2022-02-10T14:00", "policy: CST -06:00", []),
        ("2022-07-10 08:00 EST", {}, "2022-07-10T13:00", "file: EST",
         [("zone_season", ("EST as written", "EDT"), "EST as written", "zone_abbreviations")]),
        ("2022-02-10 08:00 EST", {}, "2022-02-10T13:00", "file: EST", []),
    ],
)  # fmt: skip
def test_a_doubt__says_what_can_be_meant_how_it_was_decided_and_by_what(
    text: str, policy: dict[str, Any], at: str | None, zone: str, doubts: list[tuple[Any, ...]]
) -> None:
    found = moment(text, ImportPolicy.model_validate(policy))
    assert found.at == (at and datetime.fromisoformat(at + "+00:00"))
    assert found.zone == zone
    assert [
        (code, options, decided, setting) for code, _, options, decided, setting in found.doubts
    ] == doubts


def test_a_layouts_zone__is_for_times_without_one() -> None:
    found = moment("2022-02-10 08:00", ImportPolicy(), zone="UTC")
    assert (found.at, found.zone, found.doubts) == (datetime(2022, 2, 10, 8, tzinfo=UTC), "layout: UTC", ())
    assert moment("2022-02-10 08:00 +08:00", ImportPolicy(), zone="UTC").at == datetime(
        2022, 2, 10, tzinfo=UTC
    )
