"""Posteriors where Ct values count: one load per person, shared by all their pools, integrated over a grid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode.answers import BELIEF, CLOSED_FORM, ELIMINATION, EXACT, LOCAL, SAMPLING, TREE
from poolpipe.decode.approximation import LEAST_SWEEPS, SETTLED, SHARE_OF_MOVE, UNLIKELY
from poolpipe.decode.assays import POSITIVE, SUSPECT
from poolpipe.decode.exact_loads import LoadGraph, solve_loads
from poolpipe.decode.loads import LOWEST, Outcomes, load_law, log_rows
from poolpipe.decode.parts import Parts
from poolpipe.decode.refinement import LIKELY
from poolpipe.decode.sampling import HEATS, Sampled, sampled_by
from poolpipe_kernels import components, loads

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.decode.answers import Answer
    from poolpipe.decode.assays import Assay
    from poolpipe.decode.effort import Effort
    from poolpipe.decode.layout import PoolLayout

__all__ = ["LoadProblem", "believe_loads", "load_graph", "load_problem"]

IMPOSSIBLE = -600.0
"""Log evidence of a small component below which its outcomes are impossible: impossible outcomes are kept as -690."""
LARGEST = 60
"""People of the largest component that is solved exactly."""
DAMP_AFTER = 25
MOST_STEPS = 640_000_000
"""The most reads of a person's level in all walks of all samples: about three seconds on one core."""


@dataclass
class LoadProblem:
    """Pools and people whose Ct count, numbered from 0, and the messages between them.

    Attributes
    ----------
    pools, people : arrays of int64
        Their numbers in the layout.
    offsets, members : arrays
        CSR of seats by pool.
    log_rows : (pools, levels) float64
    log_prior, log_belief : (people, levels) float64
    log_ratio : (seats, levels) float64
    of_all : int
        Pools of the layout.
    """

    pools: NDArray[np.int64]
    people: NDArray[np.int64]
    offsets: NDArray[np.int64]
    members: NDArray[np.int32]
    log_rows: NDArray[np.float64]
    log_prior: NDArray[np.float64]
    log_belief: NDArray[np.float64]
    log_ratio: NDArray[np.float64]
    of_all: int

    @property
    def wanted(self) -> NDArray[np.bool_]:
        """Which pools of the layout are these."""
        wanted = np.zeros(self.of_all, np.bool_)
        wanted[self.pools] = True
        return wanted

    def evidence(self) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Parts of Bethe's log evidence of every person and pool, and P(nobody in the pool infected)."""
        terms, nobody = np.empty(self.pools.size), np.empty(self.pools.size)
        loads.pool_evidence(
            self.offsets, self.members, self.log_rows, self.log_belief, self.log_ratio, terms, nobody
        )
        top = self.log_belief.max(axis=1)
        return top + np.log(np.exp(self.log_belief - top[:, None]).sum(axis=1)), terms, nobody

    def graph(self, pools: NDArray[np.integer]) -> tuple[NDArray[np.int64], LoadGraph]:
        """Some pools and their people as a graph of their own, and the people's numbers here."""
        seats = np.concatenate([np.arange(self.offsets[at], self.offsets[at + 1]) for at in pools.tolist()])
        people, members = np.unique(self.members[seats], return_inverse=True)
        sizes = np.diff(self.offsets)[pools]
        return people.astype(np.int64), load_graph(
            np.concatenate([[0], np.cumsum(sizes)]), members, self.log_prior[people], self.log_rows[pools]
        )


def load_problem(layout: PoolLayout, whole: Parts, assay: Assay) -> LoadProblem | None:
    """Select the components in which a positive pool has a Ct.

    Parameters
    ----------
    layout : PoolLayout
        The whole problem.
    whole : Parts
        Its components.
    assay : Assay
        The test.

    Returns
    -------
    LoadProblem or None
        None where no Ct counts.
    """
    cycles, ct, specificity = assay.cycles, layout.ct, layout.specificity
    if cycles is None or ct is None or specificity is None:
        return None
    positive = (layout.codes == POSITIVE) | (layout.codes == SUSPECT)
    roots = whole.of_pool[positive & ~np.isnan(ct) & layout.informative]
    if not roots.size:
        return None
    with_ct = np.zeros(layout.codes.size, np.bool_)
    with_ct[roots] = True
    wanted = with_ct[whole.of_pool] & layout.informative
    law, pools = load_law(cycles), np.flatnonzero(wanted)
    seen = Outcomes(layout.sizes[pools], layout.codes[pools], ct[pools], specificity[pools])
    people, local = np.unique(layout.members[np.repeat(wanted, layout.sizes)], return_inverse=True)
    with np.errstate(divide="ignore"):
        clean, sick = np.log1p(-layout.prior[people]), np.log(layout.prior[people])
        log_prior = np.concatenate([clean[:, None], sick[:, None] + np.log(law.weight)], axis=1)
    log_prior, rows = np.maximum(log_prior, LOWEST), log_rows(seen, assay, cycles, law)
    return LoadProblem(
        pools, people.astype(np.int64), np.concatenate([[0], np.cumsum(seen.sizes)]), local.astype(np.int32), rows,
        log_prior, log_prior.copy(), np.zeros((local.size, rows.shape[1])), layout.codes.size,
    )  # fmt: skip


def load_graph(
    offsets: NDArray[np.int64],
    members: NDArray[np.integer],
    log_weight: NDArray[np.float64],
    log_rows: NDArray[np.float64],
) -> LoadGraph:
    """Add pools by person to a graph that has people by pool.

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int
        People by pool.
    log_weight : (people, levels) float64
        Log prior of each level.
    log_rows : (pools, levels) float64
        log P(outcome | the highest level in the pool).

    Returns
    -------
    LoadGraph
    """
    pool_of_seat = np.repeat(np.arange(offsets.size - 1, dtype=np.int32), np.diff(offsets))
    seats, pools = np.zeros(log_weight.shape[0] + 1, np.int64), np.empty(members.size, np.int32)
    people = members.astype(np.int32)
    components.order_by_pool(people, pool_of_seat, seats, pools)
    return LoadGraph(offsets, people, seats, pools, log_weight, log_rows)


def believe_loads(
    problem: LoadProblem, answer: Answer, effort: Effort, tolerance: float, most_sweeps: int, threads: int
) -> None:
    """Solve small loops exactly, propagate beliefs over the rest, and solve dense components of likely people again or sample them.

    Parameters
    ----------
    problem : LoadProblem
        Pools and people whose Ct count; its messages are changed in place.
    answer : Answer
        Posteriors of the whole layout; changed in place.
    effort : Effort
        What an exact answer or a sample may cost.
    tolerance : float
        Loops end when no probability moves by more than this.
    most_sweeps : int
        The most sweeps over all pools.
    threads : int
        Threads of the kernels.
    """
    parts = Parts.of(
        problem.offsets, problem.members, np.ones(problem.pools.size, np.bool_), problem.people.size
    )
    left = _solve_small(problem, parts, answer, effort)
    if not left.any():
        return
    tied = parts.loopy[parts.of_pool]
    chance = np.empty(problem.people.size)
    chance[:] = -np.expm1(problem.log_prior[:, 0])
    _sweep(problem, chance, np.flatnonzero(left & ~tied), 1e-14, 2000, damp_after=2000)
    restless = _sweep(
        problem, chance, np.flatnonzero(left & tied), tolerance, most_sweeps, damp_after=DAMP_AFTER
    )
    of_people, terms, nobody = problem.evidence()
    kinds = np.where(parts.loopy, BELIEF, np.where(parts.pools > 1, TREE, CLOSED_FORM)).astype(np.uint8)
    mine = left[parts.of_person]
    who, pools = problem.people[mine], problem.pools[left]
    answer.p_infected[who], answer.method[who] = chance[mine], kinds[parts.of_person[mine]]
    answer.person_terms[who] = of_people[mine]
    answer.pool_terms[pools] = terms[left]
    answer.nobody[pools] = nobody[left]
    believed = mine & parts.loopy[parts.of_person]
    answer.error[who] = EXACT
    answer.error[problem.people[believed]] = np.minimum(UNLIKELY * chance[believed], 2 * LIKELY[0])
    _refine(problem, answer, chance, believed, restless, effort, threads)


def _solve_small(problem: LoadProblem, parts: Parts, answer: Answer, effort: Effort) -> NDArray[np.bool_]:
    """Solve loopy components exactly where that is cheap; which pools are left."""
    left = np.ones(problem.pools.size, np.bool_)
    for root in np.flatnonzero(parts.loopy & (parts.pools > 0) & (parts.people <= LARGEST)).tolist():
        pools = np.flatnonzero(parts.of_pool == root)
        who, graph = problem.graph(pools)
        solution = solve_loads(graph, effort)
        if solution is None:
            continue
        left[pools] = False
        people = problem.people[who]
        answer.p_infected[people], answer.method[people] = solution.p_infected, ELIMINATION
        answer.error[people], answer.person_terms[people] = EXACT, 0.0
        answer.nobody[problem.pools[pools]] = solution.nobody
        answer.pool_terms[problem.pools[pools]] = 0.0
        told = solution.log_evidence
        answer.pool_terms[problem.pools[pools[0]]] = -np.inf if told < IMPOSSIBLE else told
    return left


def _sweep(
    problem: LoadProblem,
    chance: NDArray[np.float64],
    pools: NDArray[np.integer],
    tolerance: float,
    most_sweeps: int,
    *,
    damp_after: int,
) -> NDArray[np.bool_]:
    """Send messages until no probability moves by more than `tolerance`; give the people who still move.

    Only pools with a person who has moved send again.
    """
    moved = np.zeros(problem.people.size, np.bool_)
    asked, sweeps, most = pools.astype(np.int32), 0, np.inf
    while asked.size and most > tolerance and sweeps < most_sweeps:
        sweeps += 1
        moved[:] = False
        most = loads.sweep(
            asked, problem.offsets, problem.members, problem.log_rows, problem.log_belief, problem.log_ratio,
            chance, moved, sweeps > damp_after,
        )  # fmt: skip
        touched = np.add.reduceat(moved[problem.members].astype(np.int64), problem.offsets[:-1]) > 0
        asked = pools[touched[pools]].astype(np.int32)
    return moved if most > tolerance else np.zeros_like(moved)


def _refine(
    problem: LoadProblem,
    answer: Answer,
    chance: NDArray[np.float64],
    believed: NDArray[np.bool_],
    restless: NDArray[np.bool_],
    effort: Effort,
    threads: int,
) -> None:
    """Solve or sample every loop among people of 0.1% and more, with everybody else as beliefs have them."""
    likely = believed & (chance >= LIKELY[0])
    answer.error[problem.people[restless]] = 1.0
    knots = list(_knots(problem, likely))
    steps = len(HEATS) * sum(_steps_of_a_sweep(graph) for *_, graph in knots)
    sweeps = min(effort.sweeps, MOST_STEPS // max(steps, 1))
    for who, pools, clean, graph in knots:
        people, solution = problem.people[who], solve_loads(graph, effort)
        seen: Sampled | None = None
        if solution is None and sweeps >= min(LEAST_SWEEPS, effort.sweeps) and effort.sweeps:
            seen = sampled_by(loads.sample_levels, graph, sweeps, threads)
        if solution is None and seen is None:
            _doubt(problem, answer, pools, 1.0)
            answer.error[people] = np.maximum(chance[who], 1.0 - chance[who])
            continue
        p_infected = seen.p_infected if solution is None and seen else solution.p_infected  # type: ignore[union-attr]
        nobody = seen.nobody if solution is None and seen else solution.nobody  # type: ignore[union-attr]
        moved = float(np.abs(p_infected - chance[who]).max())
        _doubt(problem, answer, pools, SHARE_OF_MOVE * moved)
        answer.p_infected[people], answer.nobody[problem.pools[pools]] = p_infected, nobody * clean
        answer.method[people] = SAMPLING if solution is None else LOCAL
        chancy = 0.0 if seen is None else seen.error
        answer.error[people] = np.minimum(SHARE_OF_MOVE * moved + SETTLED * LIKELY[0] + chancy, 1.0)


def _steps_of_a_sweep(graph: LoadGraph) -> int:
    """Reads of levels when everybody is drawn once: those of all others of all the person's pools, and the person's own."""
    sizes = np.diff(graph.offsets)
    return int((sizes * sizes).sum()) + int(graph.log_weight.size)


def _doubt(problem: LoadProblem, answer: Answer, pools: NDArray[np.integer], most: float) -> None:
    """Raise the error of the people in `pools`, up to 1."""
    for pool in pools.tolist():
        people = problem.people[problem.members[problem.offsets[pool] : problem.offsets[pool + 1]]]
        beside = np.minimum(answer.p_infected[people] + most, 1.0)
        answer.error[people] = np.maximum(answer.error[people], beside)


def _knots(
    problem: LoadProblem, likely: NDArray[np.bool_]
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64], LoadGraph]]:
    """Loops among `likely` people: the people, their pools, P(the others are clean | these are), and their graph."""
    inside = np.add.reduceat(likely[problem.members].astype(np.int64), problem.offsets[:-1])
    pools = np.flatnonzero(inside >= 2)
    if not pools.size:
        return
    seats = [np.arange(problem.offsets[pool], problem.offsets[pool + 1]) for pool in pools.tolist()]
    mine = [own[likely[problem.members[own]]] for own in seats]
    tying = np.concatenate(mine)
    who, members = np.unique(problem.members[tying], return_inverse=True)
    weight = problem.log_belief[who].copy()
    np.subtract.at(weight, members, problem.log_ratio[tying])
    weight -= np.logaddexp.reduce(weight, axis=1)[:, None]
    told = [
        _leaky(problem, int(pool), np.setdiff1d(own, some, assume_unique=True))
        for pool, own, some in zip(pools, seats, mine, strict=True)
    ]
    rows, clean = np.stack([row for row, _ in told]), np.asarray([share for _, share in told])
    offsets = np.concatenate([[0], np.cumsum([some.size for some in mine])])
    parts = Parts.of(offsets, members.astype(np.int32), np.ones(pools.size, np.bool_), who.size)
    for root in np.flatnonzero(parts.loopy & (parts.pools > 0)).tolist():
        own_pools = np.flatnonzero(parts.of_pool == root)
        own = np.concatenate([np.arange(offsets[at], offsets[at + 1]) for at in own_pools.tolist()])
        people, local = np.unique(members[own], return_inverse=True)
        starts = np.concatenate([[0], np.cumsum(np.diff(offsets)[own_pools])])
        graph = load_graph(starts, local, weight[people], rows[own_pools])
        yield who[people].astype(np.int64), pools[own_pools], clean[own_pools], graph


def _leaky(problem: LoadProblem, pool: int, others: NDArray[np.integer]) -> tuple[NDArray[np.float64], float]:
    """Log row of a pool with its other people as beliefs have them, and P(these are clean | nobody else is infected)."""
    weight = problem.log_belief[problem.members[others]] - problem.log_ratio[others]
    weight = np.exp(weight - np.logaddexp.reduce(weight, axis=1)[:, None])
    within = np.prod(np.cumsum(weight, axis=1), axis=0)
    top = problem.log_rows[pool].max()
    row = np.exp(problem.log_rows[pool] - top)
    share = np.diff(within, prepend=0.0)
    above = np.concatenate([np.cumsum((row * share)[::-1])[::-1][1:], [0.0]])
    leaky = row * within + above
    return np.maximum(np.log(np.maximum(leaky, 1e-300)) + top, LOWEST), float(row[0] * within[0] / leaky[0])
