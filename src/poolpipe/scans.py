"""Scans of people into tubes as flat arrays, laid tube by tube in queue order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe_kernels import seats

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from numpy.typing import NDArray

__all__ = ["Scans", "Stretch", "halves", "lay_by_tube"]

_THREADS = 2


class Stretch(NamedTuple):
    """Some scans as they came: number of the tube, microseconds, person's key, and what is said beside."""

    tube: NDArray[np.uint32]
    at: NDArray[np.int64]
    person: NDArray[np.int64]
    said: NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans in order: everybody's first scan tube by tube, in queue order; behind them all later ones.

    A view up to a moment keeps that order, and the members of all tubes are a stretch of it: most runs
    never copy 25 million seats.

    Attributes
    ----------
    tube, at, person, said : (scans,)
        uint32, int64, int64, uint32.
    firsts : int
        How many first scans there are.
    """

    tube: NDArray[np.uint32]
    at: NDArray[np.int64]
    person: NDArray[np.int64]
    said: NDArray[np.uint32]
    firsts: int


def lay_by_tube(
    stretches: Iterable[Stretch],
    counts: NDArray[np.int64],
    said_before: Iterable[int],
    same: NDArray[np.uint32],
    bounds: NDArray[np.int64],
) -> tuple[Scans, NDArray[np.uint32]]:
    """Lay scans tube by tube, and take out events that came more than once.

    Parameters
    ----------
    stretches : iterable of Stretch
        Asked for one by one, so that each can be forgotten once it is laid.
    counts : (tubes,) int64
        How many scans each tube has.
    said_before : iterable of int
        For each stretch, what is added to its `said`.
    same : (sayings,) uint32
        Equal numbers for equal sayings; scans come out with these.
    bounds : (others,) int64
        `Codes.person_bounds`.

    Returns
    -------
    scans : Scans
    repeated : (repeated,) uint32
        What each event that was taken out says, in the numbers that came: of equal ones the first stays.
    """
    n = int(counts.sum())
    ends = np.cumsum(counts)
    offsets = np.concatenate([[0], ends])
    at, person, said = np.empty(n, np.int64), np.empty(n, np.int64), np.empty(n, np.uint32)
    cursors = ends - counts
    for stretch, before in zip(stretches, said_before, strict=True):
        seats.scatter_scans(*stretch, before, cursors, at, person, said)
    marks = np.empty(n, np.uint8)
    halves(
        offsets,
        lambda first, last: seats.order_scans(first, last, offsets, same, bounds, at, person, said, marks),
    )
    people, later = np.empty(len(counts), np.int64), np.empty(len(counts), np.int64)
    repeated = np.empty(np.count_nonzero(marks == seats.REPEATED), np.uint32)
    seats.part_scans(offsets, marks, same, at, person, said, people, later, repeated)
    numbers = np.arange(len(counts), dtype=np.uint32)
    tube = np.concatenate([np.repeat(numbers, people), np.repeat(numbers, later)])
    n = len(tube)
    return Scans(tube, at[:n], person[:n], said[:n], int(people.sum())), repeated


def halves(offsets: NDArray[np.int64], work: Callable[[int, int], None]) -> None:
    """Let two threads work on the tubes from a first up to a last, each on about half of the scans."""
    cuts = np.searchsorted(offsets, np.linspace(0, offsets[-1], _THREADS + 1)[1:-1])
    ends = [0, *cuts.tolist(), len(offsets) - 1]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))
