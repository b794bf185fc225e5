"""Belief propagation and sampling of viral loads, where a pool's outcome depends on the largest load in it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["pool_evidence", "sample_levels", "sweep"]

LOWEST = -690.0


@kernel
def _draw(state: NDArray[np.uint64]) -> float:
    """Next number in [0, 1) of an xorshift generator (Marsaglia 2003, J. Stat. Softw. 8:14)."""
    word = state[0]
    word ^= word << np.uint64(13)
    word ^= word >> np.uint64(7)
    word ^= word << np.uint64(17)
    state[0] = word
    return float(word >> np.uint64(11)) * 2.0**-53


@kernel
def _spread(log_weight: NDArray[np.float64], minus: NDArray[np.float64], out: NDArray[np.float64]) -> float:
    """Turn log weights of a person's levels, less `minus`, into probabilities.

    Parameters
    ----------
    log_weight, minus : (levels,) float64
        Natural logs, unnormalised.
    out : (levels,) float64
        Output: probabilities that sum to 1.

    Returns
    -------
    float
        Natural log of the sum by which they were divided.
    """
    top = -np.inf
    for level in range(out.size):
        out[level] = log_weight[level] - minus[level]
        top = max(top, out[level])
    total = 0.0
    for level in range(out.size):
        out[level] = np.exp(out[level] - top)
        total += out[level]
    for level in range(out.size):
        out[level] /= total
    return float(top + np.log(total))


@kernel
def _strongest(share: NDArray[np.float64], other: NDArray[np.float64], out: NDArray[np.float64]) -> None:
    """Distribution of the larger of two independent levels, as sums of positive terms.

    Parameters
    ----------
    share, other : (levels,) float64
        The two distributions.
    out : (levels,) float64
        Output; an array of its own.
    """
    below = 0.0
    up_to = 0.0
    for level in range(out.size):
        up_to += other[level]
        out[level] = share[level] * up_to + below * other[level]
        below += share[level]


@kernel
def sweep(
    pools: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    log_rows: NDArray[np.float64],
    log_belief: NDArray[np.float64],
    log_ratio: NDArray[np.float64],
    chance: NDArray[np.float64],
    moved: NDArray[np.bool_],
    damped: bool,
) -> float:
    """Send the messages of `pools` about the levels of their people (sum-product, Kschischang et al. 2001).

    Level 0 is clean, the highest level the largest load. Products over the other people of a pool are made by a sweep
    forwards and one backwards, from positive terms only.

    Parameters
    ----------
    pools : (k,) int32
        The pools that send.
    offsets, members : (all pools + 1,) int64 and (seats,) int32
        People by pool: ``members[offsets[q]:offsets[q + 1]]`` are those of pool q.
    log_rows : (all pools, levels) float64
        log P(outcome | the highest level in the pool is t).
    log_belief : (people, levels) float64
        In and out: log prior plus all log messages to the person, unnormalised.
    log_ratio : (seats, levels) float64
        In and out: the pool's log message to the person, unnormalised; at least -690.
    chance : (people,) float64
        In and out: P(infected).
    moved : (people,) bool
        Set where `chance` changed by more than 1e-15.
    damped : bool
        Whether the mean of old and new log message is sent.

    Returns
    -------
    float
        The largest change of a P(infected).
    """
    levels = log_rows.shape[1]
    widest = 0
    for pool in pools:
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    own = np.empty((widest, levels), np.float64)
    ahead = np.empty((widest + 1, levels), np.float64)
    behind = np.empty(levels, np.float64)
    others = np.empty(levels, np.float64)
    within = np.empty(levels, np.float64)
    row = np.empty(levels, np.float64)
    new = np.empty(levels, np.float64)
    largest = 0.0
    for pool in pools:
        start = offsets[pool]
        n = offsets[pool + 1] - start
        top = -np.inf
        for level in range(levels):
            top = max(top, log_rows[pool, level])
            behind[level] = 0.0
            ahead[0, level] = 0.0
        for level in range(levels):
            row[level] = np.exp(log_rows[pool, level] - top)
        behind[0] = 1.0
        ahead[0, 0] = 1.0
        for i in range(n):
            _spread(log_belief[members[start + i]], log_ratio[start + i], own[i])
            _strongest(own[i], ahead[i], ahead[i + 1])
        for i in range(n - 1, -1, -1):
            person = members[start + i]
            _strongest(behind, ahead[i], others)
            _strongest(own[i], behind, new)
            for level in range(levels):
                behind[level] = new[level]
            total = 0.0
            for level in range(levels):
                total += others[level]
                within[level] = total
            above = 0.0
            highest = 0.0
            for level in range(levels - 1, -1, -1):
                new[level] = row[level] * within[level] + above
                above += row[level] * others[level]
                highest = max(highest, new[level])
            clean = 0.0
            total = 0.0
            for level in range(levels):
                old = log_ratio[start + i, level]
                told = max(np.log(new[level] / highest), LOWEST) if new[level] > 0.0 else LOWEST
                if damped:
                    told = 0.5 * (told + old)
                log_belief[person, level] += told - old
                log_ratio[start + i, level] = told
                weight = own[i, level] * np.exp(told)
                total += weight
                if level == 0:
                    clean = weight
            after = (total - clean) / total
            change = abs(after - chance[person])
            chance[person] = after
            moved[person] |= change > 1e-15
            largest = max(largest, change)
    return largest


@kernel
def pool_evidence(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    log_rows: NDArray[np.float64],
    log_belief: NDArray[np.float64],
    log_ratio: NDArray[np.float64],
    term: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Pool part of the Bethe log evidence (Yedidia, Freeman and Weiss 2005, eq. 37).

    The log of the sum of each person's beliefs has to be added.

    Parameters
    ----------
    offsets, members, log_rows, log_belief, log_ratio
        As `sweep` takes and leaves them.
    term : (pools,) float64
        Output: the pool's part, natural log.
    nobody : (pools,) float64
        Output: P(nobody in the pool infected | messages).
    """
    levels = log_rows.shape[1]
    own = np.empty(levels, np.float64)
    strongest = np.empty(levels, np.float64)
    further = np.empty(levels, np.float64)
    for pool in range(offsets.size - 1):
        strongest[:] = 0.0
        strongest[0] = 1.0
        edges = 0.0
        for seat in range(offsets[pool], offsets[pool + 1]):
            scale = _spread(log_belief[members[seat]], log_ratio[seat], own)
            everything = -np.inf
            total = 0.0
            for level in range(levels):
                everything = max(everything, log_belief[members[seat], level])
            total = 0.0
            for level in range(levels):
                total += np.exp(log_belief[members[seat], level] - everything)
            edges += everything + np.log(total) - scale
            _strongest(own, strongest, further)
            for level in range(levels):
                strongest[level] = further[level]
        top = -np.inf
        for level in range(levels):
            top = max(top, log_rows[pool, level])
        total = 0.0
        for level in range(levels):
            total += np.exp(log_rows[pool, level] - top) * strongest[level]
        term[pool] = top + np.log(total) - edges
        nobody[pool] = np.exp(log_rows[pool, 0] - top) * strongest[0] / total


@kernel
def sample_levels(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_weight: NDArray[np.float64],
    log_rows: NDArray[np.float64],
    heats: NDArray[np.float64],
    sweeps: int,
    state: NDArray[np.uint64],
    crowded: bool,
    chance: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Sample patterns of levels as `sampling.sample_patterns` samples patterns of infections.

    Each person's level is drawn anew given all others; walks at several powers of the likelihood exchange their
    patterns (parallel tempering, Geyer 1991).

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool.
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person.
    log_weight : (people, levels) float64
        Log prior of each level; level 0 is clean.
    log_rows : (pools, levels) float64
        log P(outcome | the highest level in the pool is t).
    heats, sweeps, state, crowded
        As in `sampling.sample_patterns`; `state` is changed in place.
    chance : (batches, people) float64
        Output: mean of P(infected | others).
    nobody : (batches, pools) float64
        Output: share of patterns with nobody of the pool infected.
    """
    walks, people, levels = heats.size, log_weight.shape[0], log_rows.shape[1]
    at = np.zeros((walks, people), np.int64)
    told = np.zeros(walks, np.float64)
    at_heat = np.arange(walks)
    weight = np.empty(levels, np.float64)
    nothing = np.zeros(levels, np.float64)
    for walk in range(walks):
        for person in range(people if crowded else 0):
            if _draw(state) < 0.5:
                at[walk, person] = 1 + int(_draw(state) * (levels - 1))
    batches = chance.shape[0]
    each = max(1, sweeps // batches)
    chance[:] = 0.0
    nobody[:] = 0.0
    for turn in range(-(sweeps // 5), each * batches):
        batch = max(turn, 0) // each
        for rank in range(walks):
            walk = at_heat[rank]
            for person in range(people):
                for level in range(levels):
                    weight[level] = log_weight[person, level]
                for seat in range(seats[person], seats[person + 1]):
                    pool = pools[seat]
                    others = 0
                    for other in range(offsets[pool], offsets[pool + 1]):
                        if members[other] != person:
                            others = max(others, at[walk, members[other]])
                    for level in range(levels):
                        weight[level] += heats[rank] * log_rows[pool, max(level, others)]
                _spread(weight, nothing, weight)
                if rank == 0 and turn >= 0:
                    chance[batch, person] += 1.0 - weight[0]
                left = _draw(state)
                drawn = 0
                while drawn < levels - 1 and left >= weight[drawn]:
                    left -= weight[drawn]
                    drawn += 1
                at[walk, person] = drawn
            told[rank] = 0.0
            for pool in range(offsets.size - 1):
                strongest = 0
                for seat in range(offsets[pool], offsets[pool + 1]):
                    strongest = max(strongest, at[walk, members[seat]])
                told[rank] += log_rows[pool, strongest]
                if rank == 0 and turn >= 0 and strongest == 0:
                    nobody[batch, pool] += 1.0
        for rank in range(walks - 1):
            gain = (heats[rank] - heats[rank + 1]) * (told[rank + 1] - told[rank])
            if gain >= 0.0 or _draw(state) < np.exp(gain):
                at_heat[rank], at_heat[rank + 1] = at_heat[rank + 1], at_heat[rank]
                told[rank], told[rank + 1] = told[rank + 1], told[rank]
    for batch in range(batches):
        for person in range(people):
            chance[batch, person] /= each
        for pool in range(offsets.size - 1):
            nobody[batch, pool] /= each
