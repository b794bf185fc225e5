"""P(infected) against enumeration, and the order in which recalled people are visited."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of, records_of_frames
from poolpipe.policy import Policy
from reference.cleaning import accept
from reference.codes import clean_code
from reference.day import conclude
from reference.probabilities import p_infected, ranks

if TYPE_CHECKING:
    from reference.probabilities import Infection

MOST = 14
"""Infections that hang together, at most, for enumeration."""

TESTS = {
    "of few infected": {"prior": 0.001, "sensitivity": 0.95, "specificity": 0.999, "positive_days": 17.0},
    "of many infected": {"prior": 0.05, "sensitivity": 0.8, "specificity": 0.97, "positive_days": 0.3},
}
FEW = TESTS["of few infected"]


def _expected(events: list[dict[str, Any]], test: dict[str, float]) -> dict[Infection, float]:
    tables = conclude(accept(records_of_frames(frames_of(events)))[0])
    tubes: dict[tuple[str, str], dict[tuple[str, str], Any]] = {}
    for row in tables["members"]:
        people = tubes.setdefault((row["round"], row["tube"]), {})
        people[row["person_type"], row["person"]] = row["collected_at"]
    answers = {
        ((row["round"], row["tube"]), (row["single_round"], row["single_tube"]), (row["person_type"], row["person"]))
        for row in tables["recalls"]
        if row["single_tube"] is not None
    }  # fmt: skip
    calls = {(row["round"], row["tube"]): row["call"] for row in tables["pools"]}
    return p_infected(tubes, calls, answers, test, MOST)


def _infection(row: dict[str, Any]) -> Infection:
    return row["person_type"], row["person"], row["round"]


@pytest.mark.parametrize("test", TESTS.values(), ids=TESTS)
def test_p_infected__is_that_of_enumeration_over_all_that_hangs_together(
    test: dict[str, float],
) -> None:
    policy = Policy.model_validate({"decoding": test})
    compared, unlike_their_tube = 0, 0
    for seed in range(9000, 9008):
        events = city(seed, size="tiny" if seed % 2 else "small")
        day, expected = poolpipe.run(frames_of(events), policy=policy), _expected(events, test)
        for table in ("members", "recalls"):
            rows = [row for row in day.table(table).to_dicts() if _infection(row) in expected]
            got = [row["p_infected"] for row in rows]
            wanted = [expected[_infection(row)] for row in rows]
            assert got == pytest.approx(wanted, rel=1e-9, abs=1e-15), (seed, table)
            compared += len(rows)
            by_tube: dict[tuple[str, str], set[float]] = {}
            for row in rows:
                by_tube.setdefault((row["round"], row["tube"]), set()).add(round(row["p_infected"], 9))
            unlike_their_tube += sum(len(values) > 1 for values in by_tube.values())
    assert compared > 120
    assert unlike_their_tube > 10  # else the closed form of one tube would do


@pytest.mark.parametrize("seed", range(9100, 9104))
def test_p_infected__is_one_value_for_a_person_and_a_round(seed: int) -> None:
    day = poolpipe.run(frames_of(city(seed, size="medium")))
    both = pl.concat([
        day.table(table).select("round", "person_type", "person", "p_infected") for table in ("members", "recalls")
    ])  # fmt: skip
    values = both.group_by("round", "person_type", "person").agg(
        pl.col("p_infected").min().alias("least"), pl.col("p_infected").max().alias("most")
    )
    assert values.filter(pl.col("most") - pl.col("least") > 1e-12).is_empty()
    assert both["p_infected"].is_between(0, 1).all()


def test_p_infected__of_a_person_in_a_positive_and_a_negative_pool_counts_both() -> None:
    events = [
        {
            "kind": "collect",
            "at": "2022-02-10T00:00:00Z",
            "tube": tube,
            "person_type": "HKM",
            "person": person,
        }
        for tube, people in (("T1", ("A", "B")), ("T2", ("B", "C")))
        for person in people
    ] + [
        {"kind": "report", "at": "2022-02-10T02:00:00Z", "tube": tube, "call": call}
        for tube, call in (("T1", "positive"), ("T2", "negative"))
    ]
    members = poolpipe.run(frames_of(events), policy=Policy.model_validate({"decoding": FEW})).members.sort(
        "tube", "person"
    )
    # P(B | both) by Bayes over the eight patterns of A, B and C; prior 0.001, sensitivity 0.95, specificity 0.999.
    p, q, se, sp = 0.001, 0.999, 0.95, 0.999
    somebody = p * q * q * se * sp + p * q * p * se * (1 - se)  # A without B, C negative or not
    with_b = (p * p * q + p * p * p + q * p * q + q * p * p) * se * (1 - se)
    nobody = q * q * q * (1 - sp) * sp + q * q * p * (1 - sp) * (1 - se)
    expected = with_b / (somebody + with_b + nobody)
    of_b = members.filter(pl.col("person") == "B")["p_infected"].to_list()
    assert of_b == pytest.approx([expected, expected], rel=1e-12)


def test_p_infected__of_a_positive_single_is_the_same_in_its_pool() -> None:
    """A positive single that answers no recall: the pool of the same round is negative, the person is one."""
    events = [
        {"kind": "collect", "at": "2022-02-10T00:00:00Z", "tube": tube, "person_type": "HKM", "person": person, "mode": mode}
        for tube, person, mode in (("T", "A", "pool"), ("T", "B", "pool"), ("S", "A", "single"))
    ] + [
        {"kind": "report", "at": "2022-02-10T02:00:00Z", "tube": tube, "call": call}
        for tube, call in (("T", "negative"), ("S", "positive"))
    ]  # fmt: skip
    members = poolpipe.run(frames_of(events), policy=Policy.model_validate({"decoding": FEW})).members
    in_both = members.filter(pl.col("person") == "A")["p_infected"].to_list()
    assert len(in_both) == 2
    assert in_both[0] == in_both[1]
    expected = _expected(events, FEW)
    assert in_both[0] == pytest.approx(expected["HKM", "A", ""], rel=1e-12)


def test_p_infected__of_the_first_round_does_not_depend_on_how_long_infections_last() -> None:
    events = [event for event in city(9107, size="medium") if not event.get("round")]
    likely = [
        poolpipe.run(frames_of(events), policy={"decoding": {"positive_days": days}}).members["p_infected"].to_list()
        for days in (0.01, 1000.0)
    ]  # fmt: skip
    assert likely[0] == likely[1]
    assert len(likely[0]) > 10


def test_p_infected__of_a_later_round_knows_the_earlier_one() -> None:
    """Of two pools that test negative today, one holds people of a pool that was positive a week ago."""
    seats = [
        ("1", "T1", "02", "AB"),
        ("1", "T2", "02", "CD"),
        ("2", "T3", "09", "AX"),
        ("2", "T4", "09", "CY"),
    ]
    events = [
        {"kind": "collect", "at": f"2022-02-{day}T00:00:00Z", "round": round_, "tube": tube, "person_type": "HKM", "person": person}
        for round_, tube, day, people in seats
        for person in people
    ] + [
        {"kind": "report", "at": f"2022-02-{day}T02:00:00Z", "round": round_, "tube": tube, "call": call}
        for (round_, tube, day, _), call in zip(seats, ("positive", "negative", "negative", "negative"), strict=True)
    ]  # fmt: skip
    members = poolpipe.run(frames_of(events), policy=Policy.model_validate({"decoding": FEW})).members
    found = {(row["person"], row["round"]): row["p_infected"] for row in members.to_dicts()}
    expected = _expected(events, FEW)
    assert found == pytest.approx({(who, round_): p for (_, who, round_), p in expected.items()}, rel=1e-12)
    assert found["A", "2"] > 0.01 > 0.0001 > found["C", "2"]


# rank


def _at(clock: str) -> str:
    return f"2022-02-10T{clock}:00Z"


def _person(tube: str, person: str, clock: str = "00:00", **facts: str) -> dict[str, Any]:
    return {
        "kind": "collect",
        "at": _at(clock),
        "tube": tube,
        "person": person,
        "person_type": "HKM",
        **facts,
    }


def _report(tube: str, call: str, clock: str) -> dict[str, Any]:
    return {"kind": "report", "at": _at(clock), "tube": tube, "call": call, "lab": "L"}


def test_rank__is_what_is_not_closed_then_due_time_then_the_likeliest_of_a_household() -> None:
    events = [
        # Due first, at 08:00: A and B, 0.49 each; C was cleared by a negative single.
        *(_person("T1", person) for person in "ABC"), _report("T1", "positive", "02:00"),
        _person("S1", "C", "03:00", mode="single", recall_of="T1"), _report("S1", "negative", "04:00"),
        # Due at 09:00: D to I, and K; D is in a second, negative pool, so less likely than the others.
        *(_person("T2", person) for person in "DEFGHI"), _report("T2", "suspect", "03:00"),
        *(_person("T3", person) for person in "DJ"), _report("T3", "negative", "03:00"),
        # Fewer people: each of them is likelier than those of T2.
        *(_person("T4", person) for person in "KL"), _report("T4", "positive", "03:00"),
    ]  # fmt: skip
    households = {
        "D": "house 2",
        "K": "house 2",
        "F": "house 1",
        "H": "house 1",
        "C": "house 1",
        "A": "house 1",
    }
    people = pl.DataFrame(
        {
            "person": list(households),
            "person_type": ["HKM"] * len(households),
            "household": list(households.values()),
        }
    )
    recalls = poolpipe.run(frames_of(events), people=people).recalls.sort("rank")
    assert recalls["rank"].to_list() == list(range(1, len(recalls) + 1))
    assert recalls["person"].to_list() == [
        "A",  # due first; as likely as B, and of a household, before who is alone
        "B",
        "K", "D",  # the likeliest, and with K the one of the same household, however unlikely
        "L",  # as likely as K, alone
        "F", "H",  # house 1: as likely as the rest, before who is alone; C of house 1 is closed, A due earlier
        "E", "G", "I",  # alone, in the order of their queue
        "C",  # closed: behind all that is open, though due first
    ]  # fmt: skip


@pytest.mark.parametrize("seed", range(9200, 9206))
def test_rank__agrees_with_the_reference_on_random_cities_with_households(seed: int) -> None:
    events = city(seed, size="medium" if seed % 2 else "small")
    persons = sorted(
        {(clean_code(e.get("person_type")) or "RIC", clean_code(e.get("person"))) for e in events if e.get("kind") == "collect"}
    )  # fmt: skip
    households = {person: f"H{place % 4}" for place, person in enumerate(persons) if place % 3}
    people = pl.DataFrame(
        [(*person, household) for person, household in households.items()],
        schema=["person_type", "person", "household"],
        orient="row",
    )
    day = poolpipe.run(frames_of(events), people=people)
    order = day.recalls.join(
        day.members.select("round", "tube", "person_type", "person", "position"),
        on=["round", "tube", "person_type", "person"],
    ).sort("round", "tube", "position")
    assert order["rank"].to_list() == ranks(order.to_dicts(), households)
