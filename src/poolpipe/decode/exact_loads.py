"""Exact posteriors where loads count: a table over few people's levels, or pools summed out one by one."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from poolpipe_kernels import elimination

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.effort import Effort

__all__ = ["LoadGraph", "LoadSolution", "solve_loads"]

T = TypeVar("T", bound=np.generic)

MOST_WORK = 3e8
"""The most numbers that an exact answer may compute: about a second."""
MOST_POOLS = 60


class LoadGraph(NamedTuple):
    """A connected component of people and pools, numbered from 0.

    Attributes
    ----------
    offsets, members : arrays
        CSR of seats by pool.
    seats, pools : arrays
        CSR of pools by person.
    log_weight : (people, levels) float64
        Log prior of each level, the first one clean.
    log_rows : (pools, levels) float64
        Log of P(outcome | the highest level in the pool).
    """

    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    seats: NDArray[np.int64]
    pools: NDArray[np.int32]
    log_weight: NDArray[np.float64]
    log_rows: NDArray[np.float64]


class LoadSolution(NamedTuple):
    """P(infected) of each person, P(nobody infected) of each pool, and the log evidence."""

    p_infected: NDArray[np.float64]
    nobody: NDArray[np.float64]
    log_evidence: float


def solve_loads(graph: LoadGraph, effort: Effort) -> LoadSolution | None:
    """Solve by a table over all people's levels, or by summing pools out.

    Parameters
    ----------
    graph : LoadGraph
        People and pools, numbered from 0.
    effort : Effort
        What an exact answer may cost.

    Returns
    -------
    LoadSolution or None
        None where both ways cost more.
    """
    people, levels = graph.log_weight.shape
    if levels**people <= effort.states:
        return _as_table(graph)
    base = np.full(graph.offsets.size - 1, levels, np.int64)
    if np.diff(graph.seats).max(initial=0) > MOST_POOLS:
        return None
    room = people + 2 * base.size
    kinds, subjects = np.empty(room, np.int8), np.empty(room, np.int32)
    steps, kept, _ = elimination.schedule(
        graph.seats, graph.pools, base, float(effort.states), kinds, subjects
    )
    if steps == 0 or kept > effort.kept or kept * levels > MOST_WORK:
        return None
    return _eliminated(graph, kinds[:steps], subjects[:steps])


def _as_table(graph: LoadGraph) -> LoadSolution:
    """Compute the weight of every combination of all people's levels, with products of positive numbers only."""
    people, levels = graph.log_weight.shape
    joint = np.zeros((levels,) * people)
    for person in range(people):
        joint += _along(graph.log_weight[person], person, people)
    strongest = []
    for pool in range(graph.offsets.size - 1):
        level: NDArray[np.int64] = np.zeros((1,) * people, np.int64)
        for person in graph.members[graph.offsets[pool] : graph.offsets[pool + 1]].tolist():
            level = np.maximum(level, _along(np.arange(levels), person, people))
        joint += graph.log_rows[pool][level]
        strongest.append(level)
    top = float(joint.max())
    weight = np.exp(joint - top)
    total = float(weight.sum())
    p_infected = [float(np.delete(weight, 0, axis=person).sum()) / total for person in range(people)]
    nobody = [float((weight * (level == 0)).sum()) / total for level in strongest]
    return LoadSolution(np.asarray(p_infected), np.asarray(nobody), top + float(np.log(total)))


def _eliminated(graph: LoadGraph, kinds: NDArray[np.int8], subjects: NDArray[np.int32]) -> LoadSolution:
    """Run a schedule forwards and backwards, with an axis of levels for each open pool (as `in_logs`, on plain numbers)."""
    levels = graph.log_rows.shape[1]
    tops = graph.log_rows.max(axis=1)
    rows, weight = np.exp(graph.log_rows - tops[:, None]), np.exp(graph.log_weight)
    state: NDArray[np.float64] = np.ones(())
    axes: list[int] = []
    kept: list[NDArray[np.float64]] = []
    opened: list[list[int]] = []
    log_evidence = float(tops.sum())
    for kind, subject in zip(kinds.tolist(), subjects.tolist(), strict=True):
        opened.append(list(axes))
        if kind == elimination.OPEN:
            state = np.concatenate([state[..., None], np.zeros((*state.shape, levels - 1))], axis=-1)
            axes.append(subject)
        elif kind == elimination.PERSON:
            kept.append(state)
            mine = _axes_of(graph, subject, axes)
            state = sum(weight[subject, level] * _raised(state, mine, level) for level in range(levels))
        else:
            state = np.tensordot(state, rows[subject], (axes.index(subject), 0))
            axes.remove(subject)
            log_evidence += float(np.log(state.sum()))
            state /= state.sum()
    p_infected, nobody = np.empty(weight.shape[0]), np.empty(rows.shape[0])
    shut: list[int] = []
    after: NDArray[np.float64] = np.ones(())
    for kind, subject, before_axes in zip(
        kinds[::-1].tolist(), subjects[::-1].tolist(), reversed(opened), strict=True
    ):
        if kind == elimination.OPEN:
            after = after[..., 0]
        elif kind == elimination.PERSON:
            mine, before = _axes_of(graph, subject, before_axes), kept.pop()
            each = [weight[subject, level] * _seen_raised(after, mine, level) for level in range(levels)]
            after = sum(each)
            total = float((before * after).sum())
            p_infected[subject] = float((before * sum(each[1:])).sum()) / total
            for pool in shut:  # the person is the last of it
                none = np.take(before * each[0], 0, axis=before_axes.index(pool))
                nobody[pool] = float(none.sum()) / total
            shut = []
            after = after / after.max()
        else:
            shut.append(subject)
            axis = before_axes.index(subject)
            after = np.expand_dims(after, axis) * _along(rows[subject], axis, len(before_axes))
    return LoadSolution(p_infected, nobody, log_evidence)


def _axes_of(graph: LoadGraph, person: int, axes: list[int]) -> list[int]:
    return [axes.index(pool) for pool in graph.pools[graph.seats[person] : graph.seats[person + 1]].tolist()]


def _along(values: NDArray[T], axis: int, axes: int) -> NDArray[T]:
    """Reshape a row of numbers to lie along one of several axes."""
    shape = [1] * axes
    shape[axis] = values.size
    return values.reshape(shape)


def _raised(state: NDArray[np.float64], axes: list[int], level: int) -> NDArray[np.float64]:
    """Raise the highest level along `axes` to at least `level`."""
    for axis in axes:
        old = np.moveaxis(state, axis, 0)
        new = old.copy()
        new[:level] = 0.0
        new[level] = old[: level + 1].sum(axis=0)
        state = np.moveaxis(new, 0, axis)
    return state


def _seen_raised(after: NDArray[np.float64], axes: list[int], level: int) -> NDArray[np.float64]:
    """Backward message of every state once the levels along `axes` are raised to at least `level`."""
    for axis in axes:
        after = np.take(after, np.maximum(np.arange(after.shape[axis]), level), axis=axis)
    return after
