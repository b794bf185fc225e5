"""Published plates: what others found in them, found again."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import polars as pl
import pytest

from poolpipe.decode import decode

CARRIERS, FALSE_POOL = (72, 142), 31
"""P-BEST's two carriers, and the pool that is positive without either of them."""
CANDIDATES = (14, 272)
"""Who could explain the false pool, for four of their six pools are positive."""
CT = {6: 29.88, 8: 32.04, 15: 29.81, 20: 32.3, 21: 30.13, 27: 33.45, 31: 30.4, 32: 29.9,
       34: 33.21, 39: 30.09, 41: 33.44, 46: 31.93}  # fmt: skip
"""Ct of P-BEST's positive pools; all others were undetermined. `data/israel/israel_2_positives_cts.txt` of
atoms-to-intelligence/tapestry, after `ExpData/ExpTwoCarriersResults.xlsx` of NoamShental/PBEST."""


def times(a: int, b: int) -> int:
    """Multiply in the field of eight elements, whose numbers are polynomials of bits modulo x^3 + x + 1."""
    product = 0
    for bit in range(3):
        if b >> bit & 1:
            product ^= a << bit
    for bit in (4, 3):
        if product >> bit & 1:
            product ^= 0b1011 << (bit - 3)
    return product


def p_best_pools() -> list[list[int]]:
    """Pools of each of the 384 people: a + b x + c x^2 at six points, a Reed-Solomon code.

    Shental et al. 2020, Sci. Adv. 6:eabc5961; the design is `ExpData/pooling384_48_by_sample.txt` of NoamShental/PBEST,
    which this gives again.
    """
    return [
        [8 * x + 1 + (a ^ times(b, x) ^ times(c, times(x, x))) for x in range(6)]
        for c in range(6) for b in range(8) for a in range(8)
    ]  # fmt: skip


def p_best(prior: float = 0.005) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    design = p_best_pools()
    seats = pl.DataFrame(
        {
            "pool": [pool for own in design for pool in own],
            "person": [who + 1 for who, own in enumerate(design) for _ in own],
        }
    )
    calls = ["positive" if pool in CT else "negative" for pool in range(1, 49)]
    return (
        seats,
        pl.DataFrame({"pool": range(1, 49), "call": calls}),
        pl.DataFrame({"person": range(1, 385), "prior": [prior] * 384}),
    )


TESTS = [(0.99, 0.001), (0.99, 2 / 384), (0.995, 0.002), (0.999, 0.001), (0.999, 2 / 384)]
"""Specificities and priors: the least and the most of both that fit the publication, and one in the middle."""


@cache
def p_best_by_calls(specificity: float, prior: float) -> Any:
    return decode(*p_best(prior), assay={"sensitivity": 0.95, "specificity": specificity})


def test_p_best__the_design_is_the_published_one() -> None:
    design = p_best_pools()
    assert [len(design), len({tuple(own) for own in design})] == [384, 384]
    of = {1: "1 9 17 25 33 41", 72: "8 15 20 27 34 41", 100: "4 15 21 26 36 47", 142: "6 15 21 32 39 46",
          272: "8 11 20 31 39 44", 384: "8 14 17 27 38 48"}  # fmt: skip
    assert {who: " ".join(map(str, design[who - 1])) for who in of} == of
    told = {FALSE_POOL}.union(*(design[who - 1] for who in CARRIERS))
    assert set(CT) == told


@pytest.mark.parametrize(("specificity", "prior"), TESTS)
def test_p_best__carriers_come_first_and_the_false_pool_is_the_first_false_alarm(
    specificity: float, prior: float
) -> None:
    found = p_best_by_calls(specificity, prior)
    people = found.people.sort("p_infected", descending=True)
    assert sorted(people["person"].head(2).to_list()) == list(CARRIERS)
    assert people["p_infected"][1] > 0.99
    assert people["p_infected"][2] < 0.05
    alarms = found.pools.sort("p_false_alarm", descending=True, nulls_last=True)
    assert alarms["pool"][0] == FALSE_POOL
    assert alarms["p_false_alarm"][0] >= 0.95
    assert alarms["p_false_alarm"][1] < 0.01
    assert (
        np.abs(
            found.pools["expected_infected"].to_numpy().sum()
            - 6 * found.people["p_infected"].to_numpy().sum()
        )
        < 1e-9
    )


@pytest.mark.parametrize(("specificity", "prior"), TESTS)
def test_p_best__ct_makes_no_false_candidate_likelier(specificity: float, prior: float) -> None:
    seats, pools, people = p_best(prior)
    ct = pools.with_columns(ct=pl.col("pool").replace_strict(CT, default=None, return_dtype=pl.Float64))
    assay = {"sensitivity": 0.95, "specificity": specificity}
    without = p_best_by_calls(specificity, prior).people["p_infected"]
    found = decode(seats, ct, people, assay=assay | {"cycles": {}})
    told = found.people["p_infected"]
    assert all(told[who - 1] <= without[who - 1] for who in CANDIDATES)
    assert min(told[who - 1] for who in CARRIERS) > 0.999
    assert told.sort(descending=True)[2] < 0.02
    assert found.pools.sort("p_false_alarm", descending=True, nulls_last=True)["pool"][0] == FALSE_POOL


def test_pools__say_who_is_missed_and_who_alarms_falsely() -> None:
    """By hand: one pool of two and the single of one of them."""
    seats = pl.DataFrame({"pool": ["P", "P", "S"], "person": ["a", "b", "a"]})
    pools = pl.DataFrame({"pool": ["P", "S", "E"], "call": ["positive", "negative", None]})
    people = pl.DataFrame({"person": ["a", "b"], "prior": [0.1, 0.2]})
    told = decode(seats, pools, people, assay={"sensitivity": 0.9, "specificity": 0.98}).pools
    weight = {
        (a, b): (0.1 if a else 0.9) * (0.2 if b else 0.8) * (0.9 if a or b else 0.02) * (0.1 if a else 0.98)
        for a in (0, 1)
        for b in (0, 1)
    }
    total = sum(weight.values())
    infected = {"P": 1 - weight[0, 0] / total, "S": (weight[1, 0] + weight[1, 1]) / total}
    assert told["pool"].to_list() == ["P", "S", "E"]
    assert told["p_nobody"].to_list() == pytest.approx([1 - infected["P"], 1 - infected["S"], 1])
    assert told["p_false_alarm"].to_list() == [pytest.approx(1 - infected["P"]), None, None]
    assert told["p_missed"].to_list() == [None, pytest.approx(infected["S"]), None]
