"""Infections cluster, and a pool dilutes what is in it."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from poolpipe.simulate.infections import infect, pool_ct, single_ct
from poolpipe.simulate.laboratory import read_samples
from poolpipe.simulate.residents import make_residents
from poolpipe.simulate.settings import settings_for


@pytest.mark.parametrize(("n", "k"), [(10, 1), (10, 2), (20, 1), (20, 4), (1, 1), (7, 7)])
def test_pool_ct__rises_by_log2_of_n_over_k(n, k):
    found = pool_ct(np.zeros(k, np.int64), np.full(k, 25.0), np.array([n, 10]))
    assert found[0] == pytest.approx(25.0 + np.log2(n / k))
    assert np.isnan(found[1])


def test_pool_ct__is_ruled_by_the_strongest():
    found = pool_ct(np.array([0, 0]), np.array([18.0, 34.0]), np.array([10]))
    assert found[0] == pytest.approx(18.0 + np.log2(10), abs=1e-4)


def test_infect__gives_exactly_so_many_and_clusters_them():
    residents = make_residents(settings_for("ruijin", people=40_000), 0, 40_000, np.random.default_rng(1))
    chosen = infect(residents, 200, np.random.default_rng(2))
    assert len(np.unique(chosen)) == 200
    scattered = np.random.default_rng(3).choice(40_000, 200, replace=False)
    for place, share in ((residents.household, 0.85), (residents.building, 0.6)):
        assert len(np.unique(place[chosen])) < share * len(np.unique(place[scattered]))


def test_single_ct__is_normal_around_26():
    ct = single_ct(20_000, np.random.default_rng(4))
    assert abs(np.median(ct) - 26.0) < 0.2
    assert ct.min() >= 13.0
    assert ct.max() <= 37.0


@pytest.mark.parametrize(
    ("ct", "calls"), [(25.0, {2}), (36.9, {1, 2}), (37.5, {1, 2}), (39.0, {1}), (44.0, {0}), (np.nan, {0})]
)
def test_read_samples__gives_the_contracts_calls(ct, calls):
    readings, found = read_samples(np.full(300, ct), np.random.default_rng(5))
    assert set(found) <= calls
    targets = readings[:, :2]
    for sample, call in zip(targets, found, strict=True):
        detected, grey = (sample <= 37).sum(), ((sample > 37) & (sample <= 40)).sum()
        assert call == (2 if detected == 2 else 1 if detected + grey else 0)
    assert (readings[:, 2] <= 40).all()


def test_wells__of_pools_with_infected_people_show_it(lean):
    infected = lean.truth("infected")
    assert infected.height == 134
    assert infected["tube"].null_count() == 0
    # A clustered pool is stronger and a weak single is lost in ten, so nearly all are found and nobody else is.
    assert (infected["call"] != "negative").mean() > 0.95
    wells = lean.events("load").drop_nulls("tube").select("tube", "plate", "well")
    shown = (
        lean.events("read")
        .filter(pl.col("target") != "IC", pl.col("ct") <= 40)
        .join(wells, on=["plate", "well"])["tube"]
    )
    assert set(shown) == set(infected.filter(pl.col("call") != "negative")["tube"])
