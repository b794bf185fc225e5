"""Posteriors of random designs with any quality of the test and any effort: each as a text, numbers to six digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from decode.test_errors_told import hostile_design, hundred, small_design
from decode.test_rounds import _decoded, _random_samples
from kept_answers import six_digits
from poolpipe.decode import Effort, decode
from poolpipe.errors import PoolpipeError

if TYPE_CHECKING:
    from collections.abc import Callable

EFFORTS = (
    Effort(),
    Effort(states=1, people=0, columns=0, sweeps=0),
    Effort(states=32, people=0, columns=0, sweeps=500),
)


def _small(rng: np.random.Generator) -> dict[str, str]:
    return _told(*small_design(rng), rng)


def _hostile(rng: np.random.Generator) -> dict[str, str]:
    return _told(*hostile_design(rng), rng)


def _hundred(rng: np.random.Generator) -> dict[str, str]:
    return _told(*hundred(rng), rng)


def _cycles(rng: np.random.Generator) -> dict[str, str]:
    """Pools of which some tell a Ct, where the number of the infected matters."""
    (seats, pools, people), assay = small_design(rng)
    ct = np.where(pools["call"] == "positive", rng.normal(30, 3, pools.height), np.nan)
    told = pl.Series("ct", ct).fill_nan(None).set(pl.Series(rng.random(pools.height) < 0.3), None)
    return _told(
        (seats, pools.with_columns(told), people), assay | {"dilution": float(rng.choice([0.0, 0.1]))}, rng
    )


def _rounds(rng: np.random.Generator) -> dict[str, str]:
    samples, days = _random_samples(rng)
    return {"rounds": six_digits(_decoded(samples, days))}


def _told(frames: Any, assay: dict[str, Any], rng: np.random.Generator) -> dict[str, str]:
    texts = {}
    seats, pools, people = frames
    if rng.random() < 0.3:  # each prior another, some of them certain
        prior = pl.Series("prior", rng.choice([0.0, 0.001, 0.02, 0.3, 1.0], people.height))
        people = people.with_columns(prior)
    if rng.random() < 0.3:
        calls = rng.choice(["positive", "negative", "invalid", "suspect"], pools.height)
        pools = pools.with_columns(pl.Series("call", calls))
    for number, effort in enumerate(EFFORTS):
        try:
            found = decode(seats, pools, people, assay=assay, effort=effort)
        except PoolpipeError as error:
            texts[f"effort {number}"] = f"{error}\n"
            continue
        tables = (found.people, found.pools, found.components, found.doubts)
        texts[f"effort {number}"] = "".join(six_digits(row) for table in tables for row in table.rows())
    return texts


MAKERS: dict[str, tuple[Callable[[np.random.Generator], dict[str, str]], int]] = {
    "small": (_small, 30), "hostile": (_hostile, 30), "hundred": (_hundred, 6), "cycles": (_cycles, 30), "rounds": (_rounds, 20),
}  # fmt: skip
SAMPLES = tuple(f"{name} {seed}" for name, (_, seeds) in MAKERS.items() for seed in range(seeds))


def texts_of(sample: str) -> dict[str, str]:
    """All that is told of one design."""
    name, _, seed = sample.partition(" ")
    return MAKERS[name][0](np.random.default_rng([len(name), int(seed)]))
