"""Loopy belief propagation between people and pools, in place; exact where the graph is a forest."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "layers",
    "pool_evidence",
    "pool_evidence_in_logs",
    "sweep",
    "sweep_in_logs",
]


@kernel("int32[] int64[] int32[] uint16[] int8[]")
def layers(
    pools: NDArray[np.int32],
    offsets: NDArray[np.int64],
    members: NDArray[np.int32],
    used: NDArray[np.uint16],
    layer: NDArray[np.int8],
) -> None:
    """Give each pool the first layer in which none of its people sits yet; 15 is the layer where they may.

    Pools of one layer share nobody, so two threads can send their messages at once and the order within a
    layer changes nothing.

        #  round 1  [0 1] [2 3]   layer 0 0
        #  round 2  [0 2] [1 3]   layer 1 1

    Parameters
    ----------
    pools : (k,) int32
        The pools to place, in this order.
    offsets : (all pools + 1,) int64
        Where the seats of each pool begin in `members`.
    members : (seats,) int32
        Person of each seat, pool after pool.
    used : (people,) uint16
        In: zeros. Out: bit i for each layer i in which the person sits.
    layer : (k,) int8
        Output: layer of each pool, 0 to 15.
    """
    for at in range(pools.size):
        pool = pools[at]
        taken = np.uint16(0)
        for seat in range(offsets[pool], offsets[pool + 1]):
            taken |= used[members[seat]]
        free = 0
        while free < 15 and (taken >> np.uint16(free)) & np.uint16(1):
            free += 1
        layer[at] = free
        bit = np.uint16(1) << np.uint16(free)
        for seat in range(offsets[pool], offsets[pool + 1]):
            used[members[seat]] |= bit


@kernel("int32[] int64[] int32[] int64[] float64[,] float64[] float64[] int16[] int64 int64 bool float64")
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
    """Send the messages of those `pools` in which a person's odds have changed (sum-product, Kschischang et al. 2001).

    A message is rational in the odds: no logarithm is taken.

        #  message of person 1 to pool 0, all but pool 0 considered: odds[1] / ratio[0, 1]
        #  pool 0 (+)  [0 1 2]     to 1:  f1 / (f0 * nobody(0, 2) + f1 * anybody(0, 2))
        #  pool 1 (-)      [2 3]

    Parameters
    ----------
    pools : (k,) int32
        The pools that may send.
    offsets, members : (all pools + 1,) int64 and (seats,) int32
        People by pool, as in `layers`.
    row_of_pool : (all pools,) int64
        Row of `likelihood` for the outcome of each pool.
    likelihood : (rows, 2) float64
        P(outcome | nobody infected) and P(outcome | somebody infected).
    odds : (people,) float64
        In and out: prior odds times all messages to the person.
    ratio : (seats,) float64
        In and out: the pool's message to the person, P(outcome | infected) / P(outcome | not); 1e-60 to 1e60.
    stamp : (people,) int16
        In and out: the sweep in which the person's odds last changed.
    since : int
        A pool is passed over if all its people have a stamp of at most this; none is where it is negative.
    now : int
        The stamp of a person whose odds change in this sweep.
    damped : bool
        Whether the geometric mean of old and new message is sent.
    tolerance : float
        A person has changed if the probability moves by more than this.

    Returns
    -------
    float
        The largest change of a person's probability.
    """
    widest = 0
    for pool in pools:
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    cavity = np.empty(widest, np.float64)
    alone = np.empty(widest, np.float64)
    clean_ahead = np.empty(widest + 1, np.float64)
    any_ahead = np.empty(widest + 1, np.float64)
    clean_ahead[0] = 1.0
    any_ahead[0] = 0.0
    largest = 0.0
    for pool in pools:
        start = offsets[pool]
        n = offsets[pool + 1] - start
        stale = since < 0
        for i in range(0 if stale else n):
            stale |= stamp[members[start + i]] > since
        if not stale:
            continue
        # Odds are fetched before they are multiplied up, so that misses of the cache overlap: 24 ns a seat, not 27.
        for i in range(n):
            cavity[i] = odds[members[start + i]] / ratio[start + i]
            alone[i] = 1.0 / (1.0 + cavity[i])
        for i in range(n):
            clean_ahead[i + 1] = clean_ahead[i] * alone[i]
            any_ahead[i + 1] = any_ahead[i] + clean_ahead[i] * cavity[i] * alone[i]
        nobody_says = likelihood[row_of_pool[pool], 0]
        somebody_says = likelihood[row_of_pool[pool], 1]
        clean_behind = 1.0
        any_behind = 0.0
        for i in range(n - 1, -1, -1):
            nobody = clean_ahead[i] * clean_behind
            anybody = any_ahead[i] + clean_ahead[i] * any_behind
            old = ratio[start + i]
            new = somebody_says / (nobody_says * nobody + somebody_says * anybody)
            new = min(max(new, 1e-60), 1e60)
            if damped:
                new = np.sqrt(new * old)
            o, clean = cavity[i], alone[i]
            any_behind = o * clean + clean * any_behind
            clean_behind *= clean
            after = o * new
            change = abs(new - old) / (new + old) * after / (1.0 + after)
            if new != old:
                ratio[start + i] = new
                odds[members[start + i]] = after
            if change > tolerance:
                stamp[members[start + i]] = now
            largest = max(largest, change)
    return largest


@kernel("int64[] int32[] int64[] float64[,] float64[] float64[] int64 int64 float64[] float64[]")
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
    """Pool part of the Bethe log evidence: log P(outcome | messages) less the log edge normalisers.

    Together with ``log((1 - prior) * (1 + odds))`` of every person it sums to the log evidence: exact on a
    forest (Yedidia, Freeman and Weiss 2005, eq. 37), an approximation where there are loops.

    Parameters
    ----------
    offsets, members, row_of_pool, likelihood
        As in `sweep`.
    odds : (people,) float64
        As `sweep` leaves them.
    ratio : (seats,) or (1,) float64
        As `sweep` leaves them, or one for all.
    first, last : int
        Pools `first` up to `last` are computed.
    term : (all pools,) float64
        Output: the pool's part, natural log.
    nobody : (all pools,) float64
        Output: P(nobody in the pool infected | messages); NaN where the outcome is impossible.
    """
    step = 0 if ratio.size == 1 else 1
    for pool in range(first, last):
        clean = 1.0
        anybody = 0.0
        edges = 0.0
        product = 1.0
        for seat in range(offsets[pool], offsets[pool + 1]):
            total = odds[members[seat]]
            o = total / ratio[seat * step]
            share = 1.0 / (1.0 + o)
            product *= (1.0 + total) * share
            if not 1e-200 < product < 1e200:  # one logarithm per pool, not per seat
                edges += np.log(product)
                product = 1.0
            anybody += clean * o * share
            clean *= share
        row = row_of_pool[pool]
        none = likelihood[row, 0] * clean
        total = none + likelihood[row, 1] * anybody
        term[pool] = np.log(total) - edges - np.log(product)
        nobody[pool] = none / total if total > 0.0 else np.nan


@kernel
def _log_sum(a: float, b: float) -> float:
    """log(exp(a) + exp(b)), without overflow.

    Parameters
    ----------
    a, b : float
        Natural logs; -inf for 0.

    Returns
    -------
    float
        The log of the sum; -inf where both are.
    """
    high = max(a, b)
    if high == -np.inf:
        return high
    return float(high + np.log1p(np.exp(min(a, b) - high)))


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
    """Send the messages of all `pools` as `sweep` does, with every number kept as its natural logarithm.

    Slower, and exact where a product of odds or messages leaves the range of floats: a person in hundreds of pools,
    or a prior below 1e-60.

    Parameters
    ----------
    pools, offsets, members, row_of_pool
        As in `sweep`.
    log_likelihood : (rows, 2) float64
        log P(outcome | nobody infected) and log P(outcome | somebody infected).
    log_odds : (people,) float64
        In and out: log of the prior odds times all messages to the person.
    log_ratio : (seats,) float64
        In and out: log of the pool's message to the person.
    damped : bool
        Whether the mean of old and new log message is sent.

    Returns
    -------
    float
        The largest change of a person's probability.
    """
    widest = 0
    for pool in pools:
        widest = max(widest, offsets[pool + 1] - offsets[pool])
    cavity = np.empty(widest, np.float64)
    clean_ahead = np.empty(widest + 1, np.float64)
    any_ahead = np.empty(widest + 1, np.float64)
    clean_ahead[0] = 0.0
    any_ahead[0] = -np.inf
    largest = 0.0
    for pool in pools:
        start = offsets[pool]
        n = offsets[pool + 1] - start
        for i in range(n):
            o = log_odds[members[start + i]] - log_ratio[start + i]
            clean = -_log_sum(0.0, o)
            cavity[i] = o
            clean_ahead[i + 1] = clean_ahead[i] + clean
            any_ahead[i + 1] = _log_sum(any_ahead[i], clean_ahead[i] + o + clean)
        nobody_says = log_likelihood[row_of_pool[pool], 0]
        somebody_says = log_likelihood[row_of_pool[pool], 1]
        clean_behind = 0.0
        any_behind = -np.inf
        for i in range(n - 1, -1, -1):
            nobody = clean_ahead[i] + clean_behind
            anybody = _log_sum(any_ahead[i], clean_ahead[i] + any_behind)
            new = somebody_says - _log_sum(nobody_says + nobody, somebody_says + anybody)
            old = log_ratio[start + i]
            if damped:
                new = 0.5 * (new + old)
            o = cavity[i]
            clean = -_log_sum(0.0, o)
            any_behind = _log_sum(o + clean, clean + any_behind)
            clean_behind += clean
            before = 1.0 / (1.0 + np.exp(-max(min(o + old, 700.0), -700.0)))
            after = 1.0 / (1.0 + np.exp(-max(min(o + new, 700.0), -700.0)))
            log_ratio[start + i] = new
            log_odds[members[start + i]] = o + new
            largest = max(largest, abs(after - before))
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
    """Pool part of the Bethe log evidence as in `pool_evidence`, from logarithms.

    Parameters
    ----------
    offsets, members, row_of_pool, log_likelihood, log_odds, log_ratio
        As `sweep_in_logs` takes and leaves them.
    pools : (k,) int32
        The pools to compute.
    term : (all pools,) float64
        Output: the pool's part, natural log.
    nobody : (all pools,) float64
        Output: P(nobody in the pool infected | messages).
    """
    for pool in pools:
        clean = 0.0
        anybody = -np.inf
        edges = 0.0
        for seat in range(offsets[pool], offsets[pool + 1]):
            total = log_odds[members[seat]]
            o = total - log_ratio[seat]
            share = -_log_sum(0.0, o)
            edges += _log_sum(0.0, total) + share
            anybody = _log_sum(anybody, clean + o + share)
            clean += share
        row = row_of_pool[pool]
        none = log_likelihood[row, 0] + clean
        total = _log_sum(none, log_likelihood[row, 1] + anybody)
        term[pool] = total - edges
        nobody[pool] = np.exp(none - total)
