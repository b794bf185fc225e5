"""Live tables beside a service: what it takes in is folded by a thread of its own, and readers are answered meanwhile."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from threading import BoundedSemaphore, Condition, Thread
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.choices import check_choice
from poolpipe.coding.distinct import distinct
from poolpipe.errors import InputError
from poolpipe.events.rejected_loads import PLATES
from poolpipe.events.taking import REJECTS
from poolpipe.live.answers import FORMATS, TableAsked, asked_rows, media_type, told_of, whole_number, written
from poolpipe.live.changes import ANNOUNCED, History
from poolpipe.live.chart_looks import ChartLooks
from poolpipe.live.following import events_of_tables
from poolpipe.live.renewing import BulkRenewal
from poolpipe.live.rights import EVERYTHING
from poolpipe.live.tables import BULK
from poolpipe.live.told import ToldChanges, ToldVersion, again
from poolpipe.live.waiting import WaitingEvents
from poolpipe.tables import TIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from poolpipe.live.rights import ReaderRights
    from poolpipe.live.state import Live
    from poolpipe.live.told import KeptVersion
    from poolpipe.live.waiting import FoldBatch
    from poolpipe.store.event_tables import EventTables
    from poolpipe.store.keys import DataKeys

__all__ = ["MOST_ROWS", "FoldFailedError", "LiveBoard"]

_ASKED: Final = ("round", "site", "lab", "status", "first", "rows", "as_of", "after")
_COUNTED: Final = ("folds", "fold_seconds", "followers")
_FOLLOWED_FOR: Final = 120.0
"""Seconds after the last look of a follower for which changes go on being kept."""

_AFTER_S: Final = 30.0
_LARGE: Final = 10_000
"""Pages of more rows are written one at a time, and hold up no smaller ones; of those two at a time."""

MOST_ROWS: Final = 1_000_000
"""Rows of a page, at most."""

_BEYOND_S: Final = 0.001
"""A recall is overdue once its time is past, not at it."""

_OPEN: Final = pl.col("outcome").is_null()


class FoldFailedError(Exception):
    """Folding has failed: the tables that stand here are old."""


class LiveBoard:
    """Tables of a store and of what comes meanwhile.

    Whatever waits is folded at once, so that under load batches grow and none waits for another. A version is the number of a fold.

    Parameters
    ----------
    live : Live
        Of the store's newest version.
    sealing : DataKeys or None
    wells : {96, 384}
        Wells of the store's plate.
    position : int, optional
        The last request that is in the tables, where nothing waits.
    waiting : WaitingEvents, optional
        What came since, while the tables were concluded.
    failed : callable, optional
        Called where a fold fails, in the thread.
    now : callable, optional
        The clock on the wall.
    drift_seconds : float, optional
        How often the charts of laboratories are looked at; never by default, and then there is no `lab_drift`.
    charts_failed : callable, optional
        Called where a look at the charts fails, in its thread: all other tables go on, and a later look is tried.
    """

    def __init__(
        self, live: Live, sealing: DataKeys | None, wells: int, *, position: int = 0, waiting: WaitingEvents | None = None,
        failed: Callable[[BaseException], None] | None = None, now: Callable[[], datetime] = lambda: datetime.now(UTC),
        drift_seconds: float | None = None, charts_failed: Callable[[BaseException], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.live, self.sealing, self._wells = live, sealing, wells
        live.history = History(1)  # whole tables of many versions are large: `ToldChanges` keeps rows
        self._waiting = WaitingEvents(position) if waiting is None else waiting
        self._settled = self._waiting.settled
        self._changed = Condition()
        self._folding = self._ends = False
        self._failed: BaseException | None = None
        self._on_failure, self._now = failed, now
        self._told = ToldChanges(live.tables.version)
        self._looked_at = float("-inf")
        self._renewal = BulkRenewal(live, self._changed, self._is_over, self._fail, self._position)
        self._charts = ChartLooks(live, self._changed, self._is_over, charts_failed)
        self._rendering = BoundedSemaphore(2), BoundedSemaphore(1)
        self._counts = dict.fromkeys(_COUNTED, 0.0)
        self._wall = now()
        self._due = self._next_due()
        self._thread = Thread(target=self._run, name="live", daemon=True)
        self._thread.start()
        if drift_seconds is not None:
            self._charts.start(drift_seconds)

    def fold(
        self, events: Sequence[EventTables], rejects: pl.DataFrame | None = None, rejected_loads: pl.DataFrame | None = None,
        position: int | None = None,
    ) -> None:  # fmt: skip
        """Hand events over that the store did not hold; this returns at once.

        Parameters
        ----------
        events : sequence of EventTables
        rejects : DataFrame, optional
            As the table.
        rejected_loads : DataFrame, optional
            As of `Events`.
        position : int, optional
            Of the last request that they came in; by default that of the request before plus one.
        """
        rejects = pl.DataFrame(schema=REJECTS) if rejects is None else rejects
        rejected_loads = pl.DataFrame(schema=PLATES) if rejected_loads is None else rejected_loads
        with self._changed:
            last = self._waiting.last + 1 if position is None else position
            self._waiting.put(last, events, rejects, rejected_loads)
            self._changed.notify_all()

    def counts(self) -> dict[str, float]:
        """What happened so far: folds, fold_seconds, waiting (events), position, followers."""
        with self._changed:
            return self._counts | {"waiting": float(self._waiting.rows), "position": float(self._position())}

    def answer(
        self, table: str, query: Mapping[str, str], accept: str = "", reader: ReaderRights = EVERYTHING
    ) -> tuple[str, bytes]:
        """Answer a reader.

        Parameters
        ----------
        table : str
            A key of `tables.TABLES` that he `may_read`.
        query : mapping
            round, site, lab, status; first and rows of a page; as_of ("now" for the clock on the wall); after: the position of a
            request that must be in the tables.
        accept : str
            As of `answers.media_type`.
        reader : ReaderRights

        Returns
        -------
        content_type : str
        body : bytes

        Raises
        ------
        InputError
            If there is no such table or column, or a number is none.
        FoldFailedError
            If folding has failed: what stands here is old.
        TimeoutError
            If the request that is asked for is not in the tables in time.
        """
        for name in query:
            check_choice("query", name, _ASKED, InputError)
        page = {name: whole_number(name, query[name]) for name in ("first", "rows") if name in query}
        page["rows"] = min(page.get("rows", 1_000), MOST_ROWS)
        if "after" in query and not self.settle(_AFTER_S, whole_number("after", query["after"])):
            raise TimeoutError
        self._check()
        if table in BULK:
            after = whole_number("after", query["after"]) if "after" in query else None
            if not self._renewal.ask(after, _AFTER_S):
                raise TimeoutError
            self._check()
        if table == "anomalies" and "after" in query:
            self._charts.look()
        with self._changed:
            tables, position = self.live.tables, self._position()
            if table in BULK and tables.bulk_version < tables.version:
                position = self._renewal.settled
        as_of = None
        if "as_of" in query:
            check_choice("as_of", query["as_of"], ("now",), InputError)
            as_of = max(self._now(), tables.as_of) if tables.as_of else None
        filters = {name: query[name] for name in _ASKED[:4] if name in query}
        asked = TableAsked(table, **filters, **page)  # type: ignore[arg-type]
        media = media_type(accept)
        with self._rendering[asked.rows > _LARGE]:
            rows = asked_rows(tables, asked, as_of, reader, self.sealing)
            told = told_of(tables, table, as_of) | {"request": position}
            return media, written(rows, FORMATS[media], told)

    def changes(
        self, since: int | None = None, tables: Iterable[str] = ANNOUNCED, beat_s: float = 15.0, reader: ReaderRights = EVERYTHING
    ) -> Iterator[str]:  # fmt: skip
        """Give what changes as server-sent events, as it changes; a comment where nothing does for a while.

        Parameters
        ----------
        since : int, optional
            The last version that the reader has; the present one by default.
        tables : iterable of str
            Those that the reader follows.
        beat_s : float
            Seconds without a change after which a comment is sent.
        reader : ReaderRights
        """
        wanted = tuple(tables)
        with self._changed:
            self._looked_at = time.monotonic()
            known = self.live.tables.version if since is None else since
            self._counts["followers"] += 1
        try:
            yield f"retry: 2000\n: from {known}\n\n"
            while True:
                later = self._later(known, beat_s)
                if self._is_over():
                    return
                if later is None:  # not kept: the reader reads the tables again
                    known = self.live.tables.version
                    yield again(known)
                elif not later:
                    yield ": nothing new\n\n"
                for each in later or ():
                    known = each.version
                    # without a row the reader learns how far he is, as the id of an event that his library does not hand on
                    yield self._told.text(each, wanted, reader, self.sealing) or f"id: {known}\n\n"
        finally:
            with self._changed:
                self._counts["followers"] -= 1

    def settle(self, seconds: float, position: int | None = None) -> bool:
        """Wait until all that was handed over is in the tables, or a request; False where it takes longer.

        Parameters
        ----------
        seconds : float
        position : int, optional
        """

        def is_there() -> bool:
            return self._position() >= (self._waiting.last if position is None else position)

        with self._changed:
            if position is not None:
                self._waiting.hurry(position)
                self._changed.notify_all()
            done = self._changed.wait_for(lambda: is_there() or self._failed is not None, seconds)
        self._check()
        return done

    def close(self) -> None:
        """Fold what was handed over, and end; readers of changes are let go."""
        with self._changed:
            self._ends = True
            self._changed.notify_all()
        self._thread.join()

    def _is_over(self) -> bool:
        return self._ends or self._failed is not None

    def _fail(self, error: BaseException) -> None:
        with self._changed:
            self._failed = error
            self._changed.notify_all()
        if self._on_failure:
            self._on_failure(error)

    def _later(self, known: int, seconds: float) -> list[KeptVersion] | None:
        """What changed after a version, as soon as something did; empty where nothing does."""
        with self._changed:
            self._looked_at = time.monotonic()
            self._changed.wait_for(
                lambda: self._told.since(known) != [] or self._ends or self._failed, seconds
            )
            self._looked_at = time.monotonic()
            return self._told.since(known)

    def _position(self) -> int:
        """The last request up to which all is in the tables."""
        return self._settled if self._folding else self._waiting.settled

    def _check(self) -> None:
        if self._failed is not None:
            raise FoldFailedError from self._failed

    def _run(self) -> None:
        while True:
            with self._changed:
                while (pause := self._pause()) is None or pause > 0:
                    if self._ends and self._waiting.due_in() is None:
                        return
                    self._changed.wait(pause)
                self._settled, self._folding = self._waiting.settled, True
                taken = self._waiting.take() if self._waiting.due_in() == 0 else None
            try:
                clocked = self._turn if self._charts.waiting is None else self._charts.take
                told = clocked() if taken is None else self._fold(taken)
            except BaseException as error:  # noqa: BLE001  # readers are told, and are not shown old tables
                self._failed, told = error, None
            with self._changed:
                if told is not None:
                    self._told.add(told)
                else:
                    self._told.skip(self.live.tables.version)
                self._folding = False
                self._changed.notify_all()
            if self._failed is not None:
                self._fail(self._failed)
                return

    def _pause(self) -> float | None:
        """Seconds until something is to be done; None where nothing is."""
        if self._charts.waiting is not None:
            return 0.0
        due = None if self._due is None else max(0.0, (self._due - self._now()).total_seconds() + _BEYOND_S)
        fold = self._waiting.due_in()
        if fold is not None and self._ends:
            fold = 0.0
        return min((each for each in (due, fold) if each is not None), default=None)

    def _fold(self, taken: FoldBatch) -> ToldVersion | None:
        """Fold events; what changed, where anybody follows."""
        began = time.perf_counter()
        changes = self.live.apply(events_of_tables(*taken, self.sealing, self._wells))
        self._due = self._next_due()
        self._counts["folds"] += 1
        self._counts["fold_seconds"] += time.perf_counter() - began
        is_followed = self._counts["followers"] or time.monotonic() - self._looked_at < _FOLLOWED_FOR
        return ToldVersion.of(changes) if is_followed else None

    def _turn(self) -> ToldVersion:
        """Tell recalls that have become overdue by the clock on the wall; a version of its own, with the same tables."""
        tables, now = self.live.tables, self._now()
        turned = tables.recalls.whole().filter(_OPEN, _between(self._wall, now))
        tubes = distinct(turned["tube"].to_numpy()).astype(np.int64)
        recalls = tables.rows_of("recalls", tubes).filter(_OPEN, _between(self._wall, now))
        pools = tables.rows_of("pools", tubes)
        self._wall = now
        self.live.advance(tables.version + 1)
        self._due = self._next_due()
        return ToldVersion(tables.version, tables.version + 1, {}, (pools, pools), recalls)

    def _next_due(self) -> datetime | None:
        """When the next recall becomes overdue by the clock on the wall."""
        wall = pl.lit(self._wall, TIME)
        due = (
            self.live.tables.recalls.select("due_at", "outcome")
            .filter(_OPEN, pl.col("due_at") >= wall)["due_at"]
            .min()
        )
        return due if isinstance(due, datetime) else None


def _between(first: datetime, last: datetime) -> pl.Expr:
    return (pl.col("due_at") >= pl.lit(first, TIME)) & (pl.col("due_at") < pl.lit(last, TIME))
