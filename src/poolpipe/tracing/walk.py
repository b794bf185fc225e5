"""Walk from sources through the index, in as many rows as it takes."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from poolpipe.coding.dictionaries import WELL_PLACES
from poolpipe.tables import LINKS
from poolpipe_kernels import neighbours as beside
from poolpipe_kernels import walk as kernels

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.tracing.index import SeatIndex, TraceIndex, TubeIndex

__all__ = ["WalkLimits", "WalkedLinks", "walk_from"]

_ROWS = 1 << 18
"""Rows of a block, 16 MB: 13,000 sources with two hops fill some twenty."""

_PLATES = {96: (8, 12), 384: (16, 24)}


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
    seats, tubes = index.seats, index.tubes
    people = _rows(
        lambda rows, done, first: _people(seats, sources, since, limits, rows, done, first),
        len(sources), kernels.COLUMNS,
    )  # fmt: skip
    near = _rows(
        lambda rows, done, first: _tubes(tubes, sources, limits, rows, done, first),
        len(sources) if limits.hops else 0, beside.COLUMNS,
    )  # fmt: skip
    split = len(people)
    source, seat, person, kind, hops, lag, via, reached = (
        np.concatenate([column, np.full(len(near), -1)]) for column in people.T
    )
    source[split:], tube_beside, kind[split:], lag[split:], by_load = near.T
    hops[split:] = 1
    tube = np.full(len(source), -1)
    seated = seat >= 0
    tube[seated] = seats.tube[seat[seated]]
    tube[split:] = tube_beside
    via_load = np.full(len(source), -1)
    via_load[split:] = np.where(near[:, 2] == kernels.WELL, by_load, -1)
    # Two keys are sorted in half the time of four.
    near_keys, far_keys = person * len(LINKS) + kind, source * (len(tubes.journey) + 1) + tube
    order = np.lexsort((near_keys, far_keys))
    back = np.empty(len(order), np.int64)
    back[order] = np.arange(len(order))
    reached = np.where(reached >= 0, back[reached], -1)
    columns = (source, tube, person, seat, kind, hops, lag, via, via_load, reached)
    return WalkedLinks(*(column[order] for column in columns))


def _rows(
    work: Callable[[NDArray[np.int64], NDArray[np.int64], int], None], sources: int, columns: int
) -> NDArray[np.int64]:
    """Call a kernel block by block until all sources are done; a source that fills a block alone gets a larger one."""
    blocks, first, size = [np.empty((0, columns), np.int64)], 0, _ROWS
    done = np.zeros(2, np.int64)
    begun = 0
    while first < sources:
        rows = np.empty((size, columns), np.int64)
        work(rows, done, first)
        block = rows[: done[1]].copy()
        if columns == kernels.COLUMNS:  # its last column names a row of the block
            block[:, -1] += np.where(block[:, -1] >= 0, begun, 0)
        begun += len(block)
        blocks.append(block)
        size = size if done[0] > first else 2 * size
        first = int(done[0])
    return np.concatenate(blocks)


def _people(
    seats: SeatIndex, sources: NDArray[np.uint32], since: NDArray[np.int64], limits: WalkLimits,
    rows: NDArray[np.int64], done: NDArray[np.int64], first: int,
) -> None:  # fmt: skip
    far = np.array([limits.queue_us, limits.queue_scans, limits.hops], np.int64)
    seat_row, person_row = np.zeros(len(seats.tube), np.int32), np.zeros(len(seats.keys), np.int32)
    kernels.walk(
        sources, since, first, far, seats.tube, seats.person, seats.at, seats.begins, seats.person_begins,
        seats.by_person, seats.place, seats.queue, seats.rank, seats.home_begins, seats.homes, seats.people_begins,
        seats.people, seats.answers, seat_row, person_row, rows, done,
    )  # fmt: skip


def _tubes(
    tubes: TubeIndex, sources: NDArray[np.uint32], limits: WalkLimits,
    rows: NDArray[np.int64], done: NDArray[np.int64], first: int,
) -> None:  # fmt: skip
    plate = np.array([*_PLATES[limits.plate_wells], WELL_PLACES], np.int64)
    beside.neighbours(
        sources, first, plate, tubes.journey, tubes.journey_begins, tubes.by_journey, tubes.packed_at,
        tubes.load_begins, tubes.slot, tubes.loaded_at, tubes.load_tube, tubes.by_slot, tubes.slots,
        np.zeros(len(tubes.journey), np.int32), rows, done,
    )  # fmt: skip
