"""The table `traces` of small random cities against plain dicts, hop by hop."""

from __future__ import annotations

import random
from typing import Any

import polars as pl
import pytest

import poolpipe
from cities.compare import differences
from cities.random_city import city
from pipeline.naive import frames_of, records_of_frames
from poolpipe.tables import LINKS
from reference.cleaning import DEFAULT_POLICY, accept
from reference.day import Day
from reference.traces import traces

COLUMNS = (
    "source_round", "source_tube", "round", "tube", "person_type", "person", "kind", "hops", "lag_s", "via",
)  # fmt: skip


def residents(day: Day, seed: int) -> list[dict[str, Any]]:
    """Households of the swabbed and of people who never were, some in two, some in none."""
    rng = random.Random(seed)
    people = sorted({(kind, person) for tube in day.tubes.values() for _, kind, person in tube.members})
    people += [("PASSPORT", "AA1"), ("ZZ", "z9"), ("RIC", "990781199001010005"), ("RIC", "no number")]
    homes = [f"H{number}" for number in range(1, 2 + len(people) // 2)]
    rows = [(*person, rng.choice([*homes, None])) for person in people for _ in range(rng.choice([1, 1, 2]))]
    return [{"person_type": kind, "person": person, "household": home} for kind, person, home in rows]


def both(
    seed: int,
    size: str,
    settings: dict[str, Any] | None = None,
    limits: dict[str, Any] | None = None,
    share: float = 1.0,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The rows of a city's table, as of a share of its moments, and those of the reference."""
    frames = frames_of(city(seed, size=size))
    accepted, *_ = accept(records_of_frames(frames), DEFAULT_POLICY)
    moments = sorted(event["at"] for event in accepted)
    as_of = moments[int(share * (len(moments) - 1))]
    day = Day(accepted, DEFAULT_POLICY, as_of)
    listed = residents(day, seed)
    schema = dict.fromkeys(("person_type", "person", "household"), pl.String)
    people = pl.DataFrame(listed, schema=schema)
    told = poolpipe.run(frames, policy={"trace": settings or {}}, people=people, as_of=as_of).traces
    homes = [(row["person_type"], row["person"], row["household"]) for row in listed]
    return told.to_dicts(), traces(day, homes, limits)


def unlike(told: list[dict[str, Any]], wanted: list[dict[str, Any]]) -> str:
    ours, theirs = (sorted(repr([row[name] for name in COLUMNS]) for row in rows) for rows in (told, wanted))
    return differences(theirs, ours)


CITIES = [
    *((seed, "small") for seed in range(8000, 8006)),
    *((seed, "medium") for seed in range(8100, 8103)),
    (8200, "large"),
]


@pytest.mark.parametrize(("seed", "size"), CITIES)
def test_traces__agree_with_the_reference(seed: int, size: str) -> None:
    assert unlike(*both(seed, size)) == ""


def test_traces__of_these_cities_have_links_of_every_kind() -> None:
    kinds = {row["kind"] for seed, size in CITIES[-4:] for row in both(seed, size)[0]}
    assert kinds == set(LINKS)


@pytest.mark.parametrize("hops", range(6))
def test_traces__agree_with_the_reference_hop_by_hop(hops: int) -> None:
    told, wanted = both(8100, "medium", {"hops": hops}, {"hops": hops})
    assert unlike(told, wanted) == ""
    assert max(row["hops"] for row in told) == hops


@pytest.mark.parametrize(
    ("settings", "limits"),
    [
        ({"queue_minutes": 60, "queue_scans": 2}, {"queue_s": 3600, "queue_scans": 2}),
        ({"queue_minutes": 1440, "queue_scans": 1000}, {"queue_s": 86_400, "queue_scans": 1000}),
        ({"look_back_days": 1 / 24}, {"look_back_s": 3600}),
        (
            dict.fromkeys(("queue", "household", "well", "decay"), 0.5)
            | {"queue_decay_s": 60, "latent_h": 12, "infectious_days": 2},
            {},
        ),
    ],
)
def test_traces__agree_with_the_reference_under_other_policies(
    settings: dict[str, Any], limits: dict[str, Any]
) -> None:
    assert unlike(*both(8300, "medium", settings, limits)) == ""


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_traces__agree_with_the_reference_in_the_middle_of_a_day(share: float) -> None:
    assert unlike(*both(8400, "medium", share=share)) == ""
