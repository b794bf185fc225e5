"""Take what devices posted out of the inbox into a store's tables, each request once.

The position up to which the tables have the inbox is that of the newest input that came from it, in the same transaction
as its events. A crash before a commit leaves the requests in the inbox, and one after it leaves segments whose positions
the ledger knows.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from poolpipe.display import mask_identities
from poolpipe.events.posted_bodies import name_of, take_posted
from poolpipe.events.rejected_loads import PLATES
from poolpipe.inbox.log import INBOX, LostInbox
from poolpipe.store.contents import LOADS, LOADS_CLEAR, REJECTS, REJECTS_CLEAR, REJECTS_VAULT
from poolpipe.store.day_parts import day_parts
from poolpipe.store.event_tables import hashes_of, to_tables
from poolpipe.store.held_events import HeldEvents
from poolpipe.store.ledger import InputTaken, json_of
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
    """

    verdicts: list[Verdict]
    events: list[EventTables]
    rejects: pl.DataFrame


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
        counts = np.zeros((len(requests), 4), np.int64)
        arrived = np.array([each.arrived for each in requests], np.int64)
        new: list[EventTables] = []
        rejects = [pl.DataFrame(schema=_REJECTS)]
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
        return Cleaned(verdicts, new, named)

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
        parts: list[TablePart] = []
        try:
            for kind in KINDS:
                if waiting.tables.get(kind):
                    parts += day_parts(waiting.tables[kind], self._files, self._sealing)
            parts += self._other_parts()
        except BaseException:
            for part in parts:
                self._files.remove(part)
            raise
        self._commit("serve", parts, [self._as_input()])
        self.done, self._waiting = waiting.last, _SinceCommit()
        self._input = self._ledger.next_input()
        return self.done

    def _tables(
        self, taken: Taken, arrived: NDArray[np.int64]
    ) -> Iterator[tuple[EventTables, NDArray[np.int32]]]:
        """The events of an outcome as tables, and the request of each."""
        for events, file in taken.pieces:
            n = len(events.at)
            places = np.full(n, file, np.int32) if events.files is None else events.files
            if events.attributes_id is not None and events.files is not None:
                places = events.files[events.attributes_id]
            inputs = np.full(n, self._input, np.int32)
            yield (
                to_tables(events, self._sealing, self._policy.codes.plate_wells, arrived[places], inputs),
                places,
            )

    def _note(self, taken: Taken) -> None:
        waiting = self._waiting
        waiting.loads += [loads for loads in taken.rejected_loads if loads.height]
        for told in taken.words:
            for column, words in told.items():
                waiting.words.setdefault(column, {}).update(words)
        waiting.left_out.update(*taken.left_out.values())

    def _other_parts(self) -> list[TablePart]:
        """Write refused records, and the plates of refused loads."""
        parts = []
        if self._waiting.rejects:
            frame = pl.concat(self._waiting.rejects)
            clear = frame.select(REJECTS_CLEAR.names).to_arrow().cast(REJECTS_CLEAR)
            vault = frame.select(REJECTS_VAULT.names).to_arrow().cast(REJECTS_VAULT)
            parts.append(self._files.write(REJECTS, clear, vault, self._sealing))
        if self._waiting.loads:
            frame = pl.concat([pl.DataFrame(schema=PLATES), *self._waiting.loads])
            parts.append(self._files.write(LOADS, frame.to_arrow().cast(LOADS_CLEAR), None, self._sealing))
        return parts

    def _as_input(self) -> InputTaken:
        waiting = self._waiting
        notes = {
            "left_out": sorted(map(mask_identities, waiting.left_out)),
            "understood": {},
            "words": waiting.words,
        }
        if waiting.lost:
            notes["lost"] = waiting.lost
        name, mark = f"{INBOX}/{waiting.first}-{waiting.last}", self._ledger.inbox_mark(waiting.last)
        read, accepted, duplicates, rejected = waiting.counts.tolist()
        return InputTaken(
            self._input, name, mark, waiting.arrived, read, accepted, duplicates, rejected, json_of(notes)
        )


_REJECTS: Final = {
    "file": pl.String,
    "line": pl.Int64,
    "kind": pl.String,
    "code": pl.String,
    "detail": pl.String,
    "raw": pl.String,
}


def _verdicts(requests: Sequence[Posted], counts: NDArray[np.int64], refused: pl.DataFrame) -> list[Verdict]:
    told: dict[str, list[tuple[int | None, str, str]]] = defaultdict(list)
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
