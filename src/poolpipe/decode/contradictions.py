"""Contradictions: the smallest set of pools whose outcomes cannot all be true of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from poolpipe.decode.layout import PoolLayout

__all__ = ["Proofs", "contradictions", "proofs", "smallest_cover"]

MOST_LEAVES = 20_000
"""The most branches of one search for the smallest cover; beyond, the best found so far is the result."""


class Proofs(NamedTuple):
    """What each pool's outcome proves by itself.

    Attributes
    ----------
    somebody, nobody : (pools,) bool
        Pools in which somebody, or nobody, must be infected.
    """

    somebody: NDArray[np.bool_]
    nobody: NDArray[np.bool_]


def proofs(layout: PoolLayout) -> Proofs:
    """Find from the outcomes' likelihoods the pools that prove that somebody, or nobody, is infected.

    Where the number infected matters a pool proves nobody if it rules out every number above 0.
    """
    columns = np.arange(layout.table.shape[1])
    possible = (layout.table[layout.rows] > 0.0) & (columns <= np.maximum(layout.sizes, 1)[:, None])
    return Proofs(
        ~possible[:, 0] & possible[:, 1:].any(axis=1), possible[:, 0] & ~possible[:, 1:].any(axis=1)
    )


def contradictions(
    pools: NDArray[np.integer],
    members: Callable[[int], NDArray[np.int32]],
    told: Proofs,
    prior: NDArray[np.float64] | None = None,
) -> list[int]:
    """Find the smallest set of `pools` of one component that contradict each other.

    Parameters
    ----------
    pools : (n,) int
        Pools of the component.
    members : callable
        People of a pool.
    told : Proofs
        Proofs of all pools.
    prior : (people,) float64, optional
        People of prior 0 and 1 are clean and infected without any pool.

    Returns
    -------
    list of int
        The pools, ascending: one that somebody must be infected in, and the fewest that clear everybody in it (a set
        cover, by branch and bound); or one alone that contradicts the priors. Empty where no such set exists.
    """
    clearing: dict[int, list[int]] = {}
    for pool in pools[told.nobody[pools]].tolist():
        for person in members(pool).tolist():
            clearing.setdefault(person, []).append(pool)
            if prior is not None and prior[person] == 1.0:
                return [pool]
    best: list[int] = []
    for pool in pools[told.somebody[pools]].tolist():
        people = [one for one in members(pool).tolist() if prior is None or prior[one] > 0.0]
        most = len(best) - 2 if best else len(people)
        cover = smallest_cover(people, clearing, most)
        if cover is not None:
            best = sorted([pool, *cover])
        if len(best) == 1:
            break
    return best


def smallest_cover(people: Sequence[int], clearing: dict[int, list[int]], most: int) -> list[int] | None:
    """Find the fewest pools that together hold all `people`, by branch and bound.

    The person whom the fewest pools clear comes first; a branch ends where the rest needs too many.

    Parameters
    ----------
    people : sequence of int
        People to cover.
    clearing : dict of int to list of int
        Pools that clear each person.
    most : int
        The most pools of a cover.

    Returns
    -------
    list of int or None
        None where there is no cover of at most `most` pools.
    """
    if any(person not in clearing for person in people):
        return None
    wanted = set(people)
    holds: dict[int, set[int]] = {}
    for person in people:
        for pool in clearing[person]:
            holds.setdefault(pool, set()).add(person)
    best: list[list[int]] = []
    leaves = [0]

    def search(left: set[int], chosen: list[int], most: int) -> int:
        if not left:
            best[:] = [chosen]
            return len(chosen) - 1
        widest = max(len(held & left) for held in holds.values())
        leaves[0] += 1
        if len(chosen) - (-len(left) // widest) > most or leaves[0] > MOST_LEAVES:
            return most
        person = min(left, key=lambda one: (len(clearing[one]), one))
        for pool in sorted(clearing[person], key=lambda one: (-len(holds[one] & left), one)):
            most = search(left - holds[pool], [*chosen, pool], most)
        return most

    search(wanted, [], most)
    return sorted(best[0]) if best else None
