"""Which events a store already holds: a set of their keyed hashes, day by day as they are asked for."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from poolpipe.tables import KINDS
from poolpipe_kernels import event_hashes as kernels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.store.event_tables import EventTables
    from poolpipe.store.ledger import Ledger
    from poolpipe.store.part_files import PartFiles

__all__ = ["EventSet", "HeldEvents"]


class EventSet:
    """The hashes of events that are held: a set that grows."""

    def __init__(self) -> None:
        self._slots = np.zeros((1 << 16, 2), np.uint64)
        self._held = 0

    def add(self, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Add hashes; tell which were in the set neither before nor earlier among them.

        Parameters
        ----------
        hashes : (n, 2) uint64

        Returns
        -------
        (n,) bool
        """
        self._make_room(len(hashes))
        new = np.zeros(len(hashes), np.bool_)
        self._held += kernels.insert_new(hashes, self._slots, new)
        return new

    def remove(self, hashes: NDArray[np.uint64]) -> None:
        """Remove hashes that were added; it takes as long as adding all others again."""
        gone = EventSet()
        gone.add(hashes)
        held = self._slots[self._slots[:, 0] != 0]
        rest = held[gone.add(held)]
        self._slots[:] = 0
        self._held = 0
        self.add(rest)

    def _make_room(self, more: int) -> None:
        size = len(self._slots)
        while size < 2 * (self._held + more):
            size *= 2
        if size > len(self._slots):
            held = self._slots[self._slots[:, 0] != 0]
            self._slots = np.zeros((size, 2), np.uint64)
            kernels.insert_new(held, self._slots, np.zeros(len(held), np.bool_))


class HeldEvents:
    """The hashes of events that the store holds, loaded for the days that are asked for; without some parts."""

    def __init__(self, ledger: Ledger, files: PartFiles, without: frozenset[int] = frozenset()) -> None:
        self._files = files
        self._sets: dict[str, EventSet] = defaultdict(EventSet)
        self._waiting = [part for part in ledger.parts(ledger.newest(), KINDS) if part.id not in without]

    def add(self, tables: EventTables, hashes: NDArray[np.uint64]) -> NDArray[np.bool_]:
        """Add events; tell which were not held."""
        at = pc.min_max(tables.clear["at"].cast(pa.int64())).as_py()
        if len(hashes):
            self._load(tables.kind, at["min"], at["max"])
        return self._sets[tables.kind].add(hashes)

    def forget(self, kind: str, hashes: NDArray[np.uint64]) -> None:
        """Forget events that were added."""
        self._sets[kind].remove(hashes)

    def _load(self, kind: str, first: int, last: int) -> None:
        near = [
            part
            for part in self._waiting
            if part.content == kind and part.last_at >= first and part.first_at <= last
        ]
        for part in near:
            self._sets[kind].add(self._files.hashes(part))
            self._waiting.remove(part)
