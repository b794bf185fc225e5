"""Walk from sources through the index, in as many rows as it takes."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.coding.dictionaries import PLATE_SHAPES, WELL_PLACES
from poolpipe_kernels import neighbours as beside
from poolpipe_kernels import walk as kernels
from poolpipe_kernels.link_rows import COLUMNS, arrange_links

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.tracing.index import SeatIndex, TraceIndex, TubeIndex

__all__ = ["WalkLimits", "WalkedLinks", "walk_from"]

_ROWS = 1 << 18
"""Rows of a block, 16 MB: 13,000 sources with two hops fill some twenty."""

_FEW = 256
"""With fewer sources than this a second thread costs more than it saves."""


class WalkLimits(NamedTuple):
    """How far a walk goes.

    Attributes
    ----------
    queue_us, queue_scans : int
        Longest time, microseconds, and most scans between two people of one queue.
    hops : int
        Most links.
    plate_wells : int
        96 or 384.
    """

    queue_us: int
    queue_scans: int
    hops: int
    plate_wells: int


class WalkedLinks(NamedTuple):
    """What sources lead to: a row each link, sorted by source, tube, person and kind; what is -1 comes first.

    Attributes
    ----------
    source : (links,) int64
        Place of the source among the sources.
    tube, person, seat : (links,) int64
        As `index` numbers them, -1: none.
    kind, hops : (links,) int64
        Kinds as of `poolpipe_kernels.walk`.
    lag : (links,) int64
        Microseconds, `poolpipe_kernels.walk.NO_LAG` for none.
    via, via_load : (links,) int64
        Person, and load of the source's well, that led there, -1: none.
    reached : (links,) int64
        Row that the link starts from, -1: none.
    """

    source: NDArray[np.int64]
    tube: NDArray[np.int64]
    person: NDArray[np.int64]
    seat: NDArray[np.int64]
    kind: NDArray[np.int64]
    hops: NDArray[np.int64]
    lag: NDArray[np.int64]
    via: NDArray[np.int64]
    via_load: NDArray[np.int64]
    reached: NDArray[np.int64]


_REACHED = WalkedLinks._fields.index("reached")


def walk_from(
    index: TraceIndex, sources: NDArray[np.uint32], since: NDArray[np.int64], limits: WalkLimits
) -> WalkedLinks:
    """List what each source leads to.

    Parameters
    ----------
    index : TraceIndex
        Seats and tubes that the sources touch, or all of them.
    sources, since : (sources,) uint32 and int64
        Tubes, ascending, and the begin of each one's look-back, microseconds.
    limits : WalkLimits
        How far.

    Returns
    -------
    WalkedLinks
    """
    cut = len(sources) // 2
    if len(sources) < _FEW:
        blocks = _part(index, sources, since, limits, 0)
    else:
        with ThreadPoolExecutor(2) as pool:
            first = pool.submit(_part, index, sources[:cut], since, limits, 0)
            later = _part(index, sources, since, limits, cut)
        blocks = first.result()
        before = sum(block.shape[1] for block in blocks)
        for block in later:
            np.add(block[_REACHED], before, out=block[_REACHED], where=block[_REACHED] >= 0)
        blocks += later
    none = np.empty((COLUMNS, 0), np.int64)
    return WalkedLinks(*(blocks[0] if len(blocks) == 1 else np.concatenate([none, *blocks], axis=1)))


def _part(
    index: TraceIndex, sources: NDArray[np.uint32], since: NDArray[np.int64], limits: WalkLimits, first: int
) -> list[NDArray[np.int64]]:
    """Links of the sources from `first` on, in order, as `WalkedLinks` has them: block by block."""
    seats = index.seats
    size = min(_ROWS, max(_ROWS >> 8, (_ROWS >> 8) * (len(sources) - first)))
    rows, near = np.empty((size, kernels.COLUMNS), np.int64), np.empty((size, beside.COLUMNS), np.int64)
    scratch = [
        np.empty(length, np.int32) for length in (len(seats.tube), len(seats.keys), len(index.tubes.journey))
    ]
    blocks: list[NDArray[np.int64]] = []
    done, begun = np.zeros(2, np.int64), 0
    while first < len(sources):
        _people(seats, sources, since, limits, scratch, rows, done, first)
        end, found = done.tolist()
        if end == first:  # it fills the rows alone
            rows = np.empty((2 * len(rows), kernels.COLUMNS), np.int64)
            continue
        if limits.hops:
            _tubes(index.tubes, sources[:end], limits, scratch[2], near, done, first)
            while done[0] < end:
                near = np.empty((2 * len(near), beside.COLUMNS), np.int64)
                _tubes(index.tubes, sources[:end], limits, scratch[2], near, done, first)
        else:
            done[1] = 0
        block = np.empty((COLUMNS, found + int(done[1])), np.int64)
        arrange_links(len(seats.keys), first, begun, rows[:found], near[: done[1]], seats.tube, block)
        begun += block.shape[1]
        blocks.append(block)
        first = end
    return blocks


def _people(
    seats: SeatIndex, sources: NDArray[np.uint32], since: NDArray[np.int64], limits: WalkLimits,
    scratch: list[NDArray[np.int32]], rows: NDArray[np.int64], done: NDArray[np.int64], first: int,
) -> None:  # fmt: skip
    far = np.array([limits.queue_us, limits.queue_scans, limits.hops], np.int64)
    for each in scratch[:2]:
        each.fill(0)
    kernels.walk(
        sources, since, first, far, seats.tube, seats.person, seats.at, seats.begins, seats.person_begins,
        seats.by_person, seats.place, seats.queue, seats.rank, seats.home_begins, seats.homes, seats.people_begins,
        seats.people, seats.answers, scratch[0], scratch[1], rows, done,
    )  # fmt: skip


def _tubes(
    tubes: TubeIndex, sources: NDArray[np.uint32], limits: WalkLimits, tube_row: NDArray[np.int32],
    rows: NDArray[np.int64], done: NDArray[np.int64], first: int,
) -> None:  # fmt: skip
    plate = np.array([*PLATE_SHAPES[limits.plate_wells], WELL_PLACES], np.int64)
    tube_row.fill(0)
    beside.neighbours(
        sources, first, plate, tubes.journey, tubes.journey_begins, tubes.by_journey, tubes.packed_at,
        tubes.load_begins, tubes.slot, tubes.loaded_at, tubes.load_tube, tubes.by_slot, tubes.slots,
        tube_row, rows, done,
    )  # fmt: skip
