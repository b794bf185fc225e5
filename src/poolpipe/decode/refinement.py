"""Solve dense components again where belief propagation may err: likely people connected by loops."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.exact import solve_loopy
from poolpipe.decode.parts import Parts
from poolpipe_kernels import components

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.decode.belief_propagation import PropagatedBeliefs
    from poolpipe.decode.exact import Effort
    from poolpipe.decode.reduction import Reduced

__all__ = ["LIKELY", "RefinedKnot", "refine"]

LIKELY = (0.001, 0.01, 0.05, 0.2)
"""Threshold probabilities, tried in turn while dense components are too large; people below are left as they are."""
NONE = np.empty(0, np.int64)


@dataclass(frozen=True)
class RefinedKnot:
    """The result for one dense component.

    Attributes
    ----------
    people : array of int32
        Its people.
    p_infected : array of float64
        Their posteriors, exact within the component where it could be solved.
    solved : bool
        Whether it could.
    moved : float
        Largest distance of its people from belief propagation; 0 where they are in no loop, infinite where
        it could not be solved.
    least : float
        Its people are those of at least this probability: the others were left as beliefs have them.
    pools : array of int64
        Its pools.
    nobody : array of float64
        P(nobody in them infected); empty where the component is not solved.
    """

    people: NDArray[np.int32]
    p_infected: NDArray[np.float64]
    solved: bool
    moved: float
    least: float
    pools: NDArray[np.integer]
    nobody: NDArray[np.float64]


def refine(
    graph: Reduced, found: PropagatedBeliefs, doubtful: NDArray[np.bool_], effort: Effort
) -> Iterator[RefinedKnot]:
    """Solve again every loop among `doubtful` people of at least 0.1%, with everybody else as beliefs have them.

    Beliefs err where evidence runs in circles among people who may well be infected; people near zero weaken a
    loop until it has no effect. The pools' other people enter with their messages, as a leak. A dense component too large
    to solve is tried again among its likelier people, from 1%, 5% and 20% on; people in no loop at such a level count as
    settled there, and those still in one at the last level as unsolved.

    Parameters
    ----------
    graph : Reduced
        The graph on which beliefs were propagated.
    found : PropagatedBeliefs
        Beliefs and messages.
    doubtful : (people,) bool
        People whose posterior may be off.
    effort : Effort
        What an exact answer may cost.

    Yields
    ------
    RefinedKnot
        One for each dense component.
    """
    for least in LIKELY:
        likely = doubtful & (found.odds >= least / (1.0 - least))
        tied, still = np.zeros_like(doubtful), np.zeros_like(doubtful)
        for knot in _refined(graph, found, likely, least, effort):
            tied[knot.people] = True
            if knot.solved or least == LIKELY[-1]:
                yield knot
            else:
                still[knot.people] = True
        settled = np.flatnonzero(doubtful & ~tied) if least > LIKELY[0] else NONE
        if settled.size:
            yield _as_believed(settled, found.odds[settled] / (1.0 + found.odds[settled]), least, moved=0.0)
        doubtful = still
        if not doubtful.any():
            return


def _refined(
    graph: Reduced, found: PropagatedBeliefs, likely: NDArray[np.bool_], least: float, effort: Effort
) -> Iterator[RefinedKnot]:
    """Solve the loops among `likely` people, numbered as in `graph`."""
    inside, nobody = np.zeros(graph.rows.size, np.int64), np.zeros(graph.rows.size, np.int64)
    state = np.where(likely, -1, 0).astype(np.int8)
    components.tally(graph.offsets, graph.members, state, nobody, inside)
    pools = np.flatnonzero(inside >= 2)
    if not pools.size:
        return
    who, knots, others_clean = _knots(graph, found, likely, pools)
    believed = found.odds[who] / (1.0 + found.odds[who])
    for knot in _checks(knots, Parts.of_graph(knots), believed, least, effort):
        none = knot.nobody * others_clean[knot.pools]
        yield replace(knot, people=who[knot.people], pools=pools[knot.pools], nobody=none)


def _knots(
    graph: Reduced, found: PropagatedBeliefs, likely: NDArray[np.bool_], pools: NDArray[np.int64]
) -> tuple[NDArray[np.int32], Reduced, NDArray[np.float64]]:
    """Likely people and the pools that connect them, numbered from 0.

    Gives the people as numbered before, the graph, and for each pool P(its other people are clean | its likely ones
    are, and its outcome).
    """
    seats = [np.arange(graph.offsets[pool], graph.offsets[pool + 1]) for pool in pools.tolist()]
    inside = [own[likely[graph.members[own]]] for own in seats]
    tying = np.concatenate(inside)
    who, members = np.unique(graph.members[tying], return_inverse=True)
    odds = found.odds[who]
    np.divide.at(odds, members, found.ratio[tying])
    table, others_clean = np.zeros((pools.size, graph.table.shape[1])), np.zeros(pools.size)
    for at, (pool, own, mine) in enumerate(zip(pools.tolist(), seats, inside, strict=True)):
        others = np.setdiff1d(own, mine, assume_unique=True)
        cavity = found.odds[graph.members[others]] / found.ratio[others]
        chance = cavity / (1.0 + cavity)
        table[at] = _leaky(graph, pool, chance, mine.size)
        nobody = graph.table[graph.rows[pool], 0] * float(np.prod(1.0 - chance))
        others_clean[at] = nobody / table[at, 0] if table[at, 0] > 0 else 0.0
    knots = replace(
        graph,
        offsets=np.cumsum([0, *(mine.size for mine in inside)]),
        members=members.astype(np.int32),
        rows=np.arange(pools.size),
        table=table,
        odds=odds,
        far=None,
    )
    return who, knots, others_clean


def _as_believed(
    who: NDArray[np.integer], p_believed: NDArray[np.float64], least: float, *, moved: float
) -> RefinedKnot:
    return RefinedKnot(
        who.astype(np.int32),
        p_believed,
        solved=False,
        moved=moved,
        least=least,
        pools=NONE,
        nobody=np.empty(0),
    )


def _checks(
    knots: Reduced, parts: Parts, p_believed: NDArray[np.float64], least: float, effort: Effort
) -> Iterator[RefinedKnot]:
    """Compare the exact solution of each dense component with the beliefs; those too large to solve come last."""
    solved = np.zeros(parts.of_pool.size, np.bool_)
    for pools, who, solution in solve_loopy(knots, parts, effort):
        if solution is not None and np.isfinite(solution.log_evidence):
            solved[parts.of_pool[pools[0]]] = True
            moved = float(np.abs(solution.p_infected - p_believed[who]).max())
            yield RefinedKnot(
                who,
                solution.p_infected,
                solved=True,
                moved=moved,
                least=least,
                pools=pools,
                nobody=solution.nobody,
            )
    unsolved = parts.loopy & ~solved
    left = np.flatnonzero((parts.of_person >= 0) & unsolved[parts.of_person])
    if left.size:
        yield _as_believed(left, p_believed[left], least, moved=np.inf)


def _leaky(graph: Reduced, pool: int, others: NDArray[np.float64], inside: int) -> NDArray[np.float64]:
    """Likelihood row of a dense component's people when each of the pool's `others` is infected with that probability."""
    row = graph.table[graph.rows[pool]]
    if not graph.counts_matter:
        clean = float(np.prod(1.0 - others))
        return np.asarray([row[0] * clean + row[1] * (1.0 - clean), row[1]])
    count = np.ones(1)
    for chance in others.tolist():
        count = np.convolve(count, [1.0 - chance, chance])
    leaky = np.zeros(row.size)
    for k in range(inside + 1):
        leaky[k] = count @ row[k : k + count.size]
    return leaky
