"""Follow a store: live tables of its newest version, from the files that each version added."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from poolpipe.coding.pool_thread import in_pool_thread
from poolpipe.coding.quarters import joined_quarters
from poolpipe.coding.warmup import compile_kernels
from poolpipe.errors import InputError
from poolpipe.events.assemble import assemble
from poolpipe.events.reading import Events
from poolpipe.events.rejected_loads import first_of_each
from poolpipe.events.staging import Staging
from poolpipe.live.held_rows import COLLECT
from poolpipe.live.state import Live
from poolpipe.paths import LEDGER
from poolpipe.store.arrivals import heard_in
from poolpipe.store.contents import LOADS, REJECTS
from poolpipe.store.event_tables import EventTables, to_events
from poolpipe.store.reader import StoreReader
from poolpipe.store.reading import events_of_parts
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    import polars as pl

    from poolpipe.events.assemble import Piece
    from poolpipe.live.changes import Changes
    from poolpipe.live.neighbourhood import NeighbourhoodLimits
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import TablePart

__all__ = ["FollowedStore", "events_of_tables"]

_CONTENTS: Final = (*KINDS, REJECTS, LOADS)
_ADDS: Final = ("ingest", "serve")
"""Versions that have the events of the version before them and more."""

_ROWS: Final = 1 << 10
"""Scans for which room is made at least: the long blocks of a city take the system longer than a batch takes."""

_SAME: Final = ("compact", "conclude")
"""Versions that have the events of the version before them."""


class FollowedStore(StoreReader):
    """A store whose tables are held live; whoever writes into it, this process or another.

    Parameters
    ----------
    path, key
        As of `StoreReader`. Without the key people are their pseudonyms.
    limits : NeighbourhoodLimits, optional
        Of `Live`.
    version : int, optional
        With which to begin; the newest by default.

    Attributes
    ----------
    live : Live
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        key: str | os.PathLike[str] | None = None,
        limits: NeighbourhoodLimits | None = None,
        version: int | None = None,
    ) -> None:
        super().__init__(path, key)
        self._place = self._place_of_ledger()
        compile_kernels(None)
        self._limits = limits
        self._known: dict[int, TablePart] = {}
        self.live = self._begun(self.version if version is None else version)

    @property
    def sealing(self) -> DataKeys | None:
        """The data keys; None where the master key is not here."""
        return self._keys.sealing

    def follow(self) -> list[Changes] | None:
        """Take in what was committed since; what changed, the oldest first.

        Returns
        -------
        list of Changes or None
            None where all was read again, because a version has other events than those before and some more, or its files were
            written anew.

        Raises
        ------
        InputError
            If the store is not there any more, or another is in its place: what is open here would never change again.
        """
        if self._place_of_ledger() != self._place:
            raise InputError.of("store_gone", where=str(self.path))
        told: list[Changes] = []
        newest, known = self.version, self.live.tables.version
        self._keys.renew(self._ledger)
        since = [each for each in self._ledger.versions() if each.version >= known]
        if not since or since[0].version != known or self._parts_of(known) != self._known:
            self.live = self._begun(newest)
            return None
        for each in since[1:]:
            parts = self._parts_of(each.version)
            if each.what not in _SAME:
                if each.what not in _ADDS or not self._known.keys() <= parts.keys():
                    self.live = self._begun(newest)
                    return None
                added = [part for number, part in parts.items() if number not in self._known]
                told.append(self.live.apply(self._events(added), each.version))
            self._known = parts
        self.live.advance(newest)
        return told

    def _place_of_ledger(self) -> tuple[int, int] | None:
        try:
            told = (self.path / LEDGER).stat()
        except OSError:
            return None
        return told.st_dev, told.st_ino

    def _parts_of(self, version: int) -> dict[int, TablePart]:
        return {part.id: part for part in self._ledger.parts(version, _CONTENTS)}

    def _events(self, parts: list[TablePart]) -> Events:
        # arrivals are read of all: those of later versions are joined to them
        wells = self.policy.codes.plate_wells
        return events_of_parts(parts, [], self._files, self._keys.sealing, wells, hears=True)

    def _begun(self, version: int) -> Live:
        """Conclude all that a version has."""
        self._known = self._parts_of(version)
        return Live(self._events(list(self._known.values())), self.policy, version, self._limits)


def events_of_tables(
    tables: Iterable[EventTables],
    rejects: pl.DataFrame,
    rejected_loads: pl.DataFrame,
    sealing: DataKeys | None,
    wells: int,
) -> Events:
    """Read events as `Live.apply` takes them from the tables that are about to be committed, before they are files.

    Parameters
    ----------
    tables : iterable of EventTables
        Events that the store did not hold.
    rejects, rejected_loads : DataFrame
        As of `Events`.
    sealing : DataKeys, optional
    wells : {96, 384}
        Wells of the store's plate.
    """
    return in_pool_thread(lambda: _events_of(list(tables), rejects, rejected_loads, sealing, wells))


def _events_of(
    tables: list[EventTables],
    rejects: pl.DataFrame,
    rejected_loads: pl.DataFrame,
    sealing: DataKeys | None,
    wells: int,
) -> Events:
    pieces: list[Piece] = []
    staging, heard = Staging(_ROWS), []
    for each in EventTables.joined(tables):  # a table costs milliseconds, and its rows next to nothing
        events = to_events(each, sealing, wells)
        pieces.append((events, 0))
        heard.append(heard_in(each.clear))
        if each.kind == COLLECT:
            staging.put(events)
    staging.close()
    frames, codes, _ = assemble(pieces, staging, is_distinct=True)
    return Events(
        frames,
        codes,
        rejects,
        [],
        rejected_loads=first_of_each([rejected_loads]),
        arrivals=joined_quarters(heard),
    )
