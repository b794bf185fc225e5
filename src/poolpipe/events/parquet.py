"""Read Parquet, a million records at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from poolpipe.coding.arrow_arrays import nullable_column
from poolpipe.events.batches import Batch, Unread, broken
from poolpipe.events.binary import DAMAGES, ROWS, KnownColumns, damage, told_by_names
from poolpipe.events.claims import check_unpacked, most_records, too_many
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.paths import arrow_file, changed

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["cells_of_groups", "read_parquet"]

_PLAIN = frozenset(["person", "event_id", "event", "name", "phone"])
"""Columns that are read row by row; all others are read dictionary encoded."""

_ORDINARY = (4, 1 << 12)
"""Bytes per record of a file of scans; outside this range the texts of these columns are repeated as well."""

_SAMPLE = 1 << 12
_WORTH = 1 << 14
"""Records from which on it is worth a look whether a column's texts are mostly distinct: finding the others costs more
than it saves."""


def read_parquet(
    path: Path, longest: int, naming: Naming = ANY_NAMES, groups: tuple[int, int] | None = None
) -> Iterator[Batch | Unread]:
    """Yield a Parquet file's row groups, each to be unpacked by the caller; parts that cannot be read are broken records.

    Column statistics are not read: Arrow ends the process where they are damaged.

    Parameters
    ----------
    path : Path
    longest : int
        Bytes of the longest cell that is read.
    naming : Naming
        How the names of its columns are understood.
    groups : (int, int), optional
        First and last but one of the row groups that are read; all by default.

    Raises
    ------
    NoEventsError
        If it is a table of results.
    """
    try:
        file = _File.of(path, longest, naming)
    except DAMAGES as error:
        yield damage(error)
        return
    yield from told_by_names(file.layout.names)
    left = most_records(file.status.st_size)
    is_plausible = file.metadata.num_rows <= left
    first, last = groups or (0, file.metadata.num_row_groups)
    passed = sum(file.metadata.row_group(group).num_rows for group in range(first))
    for group in range(first, last):
        batches = file.batches(group, passed)
        rows = file.metadata.row_group(group).num_rows
        passed += rows
        if rows <= ROWS and is_plausible:
            yield partial(list, batches)
            continue
        for batch in batches:
            left -= batch.table.num_rows + batch.broken.height
            yield batch
            if left < 0:
                yield damage(too_many(batch.lines, file.status.st_size))
                return


def cells_of_groups(path: Path) -> list[int]:
    """Cells of each row group of a Parquet file whose groups may be read apart; empty of any other file.

    What reading takes follows from them, and not from the bytes: those of read-outs are a twentieth of those of collects.

    Of a file that is damaged, or that claims more than its size can hold, each reader would tell the same once more.
    """
    try:
        with arrow_file(path) as file:
            metadata = pq.read_metadata(file)
        groups = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
        size = path.stat().st_size
        check_unpacked(sum(group.total_byte_size for group in groups), size)
    except DAMAGES:
        return []
    return (
        [group.num_rows * group.num_columns for group in groups]
        if metadata.num_rows <= most_records(size)
        else []
    )


@dataclass(frozen=True, slots=True)
class _File:
    """A Parquet file as its footer describes it."""

    path: Path
    status: os.stat_result
    metadata: pq.FileMetaData
    layout: KnownColumns
    coded: list[str]
    distinct: list[str]
    int96: list[str]

    @classmethod
    def of(cls, path: Path, longest: int, naming: Naming) -> _File:
        status = path.stat()
        with arrow_file(path) as file:
            metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
        layout = KnownColumns(schema, longest, naming)
        groups = map(metadata.row_group, range(metadata.num_row_groups))
        unpacked = sum(group.total_byte_size for group in groups)
        check_unpacked(unpacked, status.st_size)
        few, many = (size * metadata.num_rows for size in _ORDINARY)
        are_plain = _PLAIN if few <= unpacked <= many else frozenset[str]()
        names = {name: schema.names[index] for index, name in layout.known.items()}
        texts = [own for name, own in names.items() if name not in are_plain and _is_text(schema, own)]
        distinct = _mostly_distinct(path, metadata, texts)
        coded = [name for name in texts if name not in distinct]
        leaves = [metadata.schema.column(index) for index in range(metadata.num_columns)]
        int96 = [leaf.path for leaf in leaves if leaf.physical_type == "INT96" and leaf.path in schema.names]
        return cls(path, status, metadata, layout, coded, distinct, int96)

    def batches(self, group: int, passed: int) -> Iterator[Batch]:
        """Unpack one row group; `passed` rows of the file come before it."""
        try:
            with arrow_file(self.path) as source:
                for rows in self._tables(source, group):
                    told = _with_dictionaries(_in_utc(rows, self.int96), self.distinct)
                    done = (passed + rows.num_rows) / self.metadata.num_rows
                    for batch in self.layout.batches(told, passed):
                        yield replace(batch, done=done)
                    passed += rows.num_rows
            if what := changed(self.status, self.path.stat()):
                yield Batch.of_broken(broken([None], [what], [None]))
        except DAMAGES as error:
            yield damage(error)

    def _tables(self, source: pa.NativeFile, group: int) -> Iterator[pa.RecordBatch]:
        """Yield a row group's tables; without dictionaries where Arrow cannot make them for the encoding of the texts."""
        for coded in (self.coded, None):
            file = pq.ParquetFile(
                source,
                metadata=self.metadata,
                read_dictionary=coded,
                coerce_int96_timestamp_unit="us",  # in nanoseconds the year 9999 is 1816
            )
            tables = file.iter_batches(ROWS, [group], columns=self.layout.wanted, use_threads=False)
            try:
                first = next(tables, None)
            except (
                DAMAGES
            ):  # or texts by their differences (DELTA_BYTE_ARRAY), of which Arrow makes no dictionary
                if not coded:
                    raise
                continue
            if first is not None:  # pyarrow's exhausted batches may not be asked again
                yield first
                yield from tables
            return


def _mostly_distinct(path: Path, metadata: pq.FileMetaData, texts: list[str]) -> list[str]:
    """Columns in which few texts occur twice, judged by the first records."""
    if metadata.num_rows < _WORTH or not texts:
        return []
    try:
        with arrow_file(path) as source:
            file = pq.ParquetFile(source, metadata=metadata)
            batches = file.iter_batches(_SAMPLE, columns=texts, use_threads=False)
            few = next((rows for rows in batches if rows.num_rows), None)
            return [] if few is None else [name for name in texts if _is_distinct(few.column(name))]
    except DAMAGES:
        return []  # the reader of the records meets the damage, and reports it


def _is_distinct(column: pa.Array) -> bool:
    return 2 * len(pc.unique(column)) > len(column)


def _with_dictionaries(rows: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    """Give columns of distinct texts the dictionary-encoded form of the others."""
    for name in names:
        place = rows.schema.get_field_index(name)
        column = rows.column(place)
        there = pl.Series(column.is_valid()).to_numpy()
        own = nullable_column("row", np.cumsum(there, dtype=np.int32) - np.int32(1), there)
        coded = pa.DictionaryArray.from_arrays(own.to_arrow(), column.drop_null())
        rows = rows.set_column(place, name, coded)
    return rows


def _in_utc(rows: pa.RecordBatch, int96: list[str]) -> pa.RecordBatch:
    """Mark times of type INT96 as UTC, which they are by definition."""
    for name in int96:
        place = rows.schema.get_field_index(name)
        if place >= 0:
            moments = rows.column(place).cast(pa.timestamp("us", "UTC"))
            rows = rows.set_column(place, name, moments)
    return rows


def _is_text(schema: pa.Schema, name: str) -> bool:
    """Whether a column holds plain texts and is the only one of its name: others cannot be read dictionary encoded."""
    places = schema.get_all_field_indices(name)
    kind = schema.field(places[0]).type
    return len(places) == 1 and (pa.types.is_string(kind) or pa.types.is_large_string(kind))
