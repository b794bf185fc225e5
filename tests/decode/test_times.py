"""Rounds on different days against enumeration of every history."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.decode import Assay, Dynamics, Effort, decode, decode_over_time
from poolpipe.errors import TableError
from reference.decoding import enumerate_histories

ASSAY = Assay(sensitivity=0.9, specificity=0.97)
RATES = Dynamics(infection_per_day=0.05, clearance_per_day=0.2)


def frames(pools: list[tuple[int, list[int]]], calls: list[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    seats = pl.DataFrame(
        [(q, i) for q, (_, p) in enumerate(pools) for i in p], schema=["pool", "person"], orient="row"
    )
    return seats, pl.DataFrame({"pool": range(len(pools)), "call": calls, "day": [day for day, _ in pools]})


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1))
def test_decode_over_time__agrees_with_every_history(seed: int) -> None:
    rng = np.random.default_rng(seed)
    days, people = [0, 1, 4], 3
    pools = [(day, sorted(rng.choice(3, rng.integers(1, 4), replace=False).tolist())) for day in (0, 0, 1, 4)]
    calls = rng.choice(["positive", "negative"], 4).tolist()
    prior, cleared = rng.uniform(0.05, 0.4, people), rng.uniform(0, 0.3, people)
    steps = [RATES.over(1), RATES.over(3)]

    def history(person: int, states: tuple[str, ...]) -> float:
        at = ["SIC".index(state) for state in states]
        chance = [1 - prior[person] - cleared[person], prior[person], cleared[person]][at[0]]
        return float(chance * steps[0][at[0], at[1]] * steps[1][at[1], at[2]])

    rows = [
        ASSAY.likelihood(["invalid", "negative", "suspect", "positive"].index(c), len(p))
        for c, (_, p) in zip(calls, pools, strict=True)
    ]
    _, expected = enumerate_histories([(days.index(d), p) for d, p in pools], rows, days, history, people)
    seats, called = frames(pools, calls)
    frame = pl.DataFrame({"person": range(people), "prior": prior, "cleared": cleared})
    found = decode_over_time(seats, called, frame, RATES, assay=ASSAY)
    for at, day in enumerate(days):
        mine = found.filter(pl.col("day") == day).sort("person")["p_infected"]
        np.testing.assert_allclose(mine, [person[at] for person in expected], atol=1e-10)
    assert found.filter(pl.col("method") == "filtered").is_empty()


def test_decode_over_time__one_day_is_decode() -> None:
    seats, called = frames([(3, [0, 1, 2]), (3, [2, 3])], ["positive", "negative"])
    people = pl.DataFrame({"person": range(5), "prior": [0.1, 0.2, 0.05, 0.3, 0.4]})
    found = decode_over_time(seats, called, people, RATES, assay=ASSAY)
    still = decode(seats, called.drop("day"), people, assay=ASSAY).people
    np.testing.assert_allclose(found["p_infected"], still["p_infected"], atol=1e-13)
    assert found["method"].to_list()[-1] == "prior"


def test_decode_over_time__filtering_one_pool_a_day_is_exact_for_the_last_day_of_one_person() -> None:
    seats, called = frames([(0, [0]), (2, [0]), (3, [0])], ["negative", "positive", "negative"])
    called = called.with_columns(day=pl.Series([date(2022, 3, d) for d in (1, 3, 4)]))
    people = pl.DataFrame({"person": [0], "prior": [0.1]})
    exact = decode_over_time(seats, called, people, RATES, assay=ASSAY)
    rough = decode_over_time(seats, called, people, RATES, assay=ASSAY, effort=Effort(states=1))
    assert (exact["method"][0], rough["method"][0]) == ("elimination", "filtered")
    assert (exact["error"][0], rough["error"][0]) == (1e-10, None)
    assert rough["p_infected"][2] == pytest.approx(exact["p_infected"][2], abs=1e-12)
    assert exact["day"].to_list() == [date(2022, 3, 1), date(2022, 3, 3), date(2022, 3, 4)]


def test_decode_over_time__a_cleared_person_is_not_infected_again() -> None:
    seats, called = frames([(0, [0]), (60, [0])], ["negative", "positive"])
    people = pl.DataFrame({"person": [0], "prior": [0.0], "cleared": [1.0]})
    found = decode_over_time(seats, called, people, RATES, assay=ASSAY)
    assert found["p_infected"].to_list() == [0.0, 0.0]


def test_decode_over_time__refuses_what_makes_no_sense() -> None:
    seats, called = frames([(0, [0])], ["negative"])
    people = pl.DataFrame({"person": [0], "prior": [0.6], "cleared": [0.6]})
    with pytest.raises(TableError, match="prior and cleared exceed 1 together"):
        decode_over_time(seats, called, people, RATES)
    with pytest.raises(TableError, match="a pool has no day"):
        decode_over_time(seats, called.with_columns(day=pl.lit(None, pl.Int64)), people, RATES)
