"""The line of fit: right models get no warning, wrong ones get one, and the numbers behind are exact."""

from __future__ import annotations

import itertools
import math

import numpy as np
import polars as pl
import pytest
from benchmarks.misfits import MISFITS, city
from scipy import stats

import poolpipe
from pipeline.naive import frames_of
from poolpipe.decode import decode
from poolpipe.decode.retests import chance_of_confirmation, chance_of_finding, fit_of_findings, fit_of_retests
from poolpipe.decode.sums import expected_positives

PEOPLE = 100_000


@pytest.mark.parametrize("rounds", [1, 3])
@pytest.mark.parametrize("name", MISFITS)
def test_fit__warns_of_a_model_that_is_wrong(name: str, rounds: int) -> None:
    found = city(MISFITS[name], PEOPLE, rounds, seed=20)
    assert found.fit.warnings
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in found.fit.warnings)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("rounds", [1, 3])
def test_fit__does_not_warn_of_a_right_one(rounds: int, seed: int) -> None:
    found = city(None, PEOPLE, rounds, seed=seed)
    assert found.fit.warnings == ()
    assert found.fit.better["prior_factor"] == pytest.approx(1.0, abs=0.35)


def test_fit__offers_the_prior_that_fits() -> None:
    high = city(MISFITS["prior five times too high"], PEOPLE, 1, seed=3)
    assert high.fit.better["prior_factor"] == pytest.approx(0.2, rel=0.3)
    weak = city(MISFITS["sensitivity 0.6 told 0.9"], PEOPLE, 3, seed=3)
    assert weak.fit.better["sensitivity"] < 0.86


@pytest.mark.parametrize("seed", range(4))
def test_expected__positives_are_poisson_binomial(seed: int) -> None:
    rng = np.random.default_rng(seed)
    chance = rng.uniform(0, 1, 40) ** 3
    mass = np.ones(1)
    for p in chance:
        mass = np.convolve(mass, [1 - p, p])
    for seen in range(41):
        told = expected_positives(chance, seen)
        assert told.tail == pytest.approx(
            min(1, 2 * min(mass[: seen + 1].sum(), mass[seen:].sum())), abs=1e-12
        )
    below = np.cumsum(mass)
    assert (told.lower, told.upper) == (
        int(np.searchsorted(below, 0.025)),
        int(np.searchsorted(below, 0.975)),
    )


def test_expected__positives_of_one_chance_are_binomial() -> None:
    told = expected_positives(np.array([0.011]), 21_500, weight=np.array([2_000_000]))
    law = stats.binom(2_000_000, 0.011)
    assert (told.lower, told.upper) == tuple(law.interval(0.95))
    assert told.tail == pytest.approx(2 * law.cdf(21_500), rel=1e-6)


def test_fit__housemates_found_together_are_told_and_estimated() -> None:
    """Households whose members sit in different pools of a city of two people each."""
    rng = np.random.default_rng(8)
    count, link = 6_000, 0.4
    first = rng.random((count, 2)) < 0.01
    infected = (first | (first[:, ::-1] & (rng.random((count, 2)) < link))).ravel()
    people = pl.DataFrame(
        {"person": range(2 * count), "prior": [0.014] * (2 * count), "household": np.repeat(range(count), 2)}
    )
    order = np.concatenate([rng.permutation(2 * count) for _ in range(3)])
    pool = np.arange(order.size) // 5
    sick = np.bincount(pool, infected[order]) > 0
    calls = np.where(rng.random(sick.size) < np.where(sick, 0.95, 0.002), "positive", "negative")
    found = decode(
        pl.DataFrame({"pool": pool, "person": order}),
        pl.DataFrame({"pool": range(sick.size), "call": calls}),
        people,
        assay={"sensitivity": 0.95, "specificity": 0.998},
    )
    assert any("household" in text for text in found.fit.warnings)
    assert found.fit.better["household_link"] == pytest.approx(link, abs=0.15)


def _run(positives: int) -> dict[str, object]:
    tubes = range(60)
    at = "2022-02-10T00:00:00Z"
    collects = [
        {"kind": "collect", "at": at, "tube": f"T{t}", "person": f"{t}-{i}", "person_type": "HKM"} for t in tubes for i in range(10)
    ]  # fmt: skip
    reports = [
        {"kind": "report", "at": at, "tube": f"T{t}", "call": "positive" if t < positives else "negative"} for t in tubes
    ]  # fmt: skip
    fit: dict[str, object] = poolpipe.run(frames_of(collects + reports)).summary["fit"]
    return fit


def test_run__says_how_many_positives_its_policy_expects() -> None:
    plain, many = _run(1), _run(12)
    chance = 0.001 + (0.95 + 0.999 - 1) * (1 - 0.999**10)
    law = stats.binom(60, chance)
    assert plain["expected"] == round(law.mean(), 1)
    assert (plain["lower"], plain["upper"]) == tuple(law.interval(0.95))
    assert plain["warnings"] == []
    assert many["positives"] == 12
    assert "prior is too low" in str(many["warnings"])
    implied = 1 - (1 - (12 / 60 - 0.001) / 0.949) ** 0.1
    assert many["prior_implied"] == pytest.approx(implied, rel=0.01)


@pytest.mark.parametrize(
    ("prior", "se", "sp", "single"), [(0.1, 0.9, 0.98, 0.995), (0.3, 0.7, 1.0, 1.0), (0, 1, 0.9, 0.9)]
)
def test_chance_of_confirmation__is_that_of_every_pattern(
    prior: float, se: float, sp: float, single: float
) -> None:
    for people in (1, 2, 5):
        positive, confirmed = 0.0, 0.0
        for pattern in itertools.product((0, 1), repeat=people):
            weight = math.prod(prior if x else 1 - prior for x in pattern) * (se if any(pattern) else 1 - sp)
            positive += weight
            confirmed += weight * (1 - math.prod(1 - se if x else single for x in pattern))
        found = chance_of_confirmation(np.array([float(people)]), prior, se, sp, single)[0]
        assert found == pytest.approx(confirmed / positive, abs=1e-12)


def test_fit_of_retests__implies_the_specificity_that_explains_the_number() -> None:
    sizes = np.full(2000, 10.0)
    told = (0.001, 0.95, 0.999, 0.99997)
    usual = fit_of_retests(sizes, round(2000 * chance_of_confirmation(sizes, *told)[0]), *told)
    assert usual["warnings"] == []
    assert usual["specificity_implied"] == pytest.approx(0.999, rel=1e-5)
    dirty = chance_of_confirmation(sizes[:1], 0.001, 0.95, 0.99, 0.99997)[0]
    few = fit_of_retests(sizes, round(2000 * dirty), *told)
    assert few["specificity_implied"] == pytest.approx(0.99, rel=1e-3)
    assert "specificity" in few["warnings"][0]
    assert "全员复检" in few["warnings"][0]
    assert fit_of_retests(np.empty(0), 0, *told) == {}
    assert fit_of_retests(sizes, 2000, *told)["specificity_implied"] is None


@pytest.mark.parametrize(("confirmed", "warned"), [(10, False), (0, True)])
def test_run__holds_retests_against_its_policy(confirmed: int, warned: bool) -> None:
    """Ten positive pools all of whose people came again, and one half of whose people did."""
    events = []
    for tube in range(11):
        for i in range(10):
            person = {"person": f"{tube}-{i}", "person_type": "HKM"}
            events.append({"kind": "collect", "at": "2022-02-10T00:00:00Z", "tube": f"T{tube}", **person})
            if tube < 10 or i < 5:
                single = f"S{tube}-{i}"
                events.append(
                    {
                        "kind": "collect",
                        "at": "2022-02-10T12:00:00Z",
                        "tube": single,
                        "mode": "single",
                        **person,
                    }
                )
                call = "positive" if i == 0 and tube < confirmed else "negative"
                events.append({"kind": "report", "at": "2022-02-10T18:00:00Z", "tube": single, "call": call})
        events.append(
            {"kind": "report", "at": "2022-02-10T06:00:00Z", "tube": f"T{tube}", "call": "positive"}
        )
    fit = poolpipe.run(frames_of(events)).summary["fit"]
    assert (fit["retests"]["retested"], fit["retests"]["confirmed"]) == (10, confirmed)
    assert any("tested again" in text for text in fit["warnings"]) == warned


def test_chance_of_finding__is_that_of_all_patterns() -> None:
    p, se, sp, sp1, n = 0.1, 0.8, 0.9, 0.95, 4
    both = single = 0.0
    for pattern in itertools.product((0, 1), repeat=n):
        weight = math.prod(p if infected else 1 - p for infected in pattern)
        own = se if pattern[0] else 1 - sp1
        single += weight * own
        both += weight * own * (se if any(pattern) else 1 - sp)
    assert chance_of_finding(np.array([4.0]), p, se, sp, sp1)[0] == pytest.approx(both / single, rel=1e-12)


def test_fit_of_findings__implies_the_sensitivity_that_explains_the_number() -> None:
    told, sizes = (0.001, 0.9, 0.999, 0.99997), np.full(1000, 10.0)
    usual = fit_of_findings(sizes, round(1000 * chance_of_finding(sizes, *told)[0]), *told)
    assert usual["sensitivity_implied"] == pytest.approx(0.9, abs=0.002)
    assert usual["warnings"] == []
    infected = 0.001 * 0.9 / (0.001 * 0.9 + 0.999 * 0.00003)  # singles' own law stays as told
    few = fit_of_findings(sizes, round(1000 * infected * 0.6), *told)
    assert few["sensitivity_implied"] == pytest.approx(0.6, abs=0.005)
    assert len(few["warnings"]) == 1
    assert "sensitivity is lower" in few["warnings"][0]
    assert fit_of_findings(np.empty(0), 0, *told) == {}


def test_run__counts_singles_of_before_the_pools_result_alone() -> None:
    """T0 misses a person whose single is positive, T1 finds one, T2 is answered afterwards."""
    events = []
    for tube, call, hour in (("T0", "negative", 5), ("T1", "positive", 5), ("T2", "positive", 12)):
        for i in range(10):
            person = {"person": f"{tube}-{i}", "person_type": "HKM"}
            events.append({"kind": "collect", "at": "2022-02-10T00:00:00Z", "tube": tube, **person})
        one = {"person": f"{tube}-3", "person_type": "HKM", "tube": f"S{tube}"}
        events += [
            {"kind": "collect", "at": f"2022-02-10T{hour:02}:00:00Z", "mode": "single", **one},
            {"kind": "report", "at": "2022-02-10T06:00:00Z", "tube": tube, "call": call},
            {"kind": "report", "at": "2022-02-10T18:00:00Z", "tube": f"S{tube}", "call": "positive"},
        ]
    findings = poolpipe.run(frames_of(events)).summary["fit"]["findings"]
    assert (findings["pools"], findings["found"]) == (2, 1)


def test_fit__is_silent_about_people_who_are_certainly_infected() -> None:
    """Warnings of numpy are errors here; pool A has one certain person, B two, C none."""
    seats = pl.DataFrame({"pool": list("AABBBCC"), "person": list("pqpqrrs")})
    pools = pl.DataFrame({"pool": list("ABC"), "call": ["positive", "positive", "negative"]})
    people = pl.DataFrame({"person": list("pqrs"), "prior": [1.0, 0.0, 1.0, 0.0]})
    table = decode(seats, pools, people).fit.table
    assert dict(table.select("what", "seen").rows())["positives"] == 2


def test_expected_positives__of_very_many_chances_are_those_of_their_neighbours(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chance = np.sort(np.random.default_rng(1).uniform(0.01, 0.9, 50))
    whole = expected_positives(chance, 28)
    monkeypatch.setattr("poolpipe.decode.sums.MOST_KINDS", 45)
    grouped = expected_positives(chance, 28)
    assert (grouped.lower, grouped.upper) == (whole.lower, whole.upper)
    assert grouped.tail == pytest.approx(whole.tail, rel=0.01)
