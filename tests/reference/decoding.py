"""Decoding the slow way: every infection pattern, one after the other. Imports nothing of ours."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence


class _Row(Protocol):
    """P(outcome | k infected), at place k."""

    def __getitem__(self, infected: int, /) -> float: ...


def or_row(positive: bool, people: int, se: float, sp: float) -> list[float]:
    """P(outcome | k infected), k = 0 .. people, without dilution."""
    return [1 - sp if positive else sp] + [se if positive else 1 - se] * people


def enumerate_patterns(
    pools: Sequence[Sequence[int]], rows: Sequence[_Row], prior: Collection[float]
) -> tuple[float, list[float]]:
    """Log evidence and marginals by summing all 2^n patterns with compensated sums."""
    total: list[float] = []
    mine: list[list[float]] = [[] for _ in prior]
    for pattern in itertools.product((0, 1), repeat=len(prior)):
        weight = 1.0
        for state, p in zip(pattern, prior, strict=True):
            weight *= p if state else 1 - p
        for pool, row in zip(pools, rows, strict=True):
            weight *= row[sum(pattern[i] for i in pool)]
        total.append(weight)
        for i, state in enumerate(pattern):
            if state:
                mine[i].append(weight)
    evidence = math.fsum(total)
    return math.log(evidence), [math.fsum(parts) / evidence for parts in mine]


def nobody_infected(
    pools: Sequence[Sequence[int]], rows: Sequence[_Row], prior: Collection[float]
) -> list[float]:
    """P(nobody in a pool is infected | all outcomes) of each pool, by all patterns."""
    total: list[float] = []
    clean: list[list[float]] = [[] for _ in pools]
    for pattern in itertools.product((0, 1), repeat=len(prior)):
        weight = math.prod(p if state else 1 - p for state, p in zip(pattern, prior, strict=True))
        counts = [sum(pattern[i] for i in pool) for pool in pools]
        weight *= math.prod(row[k] for row, k in zip(rows, counts, strict=True))
        total.append(weight)
        for k, parts in zip(counts, clean, strict=True):
            if k == 0:
                parts.append(weight)
    return [math.fsum(parts) / math.fsum(total) for parts in clean]


def enumerate_histories(
    pools: Sequence[tuple[int, Sequence[int]]],
    rows: Sequence[_Row],
    days: Sequence[int],
    history: Callable[[int, tuple[str, ...]], float],
    people: int,
) -> tuple[float, list[list[float]]]:
    """Log evidence and P(infected on each day) by summing every combination of S, I, C histories.

    `pools` are (day index, members); `history(person, states)` is the prior probability of the states on
    `days`.
    """
    paths = list(itertools.product("SIC", repeat=len(days)))
    total = 0.0
    mine = [[0.0] * len(days) for _ in range(people)]
    for combination in itertools.product(paths, repeat=people):
        weight = 1.0
        for person, states in enumerate(combination):
            weight *= history(person, states)
            if weight == 0.0:
                break
        if weight == 0.0:
            continue
        for (day, members), row in zip(pools, rows, strict=True):
            weight *= row[sum(combination[i][day] == "I" for i in members)]
        total += weight
        for person, states in enumerate(combination):
            for day, state in enumerate(states):
                if state == "I":
                    mine[person][day] += weight
    return math.log(total), [[part / total for part in person] for person in mine]
