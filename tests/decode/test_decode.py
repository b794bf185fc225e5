"""The decoder against enumeration, published figures, logic, and itself relabelled."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.decode import METHODS, Assay, Cycles, Decoded, Effort, decode
from poolpipe.decode.exact import solve
from poolpipe.decode.parts import Component
from poolpipe.errors import PolicyError, TableError
from reference.decoding import enumerate_patterns, nobody_infected, or_row

if TYPE_CHECKING:
    from collections.abc import Sequence

POSTERIORS = Path(__file__).parents[1] / "reference" / "figures" / "posteriors.json"
NAMES = ["invalid", "negative", "suspect", "positive", None]


def run(
    pools: list[list[int]], calls: Sequence[str | None], prior: Any, assay: Any, **options: Any
) -> Decoded:
    seats = pl.DataFrame(
        {"pool": [q for q, p in enumerate(pools) for _ in p], "person": [i for p in pools for i in p]},
        schema={"pool": pl.Int64, "person": pl.Int64},
    )
    called = pl.DataFrame({"pool": range(len(pools)), "call": pl.Series(calls, dtype=pl.String)})
    people = pl.DataFrame({"person": range(len(prior)), "prior": pl.Series(prior, dtype=pl.Float64)})
    return decode(seats, called, people, assay=assay, **options)


def rows_of(pools: list[list[int]], calls: Sequence[str | None], assay: Assay) -> list[Any]:
    return [assay.likelihood(NAMES.index(call), len(p)) for p, call in zip(pools, calls, strict=True)]


def checked(found: Decoded, pools: list[list[int]], rows: list[Any], prior: Any, atol: float = 1e-10) -> None:
    log_evidence, marginals = enumerate_patterns(pools, rows, prior)
    np.testing.assert_allclose(found.people["p_infected"], marginals, rtol=0, atol=atol)
    assert found.components["log_evidence"].sum() == pytest.approx(log_evidence, abs=1e-9)
    assert found.people["error"].to_numpy().max() <= 1e-10
    nobody = found.pools["p_nobody"]
    known = nobody.is_not_null().to_numpy()
    expected = np.asarray(nobody_infected(pools, rows, prior))
    np.testing.assert_allclose(nobody.to_numpy()[known], expected[known], rtol=0, atol=atol)
    says = [len(set(row)) > 1 for row in rows]
    assert known[np.asarray(says)].all()
    mean = [sum(marginals[i] for i in pool) for pool in pools]
    np.testing.assert_allclose(found.pools["expected_infected"], mean, rtol=0, atol=1e-9)


def array_pools(rows: int, columns: int) -> list[list[int]]:
    return [list(range(i * columns, (i + 1) * columns)) for i in range(rows)] + [
        list(range(j, rows * columns, columns)) for j in range(columns)
    ]


ASSAYS = [
    Assay(sensitivity=0.9, specificity=0.99),
    Assay(sensitivity=0.8, specificity=0.95, suspect_infected=0.2, suspect_clean=0.7),
    Assay(sensitivity=0.95, specificity=0.98, dilution=0.4),
    Assay(sensitivity=0.95, specificity=0.98, cycles=Cycles(mean=31, sd=4, limit=37)),
    Assay(sensitivity=1, specificity=1),
    Assay(sensitivity=1, specificity=0.99),
    Assay(sensitivity=0.9, specificity=1),
    Assay(
        sensitivity=1,
        specificity=1,
        table={n: tuple(min(1.0, k / 2) for k in range(1, n + 1)) for n in range(1, 9)},
    ),
]


def check_a_drawn_case(rng: np.random.Generator, assay: Assay, people: int, chances: Sequence[float]) -> None:
    """Pools of some people, with outcomes that the model can produce, against enumeration."""
    pools = [
        sorted(rng.choice(people, rng.integers(0, min(people, 6) + 1), replace=False).tolist())
        for _ in range(rng.integers(1, 7))
    ]
    prior = rng.choice([0.0, 1.0, 1e-9, 0.002, 0.1, 0.3, 0.6], people, p=chances)
    infected = rng.random(people) < prior
    calls: list[str | None] = []
    for pool in pools:
        chance = assay.detection(len(pool))[int(infected[pool].sum())]
        seen = rng.random() < chance
        calls.append(
            rng.choice(["positive", "suspect"]) if seen else rng.choice(["negative", "negative", "invalid"])
        )
    checked(run(pools, calls, prior, assay), pools, rows_of(pools, calls, assay), prior)


@settings(max_examples=60)
@given(seed=st.integers(0, 2**32 - 1), which=st.integers(0, len(ASSAYS) - 1), people=st.integers(1, 9))
def test_decode__agrees_with_enumeration(seed: int, which: int, people: int) -> None:
    chances = [0.05, 0.05, 0.1, 0.2, 0.2, 0.2, 0.2]
    check_a_drawn_case(np.random.default_rng(seed), ASSAYS[which], people, chances)


@pytest.mark.parametrize("assay", ASSAYS)
def test_decode__agrees_with_enumeration_where_some_are_known_to_be_infected(assay: Assay) -> None:
    rng = np.random.default_rng(17)
    for _ in range(8):
        check_a_drawn_case(rng, assay, 7, [0.1, 0.3, 0.0, 0.0, 0.2, 0.2, 0.2])


@pytest.mark.parametrize("at", range(4))
def test_decode__agrees_with_the_reference_figures(at: int) -> None:
    case = json.loads(POSTERIORS.read_text())[at]
    calls: list[str | None] = ["positive" if y else "negative" for y in case["y"]]
    found = run(case["pools"], calls, case["prior"], {"sensitivity": case["se"], "specificity": case["sp"]})
    np.testing.assert_allclose(found.people["p_infected"], case["exact_marginals"], rtol=0, atol=1e-10)
    assert found.components["log_evidence"][0] == pytest.approx(case["log_evidence"], abs=1e-10)


@pytest.mark.parametrize(
    ("pools", "method"),
    [
        ([[0, 1, 2]], "closed_form"),
        ([[0, 1, 2], [2, 3, 4]], "tree"),
        ([[i, (i + 1) % 11] for i in range(11)], "elimination"),
        (array_pools(3, 3), "array"),
        ([[0, 1], [0, 1]], "enumeration"),
    ],
)
def test_decode__says_which_method(pools: list[list[int]], method: str) -> None:
    prior = np.full(max(map(max, pools)) + 1, 0.05)
    calls = ["positive"] + ["negative"] * (len(pools) - 1)
    found = run(pools, calls, prior, ASSAYS[0])
    assert found.people["method"].unique().to_list() == [method]
    checked(found, pools, rows_of(pools, calls, ASSAYS[0]), prior)


def test_decode__a_long_chain_is_exact_to_its_end() -> None:
    """Ninety pools in a row, all positive: news from one end reaches the other, against elimination."""
    pools = [[i, i + 1] for i in range(90)]
    prior = np.random.default_rng(9).uniform(0.05, 0.6, 91)
    calls: list[str | None] = ["positive"] * 90
    assay = Assay(sensitivity=0.999, specificity=0.999)
    found = run(pools, calls, prior, assay)
    assert found.people["method"].unique().to_list() == ["tree"]
    table = np.array([assay.likelihood(3, 1)] * 90)
    members = np.array(pools, np.int32).ravel()
    exact = solve(Component(np.arange(0, 181, 2), members, table, counts_matter=False, prior=prior), Effort())
    assert exact is not None
    assert exact.method == "elimination"
    np.testing.assert_allclose(found.people["p_infected"], exact.p_infected, rtol=0, atol=1e-12)
    assert found.components["log_evidence"][0] == pytest.approx(exact.log_evidence, abs=1e-10)
    assert found.people["error"].to_numpy().max() <= 1e-10


def test_decode__enumerates_where_elimination_costs_more() -> None:
    rng = np.random.default_rng(3)
    pools = [sorted(rng.choice(12, 5, replace=False).tolist()) for _ in range(40)]
    calls: list[str | None] = ["positive" if 3 in p else "negative" for p in pools]
    prior = rng.uniform(0.01, 0.2, 12)
    found = run(pools, calls, prior, ASSAYS[0])
    assert found.people["method"].unique().to_list() == ["enumeration"]
    checked(found, pools, rows_of(pools, calls, ASSAYS[0]), prior)


@pytest.mark.parametrize("columns", [3, 4])
def test_decode__an_array_with_tiny_evidence_stays_exact(columns: int) -> None:
    pools = array_pools(columns, columns)
    prior = np.full(columns * columns, 1e-7)  # the alternating sum loses every digit here: 1e-7 ** columns
    calls = ["negative"] * columns + ["positive"] * columns
    assay = Assay(sensitivity=0.99, specificity=1)
    found = run(pools, calls, prior, assay)
    assert "array" not in found.people["method"].unique().to_list()
    checked(found, pools, rows_of(pools, calls, assay), prior)


def test_decode__a_ten_by_ten_array_agrees_with_elimination() -> None:
    rng = np.random.default_rng(10)
    pools, prior = array_pools(10, 10), rng.uniform(0.001, 0.03, 100)
    calls: list[str | None] = ["positive" if q in (2, 7, 13) else "negative" for q in range(20)]
    by_array = run(pools, calls, prior, ASSAYS[0])
    by_elimination = run(pools, calls, prior, ASSAYS[0], effort=Effort(columns=0))
    assert by_array.people["method"].unique().to_list() == ["array"]
    assert by_elimination.people["method"].unique().to_list() == ["elimination"]
    np.testing.assert_allclose(by_array.people["p_infected"], by_elimination.people["p_infected"], atol=1e-11)


def test_decode__calls_without_evidence_link_nobody_and_change_nothing() -> None:
    prior = [0.1, 0.2, 0.3]
    found = run([[0, 1], [1, 2], [0, 2]], ["invalid", None, "negative"], prior, ASSAYS[0])
    assert found.people["p_infected"][1] == 0.2
    assert found.people["method"].to_list() == ["closed_form", "prior", "closed_form"]
    assert found.people["component"].to_list() == [0, 1, 0]
    assert found.components.select("people", "pools").rows() == [(2, 1), (1, 0)]


def test_decode__negative_pools_keep_their_evidence() -> None:
    found = run([[0, 1]], ["negative"], [0.1, 0.1], ASSAYS[0])
    expected = 0.1 * 0.1 / (0.81 * 0.99 + 0.19 * 0.1)
    assert found.people["p_infected"].to_list() == pytest.approx([expected] * 2, rel=1e-12)


def test_decode__perfect_test_equals_logic() -> None:
    found = run([[0, 1], [1, 2], [2, 3, 4]], ["negative", "positive", "positive"], [0.01] * 5, ASSAYS[4])
    assert found.people["p_infected"].to_list() == pytest.approx([0, 0, 1, 0.01, 0.01])
    assert found.people["method"].to_list()[:3] == ["logic"] * 3


def test_decode__impossible_outcomes_leave_the_prior_and_say_so() -> None:
    found = run([[0, 1], [0, 1], [2]], ["negative", "positive", "negative"], [0.01, 0.02, 0.03], ASSAYS[4])
    assert found.people["p_infected"].to_list() == [0.01, 0.02, 0]
    assert found.people["error"].to_list() == [None, None, 0]
    assert found.components["log_evidence"].to_list()[0] == -np.inf
    assert found.components["surprise"].to_list()[0] == np.inf


def test_decode__a_pool_without_people_is_a_component() -> None:
    found = run([[0], []], ["negative", "positive"], [0.1], ASSAYS[0])
    assert found.components["people"].to_list() == [1, 0]
    assert found.components["log_evidence"][1] == pytest.approx(np.log(0.01))


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_decode__relabelling_changes_nothing(seed: int) -> None:
    rng = np.random.default_rng(seed)
    people, pools = 30, [rng.choice(30, 6, replace=False).tolist() for _ in range(12)]
    calls: list[str | None] = rng.choice(["positive", "negative", "negative"], 12).tolist()
    prior = rng.uniform(0.001, 0.1, people)
    plain = run(pools, calls, prior, ASSAYS[0])
    names, order = rng.permutation(people), rng.permutation(12)
    moved = [[int(names[i]) for i in rng.permutation(pools[q])] for q in order]
    moved_prior = np.empty(people)
    moved_prior[names] = prior
    other = run(moved, [calls[q] for q in order], moved_prior, ASSAYS[0])
    np.testing.assert_allclose(
        other.people["p_infected"].to_numpy()[names], plain.people["p_infected"].to_numpy(), atol=1e-9
    )


@settings(max_examples=25)
@given(seed=st.integers(0, 2**32 - 1))
def test_decode__more_positive_evidence_never_lowers_its_people(seed: int) -> None:
    """In one pool and in a tree of pools; through loops evidence may be explained away, within a pool not."""
    rng = np.random.default_rng(seed)
    pools = [[0, 1, 2], [2, 3, 4], [4, 5, 6]]
    calls: list[str | None] = rng.choice(["positive", "negative"], 3).tolist()
    prior = rng.uniform(0.001, 0.5, 7)
    turned = int(rng.integers(3))
    less, more = list(calls), list(calls)
    less[turned], more[turned] = "negative", "positive"
    before = run(pools, less, prior, ASSAYS[0]).people["p_infected"].to_numpy()[pools[turned]]
    after = run(pools, more, prior, ASSAYS[0]).people["p_infected"].to_numpy()[pools[turned]]
    assert (after >= before - 1e-15).all()


def test_decode__text_names_and_integers_give_the_same() -> None:
    pools, calls = [[0, 1, 2], [2, 3]], ["positive", "negative"]
    numbered = run(pools, calls, [0.1, 0.2, 0.3, 0.4], ASSAYS[0])
    seats = pl.DataFrame(
        {"pool": ["A", "A", "B", "A", "B", "B"], "person": ["p0", "p1", "p2", "p2", "p3", "p3"]}
    )
    named = decode(
        seats,
        pl.DataFrame({"pool": ["A", "B"], "call": calls}),
        pl.DataFrame({"person": ["p0", "p1", "p2", "p3"], "prior": [0.1, 0.2, 0.3, 0.4]}),
        assay=ASSAYS[0],
    )
    assert named.people["p_infected"].to_list() == numbered.people["p_infected"].to_list()
    assert named.people["person"].to_list() == ["p0", "p1", "p2", "p3"]


def test_decode__contradiction_and_contamination_surprise() -> None:
    pools, prior = array_pools(8, 8), np.full(64, 0.002)

    def surprise(positive: set[int]) -> float:
        calls: list[str | None] = ["positive" if q in positive else "negative" for q in range(16)]
        return float(
            run(pools, calls, prior, Assay(sensitivity=0.95, specificity=0.999)).components["surprise"][0]
        )

    quiet, one, rows_only, everything = (
        surprise(set()),
        surprise({2, 9}),
        surprise(set(range(8))),
        surprise(set(range(16))),
    )
    assert quiet < one < 10 < rows_only
    assert everything > 10


def test_decode__beliefs_on_a_large_graph_are_near_sampling_free_truth() -> None:
    """Sixty people in three rounds: elimination (exact, with more effort) against belief propagation."""
    rng = np.random.default_rng(5)
    pools = [chunk.tolist() for _ in range(3) for chunk in np.array_split(rng.permutation(60), 6)]
    prior = np.full(60, 0.01)
    calls: list[str | None] = ["positive" if 7 in p else "negative" for p in pools]
    exact = run(pools, calls, prior, ASSAYS[0], effort=Effort(states=1 << 18))
    beliefs = run(pools, calls, prior, ASSAYS[0], effort=Effort(states=1, people=0, columns=0, sweeps=0))
    assert exact.people["method"].unique().to_list() == ["elimination"]
    assert beliefs.people["method"].unique().to_list() == ["belief_propagation"]
    near = np.abs(exact.people["p_infected"].to_numpy() - beliefs.people["p_infected"].to_numpy())
    assert near.max() < 0.01
    assert (near <= beliefs.people["error"].to_numpy()).all()


@pytest.mark.parametrize("sweeps", [0, 2000])
def test_decode__tells_how_far_beliefs_that_run_in_circles_may_be_off(sweeps: int) -> None:
    """Six people, all pairs pooled and positive: the beliefs are wrong, and either mended or told to be."""
    pools = [[i, j] for i in range(6) for j in range(i)]
    prior = np.full(6, 0.1)
    calls: list[str | None] = ["positive"] * len(pools)
    _, truth = enumerate_patterns(
        pools, [or_row(positive=True, people=2, se=0.7, sp=0.9)] * len(pools), prior
    )
    rough = Assay(sensitivity=0.7, specificity=0.9)
    found = run(
        pools, calls, prior, rough, effort=Effort(states=1, people=0, columns=0, sweeps=sweeps)
    ).people
    assert (np.abs(found["p_infected"].to_numpy() - truth) <= found["error"].to_numpy()).all()
    assert set(found["method"]) == {"sampling" if sweeps else "belief_propagation"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"seats": pl.DataFrame({"pool": [0]})}, "column person is missing"),
        (
            {"seats": pl.DataFrame({"pool": [0], "person": [9]})},
            "person 9 sits in a pool and is not in people",
        ),
        ({"pools": pl.DataFrame({"pool": [0, 0], "call": ["negative"] * 2})}, "pool .*0.* has two rows"),
        ({"pools": pl.DataFrame({"pool": [0], "call": ["maybe"]})}, "unknown call 'maybe'"),
        (
            {"people": pl.DataFrame({"person": [0], "prior": [1.5]})},
            "prior of person 0 is not between 0 and 1",
        ),
        (
            {"seats": pl.DataFrame({"pool": [0], "person": pl.Series([None], dtype=pl.Int64)})},
            "has empty entries",
        ),
    ],
)
def test_decode__a_broken_table_says_where(change: dict[str, pl.DataFrame], message: str) -> None:
    frames = {
        "seats": pl.DataFrame({"pool": [0], "person": [0]}),
        "pools": pl.DataFrame({"pool": [0], "call": ["negative"]}),
        "people": pl.DataFrame({"person": [0], "prior": [0.1]}),
    } | change
    with pytest.raises(TableError, match=message):
        decode(frames["seats"], frames["pools"], frames["people"])


def test_decode__an_assay_that_makes_no_sense_is_refused() -> None:
    with pytest.raises(PolicyError, match="sensitivity"):
        run([[0]], ["negative"], [0.1], {"sensitivity": 2, "specificity": 0.9})
    with pytest.raises(PolicyError, match="give one of dilution, table and cycles"):
        run([[0]], ["negative"], [0.1], {"dilution": 0.1, "table": {1: (0.5,)}})


def test_methods__are_ordered_from_nothing_to_approximate() -> None:
    assert METHODS.index("prior") < METHODS.index("closed_form") < METHODS.index("belief_propagation")
