"""Numbers at the edge: hundreds of pools of one person, priors near nothing, contradictions, arguments that cannot be."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pytest

from poolpipe.decode import Assay, Dynamics, Effort, decode, decode_over_time, posteriors, priors
from poolpipe.design import screen_doubts
from poolpipe.errors import PolicyError, TableError

if TYPE_CHECKING:
    from collections.abc import Sequence

SE, SP = 0.95, 0.995
PLAIN = Assay(sensitivity=SE, specificity=SP)
PERFECT = {"sensitivity": 1, "specificity": 1}


def frames(
    pools: Sequence[Sequence[int]], calls: Sequence[str], prior: Sequence[float]
) -> tuple[pl.DataFrame, pl.DataFrame, pl.DataFrame]:
    seats = pl.DataFrame(
        {
            "pool": [at for at, pool in enumerate(pools) for _ in pool],
            "person": [i for pool in pools for i in pool],
        },
        schema={"pool": pl.Int64, "person": pl.Int64},
    )
    called = pl.DataFrame({"pool": range(len(pools)), "call": list(calls)})
    return seats, called, pl.DataFrame({"person": range(len(prior)), "prior": list(prior)})


def exact(
    pools: Sequence[Sequence[int]], calls: Sequence[str], prior: Sequence[float], se: float, sp: float
) -> tuple[float, list[float]]:
    """Log evidence and marginals of every pattern, in fractions: nothing is rounded, nothing too small."""
    chance = {"positive": (1 - Fraction(sp), Fraction(se)), "negative": (Fraction(sp), 1 - Fraction(se))}
    total, mine = Fraction(0), [Fraction(0)] * len(prior)
    for pattern in itertools.product((0, 1), repeat=len(prior)):
        weight = math.prod(
            (Fraction(p) if x else 1 - Fraction(p) for x, p in zip(pattern, prior, strict=True)),
            start=Fraction(1),
        )
        for pool, call in zip(pools, calls, strict=True):
            weight *= chance[call][int(any(pattern[i] for i in pool))]
        total += weight
        for i, x in enumerate(pattern):
            mine[i] += weight * x
    log = math.log(total.numerator) - math.log(total.denominator)
    return log, [float(each / total) for each in mine]


TURNS = ["positive", "negative"]
EDGES: dict[str, tuple[list[list[int]], list[str], list[float], float]] = {
    "105 positive singles": ([[0]] * 105, ["positive"] * 105, [0.01], SP),
    "200 positive and 400 negative singles": (
        [[0]] * 600,
        ["positive"] * 200 + ["negative"] * 400,
        [0.01],
        0.9,
    ),
    "500 alternating singles": ([[0]] * 500, TURNS * 250, [0.5], 0.95),
    "500 alternating pools of two": ([[0, 1]] * 500, TURNS * 250, [0.01, 0.02], 0.95),
    "500 alternating pools of three and two": ([[0, 1, 2], [1, 2]] * 250, TURNS * 250, [0.1, 0.02, 0.3], SP),
    "a star of 400 pools": ([[0, i % 4 + 1] for i in range(400)], TURNS * 200, [0.3, 0.1, 0.1, 0.2, 0.3], SP),
    "120 singles against 300 pools": (
        [[0]] * 120 + [[0, 1]] * 300,
        ["positive"] * 120 + ["negative"] * 300,
        [0.2, 0.3],
        SP,
    ),
    **{
        f"a ring of priors 1e-{power}": (
            [[0, 1], [1, 2], [2, 0]],
            ["positive"] * 3,
            [2 * 10.0**-power, 10.0**-power, 10.0**-power],
            1.0,
        )
        for power in (61, 100, 290)
    },
    **{
        f"a chain of priors 1e-{power}": (
            [[0, 1], [1, 2]],
            ["positive"] * 2,
            [1e-20, 10.0**-power, 1e-30],
            1.0,
        )
        for power in (61, 100, 290)
    },
}


@pytest.mark.parametrize("name", EDGES)
def test_decode__is_exact_at_the_edge_of_floats(name: str) -> None:
    pools, calls, prior, sp = EDGES[name]
    found = decode(*frames(pools, calls, prior), assay={"sensitivity": SE, "specificity": sp})
    log_evidence, expected = exact(pools, calls, prior, SE, sp)
    np.testing.assert_allclose(found.people["p_infected"], expected, rtol=1e-9, atol=1e-10)
    assert found.components["log_evidence"].sum() == pytest.approx(log_evidence, rel=1e-12, abs=1e-9)
    assert found.doubts.is_empty()


def test_decode__a_person_in_hundreds_of_pools_of_a_tree_is_exact() -> None:
    """The other of each pair is in no other pool, so each pool is a single of the hub with a likelihood of its own."""
    count, p = 400, 0.01
    calls = TURNS * (count // 2)
    found = decode(*frames([[0, i + 1] for i in range(count)], calls, [p] * (count + 1)), assay=PLAIN)
    told = {
        "positive": SE / (SE * p + (1 - SP) * (1 - p)),
        "negative": (1 - SE) / ((1 - SE) * p + SP * (1 - p)),
    }
    log_odds = math.log(p / (1 - p)) + sum(math.log(told[call]) for call in calls)
    assert found.people["p_infected"][0] == pytest.approx(1 / (1 + math.exp(-log_odds)), abs=1e-12)
    clean, infected = (
        math.log(weight)
        + (count // 2) * sum(math.log(f) for f in parts)
        for weight, parts in (
            (1 - p, (SE * p + (1 - SP) * (1 - p), (1 - SE) * p + SP * (1 - p))), (p, (SE, 1 - SE))
        )
    )  # fmt: skip
    assert found.components["log_evidence"][0] == pytest.approx(np.logaddexp(clean, infected), abs=1e-8)


# contradictions


def _contradicting(doubts: pl.DataFrame) -> list[str]:
    return doubts.filter(pl.col("code") == "contradiction")["pool"].to_list()


def smallest_by_trying(pools: list[list[int]], calls: list[str]) -> int:
    """Size of the smallest set of pools that no pattern explains, by trying all sets by size."""
    people = sorted({i for pool in pools for i in pool})
    for size in range(1, len(pools) + 1):
        for some in itertools.combinations(range(len(pools)), size):
            cleared = {i for at in some if calls[at] == "negative" for i in pools[at]}
            if any(calls[at] == "positive" and set(pools[at]) <= cleared for at in some):
                return size
    raise AssertionError(people)


@pytest.mark.parametrize("seed", range(12))
def test_contradiction__is_the_smallest_set_and_is_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pools = [sorted(rng.choice(7, rng.integers(1, 5), replace=False).tolist()) for _ in range(9)]
    calls = rng.choice(["positive", "negative", "negative"], 9).tolist()
    cleared = {i for pool, call in zip(pools, calls, strict=True) if call == "negative" for i in pool}
    if not any(call == "positive" and set(pool) <= cleared for pool, call in zip(pools, calls, strict=True)):
        pools, calls = [*pools, sorted(cleared)], [*calls, "positive"]
    seats, called, people = frames(pools, calls, [0.1] * 7)
    named = [int(pool) for pool in _contradicting(decode(seats, called, people, assay=PERFECT).doubts)]
    assert [int(pool) for pool in _contradicting(screen_doubts(seats, called))] == named
    chosen = [at for at in range(len(pools)) if at in named]
    # where several components contradict themselves, each has a set of its own
    clear = {i for at in chosen if calls[at] == "negative" for i in pools[at]}
    of_positives = [at for at in chosen if calls[at] == "positive"]
    assert of_positives
    assert all(set(pools[at]) <= clear for at in of_positives)
    if len(of_positives) == 1:
        assert len(named) == smallest_by_trying(pools, calls)


def test_contradiction__with_a_prior_is_one_pool() -> None:
    seats, called, people = frames([[0, 1], [2]], ["negative", "positive"], [1.0, 0.1, 0.0])
    doubts = decode(seats, called, people, assay=PERFECT).doubts
    assert _contradicting(doubts) == ["0", "1"]
    assert "smallest set" in doubts["detail"][0]


# what cannot be is refused


def test_assay__a_positive_that_speaks_against_infection_is_refused() -> None:
    with pytest.raises(PolicyError, match=r"sensitivity 0\.3 is below 1 - specificity 0\.4"):
        decode(*frames([[0]], ["positive"], [0.1]), assay={"sensitivity": 0.3, "specificity": 0.6})
    with pytest.raises(PolicyError, match=r"table\[2\] falls below 1 - specificity"):
        decode(*frames([[0]], ["positive"], [0.1]), assay={"specificity": 0.9, "table": {2: (0.05, 0.9)}})
    with pytest.raises(PolicyError, match="an assay is no float"):
        decode(*frames([[0]], ["positive"], [0.1]), assay=0.9)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([1, 3], [3], 0.1), "do not rise from 0"),
        (([0, 3, 2], [3, 1], 0.1), "do not rise from 0"),
        (([0.0, 2.0], [3], 0.1), "no flat arrays of whole numbers"),
        (([], [], 0.1), "do not rise from 0"),
        (([0, 2], [5], 0.1), "no call has the code 5"),
        (([0, 2], [-2], 0.1), "no call has the code -2"),
        (([0, 2], [3, 1], 0.1), "2 calls for 1 pools"),
        (([0, 2], [3], [0.1, 0.1, 0.1]), "3 priors for 2 seats"),
    ],
)
def test_posteriors__refuse_what_would_read_beside_their_arrays(arguments: Any, message: str) -> None:
    offsets, calls, prior = arguments
    with pytest.raises(PolicyError, match=message):
        posteriors(np.asarray(offsets), np.asarray(calls), prior, PLAIN)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"threads": 0}, "threads 0"),
        ({"most_sweeps": 0}, "most_sweeps 0"),
        ({"tolerance": math.nan}, "tolerance nan"),
        ({"tolerance": 0.0}, r"tolerance 0\.0"),
    ],
)
def test_decode__refuses_options_that_cannot_be(options: dict[str, Any], message: str) -> None:
    with pytest.raises(PolicyError, match=message):
        decode(*frames([[0]], ["positive"], [0.1]), **options)


def test_effort__and_dynamics_are_checked() -> None:
    with pytest.raises(PolicyError, match="states 0"):
        Effort(states=0)
    with pytest.raises(PolicyError, match=r"people 2\.5"):
        Effort(people=2.5)  # type: ignore[arg-type]
    with pytest.raises(PolicyError, match="-1 days"):
        Dynamics().over(-1)
    seats, called, people = frames([[0]], ["positive"], [0.1])
    with pytest.raises(PolicyError, match="dynamics are no dict"):
        decode_over_time(seats, called.with_columns(day=pl.lit(1)), people, {})  # type: ignore[arg-type]
    with pytest.raises(TableError, match="column 'day' holds String"):
        decode_over_time(seats, called.with_columns(day=pl.lit("1")), people, Dynamics())


@pytest.mark.parametrize("ct", [0.0, -1.0, 100.5, math.inf])
def test_ct__that_no_machine_reads_is_refused(ct: float) -> None:
    seats, called, people = frames([[0]], ["positive"], [0.1])
    with pytest.raises(TableError, match="column 'ct', row 1"):
        decode(seats, called.with_columns(ct=pl.lit(ct)), people, assay={"cycles": {}})


def test_likelihood__refuses_codes_people_and_cycles_that_cannot_be() -> None:
    with pytest.raises(PolicyError, match="Ct nan"):
        PLAIN.likelihood(3, 1, math.nan)
    with pytest.raises(PolicyError, match="no call has the code 7"):
        PLAIN.likelihood(7, 1)
    with pytest.raises(PolicyError, match="-1 people"):
        PLAIN.likelihood(3, -1)


@pytest.mark.parametrize("prior", [1e-301, 5e-324])
def test_prior__too_small_to_multiply_is_refused(prior: float) -> None:
    with pytest.raises(TableError, match="prior of person 0 is below 1e-300"):
        decode(*frames([[0]], ["positive"], [prior]))


def test_numbers__that_are_none_are_told_by_column_and_row() -> None:
    seats, called, people = frames([[0, 1]], ["positive"], [0.1, 0.1])
    words = people.with_columns(prior=pl.Series(["0.1", "一成"]))
    with pytest.raises(TableError, match="column 'prior', row 2, holds no number"):
        decode(seats, called, words)
    with pytest.raises(TableError, match="column 'p_known', row 1, holds no number"):
        priors(people.with_columns(p_known=pl.lit("x")), 0.1)
    with pytest.raises(TableError, match="column 'batch', row 1, is no whole number"):
        priors(people.with_columns(batch=pl.lit(1.5)), 0.1)


@pytest.mark.parametrize(
    ("offsets", "prior", "message"),
    [
        ([0, 1 << 62], 0.01, "more than"),
        (np.array([0, (1 << 63) + 5], np.uint64), 0.01, "more than"),
        ([0, 2], "a", "no numbers"),
    ],
)
def test_posteriors__refuse_damaged_offsets_and_priors_in_words(
    offsets: Any, prior: Any, message: str
) -> None:
    with pytest.raises(PolicyError, match=message):
        posteriors(np.asarray(offsets), np.array([3]), prior, Assay())


def test_posteriors__take_an_assay_as_a_mapping_and_refuse_what_is_none() -> None:
    arrays = np.array([0, 2]), np.array([3])
    told = {"sensitivity": 0.9, "specificity": 0.99}
    assert posteriors(*arrays, 0.01, told).tolist() == posteriors(*arrays, 0.01, Assay(**told)).tolist()
    with pytest.raises(PolicyError, match="an assay is no int"):
        posteriors(*arrays, 0.01, 5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("effort", "message"), [({"peple": 3}, "did you mean 'people'"), (7, "an effort is no int")]
)
def test_effort__is_an_object_or_a_mapping_of_its_fields(effort: Any, message: str) -> None:
    tables = frames([[0, 1]], ["positive"], [0.1, 0.1])
    assert decode(*tables, effort={"people": 3}).people["method"][0] == "closed_form"
    with pytest.raises(PolicyError, match=message):
        decode(*tables, effort=effort)


@pytest.mark.parametrize("cycles", [{"values": (99.0,)}, {"mean": 41, "sd": 0.1}])
def test_assay__of_which_nobody_is_detected_is_refused(cycles: dict[str, Any]) -> None:
    with pytest.raises(PolicyError, match="within the limit of 40"):
        decode(*frames([[0]], ["positive"], [0.1]), assay={"cycles": cycles})


def test_probabilities__do_not_exceed_one_by_rounding() -> None:
    """Warnings are errors here: a logarithm of 1 - p below 0 would raise."""
    rng = np.random.default_rng(1)
    for _ in range(40):
        people = int(rng.integers(2, 8))
        pools = [
            sorted(rng.choice(people, int(rng.integers(1, people + 1)), replace=False).tolist())
            for _ in range(200)
        ]
        calls = np.where(rng.random(200) < 0.7, "positive", "negative").tolist()
        prior = rng.choice([1e-300, 1e-6, 0.5, 1 - 1e-12], people).tolist()
        found = decode(*frames(pools, calls, prior), assay={"sensitivity": 0.8, "specificity": 0.7})
        assert found.people["p_infected"].max() <= 1.0  # type: ignore[operator]


def test_sampling__counts_the_pools_of_a_person_among_its_costs() -> None:
    """Ten people in 400 pools: an exchange in every pool reads all of them; a sample would take minutes, so none is drawn."""
    rng = np.random.default_rng(1)
    pools = [sorted(rng.choice(10, int(rng.integers(2, 10)), replace=False).tolist()) for _ in range(400)]
    calls = rng.choice(["positive", "negative"], 400).tolist()
    told = decode(
        *frames(pools, calls, [0.1] * 10),
        assay={"sensitivity": 0.6, "specificity": 0.7},
        effort=Effort(states=1, people=1),
    )
    assert "sampling" not in set(told.people["method"])
    assert told.people["error"].null_count() == 0
