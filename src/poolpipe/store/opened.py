"""A store: events that come in for days, kept so that none is lost, and what is concluded from them."""

from __future__ import annotations

from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.coding.warmup import compile_kernels
from poolpipe.display import mask_identities
from poolpipe.errors import InputError
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.pipeline import conclude
from poolpipe.policy import load_policy
from poolpipe.results.locks import held
from poolpipe.store.access import LOCK, make_store
from poolpipe.store.checking import check_store
from poolpipe.store.concluding import check_conclusions, digest_of_events, keep_day
from poolpipe.store.delta_log import bring_in_step, shorten
from poolpipe.store.expiry import withdraw_older
from poolpipe.store.inbox_draining import holds_requests, inbox_findings, inbox_secret, take_in_inbox
from poolpipe.store.inbox_taking import InboxTaking
from poolpipe.store.ingesting import take_in
from poolpipe.store.keys import DataKeys
from poolpipe.store.ledger import Ledger, is_store
from poolpipe.store.reader import StoreReader
from poolpipe.store.repairing import repair_store
from poolpipe.store.upkeep import change_keys, commit_parts, compact_parts, erase_person, join_many

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator

    import polars as pl

    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.policy import Rules
    from poolpipe.results.day import Day
    from poolpipe.store.checking import StoreFinding
    from poolpipe.store.known_files import Lost
    from poolpipe.store.repairing import Commit, Repaired

    Progress = Callable[[str, int, int], None]

__all__ = ["Store"]

_TRIES = 3
"""How often a version is concluded while others take events in."""


class Store(StoreReader):
    """A folder into which events come for days.

    Parameters
    ----------
    path : path
        Made where there is nothing, and where `create` is True.
    key : path, optional
        File of the master key; else the file that the environment variable POOLPIPE_KEY_FILE names, else the file
        of the store's name and `.key` beside it. A new store makes that file.
    policy : Policy, str, Path or mapping, optional
        How a new store cleans and checks events; `ten-in-one` by default.
    create : bool
        Whether to make a store where there is none.
    settle : bool
        Whether requests that a service acknowledged and left in the inbox when it died are taken in now, if the key is here.

    Raises
    ------
    InputError
        If there is none, the ledger cannot be read, or the key is another store's.

    Examples
    --------
    >>> import polars as pl, poolpipe, tempfile
    >>> from poolpipe.store import Store
    >>> collects = pl.DataFrame({"at": ["2022-02-10 08:00"], "tube": ["T1"], "person_type": ["PASSPORT"], "person": ["E1"]})
    >>> with tempfile.TemporaryDirectory() as folder, Store(f"{folder}/city") as store:
    ...     told = store.ingest({"collect": collects})
    ...     store.run().pools["people"].to_list()
    [1]
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        key: str | os.PathLike[str] | None = None,
        policy: Rules = None,
        create: bool = True,
        settle: bool = True,
    ) -> None:
        if not is_store(Path(path)):
            if not create:
                raise InputError.of("no_store", where=str(path))
            make_store(Path(path), key, load_policy(policy))
        super().__init__(path, key)
        if settle and self.has_key and holds_requests(self.path):
            try:
                self._settle()
            except BaseException:
                self.close()
                raise

    def note_unsealing(self, who: str, what: str, why: str) -> None:
        """Write into the store that identities are opened; whoever shows them calls this first.

        Parameters
        ----------
        who, what, why : str
            The reader, the command, and the reason they gave. The log is not sealed: resident IDs and telephones in it
            are masked.
        """
        ledger = Ledger(self.path, writes=True)
        try:
            ledger.note_unsealing(mask_identities(who), mask_identities(what), mask_identities(why))
        finally:
            ledger.close()

    def ingest(
        self,
        inputs: Inputs,
        *,
        kind: str | None = None,
        mapping: ColumnMapping | None = None,
        progress: Progress | None = None,
    ) -> pl.DataFrame:
        """Take events in; what this returns is on disk and synced.

        Parameters
        ----------
        inputs, kind, mapping, progress
            As in `poolpipe.run`.

        Returns
        -------
        DataFrame
            file, read, accepted, duplicates, rejected, and `again`: the input that had the same content before, of
            which nothing was taken.

        Raises
        ------
        InputError
            If the key is not here, another process writes, the disk does not take it, or as in `poolpipe.run`.
        """
        return self.ingest_files(inputs, kind=kind, mapping=mapping, progress=progress)[0]

    def ingest_files(
        self,
        inputs: Inputs,
        *,
        kind: str | None = None,
        mapping: ColumnMapping | None = None,
        progress: Progress | None = None,
    ) -> tuple[pl.DataFrame, dict[str, str]]:
        """Take events in like `ingest`; also give the files that were not read, and why.

        Parameters
        ----------
        inputs, kind, mapping, progress
            As in `poolpipe.run`.
        """
        with self._writing() as ledger:
            told = take_in(
                inputs, ledger, self._files, self._keys.required(), self.policy, commit=partial(commit_parts, ledger, self._files),
                foreign=InstrumentSource(self.policy), kind=kind, mapping=mapping, progress=progress,
            )  # fmt: skip
            join_many(ledger, self._files, self._keys.required())
            return told

    @contextmanager
    def serving(self) -> Iterator[InboxTaking]:
        """Hold the store as the one process that writes, for requests that come while it does.

        Yields
        ------
        InboxTaking
            What cleans and commits them. The inbox is empty.
        """
        with self._writing() as ledger:
            commit = partial(commit_parts, ledger, self._files)
            yield InboxTaking(ledger, self._files, self._keys.required(), self.policy, commit)

    @property
    def inbox_position(self) -> int:
        """The last request of the inbox that the tables have; 0 where none came."""
        return self._ledger.inbox_position()

    def inbox_secret(self) -> bytes:
        """The key of the inbox."""
        return inbox_secret(self._keys.required())

    def check(self, progress: Progress | None = None, *, version: int | None = None) -> list[StoreFinding]:
        """Prove every law of the store; empty where it is sound.

        Parameters
        ----------
        progress : callable, optional
            Called with ("checking", files checked, of how many).
        version : int, optional
            Only the files of this one; by default those of all that are kept.
        """
        asked = None if version is None else self._asked(version)
        with suppress(InputError):  # a damaged ledger is a finding
            self._keys.renew(self._ledger)
        found = check_store(self._ledger, self._files, self._keys.sealing, progress, version=asked)
        is_legible = not any(each.code == "ledger_damaged" for each in found)
        if not is_legible:
            return found
        inbox = inbox_findings(self.path, self._ledger, self._keys.sealing) if asked is None else []
        return [*found, *check_conclusions(self._ledger, self._files, asked), *inbox]

    def repair(
        self,
        inputs: Inputs = (),
        *,
        accepts_loss: bool = False,
        kind: str | None = None,
        mapping: ColumnMapping | None = None,
        progress: Progress | None = None,
    ) -> Repaired:
        """Take what damaged files held in again from the files that it came from; the key is needed.

        Nothing changes before all of it is there. Other inputs are not read: ingest takes them in.

        Parameters
        ----------
        inputs : path or paths
            The files that were ingested, or some of them.
        accepts_loss : bool
            Whether what they do not hold is given up; it is written down how many records of which input are lost.
        kind, mapping, progress
            As in `ingest`, and as the files were taken in.

        Raises
        ------
        InputError
            If not all is there again; it names the files that are needed.
        """

        def take(lost: Lost, commit: Commit) -> None:
            if inputs != ():
                take_in(
                    inputs, ledger, self._files, self._keys.required(), self.policy, commit=commit,
                    foreign=InstrumentSource(self.policy), kind=kind, mapping=mapping, lost=lost, progress=progress,
                )  # fmt: skip

        with self._writing(accepts_loss=accepts_loss) as ledger:
            told = repair_store(
                ledger, self._files, self._keys.required(), take, accepts_loss=accepts_loss, progress=progress
            )
            shorten(self.path, ledger)  # writes logs anew that are damaged
            return told

    def compact(self, *, keep_days: float | None = None, keep_events: float | None = None) -> dict[str, int]:
        """Withdraw old events, join small files, and forget old versions.

        Parameters
        ----------
        keep_days : float, optional
            A version younger than so many days can still be read afterwards; `store.versions_days` of the policy by default.
        keep_events : float, optional
            Events, and refused records, that happened and arrived more than so many days ago are no part of the newest
            version, and are gone once the versions before are; `store.events_days` of the policy by default; 0 keeps all.

        Returns
        -------
        dict
            withdrawn: events and refused records; joined: files that others replaced; versions: how many were forgotten;
            removed: files that were removed.
        """
        rules = self.policy.store
        days = rules.versions_days if keep_days is None else keep_days
        events_days = rules.events_days if keep_events is None else keep_events
        with self._writing() as ledger:
            sealing, withdrawn = self._keys.required(), 0
            if events_days:
                limit = int((datetime.now(UTC) - timedelta(days=events_days)).timestamp() * 1_000_000)
                withdrawn = withdraw_older(ledger, self._files, sealing, limit)
            return {"withdrawn": withdrawn, **compact_parts(ledger, self._files, sealing, days)}

    def erase(self, person: str, person_type: str = RESIDENT) -> int:
        """Erase a person from every kept version: rows stay under a random number, so that counts stay true.

        No version has conclusions any more; `conclude` makes those of the newest again.

        Parameters
        ----------
        person, person_type : str
            The document, cleaned as those of events are; a resident ID by default.

        Returns
        -------
        int
            How many files named the person; they are removed.

        Raises
        ------
        InputError
            If it is no number of a document.
        """
        with self._writing() as ledger:
            return erase_person(ledger, self._files, self._keys.required(), person, person_type)

    def conclude(self, progress: Progress | None = None) -> Day:
        """Conclude the newest version, and keep its tables in the store as a version of their own.

        By the store's policy, as of its latest event. Tables are kept once: where the newest version has them, nothing is
        done. `Store.run` keeps nothing.

        Parameters
        ----------
        progress : callable, optional
            As in `poolpipe.run`.

        Returns
        -------
        Day

        Raises
        ------
        InputError
            If the key is not here, another process writes or takes events in all the time, or the disk does not take
            the tables; then the store is as it was.
        """
        compile_kernels(progress)
        for _ in range(_TRIES):
            version, rules = self.version, self.policy
            kept = self.kept(version)
            if kept is not None:
                return kept
            self._keys.required()
            of = digest_of_events(self._ledger, version)
            # others may write meanwhile: a city takes half a minute
            day = conclude(self.read_events(version, progress), rules, views=False, progress=progress)
            with self._writing() as ledger:
                if digest_of_events(ledger, ledger.newest()) == of:
                    keep_day(day, rules, ledger, self._files, self._keys.required(), progress)
                    return day
        raise InputError.of("store_in_use", where=str(self.path))

    def rotate_key(self, *, data: bool = False) -> Path:
        """Change the master key; the new one takes the old one's place, which is kept with the ending `.old`.

        Parameters
        ----------
        data : bool
            Change the data keys, too, and write every file anew: after a leak of the old ones.

        Returns
        -------
        Path
            The file of the new key.
        """
        with self._writing() as ledger:
            before = self._keys.required()
            after = DataKeys.new() if data else before
            with self._keys.changing(ledger) as master:
                change_keys(
                    ledger, self._files, before, after, after.wrapped(master), self.policy.codes.plate_wells
                )
        return self.key_file

    @contextmanager
    def _writing(self, *, accepts_loss: bool = False) -> Iterator[Ledger]:
        """Hold the store's lock, with the ledger open for writing, leftovers of dead writers removed, the inbox taken in."""
        try:
            with held(self.path / LOCK):
                ledger = Ledger(self.path, writes=True)
                try:
                    self._keys.renew(ledger)
                    self._keys.settle()
                    self._files.remove_leftovers(ledger.all_parts())
                    take_in_inbox(
                        self.path, ledger, self._files, self._keys.required(), self.policy,
                        partial(commit_parts, ledger, self._files), accepts_loss=accepts_loss,
                    )  # fmt: skip
                    yield ledger
                    bring_in_step(self.path, ledger)
                finally:
                    ledger.close()
        except BlockingIOError as error:
            raise InputError.of("store_in_use", where=str(self.path)) from error

    def _settle(self) -> None:
        """Take in what is in the inbox, unless another process writes, or this one cannot."""
        try:
            with self._writing():
                pass
        except InputError as error:
            if error.code != "store_in_use":
                raise
        except OSError:  # a medium that cannot be written
            return
