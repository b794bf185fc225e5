"""Scan cases for cylinders of neighbouring places and last days that hold more than their share."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["scan_orders", "scan_places"]


@kernel
def _ratio(seen: int, expected: float, cases: int) -> float:
    """Logarithm of the likelihood ratio of a cylinder (Kulldorff et al. 2005, Poisson approximation).

    Parameters
    ----------
    seen, cases : int
        Cases in the cylinder, and in all.
    expected : float
        Cases expected in the cylinder.

    Returns
    -------
    float
        0 where no more are seen than expected.
    """
    if seen <= expected:
        return 0.0
    ratio = seen * math.log(seen / expected)
    if seen < cases:
        ratio += (cases - seen) * math.log((cases - seen) / (cases - expected))
    return ratio


@kernel("int32[] int32[] int32[,] int64[] int64 int64 int64 int64[,] int64[] float64[]")
def scan_places(
    place: NDArray[np.int32],
    age: NDArray[np.int32],
    near: NDArray[np.int32],
    total: NDArray[np.int64],
    windows: int,
    most: int,
    each: int,
    recent: NDArray[np.int64],
    inside: NDArray[np.int64],
    best: NDArray[np.float64],
) -> float:
    """Find the highest likelihood ratio of the cylinders around each place.

        #  place  0 0 1    age (days) 0 0 4    windows 1: the last day
        #  circle {0}: 2 seen, 2 of 3 cases here * 2 of 3 on that day = 1.33 expected

    Parameters
    ----------
    place, age : (cases,) int32
        Place of each case, and days from it to the last day.
    near : (places, neighbours) int32
        Places in the order of their distance from each, itself first; -1 behind the last.
    total : (places,) int64
        Cases of each place.
    windows : int
        Longest window, days.
    most : int
        Circles with more cases on all days are not looked at.
    each : {0, 1}
        1 for the highest of each place; 0 for that of all places alone, where `best` is not meant to be read.
    recent : (places, windows) int64
        Scratch.
    inside : (2 * windows,) int64
        Scratch.
    best : (places,) float64
        Output: logarithm of the ratio, 0 where no cylinder with two cases holds more than expected.

    Returns
    -------
    float
        The highest of all places.
    """
    recent[:] = 0
    inside[:] = 0
    for case in range(len(place)):
        if age[case] < windows:
            recent[place[case], age[case]] += 1
    for here in range(len(total)):
        for days in range(windows):
            if days:
                recent[here, days] += recent[here, days - 1]
            inside[windows + days] += recent[here, days]
    cases = len(place)
    highest = 0.0
    for here in range(len(total)):
        best[here] = 0.0 if each else highest
        around = 0
        inside[:windows] = 0
        for step in range(near.shape[1]):
            there = near[here, step]
            if there < 0:
                break
            around += total[there]
            if around > most:
                break
            if recent[there, windows - 1] == 0:
                continue
            for days in range(windows):
                if recent[there, days] == 0:  # more are expected and no more seen: the ratio falls
                    continue
                inside[days] += recent[there, days]
                seen = inside[days]
                expected = around * inside[windows + days] / cases
                over = seen - expected
                # The ratio is at most chi square, which needs no logarithm: 30 times as fast.
                if (
                    seen > 1
                    and over > 0.0
                    and over * over * cases > best[here] * expected * (cases - expected)
                ):
                    best[here] = max(best[here], _ratio(seen, expected, cases))
        highest = max(highest, best[here])
    return highest


@kernel("int32[] int32[] int32[,] int64[] int64 int64 uint64 float64[]")
def scan_orders(
    place: NDArray[np.int32],
    age: NDArray[np.int32],
    near: NDArray[np.int32],
    total: NDArray[np.int64],
    windows: int,
    most: int,
    seed: int,
    highest: NDArray[np.float64],
) -> None:
    """Scan random orders of the cases' days: the highest ratio of each, as it would be without any cluster.

    Parameters
    ----------
    place, age, near, total, windows, most
        As of `scan_places`; age is changed in place.
    seed : uint64
        Seed of the random numbers (splitmix64, Steele et al. 2014).
    highest : (orders,) float64
        Output.
    """
    recent = np.empty((len(total), windows), np.int64)
    inside = np.empty(2 * windows, np.int64)
    best = np.empty(len(total), np.float64)
    state = np.uint64(seed)
    for order in range(len(highest)):
        for last in range(len(age) - 1, 0, -1):
            state += np.uint64(0x9E3779B97F4A7C15)
            mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            mixed = mixed ^ (mixed >> np.uint64(31))
            chosen = np.int64((mixed >> np.uint64(11)) % np.uint64(last + 1))
            swapped = age[last]
            age[last] = age[chosen]
            age[chosen] = swapped
        highest[order] = scan_places(place, age, near, total, windows, most, 0, recent, inside, best)
