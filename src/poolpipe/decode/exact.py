"""Exact posteriors of one loopy component: as an array, by summing pools out, or by every pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

import numpy as np

from poolpipe.decode.effort import Effort
from poolpipe.decode.in_logs import eliminate_in_logs
from poolpipe_kernels import arrays, components, elimination, enumeration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.decode.parts import Parts

__all__ = [
    "Component",
    "Effort",
    "Graph",
    "Solution",
    "by_person",
    "eliminate_histories",
    "solve",
    "solve_loopy",
    "take_apart",
]

MOST_POOLS = 60
"""The most pools of one person: one bit each in 64."""
LARGEST = 2000
"""People of the largest component for which an exact way is searched: the search is quadratic."""
LOWEST = -600.0
"""Log of the smallest number for which floats are summed; below it logarithms are summed."""
LEAST_CLEAN = 1e-4
"""Above this P(infected), 1 - P(infected) has lost digits, and logarithms are used."""


class Graph(Protocol):
    """Protocol of graphs from which components are copied."""

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

    def log_weight(self, who: NDArray[np.int32]) -> NDArray[np.float64]:
        """Log of P(clean) and P(infected) of some people before the pools (people, 2)."""
        ...


@dataclass(frozen=True)
class Component:
    """A connected component of people and pools, numbered from 0.

    Attributes
    ----------
    offsets, members : arrays
        CSR of seats by pool.
    likelihood : array of float64, shape (pools, width)
        P(outcome | k infected); two columns when only presence matters.
    prior : array of float64, shape (people,)
        P(infected) before these pools.
    log_weight : array of float64, shape (people, 2), optional
        Log of P(clean) and P(infected), where 1 - prior has lost digits.
    log_likelihood : array of float64, shape (pools, width), optional
        Log of `likelihood`, where it has lost digits.
    log_scale : float
        Natural log by which the rows were divided; it is added to the log evidence.
    """

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    likelihood: NDArray[np.float64]
    counts_matter: bool
    prior: NDArray[np.float64]
    log_weight: NDArray[np.float64] | None = None
    log_likelihood: NDArray[np.float64] | None = None
    log_scale: float = 0.0

    @property
    def logs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Log weights of the people, and log rows of the pools."""
        weight, rows = self.log_weight, self.log_likelihood
        with np.errstate(divide="ignore"):
            if weight is None:
                weight = np.stack([np.log1p(-self.prior), np.log(self.prior)], axis=1)
            return weight, np.log(self.likelihood) if rows is None else rows

    @property
    def narrow(self) -> bool:
        """Whether floats hold all its numbers and the difference of 1 and a prior."""
        if self.log_weight is not None and self.log_weight.min(initial=0.0) < np.log(LEAST_CLEAN):
            far = self.log_weight[:, 0].min(initial=0.0) < np.log(LEAST_CLEAN)
            if far or self.log_weight.min(initial=0.0) < LOWEST / 2:
                return False
        rows = self.log_likelihood
        return rows is None or not bool(((rows < LOWEST / 2) & np.isfinite(rows)).any())


@dataclass(frozen=True)
class Solution:
    """Exact posteriors, their method, and the log evidence (-inf: the outcomes are impossible).

    `nobody` is P(nobody in the pool infected | outcomes) of every pool.
    """

    p_infected: NDArray[np.float64]
    method: str
    log_evidence: float
    nobody: NDArray[np.float64]


def solve_loopy(
    graph: Graph, parts: Parts, effort: Effort
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], Solution | None]]:
    """Try to solve each loopy component of up to 2,000 people exactly.

    Parameters
    ----------
    graph : Graph
        Pools and people.
    parts : Parts
        Its components.
    effort : Effort
        What an exact answer may cost.

    Yields
    ------
    pools, people : (k,) int32 and (n,) int32
        Numbers in the graph.
    solution : Solution or None
        None where it would cost more than `effort`.
    """
    for pools, who, component in take_apart(graph, parts, parts.loopy):
        yield pools, who, solve(component, effort)


def take_apart(
    graph: Graph, parts: Parts, wanted: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int32], NDArray[np.int32], Component]]:
    """Copy components of up to 2,000 people out of a graph.

    Parameters
    ----------
    graph : Graph
        Pools and people.
    parts : Parts
        Its components.
    wanted : (pools,) bool
        Whether a component is wanted, by its root.

    Yields
    ------
    pools, people : (k,) int32 and (n,) int32
        Numbers in the graph.
    component : Component
        Numbered from 0; owns its arrays.
    """
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
        yield (
            pools,
            who,
            Component(
                offsets, members, likelihood, graph.counts_matter, graph.chance(who), graph.log_weight(who)
            ),
        )


def eliminate_histories(
    component: Component,
    weight: NDArray[np.float64],
    infected_on: NDArray[np.bool_],
    day_of_pool: NDArray[np.int64],
    effort: Effort,
) -> NDArray[np.float64] | None:
    """Posterior of every person's histories, by elimination.

    Parameters
    ----------
    component : Component
        People and pools; a pool belongs to one day.
    weight : (people, histories) float64
        Prior of each history.
    infected_on : (histories, days) bool
        On which days a history is infected.
    day_of_pool : (pools,) int64
        Day of each pool.
    effort : Effort
        What an exact answer may cost.

    Returns
    -------
    (people, histories) float64 or None
        None beyond `effort`, or where the outcomes are impossible.
    """
    seats, pools = by_person(component)
    plan = _EliminationPlan.of(component, seats, pools, effort)
    if plan is None:
        return None
    people, histories = weight.shape
    person = np.repeat(np.arange(people), np.diff(seats))
    bit = 1 << (np.arange(pools.size) - seats[person])
    touches = np.zeros((people, histories), np.int64)
    np.add.at(touches, person, infected_on[:, day_of_pool[pools]].T * bit[:, None])
    chance, _, log_evidence = _eliminate(component, seats, pools, plan, weight, touches)
    return chance if np.isfinite(log_evidence) else None


def solve(component: Component, effort: Effort) -> Solution | None:
    """Solve a component exactly by the cheapest way within `effort`.

    An array is tried by the zeta transform first and left for elimination when its alternating terms
    cancel more than four digits, so that eleven remain. Logarithms are summed where floats may have lost a term.

    Parameters
    ----------
    component : Component
        People and pools, numbered from 0.
    effort : Effort
        What an exact answer may cost.

    Returns
    -------
    Solution or None
        None where every way costs more.
    """
    merged, place = _merged(component)
    found = _solved(merged, effort)
    return found if found is None or place is None else replace(found, nobody=found.nobody[place])


def _solved(component: Component, effort: Effort) -> Solution | None:
    """Solve a component in which no two pools hold the same people."""
    narrow = component.narrow
    if not component.counts_matter and narrow:
        found = _as_array(component, effort)
        if found is not None:
            return found
    seats, pools = by_person(component)
    plan = _EliminationPlan.of(component, seats, pools, effort)
    people = component.prior.size
    if people <= effort.people and (plan is None or plan.cost > 2.0**people):
        return _enumerate(component, seats, pools)
    if plan is None:
        return None
    log_weight, log_rows = component.logs
    if narrow:
        touches = np.stack([0 * seats[1:], (1 << np.diff(seats)) - 1], axis=1)
        chance, nobody, log_evidence = _eliminate(component, seats, pools, plan, np.exp(log_weight), touches)
        if log_evidence > LOWEST:
            return Solution(chance[:, 1], "elimination", log_evidence + component.log_scale, nobody)
    p_infected, nobody, log_evidence = eliminate_in_logs(
        seats, pools, log_weight, log_rows, plan.base, plan.kinds, plan.subjects
    )
    return Solution(p_infected, "elimination", log_evidence + component.log_scale, nobody)


def _merged(component: Component) -> tuple[Component, NDArray[np.int64] | None]:
    """Merge pools that hold the same people into one: their rows are multiplied, as sums of logarithms.

    Gives the component and the new index of each pool (None: unchanged).
    """
    names = np.random.default_rng(0).integers(1 << 62, size=component.prior.size)
    sums = np.add.reduceat(names[component.members], component.offsets[:-1])
    _, first, group = np.unique(sums, return_index=True, return_inverse=True)
    if first.size == sums.size:
        return component, None
    sets = [frozenset(part.tolist()) for part in np.split(component.members, component.offsets[1:-1])]
    if any(sets[first[number]] != each for number, each in zip(group.tolist(), sets, strict=True)):
        return component, None
    rows = np.zeros((first.size, component.likelihood.shape[1]))
    np.add.at(rows, group, component.logs[1])
    sizes = np.diff(component.offsets)[first]
    if component.counts_matter:
        rows[np.arange(rows.shape[1]) > sizes[:, None]] = -np.inf
    highest = rows.max(axis=1)
    scale = np.where(np.isfinite(highest), highest, 0.0)
    rows -= scale[:, None]
    members = np.concatenate(
        [component.members[component.offsets[at] : component.offsets[at + 1]] for at in first.tolist()]
    )
    merged = Component(
        np.concatenate([[0], np.cumsum(sizes)]), members, np.exp(rows), component.counts_matter, component.prior,
        component.log_weight, rows, float(scale.sum()),
    )  # fmt: skip
    return merged, group.astype(np.int64)


@dataclass(frozen=True)
class _EliminationPlan:
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
    ) -> _EliminationPlan | None:
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


def by_person(component: Component) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
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
    plan: _EliminationPlan,
    weight: NDArray[np.float64],
    touches: NDArray[np.int64],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Posterior of each person's choices (people, choices), P(nobody) of each pool, and the log evidence."""
    people, choices = weight.shape
    chance, nobody = np.empty(people * choices), np.empty(component.offsets.size - 1)
    log_evidence = elimination.eliminate(
        seats, pools, np.arange(people + 1) * choices, weight.ravel(), touches.ravel(), component.likelihood,
        plan.base, plan.kinds, plan.subjects, np.empty(plan.kept), plan.largest, chance,
        nobody,
    )  # fmt: skip
    return chance.reshape(people, choices), nobody, log_evidence


def _enumerate(component: Component, seats: NDArray[np.int64], pools: NDArray[np.int32]) -> Solution:
    infected, nobody = np.empty(component.prior.size), np.empty(component.offsets.size - 1)
    counting = component.counts_matter
    if component.narrow:
        weights = np.stack([1.0 - component.prior, component.prior], axis=1)
        log_evidence = enumeration.enumerate_patterns(
            seats,
            pools,
            weights,
            component.likelihood,
            counting,
            in_logs=False,
            infected=infected,
            nobody=nobody,
        )
        if log_evidence > LOWEST:
            return Solution(infected, "enumeration", log_evidence + component.log_scale, nobody)
    log_weight, log_rows = component.logs
    top = log_rows.max(axis=1, keepdims=True)  # densities of Ct may lie above 1, and no entry may
    top[~np.isfinite(top)] = 0.0
    log_evidence = enumeration.enumerate_patterns(
        seats, pools, log_weight, log_rows - top, counting, in_logs=True, infected=infected, nobody=nobody
    )
    total = log_evidence + float(top.sum()) + component.log_scale
    return Solution(infected, "enumeration", total, nobody)


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
    prior, infected, nobody = np.zeros(shape), np.empty(shape), np.empty(pools)
    prior[row, column] = component.prior
    by_row, by_column = component.likelihood[side == 0], component.likelihood[side == 1]
    evidence, absolute = arrays.array(prior, by_row, by_column, infected, nobody)
    if not evidence > 1e-4 * absolute or absolute < 1e-280:
        return None
    log_evidence = float(np.log(evidence)) + component.log_scale
    return Solution(infected[row, column], "array", log_evidence, nobody[number + side * shape[0]])
