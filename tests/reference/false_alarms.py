"""Naive tests of false alarms, well by well."""

from __future__ import annotations

from math import comb


def binomial_tail(successes, trials, chance):
    """P(X >= successes)."""
    return sum(
        comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(successes, trials + 1)
    )


def bracket(wells, *, strong_ct, weaker_by):
    """Counts of the queue-bracket test of one lab's day, from (plate, order, row, column, ct or None), line length 8.

    Returns weak and all wells beside a strong one a line away, and weak and all wells apart.
    """
    beside: dict[tuple[int, int], bool] = {}
    apart: dict[tuple[int, int], bool] = {}
    for plate, order, row, column, ct in wells:
        if ct is None or not ct < strong_ct:
            continue
        for plate2, order2, row2, column2, ct2 in wells:
            distance = abs(order2 - order)
            if plate2 != plate or not 3 <= distance <= 13:
                continue
            touching = abs(row - row2) <= 1 and abs(column - column2) <= 1
            late = ct2 is not None and ct2 >= ct + weaker_by
            if touching and 7 <= distance <= 9:
                beside[plate2, order2] = beside.get((plate2, order2), False) or late
            if not touching and distance not in (7, 8, 9):
                apart[plate2, order2] = apart.get((plate2, order2), False) or late
    apart = {place: late for place, late in apart.items() if place not in beside}
    return sum(beside.values()), len(beside), sum(apart.values()), len(apart)
