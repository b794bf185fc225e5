"""Follow tubes through the index of a city, with the hazards that are known of its day."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.tracing.city_layout import lay_out
from poolpipe.tracing.city_lookups import swabbed_a_round
from poolpipe.tracing.flat_arrays import FlatArray, PackedTexts, ranges
from poolpipe.tracing.following import AskedSources, follow_touched, hazards_of_positives
from poolpipe.tracing.index import index_touched
from poolpipe.tracing.scores import DayHazards, people_tests, told_without_links

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.policy import Policy
    from poolpipe.tracing.city_homes import CityHomes
    from poolpipe.tracing.city_index import CityIndex
    from poolpipe.tracing.city_layout import LaidOut
    from poolpipe.tracing.following import FollowedLinks
    from poolpipe.tracing.index import TraceIndex
    from poolpipe.tracing.scores import PeopleTests
    from poolpipe.tracing.walk import WalkedLinks

__all__ = ["CityHazards", "CityLinks", "city_hazards", "trace_city"]


def trace_city(
    index: CityIndex,
    sources: NDArray[np.int64],
    hops: int,
    policy: Policy,
    known: CityHazards,
    homes: CityHomes | None = None,
) -> CityLinks:
    """Walk from some tubes.

    Parameters
    ----------
    index : CityIndex
        Of the city.
    sources : (sources,) int64
        Collected tubes, ascending, at least one.
    hops : int
        Most links.
    policy : Policy
        Look-back, queue, weights.
    known : CityHazards
        As `city_hazards` gives them under this policy and with these households.
    homes : CityHomes, optional
        Households of the city.

    Returns
    -------
    CityLinks
    """
    here = lay_out(index, sources, sources, hops, policy, homes)
    asked, hazards = _asked(index, here, sources), _known_hazards(known, here)
    links = follow_touched(here.touched, here.evidence, asked, hops, policy, hazards)
    return CityLinks(links, here.others.types, here.others.numbers)


class CityLinks(NamedTuple):
    """Links from tubes of a city.

    Attributes
    ----------
    links : FollowedLinks
    types, numbers : PackedTexts
        Document types and numbers of people who have other documents than a resident ID, by their keys there.
    """

    links: FollowedLinks
    types: PackedTexts
    numbers: PackedTexts


class CityHazards(NamedTuple):
    """What the positive tubes of a day do to people, and everybody else does: `scores.DayHazards` of whoever is concerned.

    Attributes
    ----------
    person : (people,) int32
        Numbers of those whom a positive tube leads to and of those in one, ascending.
    begins : (people + 1,) int64
        Where each one's tests begin; there is one window more a person.
    p, total : (tests,) and (tests + people,) float64
        As `scores.DayHazards` has them.
    rate : (1,) float64
        Hazard a day of everybody else.
    """

    person: FlatArray
    begins: FlatArray
    p: FlatArray
    total: FlatArray
    rate: FlatArray


def city_hazards(index: CityIndex, policy: Policy, homes: CityHomes | None = None) -> CityHazards:
    """Walk from every positive tube of a day, and add up what their people do to everybody.

    Parameters
    ----------
    index : CityIndex
        Of the city.
    policy : Policy
        Queue and weights.
    homes : CityHomes, optional
        Households of the city.

    Returns
    -------
    CityHazards
    """
    positive = index.tubes["sources"].whole()
    # Two hops: who is in another tube with somebody of a positive one may have it from them, too.
    here = lay_out(index, positive, positive, 2, policy, homes)
    city = index_touched(here.touched)
    tests = people_tests(city.seats, here.evidence, policy.trace)
    hazards_of = hazards_of_positives(_asked(index, here, positive), swabbed_a_round(index), policy)
    hazards = hazards_of(city, tests, None)
    swabs = np.diff(tests.begins)
    windows = tests.begins[:-1] + np.arange(len(swabs))
    concerned = tests.counts.copy()
    if len(swabs):
        concerned |= np.add.reduceat(hazards.total, windows) > 0
    by_number = concerned[here.rank]
    kept = here.rank[by_number].astype(np.int64)
    begins = np.concatenate([[0], np.cumsum(swabs[kept])])
    told = (
        here.people[by_number].astype(np.int32), begins,
        hazards.p[ranges(tests.begins[kept], tests.begins[kept + 1])],
        hazards.total[ranges(windows[kept], windows[kept] + swabs[kept] + 1)],
        np.array([hazards.rate]),
    )  # fmt: skip
    return CityHazards(*(FlatArray(values) for values in told))


def _known_hazards(
    known: CityHazards, here: LaidOut
) -> Callable[[TraceIndex, PeopleTests, WalkedLinks | None], DayHazards]:
    """Look the hazards of people up."""

    def hazards(_: TraceIndex, tests: PeopleTests, __: WalkedLinks | None) -> DayHazards:
        p, total = told_without_links(tests.p), np.zeros(len(tests.at) + len(here.people))
        held = known.person.whole()
        spot = held.searchsorted(here.people)
        hit = np.flatnonzero(held.take(spot, mode="clip") == here.people) if len(held) else spot[:0]
        spot, own = spot[hit], here.rank[hit].astype(np.int64)
        begins, ends = known.begins.take(spot), known.begins.take(spot + 1)
        first, last = tests.begins[own], tests.begins[own + 1]
        p[ranges(first, last)] = known.p.take(ranges(begins, ends))
        total[ranges(first + own, last + own + 1)] = known.total.take(ranges(begins + spot, ends + spot + 1))
        return DayHazards(p, total, float(known.rate.whole()[0]))

    return hazards


def _asked(index: CityIndex, here: LaidOut, tubes: NDArray[np.int64]) -> AskedSources:
    number = here.touched.tubes.searchsorted(tubes).astype(np.uint32)
    return AskedSources(number, index.tubes["first_collected"].take(tubes))
