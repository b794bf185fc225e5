"""All tables of many small campaigns under many policies: each as a text, numbers to six digits."""

from __future__ import annotations

import json
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

import poolpipe
from cities.random_city import city
from kept_answers import six_digits
from pipeline.naive import frames_of
from poolpipe.tables import TABLES
from stages.lab_days import events_of, events_of_city, infections, lab_city, splashed

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe import Day

SITES = pl.DataFrame({"site": ["S1", "一小", "S2"], "priority": [True, True, False]})
POLICIES: dict[str, dict[str, Any]] = {
    "usual": {},
    "pools of five": {"pools": {"capacity": 5, "box_capacity": 3}},
    "one target": {"assay": {"targets": ["N"]}},
    "other cut-offs": {"assay": {"detected_ct": 36.99, "grey_ct": 39.5, "internal_control_ct": 39.5}},
    "impatient clocks": {
        "clocks": {
            "pickup": 0.5,
            "room_temperature": 1,
            "cold_store": 2,
            "result": 1.5,
            "recall": 1,
            "city_half": 3,
        }
    },
    "short retention": {"retention": {"negative": 1, "positive": 2, "discard": 0.5}},
    "bold decoding": {"decoding": {"sensitivity": 0.8, "specificity": 0.98, "prior": 0.05}},
    "far traces": {"trace": {"hops": 3, "queue_minutes": 60, "queue_scans": 50, "household": 0.7}},
}


def _random(seed: int) -> Day:
    """A random city in which everything goes wrong at once."""
    policy = list(POLICIES.values())[seed % len(POLICIES)]
    frames = frames_of(city(seed, size=("small", "medium")[seed % 2]))
    options: dict[str, Any] = {"sites": SITES} if seed % 3 else {}
    if seed % 4 == 1:
        moments = pl.concat([frame["at"].cast(pl.String) for frame in frames.values()]).drop_nulls().sort()
        options["as_of"] = moments[2 * len(moments) // 3]
    if seed % 4 == 2:
        people = frames["collect"].select("person", "person_type").drop_nulls("person")
        options["people"] = people.unique(maintain_order=True).gather_every(2)
    return poolpipe.run(frames, policy=policy, **options)


def _lab(seed: int) -> Day:
    """A laboratory's day whose strong wells splash; the targets' Ct differ, and some wells have one alone."""
    rng = np.random.default_rng(seed)
    ct, _ = splashed(infections(20 * 94, rng, prevalence=0.02), rng, rate=0.4, strong=24.0)
    events = events_of(ct, lot=np.arange(20) // 4 if seed % 2 else None)
    later = pl.Series(rng.uniform(-1.5, 3.0, events["read"].height))
    shifted = pl.when(pl.col("target") == "N").then(pl.col("ct") + later).otherwise("ct")
    return poolpipe.run(events | {"read": events["read"].with_columns(shifted)})


def _units(seed: int) -> Day:
    """Four laboratories where a lot of reagents, or an instrument, makes negatives positive."""
    site, position, positive, units, _, place = lab_city(seed, labs=4, plates=16, lots=4)
    bad = units["lot"] == 1 if seed % 2 else units["instrument"] == 7
    false = bad & (np.random.default_rng(seed).random(len(bad)) < 0.05)
    return poolpipe.run(events_of_city(site, position, positive | false, units, place))


MAKERS: dict[str, tuple[Callable[[int], Day], int]] = {
    "random": (_random, 28),
    "lab": (_lab, 6),
    "units": (_units, 3),
}
SAMPLES = tuple(f"{name} {seed}" for name, (_, seeds) in MAKERS.items() for seed in range(seeds))


def texts_of(sample: str) -> dict[str, str]:
    """All tables of one campaign, and its summary."""
    name, _, seed = sample.partition(" ")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        day = MAKERS[name][0](int(seed))
    texts = {table: "".join(map(six_digits, getattr(day, table).rows())) for table in TABLES}
    told = {key: value for key, value in day.summary.items() if key not in ("version", "policy")}
    rounded = json.loads(json.dumps(told, default=str), parse_float=lambda number: f"{float(number):.6g}")
    texts["summary"] = "".join(f"{key}: {value}\n" for key, value in rounded.items())
    return {table: text for table, text in texts.items() if text}
