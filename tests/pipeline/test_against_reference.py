"""Random small cities, from files and from frames, table by table against the naive reference."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from pipeline.naive import Expected, Rules, frames_of, records_of_frames, unlike

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

SITES = [
    {"site": "S1", "priority": True},
    {"site": "一小", "priority": True},
    {"site": "S2", "priority": False},
]

POLICIES = {
    "pools of five": Rules({"pools": {"capacity": 5}}, {"capacity": 5}),
    "three targets": Rules(
        {"assay": {"targets": ["ORF1ab", "N", "IC2"]}}, {"targets": ("ORF1ab", "N", "IC2")}
    ),
    "one target": Rules({"assay": {"targets": ["N"]}}, {"targets": ("N",)}),
    "other cut-offs": Rules(
        {"assay": {"detected_ct": 36.99, "grey_ct": 39.5, "internal_control_ct": 39.5}},
        {"detected": 36.99, "grey": 39.5},
    ),
    "no grey zone": Rules(
        {"assay": {"detected_ct": 40, "grey_ct": 40, "internal_control_ct": 40}},
        {"detected": 40.0, "grey": 40.0},
    ),
    "a control nobody reads": Rules({"assay": {"internal_control": "RNP"}}, {"internal_control": "RNP"}),
    "plates of 384": Rules(
        {"codes": {"plate_wells": 384}}, {"rows": "ABCDEFGHIJKLMNOP", "columns": 24}
    ),
    "short codes": Rules(
        {"codes": dict.fromkeys(("tube", "box", "plate"), "[0-9A-Z.-]{1,4}")},
        {"code_pattern": "[0-9A-Z.-]{1,4}"},
    ),
    "alternatives": Rules(
        {"codes": dict.fromkeys(("tube", "box", "plate"), "[TSX].*|0+[0-9]|[BP].+")},
        {"code_pattern": "[TSX].*|0+[0-9]|[BP].+"},
    ),
    "another zone": Rules({"time_zone": "Europe/Lisbon"}, {"zone": "Europe/Lisbon"}),
    "impatient clocks": Rules(
        {
            "clocks": {
                "pickup": 0.5, "room_temperature": 1, "cold_store": 2, "result": 1.5,
                "result_priority": 0.25, "result_never_beyond": 4, "recall": 1,
            }
        },
        {
            "pickup_s": 1800, "room_temperature_s": 3600, "cold_store_s": 7200, "result_s": 5400,
            "priority_result_s": 900, "result_collected_s": 14400, "recall_s": 3600,
        },
    ),
}  # fmt: skip


def _both(seed: int, size: str) -> tuple[dict[str, pl.DataFrame], list[dict[str, Any]]]:
    """A city as frames, for us, and as records, for the reference."""
    frames = frames_of(city(seed, size=size))
    return frames, records_of_frames(frames)


def _moment(records: list[dict[str, Any]], share: float) -> datetime:
    moments: list[datetime] = sorted(event["at"] for event in Expected.of_records(records).accepted)
    return moments[int(share * len(moments))]


@pytest.mark.parametrize(
    ("seed", "size"),
    [
        *((seed, "tiny") for seed in range(7000, 7006)),
        *((seed, "small") for seed in range(7100, 7104)),
        *((seed, "medium") for seed in range(7200, 7202)),
        (7300, "large"),
    ],
)
def test_run__agrees_with_the_reference_on_files(seed: int, size: str, tmp_path: Path) -> None:
    write_city(city(seed, size=size, unparseable=seed % 2 == 0), tmp_path, seed)
    assert unlike(Expected.of_folder(tmp_path), poolpipe.run(tmp_path)) == ""


@pytest.mark.parametrize(
    ("seed", "size"),
    [*((seed, "small") for seed in range(7400, 7406)), *((seed, "medium") for seed in range(7412, 7414))],
)
def test_run__agrees_with_the_reference_on_frames(seed: int, size: str) -> None:
    frames, records = _both(seed, size)
    assert unlike(Expected.of_records(records), poolpipe.run(frames)) == ""


@pytest.mark.parametrize("count", [1, 2, 3, 5, 8])
def test_run__agrees_with_the_reference_on_few_events(count: int) -> None:
    """Where the first row of a frame is the only one, and most frames are empty."""
    rng = random.Random(count)
    for seed in range(7900, 7908):
        events = rng.sample(city(seed, size="tiny"), count)
        frames = frames_of(events)
        told = unlike(Expected.of_records(records_of_frames(frames)), poolpipe.run(frames))
        assert told == "", (seed, events)


@pytest.mark.parametrize("seed", range(7500, 7504))
def test_run__agrees_with_the_reference_in_the_middle_of_a_day(seed: int) -> None:
    frames, records = _both(seed, "small")
    as_of = _moment(records, 0.1 + seed % 8 / 10)
    day = poolpipe.run(frames, as_of=as_of)
    assert unlike(Expected.of_records(records, as_of=as_of), day) == ""
    assert day.summary["as_of"] == as_of.isoformat().replace("+00:00", "Z")


@pytest.mark.parametrize("name", POLICIES)
def test_run__agrees_with_the_reference_under_other_policies(name: str) -> None:
    rules = POLICIES[name]
    frames, records = _both(7600 + list(POLICIES).index(name), "medium")
    day = poolpipe.run(frames, policy=rules.policy)
    assert unlike(Expected.of_records(records, rules=rules.naive), day) == ""


@pytest.mark.parametrize("seed", range(7700, 7704))
def test_run__gives_priority_sites_their_shorter_clock(seed: int) -> None:
    frames, records = _both(seed, "medium")
    rules = POLICIES["impatient clocks"] if seed % 2 else Rules()
    day = poolpipe.run(frames, policy=rules.policy, sites=pl.DataFrame(SITES))
    assert unlike(Expected.of_records(records, rules=rules.naive, sites=SITES), day) == ""


@pytest.mark.parametrize("seed", range(7800, 7803))
def test_view__is_a_run_under_the_other_policy_and_moment(seed: int) -> None:
    frames, records = _both(seed, "small")
    rules, as_of = POLICIES["other cut-offs"], _moment(records, 0.6)
    day = poolpipe.run(frames).view(policy=rules.policy, as_of=as_of)
    assert unlike(Expected.of_records(records, rules=rules.naive, as_of=as_of), day) == ""
    assert day.summary["policy"]["version"] == rules.policy.version


def test_run__of_nothing_at_all_is_empty_and_whole(tmp_path: Path) -> None:
    (tmp_path / "collect.csv").write_text("at,tube,person\n")
    day = poolpipe.run(tmp_path)
    nothing: dict[str, Any] = {
        "file": "collect.csv",
        "read": 0,
        "accepted": 0,
        "duplicates": 0,
        "rejected": 0,
    }
    assert day.summary["files"] == [nothing]
    assert day.summary["as_of"] is None
    assert set(day.summary["rows"].values()) == {0}
