"""Supplies and staff for a city-wide round, and whether the labs keep up with the queues."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, fields
from functools import partial
from numbers import Real
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.accuracy import SENSITIVITY, SPECIFICITY
from poolpipe.errors import PolicyError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from poolpipe.policy import Policy

__all__ = ["Assumptions", "Plan", "plan"]


@dataclass(frozen=True)
class Assumptions:
    """Planning figures (Ruijin emergency plans, February 2022); a city may replace them by its own.

    Attributes
    ----------
    pool_size : int
        People in a pool.
    people_per_sampler_h, samplers_per_point, crews, shift_h
        A point is a pair of tables with 2 samplers, 40 people an hour each; two crews take turns of 2 hours.
    points_per_site : int
        Sampling points that share a site.
    tubes_per_box, plate_wells, plate_controls
        A transport box holds about 30 tubes; a plate 96 wells, two of them controls.
    spare : float
        Kits kept in reserve, as a share.
    positive_pools_at_least : float
        Share of positive pools for which single kits are kept even where fewer are expected.
    pickup_h, transport_h, result_h : float
        Hours between pickups, on the road, and from receipt to result at most.
    people_per_team_h : float
        People an emergency sampling team re-collects in an hour: one pool.
    sensitivity, specificity : float
        Of a pool.

    Raises
    ------
    PolicyError
        A figure is 0 or infinite, there are more controls than wells, or a probability lies outside 0 to 1.

    Examples
    --------
    >>> Assumptions(pool_size=20).pool_size
    20
    """

    pool_size: int = 10
    people_per_sampler_h: float = 40
    samplers_per_point: int = 2
    crews: int = 2
    shift_h: float = 2
    points_per_site: int = 4
    tubes_per_box: int = 30
    plate_wells: int = 96
    plate_controls: int = 2
    spare: float = 0.10
    positive_pools_at_least: float = 0.01
    pickup_h: float = 2
    transport_h: float = 1
    result_h: float = 12
    people_per_team_h: float = 10
    sensitivity: float = SENSITIVITY
    specificity: float = SPECIFICITY

    def __post_init__(self) -> None:
        """Refuse figures outside their ranges."""
        may_be_none = ("plate_controls", "spare", "positive_pools_at_least", "transport_h")
        shares = ("positive_pools_at_least", "sensitivity", "specificity")
        for each in fields(self):
            value = getattr(self, each.name)
            enough = value >= 0 if each.name in may_be_none else value > 0
            if not (enough and value < math.inf and (each.name not in shares or value <= 1)):
                raise PolicyError.of("plan_figure", where="assumptions", name=each.name, given=value)
        if self.plate_controls >= self.plate_wells:
            raise PolicyError.of(
                "plate_full", where="assumptions", controls=self.plate_controls, wells=self.plate_wells
            )

    @classmethod
    def of(cls, policy: Policy, **figures: float) -> Assumptions:
        """Take tubes, boxes, plates, clocks and the test from a policy; other `figures` as given."""
        said = {
            "pool_size": policy.pools.capacity,
            "tubes_per_box": policy.pools.box_capacity,
            "plate_wells": policy.codes.plate_wells,
            "plate_controls": policy.assay.negative_controls + policy.assay.positive_controls,
            "pickup_h": policy.clocks.pickup,
            "result_h": policy.clocks.result,
            "sensitivity": policy.decoding.sensitivity,
            "specificity": policy.decoding.specificity,
        }
        return cls(**(said | figures))  # type: ignore[arg-type]  # whole numbers where whole ones are asked


MOST_PEOPLE, MOST_DAYS, DAYS_FOLLOWED = 10_000_000_000, 366, 60

PER_TEN_THOUSAND = (
    ("n95_respirators", "N95 口罩", 370),
    ("protective_suits", "防护服", 370),
    ("surgical_masks", "外科口罩", 1000),
    ("isolation_gowns", "隔离衣", 400),
    ("class_a_boxes", "A 类运输箱", 10),
    ("ice_packs", "冰排", 400),
)
"""Supplies per 10,000 people in pools of ten."""


@dataclass(frozen=True)
class Plan:
    """The needs of a round.

    Attributes
    ----------
    needs : polars.DataFrame
        item, 中文, quantity, basis (how it was computed).
    hours : polars.DataFrame
        hour (from the start of collection), collected, received, tested, waiting (tubes at the end of the hour),
        wait_h (hours the last tube received will wait), recalls (people to re-collect from the hour's results); up
        to the last tube, or sixty days after collection.
    keeps_up : bool
        Whether every tube has its result within `Assumptions.result_h` of receipt.
    lab_gap_tubes_per_day : float
        Capacity to borrow so that own labs cover half of the people in a day; 0: none.
    finished_h : int
        Hour in which the last tube is tested.
    assumed_tubes_per_day : float or None
        Capacity that was assumed because no lab was given, tubes a day; None where labs were given.

    Examples
    --------
    >>> late = plan(100_000, days=1, lab_tubes_per_day=[1_000])
    >>> late.keeps_up, late.lab_gap_tubes_per_day
    (False, 4000.0)
    """

    needs: pl.DataFrame
    hours: pl.DataFrame
    keeps_up: bool
    lab_gap_tubes_per_day: float
    finished_h: int
    assumptions: Assumptions = field(repr=False)
    assumed_tubes_per_day: float | None = None


def plan(
    people: int,
    *,
    days: int = 2,
    prevalence: float = 0.0005,
    lab_tubes_per_day: Sequence[float] | float = (),
    hours_per_day: int = 12,
    assumptions: Assumptions | None = None,
) -> Plan:
    """Plan a round of pooled screening.

    Parameters
    ----------
    people : int
        People to screen.
    days : int
        Days of collection.
    prevalence : float
        Share infected, 0 to 1; by default that of Shanghai on 4 April 2022.
    lab_tubes_per_day : sequence of float, or float
        Capacity of each lab, or of the only one, tubes a day, day and night. None: the plan assumes the least that
        keeps up and covers half of the people in a day.
    hours_per_day : int
        Hours of collection a day, from the same hour each day.
    assumptions : Assumptions, optional
        The field's figures.

    Raises
    ------
    PolicyError
        No people, no day, more than 24 hours a day, a prevalence outside 0 to 1, or a lab without capacity.

    Examples
    --------
    >>> wanted = plan(100_000, days=2, lab_tubes_per_day=[6_000])
    >>> wanted.keeps_up, wanted.needs.filter(item="tubes")["quantity"][0]
    (True, 10000)
    """
    rule = assumptions or Assumptions()
    possible = 1 <= people <= MOST_PEOPLE and 1 <= days <= MOST_DAYS and 1 <= hours_per_day <= 24
    if not (possible and 0 <= prevalence <= 1):
        raise PolicyError.of(
            "plan_range",
            where="plan",
            people=people,
            days=days,
            hours_per_day=hours_per_day,
            prevalence=prevalence,
            most_people=MOST_PEOPLE,
            most_days=MOST_DAYS,
        )
    labs = _labs(lab_tubes_per_day)
    if not all(0 < capacity < math.inf for capacity in labs):
        raise PolicyError.of("idle_lab", where="labs")
    tubes = math.ceil(people / rule.pool_size)
    clean = (1 - prevalence) ** rule.pool_size
    positive_share = rule.sensitivity - (rule.sensitivity + rule.specificity - 1) * clean
    own = float(sum(labs))
    wanted = people / 2 / rule.pool_size
    follow = partial(_hours, tubes, days, hours_per_day, positive_share=positive_share, rule=rule)
    per_day = own or _enough(max(wanted, tubes / days), follow, rule.result_h)
    capacity_h = per_day / 24
    hours = follow(capacity_h=capacity_h)
    peak = float(hours["recalls"].max() or 0)  # type: ignore[arg-type]  # a float column
    return Plan(
        needs=_needs(people, tubes, days, hours_per_day, positive_share, peak, rule),
        hours=hours,
        keeps_up=bool((hours["wait_h"] <= rule.result_h).all()),
        lab_gap_tubes_per_day=max(0.0, wanted - own),
        finished_h=hours.height
        + math.ceil(max(0.0, tubes - float(hours["tested"].sum()) - 1e-6) / capacity_h),
        assumptions=rule,
        assumed_tubes_per_day=None if own else per_day,
    )


def _labs(given: Any) -> list[float]:
    """The capacities of all labs as numbers; a single number is one lab."""
    labs = list(given) if isinstance(given, Iterable) and not isinstance(given, str) else [given]
    wrong = [each for each in labs if isinstance(each, bool) or not isinstance(each, Real)]
    if wrong:
        raise PolicyError.of("no_tubes", where="lab_tubes_per_day", given=wrong[0])
    return [float(each) for each in labs]


def _enough(least: float, follow: Callable[..., pl.DataFrame], result_h: float) -> float:
    """The least whole tubes a day from `least` on with which no tube waits longer than `result_h` hours after receipt."""

    def keeps_up(per_day: float) -> bool:
        return bool((follow(capacity_h=per_day / 24)["wait_h"] <= result_h).all())

    low = math.ceil(least)
    if keeps_up(low):
        return float(low)
    high = 2 * low
    while not keeps_up(high):  # ends: with the busiest hour's tubes tested within the hour nothing waits
        high *= 2
    while high - low > max(1, low // 1000):
        middle = (low + high) // 2
        low, high = (low, middle) if keeps_up(middle) else (middle, high)
    return float(high)


def _needs(
    people: int,
    tubes: int,
    days: int,
    hours_per_day: int,
    positive_share: float,
    peak: float,
    rule: Assumptions,
) -> pl.DataFrame:
    """List all supplies and staff, rounded up."""
    per_point = rule.people_per_sampler_h * rule.samplers_per_point
    points = math.ceil(people / (days * hours_per_day * per_point))
    shifts = points * days * math.ceil(hours_per_day / rule.shift_h)
    kept_for = max(positive_share, rule.positive_pools_at_least)
    recalls = tubes * positive_share * rule.pool_size
    teams = math.ceil(peak / rule.people_per_team_h)
    kits = _up(tubes * (1 + rule.spare))
    rows = [
        (
            "sites",
            "采样场所",
            math.ceil(points / rule.points_per_site),
            f"{rule.points_per_site} points a site",
        ),
        ("points", "采样点", points, f"{per_point:g} people an hour, {hours_per_day} h a day, {days} days"),
        (
            "samplers",
            "采样人员",
            points * rule.samplers_per_point * rule.crews,
            f"{rule.crews} crews take turns",
        ),
        ("shifts", "班次", shifts, f"{rule.samplers_per_point} samplers for {rule.shift_h:g} h each"),
        ("tubes", "采样管", tubes, f"pools of {rule.pool_size}"),
        ("box_loads", "装箱数", math.ceil(tubes / rule.tubes_per_box), f"{rule.tubes_per_box} tubes a box"),
        (
            "plates",
            "检测板",
            math.ceil(tubes / (rule.plate_wells - rule.plate_controls)),
            f"{rule.plate_wells} wells, {rule.plate_controls} of them controls",
        ),
        ("pool_kits", "混采试剂套", kits, f"{rule.spare:.0%} spare"),
        (
            "single_kits",
            "单采试剂套",
            _up(tubes * kept_for * rule.pool_size * (1 + rule.spare)),
            f"for {kept_for:.2%} of pools positive"
            + (
                f", the least kept ({positive_share:.2%} expected)"
                if kept_for > positive_share
                else " as expected"
            )
            + f"; {rule.spare:.0%} spare",
        ),
        ("biohazard_bags", "生物危害袋", kits, "one a pool kit"),
    ]
    rows += [
        (item, chinese, _up(people * each / 10_000), f"{each} for 10,000 people")
        for item, chinese, each in PER_TEN_THOUSAND
    ]
    rows += [
        (
            "positive_pools",
            "预计阳性管",
            _up(tubes * positive_share),
            f"{positive_share:.2%} of pools expected positive, true and false",
        ),
        ("recalls", "预计复采人数", _up(recalls), "everybody of a positive pool"),
        ("teams", "应急采样小分队", teams, f"busiest hour, {rule.people_per_team_h:g} people an hour each"),
    ]
    return pl.DataFrame(rows, schema=["item", "中文", "quantity", "basis"], orient="row")


def _hours(
    tubes: int, days: int, hours_per_day: int, capacity_h: float, positive_share: float, rule: Assumptions
) -> pl.DataFrame:
    """Simulate tubes hour by hour from the queue to the result, first in first out, until all are tested or 60 days passed."""
    rate = tubes / (days * hours_per_day)
    rows: list[dict[str, float]] = []
    on_the_way: dict[int, float] = {}
    waiting, done, hour = 0.0, 0.0, 0
    while done < tubes - 1e-6 and hour < 24 * (days + DAYS_FOLLOWED):
        collected = rate if hour < 24 * days and hour % 24 < hours_per_day else 0.0
        # the first pickup is at the end of the hour, then transport; in whole hours, like the whole plan
        there = math.ceil(math.ceil((hour + 1) / rule.pickup_h) * rule.pickup_h + rule.transport_h)
        on_the_way[there] = on_the_way.get(there, 0.0) + collected
        received = on_the_way.pop(hour, 0.0)
        tested = min(waiting + received, capacity_h)
        waiting += received - tested
        done += tested
        rows.append(
            {
                "hour": hour,
                "collected": collected,
                "received": received,
                "tested": tested,
                "waiting": waiting,
                "wait_h": waiting / capacity_h,
                "recalls": tested * positive_share * rule.pool_size,
            }
        )
        hour += 1
    return pl.DataFrame(rows)


def _up(quantity: float) -> int:
    """Round up to whole units, except for rounding errors of a product such as 1000 * 1.1."""
    return math.ceil(quantity - 1e-9 * max(1.0, quantity))
