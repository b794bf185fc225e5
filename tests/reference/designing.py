"""Designs the slow way: every truth and every outcome of every test. Imports nothing of ours."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


def truths(p: Sequence[float]) -> Iterator[tuple[tuple[int, ...], float]]:
    """Every infection pattern with its probability."""
    for pattern in itertools.product((0, 1), repeat=len(p)):
        weight = 1.0
        for state, chance in zip(pattern, p, strict=True):
            weight *= chance if state else 1 - chance
        yield pattern, weight


def array_by_enumeration(
    rows: int, columns: int, p: Sequence[float], se: float, sp: float, *, master: bool
) -> tuple[float, list[float], list[float]]:
    """Expected tests, P(called infected and infected), P(called infected and clean) of an array."""
    tests, hit, false = 1.0 if master else 0.0, [0.0] * len(p), [0.0] * len(p)
    for pattern, weight in truths(p):
        truth = [any(pattern[i * columns : (i + 1) * columns]) for i in range(rows)]
        truth += [any(pattern[j::columns]) for j in range(columns)]
        reached = weight
        if master:
            reached *= se if any(pattern) else 1 - sp
        tests += reached * (rows + columns)
        for outcome in itertools.product((0, 1), repeat=rows + columns):
            chance = reached
            for said, true in zip(outcome, truth, strict=True):
                positive = se if true else 1 - sp
                chance *= positive if said else 1 - positive
            any_row, any_column = any(outcome[:rows]), any(outcome[rows:])
            for person in range(len(p)):
                row, column = outcome[person // columns], outcome[rows + person % columns]
                if (row and column) or (row and not any_column) or (column and not any_row):
                    tests += chance
                    if pattern[person]:
                        hit[person] += chance * se
                    else:
                        false[person] += chance * (1 - sp)
    return tests, hit, false


def nested_by_enumeration(
    sizes: Sequence[int], p: Sequence[float], se: float, sp: float
) -> tuple[float, list[float], list[float]]:
    """The same for nested pools of people in order; a pool of one is final."""
    totals = [0.0] * (2 * len(p) + 1)

    def walk(
        first: int, last: int, depth: int, reach: float, pattern: tuple[int, ...], weight: float
    ) -> None:
        totals[-1] += reach * weight
        positive = se if any(pattern[first:last]) else 1 - sp
        if last - first == 1:
            totals[2 * first + (0 if pattern[first] else 1)] += reach * weight * positive
            return
        step = sizes[depth + 1]
        for start in range(first, last, step):
            walk(start, min(start + step, last), depth + 1, reach * positive, pattern, weight)

    for pattern, weight in truths(p):
        walk(0, len(p), 0, 1.0, pattern, weight)
    return totals[-1], totals[0:-1:2], totals[1:-1:2]


def scomp_naively(
    pools: Sequence[Sequence[int]], positive: Sequence[bool], people: int
) -> tuple[set[int], set[int], set[int]]:
    """COMP, DD and SCOMP with sets."""
    cleared = {i for pool, y in zip(pools, positive, strict=True) if not y for i in pool}
    possible = set(range(people)) - cleared
    hits = [set(pool) & possible for pool, y in zip(pools, positive, strict=True) if y]
    definite = {next(iter(hit)) for hit in hits if len(hit) == 1}
    found, left = set(definite), [hit for hit in hits if not hit & definite]
    while any(left):
        best = min(possible, key=lambda i: (-sum(i in hit for hit in left), i))
        found.add(best)
        left = [hit for hit in left if best not in hit]
    return possible, definite, found
