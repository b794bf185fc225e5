"""Decoding with loads the slow way: every combination of everybody's loads. Imports nothing of ours."""

from __future__ import annotations

import itertools
import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["chance_of_outcome", "enumerate_loads", "normal_cdf"]


def normal_cdf(z: float) -> float:
    """P(a standard normal number <= z)."""
    return 0.5 * math.erfc(-z / math.sqrt(2))


def _normal_pdf(z: float) -> float:
    return math.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def chance_of_outcome(
    call: str,
    ct: float | None,
    strongest: float | None,
    people: int,
    *,
    sensitivity: float,
    specificity: float,
    limit: float,
    noise: float,
    false: tuple[float, float],
) -> float:
    """P(call, and density of its Ct | the strongest swab in a pool of `people` has this single-sample Ct, None: all clean)."""
    if strongest is None:
        if call == "negative":
            return specificity
        chance = 1 - specificity
        if ct is not None:
            mean, sd = false
            chance *= _normal_pdf((min(ct, limit) - mean) / sd) / sd / normal_cdf((limit - mean) / sd)
        return chance
    pooled = strongest + math.log2(people)
    detected = min(
        1.0, sensitivity * normal_cdf((limit - pooled) / noise) / normal_cdf((limit - strongest) / noise)
    )
    if call == "negative":
        return 1 - detected
    if ct is not None:
        seen = _normal_pdf((min(ct, limit) - pooled) / noise) / noise
        detected *= seen / normal_cdf((limit - pooled) / noise)
    return detected


def enumerate_loads(
    pools: Sequence[Sequence[int]],
    chances: Sequence[dict[int, float]],
    prior: Sequence[float],
    weight: Sequence[float],
) -> tuple[float, list[float], list[float]]:
    """Log evidence, P(infected) of everybody and P(nobody infected) of every pool.

    Level 0 is clean and level g > 0 has the prior ``prior * weight[g - 1]``; ``chances[pool][g]`` is P(outcome | strongest
    level g).
    """
    mine = [[1 - p, *(p * share for share in weight)] for p in prior]
    total: list[float] = []
    infected: list[list[float]] = [[] for _ in prior]
    nobody: list[list[float]] = [[] for _ in pools]
    for levels in itertools.product(range(len(weight) + 1), repeat=len(prior)):
        strongest = [max(levels[i] for i in pool) for pool in pools]
        chance = math.prod(own[level] for own, level in zip(mine, levels, strict=True))
        chance *= math.prod(told[level] for told, level in zip(chances, strongest, strict=True))
        total.append(chance)
        for i, level in enumerate(levels):
            if level:
                infected[i].append(chance)
        for pool, level in enumerate(strongest):
            if not level:
                nobody[pool].append(chance)
    evidence = math.fsum(total)
    return (
        math.log(evidence),
        [math.fsum(parts) / evidence for parts in infected],
        [math.fsum(parts) / evidence for parts in nobody],
    )
