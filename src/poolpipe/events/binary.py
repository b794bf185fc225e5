"""Parquet and Arrow IPC: whole columns as they are, a million records at a time."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.events.batches import Batch, Unread, broken, column_names, picked, plain_table
from poolpipe.events.columns import legible
from poolpipe.gaps import column_with_gaps

if TYPE_CHECKING:
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
    """Yield a Parquet file's records, each row group to be unpacked by whoever takes it; what cannot be read is named."""
    try:
        file = _File.of(path)
    except _DAMAGES as error:
        yield Batch.of_broken(_damage(error))
        return
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
    metadata: pq.FileMetaData
    schema: pa.Schema
    known: dict[int, str]
    left_out: frozenset[str]
    texts: list[str]
    distinct: list[str]

    @classmethod
    def of(cls, path: Path) -> _File:
        metadata = pq.read_metadata(path)
        schema = metadata.schema.to_arrow_schema()
        known, left_out = column_names(schema.names)
        texts = [
            schema.names[index]
            for index, name in known.items()
            if name not in _PLAIN and _is_text(schema, schema.names[index])
        ]
        distinct = [name for name in texts if _mostly_distinct(metadata, name)]
        return cls(path, metadata, schema, known, left_out, texts, distinct)

    def batches(self, group: int, passed: int) -> Iterator[Batch]:
        """Unpack one row group, before which so many rows have passed."""
        coded = [name for name in self.texts if name not in self.distinct]
        wanted = [self.schema.names[index] for index in self.known]
        try:
            file = pq.ParquetFile(self.path, metadata=self.metadata, read_dictionary=coded)
            for rows in file.iter_batches(_ROWS, [group], columns=wanted, use_threads=False):
                told = _with_dictionaries(rows, self.distinct)
                batch = _batch(told, self.known, self.schema.names, passed, self.left_out)
                passed += rows.num_rows
                yield replace(batch, done=passed / self.metadata.num_rows)
        except _DAMAGES as error:
            yield Batch.of_broken(_damage(error))


def read_arrow(path: Path, *, stream: bool) -> Iterator[Batch]:
    """Yield an Arrow IPC file's or stream's records; what cannot be read of a damaged one is named."""
    try:
        with pa.OSFile(str(path)) as source:
            reader = pa.ipc.open_stream(source) if stream else pa.ipc.open_file(source)
            names = reader.schema.names
            known, left_out = column_names(names)
            passed = 0
            batches = reader if stream else (reader.get_batch(i) for i in range(reader.num_record_batches))
            for rows in batches:
                yield _batch(rows, known, names, passed, left_out)
                passed += rows.num_rows
    except _DAMAGES as error:
        yield Batch.of_broken(_damage(error))


def _batch(
    rows: pa.RecordBatch, known: dict[int, str], names: list[str], passed: int, left_out: frozenset[str]
) -> Batch:
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
        read = legible(texts)
        return read.to_arrow(), read.is_null().to_numpy() & np.array(texts.is_valid().to_pylist(), np.bool_)
    return column, np.zeros(len(column), np.bool_)


def _objects(table: pa.Table, rows: NDArray[np.int64]) -> list[str]:
    """Some records as JSON, times as text."""
    frame = pl.DataFrame(table.take(picked(rows)))
    return frame.write_ndjson().splitlines() if frame.width else ["{}"] * len(rows)


def _damage(error: Exception) -> pl.DataFrame:
    return broken([None], [f"the file cannot be read: {error}"], [None])
