"""Seats of overlapping pools, informative pools and the robot's worklist."""

from __future__ import annotations

import itertools

import numpy as np
import polars as pl
import pytest

from poolpipe.design import assign, characteristics, informative_dorfman, worklist
from poolpipe.errors import PolicyError, TableError

PEOPLE = pl.Series("person", [f"p{i:03}" for i in range(100)])


def test_assign__array_seats_everybody_in_a_row_and_a_column() -> None:
    seats = assign(PEOPLE, "array", size=5)
    assert seats.group_by("pool").len()["len"].unique().to_list() == [5]
    assert seats.group_by("person").len()["len"].unique().to_list() == [2]
    together = seats.join(seats, on="pool").filter(pl.col("person") < pl.col("person_right"))
    assert together.height == together.unique(["person", "person_right"]).height  # no two share both


def test_assign__rounds_fill_every_pool() -> None:
    seats = assign(PEOPLE, "rounds", size=10, weight=3, seed=1)
    assert seats.group_by("pool").len()["len"].unique().to_list() == [10]
    assert seats.group_by("person").len()["len"].unique().to_list() == [3]
    assert seats.equals(assign(PEOPLE, "rounds", size=10, weight=3, seed=1))
    assert not seats.equals(assign(PEOPLE, "rounds", size=10, weight=3, seed=2))


def test_assign__column_weight_is_nearly_constant() -> None:
    seats = assign(PEOPLE, "column_weight", weight=4, pools=40, seed=3)
    weights = seats.group_by("person").len()["len"]
    assert weights.max() == 4
    assert weights.to_numpy().mean() > 3.7  # drawn with replacement: 4 of 40 collide with probability 0.14
    assert seats["pool"].n_unique() <= 40


def test_assign__refuses_what_makes_no_sense() -> None:
    with pytest.raises(TableError, match="a person comes twice"):
        assign(pl.Series(["a", "a"]), "array")
    with pytest.raises(PolicyError, match="scheme 'square'"):
        assign(PEOPLE, "square")  # type: ignore[arg-type]  # the slip
    with pytest.raises(PolicyError, match="size 0"):
        assign(PEOPLE, "array", size=0)


def test_informative_dorfman__is_the_cheapest_of_all_cuts() -> None:
    p = np.array([0.3, 0.01, 0.05, 0.02, 0.15, 0.01])
    found = informative_dorfman(p, 0.95, 0.98, largest=4)
    ordered = np.sort(p)

    def cost(cut: tuple[int, ...]) -> float:
        ends = np.cumsum(cut)
        pools = [ordered[end - size : end] for end, size in zip(ends, cut, strict=True)]
        return sum(
            characteristics("dorfman", (pool.size,), pool, 0.95, 0.98).expected_tests for pool in pools
        )

    cuts = [cut for n in range(1, 7) for cut in itertools.product(range(1, 5), repeat=n) if sum(cut) == 6]
    assert found.expected_tests == pytest.approx(min(map(cost, cuts)), rel=1e-12)
    assert sorted(found.seats["person"].to_list()) == list(range(6))
    for wrong in (([2.0],), ([0.1], 1.2), ([0.1], 1.0, -0.1), ([0.1], np.nan)):
        with pytest.raises(PolicyError, match="outside 0 to 1"):
            informative_dorfman(*wrong)


def test_worklist__puts_every_sample_and_pool_in_one_well() -> None:
    seats = assign(PEOPLE, "array", size=10)
    steps = worklist(seats, volume_ul=100, available_ul=200)
    assert steps.height == 200
    assert steps.select("source_plate", "source_well").n_unique() == 100
    assert steps.select("destination_plate", "destination_well").n_unique() == 20
    assert steps["source_plate"].unique().sort().to_list() == [1, 2]  # 100 samples need a second plate
    assert steps.row(0)[:5] == (1, "A01", 1, "A01", 100.0)
    assert steps["destination_well"].unique(maintain_order=True).to_list()[:9] == [
        "A01", "B01", "C01", "D01", "E01", "F01", "G01", "H01", "A02",
    ]  # fmt: skip


def test_worklist__refuses_more_than_the_sample_holds() -> None:
    seats = assign(PEOPLE, "array", size=10)
    with pytest.raises(PolicyError, match="2 transfers of 300 uL from one sample, 500 uL are available"):
        worklist(seats, volume_ul=300)
    with pytest.raises(PolicyError, match="plates of 48 wells"):
        worklist(seats, wells=48)


@pytest.mark.parametrize("volumes", [(0, 500), (-50, 500), (np.nan, 500), (50, np.nan), (50, np.inf)])
def test_worklist__refuses_a_volume_that_is_none(volumes: tuple[float, float]) -> None:
    with pytest.raises(PolicyError, match="volumes above nothing"):
        worklist(assign(PEOPLE, "array"), volume_ul=volumes[0], available_ul=volumes[1])


def test_assign__takes_a_frame_and_says_which_column_is_missing() -> None:
    frame = PEOPLE.to_frame()
    assert assign(frame.lazy(), "array", size=5).equals(assign(PEOPLE, "array", size=5))
    assert assign(frame.to_arrow(), "array", size=5).equals(assign(PEOPLE, "array", size=5))
    with pytest.raises(TableError, match="did you mean 'persons'"):
        assign(frame.rename({"person": "persons"}), "array")
    with pytest.raises(TableError, match="no frame"):
        assign(["p", "q"], "array")  # type: ignore[arg-type]
