"""The space-time permutation scan: how unlikely the last days' positives around each site are by chance."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe_kernels import space_time as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["scan_last_days"]

_LEAST_ORDERS = 99
_WORK = 150_000_000
"""Steps that random orders may take together, about half a second."""


def scan_last_days(
    place: NDArray[np.int64],
    age: NDArray[np.int64],
    where: NDArray[np.float64],
    *,
    longest: int,
    neighbours: int,
    orders: int,
) -> NDArray[np.float64]:
    """Compute, for each place, how often chance alone gives as unusual a cylinder somewhere (Kulldorff et al. 2005).

    A cylinder is a circle of neighbouring places and the last 1, 2, … days. From the numbers of cases of its places and of its days
    follows how many cases are expected in it; no number of people is needed. Its likelihood ratio is compared with the
    highest of random orders, in which the days are dealt out anew among the cases. The random numbers are seeded by the
    cases, so that the same cases, in whatever order, give the same result.

    Parameters
    ----------
    place : (cases,) int64
        Place of each case, from 0, each place with a case.
    age : (cases,) int64
        Days from each case to the last day, from 0.
    where : (places, 2) float64
        Longitude and latitude, degrees; NaN: not known, the place then has no neighbours.
    longest : int
        Longest window, days; at most half of the days between the first case and the last day.
    neighbours : int
        Most places of a circle, its centre too; a circle holds half of all cases at most.
    orders : int
        Random orders; fewer, at least 99, where there are thousands of places.

    Returns
    -------
    (places,) float64
        Share of orders, the true one too, whose highest ratio is at least that of the best cylinder around the place: 1 / p days
        is its recurrence interval. NaN where there are fewer than two days or places.

    References
    ----------
    Kulldorff M, Heffernan R, Hartman J, Assunção R, Mostashari F. A space-time permutation scan statistic for disease outbreak
    detection. PLoS Medicine 2005;2:e59. doi:10.1371/journal.pmed.0020059.

    Examples
    --------
    >>> place = np.repeat([0, 1, 2], 8)
    >>> age = np.r_[np.zeros(7, int), 9, np.arange(8) + 1, np.arange(8) + 1]
    >>> scan_last_days(place, age, np.full((3, 2), np.nan), longest=3, neighbours=1, orders=999)
    array([0.001, 1.   , 1.   ])
    """
    places = len(where)
    days = int(age.max(initial=0)) + 1
    if places < 2 or len(np.unique(age)) < 2:
        return np.full(places, np.nan)
    windows = max(1, min(longest, days // 2))
    order = np.lexsort((age, place))
    place_of, age_of = place[order].astype(np.int32), age[order].astype(np.int32)
    near = _nearest(where, neighbours)
    total = np.bincount(place_of, minlength=places)
    most = max(len(place) // 2, 1)
    found = np.empty(places)
    recent, inside = np.empty((places, windows), np.int64), np.empty(2 * windows, np.int64)
    kernels.scan_places(place_of, age_of, near, total, windows, most, 1, recent, inside, found)
    steps = int((near >= 0).sum()) * windows + len(place) * 8
    chosen = max(min(orders, _WORK // steps), min(orders, _LEAST_ORDERS))
    highest = np.empty(chosen)
    seed = _seed(place_of, age_of)
    kernels.scan_orders(place_of, age_of.copy(), near, total, windows, most, seed, highest)
    # Equal tables in another order of additions differ by rounding: a ratio as high counts as high.
    reached = chosen - np.searchsorted(np.sort(highest), found * (1.0 - 1e-12), side="left")
    return np.where(found > 0.0, (1.0 + reached) / (1.0 + chosen), 1.0)


def _nearest(where: NDArray[np.float64], most: int) -> NDArray[np.int32]:
    """Places in the order of their distance from each, itself first; -1 behind the last."""
    known = np.flatnonzero(np.isfinite(where).all(axis=1))
    width = max(1, min(most, len(known)))
    near = np.full((len(where), width), -1, np.int32)
    near[:, 0] = np.arange(len(where))
    if width == 1:
        return near
    from scipy.spatial import cKDTree

    longitude, latitude = np.radians(where[known]).T
    flat = np.cos(latitude)
    sphere = np.column_stack([flat * np.cos(longitude), flat * np.sin(longitude), np.sin(latitude)])
    distance, found = cKDTree(sphere).query(sphere, k=width)
    # A place itself stands before others at the same coordinates, and these by their number.
    own = (found != np.arange(len(known))[:, None]).astype(np.int64)
    ranked = np.lexsort(np.stack([found, own, distance]), axis=1)
    chosen = known[np.take_along_axis(found, ranked, axis=1)].astype(np.int32)
    lost = chosen[:, 0] != known  # as many other places as fit lie at the very spot
    chosen[lost, 0] = known[lost]
    near[known] = chosen
    return near


def _seed(place: NDArray[np.int32], age: NDArray[np.int32]) -> Any:
    """64 bits that depend on all cases, as a uint64."""
    content = hashlib.blake2b(place.tobytes() + age.tobytes(), digest_size=8).digest()
    return np.uint64(int.from_bytes(content, "little"))
