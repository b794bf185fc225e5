"""Read a store: its versions, its events, what was and what can be concluded from them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Self

import polars as pl

from poolpipe.choices import suggestion
from poolpipe.coding.warmup import compile_kernels
from poolpipe.errors import InputError
from poolpipe.pipeline import conclude
from poolpipe.policy import load_policy
from poolpipe.results.queries import answer, table_missed, tables_named
from poolpipe.stages.viewpoint import moment_of
from poolpipe.store.access import StoreKeys, is_written_into
from poolpipe.store.arrivals import tell_something
from poolpipe.store.concluding import concluded_at, version_with_tables
from poolpipe.store.conclusion_tables import CONCLUDED, CONTENTS
from poolpipe.store.contents import REJECTS, clear_columns
from poolpipe.store.kept_tables import kept_day
from poolpipe.store.ledger import Ledger
from poolpipe.store.part_files import PartFiles
from poolpipe.store.parts_reader import asked_version
from poolpipe.store.reading import events_of_version, read_rejects
from poolpipe.store.sealing import pseudonyms_of_people
from poolpipe.store.views import TableView, open_views
from poolpipe.tables import KINDS, TABLES, TIME

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from duckdb import DuckDBPyConnection

    from poolpipe.events.reading import Events
    from poolpipe.events.reference import Reference
    from poolpipe.policy import Policy, Rules
    from poolpipe.results.day import Day
    from poolpipe.results.writing import Writing
    from poolpipe.stages.readings import Which
    from poolpipe.store.concluding import Concluded
    from poolpipe.store.ledger import TablePart

    Progress = Callable[[str, int, int], None]

__all__ = ["StoreReader"]


class StoreReader:
    """What any number of processes may do with a store at once.

    Parameters
    ----------
    path : path
        A store.
    key : path, optional
        As in `Store`.
    """

    def __init__(self, path: str | os.PathLike[str], key: str | os.PathLike[str] | None = None) -> None:
        self.path = Path(path)
        self._files = PartFiles(self.path)
        self._ledger, self._keys = Ledger(self.path, writes=False), StoreKeys(self.path, key)
        try:
            self._keys.renew(self._ledger)
        except BaseException:
            self._ledger.close()
            raise

    def __enter__(self) -> Self:
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
        """What was taken in: input, file, version, arrived, read, accepted, duplicates, rejected; withdrawn: no longer held."""
        asked = self._asked(version)
        told, gone = self._ledger.inputs(asked), self._ledger.withdrawn(asked)
        columns = ("id", "name", "version", "arrived", "read", "accepted", "duplicates", "rejected")
        rows = [[*(getattr(each, name) for name in columns), sum(gone.get(each.id, (0, 0)))] for each in told]
        schema = dict.fromkeys((*columns, "withdrawn"), pl.Int64) | {"name": pl.String}
        found = pl.DataFrame(rows, schema, orient="row").rename({"id": "input", "name": "file"})
        return found.with_columns(pl.col("arrived").cast(TIME))

    def refused(self, since: int) -> pl.DataFrame:
        """The records that were refused after a version, as the table `rejects`; their texts are not shown without the key."""
        told, asked = self.inputs(), self._asked(None)
        new = told.filter(pl.col("version") > since)["input"]
        parts = self._ledger.parts(asked, [REJECTS]) if len(new) else []
        found = [read_rejects(part, self._files, self._keys.sealing, new) for part in parts]
        return pl.concat([pl.DataFrame(schema={each.name: each.dtype for each in TABLES[REJECTS]}), *found])

    def unsealings(self) -> pl.DataFrame:
        """Who opened identities: at, who, what, why."""
        return pl.DataFrame(self._ledger.unsealings(), dict.fromkeys(("at", "who", "what", "why"), pl.String))

    def versions(self) -> pl.DataFrame:
        """Versions that can be read: version, at, what."""
        told = self._ledger.versions()
        return pl.DataFrame(
            [(each.version, each.at, each.what) for each in told],
            {"version": pl.Int64, "at": pl.String, "what": pl.String}, orient="row",
        )  # fmt: skip

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

    def conclusions(self) -> pl.DataFrame:
        """Which kept versions have tables, and what these are of: version, as_of, concluded_at, policy, policy_version, poolpipe.

        `version` is the one whose events they follow from; a later version with the same tables is not named.
        """
        found: dict[int, Concluded] = {}
        for each in self._ledger.versions():
            if told := concluded_at(self._ledger, self._files, each.version):
                found.setdefault(told.version, told)
        texts = ("policy", "policy_version", "poolpipe")
        schema: dict[str, pl.DataType] = {"version": pl.Int64(), "as_of": TIME, "concluded_at": TIME}
        schema |= dict.fromkeys(texts, pl.String())
        rows = [[getattr(each, name) for name in schema] for each in found.values()]
        return pl.DataFrame(rows, schema, orient="row")

    def has_tables(self, version: int) -> bool:
        """Whether a version has tables of its own, concluded at it or carried on from one before."""
        return bool(self._ledger.parts(version, [CONCLUDED]))

    def kept(
        self,
        version: int | None = None,
        *,
        policy: Rules = None,
        as_of: datetime | str | None = None,
    ) -> Day | None:
        """Give the tables that were kept of a version, where concluding now would give the same; each is read when asked for.

        Parameters
        ----------
        version : int, optional
            The newest by default.
        policy, as_of
            As in `run`.

        Returns
        -------
        Day or None
            None where the version was not concluded, or under another policy, as of another moment, or by another
            version of poolpipe. Without the key people are pseudonyms, and what names them otherwise is not shown.
        """
        self._keys.renew(self._ledger)
        place = version_with_tables(self._ledger, self._asked(version))
        told = None if place is None else concluded_at(self._ledger, self._files, place)
        rules = self.policy if policy is None else load_policy(policy)
        if told is None or place is None or not told.is_of(rules):
            return None
        if as_of is not None and (
            moment_of(as_of, rules.time_zone) != told.as_of or tell_something(self._ledger.inputs(place))
        ):
            return (
                None  # whoever names a moment asks what had come by then; what was kept knows later arrivals
            )
        return kept_day(told, place, self._ledger, self._files, self._keys.sealing)

    def files(self, table: str, version: int | None = None) -> list[Path]:
        """The Parquet files that a table consists of at a version: what any other reader is given.

        Parameters
        ----------
        table : str
            A kind of event, `rejects`, or a table of conclusions (docs/tables.md), or `concluded`, which says what these are of.
        version : int, optional
            The newest by default.

        Raises
        ------
        InputError
            If conclusions are asked for of a version that has none: tables of another version are not shown for it.
        """
        asked = self._asked(version)
        if table in CONTENTS:
            place = version_with_tables(self._ledger, asked)
            if place is None:
                raise self._not_concluded(asked)
            asked = place
        return [self.path / part.path for part in self._ledger.parts(asked, [table])]

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

    def sql(self, query: str, version: int | None = None) -> pl.DataFrame:
        """Answer a SELECT over events, rejects and conclusions, in DuckDB.

        Parameters
        ----------
        query : str
            The tables are the nine kinds of event, `rejects`, those of docs/tables.md, and `concluded`, which says of which
            version and moment these are. Only the files of tables that it names are proved and read. People are pseudonyms
            in hexadecimal digits, with the key, too. Times are UTC.
        version : int, optional
            The newest by default.

        Raises
        ------
        InputError
            If DuckDB refuses it, it is not one SELECT, it asks for conclusions of a version that has none, or a file is
            damaged.
        """
        tables = self._tables(version)
        names = tables_named(query, list(tables)) if isinstance(query, str) else []
        with self._viewed({name: tables[name] for name in names}) as connection:
            try:
                return answer(connection, query, {name: clear_columns(name).names for name in tables})
            except InputError as error:
                if CONCLUDED not in tables and table_missed(error) in CONTENTS:
                    raise self._not_concluded(self._asked(version)) from error
                raise

    def connect(self, version: int | None = None) -> DuckDBPyConnection:
        """Open a DuckDB connection with all tables of a version as views; see `poolpipe.connect`.

        Parameters
        ----------
        version : int, optional
            The newest by default.
        """
        return self._viewed(self._tables(version))

    def proved_files(self, tables: Sequence[str], version: int | None = None) -> dict[str, list[Path]]:
        """Give the files of tables at a version, after each was compared with the sums that the ledger has of it.

        Parameters
        ----------
        tables : sequence of str
            As `files` takes them; one that this version does not have has no files.
        version : int, optional
            The newest by default.

        Raises
        ------
        InputError
            If a file is damaged.
        """
        held = self._tables(version)
        found = {name: held.get(name, []) for name in tables}
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(self._files.prove, [part for parts in found.values() for part in parts]))
        return {name: [self.path / part.path for part in parts] for name, parts in found.items()}

    def pseudonyms_of(self, people: pl.DataFrame) -> pl.Series:
        """Give people the pseudonyms by which this store's tables know them: binary, of 16 bytes.

        Parameters
        ----------
        people : DataFrame
            person_type, person; without null.

        Raises
        ------
        InputError
            If the key is not here.
        """
        return pseudonyms_of_people(people, self._keys.required())

    def _tables(self, version: int | None) -> dict[str, list[TablePart]]:
        """The parts of each table at a version; without conclusions where it has none."""
        asked = self._asked(version)
        place = version_with_tables(self._ledger, asked)
        found: dict[str, list[TablePart]] = {name: [] for name in (*KINDS, REJECTS)}
        parts = self._ledger.parts(asked, found)
        if place is not None:
            found |= {name: [] for name in CONTENTS}
            parts += self._ledger.parts(place, CONTENTS)
        for part in parts:
            found[part.content].append(part)
        return found

    def _viewed(self, tables: dict[str, list[TablePart]]) -> DuckDBPyConnection:
        """Open tables as views, after every file was proved."""
        with ThreadPoolExecutor(2) as threads:
            list(threads.map(self._files.prove, [part for parts in tables.values() for part in parts]))
        return open_views(
            {
                name: TableView(clear_columns(name), [self.path / part.path for part in parts])
                for name, parts in tables.items()
            }
        )

    def _not_concluded(self, version: int) -> InputError:
        newest = self._ledger.newest_with(CONCLUDED)
        code = "not_concluded" if newest is None else "concluded_before"
        # by a service, most likely: then `poolpipe run STORE` would be refused
        if is_written_into(self.path):
            code = "not_concluded_now" if newest is None else "concluded_before_now"
        return InputError.of(code, where=str(self.path), version=version, newest=newest)

    def _asked(self, version: int | None) -> int:
        return asked_version(self._ledger, self.path, version)
