"""Priors against the rule written out by hand."""

from __future__ import annotations

import math

import polars as pl
import pytest

from poolpipe.decode import priors
from poolpipe.errors import PolicyError, TableError

PEOPLE = pl.DataFrame(
    {
        "person": ["a", "b", "c", "d", "e"],
        "batch": [1, 4, 4, None, 4],
        "community": ["x", "x", "y", None, "y"],
        "household": ["h", "h", "h", None, None],
        "p_known": [None, 1.0, 0.5, None, None],
    }
)


def test_priors__put_batch_community_and_household_together() -> None:
    found = priors(PEOPLE, 0.001, batch={1: 0.01}, community={"y": 3.0}, household_attack=0.2)
    escaped = (1 - 0.01) * (1 - 0.2 * 1.0) * (1 - 0.2 * 0.5)
    assert found["prior"].to_list() == pytest.approx([1 - escaped, 1.0, 0.5, 0.001, 0.003])
    assert found["person"].to_list() == PEOPLE["person"].to_list()


def test_priors__need_nothing_but_the_person() -> None:
    assert priors(PEOPLE.select("person"), 0.002)["prior"].to_list() == pytest.approx([0.002] * 5)


@pytest.mark.parametrize("incidence", [-0.1, math.nan, math.inf])
def test_priors__refuse_an_incidence_that_cannot_be(incidence: float) -> None:
    people = pl.DataFrame({"person": ["p"], "community": ["A"]})
    with pytest.raises(PolicyError, match="incidence below 0"):
        priors(people, 0.01, community={"A": 1.0, "B": incidence})


def test_priors__refuse_what_makes_no_sense() -> None:
    with pytest.raises(PolicyError, match="outside 0 to 1"):
        priors(PEOPLE, 2.0)
    with pytest.raises(TableError, match="p_known is not between"):
        priors(PEOPLE.with_columns(p_known=pl.lit(-1.0)), 0.1)
    with pytest.raises(TableError, match="column person is missing"):
        priors(PEOPLE.drop("person"), 0.1)
