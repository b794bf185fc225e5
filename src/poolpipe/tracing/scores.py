"""Scores: the probability that a link explains the infection of the person it leads to (docs/scores.md)."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.tables import LINKS
from poolpipe_kernels import scores as kernels
from poolpipe_kernels.people_tests import tests_of_people

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.trace_policy import Tracing
    from poolpipe.tracing.index import SeatIndex
    from poolpipe.tracing.walk import WalkedLinks

__all__ = [
    "DayHazards",
    "InfectionEvidence",
    "PeopleTests",
    "hazards_of_day",
    "people_tests",
    "score_links",
    "told_without_links",
]

_DAY_US = 86_400_000_000
_AGAIN, _HOUSEHOLD, _MEMBER, _QUEUE, _TUBE, _WELL = (
    LINKS.index(kind) for kind in ("again", "household", "member", "queue", "tube", "well")
)
_SEEN = 1e-3
"""From this probability on an infection counts for the hazard of everybody else."""

_TURNS = 5

_FEW = 1 << 16
"""With fewer links than this a second thread costs more than it saves."""


@dataclass(frozen=True, slots=True)
class InfectionEvidence:
    """What is known of people's infections.

    Attributes
    ----------
    p : (seats,) float64
        P(infected) of the person of each seat, one value a person and round.
    round_of : (tubes,) uint32
        Round of each tube.
    alarmed_at : (tubes,) int64
        When a tube was called positive or suspect, microseconds; the largest int64 for others.
    """

    p: NDArray[np.float64]
    round_of: NDArray[np.uint32]
    alarmed_at: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class PeopleTests:
    """Each person's tests, one a round.

    Attributes
    ----------
    begins : (people + 1,) int64
        Where each person's tests begin.
    at, p, until : (tests,) float64
        Days, P(infected), and the end of being infectious for who is first seen there.
    of : (seats,) int32
        Test of each seat.
    counts : (people,) bool
        Whether somebody is in a tube that was called positive or suspect.
    """

    begins: NDArray[np.int64]
    at: NDArray[np.float64]
    p: NDArray[np.float64]
    until: NDArray[np.float64]
    of: NDArray[np.int32]
    counts: NDArray[np.bool_]


class DayHazards(NamedTuple):
    """What everybody in a positive tube of the day, and everybody else, does to each window.

    Attributes
    ----------
    p : (tests,) float64
        P(infected) at each test, given the links.
    total : (tests + people,) float64
        Hazard of everybody in a positive tube.
    rate : float
        Hazard a day of everybody else.
    """

    p: NDArray[np.float64]
    total: NDArray[np.float64]
    rate: float


def score_links(
    links: WalkedLinks,
    sources: NDArray[np.uint32],
    seats: SeatIndex,
    tests: PeopleTests,
    hazards: DayHazards,
    rules: Tracing,
    evidence: InfectionEvidence,
) -> NDArray[np.float64]:
    """Score links.

    A person's infection has a window between two tests. In it every link has a hazard: a housemate's by the days for which both the
    housemate was infectious and the window was open, a neighbour's in the queue by the time between the swabs; and everybody else has
    one, the same for all people, that is estimated from the infections which no link explains. A link's score is the
    probability of the window times its share of the hazards: those of everybody who is in a positive tube of the day, whoever
    asks, and its own.

    Parameters
    ----------
    links : WalkedLinks
        As `walk.walk_from` gives them.
    sources : (sources,) uint32
        Tube of each source, as `seats` numbers it.
    seats : SeatIndex
        Of everybody whom the links lead to.
    tests : PeopleTests
        As `people_tests` gives them.
    hazards : DayHazards
        Of these tests.
    rules : Tracing
        The policy's section `[trace]`.
    evidence : InfectionEvidence
        Of these seats.

    Returns
    -------
    (links,) float64
        0 to 1; NaN for links that lead to nobody.
    """
    natures, tests = _natures(rules), replace(tests, p=hazards.p)
    counts, total, outside = tests.counts, hazards.total, _outside(hazards.rate, tests, rules)
    chance = _chance(tests)
    kind, seat = links.kind, links.seat
    score = np.full(len(kind), np.nan)
    own = (kind == _MEMBER) | (kind == _AGAIN)
    score[own] = evidence.p[seat[own]]
    begins, ends = _starts(links, sources, seats)
    queued = np.flatnonzero((kind == _QUEUE) | (kind == _TUBE))
    hazard, window = _queue_hazards((begins[queued], ends[queued], seat[queued]), seats, tests, natures)
    every = total[window] + outside[window]
    every += np.where(counts[seats.person[begins[queued]]], 0.0, hazard)
    score[queued] = _shares(hazard, every, chance[window], _last(tests)[window])
    score[queued] *= rules.decay ** np.maximum(links.hops[queued].astype(np.float64) - 2.0, 0.0)
    home = np.flatnonzero(kind == _HOUSEHOLD)
    shares = np.empty(len(home))
    person = links.person[home].astype(np.int32)
    kernels.household_shares(
        begins[home], ends[home], person, seats.person, seats.home_begins, seats.homes, seats.people_begins,
        seats.people, counts, tests.begins, tests.at, tests.until, chance, natures, total, outside, shares,
    )  # fmt: skip
    score[home] = shares
    score[kind == _WELL] = rules.well
    return score


def hazards_of_day(
    met: WalkedLinks,
    sources: NDArray[np.uint32],
    seats: SeatIndex,
    tests: PeopleTests,
    people: int,
    rules: Tracing,
) -> DayHazards:
    """Add up what everybody in a positive tube does, and estimate what everybody else does.

    Parameters
    ----------
    met : WalkedLinks
        Links from every positive tube of the day, one hop at least: whom their people stood beside.
    sources : (sources,) uint32
        These tubes, as `seats` numbers them.
    seats : SeatIndex
        Of everybody whom these links lead to, with the households of everybody in a positive tube.
    tests : PeopleTests
        Of these seats.
    people : int
        How many people were swabbed, about.
    rules : Tracing
        The policy's section `[trace]`.

    Returns
    -------
    DayHazards
    """
    encounters = _encounters(met, sources, seats, tests.counts)
    total, rate = _hazards(encounters, seats, tests, people, rules)
    told = replace(tests, p=_told_by_links(tests, total, _outside(rate, tests, rules)))
    total, rate = _hazards(encounters, seats, told, people, rules)
    return DayHazards(told.p, total, rate)


def told_without_links(p: NDArray[np.float64]) -> NDArray[np.float64]:
    """P(infected) at tests in whose windows no link has a hazard, as `hazards_of_day` tells it, to the last bit."""
    told: NDArray[np.float64] = p / (1.0 - p + p)
    return told


def _encounters(
    met: WalkedLinks, sources: NDArray[np.uint32], seats: SeatIndex, counts: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]:
    """Seats from which, up to which and to which somebody may be infected in a queue by people who count.

    A positive tube leads to those who stood beside its people; somebody of it in any tube, to the others of that tube.
    """
    queued = np.flatnonzero((met.kind == _QUEUE) & (met.hops == 1))
    tube = sources[met.source[queued]]
    ill = np.flatnonzero(counts[seats.person])
    first = seats.begins[seats.tube[ill]]
    swabs = seats.begins[seats.tube[ill].astype(np.int64) + 1] - first
    within = np.arange(swabs.sum()) - np.repeat(np.cumsum(swabs) - swabs, swabs)
    start, end = np.repeat(ill, swabs), np.repeat(first, swabs) + within
    return (
        np.concatenate([seats.begins[tube], start]),
        np.concatenate([seats.begins[tube.astype(np.int64) + 1], start + 1]),
        np.concatenate([met.seat[queued], end]),
    )


def _queue_hazards(
    links: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    seats: SeatIndex,
    tests: PeopleTests,
    natures: NDArray[np.float64],
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Hazard of the seats that each link starts from, and the window of the person whom it leads to."""
    begins, ends, seat = links
    hazard, window = np.empty(len(seat)), np.empty(len(seat), np.int64)

    def find(part: slice) -> None:
        kernels.queue_hazards(
            begins[part], ends[part], seat[part], tests.p, tests.of, seats.at, seats.person, tests.begins, tests.at,
            natures, hazard[part], window[part],
        )  # fmt: skip

    cut = len(hazard) // 2
    if len(hazard) < _FEW:
        find(slice(None))
    else:
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(find, (slice(cut), slice(cut, None))))
    return hazard, window


def _hazards(
    encounters: tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]],
    seats: SeatIndex,
    tests: PeopleTests,
    people: int,
    rules: Tracing,
) -> tuple[NDArray[np.float64], float]:
    """Add up the hazards of everybody who counts, and estimate that of everybody else."""
    natures, chance = _natures(rules), _chance(tests)
    total = np.zeros_like(chance)
    kernels.household_hazards(
        seats.people_begins, seats.people, tests.counts, tests.begins, tests.at, tests.until, chance, natures, total
    )  # fmt: skip
    hazard, window = _queue_hazards(encounters, seats, tests, natures)
    np.add.at(total, window, hazard)
    return total, _rate(tests, chance, total, people, rules)


def _chance(tests: PeopleTests) -> NDArray[np.float64]:
    """Probability of each window."""
    chance = np.empty(len(tests.at) + len(tests.begins) - 1)
    kernels.first_seen(tests.begins, tests.p, chance)
    return chance


def _told_by_links(
    tests: PeopleTests, total: NDArray[np.float64], outside: NDArray[np.float64]
) -> NDArray[np.float64]:
    """P(infected) at each test, where it is known that a housemate was infectious or somebody in the queue.

    A test's probability rests on how many people are infected. Somebody with hazards from links is likelier to be, as many times as
    these are larger than the hazard of everybody else (Bayes).
    """
    window = np.flatnonzero(~_last(tests))
    more = 1.0 + total[window] / outside[window]
    told: NDArray[np.float64] = more * tests.p / (1.0 - tests.p + more * tests.p)
    return told


def _natures(rules: Tracing) -> NDArray[np.float64]:
    """Natural history of the infection as `poolpipe_kernels.scores` takes it."""
    day = 86_400.0
    rate = -np.log1p(-min(rules.household, 1.0 - 1e-9)) / rules.infectious_days
    return np.array(
        [
            rules.latent_h / 24.0,
            rules.infectious_days,
            rate,
            rules.queue,
            rules.queue_decay_s / day,
            rules.queue_minutes * 60.0 / day,
        ]
    )


def people_tests(seats: SeatIndex, evidence: InfectionEvidence, rules: Tracing) -> PeopleTests:
    """One test for each person and round: the first swab, P(infected), and the earliest alarm."""
    people, every = len(seats.keys), len(seats.tube)
    counts, begins = np.zeros(people, np.bool_), np.empty(people + 1, np.int64)
    seen, alarm, test_of = np.empty(every, np.int32), np.empty(every, np.int64), np.empty(every, np.int32)
    found = tests_of_people(
        seats.person_begins, seats.by_person, seats.tube, evidence.round_of, evidence.alarmed_at,
        begins, seen, alarm, test_of, counts,
    )  # fmt: skip
    first = seen[:found]
    at = seats.at[first] / _DAY_US
    end = np.minimum(alarm[:found] / _DAY_US, at + rules.infectious_days)
    return PeopleTests(begins, at, evidence.p[first], end, test_of, counts)


def _starts(
    links: WalkedLinks, sources: NDArray[np.uint32], seats: SeatIndex
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Seats from which each link starts: those of the source, beyond it the one of the link before."""
    tube = sources[links.source].astype(np.int64)
    begins, ends = seats.begins[tube], seats.begins[tube + 1]
    further = np.flatnonzero(links.kind == _TUBE)
    before = links.seat[links.reached[further]]
    begins[further], ends[further] = before, before + 1
    return begins, ends


def _last(tests: PeopleTests) -> NDArray[np.bool_]:
    """Whether a window is a person's last: not seen infected yet."""
    last = np.zeros(len(tests.at) + len(tests.begins) - 1, np.bool_)
    last[tests.begins[1:] + np.arange(len(tests.begins) - 1)] = True
    return last


def _shares(
    hazard: NDArray[np.float64],
    total: NDArray[np.float64],
    chance: NDArray[np.float64],
    last: NDArray[np.bool_],
) -> NDArray[np.float64]:
    """Probability of a window times a link's share of its hazards; of one still open, that of being infected in it."""
    share = np.divide(hazard, total, out=np.zeros_like(hazard), where=hazard > 0.0)
    infected: NDArray[np.float64] = np.where(last, -np.expm1(-total), 1.0)
    return chance * infected * share


def _days(tests: PeopleTests, rules: Tracing) -> NDArray[np.float64]:
    """Days of each window; none of one still open."""
    days = np.zeros(len(tests.at) + len(tests.begins) - 1)
    ahead = np.diff(tests.at, prepend=0.0)
    first = np.zeros(len(tests.at), np.bool_)
    first[tests.begins[:-1][np.diff(tests.begins) > 0]] = True
    days[~_last(tests)] = np.where(first, rules.infectious_days, ahead)
    return days


def _outside(rate: float, tests: PeopleTests, rules: Tracing) -> NDArray[np.float64]:
    """Hazard of everybody else in each window."""
    outside = np.empty(len(tests.at) + len(tests.begins) - 1)
    kernels.outside_hazards(tests.begins, tests.at, rate, float(rules.infectious_days), outside)
    return outside


def _rate(
    tests: PeopleTests, chance: NDArray[np.float64], total: NDArray[np.float64], people: int, rules: Tracing
) -> float:
    """Hazard a day of everybody else: what explains the infections that no link does.

    Infections of people in positive tubes are dealt out between links and everybody else in turns (expectation and maximisation).
    """
    last, days = _last(tests), _days(tests, rules)
    swabs = np.diff(tests.begins)
    seen = ~last & (chance >= _SEEN) & np.repeat(tests.counts, swabs + 1)
    if not seen.any():
        return 0.0
    among = tests.at[np.repeat(tests.counts, swabs)]
    span = float(among.max() - among.min()) + rules.infectious_days
    rate = chance[seen].sum() / (max(people, 1) * span)
    for _ in range(_TURNS):
        own = np.maximum(rate * days[seen], 1e-12)  # two rounds may be of one moment
        rate = max((chance[seen] * own / (own + total[seen])).sum() / (max(people, 1) * span), 1e-12)
    return float(rate)
