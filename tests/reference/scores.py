"""Hazards of infection between housemates by numerical integration, and each one's share; plain lists."""

from __future__ import annotations

import math

STEPS = 200


def exposed(since, seen, until, upto):
    """Days before `upto` for which somebody is infectious who became so at some moment between `since` and `seen`."""
    starts = (since + (seen - since) * (step + 0.5) / STEPS for step in range(STEPS))
    return sum(max(0.0, min(until, upto) - start) for start in starts) / STEPS


def windows(p):
    """Probability of being infected before each test, and of not having been seen so."""
    chances, left = [], 1.0
    for each in p:
        chances.append(left * each)
        left *= 1.0 - each
    return [*chances, left]


def hazard(x, k, y, j, latent, before, rate):
    """Hazard of x, first seen at test k, for y in window j; a person is a list of tests (day, p, until)."""
    seen = x[k][0]
    since = x[k - 1][0] if k else seen - before
    ends = [test[0] - latent for test in y]
    low = ends[j - 1] if j else (ends[0] - before if y else -math.inf)
    high = ends[j] if j < len(y) else math.inf
    return rate * (exposed(since, seen, x[k][2], high) - exposed(since, seen, x[k][2], max(low, -1e9)))


def totals(people, home, latent, before, rate):
    """Hazard of all housemates in each window of each person of one household."""
    return {
        y: [
            sum(
                windows([test[1] for test in people[x]])[k]
                * hazard(people[x], k, people[y], j, latent, before, rate)
                for x in home
                if x != y
                for k in range(len(people[x]))
            )
            for j in range(len(people[y]) + 1)
        ]
        for y in home
    }


def share(people, home, x, y, outside, latent, before, rate):
    """Probability that x infected y."""
    both = {each: windows([test[1] for test in people[each]]) for each in (x, y)}
    total = totals(people, home, latent, before, rate)

    def mean(one, other, window):
        return sum(
            both[one][k] * hazard(people[one], k, people[other], window, latent, before, rate)
            for k in range(len(people[one]))
        )

    found = 0.0
    for k in range(len(people[x])):
        for j in range(len(people[y]) + 1):
            here = hazard(people[x], k, people[y], j, latent, before, rate)
            if here <= 0:
                continue
            others = total[y][j] - mean(x, y, j) + outside
            if j == len(people[y]):
                part = (1 - math.exp(-others - here)) * here / (others + here)
            else:
                back = hazard(people[y], j, people[x], k, latent, before, rate)
                beyond = total[x][k] - mean(y, x, k) + outside
                # Three trees: x from outside and y from x; both from outside; y from outside and x from y.
                trees = beyond * here, beyond * others, others * back
                part = trees[0] / sum(trees)
            found += both[x][k] * both[y][j] * part
    return found
