"""NCBS and Harvard plates: what was put in is found, and Ct tell apart what calls alone do not."""

from __future__ import annotations

import polars as pl
import pytest

from decode.published_plates import HARVARD_CT, HARVARD_INFECTED, harvard, ncbs
from poolpipe.decode import decode

TEST = {"sensitivity": 0.95, "specificity": 0.995}
NCBS_CYCLES = {"mean": 26.0, "sd": 4.0, "limit": 33.0, "false_mean": 31.0}
HARVARD_CYCLES = {"mean": 28.0, "sd": 4.0, "limit": 38.0}


def likeliest(found: pl.DataFrame, count: int) -> list[int]:
    return sorted(found.sort("p_infected", descending=True)["person"].head(count).to_list())


@pytest.mark.parametrize("cycles", [None, HARVARD_CYCLES])
def test_harvard__both_infected_come_first_and_explain_every_pool(cycles: dict[str, float] | None) -> None:
    seats, pools, people = harvard()
    assert [seats.height, pools.height, people.height] == [161, 24, 60]
    found = decode(seats, pools, people, assay=TEST | {"cycles": cycles})
    assert likeliest(found.people, 2) == list(HARVARD_INFECTED)
    told = found.people.sort("p_infected", descending=True)["p_infected"]
    assert told[1] > 0.8
    assert told[2] < 0.2
    assert found.pools["p_missed"].drop_nulls().to_numpy().max() < 0.01
    assert found.pools["p_false_alarm"].drop_nulls().to_numpy().max() < 0.01
    assert set(pools.filter(call="positive")["pool"]) == set(HARVARD_CT)


def test_ncbs__nobody_and_one() -> None:
    assert decode(*ncbs(2), assay=TEST).people["p_infected"].to_numpy().max() < 0.01
    for cycles in (None, NCBS_CYCLES):
        found = decode(*ncbs(3), assay=TEST | {"cycles": cycles}).people
        assert likeliest(found, 1) == [14]
        assert found["p_infected"].to_numpy().max() > 0.99
        assert found.sort("p_infected")["p_infected"][-2] < 0.1


@pytest.mark.parametrize(("test", "same_ct"), [(4, [33, 36]), (5, [4, 23])])
def test_ncbs__people_whose_pools_agree_in_ct_come_first(test: int, same_ct: list[int]) -> None:
    """All three pools of each came within 1.4 cycles, and one person's were three to eight cycles before another's."""
    found = decode(*ncbs(test), assay=TEST | {"cycles": NCBS_CYCLES}).people
    assert likeliest(found, 2) == same_ct
    assert found.filter(pl.col("person").is_in(same_ct))["p_infected"].to_numpy().min() > 0.95


def test_ncbs__without_ct_who_is_infected_stays_open() -> None:
    """Seven people can explain the eight positive pools of test 4: no two of them are certain by the calls."""
    found = decode(*ncbs(4), assay=TEST).people
    assert found.filter(pl.col("p_infected") > 0.95).height < 2
