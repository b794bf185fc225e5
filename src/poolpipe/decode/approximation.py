"""Approximate posteriors: beliefs, dense components solved again, samples; and how far each person may be off."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.decode import belief_propagation
from poolpipe.decode.answers import BELIEF, CLOSED_FORM, EXACT, LOCAL, SAMPLING, TREE
from poolpipe.decode.parts import LARGEST, take_apart
from poolpipe.decode.refinement import LIKELY, refine
from poolpipe.decode.sampling import CHAINS, MOST_STEPS, sample, steps_of_a_sweep
from poolpipe_kernels import person_odds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.decode.answers import Answer
    from poolpipe.decode.effort import Effort
    from poolpipe.decode.parts import Parts
    from poolpipe.decode.reduction import Reduced
    from poolpipe.decode.refinement import RefinedKnot

__all__ = ["believe_rest"]

FOREST_PRECISION = 1e-14
WORTH_SAMPLING = 0.01
"""Components in which no person's error exceeds this are not sampled."""
LEAST_SWEEPS = 1000
UNLIKELY = 20.0
"""Error of people outside all dense components as a multiple of their probability, up to 0.002; 6 was the largest measured."""
SETTLED = 5.0
"""Error of people of a dense component as a multiple of its threshold probability; 2 was the largest measured."""
IN_NO_LOOP = 10.0
"""The same for people in no loop at that level whose dense component at lower levels was too large; 1.7 * 5 was measured."""
SHARE_OF_MOVE = 0.25
"""Share of the largest change within a dense component that is its people's error; 0.19 was the largest measured (docs/decode.md)."""


def believe_rest(
    graph: Reduced,
    parts: Parts,
    answer: Answer,
    pools: NDArray[np.int32],
    effort: Effort,
    tolerance: float,
    most_sweeps: int,
    threads: int,
) -> None:
    """Propagate beliefs over the pools left: exact on trees; elsewhere dense components are solved again and checked, or sampled.

    Parameters
    ----------
    graph : Reduced
        What is left to infer.
    parts : Parts
        Its components.
    answer : Answer
        Posteriors so far; changed in place.
    pools : (k,) int32
        Pools left for belief propagation.
    effort : Effort
        What an exact answer or a sample may cost.
    tolerance : float
        Loops end when no probability moves by more than this.
    most_sweeps : int
        The most sweeps over all pools.
    threads : int
        Threads of the kernels.
    """
    if not pools.size:
        return
    tied = parts.loopy[parts.of_pool[pools]]
    forest, loops = pools[~tied], pools[tied]
    if forest.size:
        # on trees: as many sweeps as the longest path needs, and no damping, because nothing oscillates
        end = belief_propagation.MOST_SWEEPS
        found = belief_propagation.propagate_beliefs(
            graph, forest, tolerance=FOREST_PRECISION, most_sweeps=end, threads=threads, damp_after=end
        )
        _take_up(graph, parts, answer, forest, found, threads)
    if not loops.size:
        return
    found = belief_propagation.propagate_beliefs(
        graph, loops, tolerance=tolerance, most_sweeps=most_sweeps, threads=threads
    )
    _take_up(graph, parts, answer, loops, found, threads)
    believed = answer.method == BELIEF
    mine = slice(None) if believed.all() else believed  # a city in one component: no copies of everybody
    answer.error[mine] = np.clip(UNLIKELY * answer.p_infected[mine], EXACT, 2.0 * LIKELY[0])
    unsure = believed & found.restless
    small = (parts.of_person >= 0) & (parts.people[parts.of_person] <= LARGEST)
    for check in refine(graph, found, believed, effort):
        _take_check(graph, answer, check, unsure)
        if check.least > LIKELY[0]:
            unsure[check.people] |= small[check.people]
    # beliefs may hold for unlikely what is not: a sample, or else only the outcomes, bound how far they are off
    unsure |= small & believed & (answer.method == BELIEF)
    _bound(graph, answer, unsure)
    _sample_doubtful(graph, parts, answer, effort, threads)


def _take_check(
    graph: Reduced,
    answer: Answer,
    check: RefinedKnot,
    unsure: NDArray[np.bool_],
) -> None:
    """Copy a dense component's results: its people, P(nobody) of its pools, and the error of the others in these pools."""
    answer.p_infected[check.people] = check.p_infected
    if not check.solved:
        if np.isinf(check.moved):
            unsure[check.people] = True
        settled = np.minimum(UNLIKELY * check.p_infected, min(1.0, IN_NO_LOOP * check.least))
        answer.error[check.people] = np.maximum(answer.error[check.people], settled)
        there = np.zeros(answer.method.size, np.bool_)
        there[check.people] = True
        _doubt(graph, answer, _pools_of(graph, there), check.least)
        return
    answer.method[check.people] = LOCAL
    answer.nobody[check.pools] = check.nobody
    _doubt(graph, answer, check.pools, SHARE_OF_MOVE * check.moved)
    answer.error[check.people] = min(1.0, SHARE_OF_MOVE * check.moved + SETTLED * check.least)


def _doubt(graph: Reduced, answer: Answer, pools: NDArray[np.integer], most: float) -> None:
    """Raise the error of the unlikely people in `pools` to `most` and their own probability."""
    people = _people_of(graph, pools)
    unlikely = people[answer.p_infected[people] < LIKELY[0]]
    answer.error[unlikely] = np.maximum(answer.error[unlikely], most + answer.p_infected[unlikely])


def _people_of(graph: Reduced, pools: NDArray[np.integer]) -> NDArray[np.int32]:
    """Members of `pools`, seat after seat."""
    sizes = graph.offsets[pools + 1] - graph.offsets[pools]
    before = np.cumsum(sizes) - sizes
    seats = np.arange(sizes.sum()) + np.repeat(graph.offsets[pools] - before, sizes)
    return np.asarray(graph.members[seats])


def _pools_of(graph: Reduced, some: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Pools in which any of `some` people sits."""
    seats = np.flatnonzero(some[graph.members])
    return np.unique(np.searchsorted(graph.offsets, seats, side="right") - 1).astype(np.int32)


def _bound(graph: Reduced, answer: Answer, unsure: NDArray[np.bool_]) -> None:
    """Bound the error of `unsure` people, and of others in their pools who were not solved again, by their pools' rows.

    Whoever else is infected, an outcome multiplies the odds of a person by a factor between the least and the greatest
    ratio in its row of the table. The bound holds however wrong the beliefs are.
    """
    if not unsure.any():
        return
    unsure = unsure.copy()
    sharing = _people_of(graph, _pools_of(graph, unsure))
    unsure[sharing] |= answer.method[sharing] == BELIEF
    pools = _pools_of(graph, unsure)
    lowest, highest = _least_and_most(graph, pools)
    low, high = graph.odds.copy(), graph.odds.copy()
    person_odds.bound_odds(pools, graph.offsets, graph.members, graph.rows, lowest, highest, low, high)
    who = np.flatnonzero(unsure)
    with np.errstate(invalid="ignore", divide="ignore"):
        below = answer.p_infected[who] - np.nan_to_num(low[who] / (1.0 + low[who]), nan=0.0)
        above = np.nan_to_num(1.0 / (1.0 + 1.0 / high[who]), nan=1.0) - answer.p_infected[who]
    answer.error[who] = np.clip(np.maximum(below, above), EXACT, 1.0)


def _least_and_most(
    graph: Reduced, pools: NDArray[np.int32]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Least and most of P(outcome | k + 1 infected) / P(outcome | k) over all k, of every row of the table."""
    reach = np.ones(graph.table.shape[0], np.int64)
    if graph.counts_matter:
        np.maximum.at(reach, graph.rows[pools], np.diff(graph.offsets)[pools])
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = graph.table[:, 1:] / graph.table[:, :-1]
    ratio[np.isnan(ratio) | (np.arange(ratio.shape[1]) >= reach[:, None])] = 1.0
    # in a row of two columns a second infected person changes nothing
    still = np.inf if graph.counts_matter else 1.0
    return ratio.min(axis=1, initial=still), ratio.max(axis=1, initial=0.0 if graph.counts_matter else 1.0)


def _sample_doubtful(graph: Reduced, parts: Parts, answer: Answer, effort: Effort, threads: int) -> None:
    """Sample components of up to 2,000 people in which somebody may be off by more than 0.01.

    Where a sample and a belief are further apart than both their errors, the belief's error is wrong: the sample counts.
    """
    if not effort.sweeps:
        return
    worst = np.zeros(parts.of_pool.size)
    who = np.flatnonzero(answer.error > WORTH_SAMPLING)
    np.maximum.at(worst, parts.of_person[who], answer.error[who])
    doubtful = list(take_apart(graph, parts, worst > WORTH_SAMPLING))
    steps = sum(steps_of_a_sweep(component.offsets, component.members) for *_, component in doubtful)
    sweeps = min(effort.sweeps, MOST_STEPS // max(steps, 1))
    if sweeps < min(LEAST_SWEEPS, effort.sweeps):
        return
    for own_pools, own, component in doubtful:
        seen = sample(component, max(sweeps, CHAINS), threads)
        apart = np.abs(seen.p_infected - answer.p_infected[own])
        better = (seen.error < answer.error[own]) | (apart > seen.error + answer.error[own])
        if seen.error.max(initial=0.0) < answer.error[own].max(initial=0.0):
            answer.nobody[own_pools] = seen.nobody
        answer.p_infected[own[better]] = seen.p_infected[better]
        answer.error[own[better]] = seen.error[better]
        answer.method[own[better]] = SAMPLING


def _take_up(
    graph: Reduced,
    parts: Parts,
    answer: Answer,
    pools: NDArray[np.int32],
    found: belief_propagation.PropagatedBeliefs,
    threads: int,
) -> None:
    """Copy the beliefs of whole components into the answer."""
    touched = np.zeros(parts.of_pool.size + 1, np.bool_)
    touched[parts.of_pool[pools]] = True
    inside = touched[parts.of_person]
    found.add_people(graph, inside, threads, answer.p_infected, answer.person_terms)
    kinds = np.where(parts.loopy, BELIEF, np.where(parts.pools > 1, TREE, CLOSED_FORM)).astype(np.uint8)
    np.copyto(answer.method, kinds[parts.of_person], where=inside)
    answer.pool_terms[pools], answer.nobody[pools] = found.of_pools(graph, pools, threads)
