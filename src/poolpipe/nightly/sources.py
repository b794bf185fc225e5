"""What a night reads: the tables of one version as Parquet files, of a result or of a store, behind one small interface."""

from __future__ import annotations

import hashlib
import json
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from poolpipe.paths import LEDGER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    import polars as pl

    from poolpipe.policy import Policy
    from poolpipe.store.reader import StoreReader

__all__ = ["TableFiles", "opened_tables", "opened_version"]

TABLES_READ = (
    "pools",
    "members",
    "recalls",
    "anomalies",
    "readings",
    "retention",
    "workload",
    "false_alarms",
)
"""Tables of docs/tables.md that the night's SQL reads."""

EVENTS_READ = ("collect", "load", "read", "report", "void")
"""Events that it reads, too, where they are kept: they tell devices, reagents and controls."""


@dataclass(frozen=True, slots=True)
class TableFiles:
    """The tables of one version as files.

    Attributes
    ----------
    where : str
        The result or store.
    version : str
        Equal for equal tables: of a result a hash of its files, of a store the number of its version.
    tables : mapping of str to list of Path
        Table of docs/tables.md to its Parquet files, none where it has no rows; a table that this version does not have is not
        there.
    events : mapping of str to list of Path
        Kind of event to its files; empty for a result.
    summary : mapping
        As `summary.json` has it; of a store without its key no more than `as_of` and `policy`.
    policy : Policy or None
        By which the tables were concluded; None where only its name and version are known (a result).
    sealed : callable or None
        Gives people (person_type, person) their pseudonyms, as the tables have them; None where the tables have
        document numbers.
    is_sealed : bool
        Whether people are pseudonyms; with `sealed` None nobody of a list can be found among them.
    """

    where: str
    version: str
    tables: Mapping[str, list[Path]]
    summary: Mapping[str, Any]
    events: Mapping[str, list[Path]] = field(default_factory=dict)
    policy: Policy | None = None
    sealed: Callable[[pl.DataFrame], pl.Series] | None = None
    is_sealed: bool = False

    @property
    def as_of(self) -> datetime | None:
        """The moment that the tables are of; None where no event was accepted."""
        moment = self.summary["as_of"]
        return None if moment is None else datetime.fromisoformat(moment)


@contextmanager
def opened_tables(
    path: Path, key: str | None = None, progress: Callable[[str, int, int], None] | None = None
) -> Iterator[TableFiles]:
    """Open a result, or the newest version of a store, in a `with` block.

    Tables of a store that were not concluded yet are concluded and kept first, which needs its key. While another process writes into
    it, such as a running service, they are concluded into a folder that is gone after the block, and not kept.

    Parameters
    ----------
    path : Path
        A folder that `poolpipe run --out` wrote, or a store.
    key : str, optional
        File of a store's key.
    progress : callable, optional
        As in `poolpipe.run`.

    Raises
    ------
    InputError
        If it is neither, or its files are not those that its summary or ledger names. Of a result also at the end of
        the block, if another has taken its place meanwhile: then what was read is of no use.
    """
    if (path / LEDGER).is_file():
        with _of_store(path, key, progress) as found:
            yield found
    else:
        with _of_result(path) as found:
            yield found


@contextmanager
def opened_version(source: StoreReader | Path, version: int) -> Iterator[TableFiles]:
    """Open a concluded version of a store in a `with` block, to read what was kept of it.

    Parameters
    ----------
    source : StoreReader or Path
        An open store, or its folder.
    version : int
        One with tables of its own.

    Raises
    ------
    InputError
        If a file is damaged, or the version is not kept any more.
    """
    from poolpipe.store.reader import StoreReader

    if not isinstance(source, StoreReader):
        with StoreReader(source) as reader, opened_version(reader, version) as found:
            yield found
        return
    concluded = source.sql("select as_of, policy, policy_version from concluded", version).row(0, named=True)
    as_of = concluded["as_of"]
    yield _files_of(
        source,
        version,
        {
            "as_of": None if as_of is None else as_of.isoformat(),
            "policy": {"name": concluded["policy"], "version": concluded["policy_version"]},
        },
    )


@contextmanager
def _of_result(folder: Path) -> Iterator[TableFiles]:
    from poolpipe.results.written import opened

    with opened(folder, *TABLES_READ) as written:
        tables = {name: [written.path(name)] for name in written.tables}
        yield TableFiles(str(folder), _version_of(written.summary, tables), tables, written.summary)
        written.check()


def _version_of(summary: Mapping[str, Any], tables: Mapping[str, list[Path]]) -> str:
    """Hash what a result is of: its summary, which counts every row, and the size of each file."""
    sizes = {name: [path.stat().st_size for path in paths] for name, paths in sorted(tables.items())}
    told = json.dumps([dict(summary), sizes], sort_keys=True, ensure_ascii=False, default=str)
    return hashlib.sha256(told.encode()).hexdigest()[:12]


@contextmanager
def _of_store(
    path: Path, key: str | None, progress: Callable[[str, int, int], None] | None
) -> Iterator[TableFiles]:
    from poolpipe.store import Store
    from poolpipe.store.access import is_written_into
    from poolpipe.store.concluding_aside import conclude_aside

    with Store(path, key=key, create=False) as store, TemporaryDirectory(prefix="poolpipe-night-") as folder:
        version = store.version
        day = store.kept(version)
        if day is None and store.has_key and is_written_into(path):
            tables, summary = conclude_aside(store, version, Path(folder), TABLES_READ, key, progress)
            yield _files_of(store, version, summary, tables)
        else:
            day = day or store.conclude(progress)
            yield _files_of(store, store.version, day.summary)


def _files_of(
    store: StoreReader,
    version: int,
    summary: Mapping[str, Any],
    aside: Mapping[str, list[Path]] | None = None,
) -> TableFiles:
    files = store.proved_files([*TABLES_READ, *EVENTS_READ] if aside is None else EVENTS_READ, version)
    files |= aside or {}
    return TableFiles(
        where=str(store.path),
        version=f"version {version}",
        tables={name: files[name] for name in TABLES_READ},  # a table without rows has no file
        events={name: files[name] for name in EVENTS_READ if files[name]},
        summary=summary,
        policy=store.policy,
        sealed=store.pseudonyms_of if store.has_key else None,
        is_sealed=True,
    )
