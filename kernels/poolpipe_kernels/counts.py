"""Poisson-binomial counts of infected people in pools, without division."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "counted",
    "leave_one_out",
    "pool_evidence",
    "pool_evidence_in_logs",
    "sweep",
    "sweep_in_logs",
]


@kernel
def leave_one_out(
    prior: NDArray[np.float64],
    likelihood: NDArray[np.float64],
    clean: NDArray[np.float64],
    infected: NDArray[np.float64],
    ahead: NDArray[np.float64],
    behind: NDArray[np.float64],
) -> float:
    """Evidence of one pool with the state of each person in turn given, by two sweeps of the count.

    Dividing one person out of the full Poisson-binomial distribution loses its digits in a large pool (the
    errors of a recurrence grow with p / (1 - p)); joining two partial sums of positive terms loses none.

        #  ahead[i]   distribution of the count among people before i      i =  0 1 2 | 3 | 4 5
        #  behind     expected likelihood over people after i, by count          ahead  ^  behind

    Parameters
    ----------
    prior : (n,) float64
        P(infected) of each person, 0 to 1.
    likelihood : (n + 1 or more,) float64
        P(outcome | k of these people infected).
    clean, infected : (n or more,) float64
        Output: P(outcome | person i is not, is infected).
    ahead, behind : (n + 1, n + 1) and (n + 2,) float64, or larger
        Scratch.

    Returns
    -------
    float
        P(outcome).
    """
    n = prior.size
    ahead[0, 0] = 1.0
    for i in range(n):
        p = prior[i]
        ahead[i + 1, 0] = ahead[i, 0] * (1.0 - p)
        for k in range(1, i + 1):
            ahead[i + 1, k] = ahead[i, k] * (1.0 - p) + ahead[i, k - 1] * p
        ahead[i + 1, i + 1] = ahead[i, i] * p
    for k in range(n + 1):
        behind[k] = likelihood[k]
    for i in range(n - 1, -1, -1):
        without = 0.0
        with_one = 0.0
        for k in range(i + 1):
            without += ahead[i, k] * behind[k]
            with_one += ahead[i, k] * behind[k + 1]
        clean[i] = without
        infected[i] = with_one
        p = prior[i]
        for k in range(i + 1):
            behind[k] = behind[k] * (1.0 - p) + behind[k + 1] * p
    return float(behind[0])


@kernel
def counted(
    offsets: NDArray[np.int64],
    row_of_pool: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    prior: NDArray[np.float64],
    first: int,
    last: int,
    p_infected: NDArray[np.float64],
    evidence: NDArray[np.float64],
) -> None:
    """Posterior in pools that share nobody, where an outcome depends on the count of infected.

    Parameters
    ----------
    offsets : (pools + 1,) int64
        Where the seats of each pool begin; seats are in pool order.
    row_of_pool : (pools,) int64
        Row of `likelihood` for the outcome of each pool.
    likelihood : (rows, largest pool + 1 or more) float64
        P(outcome | k infected).
    prior : (seats,) or (1,) float64
        P(infected) of each seat, or one for all; 0 to 1.
    first, last : int
        Pools `first` up to `last` are computed.
    p_infected : (seats,) float64
        Output: posterior of each seat of those pools; the prior where the outcome is impossible.
    evidence : (pools,) or (0,) float64
        Output: P(outcome) of those pools; empty where it is not wanted.
    """
    step = 0 if prior.size == 1 else 1
    widest = 0
    for pool in range(first, last):
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    mine = np.empty(widest, np.float64)
    clean = np.empty(widest, np.float64)
    infected = np.empty(widest, np.float64)
    ahead = np.empty((widest + 1, widest + 1), np.float64)
    behind = np.empty(widest + 2, np.float64)
    for pool in range(first, last):
        start = offsets[pool]
        n = offsets[pool + 1] - start
        for i in range(n):
            mine[i] = prior[(start + i) * step]
        row = likelihood[row_of_pool[pool]]
        total = leave_one_out(mine[:n], row, clean, infected, ahead, behind)
        for i in range(n):
            p_infected[start + i] = mine[i] * infected[i] / total if total > 0.0 else mine[i]
        if evidence.size > 0:
            evidence[pool] = total


@kernel
def sweep(
    pools: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    row_of_pool: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    odds: NDArray[np.float64],
    ratio: NDArray[np.float64],
    stamp: NDArray[np.int16],
    since: int,
    now: int,
    damped: bool,
    tolerance: float,
) -> float:
    """Send the messages of `pools` where an outcome depends on the count of infected.

    Parameters
    ----------
    pools, offsets, members, row_of_pool
        As in `propagate.sweep`.
    likelihood : (rows, largest pool + 1 or more) float64
        P(outcome | k infected).
    odds, ratio, stamp, since, now, damped, tolerance
        As in `propagate.sweep`; `odds`, `ratio` and `stamp` are changed in place.

    Returns
    -------
    float
        The largest change of a person's probability.
    """
    widest = 0
    for pool in pools:
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    cavity = np.empty(widest, np.float64)
    clean = np.empty(widest, np.float64)
    infected = np.empty(widest, np.float64)
    ahead = np.empty((widest + 1, widest + 1), np.float64)
    behind = np.empty(widest + 2, np.float64)
    largest = 0.0
    for pool in pools:
        start = offsets[pool]
        n = offsets[pool + 1] - start
        stale = since < 0
        for i in range(0 if stale else n):
            stale |= stamp[members[start + i]] > since
        if not stale:
            continue
        for i in range(n):
            o = odds[members[start + i]] / ratio[start + i]
            cavity[i] = o / (1.0 + o)
        leave_one_out(cavity[:n], likelihood[row_of_pool[pool]], clean, infected, ahead, behind)
        for i in range(n):
            old = ratio[start + i]
            new = min(max(infected[i] / clean[i], 1e-60), 1e60)
            if damped:
                new = np.sqrt(new * old)
            person = members[start + i]
            after = odds[person] / old * new
            change = abs(new - old) / (new + old) * after / (1.0 + after)
            if new != old:
                ratio[start + i] = new
                odds[person] = after
            if change > tolerance:
                stamp[person] = now
            largest = max(largest, change)
    return largest


@kernel
def pool_evidence(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    row_of_pool: NDArray[np.int64],
    likelihood: NDArray[np.float64],
    odds: NDArray[np.float64],
    ratio: NDArray[np.float64],
    first: int,
    last: int,
    term: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Pool part of the Bethe log evidence where an outcome depends on the count of infected.

    Parameters
    ----------
    offsets, members, row_of_pool
        As in `propagate.pool_evidence`.
    likelihood : (rows, largest pool + 1 or more) float64
        P(outcome | k infected).
    odds, ratio, first, last, term, nobody
        As in `propagate.pool_evidence`; `term` and `nobody` are output.
    """
    step = 0 if ratio.size == 1 else 1
    for pool in range(first, last):
        start = offsets[pool]
        n = offsets[pool + 1] - start
        count = np.zeros(n + 1, np.float64)
        count[0] = 1.0
        edges = 0.0
        product = 1.0
        for i in range(n):
            total = odds[members[start + i]]
            o = total / ratio[(start + i) * step]
            p = o / (1.0 + o)
            product *= (1.0 + total) / (1.0 + o)
            if not 1e-200 < product < 1e200:  # one logarithm per pool, not per seat
                edges += np.log(product)
                product = 1.0
            for k in range(i + 1, 0, -1):
                count[k] = count[k] * (1.0 - p) + count[k - 1] * p
            count[0] *= 1.0 - p
        chance = 0.0
        for k in range(n + 1):
            chance += count[k] * likelihood[row_of_pool[pool], k]
        term[pool] = np.log(chance) - edges - np.log(product)
        nobody[pool] = count[0] * likelihood[row_of_pool[pool], 0] / chance if chance > 0.0 else np.nan


@kernel
def _chance(log_odds: float) -> float:
    """Probability of log odds."""
    return float(1.0 / (1.0 + np.exp(-max(min(log_odds, 700.0), -700.0))))


@kernel
def sweep_in_logs(
    pools: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    row_of_pool: NDArray[np.int64],
    log_likelihood: NDArray[np.float64],
    log_odds: NDArray[np.float64],
    log_ratio: NDArray[np.float64],
    damped: bool,
) -> float:
    """Send the messages of all `pools` by the count of infected, with messages and odds kept as natural logarithms.

    Parameters
    ----------
    pools, offsets, members, row_of_pool
        As in `propagate.sweep`.
    log_likelihood : (rows, largest pool + 1 or more) float64
        log P(outcome | k infected).
    log_odds, log_ratio, damped
        As in `propagate.sweep_in_logs`; `log_odds` and `log_ratio` are changed in place.

    Returns
    -------
    float
        The largest change of a person's probability.
    """
    widest = 0
    for pool in pools:
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    cavity = np.empty(widest, np.float64)
    clean = np.empty(widest, np.float64)
    infected = np.empty(widest, np.float64)
    row = np.empty(widest + 1, np.float64)
    ahead = np.empty((widest + 1, widest + 1), np.float64)
    behind = np.empty(widest + 2, np.float64)
    largest = 0.0
    for pool in pools:
        start = offsets[pool]
        n = offsets[pool + 1] - start
        for i in range(n):
            cavity[i] = _chance(log_odds[members[start + i]] - log_ratio[start + i])
        for k in range(n + 1):
            row[k] = np.exp(log_likelihood[row_of_pool[pool], k])
        leave_one_out(cavity[:n], row[: n + 1], clean, infected, ahead, behind)
        for i in range(n):
            old = log_ratio[start + i]
            new = np.log(max(infected[i], 1e-300)) - np.log(max(clean[i], 1e-300))
            if damped:
                new = 0.5 * (new + old)
            person = members[start + i]
            before = log_odds[person]
            log_ratio[start + i] = new
            log_odds[person] = before - old + new
            largest = max(largest, abs(_chance(before) - _chance(log_odds[person])))
    return largest


@kernel
def pool_evidence_in_logs(
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    row_of_pool: NDArray[np.int64],
    log_likelihood: NDArray[np.float64],
    log_odds: NDArray[np.float64],
    log_ratio: NDArray[np.float64],
    pools: NDArray[np.int32],
    term: NDArray[np.float64],
    nobody: NDArray[np.float64],
) -> None:
    """Pool part of the Bethe log evidence by the count of infected, from logarithms.

    Parameters
    ----------
    offsets, members, row_of_pool
        As in `propagate.pool_evidence`.
    log_likelihood : (rows, largest pool + 1 or more) float64
        log P(outcome | k infected).
    log_odds, log_ratio, pools, term, nobody
        As in `propagate.pool_evidence_in_logs`; `term` and `nobody` are output.
    """
    for pool in pools:
        start = offsets[pool]
        n = offsets[pool + 1] - start
        count = np.zeros(n + 1, np.float64)
        count[0] = 1.0
        edges = 0.0
        for i in range(n):
            total = log_odds[members[start + i]]
            o = total - log_ratio[start + i]
            p = _chance(o)
            edges += max(total, 0.0) + np.log1p(np.exp(-abs(total)))
            edges -= max(o, 0.0) + np.log1p(np.exp(-abs(o)))
            for k in range(i + 1, 0, -1):
                count[k] = count[k] * (1.0 - p) + count[k - 1] * p
            count[0] *= 1.0 - p
        chance = 0.0
        for k in range(n + 1):
            chance += count[k] * np.exp(log_likelihood[row_of_pool[pool], k])
        term[pool] = np.log(max(chance, 1e-300)) - edges
        nobody[pool] = count[0] * np.exp(log_likelihood[row_of_pool[pool], 0]) / max(chance, 1e-300)
