"""Parquet and Arrow IPC: whole columns as they are, a million records at a time."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.events.batches import (
    Batch,
    Unread,
    broken,
    column_names,
    header_trouble,
    holds_data,
    picked,
    plain_table,
)
from poolpipe.events.earlier import told_by_columns
from poolpipe.events.formats import NoEventsError
from poolpipe.gaps import column_with_gaps
from poolpipe.paths import arrow_file, changed
from poolpipe.plain_texts import as_text, holds_bytes, json_lines

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_arrow", "read_parquet"]

_DAMAGES = (pa.ArrowException, OSError, UnicodeDecodeError)
"""What a damaged file raises; the last where the name of a column is no text."""

_ROWS = 1 << 20
_PLAIN = frozenset(["person", "event_id", "event", "name", "phone"])
"""Columns that are read as the texts they are; all others are read as distinct texts and rows of these."""

_WORTH = 8
"""Bytes a value from which on a column's texts are mostly distinct: finding the others costs more than it saves."""


def read_parquet(path: Path) -> Iterator[Batch | Unread]:
    """Yield a Parquet file's records, each row group to be unpacked by whoever takes it; what cannot be read is named.

    Raises
    ------
    NoEventsError
        If it is a table of results.
    """
    try:
        file = _File.of(path)
    except _DAMAGES as error:
        yield Batch.of_broken(_damage(error))
        return
    yield from _told_by_names(file.schema.names)
    passed = 0
    for group in range(file.metadata.num_row_groups):
        batches = file.batches(group, passed)
        rows = file.metadata.row_group(group).num_rows
        passed += rows
        if rows <= _ROWS:
            yield partial(list, batches)
        else:
            yield from batches


@dataclass(frozen=True, slots=True)
class _File:
    """A Parquet file as its end describes it."""

    path: Path
    status: os.stat_result
    metadata: pq.FileMetaData
    schema: pa.Schema
    known: dict[int, str]
    left_out: frozenset[str]
    texts: list[str]
    distinct: list[str]
    int96: list[str]

    @classmethod
    def of(cls, path: Path) -> _File:
        status = path.stat()
        with arrow_file(path) as file:
            metadata = pq.read_metadata(file)
        schema = metadata.schema.to_arrow_schema()
        known, left_out = column_names(schema.names)
        texts = [
            schema.names[index]
            for index, name in known.items()
            if name not in _PLAIN and _is_text(schema, schema.names[index])
        ]
        distinct = [name for name in texts if _mostly_distinct(metadata, name)]
        leaves = [metadata.schema.column(index) for index in range(metadata.num_columns)]
        int96 = [leaf.path for leaf in leaves if leaf.physical_type == "INT96" and leaf.path in schema.names]
        return cls(path, status, metadata, schema, known, left_out, texts, distinct, int96)

    def batches(self, group: int, passed: int) -> Iterator[Batch]:
        """Unpack one row group, before which so many rows have passed."""
        coded = [name for name in self.texts if name not in self.distinct]
        wanted = [name for name in self.schema.names if column_names([name])[0]]
        try:
            with arrow_file(self.path) as source:
                file = pq.ParquetFile(
                    source,
                    metadata=self.metadata,
                    read_dictionary=coded,
                    coerce_int96_timestamp_unit="us",  # in nanoseconds the year 9999 is 1816
                )
                for rows in file.iter_batches(_ROWS, [group], columns=wanted, use_threads=False):
                    told = _with_dictionaries(_in_utc(rows, self.int96), self.distinct)
                    batch = _batch(told, self.known, self.schema.names, passed, self.left_out)
                    passed += rows.num_rows
                    yield replace(batch, done=passed / self.metadata.num_rows)
            if what := changed(self.status, self.path.stat()):
                yield Batch.of_broken(broken([None], [what], [None]))
        except _DAMAGES as error:
            yield Batch.of_broken(_damage(error))


def read_arrow(path: Path, *, stream: bool) -> Iterator[Batch]:
    """Yield an Arrow IPC file's or stream's records; what cannot be read of a damaged one is named.

    Raises
    ------
    NoEventsError
        If it is a table of results.
    """
    try:
        status = path.stat()
        with arrow_file(path) as source:
            reader = pa.ipc.open_stream(source) if stream else pa.ipc.open_file(source)
            names = reader.schema.names
            yield from _told_by_names(names)
            known, left_out = column_names(names)
            passed = 0
            batches = reader if stream else (reader.get_batch(i) for i in range(reader.num_record_batches))
            for rows in batches:
                batch = _batch(rows, known, names, passed, left_out)
                passed += rows.num_rows
                yield replace(batch, done=min(1.0, source.tell() / max(1, source.size())))
        if what := changed(status, path.stat()):
            yield Batch.of_broken(broken([None], [what], [None]))
    except _DAMAGES as error:
        yield Batch.of_broken(_damage(error))


def _told_by_names(names: list[str]) -> Iterator[Batch]:
    """Refuse a table of results; where a record was taken for the header, yield that record, which is nowhere else."""
    if table := told_by_columns(names):
        raise NoEventsError(table)
    if holds_data(names):
        why = "there was no header: the names of the columns are a record; write the file anew from one with a header"
        yield Batch.of_broken(broken([None], [why], [json.dumps(names, ensure_ascii=False)]))


def _batch(
    rows: pa.RecordBatch, known: dict[int, str], names: list[str], passed: int, left_out: frozenset[str]
) -> Batch:
    if twice := header_trouble(rows.schema.names):
        return _refused(rows, twice, passed)
    columns = {
        known[index]: rows.column(rows.schema.get_all_field_indices(names[index])[0]) for index in known
    }
    lines = np.arange(passed + 1, passed + 1 + rows.num_rows)
    damaged = np.zeros(rows.num_rows, np.bool_)
    for name, column in columns.items():
        columns[name], bad = _proven(column)
        damaged |= bad
    table = plain_table(columns, rows.num_rows)
    if not damaged.any():
        return Batch(table, lines, partial(_objects, table), broken(), left_out)
    out, good = np.flatnonzero(damaged), np.flatnonzero(~damaged)
    why = ["bytes that are no text"] * len(out)
    trouble = broken(lines[out].tolist(), why, _objects(table, out))
    sound = table.take(picked(good))
    return Batch(sound, lines[good], partial(_objects, sound), trouble, left_out)


def _refused(rows: pa.RecordBatch, trouble: str, passed: int) -> Batch:
    """Records under columns of which nobody can tell which are meant: each is broken, and kept with all values."""
    names = [f"{name} ({place})" for place, name in enumerate(rows.schema.names, start=1)]
    table = plain_table(dict(zip(names, rows.columns, strict=True)), rows.num_rows)
    everything = np.arange(rows.num_rows)
    why = [trouble] * rows.num_rows
    return Batch.of_broken(broken((everything + passed + 1).tolist(), why, _objects(table, everything)))


def _mostly_distinct(metadata: pq.FileMetaData, name: str) -> bool:
    """Whether a column's pages are so long that few of its texts can occur twice."""
    parts = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    place = metadata.schema.names.index(name)
    sizes = sum(part.column(place).total_uncompressed_size for part in parts)
    return bool(sizes >= _WORTH * max(1, metadata.num_rows))


def _with_dictionaries(rows: pa.RecordBatch, names: list[str]) -> pa.RecordBatch:
    """Columns of distinct texts in the form of the others: every text that is there, and its own row."""
    for name in names:
        place = rows.schema.get_field_index(name)
        column = rows.column(place)
        there = pl.Series(column.is_valid()).to_numpy()
        own = column_with_gaps("row", np.cumsum(there, dtype=np.int32) - np.int32(1), there)
        coded = pa.DictionaryArray.from_arrays(own.to_arrow(), column.drop_null())
        rows = rows.set_column(place, name, coded)
    return rows


def _in_utc(rows: pa.RecordBatch, int96: list[str]) -> pa.RecordBatch:
    """Moments of Parquet's oldest type, which are of UTC by definition, as moments that say so."""
    for name in int96:
        place = rows.schema.get_field_index(name)
        if place >= 0:
            moments = rows.column(place).cast(pa.timestamp("us", "UTC"))
            rows = rows.set_column(place, name, moments)
    return rows


def _is_text(schema: pa.Schema, name: str) -> bool:
    """Whether a column is one of plain texts, and the only one of its name: others have no dictionary to read."""
    places = schema.get_all_field_indices(name)
    kind = schema.field(places[0]).type
    return len(places) == 1 and (pa.types.is_string(kind) or pa.types.is_large_string(kind))


def _proven(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Prove a column sound, for whoever reads it next trusts it blindly; tell which texts are none.

    Raises
    ------
    ArrowInvalid
        If the column's layout is damaged.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        if pa.types.is_dictionary(column.type):
            values = column.dictionary.cast(pa.large_binary())
            values.validate(full=True)
            texts = pa.DictionaryArray.from_arrays(column.indices, values).dictionary_decode()
        else:
            texts = column.cast(pa.large_binary())
        texts.validate(full=True)
        return _legible(texts)
    return _legible(column) if holds_bytes(column.type) else (column, np.zeros(len(column), np.bool_))


def _legible(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Bytes as texts, and which of them are none."""
    read = pl.Series("values", as_text(column), pl.String)
    return read.to_arrow(), read.is_null().to_numpy() & pl.Series(column.is_valid()).to_numpy()


def _objects(table: pa.Table, rows: NDArray[np.int64]) -> list[str]:
    """Some records as JSON, times as text."""
    return json_lines(table.take(picked(rows)))


def _damage(error: Exception) -> pl.DataFrame:
    return broken([None], [f"the file cannot be read: {error}"], [None])
