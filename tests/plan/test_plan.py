"""Plans against the field's own figures, and the queue between sites and labs."""

from __future__ import annotations

import math

import pytest

from poolpipe.errors import PolicyError
from poolpipe.plan import Assumptions, Plan, plan
from poolpipe.policy import Policy


def quantities(made: Plan) -> dict[str, int]:
    return dict(made.needs.select("item", "quantity").iter_rows())


def test_plan__reproduces_the_figures_for_ten_thousand() -> None:
    """Emergency plan: supplies for 10,000 people in pools of ten."""
    needs = quantities(plan(10_000))
    assert {
        "pool_kits": 1100,
        "single_kits": 110,
        "n95_respirators": 370,
        "protective_suits": 370,
        "surgical_masks": 1000,
        "isolation_gowns": 400,
        "biohazard_bags": 1100,
        "class_a_boxes": 10,
        "ice_packs": 400,
    }.items() <= needs.items()


def test_plan__shanghai_comes_out_near_what_was_seen() -> None:
    """4 April 2022: 2,427,000 tubes of 10.6 people, some 81,000 boxes and 26,000 plates."""
    needs = quantities(plan(25_665_000, days=1, hours_per_day=12, assumptions=Assumptions(pool_size=11)))
    assert needs["tubes"] == pytest.approx(2_427_000, rel=0.05)
    assert needs["box_loads"] == pytest.approx(81_000, rel=0.05)
    assert needs["plates"] == pytest.approx(26_000, rel=0.06)


def test_plan__points_and_samplers_follow_the_queue() -> None:
    needs = quantities(plan(96_000, days=1, hours_per_day=12))
    assert needs["points"] == 100  # 80 people an hour for 12 hours
    assert needs["samplers"] == 400  # two tables' samplers, two crews
    assert needs["shifts"] == 600  # six shifts of two hours at each
    assert needs["sites"] == 25


@pytest.mark.parametrize("labs", [[], [600.0], [40.0, 60.0]])
def test_plan__every_tube_is_received_and_tested_once(labs: list[float]) -> None:
    made = plan(10_000, days=2, hours_per_day=8, lab_tubes_per_day=labs)
    for step in ("collected", "received", "tested"):
        assert made.hours[step].sum() == pytest.approx(1000)
    assert made.hours["waiting"][-1] == pytest.approx(0, abs=1e-6)
    assert made.hours.height == made.finished_h


def test_plan__says_when_collection_outruns_the_labs() -> None:
    assert plan(10_000, lab_tubes_per_day=[1200]).keeps_up
    short = plan(10_000, lab_tubes_per_day=[100])
    assert not short.keeps_up
    assert short.lab_gap_tubes_per_day == 400  # half of the people in a day are 500 tubes
    assert short.finished_h > 200


def test_plan__recalls_follow_prevalence() -> None:
    perfect = Assumptions(sensitivity=1, specificity=1)
    made = plan(100_000, prevalence=0.01, assumptions=perfect)
    needs = quantities(made)
    expected = 10_000 * (1 - 0.99**10)
    assert needs["positive_pools"] == pytest.approx(expected, abs=1)
    assert needs["recalls"] == pytest.approx(10 * expected, abs=1)
    assert made.hours["recalls"].sum() == pytest.approx(10 * expected)
    assert needs["teams"] >= made.hours["recalls"].to_numpy().max() / 10


def test_plan__refuses_what_makes_no_sense() -> None:
    with pytest.raises(PolicyError, match="0 people"):
        plan(0)
    with pytest.raises(PolicyError, match="no lab"):
        plan(10, lab_tubes_per_day=[-1])


@pytest.mark.parametrize("capacity", [0, -1, math.nan, math.inf])
def test_plan__knows_no_lab_that_tests_nothing(capacity: float) -> None:
    with pytest.raises(PolicyError, match="no lab"):
        plan(10_000, lab_tubes_per_day=[800, capacity])


@pytest.mark.parametrize(
    "figures",
    [
        {"pool_size": 0},
        {"tubes_per_box": -1},
        {"plate_wells": 2, "plate_controls": 2},
        {"spare": -0.1},
        {"sensitivity": 1.2},
        {"specificity": math.nan},
        {"pickup_h": 0},
        {"transport_h": math.inf},
        {"positive_pools_at_least": 1.5},
    ],
)
def test_assumptions__that_no_campaign_has_are_refused(figures: dict[str, float]) -> None:
    with pytest.raises(PolicyError, match="assumptions"):
        Assumptions(**figures)  # type: ignore[arg-type]


def test_plan__takes_from_a_policy_what_it_says() -> None:
    rules = Policy(
        pools={"capacity": 20, "box_capacity": 50},
        codes={"plate_wells": 384},
        assay={"negative_controls": 2, "positive_controls": 2},
        clocks={"pickup": 4, "result": 6},
    )
    said = Assumptions.of(rules)
    assert (said.pool_size, said.tubes_per_box, said.plate_wells, said.plate_controls) == (20, 50, 384, 4)
    assert (said.pickup_h, said.result_h) == (4, 6)
    needs = quantities(plan(100_000, assumptions=said))
    assert (needs["tubes"], needs["box_loads"], needs["plates"]) == (5000, 100, 14)
    assert Assumptions.of(rules, pool_size=5).pool_size == 5


def test_plan__collects_what_is_picked_up_and_brings_it_to_the_lab() -> None:
    made = plan(10_000, days=1, hours_per_day=4, assumptions=Assumptions(pickup_h=2, transport_h=1))
    assert made.hours["received"][:6].round(6).to_list() == [0, 0, 0, 500, 0, 500]
    often = plan(10_000, days=1, hours_per_day=4, assumptions=Assumptions(pickup_h=0.5, transport_h=0.5))
    assert often.hours["received"][:6].round(6).to_list() == [0, 0, 250, 250, 250, 250]


def test_plan__says_when_the_last_tube_is_tested_however_late() -> None:
    made = plan(100_000, days=1, lab_tubes_per_day=[24])  # one of 10,000 tubes an hour
    assert made.finished_h == pytest.approx(10_000, abs=5)
    assert made.hours.height < 1500


@pytest.mark.parametrize("people", [1, 5_000, 700_000])
def test_plan__without_labs_the_least_that_keeps_up_is_assumed(people: int) -> None:
    made = plan(people)
    assert made.keeps_up
    assert made.assumed_tubes_per_day is not None
    assert plan(people, lab_tubes_per_day=[made.assumed_tubes_per_day]).hours.equals(made.hours)
    less = made.assumed_tubes_per_day * 0.99
    assert not plan(people, lab_tubes_per_day=less).keeps_up or less < math.ceil(people / 20)


def test_plan__one_number_is_one_lab_and_a_word_is_none() -> None:
    assert plan(10_000, lab_tubes_per_day=1200).hours.equals(plan(10_000, lab_tubes_per_day=[1200]).hours)
    with pytest.raises(PolicyError, match="'many' is no number of tubes"):
        plan(10_000, lab_tubes_per_day="many")  # type: ignore[arg-type]
