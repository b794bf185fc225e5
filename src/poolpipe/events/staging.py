"""Stage the collects of every batch in a few long arrays until all tubes are known.

A city's scans are most of what memory holds. They are copied once, from each batch's arrays, which are freed, into
long blocks that the staging area owns. `Staging.release` hands a column's blocks to the function that sorts the scans by tube.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.events.columns import EncodedColumn

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.events.valid_events import ValidEvents

__all__ = ["Staging"]

_COLUMNS = {"tube": np.int32, "at": np.int64, "person": np.int64, "attributes_id": np.int32}

_ROWS = 1 << 22
"""Rows of a block: large enough to be a memory mapping of its own, which the system takes back when it is released."""


class Staging:
    """Long blocks of collects, in the order in which batches are put there; the one owner of tube, at, person, attributes_id.

    Parameters
    ----------
    rows : int, optional
        Of a block, at least; by default many.
    """

    def __init__(self, rows: int = _ROWS) -> None:
        self._rows = rows
        self._columns: dict[str, list[NDArray[Any]]] = {name: [] for name in _COLUMNS}
        self._filled: list[int] = []
        self._put: list[tuple[ValidEvents, int, slice]] = []

    def put(self, events: ValidEvents) -> None:
        """Copy a batch's scans into the blocks; until `close` the batch itself has none."""
        if events.person is None or events.attributes_id is None:
            raise TypeError("only valid collects with numbered attributes are staged")
        rows = len(events.at)
        if not self._filled or self._filled[-1] + rows > len(self._columns["at"][-1]):
            for name, dtype in _COLUMNS.items():
                self._columns[name].append(np.empty(max(rows, self._rows), dtype))
            self._filled.append(0)
        place = slice(self._filled[-1], self._filled[-1] + rows)
        scans = events.codes["tube"].rows, events.at, events.person.keys, events.attributes_id
        for blocks, values in zip(self._columns.values(), scans, strict=True):
            blocks[-1][place] = values
        self._filled[-1] = place.stop
        self._put.append((events, len(self._filled) - 1, place))
        _give(events, *(blocks[-1][:0].copy() for blocks in self._columns.values()))

    def take_back(self, kept: int) -> None:
        """Remove all batches but the first `kept`."""
        for _, block, place in reversed(self._put[kept:]):
            self._filled[block] = place.start
        del self._put[kept:]

    def __len__(self) -> int:
        """Count the batches that are staged."""
        return len(self._put)

    def close(self) -> None:
        """End staging: each batch gets views of its scans in the blocks, through which they are numbered in place."""
        for blocks in self._columns.values():
            blocks[:] = [block[:rows] for block, rows in zip(blocks, self._filled, strict=True)]
        for events, block, place in self._put:
            _give(events, *(blocks[block][place] for blocks in self._columns.values()))
        self._put.clear()

    def release(self, column: str) -> list[NDArray[Any]]:
        """Give a column's blocks away, in order; whoever asked owns them now, and may free one after the other.

        Parameters
        ----------
        column : {"tube", "at", "person", "attributes_id"}
        """
        return self._columns.pop(column)


def _give(
    events: ValidEvents,
    tube: NDArray[np.int32],
    at: NDArray[np.int64],
    person: NDArray[np.int64],
    attributes_id: NDArray[np.int32],
) -> None:
    events.codes["tube"] = EncodedColumn(tube, events.codes["tube"].values)
    events.at, events.attributes_id = at, attributes_id
    if events.person is not None:
        events.person = replace(events.person, keys=person)
