"""Draw infection patterns by their probability where exact sums are out of reach: tempered Gibbs sampling with exchanges."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["sample_patterns"]


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
def _flip(
    person: int,
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_rows: NDArray[np.float64],
    count: NDArray[np.int64],
    infected: int,
) -> float:
    """Change of the log likelihood of a person's pools when the person turns from clean to infected.

    Parameters
    ----------
    person : int
        The person who turns.
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person.
    log_rows : (pools, counts) float64
        log P(outcome | k infected), finite; the last column serves larger k.
    count : (pools,) int64
        Infected people in each pool, this person counted as in `infected`.
    infected : int
        1 if the person is infected now, else 0.

    Returns
    -------
    float
        Log likelihood with the person infected less that with the person clean.
    """
    last = log_rows.shape[1] - 1
    change = 0.0
    for at in range(seats[person], seats[person + 1]):
        others = count[pools[at]] - infected
        change += log_rows[pools[at], min(others + 1, last)] - log_rows[pools[at], min(others, last)]
    return change


@kernel
def _scan(
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_odds: NDArray[np.float64],
    log_rows: NDArray[np.float64],
    heat: float,
    state: NDArray[np.uint64],
    infected: NDArray[np.int8],
    count: NDArray[np.int64],
    chance: NDArray[np.float64],
) -> None:
    """Draw the state of each person anew, one after the other, given all others (Gibbs sampling).

    Parameters
    ----------
    seats, pools, log_odds, log_rows
        As in `sample_patterns`.
    heat : float
        Power of the likelihood, 0 to 1.
    state : (1,) uint64
        State of the random generator; changed in place.
    infected : (people,) int8
        In and out: 1 for infected, 0 for clean.
    count : (pools,) int64
        In and out: infected people of each pool.
    chance : (people,) or (0,) float64
        Gains P(infected | others); empty where it is not wanted.
    """
    for person in range(log_odds.size):
        was = int(infected[person])
        told = log_odds[person] + heat * _flip(person, seats, pools, log_rows, count, was)
        p = 1.0 / (1.0 + np.exp(-max(min(told, 700.0), -700.0)))
        now = 1 if _draw(state) < p else 0
        if chance.size:
            chance[person] += p
        if now != was:
            infected[person] = now
            for at in range(seats[person], seats[person + 1]):
                count[pools[at]] += now - was


@kernel
def _exchange(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_odds: NDArray[np.float64],
    log_rows: NDArray[np.float64],
    heat: float,
    state: NDArray[np.uint64],
    infected: NDArray[np.int8],
    count: NDArray[np.int64],
) -> None:
    """Propose in every pool that one infected and one clean person change states (Metropolis et al. 1953).

    The pool's count stays, so both directions are proposed with the same probability.

    Parameters
    ----------
    offsets, members, seats, pools, log_odds, log_rows
        As in `sample_patterns`.
    heat, state, infected, count
        As in `_scan`; `state`, `infected` and `count` are changed in place.
    """
    for pool in range(offsets.size - 1):
        size = offsets[pool + 1] - offsets[pool]
        inside = 0
        for seat in range(offsets[pool], offsets[pool + 1]):
            inside += infected[members[seat]]
        if not 0 < inside < size:
            continue
        leaving = int(_draw(state) * inside)
        coming = int(_draw(state) * (size - inside))
        old, new = -1, -1
        for seat in range(offsets[pool], offsets[pool + 1]):
            person = members[seat]
            if infected[person] == 1:
                if leaving == 0:
                    old = person
                leaving -= 1
            else:
                if coming == 0:
                    new = person
                coming -= 1
        told = -log_odds[old] - heat * _flip(old, seats, pools, log_rows, count, 1)
        for at in range(seats[old], seats[old + 1]):
            count[pools[at]] -= 1
        told += log_odds[new] + heat * _flip(new, seats, pools, log_rows, count, 0)
        if told >= 0.0 or _draw(state) < np.exp(told):
            infected[old], infected[new] = 0, 1
            for at in range(seats[new], seats[new + 1]):
                count[pools[at]] += 1
        else:
            for at in range(seats[old], seats[old + 1]):
                count[pools[at]] += 1


@kernel
def sample_patterns(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    seats: NDArray[np.int64],
    pools: NDArray[np.int32],
    log_odds: NDArray[np.float64],
    log_rows: NDArray[np.float64],
    heats: NDArray[np.float64],
    sweeps: int,
    state: NDArray[np.uint64],
    crowded: bool,
    chance: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Sample patterns of infections, and average P(infected | others) and P(nobody in a pool infected) over batches.

    Several walks go at once, each with the likelihood to one of the powers `heats`; neighbours in that order exchange
    their patterns by chance (parallel tempering, Geyer 1991). A fifth of `sweeps` goes before and is not averaged.

    Parameters
    ----------
    offsets, members : (pools + 1,) int64 and (seats,) int32
        People by pool: ``members[offsets[q]:offsets[q + 1]]`` are those of pool q.
    seats, pools : (people + 1,) int64 and (seats,) int32
        Pools by person: person v sits in ``pools[seats[v]:seats[v + 1]]``.
    log_odds : (people,) float64
        Log of the prior odds.
    log_rows : (pools, counts) float64
        log P(outcome | k infected), finite; the last column serves larger k.
    heats : (walks,) float64
        Powers of the likelihood; the first is 1 and is the one that is averaged.
    sweeps : int
        How often each walk draws everybody anew.
    state : (1,) uint64
        State of the random generator, not 0; changed in place.
    crowded : bool
        Whether walks start with half of all people infected instead of none.
    chance : (batches, people) float64
        Output: mean of P(infected | others).
    nobody : (batches, pools) float64
        Output: share of patterns with nobody of the pool infected.
    """
    walks, people, last = heats.size, log_odds.size, log_rows.shape[1] - 1
    infected = np.zeros((walks, people), np.int8)
    count = np.zeros((walks, offsets.size - 1), np.int64)
    told = np.zeros(walks, np.float64)
    at_heat = np.arange(walks)
    none = np.empty(0, np.float64)
    for walk in range(walks):
        for person in range(people if crowded else 0):
            if _draw(state) < 0.5:
                infected[walk, person] = 1
                for at in range(seats[person], seats[person + 1]):
                    count[walk, pools[at]] += 1
    batches = chance.shape[0]
    each = max(1, sweeps // batches)
    chance[:] = 0.0
    nobody[:] = 0.0
    for sweep in range(-(sweeps // 5), each * batches):
        batch = max(sweep, 0) // each
        for level in range(walks):
            walk = at_heat[level]
            sums = chance[batch] if level == 0 and sweep >= 0 else none
            _scan(seats, pools, log_odds, log_rows, heats[level], state, infected[walk], count[walk], sums)
            _exchange(
                offsets,
                members,
                seats,
                pools,
                log_odds,
                log_rows,
                heats[level],
                state,
                infected[walk],
                count[walk],
            )
            told[level] = 0.0
            for pool in range(offsets.size - 1):
                told[level] += log_rows[pool, min(count[walk, pool], last)]
        for level in range(walks - 1):
            gain = (heats[level] - heats[level + 1]) * (told[level + 1] - told[level])
            if gain >= 0.0 or _draw(state) < np.exp(gain):
                at_heat[level], at_heat[level + 1] = at_heat[level + 1], at_heat[level]
                told[level], told[level + 1] = told[level + 1], told[level]
        if sweep >= 0:
            for pool in range(offsets.size - 1):
                nobody[batch, pool] += 1.0 if count[at_heat[0], pool] == 0 else 0.0
    for batch in range(batches):
        for person in range(people):
            chance[batch, person] /= each
        for pool in range(offsets.size - 1):
            nobody[batch, pool] /= each
