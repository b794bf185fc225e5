"""The fit of a run: pools of two and more, Ct of pools against singles and law, what fits better, and nothing where nothing is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
import pytest
from benchmarks.run_misfits import RUN_MISFITS, fit_of
from scipy import stats

import poolpipe
from pipeline.naive import frames_of
from poolpipe.decode.clusters import chance_of_two

POLICY: dict[str, Any] = {"assay": {"negative_controls": 0, "positive_controls": 0}}
CHECKS = ("retests", "findings", "clusters", "dilution", "ct")


def _time(hour: int) -> str:
    return f"2022-02-{10 + hour // 24:02}T{hour % 24:02}:00:00Z"


def _plated(tube: str, well: int, hour: int, ct: dict[str, float | str | None]) -> list[dict[str, Any]]:
    place = {
        "plate": f"P{well // 96}",
        "well": f"{'ABCDEFGH'[well % 8]}{well // 8 % 12 + 1:02}",
        "at": _time(hour),
    }
    reads = [
        {"kind": "read", **place, "target": name, "ct": None if value is None else str(value)}
        for name, value in ct.items()
    ]
    return [{"kind": "load", **place, "lab": "L", "tube": tube}, *reads]


def _pool(
    number: int,
    *,
    positive: int = 1,
    people: int = 10,
    pool_ct: dict[str, float | str | None] | None = None,
    single_ct: dict[str, float | str | None] | None = None,
    round_: str = "",
    first: int | None = None,
) -> list[dict[str, Any]]:
    """A positive pool and everybody's single; with Ct they lie on plates, else a laboratory reports them."""
    events, day = [], 24 * int(round_ or 0)
    for i in range(people):
        person = {"person": f"{first if first is not None else number}-{i}", "person_type": "HKM"}
        events.append({"kind": "collect", "at": _time(day), "tube": f"T{number}", **person})
        single = f"S{number}-{i}"
        events.append({"kind": "collect", "at": _time(day + 5), "tube": single, "mode": "single", **person})
        if i < positive and single_ct:
            events += _plated(single, 2 * number + 1, day + 8, single_ct)
        else:
            call = "positive" if i < positive else "negative"
            events.append({"kind": "report", "at": _time(day + 8), "tube": single, "call": call})
    if pool_ct:
        events += _plated(f"T{number}", 2 * number, day + 3, pool_ct)
    else:
        events.append({"kind": "report", "at": _time(day + 3), "tube": f"T{number}", "call": "positive"})
    return [{**event, "round": round_} for event in events]


def _healthy(pools: int) -> list[dict[str, Any]]:
    """Negative pools of ten, so that as many positive ones are expected as there are."""
    people = [
        {"kind": "collect", "at": _time(0), "tube": f"N{t}", "person": f"n{t}-{i}", "person_type": "HKM"}
        for t in range(pools)
        for i in range(10)
    ]
    return [
        *people,
        *({"kind": "report", "at": _time(3), "tube": f"N{t}", "call": "negative"} for t in range(pools)),
    ]


def _fit(events: list[dict[str, Any]], policy: dict[str, Any] | None = None, **tables: Any) -> dict[str, Any]:
    fit: dict[str, Any] = poolpipe.run(frames_of(events), policy=policy or POLICY, **tables).summary["fit"]
    return fit


def _ct(
    later: float, noise: float, seed: int
) -> tuple[dict[str, float | str | None], dict[str, float | str | None]]:
    """Ct of two targets of a pool of ten and of its person's single."""
    rng = np.random.default_rng(seed)
    own = float(rng.normal(26.0, 2.0))
    return tuple(
        {
            "ORF1ab": round(base + rng.normal(0, noise), 2),
            "N": round(base - 0.8 + rng.normal(0, noise), 2),
            "IC": 28.0,
        }
        for base in (own + later, own)
    )  # type: ignore[return-value]


def test_run__counts_pools_of_two_against_independent_people() -> None:
    events = [event for t in range(12) for event in _pool(t, positive=2 if t < 10 else 1)]
    fit = _fit([*events, *_healthy(100)])
    clusters = fit["clusters"]
    prior = max(0.001, fit["prior_implied"])
    chance = float(chance_of_two(np.array([10.0]), prior, 0.95, 0.999, 0.99997)[0])
    assert (clusters["confirmed"], clusters["two"]) == (12, 10)
    assert clusters["expected"] == pytest.approx(12 * chance, rel=0.01)
    assert (clusters["lower"], clusters["upper"]) == tuple(stats.binom(12, chance).interval(0.95))
    assert any("hold two or more" in text for text in fit["warnings"])
    found = 22 / 1120 / 0.95**2
    assert clusters["prior_implied"] == pytest.approx(found, rel=0.01)
    assert fit["better"]["prior"] == clusters["prior_implied"]
    anyhow = prior * 0.95 + (1 - prior) * 0.00003
    assert fit["better"]["pool_link"] == pytest.approx((10 / 108 - anyhow) / (1 - anyhow), abs=0.0005)


def test_run__is_silent_about_single_cases() -> None:
    fit = _fit(
        [*(event for t in range(12) for event in _pool(t)), *_healthy(1000)], {"decoding": {"prior": 0.0012}}
    )
    assert (fit["clusters"]["two"], fit["warnings"], fit["better"]) == (0, [], {})


def test_run__estimates_the_attack_rate_of_households_that_a_table_names() -> None:
    """Persons 0 and 1 of a pool live together, and both are positive in 6 of 12 pools."""
    events = [event for t in range(12) for event in _pool(t, positive=2 if t < 6 else 1)]
    people = pl.DataFrame(
        [(f"{t}-{i}", "HKM", f"H{t}-{i // 2}") for t in range(12) for i in range(10)],
        schema=["person", "person_type", "household"],
        orient="row",
    )
    fit = _fit([*events, *_healthy(400)], people=people)
    assert fit["better"]["household_link"] == pytest.approx(0.5, abs=0.01)


def test_run__counts_two_people_once_though_they_share_a_pool_in_every_round() -> None:
    events = [event for r in range(4) for event in _pool(r, positive=2, round_=str(r), first=0)]
    clusters = _fit([*events, *_healthy(400)])["clusters"]
    assert (clusters["confirmed"], clusters["two"]) == (1, 1)


def test_run__does_not_count_pools_of_which_somebody_is_missing() -> None:
    events = [event for t in range(3) for event in _pool(t, positive=2)]
    left = [each for each in events if each.get("tube") not in {"S0-9", "S1-9", "S2-9"}]
    assert _fit([*left, *_healthy(100)])["clusters"] == {}


@pytest.mark.parametrize(
    ("later", "warned"), [(math.log2(10), False), (math.log2(10) + 2.0, True), (0.0, True)]
)
def test_run__compares_pools_with_the_single_of_their_one_person(later: float, warned: bool) -> None:
    events = []
    for t in range(30):
        pool, single = _ct(later, 0.3, t)
        events += _pool(t, pool_ct=pool, single_ct=single)
    fit = _fit([*events, *_healthy(3000)])
    assert fit["dilution"]["pairs"] == 30
    assert fit["dilution"]["shift"] == pytest.approx(later, abs=0.25)
    assert any("cycles later than the single" in text for text in fit["warnings"]) == warned
    assert fit["ct"]["expected"] is None


@pytest.mark.parametrize(("mean", "warned"), [(26.0, False), (30.0, True)])
def test_run__compares_pools_with_the_law_of_its_policy(mean: float, warned: bool) -> None:
    events = []
    for t in range(30):
        pool, _ = _ct(math.log2(10), 0.3, t)
        events += _pool(t, pool_ct=pool)
    fit = _fit([*events, *_healthy(3000)], {"assay": POLICY["assay"] | {"ct_mean": mean, "ct_sd": 2.0}})
    assert (fit["ct"]["pools"], fit["dilution"]) == (30, {})
    assert any("of the policy's law" in text for text in fit["warnings"]) == warned
    assert ("ct_mean" in fit["better"]) == warned


def test_run__takes_efficiency_and_spread_from_its_policy() -> None:
    later, events = math.log(10) / math.log1p(0.6), []
    for t in range(30):
        pool, single = _ct(later, 0.3, t)
        events += _pool(t, pool_ct=pool, single_ct=single)
    events += _healthy(3000)
    told = POLICY["assay"] | {"efficiency": 0.6, "ct_mean": 26.0, "ct_sd": 2.0}
    narrow, wide = _fit(events, {"assay": told}), _fit(events, {"assay": told | {"ct_sd": 4.0}})
    assert narrow["dilution"]["expected"] == pytest.approx(later, abs=0.006)
    assert narrow["warnings"] == []
    reach = [fit["ct"]["upper"] - fit["ct"]["lower"] for fit in (narrow, wide)]
    assert reach[1] > 1.5 * reach[0]


@pytest.mark.parametrize(
    "ct",
    [
        {"ORF1ab": None, "N": None, "IC": 28.0},
        {"ORF1ab": "NaN", "N": "nan", "IC": 28.0},
        {"ORF1ab": "0", "N": "0", "IC": 28.0},
        {"ORF1ab": 39.0, "N": 39.5, "IC": 28.0},
        {"E": 20.0, "IC": 28.0},
    ],
)
def test_run__has_no_cycles_where_no_target_was_detected(ct: dict[str, float | str | None]) -> None:
    events = [event for t in range(25) for event in _pool(t, single_ct=ct)]
    fit = _fit([*events, *_healthy(100)])
    assert (fit["dilution"], fit["ct"]) == ({}, {})


def test_run__believes_no_read_out_that_another_contradicts() -> None:
    events = [event for t in range(22) for event in _pool(t, pool_ct=_ct(3.3, 0.3, t)[0])]
    again = [event | {"ct": "20.0"} for event in events if event["kind"] == "read"]
    assert _fit(events)["ct"]["pools"] == 22
    assert _fit([*events, *events])["ct"]["pools"] == 22
    assert _fit([*events, *again])["ct"] == {}


def test_run__has_no_law_where_no_cycle_is_detected() -> None:
    events = [event for t in range(3) for event in _pool(t)]
    rules = {"assay": POLICY["assay"] | {"detected_ct": 0, "ct_mean": 26}}
    assert _fit([*events, *_healthy(20)], rules)["ct"] == {}


def test_run__has_no_checks_without_retests() -> None:
    alone = [each for each in _pool(0) if not str(each.get("tube")).startswith("S")]
    fit = _fit([*alone, *_healthy(10)])
    assert {name: fit[name] for name in CHECKS} == {name: {} for name in CHECKS}
    assert fit["better"] == {}
    singles = [each for each in _pool(0) if each.get("tube") != "T0"]
    assert _fit(singles) == {}


@pytest.mark.parametrize(
    "name", ["households ignored", "pools 3 cycles later than diluted", "the same, no law told"]
)
def test_run__warns_of_a_city_that_is_not_its_policys(name: str) -> None:
    fit = fit_of(RUN_MISFITS[name], 60_000, 1, seed=3)
    assert fit["warnings"]
    assert fit["better"]
    assert all(any("\u4e00" <= sign <= "\u9fff" for sign in text) for text in fit["warnings"])


@pytest.mark.parametrize(("rounds", "seed"), [(1, 0), (1, 1), (3, 2)])
def test_run__does_not_warn_of_its_policys_own_city(rounds: int, seed: int) -> None:
    fit = fit_of(None, 60_000, rounds, seed=seed)
    assert (fit["warnings"], fit["better"]) == ([], {})
