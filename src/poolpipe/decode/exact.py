"""Exact posteriors of one loopy component: as an array, by summing pools out, or by every pattern."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from poolpipe_kernels import arrays, components, elimination

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.decode.parts import Parts

__all__ = [
    "Component",
    "Effort",
    "Graph",
    "Solution",
    "eliminate_histories",
    "solve",
    "solve_loopy",
    "take_apart",
]

MOST_POOLS = 60
"""Pools of one person that fit the bits of a number."""
LARGEST = 2000
"""People of the largest component for which an exact way is looked for: the search is quadratic."""


class Graph(Protocol):
    """Pools and people a component is taken from."""

    @property
    def offsets(self) -> NDArray[np.int64]:
        """Seats of pool p are ``offsets[p]`` up to ``offsets[p + 1]``."""
        ...

    @property
    def members(self) -> NDArray[np.int32]:
        """Person of each seat."""
        ...

    @property
    def rows(self) -> NDArray[np.int64]:
        """Row of each pool in `table`."""
        ...

    @property
    def table(self) -> NDArray[np.float64]:
        """P(outcome | k infected)."""
        ...

    @property
    def counts_matter(self) -> bool:
        """Whether `table` has a column for each number of infected."""
        ...

    def chance(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """P(infected) of some people before the pools."""
        ...


@dataclass(frozen=True)
class Effort:
    """How much an exact answer may cost before belief propagation takes over.

    Parameters
    ----------
    states : int
        Largest joint state of open pools in elimination (8 bytes each).
    kept : int
        States kept for the way back (8 bytes each).
    people : int
        Most people whose 2^n patterns are walked.
    columns : int
        Most columns (the shorter side) of an array.
    """

    states: int = 1 << 18
    kept: int = 1 << 24
    people: int = 24
    columns: int = 12


@dataclass(frozen=True)
class Component:
    """People and pools that hang together, numbered from 0.

    Attributes
    ----------
    offsets, members : arrays
        CSR of seats by pool.
    likelihood : array of float64, shape (pools, width)
        P(outcome | k infected); two columns when only presence matters.
    prior : array of float64, shape (people,)
        P(infected) before these pools.
    """

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    likelihood: NDArray[np.float64]
    counts_matter: bool
    prior: NDArray[np.float64]


@dataclass(frozen=True)
class Solution:
    """Exact posteriors, what found them, and the log evidence (-inf: the outcomes are impossible)."""

    p_infected: NDArray[np.float64]
    method: str
    log_evidence: float


def solve_loopy(
    graph: Graph, parts: Parts, effort: Effort
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], Solution | None]]:
    """Try each loopy component of up to 2,000 people; yields (its pools, its people, solution or None)."""
    for pools, who, component in take_apart(graph, parts, parts.loopy):
        yield pools, who, solve(component, effort)


def take_apart(
    graph: Graph, parts: Parts, wanted: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], Component]]:
    """Lay each `wanted` component (by root) of up to 2,000 people out; yields (its pools, its people, itself)."""
    chosen = (wanted & (parts.people <= LARGEST) & (parts.pools > 0))[parts.of_pool]
    candidates = np.flatnonzero(chosen & (np.diff(graph.offsets) > 0)).astype(np.int32)
    if not candidates.size:
        return
    candidates = candidates[np.argsort(parts.of_pool[candidates], kind="stable")]
    starts = np.flatnonzero(np.diff(parts.of_pool[candidates]))
    place = np.full(parts.of_person.size, -1, np.int32)
    for pools in np.split(candidates, starts + 1):
        seats = int((graph.offsets[pools + 1] - graph.offsets[pools]).sum())
        who, members = np.empty(seats, np.int32), np.empty(seats, np.int32)
        offsets = np.empty(pools.size + 1, np.int64)
        who = who[: components.extract(pools, graph.offsets, graph.members, place, who, offsets, members)]
        likelihood = graph.table[graph.rows[pools]]
        yield pools, who, Component(offsets, members, likelihood, graph.counts_matter, graph.chance(who))


def eliminate_histories(
    component: Component,
    weight: NDArray[np.float64],
    infected_on: NDArray[np.bool_],
    day_of_pool: NDArray[np.int64],
    effort: Effort,
) -> NDArray[np.float64] | None:
    """Posterior of every person's histories (people, histories); None beyond `effort` or where impossible.

    `weight` (people, histories) is their prior, `infected_on` (histories, days) when each is infected.
    """
    seats, pools = _by_person(component)
    plan = _Plan.of(component, seats, pools, effort)
    if plan is None:
        return None
    people, histories = weight.shape
    person = np.repeat(np.arange(people), np.diff(seats))
    bit = 1 << (np.arange(pools.size) - seats[person])
    touches = np.zeros((people, histories), np.int64)
    np.add.at(touches, person, infected_on[:, day_of_pool[pools]].T * bit[:, None])
    chance, log_evidence = _eliminate(component, seats, pools, plan, weight, touches)
    return chance if np.isfinite(log_evidence) else None


def solve(component: Component, effort: Effort) -> Solution | None:
    """Solve a component exactly by the cheapest way within `effort`; None when there is none.

    An array is tried by the zeta transform first and left for elimination when its alternating terms
    cancel more than four digits, so that eleven remain.
    """
    if not component.counts_matter:
        found = _as_array(component, effort)
        if found is not None:
            return found
    seats, pools = _by_person(component)
    plan = _Plan.of(component, seats, pools, effort)
    people = component.prior.size
    if people <= effort.people and (plan is None or plan.cost > 2.0**people):
        return _enumerate(component, seats, pools)
    if plan is None:
        return None
    weight = np.stack([1.0 - component.prior, component.prior], axis=1)
    touches = np.stack([0 * seats[1:], (1 << np.diff(seats)) - 1], axis=1)
    chance, log_evidence = _eliminate(component, seats, pools, plan, weight, touches)
    return Solution(chance[:, 1], "elimination", log_evidence)


@dataclass(frozen=True)
class _Plan:
    """An elimination order and what it costs."""

    kinds: NDArray[np.int8]
    subjects: NDArray[np.int32]
    base: NDArray[np.int64]
    kept: int
    largest: int

    @property
    def cost(self) -> float:
        return 2.0 * self.kept

    @classmethod
    def of(
        cls, component: Component, seats: NDArray[np.int64], pools: NDArray[np.int32], effort: Effort
    ) -> _Plan | None:
        if np.diff(seats).max() > MOST_POOLS:
            return None
        sizes = np.diff(component.offsets)
        base = sizes + 1 if component.counts_matter else np.full(sizes.size, 2, np.int64)
        room = component.prior.size + 2 * sizes.size
        kinds, subjects = np.empty(room, np.int8), np.empty(room, np.int32)
        steps, kept, largest = elimination.schedule(seats, pools, base, float(effort.states), kinds, subjects)
        if steps == 0 or kept > effort.kept:
            return None
        return cls(kinds[:steps], subjects[:steps], base, int(kept), int(largest))


def _by_person(component: Component) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """CSR of pools by person."""
    pool_of_seat = np.repeat(
        np.arange(component.offsets.size - 1, dtype=np.int32), np.diff(component.offsets)
    )
    seats = np.zeros(component.prior.size + 1, np.int64)
    pools = np.empty(pool_of_seat.size, np.int32)
    components.order_by_pool(component.members, pool_of_seat, seats, pools)
    return seats, pools


def _eliminate(
    component: Component,
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    plan: _Plan,
    weight: NDArray[np.float64],
    touches: NDArray[np.int64],
) -> tuple[NDArray[np.float64], float]:
    """Posterior of each person's choices (people, choices), and the log evidence."""
    people, choices = weight.shape
    chance = np.empty(people * choices)
    log_evidence = elimination.eliminate(
        seats, pools, np.arange(people + 1) * choices, weight.ravel(), touches.ravel(), component.likelihood,
        plan.base, plan.kinds, plan.subjects, np.empty(plan.kept), plan.largest, chance,
    )  # fmt: skip
    return chance.reshape(people, choices), log_evidence


def _enumerate(component: Component, seats: NDArray[np.int64], pools: NDArray[np.int32]) -> Solution:
    infected = np.empty(component.prior.size)
    evidence = elimination.enumerate_patterns(
        seats, pools, component.prior, component.likelihood, component.counts_matter, infected
    )
    if evidence <= 0.0:
        return Solution(component.prior, "enumeration", -np.inf)
    return Solution(infected / evidence, "enumeration", float(np.log(evidence)))


def _as_array(component: Component, effort: Effort) -> Solution | None:
    """Solve by the zeta transform where pools are rows and columns and everybody sits in one of each."""
    people, pools = component.prior.size, component.offsets.size - 1
    if component.members.size != 2 * people or pools > 2 * people:
        return None
    side, number = np.empty(pools, np.int8), np.empty(pools, np.int64)
    cell = np.empty((people, 2), np.int64)
    shape = arrays.recognise(component.offsets, component.members, side, number, cell)
    if not 0 < shape[1] <= effort.columns:
        return None
    row, column = cell[:, 0], cell[:, 1]
    prior, infected = np.zeros(shape), np.empty(shape)
    prior[row, column] = component.prior
    rows, columns = component.likelihood[side == 0], component.likelihood[side == 1]
    evidence, absolute = arrays.array(prior, rows, columns, infected)
    if not evidence > 1e-4 * absolute or absolute < 1e-280:
        return None
    return Solution(infected[row, column], "array", float(np.log(evidence)))
