"""Days of other time zones: of 23, 24 and 25 hours, every swab in one of them, by its own hour; a city before its first result."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest

import poolpipe
from poolpipe.nightly import read_table, run_night
from poolpipe.report import write_report

HOURS = 75
CLOCKS = {
    "America/New_York": [(date(2022, 11, 6), 25), (date(2022, 3, 13), 23)],
    "Asia/Kathmandu": [(date(2022, 11, 6), 24)],
}


def city(folder, middle):
    """One tube of two people every hour, before, on and after a day; nothing else is known of them."""
    begin = datetime(middle.year, middle.month, middle.day, tzinfo=UTC) - timedelta(hours=24)
    scans = pl.DataFrame(
        [
            {
                "at": begin + timedelta(hours=i, minutes=7),
                "site": "S1",
                "tube": f"T{i:03d}",
                "person": f"P{2 * i + k:05d}",
                "person_type": "PPN",
            }
            for i in range(HOURS)
            for k in range(2)
        ]
    )
    poolpipe.run({"collect": scans}, out=folder)
    return [begin + timedelta(hours=i, minutes=7) for i in range(HOURS)]


@pytest.mark.parametrize(
    ("zone", "day", "hours"), [(zone, *told) for zone, days in CLOCKS.items() for told in days]
)
def test_day__has_every_swab_of_its_hours_and_no_other(zone, day, hours, tmp_path):
    moments = city(tmp_path / "result", day)
    rules = {"time_zone": zone, "nightly": {"small_cell": 10}}
    out = tmp_path / "night.duckdb"
    told = run_night(tmp_path / "result", day + timedelta(days=1), out, days=3, policy=rules)
    assert "nightly_no_people" in told["notes"]
    local = Counter((each.date(), each.hour) for each in (at.astimezone(ZoneInfo(zone)) for at in moments))
    assert sum(count for (one, _), count in local.items() if one == day) == hours
    every = read_table(out, "throughput").drop_nulls("hour")
    for one in (day - timedelta(days=1), day, day + timedelta(days=1)):
        wanted = {hour: count for (other, hour), count in local.items() if other == one}
        found = every.filter(pl.col("date") == one)
        assert dict(zip(found["hour"], found["tubes"], strict=True)) == wanted
        assert read_table(out, "losses", one)["tubes"].sum() == sum(wanted.values())
    assert read_table(out, "reconciliation")["agrees"].all()
    assert read_table(out, "positivity").is_empty()


def test_report__of_a_day_of_25_hours_without_laboratories_and_residents_is_written(tmp_path):
    day = CLOCKS["America/New_York"][0][0]
    city(tmp_path / "result", day)
    out = tmp_path / "night.duckdb"
    run_night(tmp_path / "result", day, out, policy={"time_zone": "America/New_York"})
    written = write_report(out, day)
    page = written.html.read_text(encoding="utf-8")
    assert f"{day:%Y-%m-%d}" in page
    assert written.pdf.read_bytes().startswith(b"%PDF")
