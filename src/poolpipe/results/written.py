"""Read a result from its folder, after proving that its tables are those its summary names."""

from __future__ import annotations

import json
import os
import time
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, TypeVar

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.errors import InputError
from poolpipe.events.earlier import files_of_result, told_by_columns
from poolpipe.paths import arrow_file, shown
from poolpipe.results.durable import proof_of
from poolpipe.results.placing import SUMMARY, unmoved
from poolpipe.tables import SORT_KEYS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

T = TypeVar("T")

__all__ = ["Written", "opened", "read_written", "result_before"]

_ANOTHER = "give a folder that `poolpipe run --out` wrote 请给出 `poolpipe run --out` 写出的文件夹"
_KEYS = {"as_of", "policy", "files", "rows"}
"""Keys that every summary has had since the first version."""

_TRIES = 20
_PAUSE_S = 0.01


class Written:
    """A result whose tables are verified to be those that its summary names, held open.

    Attributes
    ----------
    summary : dict
        Without `tables`, which describes the files and not the day.
    tables : list of str
        Names of the tables that the summary names: an earlier version may have had fewer.
    """

    def __init__(self, summary: dict[str, Any], files: dict[str, tuple[Path, int]]) -> None:
        self.summary = summary
        self.tables = list(files)
        self._files = files

    def path(self, table: str) -> Path:
        """Path from which a table is read."""
        return self._files[table][0]

    def check(self) -> None:
        """Verify that the files at the paths are still the verified ones.

        A file that is held open shares its number with no other, and no run changes a file in place: so either the
        paths lead to the same files as before, or another result has replaced them.

        Raises
        ------
        InputError
            If another result has replaced them.
        """
        for path, number in self._files.values():
            try:
                same = os.path.samestat(os.fstat(number), path.stat())
            except OSError:
                same = False
            if not same:
                raise _torn(path, "another result took its place while it was being read")


@contextmanager
def opened(folder: Path, *only: str) -> Iterator[Written]:
    """Open a result in a `with` block; every table is verified by size and SHA-256 or, in older results, by its rows.

    Where tables are named, only these are opened.

    A caller that reads from its paths calls `check` afterwards, before it uses what was read.

    Raises
    ------
    InputError
        If there is no result of poolpipe, or a table is missing, damaged, or not the one that the summary names.
    """
    with ExitStack() as stack:
        yield _persistently(lambda: _open_once(folder, stack, only), folder)


def read_written(folder: Path) -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
    """Read the summary and every table of a result; tables of different runs are an error.

    A result may be replaced by another meanwhile: then the new one is read.

    Returns
    -------
    summary : dict
        As in `Written`.
    tables : dict of DataFrame

    Raises
    ------
    InputError
        As `opened`.
    """

    def read() -> tuple[dict[str, Any], dict[str, pl.DataFrame]]:
        with ExitStack() as stack:
            result = _open_once(folder, stack)
            tables = {table: _frame(result.path(table), table) for table in result.tables}
            result.check()
            return result.summary, tables

    return _persistently(read, folder)


def _persistently(read: Callable[[], T], folder: Path) -> T:
    """Call a reader again where it failed because another result was being put in place."""
    for _ in range(_TRIES):
        before = _state(folder)
        try:
            return read()
        except InputError:
            time.sleep(_PAUSE_S)
            if _state(folder) == before:
                raise
    return read()


def result_before(folder: Path) -> frozenset[str]:
    """Names of the files that a new result in `folder` replaces.

    Raises
    ------
    InputError
        If a file has the name of a result's file and is none: other files are never overwritten.
    """
    ours = {SUMMARY, *(f"{table}.parquet" for table in TABLES)}
    named = files_of_result(folder) & ours  # other names in a summary are ignored: no other file is removed
    for name in sorted(ours - named):
        path = folder / name
        if os.path.lexists(path) and not _may_be_ours(path):
            raise InputError.of("out_holds_others", where=str(path), name=name)
    return named


def _may_be_ours(path: Path) -> bool:
    """Whether a file that no summary names can be poolpipe's: empty after a power cut, or a table without its summary."""
    if not path.is_file():
        return path.is_symlink() and not path.exists()
    with path.open("rb") as file:
        head = file.read(4)
    if path.suffix != ".parquet" or head != b"PAR1":
        return not head
    try:
        with arrow_file(path) as file:
            columns = pq.read_schema(file).names
    except (OSError, pa.ArrowException):
        return True  # a truncated table
    return bool(told_by_columns(columns))


def _state(folder: Path) -> list[object]:
    """A value that changes with every step of putting another result in place."""
    try:
        paths = [folder / SUMMARY, *(folder / f"{table}.parquet" for table in TABLES), *unmoved(folder)]
    except OSError:
        return []
    return [_stamp(path) for path in paths]


def _stamp(path: Path) -> object:
    try:
        status = path.stat()
    except OSError:
        return None
    return status.st_dev, status.st_ino, status.st_mtime_ns, status.st_ctime_ns


def _open_once(folder: Path, stack: ExitStack, only: tuple[str, ...] = ()) -> Written:
    if not folder.is_dir():
        raise InputError.of("no_result", where=str(folder), way_out=_ANOTHER, why="it is no folder")
    # Where the last run could not place its files in one step, some are still in its stage.
    moving = next(unmoved(folder), folder)
    summary = _summary(moving / SUMMARY, folder)
    proofs = summary.pop("tables", {})
    files = {}
    for table in TABLES:
        if table in summary["rows"] and (not only or table in only):
            path = moving / f"{table}.parquet"
            path = path if path.exists() else folder / path.name
            files[table] = path, _prove(path, table, summary["rows"][table], proofs.get(table), stack)
    return Written(summary, files)


def _summary(path: Path, folder: Path) -> dict[str, Any]:
    where = str(folder)
    try:
        summary: Any = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        left = [f"{table}.parquet" for table in TABLES if (folder / f"{table}.parquet").exists()]
        told = f", and {', '.join(left)} without one are no result" if left else ""
        raise InputError.of("no_result", where=where, why=f"there is no {SUMMARY}{told}") from error
    except (OSError, ValueError, RecursionError) as error:
        told = f"{SUMMARY} cannot be read ({error})"
        raise InputError.of("no_result", where=where, why=told) from error
    ours = isinstance(summary, dict) and summary.keys() >= _KEYS
    if not ours or not isinstance(summary["rows"], dict) or not isinstance(summary.get("tables", {}), dict):
        told = f"{SUMMARY} says nothing of {', '.join(sorted(_KEYS))}, as every summary of poolpipe's does"
        raise InputError.of("no_result", where=where, why=told)
    return dict(summary)


def _prove(path: Path, table: str, rows: object, proof: object, stack: ExitStack) -> int:
    """Open a table if it is the one that the summary names; the stack closes it."""
    try:
        number = os.open(path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
        stack.callback(os.close, number)
        if proof is not None and (found := proof_of(number)) != proof:
            told = f"it has {found['bytes']:,} bytes with SHA-256 {found['sha256'][:12]}…, not those"
            raise _torn(path, told)
        with arrow_file(path) as file:
            metadata = pq.read_metadata(file)
    except FileNotFoundError as error:
        raise _torn(path, "it is missing") from error
    except (OSError, pa.ArrowException) as error:
        raise _torn(path, f"it cannot be read ({error})") from error
    columns = metadata.schema.to_arrow_schema().names
    if metadata.num_rows != rows:
        raise _torn(path, f"it has {metadata.num_rows} rows, not the {rows}")
    if not {*SORT_KEYS[table]} <= {*columns}:
        raise _torn(path, f"it has the columns {', '.join(columns)}, not those of {table}")
    return number


def _frame(path: Path, table: str) -> pl.DataFrame:
    try:
        # Polars takes no path that is not UTF-8, and a file takes more memory than a path.
        return (
            pl.read_parquet(path, glob=False)
            if shown(path) == str(path)
            else pl.read_parquet(path.read_bytes())
        )
    except (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException) as error:
        raise _torn(path, f"{table} cannot be read ({error})") from error


def _torn(path: Path, why: str) -> InputError:
    return InputError.of("torn_result", where=str(path), name=path.name, summary=SUMMARY, why=why)
