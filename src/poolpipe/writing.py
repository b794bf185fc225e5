"""Writing a day: every table aside first, the longest while others are still concluded; then all into place."""

from __future__ import annotations

import json
import shutil
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.errors import InputError
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from concurrent.futures import Future
    from types import TracebackType

    from poolpipe.day import Day
    from poolpipe.seated import Seated

__all__ = ["Writing"]

_PERSON = ("person",)
_DISTINCT = {"pools": ("tube", "called_by")}
"""Columns of mostly distinct texts, `person` where nothing is said: a dictionary of them would be tried in vain."""

_IN_ORDER = ("tube", "box", "plate", "code")
"""Texts that ascend with the rows, or nearly so."""

_BATCH = 1 << 15
"""Rows encoded at a time: extremes of a dictionary's texts are looked for anew in each batch."""


_PAGE = 1 << 17
"""Rows of a page at most, beside the megabyte that it may hold: each costs as much as hundreds of rows."""


class Writing:
    """A folder that a day is being written into, to be used in a `with` block.

    Tables are written aside by two threads from the moment they are given, and moved into place when the
    block ends: an earlier `summary.json` goes before the first table is moved, the new one comes after the
    last, so who finds a summary finds exactly the tables it speaks of. Of a block that fails nothing is left.

    Parameters
    ----------
    folder : path
        Made where there is none.

    Raises
    ------
    InputError
        If the folder cannot be made or written to.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        self._target = Path(folder)
        self._aside: Path | None = None
        self._made = False
        self._threads = ThreadPoolExecutor(2)  # members take as long as all the others together
        self._tables: dict[str, Future[None]] = {}
        self._given_up = threading.Event()
        self._summary: dict[str, Any] = {}

    def members(self, seated: Seated) -> None:
        """Begin with the members: they take longest."""
        self._begin("members", seated.pieces(), several_rounds=seated.rounds() > 1)

    def day(self, day: Day) -> None:
        """Begin with all tables of a day that were not begun before."""
        self._summary, several_rounds = day.summary, day.rounds() > 1
        for table in sorted(TABLES, key=lambda table: table != "members"):
            if table not in self._tables:
                self._begin(table, day.pieces(table), several_rounds=several_rounds)

    def __enter__(self) -> Writing:
        """Nothing is touched before the first table is begun."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait for every table, and move all of them into place."""
        try:
            if kind is None and self._aside is not None:
                for table in self._tables.values():
                    table.result()
                _move(self._aside, self._target, self._summary)
                self._made = False  # and stays
        except OSError as refused:
            raise _unwritable(self._target, refused) from refused
        finally:
            self._given_up.set()
            self._threads.shutdown(cancel_futures=True)
            if self._aside is not None:
                shutil.rmtree(self._aside, ignore_errors=True)
            if self._made:
                with suppress(OSError):  # somebody else has put something there: then it stays
                    self._target.rmdir()

    def _begin(self, table: str, pieces: Iterator[pa.Table], *, several_rounds: bool) -> None:
        if self._aside is None:
            self._made = not self._target.exists()
            try:
                self._target.mkdir(parents=True, exist_ok=True)
                self._aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=self._target))
            except OSError as refused:
                raise _unwritable(self._target, refused) from refused
        path = self._aside / f"{table}.parquet"
        self._tables[table] = self._threads.submit(
            _write_pieces, table, pieces, path, self._given_up, several_rounds=several_rounds
        )


def _move(aside: Path, target: Path, summary: dict[str, Any]) -> None:
    text = json.dumps(summary, ensure_ascii=False, indent=2)
    (aside / "summary.json").write_text(text + "\n", encoding="utf-8")
    (target / "summary.json").unlink(missing_ok=True)
    for name in (*(f"{table}.parquet" for table in TABLES), "summary.json"):
        (aside / name).replace(target / name)


def _unwritable(target: Path, error: OSError) -> InputError:
    return InputError(
        f"cannot be written: {error.strerror or error}", where=str(target), way_out="choose another --out"
    )


def _write_pieces(
    table: str, pieces: Iterator[pa.Table], path: Path, given_up: threading.Event, *, several_rounds: bool
) -> None:
    """Write a table piece by piece: its texts are never all in memory, and the next are made meanwhile."""
    with ThreadPoolExecutor(1) as ahead:
        piece = next(pieces)
        # Without Arrow's own schema dictionaries read back as the plain texts they are.
        writer = pq.ParquetWriter(
            path, piece.schema, compression="zstd", compression_level=1, store_schema=False,
            use_dictionary=[name for name in piece.schema.names if name not in _DISTINCT.get(table, _PERSON)],
            write_statistics=[field.name for field in piece.schema if _narrows(field, several_rounds=several_rounds)],
            write_batch_size=_BATCH, max_rows_per_page=_PAGE,
        )  # fmt: skip
        with writer:
            while piece is not None and not given_up.is_set():
                coming = ahead.submit(next, pieces, None)
                writer.write_table(piece, row_group_size=len(piece) or None)
                piece = coming.result()


def _narrows(field: pa.Field, *, several_rounds: bool) -> bool:
    """Whether extremes of this column let a reader who looks for a value pass over row groups.

    Those of a text cost half as much again as its encoding, and tell something only where it comes in order.
    """
    if field.name == "round":
        return several_rounds
    return field.name in _IN_ORDER or pa.types.is_primitive(field.type)
