"""The moment a day is seen from: odd ones are told aloud."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

import poolpipe
from poolpipe.errors import InputError

START = datetime(2022, 2, 10, tzinfo=UTC)


def _run(*moments: datetime, as_of: datetime | str | None = None) -> poolpipe.Day:
    collects = pl.DataFrame(
        {
            "at": list(moments),
            "tube": "T",
            "person": [f"H{number}" for number in range(len(moments))],
            "person_type": "HKM",
        }
    )
    return poolpipe.run({"collect": collects}, as_of=as_of)


DAY = [START + timedelta(minutes=minutes) for minutes in range(20)]


def test_as_of__before_every_event_is_told() -> None:
    (warning,) = _run(*DAY, as_of="2022-02-09T08:00:00").summary["warnings"]
    assert "as_of 2022-02-09T08:00:00+08:00 lies before the first event, 2022-02-10T08:00:00+08:00" in warning
    assert "尚无任何结果" in warning
    assert _run(*DAY, as_of=START).summary["warnings"] == []


def test_as_of__that_one_late_event_sets_is_told() -> None:
    late = START.replace(year=2025)
    day = _run(*DAY, late)
    (warning,) = day.summary["warnings"]
    assert warning.startswith(
        "as_of 2025-02-10T08:00:00+08:00 is set by 1 event, 1,095 days after all others, "
    )
    assert "2022-02-10T08:19:00+08:00" in warning
    assert "--as-of" in warning
    assert _run(*DAY, late, as_of=DAY[-1]).summary["warnings"] == []


@pytest.mark.parametrize(
    ("days", "late", "told"),
    [
        (29, 1, False),
        (30, 1, True),
        (31, 1, True),
        (31, 3, True),
        (31, 4, False),
        (4000, 2, True),
        (0, 1, False),
    ],
)
def test_as_of__is_odd_where_few_events_lie_a_month_behind_all_others(
    days: int, late: int, told: bool
) -> None:
    behind = [DAY[-1] + timedelta(days=days, seconds=-number) for number in range(late)]
    assert bool(_run(*DAY, *behind).summary["warnings"]) is told


def test_as_of__of_a_campaign_with_few_events_at_its_end_is_not_odd() -> None:
    thin = [START + timedelta(days=days) for days in range(0, 300, 20)]
    assert _run(*DAY, *thin).summary["warnings"] == []


def test_as_of__of_nothing_is_nothing() -> None:
    assert poolpipe.run({"collect": pl.DataFrame()}, as_of=START).summary["warnings"] == []


@pytest.mark.parametrize("as_of", ["yesterday", "0001-01-01T00:00:00", "9999-12-31T23:59:59-08:00"])
def test_as_of__that_is_no_time_is_refused(as_of: str) -> None:
    with pytest.raises(InputError, match="is not a time"):
        _run(*DAY, as_of=as_of)


def test_view__tells_of_its_own_moment() -> None:
    day = _run(*DAY)
    assert day.summary["warnings"] == []
    assert len(day.view(as_of=START - timedelta(days=1)).summary["warnings"]) == 1
