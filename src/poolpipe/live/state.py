"""Live conclusions: a city's tables, kept equal to what the pipeline would conclude, batch after batch."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import RLock
from typing import TYPE_CHECKING, cast

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct
from poolpipe.coding.pool_thread import in_pool_thread
from poolpipe.decode.joint_rounds import MOST_COMPONENTS
from poolpipe.events.reading import Events
from poolpipe.events.rejected_loads import first_of_each, known_at
from poolpipe.live.changes import Changes, History
from poolpipe.live.concluding import ConcludedTubes, conclude_tubes
from poolpipe.live.doubts import doubted_tubes
from poolpipe.live.heard_parts import HeardParts
from poolpipe.live.held_rows import HeldRows, Rows
from poolpipe.live.localising import localised
from poolpipe.live.neighbourhood import NeighbourhoodLimits, Siblings, affected_by, context_of
from poolpipe.live.numbering import of_city, with_lasting_numbers
from poolpipe.live.rounds import RoundStarts
from poolpipe.live.subjects import owners_of_affected, with_owners
from poolpipe.live.tables import BULK, LiveTables
from poolpipe.pipeline import conclude
from poolpipe.stages.voids import latest_at
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from poolpipe.coding.quarters import Heard
    from poolpipe.policy import Policy
    from poolpipe.results.day import Day
    from poolpipe.results.tables import EncodedTables

__all__ = ["Live"]


class Live:
    """Tables that follow events as they come.

    Parameters
    ----------
    events : Events
        All that there are so far, each once: of a store's version, or of files.
    policy : Policy
    version : int
        Of the store.
    limits : NeighbourhoodLimits, optional
        How far a neighbourhood goes.

    Attributes
    ----------
    tables : LiveTables
        Of the newest version. It never changes: who holds it reads one version as long as he likes.
    history : History
    """

    def __init__(
        self, events: Events, policy: Policy, version: int = 0, limits: NeighbourhoodLimits | None = None
    ) -> None:
        self.policy, self._limits = policy, limits or NeighbourhoodLimits()
        self._lock = RLock()
        self.history = History()
        self._held: HeldRows
        self._siblings: Siblings
        self._starts: RoundStarts
        self._rejects: list[pl.DataFrame]
        self._loads: pl.DataFrame
        self._heard: HeardParts
        self.tables = self._begun(events, version)

    def apply(self, events: Events, version: int | None = None) -> Changes:
        """Take a batch in, and conclude anew what it changes.

        Parameters
        ----------
        events : Events
            None of them held before.
        version : int, optional
            That of the store which has them; by default the next.

        Returns
        -------
        Changes
        """
        with self._lock:
            number = self.tables.version + 1 if version is None else version
            return in_pool_thread(lambda: self._applied(events, number)) or self.rebase(number)

    def _applied(self, events: Events, number: int) -> Changes | None:
        """Take a batch in; None where everything is to be concluded anew.

        Parameters
        ----------
        events : Events
            As of `apply`.
        number : int
            The version.
        """
        before = self.tables
        loads, moment = self._loads, before.as_of
        self._rejects.append(events.rejects)
        self._loads = first_of_each([loads, events.rejected_loads])
        self._heard = self._heard.with_more(events.arrivals)
        latest = latest_at(events.frames)
        as_of = max(moment, latest) if moment and latest else moment or latest
        added = self._held.add(events.frames, events.codes)
        if as_of is None:
            after = before.replaced(version=number, rejects=self._all_rejects(), heard=self._heard)
            return self._publish(Changes.nothing(before, after))
        if not self._held.frames["collect"].height:  # nobody hangs together with anybody
            return None
        plates = self._plates_of_rejected(loads, moment, as_of)
        recalls = before.recalls.select("tube", "person", "single_tube")
        recalled = distinct(recalls["tube"].to_numpy()).astype(np.int64)
        limits = self._limits if self._carries_exactly(added) else self._limits._replace(closed=-1)
        affected = affected_by(self._held, added, self._siblings, plates, before.pools, recalled, limits)
        if affected is None:
            return None
        starts = self._starts.without(affected.tubes, before.pools)
        rows = context_of(self._held, affected, starts.tubes())
        local = localised(self._held, rows)
        asked = np.isin(local.entities["tube"], affected.tubes)
        found = conclude_tubes(local, self._loads, self.policy, as_of, asked)
        mine = _kept(with_lasting_numbers(found, local), affected.tubes)
        begun = starts.joined(mine.pools)
        if not self._starts.same_order(begun):
            return None
        self._starts = begun
        owners = owners_of_affected(self._held, affected)
        tables = before.folded(
            affected.tubes, mine, owners, codes=self._held.codes.dictionaries(), version=number, as_of=as_of
        ).replaced(rejects=self._all_rejects(), heard=self._heard)
        if affected.is_cut:
            answered = [recalls, mine.recalls.select(recalls.columns)]
            doubtful = doubted_tubes(
                self._held, affected.tubes, before.doubtful, before.pools, answered, begun.places()
            )
        else:  # all that hang together are known anew
            doubtful = np.setdiff1d(before.doubtful, affected.tubes, assume_unique=True)
        tables = tables.replaced(doubtful=doubtful)
        return self._publish(Changes(before, tables, affected.tubes, owners))

    @contextmanager
    def held(self) -> Iterator[tuple[HeldRows, LiveTables]]:
        """All events that are held, and their tables; no batch is taken in meanwhile."""
        with self._lock:
            yield self._held, self.tables

    def advance(self, version: int, drifting: pl.DataFrame | None = None) -> None:
        """Take over the number of a later version that has the same events.

        Parameters
        ----------
        version : int
        drifting : DataFrame, optional
            The anomalies of laboratories that drift, where they are others.
        """
        with self._lock:
            before = self.tables
            if version != before.version:
                is_bulk_new = before.bulk_version == before.version
                after = before.replaced(
                    version=version, bulk_version=version if is_bulk_new else before.bulk_version,
                    drifting=before.drifting if drifting is None else drifting,
                )  # fmt: skip
                self._publish(Changes.nothing(before, after))

    def rebase(self, version: int | None = None) -> Changes:
        """Conclude everything anew, as `poolpipe run` does; all tables are current again, and nothing is doubtful."""
        with self._lock:
            before = self.tables
            events = _every_event(self._held, self._all_rejects(), self._loads, self._heard.whole)
            after = self._begun(events, before.version if version is None else version)
            after = after.replaced(drifting=before.drifting)
            return self._publish(Changes.everything(before, after))

    def refresh(self) -> None:
        """Make the tables of `BULK` those of the present version, while batches go on being taken in.

        No batch waits for it: what is held is taken as it is now, in no time, and numbered and concluded beside.
        """
        with self._lock:
            held, then = self._held.as_now(), self.tables
            rejects, loads, heard = self._all_rejects(), self._loads, self._heard
        if then.as_of is None:
            return
        events = _every_event(held, rejects, loads, heard.whole)
        day = conclude(events, self.policy, views=False)
        bulk = _bulk_of(day)
        with self._lock:
            self.tables = self.tables.replaced(bulk=bulk, bulk_version=then.version, bulk_as_of=then.as_of)

    def _carries_exactly(self, added: Rows) -> bool:
        """Whether P(infected) can be known from people who hang together: in one round, or where the city is small.

        Above 2,000 components of several rounds (`decode.joint_rounds`) it depends on how many there are in the whole city.
        """
        rows = added.get("collect", np.empty(0, np.int64))
        tubes = self._held.column("collect", "tube", rows).unique().to_numpy().astype(np.int64)
        rounds = {*self._starts.rows["round"].to_list(), *self._held.codes.rounds_of("tube", tubes).tolist()}
        return len(rounds) < 2 or self._held.codes.count("tube") <= MOST_COMPONENTS

    def _begun(self, events: Events, version: int) -> LiveTables:
        """Conclude everything.

        Parameters
        ----------
        events : Events
            All that there are.
        version : int
            What their tables are of.
        """
        held, as_of = HeldRows(), latest_at(events.frames)
        # sorting the indices of a city takes as long as half of concluding it
        with ThreadPoolExecutor(1) as beside:
            holding = beside.submit(held.add, events.frames, events.codes)
            day = conclude(events, self.policy, views=False)
            bulk = beside.submit(_bulk_of, day)
            found = of_city(cast("EncodedTables", day.encoded))  # it was not read from a folder
            holding.result()
        self._held, self._siblings = held, Siblings(held)
        self._rejects, self._loads = [events.rejects], events.rejected_loads
        self._heard = HeardParts((events.arrivals,))
        self._starts = RoundStarts.of(found.pools, self._held.codes)
        return LiveTables.of_city(
            found, bulk.result(), self._held.codes.dictionaries(), self.policy, version, as_of,
            events.rejects, self._heard,
        )  # fmt: skip

    def _publish(self, changes: Changes) -> Changes:
        self.tables = changes.after
        self.history.add(changes)
        return changes

    def _all_rejects(self) -> pl.DataFrame:
        if len(self._rejects) > 1:
            self._rejects = [pl.concat(self._rejects)]
        return self._rejects[0]

    def _plates_of_rejected(
        self, before: pl.DataFrame, moment: datetime | None, as_of: datetime
    ) -> np.ndarray:
        """Plates of which a load was rejected by now, and was not when tables were concluded last.

        Parameters
        ----------
        before : DataFrame
            The rejected loads that were known then.
        moment, as_of : datetime
            The latest event's time then, None where there was none, and now.
        """
        counted = known_at(before, moment) if moment else before.clear()
        known = known_at(self._loads, as_of)
        if known.is_empty():
            return np.empty(0, np.int64)
        new = known.join(counted, on=["round", "plate"], how="anti")
        plates = self._held.codes.find_entity("plate", new["round"], new["plate"])
        return distinct(plates[plates >= 0])


def _bulk_of(day: Day) -> dict[str, pl.DataFrame]:
    return {name: day.table(name) for name in BULK}


def _every_event(held: HeldRows, rejects: pl.DataFrame, loads: pl.DataFrame, heard: Heard) -> Events:
    """All events that are held, numbered in order."""
    every: Rows = {kind: np.arange(held.frames[kind].height) for kind in KINDS}
    local = localised(held, every)
    return Events(local.frames, local.codes, rejects, [], rejected_loads=loads, arrivals=heard)


def _kept(found: ConcludedTubes, tubes: np.ndarray) -> ConcludedTubes:
    """The rows of some tubes, by tube."""

    def mine(frame: pl.DataFrame) -> pl.DataFrame:
        numbers = frame["tube"].to_numpy()
        rows = np.flatnonzero(np.isin(numbers, tubes))
        return frame[rows[np.argsort(numbers[rows], kind="stable")]]

    parts = mine(found.pools), mine(found.members), mine(found.recalls), mine(found.cases)
    return ConcludedTubes(*parts, with_owners(found.anomalies))
