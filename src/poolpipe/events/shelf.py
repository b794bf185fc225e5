"""Collects of every batch on one shelf: what a scan needs until its tube is known lies in four long arrays.

A city's scans are most of what memory holds. On the shelf they lie once, from the batch they came in to the
tables: each batch's own arrays are let go at once, and scans are later sorted where they lie.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from poolpipe.events.columns import Coded
from poolpipe.scans import Scans

if TYPE_CHECKING:
    from numpy.typing import DTypeLike, NDArray

    from poolpipe.events.understand import Understood

__all__ = ["Shelf"]

_LARGE = 1 << 22
"""Rows from which on memory grows by what is asked for: the system moves pages then, and copies nothing."""


class Shelf:
    """Long arrays of collects, in the order in which they are put there."""

    def __init__(self) -> None:
        self._columns = _Long(np.int32), _Long(np.int64), _Long(np.int64), _Long(np.int32)
        self._put: list[tuple[Understood, int]] = []

    def put(self, events: Understood) -> None:
        """Take a batch's scans; until they are shown the batch itself has none."""
        if events.person is None or events.said is None:
            raise TypeError("only collects, understood and folded, are put on the shelf")
        tube = events.codes["tube"]
        scans: tuple[NDArray[Any], ...] = (tube.rows, events.at, events.person.keys, events.said)
        for column, values in zip(self._columns, scans, strict=True):
            column.extend(values)
        self._put.append((events, len(events.at)))
        self._give(events, *(np.empty(0, column.dtype) for column in self._columns))

    def show(self) -> Scans:
        """Show the scans, and each batch its stretch of them. Nothing may be put there any more."""
        columns = [column.all() for column in self._columns]
        begin = 0
        for events, rows in self._put:
            self._give(events, *(column[begin : begin + rows] for column in columns))
            begin += rows
        tube, at, person, said = columns
        return Scans(tube.view(np.uint32), at, person, said.view(np.uint32), begin)

    @staticmethod
    def _give(
        events: Understood,
        tube: NDArray[np.int32],
        at: NDArray[np.int64],
        person: NDArray[np.int64],
        said: NDArray[np.int32],
    ) -> None:
        events.codes["tube"] = Coded(tube, events.codes["tube"].values)
        events.at, events.said = at, said
        if events.person is not None:
            events.person = replace(events.person, keys=person)


class _Long:
    """An array that grows in place."""

    def __init__(self, dtype: DTypeLike) -> None:
        self.dtype = np.dtype(dtype)
        self._room = np.empty(1 << 20, dtype)  # large enough for large pages from the beginning
        self._rows = 0

    def extend(self, values: NDArray[Any]) -> None:
        rows = self._rows + len(values)
        if rows > len(self._room):
            self._room.resize(rows if rows > _LARGE else 2 * rows, refcheck=False)
        self._room[self._rows : rows] = values
        self._rows = rows

    def all(self) -> NDArray[Any]:
        return self._room[: self._rows]
