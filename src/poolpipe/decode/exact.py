"""Exact posteriors of one loopy component: as an array, by summing pools out, or by every pattern."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.effort import Effort
from poolpipe.decode.in_logs import eliminate_in_logs
from poolpipe.decode.parts import LOWEST, Component, by_person, take_apart
from poolpipe_kernels import arrays, elimination, enumeration

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.decode.parts import Graph, Parts

__all__ = ["Effort", "Solution", "eliminate_histories", "solve", "solve_loopy"]

MOST_POOLS = 60
"""The most pools of one person: one bit each in 64."""


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


def eliminate_histories(
    component: Component,
    weight: NDArray[np.float64],
    infected_on: NDArray[np.bool_],
    day_of_pool: NDArray[np.int64],
    effort: Effort,
) -> tuple[NDArray[np.float64], NDArray[np.float64]] | None:
    """Posterior of every person's histories, and P(nobody) of every pool, by elimination.

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
    (people, histories) and (pools,) float64, or None
        Posterior of the histories, and P(nobody in the pool infected on its day). None beyond `effort`, or where the
        outcomes are impossible.
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
    chance, nobody, log_evidence = _eliminate(component, seats, pools, plan, weight, touches)
    return (chance, nobody) if np.isfinite(log_evidence) else None


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
