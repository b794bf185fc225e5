"""The night's DuckDB file: days that stand in it are kept, the days asked for are counted anew, and one move puts it in place."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from glob import escape
from importlib.metadata import version as version_of
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from poolpipe.errors import InputError
from poolpipe.nightly.frames import frame_of
from poolpipe.nightly.marts import DATE_MEANING, MartFile, mart_files
from poolpipe.results.durable import sync_folder
from poolpipe.results.locks import held

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import AbstractContextManager
    from datetime import date

__all__ = ["NightDatabase", "being_written", "open_night", "read_table", "tables_shown"]

_NIGHTS = {
    "date": "date",
    "version": "varchar",
    "as_of": "timestamptz",
    "policy_version": "varchar",
    "small_cell": "integer",
    "poolpipe": "varchar",
}
_NOTES = {"date": "date", "code": "varchar", "english": "varchar", "chinese": "varchar"}

_MEMORY = "6GB"
"""The most that DuckDB takes before it writes to the disk; what Python holds comes on top of it."""


@dataclass(slots=True)
class NightDatabase:
    """A database that is being written.

    Attributes
    ----------
    connection : duckdb.DuckDBPyConnection
        Its tables; temporary ones are not written.
    days : sequence of date
        Days that are counted anew.
    has_before : bool
        Whether an earlier database is attached as `before`.
    """

    connection: duckdb.DuckDBPyConnection
    days: Sequence[date]
    has_before: bool

    def write(self, mart: MartFile) -> None:
        """Run a mart's query for the day whose variables are set, and keep its rows beside those of other days."""
        key = ", ".join(mart.key)
        if not self._has(mart.name):
            self.connection.execute(f"create table main.{mart.name} as {mart.select} with no data")
            self._describe(mart)
            if mart.by_day:
                self._keep_before(mart.name)
        if mart.by_day:
            self.connection.execute(
                f"insert into main.{mart.name} by name select * from ({mart.select}) order by {key}"  # noqa: S608
            )
            return
        self.connection.execute(f"create or replace temp table dimension as {mart.select}")
        self.connection.execute(f"insert into main.{mart.name} by name select * from dimension")  # noqa: S608
        self._renew_dimension(mart)

    def rows_before(self, day: date) -> Callable[[str], pl.DataFrame] | None:
        """Give what reads a mart's rows of a day in the earlier database; None where it has not counted that day."""
        if not self.has_before or not self._before("nights", day).height:
            return None
        return lambda mart: self._before(mart, day)

    def _before(self, name: str, day: date) -> pl.DataFrame:
        return frame_of(self.connection, f"before.main.{name} where date = date '{day:%Y-%m-%d}'")

    def note(self, day: date, told: dict[str, Any], notes: Sequence[tuple[str, str, str]]) -> None:
        """Keep what a day was counted from, and what is missing.

        Parameters
        ----------
        day : date
        told : dict
            version, as_of, policy_version, small_cell.
        notes : sequence of (code, English, Chinese)
        """
        for name, columns in (("nights", _NIGHTS), ("notes", _NOTES)):
            if not self._has(name):
                kinds = ", ".join(f"{column} {kind}" for column, kind in columns.items())
                self.connection.execute(f"create table main.{name} ({kinds})")
                self._keep_before(name)
        row = [day, *(told[name] for name in ("version", "as_of", "policy_version", "small_cell"))]
        self.connection.execute(
            "insert into nights values (?, ?, ?, ?, ?, ?)", [*row, version_of("poolpipe")]
        )
        for code, english, chinese in notes:
            self.connection.execute("insert into notes values (?, ?, ?, ?)", [day, code, english, chinese])

    def _has(self, name: str) -> bool:
        found = self.connection.execute(
            "select count(*) from duckdb_tables() where database_name = current_database() "
            "and schema_name = 'main' and not temporary and table_name = ?",
            [name],
        ).fetchall()
        return bool(found[0][0])

    def _keep_before(self, name: str) -> None:
        """Copy the rows of days that are not counted anew."""
        if self.has_before:
            self.connection.execute(
                f"insert into main.{name} by name select * from before.main.{name} "  # noqa: S608
                "where not list_contains(?, date) order by all",
                [list(self.days)],
            )

    def _renew_dimension(self, mart: MartFile) -> None:
        """Keep the members of a dimension that this night did not meet; of those it met the newest row counts."""
        same = " and ".join(f"kept.{name} is not distinct from new.{name}" for name in mart.key)
        if self.has_before:
            self.connection.execute(
                f"insert into main.{mart.name} by name select * from before.main.{mart.name} as kept "  # noqa: S608
                f"where not exists (select 1 from main.{mart.name} as new where {same})"
            )
        columns, key = ", ".join(mart.columns), ", ".join(mart.key)
        whole = f"date, {columns}" if "date" in mart.key else columns
        self.connection.execute(
            f"create or replace temp table dimension as select distinct on ({key}) {whole} "  # noqa: S608
            f"from (select *, rowid as place from main.{mart.name}) order by {key}, place desc"
        )
        self.connection.execute(f"delete from main.{mart.name}")  # noqa: S608
        self.connection.execute(f"insert into main.{mart.name} by name select * from dimension")  # noqa: S608

    def _describe(self, mart: MartFile) -> None:
        """Write what the table and its columns mean into the database."""
        told = {"": f"{mart.english} {mart.chinese}"}
        told |= {name: " ".join(meaning) for name, meaning in mart.columns.items()}
        if mart.by_day:
            told["date"] = " ".join(DATE_MEANING)
        comments = []
        for column, meaning in told.items():
            what = f"column main.{mart.name}.{column}" if column else f"table main.{mart.name}"
            text = meaning.replace("'", "''")
            comments.append(f"comment on {what} is '{text}'")
        # one transaction: 350 of them were a fifth of a small night
        self.connection.execute(";".join(["begin", *comments, "commit"]))


@contextmanager
def being_written(
    out: Path,
    days: Sequence[date],
    memory: str = _MEMORY,
    beside: Callable[[Path], AbstractContextManager[object]] | None = None,
) -> Iterator[NightDatabase]:
    """Write a database in a `with` block; at its end it takes the place of an earlier one in one synced move.

    A block that fails, or is killed, leaves what stood there.

    Parameters
    ----------
    out : Path
        The file; an earlier database of this kind there is read for the other days.
    days : sequence of date
        Days that are counted anew.
    memory : str
        The most that DuckDB takes, as its setting `memory_limit`.
    beside : callable, optional
        Called with the whole database before it is put in place; gives a context that is left afterwards, in which other
        files are made ready and then moved, so that they are of one night.

    Raises
    ------
    InputError
        If the file is none of poolpipe's, is of another version of the marts, another night writes it, or the disk does
        not take it.
    """
    if not out.parent.is_dir():
        raise InputError.of("nightly_no_folder", where=str(out))
    with ExitStack() as leaving:
        try:
            leaving.enter_context(held(out.with_name(f".{out.name}.lock")))
            for left in out.parent.glob(f".{escape(out.name)}.writing-*"):
                shutil.rmtree(left)
            folder = tempfile.mkdtemp(prefix=f".{out.name}.writing-", dir=out.parent)
        except BlockingIOError as error:
            raise InputError.of("nightly_in_use", where=str(out)) from error
        except OSError as error:
            raise _failed(out, error) from error
        leaving.callback(shutil.rmtree, folder, ignore_errors=True)
        stage = Path(folder, "night.duckdb")
        try:
            connection = duckdb.connect(
                str(stage), config={"memory_limit": memory, "python_enable_replacements": False}
            )
            with connection:
                connection.execute("set TimeZone = 'UTC'")
                connection.execute("set preserve_insertion_order = true")
                connection.execute(f"set temp_directory = '{_quoted(stage.parent / 'spilt')}'")
                yield NightDatabase(connection, days, _attach_before(connection, out))
                connection.execute("checkpoint")
        except (duckdb.IOException, duckdb.FatalException, duckdb.OutOfMemoryException) as error:
            raise InputError.of("nightly_failed", where=str(out), why=error) from error
        with nullcontext() if beside is None else beside(stage):
            _put_in_place(stage, out)


def _put_in_place(stage: Path, out: Path) -> None:
    try:
        with stage.open("rb+") as file:
            os.fsync(file.fileno())
        sync_folder(stage.parent)
        stage.replace(out)
        sync_folder(out.parent)
    except OSError as error:
        raise _failed(out, error) from error


def _failed(out: Path, error: OSError) -> InputError:
    return InputError.of("nightly_failed", where=str(out), why=error.strerror or error)


def _attach_before(connection: duckdb.DuckDBPyConnection, out: Path) -> bool:
    """Attach an earlier database for reading.

    Raises
    ------
    InputError
        If it is none, or its tables are not as those of this version.
    """
    if not os.path.lexists(out):
        return False
    try:
        connection.execute(f"attach '{_quoted(out)}' as before (read_only)")
        found = connection.execute(
            "select table_name, column_name from duckdb_columns() where database_name = 'before'"
        ).fetchall()
    except duckdb.Error as error:
        raise InputError.of("nightly_no_database", where=str(out)) from error
    columns: dict[str, set[str]] = {}
    for table, column in found:
        columns.setdefault(table, set()).add(column)
    if columns.get("nights") is None:
        raise InputError.of("nightly_no_database", where=str(out))
    wanted = {"nights": {*_NIGHTS}, "notes": {*_NOTES}}
    for mart in mart_files().values():
        if mart.folder != "base":
            wanted[mart.name] = {*mart.columns} | ({"date"} if mart.by_day or "date" in mart.key else set())
    for name, names in wanted.items():
        if columns.get(name) != names:
            raise InputError.of("nightly_other_version", where=str(out), table=name)
    return True


def tables_shown() -> list[str]:
    """Names of the tables that a database has: marts, dimensions, `nights` and `notes`."""
    return [*(mart.name for mart in mart_files().values() if mart.folder != "base"), "nights", "notes"]


def read_table(path: Path, name: str, day: date | None = None) -> pl.DataFrame:
    """Read a table of a database.

    Parameters
    ----------
    path : Path
    name : str
        One of `tables_shown`.
    day : date, optional
        Only its rows, of a table by day.

    Returns
    -------
    DataFrame

    Raises
    ------
    InputError
        If there is no such table or database.
    """
    if name not in tables_shown():
        raise InputError.of("nightly_no_mart", where=name, marts=", ".join(tables_shown()))
    with open_night(path) as connection:
        rows = connection.sql(f"select * from main.{name} order by all").to_arrow_table()  # noqa: S608 -- one of our own names
        found = pl.DataFrame(rows)
    return found if day is None or "date" not in found.columns else found.filter(pl.col("date") == day)


def open_night(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database for reading, times in UTC: no other file can be read or written, and no extension loaded.

    Raises
    ------
    InputError
        If it is none that a night wrote.
    """
    try:
        connection = duckdb.connect(str(path), read_only=True, config={"python_enable_replacements": False})
    except duckdb.Error as error:
        raise InputError.of("nightly_no_database", where=str(path)) from error
    try:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("set enable_external_access = false")
        connection.execute("select date, version from main.nights limit 0")
    except duckdb.Error as error:
        connection.close()
        raise InputError.of("nightly_no_database", where=str(path)) from error
    return connection


def _quoted(path: Path) -> str:
    return str(path).replace("'", "''")
