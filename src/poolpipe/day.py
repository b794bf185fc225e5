"""A day: every table that was concluded, with its summary; written to a folder and read again."""

from __future__ import annotations

import json
import shutil
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe import texts
from poolpipe.errors import InputError
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from poolpipe.policy import Policy

__all__ = ["Day"]

_PERSON = ("person",)
_DISTINCT = {"pools": ("tube", "called_by")}
"""Columns of mostly distinct texts, `person` where nothing is said: a dictionary of them would be tried in vain."""

_IN_ORDER = ("tube", "box", "plate", "code")
"""Texts that ascend with the rows, or nearly so."""

_BATCH = 1 << 15
"""Rows encoded at a time: extremes of a dictionary's texts are looked for anew in each batch."""


class Day:
    """Every table of a campaign as of one moment.

    Attributes
    ----------
    pools, members, recalls, cases, traces, anomalies, ledger, rejects : DataFrame
        The contract's tables, sorted; times in UTC. Each is made when it is first asked for.
    summary : dict
        as_of, policy, files, rows per table, anomalies per code, columns left out, files skipped.
    people : DataFrame or None
        The reference table of residents, where one was given.
    """

    def __init__(
        self,
        tables: Mapping[str, pl.DataFrame] | texts.Coded,
        summary: Mapping[str, Any],
        again: Callable[[Policy | str | Path | None, datetime | str | None], Day] | None = None,
        *,
        people: pl.DataFrame | None = None,
    ) -> None:
        self._tables: dict[str, pl.DataFrame] = {} if isinstance(tables, texts.Coded) else dict(tables)
        self._coded = tables if isinstance(tables, texts.Coded) else None
        self._again = again
        self.people = people
        self.summary = dict(summary)

    def table(self, name: str) -> pl.DataFrame:
        """Give one table by its name.

        Raises
        ------
        KeyError
            If the contract has no such table.
        """
        if name not in self._tables:
            if self._coded is None or name not in TABLES:
                raise KeyError(name)
            self._tables[name] = self._coded.table(name)
        return self._tables[name]

    @property
    def pools(self) -> pl.DataFrame:
        """A tube a row."""
        return self.table("pools")

    @property
    def members(self) -> pl.DataFrame:
        """A person in a tube a row."""
        return self.table("members")

    @property
    def recalls(self) -> pl.DataFrame:
        """A person to re-collect a row, most urgent first."""
        return self.table("recalls")

    @property
    def cases(self) -> pl.DataFrame:
        """A positive person a row."""
        return self.table("cases")

    @property
    def traces(self) -> pl.DataFrame:
        """A link from a positive to somebody a row."""
        return self.table("traces")

    @property
    def anomalies(self) -> pl.DataFrame:
        """Something wrong a row."""
        return self.table("anomalies")

    @property
    def ledger(self) -> pl.DataFrame:
        """What became of a group of tubes a row."""
        return self.table("ledger")

    @property
    def rejects(self) -> pl.DataFrame:
        """An event not understood a row."""
        return self.table("rejects")

    def tubes_by(self, column: str) -> dict[str | None, int]:
        """Count tubes by `mode` or `call`; None is an orphan, or no call."""
        if self._coded is not None:
            return self._coded.tubes_by(column)
        return dict(self.pools.group_by(column).len().iter_rows())

    def sampled(self) -> int:
        """How many people were sampled, each once in a tube."""
        return self._coded.members.height if self._coded is not None else int(self.pools["people"].sum())

    def unreported(self) -> pl.DataFrame:
        """The rows of `pools` that are collected tubes without a result."""
        if self._coded is not None:
            return self._coded.unreported()
        return self.pools.filter(pl.col("mode").is_not_null() & (pl.col("state") != "reported"))

    def view(self, *, as_of: datetime | str | None = None, policy: Policy | str | Path | None = None) -> Day:
        """Conclude again from the same events, as of another moment or under another policy.

        Nothing is read again: code patterns, plate size and time zone, which decide what is accepted,
        stay those of the run.

        Raises
        ------
        InputError
            If this day was read from a folder: its events are not here any more.
        """
        if self._again is None:
            raise InputError("holds tables and no events", where="day", way_out="run the events again")
        return self._again(policy, as_of)

    def write(self, folder: str | os.PathLike[str]) -> Path:
        """Write every table as Parquet, and `summary.json`, into `folder`.

        Everything is written aside first and moved into place at the end. An earlier `summary.json` goes
        before the first table is moved, the new one comes after the last: who finds a summary finds exactly
        the tables it speaks of.

        Raises
        ------
        InputError
            If the folder cannot be made or written to.
        """
        target = Path(folder)
        try:
            target.mkdir(parents=True, exist_ok=True)
            aside = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
            try:
                self._write_into(aside)
                (target / "summary.json").unlink(missing_ok=True)
                for name in (*(f"{table}.parquet" for table in TABLES), "summary.json"):
                    (aside / name).replace(target / name)
            finally:
                shutil.rmtree(aside, ignore_errors=True)
        except OSError as error:
            raise InputError(
                f"cannot be written: {error.strerror or error}",
                where=str(folder),
                way_out="choose another --out",
            ) from error
        return target

    def _write_into(self, folder: Path) -> None:
        with ThreadPoolExecutor(2) as pool:  # members take as long as all the others together
            list(
                pool.map(
                    lambda table: self._write_table(table, folder),
                    sorted(TABLES, key=lambda table: table != "members"),
                )
            )
        text = json.dumps(self.summary, ensure_ascii=False, indent=2)
        (folder / "summary.json").write_text(text + "\n", encoding="utf-8")

    def _write_table(self, table: str, folder: Path) -> None:
        path = folder / f"{table}.parquet"
        if self._coded is not None:  # tables that were asked for, too: the bytes do not depend on who looked
            _write_pieces(self._coded, table, path)
        else:
            self.table(table).write_parquet(path, compression="zstd", compression_level=1)

    @classmethod
    def read(cls, folder: str | os.PathLike[str]) -> Day:
        """Read a day that `write` has written.

        Raises
        ------
        InputError
            If the folder is none, or a table in it is missing or damaged.
        """
        source = Path(folder)
        try:
            summary = json.loads((source / "summary.json").read_text(encoding="utf-8"))
            tables = {table: pl.read_parquet(source / f"{table}.parquet") for table in TABLES}
        except (OSError, ValueError, pl.exceptions.PolarsError) as error:
            raise InputError(
                f"is no folder that poolpipe has written: {error}",
                where=str(folder),
                way_out="give the --out of a run",
            ) from error
        return cls(tables, summary)


def _write_pieces(coded: texts.Coded, table: str, path: Path) -> None:
    """Write a table piece by piece: its texts are never all in memory, and the next are made meanwhile."""
    pieces = coded.pieces(table)
    with ThreadPoolExecutor(1) as ahead:
        piece = next(pieces)
        # Without Arrow's own schema dictionaries read back as the plain texts they are.
        writer = pq.ParquetWriter(
            path, piece.schema, compression="zstd", compression_level=1, store_schema=False,
            use_dictionary=[name for name in piece.schema.names if name not in _DISTINCT.get(table, _PERSON)],
            write_statistics=[field.name for field in piece.schema if _narrows(field, coded)],
            write_batch_size=_BATCH,
        )  # fmt: skip
        with writer:
            while piece is not None:
                coming = ahead.submit(next, pieces, None)
                writer.write_table(piece, row_group_size=len(piece) or None)
                piece = coming.result()


def _narrows(field: pa.Field, coded: texts.Coded) -> bool:
    """Whether extremes of this column let a reader who looks for a value pass over row groups.

    Those of a text cost half as much again as its encoding, and tell something only where it comes in order.
    """
    if field.name == "round":
        return len(coded.codes.texts["round"]) > 1
    return field.name in _IN_ORDER or pa.types.is_primitive(field.type)
