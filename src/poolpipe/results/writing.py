"""Write a result: tables into a staging folder, `members` while others are concluded; then replace the old in one step."""

from __future__ import annotations

import errno
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.errors import InputError
from poolpipe.paths import arrow_file
from poolpipe.results.durable import Followed, Proof, sync_folder
from poolpipe.results.locks import held
from poolpipe.results.placing import SUMMARY, make_stage, place, settle, stages
from poolpipe.results.written import result_before

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping
    from concurrent.futures import Future
    from types import TracebackType

    from poolpipe.results.record_batches import BatchedTable

__all__ = ["Writing"]

_LOCK = ".poolpipe.lock"

_PERSON = ("person",)
_DISTINCT = {"pools": ("tube", "called_by")}
"""Columns of mostly distinct texts, by table; `person` in all others. They are written without a Parquet dictionary."""

_IN_ORDER = ("tube", "box", "plate", "code")
"""Columns of texts that ascend with the rows, or nearly so."""

_BATCH = 1 << 15
"""Rows encoded at a time: pyarrow searches the extremes of a dictionary's texts again in each batch."""


_ROWS = {"pools": 1 << 18}
"""Rows of a row group, where the rows are wide: 0.1 GB less memory for 4 % more bytes of this table."""

_PAGE = 1 << 17
"""The most rows of a page, which also holds at most 1 MB; a page costs as much time as hundreds of rows."""


class Writing:
    """A folder that a day is being written into, to be used in a `with` block.

    Two threads write tables into a staging folder as soon as they are given; at the end of the block they replace an
    earlier result in one step (`placing`): a reader finds the old result or the new one, also after a kill or a power
    cut. A block that fails leaves no files. The folder is locked from the block's beginning: two runs into one folder
    could replace a newer result by an older one.

    Parameters
    ----------
    folder : path
        Made where there is none.

    Attributes
    ----------
    summary : dict
        Content of `summary.json`, once the block has ended: the day's summary, and in `tables` size and SHA-256
        of each file, by which a reader verifies that they belong together.

    Raises
    ------
    InputError
        If the folder cannot be made or written to, if another run is writing into it, or if a file that is not
        poolpipe's has the name of a table.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        if not isinstance(folder, str | os.PathLike):
            raise InputError.of("no_path", where="out", given=repr(folder))
        self.summary: dict[str, Any] = {}
        self._target = Path(folder)
        self._stage = Path()
        self._before: frozenset[str] = frozenset()
        self._threads = ThreadPoolExecutor(2)  # members takes as long as all other tables together
        self._behind = ThreadPoolExecutor(1)  # hashes and syncs what they have written
        self._tables: dict[str, Future[Proof]] = {}
        self._whole = False
        self._given_up = threading.Event()
        self._leaving = ExitStack()

    def begin(self, name: str, table: BatchedTable) -> None:
        """Start to write one table in a thread; the table that takes longest should be started first.

        Parameters
        ----------
        name : str
            Name of the table, hence of the file.
        table : BatchedTable
            Made batch by batch in that thread.
        """
        path = self._stage / "new" / f"{name}.parquet"
        self._tables[name] = self._threads.submit(
            _write_batches, name, table, path, self._given_up, self._behind
        )

    def finish(self, summary: Mapping[str, Any], tables: Mapping[str, Callable[[], BatchedTable]]) -> None:
        """Start to write all tables that were not started before, and set the content of `summary.json`.

        Parameters
        ----------
        summary : mapping
            The day's summary without `tables`, which is added here.
        tables : mapping of callable
            Name to a function that makes the table.
        """
        self.summary = dict(summary)
        self._whole = True
        for name in sorted(tables, key=lambda name: name != "members"):
            if name not in self._tables:
                self.begin(name, tables[name]())

    def __enter__(self) -> Writing:
        """Lock the folder, and remove what a killed run has left in it."""
        with ExitStack() as leaving, _told(self._target):
            leaving.callback(_remove_made, _make(self._target))
            locked = leaving.enter_context(held(self._target / _LOCK))
            if locked:
                settle(self._target, stages(self._target))
            self._before = result_before(self._target)
            self._stage = make_stage(self._target)
            leaving.callback(self._clear)
            self._leaving = leaving.pop_all()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for every table, and move all of them into place."""
        with self._leaving, _told(self._target):
            try:
                if kind is None and self._whole:
                    proofs = {table: self._tables[table].result() for table in sorted(self._tables)}
                    self.summary["tables"] = proofs
                    self._write_summary()
                    place(self._stage, self._target, self._before)
            finally:
                self._given_up.set()
                self._threads.shutdown(cancel_futures=True)
                self._behind.shutdown(cancel_futures=True)

    def _write_summary(self) -> None:
        path = self._stage / "new" / SUMMARY
        path.write_text(json.dumps(self.summary, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
        Followed(path).finish()

    def _clear(self) -> None:
        """Leave the present result, old or new, under its names, and remove all other files of poolpipe."""
        with suppress(OSError):  # full disk: the result is readable, the next run continues
            settle(self._target, [self._stage] if self._stage.exists() else [])


@contextmanager
def _told(target: Path) -> Iterator[None]:
    """Turn an error of the system into one that says what it means for the result."""
    try:
        yield
    except BlockingIOError as error:
        raise InputError.of("out_in_use", where=str(target)) from error
    except OSError as error:
        raise InputError.of("out_failed", where=str(target), why=error.strerror or error) from error


def _make(folder: Path) -> list[Path]:
    """Make a folder and its missing parents; give those that were made, the innermost first."""
    if os.path.lexists(folder) and not folder.is_dir():
        raise NotADirectoryError(errno.ENOTDIR, "it is a file or a link to nothing, and no folder")
    made = [each for each in (folder, *folder.parents) if not os.path.lexists(each)]
    folder.mkdir(parents=True, exist_ok=True)
    for each in made:
        sync_folder(each.parent)
    return made


def _remove_made(made: Iterable[Path]) -> None:
    for folder in made:
        with suppress(OSError):  # it holds a result or other files: it is kept
            folder.rmdir()


def _write_batches(
    name: str, table: BatchedTable, path: Path, given_up: threading.Event, behind: ThreadPoolExecutor
) -> Proof:
    """Write a table batch by batch; one batch of texts is encoded while the next is made."""
    followed, batches = Followed(path), table.batches(_ROWS.get(name))
    try:
        with ThreadPoolExecutor(1) as ahead, arrow_file(path, "wb") as file:
            batch = next(batches)
            # Without Arrow's own schema dictionaries read back as the plain texts they are.
            writer = pq.ParquetWriter(
                file, batch.schema, compression="zstd", compression_level=1, store_schema=False,
                use_dictionary=[column for column in batch.schema.names if column not in _DISTINCT.get(name, _PERSON)],
                write_statistics=[each.name for each in batch.schema if _narrows(each, several_rounds=table.rounds > 1)],
                write_batch_size=_BATCH, max_rows_per_page=_PAGE,
            )  # fmt: skip
            with writer:
                while batch is not None and not given_up.is_set():
                    coming = ahead.submit(next, batches, None)
                    writer.write_table(batch, row_group_size=len(batch) or None)
                    behind.submit(followed.catch_up)
                    batch = coming.result()
        return behind.submit(followed.finish).result()
    finally:
        behind.submit(followed.close)


def _narrows(field: pa.Field, *, several_rounds: bool) -> bool:
    """Whether statistics of this column let a reader that searches a value skip row groups.

    Statistics of a column of texts cost half as much as its encoding, and help only where the texts are sorted.
    """
    if field.name == "round":
        return several_rounds
    return field.name in _IN_ORDER or pa.types.is_primitive(field.type)
