"""Scores: what follows from the rules for a few people, from each setting, and for a city whose truth is known."""

from __future__ import annotations

import math
import random
from typing import Any

import polars as pl
import pytest
from benchmarks.trace_calibration import FIRST, bins, error_of, links_and_truth

import poolpipe
from poolpipe.simulate import Spread

CHANGED = {
    "queue_minutes": 2,
    "household": 0.2,
    "queue": 0.1,
    "queue_decay_s": 60,
    "latent_h": 48,
    "infectious_days": 3,
    "decay": 0.1,
}
"""Another value of every setting that scores have."""

COLLECTS = [
    ("R1", "2022-04-04T08:00:00Z", "A", "ill"),
    ("R1", "2022-04-04T08:01:00Z", "B", "behind"),
    ("R1", "2022-04-04T08:06:00Z", "C", "later"),
    ("R1", "2022-04-04T12:00:00Z", "D", "mate"),
    ("R2", "2022-04-07T08:01:00Z", "E", "behind"),
    ("R2", "2022-04-07T12:00:00Z", "F", "mate"),
]
POSITIVE = {"A", "F"}
HOMES = pl.DataFrame({"person_type": ["X"] * 3, "person": ["ill", "mate", "unseen"], "household": ["H"] * 3})


CROWD = [
    (name, f"2022-04-0{day}T02:00:00Z", f"{name}-{number}", f"P{number}")
    for name, day in (("R1", 4), ("R2", 7))
    for number in range(500)
]
"""People elsewhere who are all negative: infections from nowhere are rare."""


def _scores(positive=POSITIVE, shuffle=None):
    """Best score of each kind and person from tube A."""
    scans = [(*each, "S") for each in COLLECTS] + [(*each, "far") for each in CROWD]
    collects = [
        {
            "round": name,
            "at": at,
            "tube": tube,
            "person": person,
            "person_type": "X",
            "site": site,
            "mode": "single",
        }
        for name, at, tube, person, site in scans
    ]
    reports = [
        {
            "round": name,
            "at": f"{at[:10]}T16:00:00Z",
            "tube": tube,
            "call": "positive" if tube in positive else "negative",
        }
        for name, at, tube, _, _ in scans
    ]
    if shuffle is not None:
        for rows in (collects, reports):
            random.Random(shuffle).shuffle(rows)
    frames = {"collect": pl.DataFrame(collects), "report": pl.DataFrame(reports)}
    found = poolpipe.run(frames, people=HOMES).traces.filter(source_tube="A")
    return {(row["kind"], row["person"]): row["score"] for row in found.sort("score").to_dicts()}


def test_scores__follow_from_what_was_found_later():
    scores = _scores()
    assert scores["member", "ill"] > 0.9
    # The housemate was negative beside the first and is positive three days later: little else explains that.
    assert scores["household", "mate"] > 0.8
    # Who was never swabbed may have been infected in the few days in which the two were infectious.
    assert 0.02 < scores["household", "unseen"] < 0.3
    # Who stood behind in the queue was negative since.
    assert scores["queue", "behind"] < 0.005
    # Who stood there six minutes later was not swabbed again: what the rules expect, and no more.
    assert scores["queue", "later"] == pytest.approx(0.035 * math.exp(-2), rel=0.15)


def test_scores__explain_a_later_positive_in_the_queue():
    assert _scores(POSITIVE | {"E"})["queue", "behind"] > 0.5
    assert _scores(POSITIVE | {"B", "E"})["queue", "behind"] < 0.05, (
        "positive on that day: infected before it"
    )


def test_scores__do_not_depend_on_the_order_of_events():
    first = _scores()
    assert all(_scores(shuffle=seed) == first for seed in range(2))


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    folder = tmp_path_factory.mktemp("spread")
    return folder, links_and_truth(folder, people=40_000, seed=3, rounds=3, spread=Spread(queue=0.1))


def test_scores__are_calibrated(city):
    """The figures of docs/scores.md are of more cities; here chance leaves more room."""
    _, (links, seen) = city
    assert links.filter("true", pl.col("kind") == "household").height > 20
    assert error_of(bins(links)) < 0.02
    assert (seen["rank"] <= FIRST).mean() > 0.85


def _deep(folder, **rules):
    """Scores of links up to four, in order."""
    known = folder / "reference" / "people.parquet"
    day = poolpipe.run(folder / "events", policy={"trace": {"hops": 4, **rules}}, people=known, views=False)
    return day.traces["score"].drop_nulls().sort()


@pytest.fixture(scope="module")
def usual(city):
    return _deep(city[0])


@pytest.mark.parametrize("setting", CHANGED)
def test_setting__changes_scores(city, usual, setting):
    assert not _deep(city[0], **{setting: CHANGED[setting]}).equals(usual)


def _beside(ct, policy=None):
    """Scores of the wells around a weak positive, by tube: a strong one is at its right; without Ct the lab reports."""
    wells = {"WEAK": ("B02", ct[0]), "STRONG": ("B03", ct[1]), "CLEAR": ("B01", None)}
    at = "2022-04-04T08:00:00Z"
    collect = [
        {"at": at, "tube": tube, "person": tube, "person_type": "X", "mode": "single"} for tube in wells
    ]
    load = [
        {"at": at, "plate": "P", "well": well, "tube": tube, "lab": "L"} for tube, (well, _) in wells.items()
    ]
    load += [
        {"at": at, "plate": "P", "well": well, "lab": "L", "role": role}
        for well, role in (("H11", "negative_control"), ("H12", "positive_control"))
    ]
    told = dict(wells.values()) | {"H11": None, "H12": 25.0}
    read = [
        {
            "at": "2022-04-04T11:00:00Z",
            "plate": "P",
            "well": well,
            "target": target,
            "ct": 25.0 if target == "IC" else cycles,
        }
        for well, cycles in told.items()
        for target in ("ORF1ab", "N", "IC")
    ]
    report = [{"at": "2022-04-04T11:00:00Z", "tube": tube, "call": "positive"} for tube in ("WEAK", "STRONG")]
    kinds: dict[str, list[dict[str, Any]]] = {
        "collect": collect,
        "load": load,
        **({"read": read} if ct[0] else {"report": report}),
    }
    day = poolpipe.run({kind: pl.DataFrame(rows) for kind, rows in kinds.items()}, policy=policy)
    found = day.traces.filter(source_tube="WEAK", kind="well")
    return dict(found.select("tube", "score").iter_rows())


def test_well__scores_the_probability_of_splash():
    weak = _beside((33.0, 16.0))
    assert 0.05 < weak["STRONG"] < 1
    assert weak["CLEAR"] == 0
    assert _beside((20.0, 16.0)) == {"STRONG": 0, "CLEAR": 0}, "four cycles are no splash"


def test_well__without_ct_has_the_policys_score():
    assert _beside((None, None)) == {"STRONG": 0.05, "CLEAR": 0.05}
    assert _beside((None, None), {"trace": {"well": 0.3}}) == {"STRONG": 0.3, "CLEAR": 0.3}


def test_two_rounds_of_one_moment__leave_scores_numbers():
    rounds = [
        {
            "at": "2022-04-04T08:00:00Z",
            "round": name,
            "tube": name,
            "person": "ill",
            "person_type": "X",
            "mode": "single",
        }
        for name in "AB"
    ]
    reports = [
        {"at": "2022-04-04T15:00:00Z", "round": name, "tube": name, "call": call}
        for name, call in (("A", "negative"), ("B", "positive"))
    ]
    day = poolpipe.run({"collect": pl.DataFrame(rounds), "report": pl.DataFrame(reports)})
    assert day.traces["score"].is_between(0, 1).all()
    assert day.traces["score"].is_not_nan().all()
