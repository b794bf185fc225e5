"""Scans of people into tubes as flat arrays, laid tube by tube in queue order."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels import groups, seats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Scans", "halves", "lay_by_tube"]

_THREADS = 2


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
    scans: Scans, tubes: int, same: NDArray[np.uint32], bounds: NDArray[np.int64]
) -> tuple[Scans, NDArray[np.uint32]]:
    """Lay scans tube by tube, and take out events that came more than once.

    Parameters
    ----------
    scans : Scans
        As they came; their arrays are used up.
    tubes : int
        How many tubes there are.
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
    counts = np.zeros(tubes, np.int64)
    groups.count_keys(scans.tube, counts)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    tube, at, person, said = _brought_together(scans, offsets)
    marks = np.empty(len(tube), np.uint8)
    halves(
        offsets,
        lambda first, last: seats.order_scans(first, last, offsets, same, bounds, at, person, said, marks),
    )
    people = np.empty(tubes, np.int64)
    repeated = np.empty(np.count_nonzero(marks == seats.REPEATED), np.uint32)
    seats.part_scans(offsets, marks, same, tube, at, person, said, people, repeated)
    n = len(tube) - len(repeated)
    return Scans(tube[:n], at[:n], person[:n], said[:n], int(people.sum())), repeated


def _brought_together(
    scans: Scans, offsets: NDArray[np.int64]
) -> tuple[NDArray[np.uint32], NDArray[np.int64], NDArray[np.int64], NDArray[np.uint32]]:
    """Scans tube after tube, in a tube as they came; the tubes are left over.

    Each column moves to where the one before it lay: only one array more is ever needed.
    """
    seats.place_scans(offsets[:-1].copy(), scans.tube)
    at, person, said = np.empty_like(scans.at), scans.at, scans.person.view(np.uint32)[: len(scans.said)]
    seats.move(scans.tube, scans.at, at)
    seats.move(scans.tube, scans.person, person)
    seats.move(scans.tube, scans.said, said)
    return scans.tube, at, person, said


def halves(offsets: NDArray[np.int64], work: Callable[[int, int], None]) -> None:
    """Let two threads work on the tubes from a first up to a last, each on about half of the scans."""
    cuts = np.searchsorted(offsets, np.linspace(0, offsets[-1], _THREADS + 1)[1:-1])
    ends = [0, *cuts.tolist(), len(offsets) - 1]
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))
