"""A store: events that come in for days, kept so that none is lost, and what is concluded from them."""

from __future__ import annotations

import json
from contextlib import contextmanager, suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.choices import suggestion
from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.coding.warmup import compile_kernels
from poolpipe.errors import InputError
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.pipeline import conclude
from poolpipe.policy import load_policy
from poolpipe.results.locks import held
from poolpipe.store.access import LOCK, StoreKeys, make_store
from poolpipe.store.checking import check_store
from poolpipe.store.delta_log import bring_in_step
from poolpipe.store.ingesting import take_in
from poolpipe.store.keys import DataKeys
from poolpipe.store.ledger import Ledger, is_store
from poolpipe.store.part_files import PartFiles
from poolpipe.store.reading import events_of_version
from poolpipe.store.upkeep import change_keys, commit_parts, compact_parts, erase_person
from poolpipe.tables import KINDS, TIME

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.opening import Inputs
    from poolpipe.events.reading import Events
    from poolpipe.events.reference import Reference
    from poolpipe.policy import Policy, Rules
    from poolpipe.results.day import Day
    from poolpipe.results.writing import Writing
    from poolpipe.stages.readings import Which
    from poolpipe.store.checking import StoreFinding

    Progress = Callable[[str, int, int], None]

__all__ = ["Store"]


class Store:
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
    ) -> None:
        self.path = Path(path)
        self._files = PartFiles(self.path)
        if not is_store(self.path):
            if not create:
                raise InputError.of("no_store", where=str(self.path))
            make_store(self.path, key, load_policy(policy))
        self._ledger, self._keys = Ledger(self.path, writes=False), StoreKeys(self.path, key)
        try:
            self._keys.renew(self._ledger)
        except BaseException:
            self._ledger.close()
            raise

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the ledger; whatever was acknowledged stays."""
        self._ledger.close()

    @property
    def version(self) -> int:
        """The newest version."""
        return self._ledger.newest()

    @property
    def has_key(self) -> bool:
        """Whether the key is here: without it people are known by their pseudonyms."""
        return self._keys.sealing is not None

    @property
    def policy(self) -> Policy:
        """The policy by which this store cleans and checks events."""
        return load_policy(json.loads(self._ledger.meta("policy")))

    @property
    def key_file(self) -> Path:
        """Where its master key is, or would be looked for."""
        return self._keys.file

    def inputs(self, version: int | None = None) -> pl.DataFrame:
        """What was taken in: input, file, version, arrived, read, accepted, duplicates, rejected."""
        told = self._ledger.inputs(self._asked(version))
        columns = ("id", "name", "version", "arrived", "read", "accepted", "duplicates", "rejected")
        rows = [[getattr(each, name) for name in columns] for each in told]
        schema = dict.fromkeys(columns, pl.Int64) | {"name": pl.String}
        found = pl.DataFrame(rows, schema, orient="row").rename({"id": "input", "name": "file"})
        return found.with_columns(pl.col("arrived").cast(TIME))

    def unsealings(self) -> pl.DataFrame:
        """Who opened identities: at, who, what, why."""
        return pl.DataFrame(self._ledger.unsealings(), dict.fromkeys(("at", "who", "what", "why"), pl.String))

    def note_unsealing(self, who: str, what: str, why: str) -> None:
        """Write into the store that identities are opened; whoever shows them calls this first.

        Parameters
        ----------
        who, what, why : str
            The reader, the command, and the reason they gave.
        """
        ledger = Ledger(self.path, writes=True)
        try:
            ledger.note_unsealing(who, what, why)
        finally:
            ledger.close()

    def versions(self) -> pl.DataFrame:
        """Versions that can be read: version, at, what."""
        told = self._ledger.versions()
        return pl.DataFrame(
            [(each.version, each.at, each.what) for each in told],
            {"version": pl.Int64, "at": pl.String, "what": pl.String}, orient="row",
        )  # fmt: skip

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
            return take_in(
                inputs, ledger, self._files, self._keys.required(), self.policy, commit=partial(commit_parts, ledger, self._files),
                foreign=InstrumentSource(self.policy), kind=kind, mapping=mapping, progress=progress,
            )  # fmt: skip

    def check(self, progress: Progress | None = None) -> list[StoreFinding]:
        """Prove every law of the store; empty where it is sound.

        Parameters
        ----------
        progress : callable, optional
            Called with ("checking", files checked, of how many).
        """
        with suppress(InputError):  # a damaged ledger is a finding
            self._keys.renew(self._ledger)
        return check_store(self._ledger, self._files, self._keys.sealing, progress)

    def compact(self, *, keep_days: float = 7) -> dict[str, int]:
        """Join small files, and forget versions that are older than some days.

        Parameters
        ----------
        keep_days : float
            A version younger than this can still be read afterwards.

        Returns
        -------
        dict
            joined: files that others replaced; versions: how many were forgotten; removed: files that were removed.
        """
        with self._writing() as ledger:
            return compact_parts(ledger, self._files, self._keys.required(), keep_days)

    def erase(self, person: str, person_type: str = RESIDENT) -> int:
        """Erase a person from every kept version: rows stay under a random number, so that counts stay true.

        Parameters
        ----------
        person, person_type : str
            The document; a resident ID by default.

        Returns
        -------
        int
            How many files named the person; they are removed.
        """
        with self._writing() as ledger:
            return erase_person(ledger, self._files, self._keys.required(), person, person_type)

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

    def read_events(self, version: int | None = None, progress: Progress | None = None) -> Events:
        """Read all events of a version, as the pipeline takes them.

        Parameters
        ----------
        version : int, optional
            The newest by default.
        progress : callable, optional
            Called with ("reading", rows read, of how many).
        """
        self._keys.renew(self._ledger)
        return events_of_version(
            self._ledger,
            self._files,
            self._asked(version),
            self._keys.sealing,
            self.policy.codes.plate_wells,
            progress,
        )

    def run(
        self,
        *,
        policy: Rules = None,
        as_of: datetime | str | None = None,
        version: int | None = None,
        reference: Reference | None = None,
        readings: Which = "auto",
        views: bool = True,
        progress: Progress | None = None,
        out: Writing | None = None,
    ) -> Day:
        """Conclude everything that follows from the events of a version: the tables that `poolpipe.run` gives of their files.

        Parameters
        ----------
        policy : Policy, str, Path or mapping, optional
            The store's own by default. Which events were accepted does not change with another.
        as_of, reference, readings, views, progress, out
            As in `poolpipe.conclude`.
        version : int, optional
            The newest by default.
        """
        compile_kernels(progress)
        rules = self.policy if policy is None else load_policy(policy)
        return conclude(
            self.read_events(version, progress), rules, as_of=as_of, reference=reference, readings=readings,
            views=views, progress=progress, out=out,
        )  # fmt: skip

    def files(self, table: str, version: int | None = None) -> list[Path]:
        """The Parquet files that a table consists of at a version: what any other reader is given.

        Parameters
        ----------
        table : str
            A kind of event, or `rejects`.
        version : int, optional
            The newest by default.
        """
        return [self.path / part.path for part in self._ledger.parts(self._asked(version), [table])]

    def events(self, kind: str, version: int | None = None) -> pl.LazyFrame:
        """The accepted events of a kind as a lazy frame; people are pseudonyms.

        Parameters
        ----------
        kind : str
            One of the nine kinds of event.
        version : int, optional
            The newest by default.

        Raises
        ------
        InputError
            If there is no such kind, or no such version.
        """
        from poolpipe.store.foreign import scan

        if kind not in KINDS:
            raise InputError.of(
                "no_such_kind", where="kind", kind=kind, kinds=", ".join(KINDS), hint=suggestion(kind, KINDS)
            )
        return scan(self.files(kind, version), kind)

    def _asked(self, version: int | None) -> int:
        known = [each.version for each in self._ledger.versions()]
        if version is None:
            return known[-1]
        if version not in known:
            raise InputError.of(
                "no_such_version", where=str(self.path), version=version, first=known[0], last=known[-1]
            )
        return version

    @contextmanager
    def _writing(self) -> Iterator[Ledger]:
        """Hold the store's lock, with the ledger open for writing and leftovers of dead writers removed."""
        try:
            with held(self.path / LOCK):
                ledger = Ledger(self.path, writes=True)
                try:
                    self._keys.renew(ledger)
                    self._keys.settle()
                    self._files.remove_leftovers(ledger.all_parts())
                    yield ledger
                    try:
                        bring_in_step(self.path, ledger)
                    except OSError as error:
                        raise InputError.of("delta_log_behind", where=str(self.path), why=error) from error
                finally:
                    ledger.close()
        except BlockingIOError as error:
            raise InputError.of("store_in_use", where=str(self.path)) from error
