"""The space-time permutation scan, cylinder by cylinder: Kulldorff et al. 2005, doi:10.1371/journal.pmed.0020059."""

from __future__ import annotations

import itertools
import math

Point = tuple[float, float]


def ratio(seen, expected, cases):
    """Logarithm of the likelihood ratio."""
    if seen <= expected:
        return 0.0
    left = cases - seen
    return seen * math.log(seen / expected) + (left * math.log(left / (cases - expected)) if left else 0.0)


def kilometres(one, other):
    """Great circle between two points in degrees."""
    (a, b), (c, d) = ((math.radians(each) for each in point) for point in (one, other))
    half = math.sin((d - b) / 2) ** 2 + math.cos(b) * math.cos(d) * math.sin((c - a) / 2) ** 2
    return 2 * 6371.0 * math.asin(math.sqrt(half))


def best_ratios(cases, where, longest, neighbours):
    """Highest ratio of the cylinders around each place; cases are (place, age), where is place to point or None."""
    found = {}
    span = max(age for _, age in cases) + 1
    for centre, point in where.items():
        known = [place for place, other in where.items() if point and other and place != centre]
        known.sort(key=lambda place: (kilometres(point, where[place]), place))
        circle = [centre, *known][:neighbours]
        best = 0.0
        for size in range(1, len(circle) + 1):
            inside = set(circle[:size])
            here = [age for place, age in cases if place in inside]
            if len(here) > max(len(cases) // 2, 1):
                break
            for window in range(1, max(1, min(longest, span // 2)) + 1):
                seen = sum(age < window for age in here)
                lately = sum(age < window for _, age in cases)
                if seen > 1:
                    best = max(best, ratio(seen, len(here) * lately / len(cases), len(cases)))
        found[centre] = best
    return found


def exact_p(cases, where, longest, neighbours):
    """Share of all orders of the days whose highest ratio reaches that of each place."""
    ages = [age for _, age in cases]
    own = best_ratios(cases, where, longest, neighbours)
    highest = []
    for order in itertools.permutations(ages):
        dealt = [(place, age) for (place, _), age in zip(cases, order, strict=True)]
        highest.append(max(best_ratios(dealt, where, longest, neighbours).values()))
    return {
        place: sum(each >= value * (1 - 1e-12) for each in highest) / len(highest) if value else 1.0
        for place, value in own.items()
    }


def groups(rows, within):
    """Rows that hang together, as sets; a row is (tube, at, site, household), None for none."""
    left, found = set(range(len(rows))), []
    while left:
        group, new = set(), {min(left)}
        while new:
            group |= new
            new = {
                other
                for other in left - group
                for row in new
                if any(rows[row][k] is not None and rows[row][k] == rows[other][k] for k in (0, 3))
                or (
                    rows[row][2] is not None
                    and rows[row][2] == rows[other][2]
                    and abs(rows[row][1] - rows[other][1]) <= within
                )
            }
        left -= group
        found.append(group)
    return found
