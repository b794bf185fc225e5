"""Live tables beside a service: what it takes in is folded by a thread of its own, and readers are answered meanwhile."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING, NamedTuple

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.errors import InputError
from poolpipe.events.rejected_loads import PLATES
from poolpipe.events.taking import REJECTS
from poolpipe.live.answers import FORMATS, TableAsked, asked_rows, change_events, told_of, written
from poolpipe.live.changes import ANNOUNCED
from poolpipe.live.following import events_of_tables

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from poolpipe.live.state import Live
    from poolpipe.store.event_tables import EventTables
    from poolpipe.store.keys import DataKeys

__all__ = ["LiveBoard"]

_ASKED = ("round", "site", "lab", "status", "first", "rows")


class _Folded(NamedTuple):
    """What became of some requests."""

    events: Sequence[EventTables]
    rejects: pl.DataFrame
    rejected_loads: pl.DataFrame


class LiveBoard:
    """Tables of a store and of what comes meanwhile.

    Whatever waits is folded at once, so that under load batches grow and none waits for another. A position is the number of a fold,
    from that of the store's version on.

    Parameters
    ----------
    live : Live
        Of the store's newest version.
    sealing : DataKeys or None
    wells : {96, 384}
        Wells of the store's plate.
    """

    def __init__(self, live: Live, sealing: DataKeys | None, wells: int) -> None:
        self.live, self._sealing, self._wells = live, sealing, wells
        self._waiting: list[_Folded] = []
        self._changed = threading.Condition()
        self._folding = self._ends = False
        self._failed: BaseException | None = None
        self._thread = threading.Thread(target=self._run, name="live", daemon=True)
        self._thread.start()

    def fold(
        self,
        events: Sequence[EventTables],
        rejects: pl.DataFrame | None = None,
        rejected_loads: pl.DataFrame | None = None,
    ) -> None:
        """Hand events over that the store did not hold; this returns at once.

        Parameters
        ----------
        events : sequence of EventTables
        rejects : DataFrame, optional
            As the table.
        rejected_loads : DataFrame, optional
            As of `Events`.
        """
        rejects = pl.DataFrame(schema=REJECTS) if rejects is None else rejects
        rejected_loads = pl.DataFrame(schema=PLATES) if rejected_loads is None else rejected_loads
        with self._changed:
            self._waiting.append(_Folded(events, rejects, rejected_loads))
            self._changed.notify_all()

    @property
    def waiting(self) -> int:
        """How many folds have not begun."""
        return len(self._waiting)

    def answer(self, table: str, query: Mapping[str, str], accept: str = "") -> tuple[str, bytes]:
        """Answer a reader.

        Parameters
        ----------
        table : str
            A key of `tables.TABLES`.
        query : mapping
            round, site, lab, status; first and rows of a page.
        accept : str
            The media types that the reader takes, the first that is known counts; JSON by default.

        Returns
        -------
        content_type : str
        body : bytes

        Raises
        ------
        InputError
            If there is no such table or column, or a number is none.
        RuntimeError
            If folding has failed: what stands here is old.
        """
        self._check()
        for name in query:
            check_choice("query", name, _ASKED, InputError)
        page = {name: _whole(name, query[name]) for name in ("first", "rows") if name in query}
        filters = {name: query[name] for name in _ASKED[:4] if name in query}
        tables = self.live.tables
        rows = asked_rows(tables, TableAsked(table, **filters, **page))  # type: ignore[arg-type]
        wanted = (each.partition(";")[0].strip() for each in accept.split(","))
        media = next((each for each in wanted if each in FORMATS), "application/json")
        return media, written(rows, FORMATS[media], told_of(tables, table))

    def changes(
        self, since: int | None = None, tables: Iterable[str] = ANNOUNCED, beat_s: float = 15.0
    ) -> Iterator[str]:
        """Give what changes as server-sent events, as it changes; a comment where nothing does for a while.

        Parameters
        ----------
        since : int, optional
            The last position that the reader has; the present one by default.
        tables : iterable of str
            Those that the reader follows.
        beat_s : float
            Seconds without a change after which a comment is sent.
        """
        known = self.live.tables.version if since is None else since
        wanted = tuple(tables)
        while True:
            changed = self._wait_beyond(known, beat_s)
            if self._ends or self._failed:
                return
            if not changed:
                yield ": nothing new\n\n"
                continue
            later = self.live.history.since(known)
            if later is None:  # no longer kept: the reader reads the tables again
                known = self.live.tables.version
                yield f'event: again\nid: {known}\ndata: {{"version": {known}}}\n\n'
                continue
            for each in later:
                yield change_events(each, wanted)
                known = each.version

    def _wait_beyond(self, known: int, seconds: float) -> bool:
        """Wait until there is a later position.

        Parameters
        ----------
        known : int
        seconds : float
            At most.
        """
        with self._changed:
            return bool(
                self._changed.wait_for(
                    lambda: self.live.tables.version > known or self._ends or self._failed, seconds
                )
            )

    def settle(self, seconds: float) -> bool:
        """Wait until all that was handed over is in the tables; False where it takes longer.

        Parameters
        ----------
        seconds : float
        """
        with self._changed:
            done = self._changed.wait_for(lambda: not self._busy() or self._failed is not None, seconds)
        self._check()
        return done

    def close(self) -> None:
        """Fold what was handed over, and end; readers of changes are let go."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._thread.join()

    def _busy(self) -> bool:
        return self._folding or bool(self._waiting)

    def _check(self) -> None:
        if self._failed is not None:
            raise RuntimeError from self._failed

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._ends)
                taken, self._waiting = self._waiting, []
                self._folding = bool(taken)
            if not taken:
                return
            try:
                self._fold(taken)
            except BaseException as error:  # noqa: BLE001  # readers are told, and are not shown old tables
                self._failed = error
            with self._changed:
                self._folding = False
                self._changed.notify_all()
            if self._failed is not None:
                return

    def _fold(self, taken: list[_Folded]) -> None:
        tables = [each for some in taken for each in some.events]
        rejects = pl.concat([each.rejects for each in taken])
        loads = pl.concat([each.rejected_loads for each in taken])
        self.live.apply(events_of_tables(tables, rejects, loads, self._sealing, self._wells))


def _whole(name: str, given: str) -> int:
    if not given.isdecimal():
        check_choice(name, given, ("0", "1", "2", "…"), InputError)
    return int(given)
