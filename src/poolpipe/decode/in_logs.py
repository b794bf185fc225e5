"""Exact posteriors of a component whose numbers leave the range of floats: every number is its logarithm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels import elimination

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["eliminate_in_logs"]


def eliminate_in_logs(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_weight: NDArray[np.float64],
    log_likelihood: NDArray[np.float64],
    base: NDArray[np.int64],
    kinds: NDArray[np.int8],
    subjects: NDArray[np.int32],
) -> tuple[NDArray[np.float64], NDArray[np.float64], float]:
    """Run a schedule of `elimination.schedule` on arrays of logarithms, one axis for each open pool.

    Parameters
    ----------
    seats, pools
        CSR of pools by person.
    log_weight : (people, 2) float64
        Log of P(clean) and P(infected).
    log_likelihood : (pools, width) float64
        Log of P(outcome | k infected).
    base : (pools,) int64
        How many numbers of infected each pool distinguishes; 2: nobody, somebody.
    kinds, subjects
        The schedule.

    Returns
    -------
    tuple
        P(infected | outcomes) of each person, P(nobody infected | outcomes) of each pool, and the log
        evidence (-inf: impossible). Forward-backward as
        `elimination.eliminate`; a hundred times as slow.
    """
    state: NDArray[np.float64] = np.zeros(())
    axes: list[int] = []
    kept: list[NDArray[np.float64]] = []
    opened: list[list[int]] = []
    for kind, subject in zip(kinds.tolist(), subjects.tolist(), strict=True):
        opened.append(list(axes))
        if kind == elimination.OPEN:
            closed = np.full((*state.shape, int(base[subject])), -np.inf)
            closed[..., 0] = state
            state = closed
            axes.append(subject)
        elif kind == elimination.PERSON:
            kept.append(state)
            mine = [axes.index(pool) for pool in pools[seats[subject] : seats[subject + 1]].tolist()]
            state = np.logaddexp(
                state + log_weight[subject, 0], _one_more(state, mine) + log_weight[subject, 1]
            )
        else:
            axis = axes.index(subject)
            state = _log_sum(state + _along(log_likelihood, base, subject, axis, state.ndim), axis)
            axes.pop(axis)
    log_evidence = float(state)
    p_infected, nobody = np.full(log_weight.shape[0], np.nan), np.full(base.size, np.nan)
    if log_evidence == -np.inf:
        return p_infected, nobody, log_evidence
    shut: list[int] = []
    after: NDArray[np.float64] = np.zeros(())
    for kind, subject, axes in zip(
        kinds[::-1].tolist(), subjects[::-1].tolist(), reversed(opened), strict=True
    ):
        if kind == elimination.OPEN:
            after = after[..., 0]
        elif kind == elimination.PERSON:
            mine = [axes.index(pool) for pool in pools[seats[subject] : seats[subject + 1]].tolist()]
            before = kept.pop()
            clean = log_weight[subject, 0] + after
            infected = log_weight[subject, 1] + _seen_with_one_more(after, mine)
            chance = _log_sum((before + infected).ravel(), 0), _log_sum((before + clean).ravel(), 0)
            p_infected[subject] = np.exp(chance[0] - np.logaddexp(*chance))
            for pool in shut:  # the person is the last of it
                none = np.take(before + clean, 0, axis=axes.index(pool))
                nobody[pool] = np.exp(_log_sum(none.ravel(), 0) - np.logaddexp(*chance))
            shut = []
            after = np.logaddexp(clean, infected)
        else:
            shut.append(subject)
            axis = axes.index(subject)
            after = np.expand_dims(after, axis) + _along(log_likelihood, base, subject, axis, len(axes))
    return p_infected, nobody, log_evidence


def _along(
    log_likelihood: NDArray[np.float64], base: NDArray[np.int64], pool: int, axis: int, axes: int
) -> NDArray[np.float64]:
    """One pool's row along its axis."""
    shape = [1] * axes
    shape[axis] = int(base[pool])
    return log_likelihood[pool, : base[pool]].reshape(shape)


def _one_more(state: NDArray[np.float64], axes: list[int]) -> NDArray[np.float64]:
    """Move every number along `axes` up by one; a pool that distinguishes only nobody and somebody stays at somebody."""
    for axis in axes:
        moved = np.moveaxis(np.full(state.shape, -np.inf), axis, 0)
        old = np.moveaxis(state, axis, 0)
        moved[1:] = old[:-1]
        if old.shape[0] == 2:
            moved[1] = np.logaddexp(old[0], old[1])
        state = np.moveaxis(moved, 0, axis)
    return state


def _seen_with_one_more(after: NDArray[np.float64], axes: list[int]) -> NDArray[np.float64]:
    """Backward message of every state after one infected more along `axes`."""
    for axis in axes:
        size = after.shape[axis]
        after = np.take(after, np.minimum(np.arange(size) + 1, size - 1), axis=axis)
    return after


def _log_sum(logs: NDArray[np.float64], axis: int) -> NDArray[np.float64]:
    return np.asarray(np.logaddexp.reduce(logs, axis=axis))
