"""Rounds one after the other: against enumeration over people and rounds, and how far carrying on alone is off."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from poolpipe.decode import Assay, joint_rounds
from poolpipe.decode.called_tubes import CalledTubes
from poolpipe.decode.infections import Infections, number_infections
from poolpipe.decode.parts import Parts
from poolpipe.decode.round_order import RoundOrder
from poolpipe.decode.rounds import decode_rounds
from poolpipe.decode.turnover import Turnover
from poolpipe.tables import CALLS
from reference.probabilities import p_infected

if TYPE_CHECKING:
    from numpy.typing import NDArray

TEST = {"prior": 0.01, "sensitivity": 0.9, "specificity": 0.98, "positive_days": 17.0}
START = datetime(2022, 4, 4, tzinfo=UTC)
Sample = tuple[int, str, str]
"""Round, its people as letters, call."""
TEN = "abcdefghij"


def _infections(samples: list[Sample], days: list[float]) -> Infections:
    seats = pl.DataFrame(
        [
            (ord(person), round_, START + timedelta(days=days[round_]))
            for round_, people, _ in samples
            for person in people
        ],
        schema={"person": pl.Int64, "round": pl.Int64, "collected_at": pl.Datetime("us", "UTC")},
        orient="row",
    )
    nothing = pl.DataFrame(schema={"person": pl.Int64, "round": pl.Int64, "single_round": pl.Int64})
    return number_infections(seats, nothing)


def _decoded(samples: list[Sample], days: list[float]) -> list[float]:
    """P(infected) of every seat, sample by sample."""
    offsets = np.concatenate([[0], np.cumsum([len(people) for _, people, _ in samples])])
    tubes = CalledTubes(
        offsets,
        np.asarray([CALLS.index(call) for _, _, call in samples], np.int8),
        np.zeros(len(samples), np.bool_),
        np.zeros(len(samples), np.bool_),
        np.asarray([round_ for round_, _, _ in samples]),
        Assay(sensitivity=TEST["sensitivity"], specificity=TEST["specificity"]),
        TEST["specificity"],
    )
    infections = _infections(samples, days)
    likely, _ = decode_rounds(tubes, infections, Turnover(TEST["prior"], TEST["positive_days"]))
    return [float(likely[infection]) for infection in infections.of_seat]


def _enumerated(samples: list[Sample], days: list[float]) -> list[float]:
    tubes = {
        (str(round_), str(place)): {("", person): START + timedelta(days=days[round_]) for person in people}
        for place, (round_, people, _) in enumerate(samples)
    }
    calls: dict[tuple[str, str], str | None] = {
        (str(round_), str(place)): call for place, (round_, _, call) in enumerate(samples)
    }
    found = p_infected(tubes, calls, set(), TEST, 20)
    return [found["", person, str(round_)] for round_, people, _ in samples for person in people]


def _random_samples(rng: np.random.Generator) -> tuple[list[Sample], list[float]]:
    days = np.cumsum([0.0, *rng.uniform(0, 20, 2)]).tolist()
    samples = []
    for round_ in range(3):
        people = rng.permutation(list("abcde"))[: rng.integers(2, 6)].tolist()
        cut = int(rng.integers(0, len(people)))
        for part in (people[:cut], people[cut:]):
            if part:
                samples.append((round_, "".join(part), str(rng.choice(["positive", "negative", "invalid"]))))
    return samples, days


@pytest.mark.parametrize("seed", range(12))
def test_decode_rounds__agrees_with_enumeration_over_people_and_rounds(seed: int) -> None:
    samples, days = _random_samples(np.random.default_rng(seed))
    np.testing.assert_allclose(_decoded(samples, days), _enumerated(samples, days), rtol=1e-10, atol=1e-15)


def test_decode_rounds__of_one_person_is_bayes_then_prediction_then_bayes() -> None:
    samples: list[Sample] = [(0, "a", "positive"), (1, "a", "negative")]
    prior, sensitivity, specificity = TEST["prior"], TEST["sensitivity"], TEST["specificity"]
    first = prior * sensitivity / (prior * sensitivity + (1 - prior) * (1 - specificity))
    kept = np.exp(-5.0 / 17.0 / (1 - prior))
    carried = prior + (first - prior) * kept
    second = carried * (1 - sensitivity) / (carried * (1 - sensitivity) + (1 - carried) * specificity)
    assert _decoded(samples, [0.0, 5.0]) == pytest.approx([first, second], rel=1e-12)


def test_decode_rounds__later_rounds_change_nothing_earlier() -> None:
    samples: list[Sample] = [(0, "abc", "positive"), (0, "de", "negative"), (1, "abd", "positive"), (2, "ace", "negative")]  # fmt: skip
    days = [0.0, 3.0, 6.0]
    assert _decoded(samples[:2], days) == _decoded(samples, days)[:5]
    assert _decoded(samples[:3], days) == _decoded(samples, days)[:8]


def test_decode_rounds__who_was_elsewhere_or_nowhere_before_comes_with_the_prior() -> None:
    samples: list[Sample] = [(0, "ab", "positive"), (1, "cd", "negative")]
    assert _decoded(samples, [0.0, 1.0])[2:] == pytest.approx(_decoded(samples[1:], [0.0, 0.0]), rel=1e-14)


ALONE = {
    "singles": ([(0, "a", "positive"), (0, "b", "negative"), (1, "ab", "positive")], 1e-14),
    "a negative pool of ten again": ([(0, TEN, "negative"), (1, TEN, "negative"), (2, TEN, "negative")], 1e-4),
    "a positive pool of ten, then apart": ([(0, TEN, "positive"), (1, "akl", "negative"), (1, "bmn", "positive")], 1e-14),
    "a positive pool of ten again": ([(0, TEN, "positive"), (1, TEN, "positive")], 0.1),
}  # fmt: skip


@pytest.mark.parametrize(("samples", "most"), ALONE.values(), ids=ALONE)
def test_decode_rounds__beyond_what_is_exact_is_off_by_no_more_than_the_page_says(
    samples: list[Sample], most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [0.0, 2.0, 4.0]
    exact = np.asarray(_decoded(samples, days))
    monkeypatch.setattr(joint_rounds, "MOST_COMPONENTS", 0)
    alone = np.asarray(_decoded(samples, days))
    assert np.abs(alone - exact).max() <= most


def test_number_infections__ties_a_recall_its_answer_and_what_lies_between() -> None:
    rounds = [2, 0, 1, 3, 0, 1]
    swabs = [START + timedelta(days=round_) for round_ in rounds]
    seats = pl.DataFrame({"person": [1, 1, 1, 1, 2, 2], "round": rounds, "collected_at": swabs})
    answers = pl.DataFrame({"person": [1], "round": [0], "single_round": [2]})
    found = number_infections(seats, answers)
    assert found.of_seat.tolist() == [0, 0, 0, 1, 2, 3]
    assert found.before.tolist() == [-1, 0, -1, 2]
    assert (found.first_round.tolist(), found.last_round.tolist()) == ([0, 3, 0, 1], [2, 3, 0, 1])
    days: NDArray[np.float64] = (found.last_at - found.first_at) / 86_400e6
    assert days.tolist() == [2.0, 0.0, 0.0, 0.0]


def _random_order(rng: np.random.Generator) -> tuple[RoundOrder, Infections]:
    """Of tubes of one to three of eight people in four rounds, some of whose recalls are answered rounds later."""
    tubes = []
    for round_ in range(4):
        people = [person for person in rng.permutation(8).tolist() if rng.random() < 0.8]
        while people:
            size = int(rng.integers(1, 4))
            tubes.append([(round_, person) for person in people[:size]])
            people = people[size:]
    seats = [seat for tube in tubes for seat in tube]
    answers = [
        (person, round_, later)
        for round_, person in seats
        for later in range(round_ + 1, 4)
        if (later, person) in seats and rng.random() < 0.15
    ]
    infections = number_infections(
        pl.DataFrame(seats, schema={"round": pl.Int64, "person": pl.Int64}, orient="row").with_columns(
            collected_at=pl.lit(START)
        ),
        pl.DataFrame(
            answers,
            schema={"person": pl.Int64, "round": pl.Int64, "single_round": pl.Int64},
            orient="row",
        ),
    )
    offsets = np.cumsum([0, *map(len, tubes)])
    members = infections.of_seat.astype(np.int32)
    parts = Parts.of(offsets, members, np.ones(len(tubes), np.bool_), len(infections))
    return RoundOrder.of(infections, parts), infections


def test_round_order__puts_each_behind_those_before_it_and_circles_between() -> None:
    seen = {"before": 0, "knotted": 0, "behind": 0, "behind those behind": 0}
    for seed in range(100):
        order, infections = _random_order(np.random.default_rng(seed))
        count = len(order.level)
        steps = {(a, b) for a, b in zip(order.here.tolist(), order.there.tolist(), strict=True) if a != b}
        back = np.zeros((count, count), np.bool_)
        for here, there in steps:
            back[here, there] = True
        for middle in range(count):
            back |= back[:, [middle]] & back[[middle], :]
        circles = back.diagonal()
        waiting = circles | back[:, circles].any(axis=1)
        knotted = waiting & (circles | back[circles].any(axis=0))
        np.testing.assert_array_equal(order.knotted, knotted)
        for here, there in steps:
            assert (knotted[here] and knotted[there]) or order.level[here] > order.level[there]
        rounds = {  # last and first of each knotted component
            place: (infections.last_round[there].max(), infections.first_round[there].min())
            for place in np.flatnonzero(knotted)
            if (there := order.component == place).any()
        }
        ranked = sorted(rounds, key=lambda place: (rounds[place], order.level[place]))
        levels = [order.level[place] for place in ranked]
        assert levels == sorted(levels)
        assert len({*levels}) == len({*rounds.values()})
        behind = waiting & ~knotted
        assert not waiting.any() or order.level[waiting].min() > order.level[~waiting].max(initial=-1)
        seen["before"] += int((~waiting).sum())
        seen["knotted"] += int(knotted.sum())
        seen["behind"] += int(behind.sum())
        seen["behind those behind"] += sum(behind[here] and behind[there] for here, there in steps)
    assert min(seen.values()) > 20, seen


@pytest.mark.parametrize("prior", [0.0, 1.0, 1e-300, 0.3])
def test_turnover__keeps_the_prior_and_forgets_all_else(prior: float) -> None:
    turnover = Turnover(prior, 17.0)
    days = np.asarray([0.0, 1e-3, 7.0, 1e9])
    assert turnover.predict(np.full(4, prior), days) == pytest.approx([prior] * 4, rel=1e-12)
    if prior < 1:
        assert turnover.predict(np.asarray([0.5, 0.5]), np.asarray([0.0, 1e9])) == pytest.approx([0.5, prior], abs=1e-15)  # fmt: skip
