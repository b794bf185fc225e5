"""What each lab received, loaded and reported hour by hour, against what it can test."""

from __future__ import annotations

from datetime import UTC, date, datetime

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.events.reference import read_reference
from poolpipe.stages.workload import by_day, total_labs


def moment(clock, day=4):
    return datetime.fromisoformat(f"2022-04-{day:02}T{clock}:00+00:00")


def tube(name, box, *, received, lab="L1", reported=None, call="negative"):
    rows = [
        {
            "kind": "collect",
            "at": moment("01:00").isoformat(),
            "tube": name,
            "person": f"P{name}",
            "person_type": "X",
        },
        {"kind": "pack", "at": moment("02:00").isoformat(), "tube": name, "box": box},
        {
            "kind": "receive",
            "at": received.isoformat(),
            "box": box,
            "giver": "g",
            "receiver": "r",
            "lab": lab,
        },
    ]
    if reported:
        rows.append({"kind": "report", "at": reported.isoformat(), "tube": name, "call": call, "lab": lab})
    return rows


def loaded(name, plate, well, at, lab="L1", role="sample"):
    return {
        "kind": "load",
        "at": at.isoformat(),
        "plate": plate,
        "well": well,
        "lab": lab,
        "tube": name,
        "role": role,
    }


EVENTS = [
    *tube("T1", "B1", received=moment("03:10"), reported=moment("05:59")),
    *tube("T2", "B1", received=moment("03:10"), reported=moment("07:00")),
    *tube("T3", "B2", received=moment("03:59"), reported=moment("06:00"), call="invalid"),
    *tube("T4", "B3", received=moment("20:00"), lab="L2"),
    loaded("T1", "P1", "A01", moment("04:00")),
    loaded("T2", "P1", "A02", moment("04:30")),
    loaded("T2", "P1", "A03", moment("05:30")),
    loaded(None, "P1", "H12", moment("04:00"), role="positive_control"),
    {"kind": "report", "at": moment("06:30").isoformat(), "tube": "T9", "call": "positive", "lab": "L3"},
]  # fmt: skip
LABS = pl.DataFrame({"lab": ["L1", "L4", "L2", "L3"], "capacity_per_day": ["48", "240", "-", "0"]})


def test_workload__counts_receipts_wells_and_results_by_the_hour():
    day = poolpipe.run(frames_of(EVENTS), labs=LABS)
    rows = {(row["lab"], row["hour"].hour): row for row in day.workload.to_dicts()}
    counts = {
        key: tuple(row[name] for name in ("received", "loaded", "reported", "waiting", "capacity_per_hour"))
        for key, row in rows.items()
    }
    assert counts == {
        ("L1", 3): (3, 0, 0, 3, 2.0),
        ("L1", 4): (0, 2, 0, 3, 2.0),
        ("L1", 5): (0, 1, 1, 2, 2.0),  # a re-run takes a well, too
        ("L1", 7): (0, 0, 1, 1, 2.0),  # invalid is no result: T3 still waits
        ("L2", 20): (1, 0, 0, 1, None),
        ("L3", 6): (0, 0, 1, 0, None),  # nobody told of its coming
    }
    assert day.workload.columns == [
        "lab",
        "hour",
        "received",
        "loaded",
        "reported",
        "waiting",
        "capacity_per_hour",
    ]


def test_labs__are_added_up_in_the_summary_with_those_that_nothing_came_to():
    day = poolpipe.run(frames_of(EVENTS), labs=LABS)
    told = {row["lab"]: row for row in day.summary["labs"]}
    assert list(told) == ["L1", "L2", "L3", "L4"]
    assert told["L1"] == {
        "lab": "L1", "capacity_per_day": 48.0, "received": 3, "loaded": 3, "reported": 2, "waiting": 1,
        "busiest_day": "2022-04-04", "busiest_share": 3 / 48,
    }  # fmt: skip
    assert (told["L4"]["capacity_per_day"], told["L4"]["received"], told["L4"]["busiest_day"]) == (
        240.0,
        0,
        None,
    )
    assert "labs" in next(each for each in day.summary["warnings"] if "capacity_per_day" in each)


def test_capacity__that_is_no_number_above_nothing_is_told():
    known = read_reference(labs=LABS)
    assert known.listed_labs().rows() == [("L1", 48.0), ("L4", 240.0), ("L2", None), ("L3", None)]
    assert [each for each in known.warnings if "capacity_per_day: 2 " in each]
    assert read_reference(labs=LABS.head(2)).warnings == ()


def test_days__are_those_of_the_zone_and_the_busiest_hour_is_theirs():
    hours = pl.DataFrame(
        {
            "lab": ["L1"] * 3,
            "hour": [moment("15:00"), moment("16:00"), moment("17:00")],  # 16:00 UTC is midnight in Shanghai
            "received": [30, 5, 5],
            "loaded": [0, 4, 40],
            "reported": [0, 1, 1],
            "waiting": [30, 34, 38],
            "capacity_per_hour": [1.0] * 3,
        }
    )
    days = by_day(hours, "Asia/Shanghai").to_dicts()
    assert [(row["day"], row["received"], row["loaded"], row["waiting"]) for row in days] == [
        (date(2022, 4, 4), 30, 0, 30), (date(2022, 4, 5), 10, 44, 38),
    ]  # fmt: skip
    assert [row["share"] for row in days] == [30 / 24, 44 / 24]
    assert [row["busiest_hour"].hour for row in days] == [15, 17]
    (total,) = total_labs(
        hours, pl.DataFrame(schema={"lab": pl.String, "capacity_per_day": pl.Float64}), "Asia/Shanghai"
    ).to_dicts()
    assert (total["busiest_day"], total["busiest_share"], total["received"]) == ("2022-04-05", 44 / 24, 40)


@pytest.mark.parametrize("seed", range(9400, 9403))
def test_workload__loses_no_tube_of_random_cities(seed):
    frames = frames_of(city(seed, size="medium" if seed % 2 else "small"))
    day = poolpipe.run(frames)
    pools = day.pools.to_dicts()
    results = [row for row in pools if row["call"] not in (None, "invalid")]
    came = [row for row in pools if row["received_at"] or row["loaded_at"] or row in results]
    table = day.workload
    assert table["received"].sum() == sum(row["received_at"] is not None for row in pools)
    assert table["reported"].sum() == len(results)
    assert (table["waiting"] >= 0).all()
    last = table.group_by("lab", maintain_order=True).agg(pl.col("waiting").last())
    assert last["waiting"].sum() == len(came) - len(results)
    by_lab: dict[tuple[str, datetime], int] = {}
    for row in results:
        hour = row["called_at"].replace(minute=0, second=0, microsecond=0)
        by_lab[row["lab"], hour] = by_lab.get((row["lab"], hour), 0) + 1
    told = {(lab, hour): n for lab, hour, n in table.select("lab", "hour", "reported").rows() if n}
    assert told == by_lab
    assert table.select("lab", "hour").is_unique().all()
    assert all(hour.tzinfo is not None and hour.astimezone(UTC).minute == 0 for hour in table["hour"])
