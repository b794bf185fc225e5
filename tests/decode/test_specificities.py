"""A single is no pool: its specificity is its own, in `decode` and in runs."""

from __future__ import annotations

import polars as pl
import pytest

import poolpipe
from pipeline.naive import frames_of
from poolpipe.accuracy import SENSITIVITY, SINGLE_SPECIFICITY, SPECIFICITY
from poolpipe.decode import decode
from poolpipe.errors import TableError
from poolpipe.policy import Policy

SEATS = pl.DataFrame({"pool": ["P", "P", "S"], "person": ["a", "b", "a"]})
PEOPLE = pl.DataFrame({"person": ["a", "b"], "prior": [0.01, 0.02]})


def test_decode__a_pool_may_have_a_specificity_of_its_own() -> None:
    pools = pl.DataFrame(
        {"pool": ["P", "S"], "call": ["negative", "positive"], "specificity": [None, 0.9999]}
    )
    found = decode(SEATS, pools, PEOPLE, assay={"sensitivity": 0.9, "specificity": 0.99})
    weight = {
        (a, b): (0.01 if a else 0.99)
        * (0.02 if b else 0.98)
        * (0.1 if a or b else 0.99)
        * (0.9 if a else 0.0001)
        for a in (0, 1)
        for b in (0, 1)
    }
    of_a = (weight[1, 0] + weight[1, 1]) / sum(weight.values())
    assert found.people["p_infected"][0] == pytest.approx(of_a, rel=1e-9)


@pytest.mark.parametrize("wrong", [0.0, 1.2, 0.05])
def test_decode__refuses_a_specificity_that_cannot_be(wrong: float) -> None:
    pools = pl.DataFrame({"pool": ["P", "S"], "call": ["negative", "positive"], "specificity": [None, wrong]})
    with pytest.raises(TableError, match="column 'specificity', row 2"):
        decode(SEATS, pools, PEOPLE, assay={"sensitivity": 0.9})


def _single(decoding: dict[str, float]) -> float:
    at = "2022-02-10T00:00:00Z"
    events = [
        {"kind": "collect", "at": at, "tube": "S", "person": "A", "person_type": "HKM", "mode": "single"},
        {"kind": "report", "at": at, "tube": "S", "call": "positive"},
    ]
    day = poolpipe.run(frames_of(events), policy=Policy.model_validate({"decoding": decoding}))
    return float(day.members["p_infected"][0])


def test_run__a_positive_single_is_no_coin_toss() -> None:
    assert SINGLE_SPECIFICITY > SPECIFICITY == 0.999
    expected = 0.001 * SENSITIVITY / (0.001 * SENSITIVITY + 0.999 * (1 - SINGLE_SPECIFICITY))
    assert _single({}) == pytest.approx(expected)
    assert expected > 0.95
    alike = 0.001 * 0.95 / (0.001 * 0.95 + 0.999 * 0.003)
    assert _single({"specificity": 0.997}) == pytest.approx(alike)  # one that is told is of both
    assert _single({"specificity": 0.9, "single_specificity": 0.997}) == pytest.approx(alike)
