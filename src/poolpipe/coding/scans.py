"""Sort the scans of people into tubes: flat arrays by tube, in the order of each tube's queue."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.tables import TIME
from poolpipe_kernels import groups, seats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["Scans", "halves", "sort_by_tube"]

_THREADS = 2
_FEW = 1 << 15


@dataclass(frozen=True, slots=True)
class Scans:
    """Scans sorted: everybody's first scan tube by tube in queue order, then all later scans.

    A view up to a moment keeps that order, and the members of all tubes are a slice of it: most runs never copy 25
    million seats.

    Attributes
    ----------
    tube, at, person, attributes_id : (scans,)
        uint32, int64 (microseconds), int64 (person key), uint32 (row of `Dictionaries.attribute_sets`).
    firsts : int
        How many first scans there are.
    """

    tube: NDArray[np.uint32]
    at: NDArray[np.int64]
    person: NDArray[np.int64]
    attributes_id: NDArray[np.uint32]
    firsts: int

    def frame(self) -> pl.DataFrame:
        """The scans as a frame: at, tube, person, attributes_id, and `later`, which says of each whether it is no first scan."""
        later = np.ones(len(self.tube), np.bool_)
        later[: self.firsts] = False
        return pl.DataFrame(
            {
                "at": pl.Series(self.at).cast(TIME),
                "tube": self.tube,
                "person": self.person,
                "attributes_id": self.attributes_id,
                "later": later,
            }
        )


def sort_by_tube(
    release: Callable[[str], list[NDArray[Any]]],
    tubes: int,
    same: NDArray[np.uint32],
    bounds: NDArray[np.int64],
) -> tuple[Scans, NDArray[np.uint32]]:
    """Sort scans by tube and queue, and remove events that came more than once.

    Parameters
    ----------
    release : callable
        Gives the blocks of a column (tube, at, person, attributes_id), in the order in which scans came, and gives up
        owning them. Columns are asked for one after the other, so that memory holds one more than the scans need.
        The blocks of `tube`, int32, are overwritten.
    tubes : int
        How many tubes there are.
    same : (attribute sets,) uint32
        Equal numbers for equal attribute sets; the scans returned have these.
    bounds : (others,) int64
        `Dictionaries.person_bounds`.

    Returns
    -------
    scans : Scans
    repeated : (repeated,) uint32
        The attribute set of each removed event, in the numbers that came; of equal events the first is kept.
    """
    places = [block.view(np.uint32) for block in release("tube")]
    counts = np.zeros(tubes, np.int64)
    for block in places:
        groups.count_keys(block, counts)
    offsets = np.concatenate([[0], np.cumsum(counts)])
    n = int(offsets[-1])
    cursors = offsets[:-1].copy()
    for block in places:
        seats.place_scans(cursors, block)
    at = _moved(places, release("at"), np.empty(n, np.int64))
    person = _moved(places, release("person"), np.empty(n, np.int64))
    attributes_id = _moved(places, release("attributes_id"), np.empty(n, np.uint32))
    del places
    marks = np.empty(n, np.uint8)
    halves(
        offsets,
        lambda first, last: seats.order_scans(
            first, last, offsets, same, bounds, at, person, attributes_id, marks
        ),
    )
    tube, people = np.empty(n, np.uint32), np.empty(tubes, np.int64)
    repeated = np.empty(np.count_nonzero(marks == seats.REPEATED), np.uint32)
    seats.part_scans(offsets, marks, same, at, person, attributes_id, tube, people, repeated)
    n -= len(repeated)
    return Scans(tube[:n], at[:n], person[:n], attributes_id[:n], int(people.sum())), repeated


def _moved(places: list[NDArray[np.uint32]], values: list[NDArray[Any]], moved: NDArray[Any]) -> NDArray[Any]:
    """Move the values of all blocks to their places in `moved`, and return that; each block is freed once it is moved."""
    for block in places:
        seats.move(block, values.pop(0).view(moved.dtype), moved)
    return moved


def halves(offsets: NDArray[np.int64], work: Callable[[int, int], None]) -> None:
    """Call `work` with two ranges of tubes that hold about half of the scans each, on a thread each where these are many.

    Parameters
    ----------
    offsets : (tubes + 1,) int64
        Where each tube's scans begin.
    work : callable
        Is given the first tube of a range and the tube after its last.
    """
    cuts = np.searchsorted(offsets, np.linspace(0, offsets[-1], _THREADS + 1)[1:-1])
    ends = [0, *cuts.tolist(), len(offsets) - 1]
    if offsets[-1] < _FEW:  # a thread takes 0.1 ms, and several on a machine with other work to do
        list(map(work, ends[:-1], ends[1:]))
        return
    with ThreadPoolExecutor(_THREADS) as pool:
        list(pool.map(work, ends[:-1], ends[1:]))
