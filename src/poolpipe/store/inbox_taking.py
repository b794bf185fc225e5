"""Take what devices posted out of the inbox into a store's tables, each request once.

The position up to which the tables have the inbox is that of the newest input that came from it, in the same transaction
as its events. A crash before a commit leaves the requests in the inbox, and one after it leaves segments whose positions
the ledger knows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from poolpipe.display import mask_identities
from poolpipe.events.posted import StreamPlace
from poolpipe.events.posted_bodies import name_of, take_posted
from poolpipe.events.rejected_loads import PLATES
from poolpipe.events.taking import REJECTS
from poolpipe.inbox.log import INBOX, LostInbox
from poolpipe.store.event_tables import hashes_of, to_tables
from poolpipe.store.held_events import HeldEvents
from poolpipe.store.ledger import InputTaken, json_of
from poolpipe.store.new_parts import all_or_nothing, day_parts, refused_parts
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.posted import Posted
    from poolpipe.events.taking import Taken
    from poolpipe.policy import Policy
    from poolpipe.store.event_tables import EventTables
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

    Commit = Callable[[str, list[TablePart], list[InputTaken]], int]

__all__ = ["Cleaned", "InboxTaking", "Verdict"]


class Verdict(NamedTuple):
    """What became of the records of one request.

    Attributes
    ----------
    position : int
    read, accepted, duplicates, rejected : int
        ``read`` is the sum of the others.
    rejects : list of tuple
        line, code, detail of each rejected record.
    """

    position: int
    read: int
    accepted: int
    duplicates: int
    rejected: int
    rejects: list[tuple[int | None, str, str]]

    def as_answer(self) -> dict[str, Any]:
        """What the device is told beside the position."""
        rejects = [{"line": line, "code": code, "detail": detail} for line, code, detail in self.rejects]
        counts = {name: getattr(self, name) for name in ("read", "accepted", "duplicates")}
        return {**counts, "rejected": rejects}


class Cleaned(NamedTuple):
    """What became of some requests.

    Attributes
    ----------
    verdicts : list of Verdict
        One of each request, in their order.
    events : list of EventTables
        The events that the store did not hold, in no particular order.
    rejects : DataFrame
        As the table `rejects`.
    rejected_loads : DataFrame
        As `rejected_loads.PLATES`.
    """

    verdicts: list[Verdict]
    events: list[EventTables]
    rejects: pl.DataFrame
    rejected_loads: pl.DataFrame


@dataclass(slots=True)
class _SinceCommit:
    """What was cleaned since the last commit."""

    first: int = 0
    last: int = 0
    arrived: int = 0
    requests: int = 0
    counts: NDArray[np.int64] = field(
        default_factory=lambda: np.zeros(4, np.int64)
    )  # read, accepted, duplicates, rejected
    tables: dict[str, list[EventTables]] = field(default_factory=lambda: defaultdict(list))
    rejects: list[pl.DataFrame] = field(default_factory=list)
    loads: list[pl.DataFrame] = field(default_factory=list)
    words: dict[str, dict[str, str]] = field(default_factory=dict)
    left_out: set[str] = field(default_factory=set)
    lost: list[str] = field(default_factory=list)


class InboxTaking:
    """Cleans requests and commits what came of them, while the store's lock is held.

    Parameters
    ----------
    ledger, files, sealing, policy
        The store's.
    commit : callable
        Called with (what, parts, inputs); commits a version.

    Attributes
    ----------
    done : int
        Position of the last request that the tables have.
    place : StreamPlace
        Up to where the requests that were cleaned have a broker's stream.
    """

    def __init__(
        self, ledger: Ledger, files: PartFiles, sealing: DataKeys, policy: Policy, commit: Commit
    ) -> None:
        self._files, self._sealing, self._policy = files, sealing, policy
        self._ledger, self._commit = ledger, commit
        self._held = HeldEvents(ledger, files)
        self._waiting = _SinceCommit()
        self._input = ledger.next_input()
        self.done = ledger.inbox_position()
        self.place = StreamPlace(*ledger.stream_place())

    @property
    def events_waiting(self) -> int:
        """How many records were cleaned since the last commit."""
        return int(self._waiting.counts[0])

    @property
    def is_behind(self) -> bool:
        """Whether requests were cleaned since the last commit."""
        return self._waiting.requests > 0

    def clean(self, requests: Sequence[Posted]) -> Cleaned:
        """Clean requests, which follow those before, and find out which of their events are new.

        Parameters
        ----------
        requests : sequence of Posted
            At least one, in the order of their positions.
        """
        waiting = self._waiting
        waiting.first = waiting.first or requests[0].position
        waiting.arrived = waiting.arrived or requests[0].arrived
        waiting.last = requests[-1].position
        waiting.requests += len(requests)
        for request in requests:
            self.place = self.place.after(request.device)
        counts = np.zeros((len(requests), 4), np.int64)
        arrived = np.array([each.arrived for each in requests], np.int64)
        new: list[EventTables] = []
        rejects, loads = [pl.DataFrame(schema=REJECTS)], [pl.DataFrame(schema=PLATES)]
        for taken in take_posted(requests, self._policy):
            np.add.at(
                counts,
                taken.files,
                np.column_stack((taken.read, 0 * taken.read, taken.repeated, taken.rejected)),
            )
            for tables, places in self._tables(taken, arrived):
                hashes = hashes_of(tables.clear)
                is_new = self._held.add(tables, hashes)
                counts[:, 2] += np.bincount(places[~is_new], minlength=len(requests))
                if is_new.any():
                    new.append(tables if is_new.all() else tables.kept(np.flatnonzero(is_new)))
            rejects.append(taken.rejects)
            loads += taken.rejected_loads
            self._note(taken)
        counts[:, 1] = counts[:, 0] - counts[:, 2] - counts[:, 3]
        refused = pl.concat(rejects)
        verdicts = _verdicts(requests, counts, refused)
        named = _named(refused, requests)
        for each in new:
            waiting.tables[each.kind].append(each)
        if named.height:
            waiting.rejects.append(named.with_columns(input=pl.lit(self._input, pl.Int32)))
        waiting.counts += counts.sum(axis=0)
        return Cleaned(verdicts, new, named, pl.concat(loads))

    def note_loss(self, lost: LostInbox) -> None:
        """Let the next commit say what of the inbox was given up."""
        self._waiting.lost.append(f"{lost.path.name}:{lost.place}")

    def commit(self) -> int:
        """Commit what was cleaned as a version, with the position up to which the tables have the inbox.

        Returns
        -------
        int
            That position: synced.

        Raises
        ------
        InputError
            If the disk does not take it: the requests stay in the inbox, and this object may not be used any more.
        """
        waiting = self._waiting
        if not waiting.requests:
            return self.done
        with all_or_nothing(self._files) as parts:
            for kind in KINDS:
                if waiting.tables.get(kind):
                    parts.extend(day_parts(waiting.tables[kind], self._files, self._sealing))
            parts.extend(refused_parts(waiting.rejects, waiting.loads, self._files, self._sealing))
        self._commit("serve", parts, [self._as_input()])
        self.done, self._waiting = waiting.last, _SinceCommit()
        self._input = self._ledger.next_input()
        return self.done

    def _tables(
        self, taken: Taken, arrived: NDArray[np.int64]
    ) -> Iterator[tuple[EventTables, NDArray[np.int32]]]:
        """The events of an outcome as tables, and the request of each."""
        for events, file in taken.pieces:
            places = events.file_of_each(file)
            inputs = np.full(len(places), self._input, np.int32)
            wells = self._policy.codes.plate_wells
            yield to_tables(events, self._sealing, wells, arrived[places], inputs), places

    def _note(self, taken: Taken) -> None:
        waiting = self._waiting
        waiting.loads += taken.rejected_loads
        for told in taken.words:
            for column, words in told.items():
                waiting.words.setdefault(column, {}).update(words)
        waiting.left_out.update(*taken.left_out.values())

    def _as_input(self) -> InputTaken:
        waiting = self._waiting
        notes: dict[str, Any] = {
            "left_out": sorted(map(mask_identities, waiting.left_out)),
            "understood": {},
            "words": waiting.words,
        }
        if waiting.lost:
            notes["lost"] = waiting.lost
        if self.place.made:
            notes["stream"] = list(self.place)
        name, mark = f"{INBOX}/{waiting.first}-{waiting.last}", self._ledger.inbox_mark(waiting.last)
        read, accepted, duplicates, rejected = waiting.counts.tolist()
        return InputTaken(
            self._input, name, mark, waiting.arrived, read, accepted, duplicates, rejected, json_of(notes)
        )


def _verdicts(requests: Sequence[Posted], counts: NDArray[np.int64], refused: pl.DataFrame) -> list[Verdict]:
    told: dict[str, list[tuple[int | None, str, str]]] = defaultdict(list)
    if refused.height:
        for file, line, code, detail in refused.select("file", "line", "code", "detail").iter_rows():
            told[file].append((line, code, detail))
    return [
        Verdict(
            each.position,
            read,
            accepted,
            duplicates,
            rejected,
            told.get(name_of(each), []) if rejected else [],
        )
        for each, (read, accepted, duplicates, rejected) in zip(requests, counts.tolist(), strict=True)
    ]


def _named(refused: pl.DataFrame, requests: Sequence[Posted]) -> pl.DataFrame:
    """Name the device of each refused record beside its request."""
    if not refused.height:
        return refused
    names = {name_of(each): f"{name_of(each)} {each.device}" for each in requests}
    return refused.with_columns(pl.col("file").replace_strict(names, return_dtype=pl.String))
