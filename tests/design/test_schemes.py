"""Operating characteristics against enumeration, binGroup2 and the literature."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from poolpipe.design import best, characteristics
from poolpipe.errors import PolicyError
from reference.designing import array_by_enumeration, nested_by_enumeration

BINGROUP2 = Path(__file__).parents[1] / "reference" / "figures" / "operating_characteristics.csv"
CONFIGS: dict[str, tuple[Any, tuple[int, ...]]] = {
    "D2": ("dorfman", (10,)),
    "A2": ("array", (10,)),
    "A2M": ("array_master", (10,)),
    "D3": ("hierarchical", (9, 3, 1)),
}


def test_characteristics__agree_with_bingroup2() -> None:
    with BINGROUP2.open() as lines:
        for row in csv.DictReader(lines):
            scheme, sizes = CONFIGS[row["algorithm"]]
            ours = characteristics(scheme, sizes, float(row["p"]), float(row["Se"]), float(row["Sp"]))
            found = [
                ours.expected_tests, ours.tests_per_person, ours.pooling_sensitivity,
                ours.pooling_specificity, ours.ppv, ours.npv,
            ]  # fmt: skip
            theirs = [float(row[name]) for name in ("ET", "ET_per_individual", "PSe", "PSp", "PPPV", "PNPV")]
            np.testing.assert_allclose(found, theirs, rtol=1e-11)


@pytest.mark.parametrize("scheme", ["array", "array_master"])
@pytest.mark.parametrize(("rows", "columns"), [(2, 2), (2, 3), (3, 2)])
def test_characteristics__arrays_agree_with_enumeration(scheme: Any, rows: int, columns: int) -> None:
    p = np.random.default_rng(1).uniform(0.01, 0.4, rows * columns)
    ours = characteristics(scheme, (rows, columns), p, 0.9, 0.95)
    tests, hit, false = array_by_enumeration(
        rows, columns, p.tolist(), 0.9, 0.95, master=scheme == "array_master"
    )
    assert ours.expected_tests == pytest.approx(tests, rel=1e-12)
    np.testing.assert_allclose(ours.people["pooling_sensitivity"], hit / p, rtol=1e-12)
    np.testing.assert_allclose(1 - ours.people["pooling_specificity"], false / (1 - p), rtol=1e-9)


@pytest.mark.parametrize("sizes", [(4, 1), (6, 3, 1), (6, 2, 1), (7, 3, 1), (8, 4, 2, 1)])
def test_characteristics__stages_agree_with_enumeration(sizes: tuple[int, ...]) -> None:
    p = np.random.default_rng(2).uniform(0.01, 0.4, sizes[0])
    ours = characteristics("hierarchical", sizes, p, 0.9, 0.95)
    tests, hit, false = nested_by_enumeration(sizes, p.tolist(), 0.9, 0.95)
    assert ours.expected_tests == pytest.approx(tests, rel=1e-12)
    np.testing.assert_allclose(ours.people["pooling_sensitivity"], hit / p, rtol=1e-12)
    np.testing.assert_allclose(1 - ours.people["pooling_specificity"], false / (1 - p), rtol=1e-9)


def test_characteristics__published_figures() -> None:
    two = characteristics("dorfman", (10,), 0.01, 0.99, 0.99)  # R Journal 15(4) 2023
    figures = [two.expected_tests, two.pooling_sensitivity, two.pooling_specificity, two.ppv, two.npv]
    assert [round(figure, 4) for figure in figures] == [2.0371, 0.9801, 0.9991, 0.9127, 0.9998]
    three = characteristics("hierarchical", (30, 10, 1), 0.0193)
    assert round(three.expected_tests, 6) == 7.640279


@pytest.mark.parametrize(
    ("p", "size", "per_hundred"), [(0.001, 32, 6), (0.01, 11, 20), (0.02, 8, 27), (0.05, 5, 43), (0.1, 4, 59)]
)
def test_best__agrees_with_dorfman_1943(p: float, size: int, per_hundred: int) -> None:
    found = best("dorfman", p)
    assert (found.sizes, round(100 * found.tests_per_person)) == ((size,), per_hundred)


def test_best__agrees_with_the_r_journal() -> None:
    found = best("dorfman", 0.01, 0.99, 0.99)
    assert (found.sizes, round(found.tests_per_person, 4)) == ((11,), 0.2035)


def test_best__looks_only_through_the_sizes_given() -> None:
    assert best("dorfman", 0.01, sizes=[5, 20]).sizes == (20,)
    assert best("hierarchical", 0.01, sizes=[(9, 3, 1), (4, 2, 1)]).sizes == (9, 3, 1)


def test_best__says_when_the_labs_cannot() -> None:
    with pytest.raises(PolicyError, match=r"10000 people need at least 1956 tests"):
        best("dorfman", 0.01, most_tests=1000, people=10_000)


def test_characteristics__a_pool_of_one_is_a_single_test() -> None:
    one = characteristics("dorfman", (1,), 0.1, 0.9, 0.95)
    assert (one.expected_tests, one.pooling_sensitivity) == (1.0, 0.9)
    assert one.pooling_specificity == pytest.approx(0.95)


def test_characteristics__stages_may_have_tests_of_their_own() -> None:
    mixed = characteristics("dorfman", (10,), 0.01, (0.8, 0.99), (0.98, 1.0))
    assert mixed.pooling_sensitivity == pytest.approx(0.8 * 0.99)
    assert mixed.pooling_specificity == 1.0


@pytest.mark.parametrize(
    ("scheme", "sizes", "p", "message"),
    [
        ("triangle", (3,), 0.1, "unknown scheme 'triangle'"),
        ("dorfman", (10, 5), 0.1, r"sizes 10,5 do not fit"),
        ("hierarchical", (9, 3), 0.1, "the last 1"),
        ("array", (), 0.1, "one size for a square"),
        ("dorfman", (10,), [0.1] * 9, "9 values for 10 people"),
        ("dorfman", (10,), 1.1, "outside 0 to 1"),
        ("dorfman", (10,), math.nan, "outside 0 to 1"),
        ("dorfman", (10.5,), 0.1, "whole numbers"),
        ("dorfman", (0,), 0.1, "whole numbers"),
        ("dorfman", (math.nan,), 0.1, "whole numbers"),
        ("dorfman", (10**6,), 0.1, "from 1 to 5000"),
        ("array", (100, 100), 0.1, "do not fit"),
    ],
)
def test_characteristics__refuse_what_makes_no_sense(scheme, sizes, p, message) -> None:
    with pytest.raises(PolicyError, match=message):
        characteristics(scheme, sizes, p)


@pytest.mark.parametrize("scheme", ["dorfman", "hierarchical", "array", "array_master"])
@pytest.mark.parametrize(("se", "sp"), [(1.2, 1), (1, 1.2), (-0.1, 1), (1, math.nan), ((0.9, 1.44), 1)])
def test_designs__refuse_a_test_that_cannot_be(scheme, se, sp) -> None:
    sizes = (4, 2, 1) if scheme == "hierarchical" else (4,)
    for asked in (
        lambda: characteristics(scheme, sizes, 0.1, se, sp),
        lambda: best(scheme, 0.1, se, sp, [sizes]),
    ):
        with pytest.raises(PolicyError, match=r"neither a probability"):
            asked()


@pytest.mark.parametrize(
    ("scheme", "p", "se", "sp"),
    [("dorfman", p, *test) for p in (0.001, 0.25, 0.4, 1) for test in ((1.0, 1.0), (0.99, 0.9))],
)
def test_best__never_costs_more_than_single_tests(scheme, p, se, sp) -> None:
    found = best(scheme, p, se, sp)
    assert found.tests_per_person <= 1
    if found.tests_per_person == 1:
        assert (found.scheme, found.sizes, found.pooling_sensitivity) == ("dorfman", (1,), se)
    assert (found.tests_per_person == 1) == (p > 0.3)


def test_best__of_sizes_given_is_one_of_them_even_where_pooling_does_not_pay() -> None:
    assert best("dorfman", 0.5, sizes=[5, 10]).sizes in {(5,), (10,)}


def test_best__turns_to_single_tests_where_dorfman_stops_saving() -> None:
    """With perfect tests no pool saves above p = 1 - 3 ** (-1 / 3) (the pool of three is the last)."""
    edge = 1 - 3 ** (-1 / 3)
    assert best("dorfman", edge - 1e-6).sizes == (3,)
    assert best("dorfman", edge + 1e-6).sizes == (1,)


@pytest.mark.parametrize(
    "wrong", [{"most_tests": 0, "people": 10}, {"most_tests": math.nan, "people": 10}, {"people": 0}]
)
def test_best__refuses_a_demand_that_cannot_be(wrong) -> None:
    with pytest.raises(PolicyError, match="above nothing"):
        best("dorfman", 0.01, sizes=[5], **wrong)


@pytest.mark.parametrize("p", [1e-4, 0.001, 0.02])
@pytest.mark.parametrize("test", [(1.0, 1.0), (0.9, 0.98)])
def test_best__stages_are_the_cheapest_of_all_chains(p: float, test: tuple[float, float]) -> None:
    """The formula for equal pools gives what the recursion over people gives, and nothing near is cheaper."""
    found = best("hierarchical", p, *test)
    assert found.note == ""
    for factor in (2, 3):
        for near in (
            (found.sizes[0] * factor, *found.sizes[1:]),
            (found.sizes[0], *found.sizes[-2:]),
            (*(size * factor for size in found.sizes[:-1]), 1),
        ):
            if near[0] <= 5000:
                other = characteristics("hierarchical", near, p, *test)
                assert other.tests_per_person >= found.tests_per_person - 1e-12


def test_best__says_where_the_largest_size_is_the_cheapest() -> None:
    rare = best("array", 1e-5)
    assert rare.sizes == (70,)
    assert "70 is the largest size looked through" in rare.note
    assert "5000 is the largest" in best("dorfman", 1e-9).note
    assert best("array", 0.01).note == best("dorfman", 0.4).note == ""


@pytest.mark.parametrize("scheme", ["array", "array_master"])
def test_characteristics__an_array_of_people_alike_is_that_of_people_nearly_alike(scheme: Any) -> None:
    nearly = np.full(20, 0.05)
    nearly[3] += 1e-14
    alike, other = (characteristics(scheme, (4, 5), p, 0.9, 0.98) for p in (0.05, nearly))
    assert alike.expected_tests == pytest.approx(other.expected_tests, rel=1e-10)
    assert alike.pooling_specificity == pytest.approx(other.pooling_specificity, rel=1e-10)


def test_best__without_sizes_to_choose_from_says_so() -> None:
    with pytest.raises(PolicyError, match="no sizes to choose from"):
        best("dorfman", 0.01, sizes=[])


@pytest.mark.parametrize(("p", "size"), [(1e-6, 1000), (1e-4, 101), (0.01, 11), (0.3066, 3), (0.3067, 1)])
def test_best__finds_dorfmans_size_however_rare_the_infection(p: float, size: int) -> None:
    """Dorfman 1943 by trying every size: 1 / n + 1 - (1 - p) ** n, against 1 of single tests."""
    tests = {n: 1 / n + 1 - (1 - p) ** n for n in range(2, 5001)} | {1: 1.0}
    assert min(tests, key=lambda n: (round(tests[n], 12), n)) == size
    assert best("dorfman", p).sizes == (size,)
