"""Read the records of Parquet and Arrow tables, after proving that their buffers are sound."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from poolpipe.coding.plain_texts import as_text, holds_bytes, json_lines
from poolpipe.events.batches import (
    KNOWN_COLUMNS,
    Batch,
    broken,
    column_names,
    header_trouble,
    holds_data,
    picked,
    plain_table,
)
from poolpipe.events.earlier import told_by_columns
from poolpipe.events.formats import NoEventsError
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from numpy.typing import NDArray

__all__ = ["ALIKE", "DAMAGES", "ROWS", "KnownColumns", "damage", "told_by_names"]

DAMAGES = (pa.ArrowException, OSError, UnicodeDecodeError)
"""Exceptions that a damaged file raises; the last one where the name of a column is not UTF-8."""

ROWS = 1 << 20
"""The most records of a batch."""

_DECODED = 1 << 26
"""The most bytes of a column of a batch once its repeated texts are written out."""

ALIKE = 1 << 12
"""From so many equal records in a row they become one record and a count."""

_SHOWN = 1000
"""Characters kept of a rejected record with a cell that is too long."""


class KnownColumns:
    """The known columns of a file, and how long a cell may be.

    Parameters
    ----------
    schema : pyarrow.Schema
        The file's columns.
    longest : int
        Bytes of the longest cell that is read.
    naming : Naming
        How the names of the columns are understood.

    Raises
    ------
    UnicodeDecodeError
        If the name of a column or of a time zone is no text.
    """

    def __init__(self, schema: pa.Schema, longest: int, naming: Naming = ANY_NAMES) -> None:
        self.names: list[str] = schema.names
        self._told = naming.read(self.names)
        self.known, self.left_out = column_names(self.names, self._told)
        named = zip(self.names, self._told.names, strict=True)
        self.wanted = [name for name, column in named if column in KNOWN_COLUMNS]
        self._longest = longest
        self._trouble = header_trouble(self.names, self._told)
        for kind in schema.types:
            _check_zones(kind)

    def batches(self, rows: pa.RecordBatch, passed: int) -> Iterator[Batch]:
        """Yield the records of a record batch.

        Parameters
        ----------
        rows : pyarrow.RecordBatch
            Records of the file, not yet proven sound.
        passed : int
            How many records of the file come before these.

        Yields
        ------
        Batch

        Raises
        ------
        ArrowInvalid
            If a column's layout is damaged.
        """
        if self._trouble:
            yield replace(_refused(rows, self._trouble, passed), told=self._told)
            return
        columns = {
            name: rows.column(rows.schema.get_all_field_indices(self.names[index])[0])
            for index, name in self.known.items()
        }
        proven = {name: _proven(column) for name, column in columns.items()}
        if _are_alike([column for column, _ in proven.values()], rows.num_rows):
            first = self._batch(proven, slice(1), passed)
            yield replace(first, repeated=rows.num_rows - 1)
            return
        step = _rows_at_once([column for column, _ in proven.values()], self._longest)
        for start in range(0, rows.num_rows, step):
            yield self._batch(proven, slice(start, min(start + step, rows.num_rows)), passed)

    def _batch(
        self, proven: Mapping[str, tuple[pa.Array, NDArray[np.bool_] | None]], rows: slice, passed: int
    ) -> Batch:
        lines = np.arange(passed + 1, passed + 1 + rows.stop)[rows]
        height = len(lines)
        start = lines[0] - passed - 1 if height else 0
        table = plain_table(
            {name: column.slice(start, height) for name, (column, _) in proven.items()}, height
        )
        damaged = np.zeros(height, np.bool_)
        for _, bad in proven.values():
            if bad is not None:
                damaged |= bad[rows]
        table, long = _without_long_cells(table, self._longest)
        if not (damaged.any() or long.any()):
            return Batch(table, lines, partial(_objects, table), broken(), self.left_out, told=self._told)
        out, good = np.flatnonzero(damaged | long), np.flatnonzero(~(damaged | long))
        too_long = message("cell_too_long", {"most": f"{self._longest:,}"})
        why = [too_long if long[row] else message("no_text", {}) for row in out.tolist()]
        raws = [
            raw[:_SHOWN] if long[row] else raw for row, raw in zip(out, _objects(table, out), strict=True)
        ]
        sound = table.take(picked(good))
        trouble = broken(lines[out].tolist(), why, raws)
        return Batch(sound, lines[good], partial(_objects, sound), trouble, self.left_out, told=self._told)


def told_by_names(names: list[str]) -> Iterator[Batch]:
    """Refuse a table of results; where the first record became the header, yield that record as broken."""
    if table := told_by_columns(names):
        raise NoEventsError(table)
    if holds_data(names):
        why = message("names_are_data", {})
        yield Batch.of_broken(broken([None], [why], [json.dumps(names, ensure_ascii=False)]))


def damage(error: Exception) -> Batch:
    """Make the one broken record that stands for a file, or a part of it, that cannot be read."""
    return Batch.of_broken(broken([None], [message("file_unreadable", {"why": error})], [None]))


def _refused(rows: pa.RecordBatch, trouble: str, passed: int) -> Batch:
    """Make broken records of rows whose columns are ambiguous; each is kept with all values."""
    names = [f"{name} ({place})" for place, name in enumerate(rows.schema.names, start=1)]
    table = plain_table(dict(zip(names, rows.columns, strict=True)), rows.num_rows)
    everything = np.arange(rows.num_rows)
    why = [trouble] * rows.num_rows
    return Batch.of_broken(broken((everything + passed + 1).tolist(), why, _objects(table, everything)))


def _check_zones(kind: pa.DataType) -> None:
    """Read the names of time zones in a type, so that damaged ones raise here and not in a library."""
    if pa.types.is_timestamp(kind):
        kind.tz  # noqa: B018 - it raises
    inner = [kind.value_type] if pa.types.is_dictionary(kind) else []
    for each in [*inner, *(kind.field(place).type for place in range(kind.num_fields))]:
        _check_zones(each)


def _are_alike(columns: list[pa.Array], height: int) -> bool:
    """Whether many rows are one record repeated: run lengths make a hundred million of them from a kilobyte."""
    if height < ALIKE or not columns:
        return height >= ALIKE
    few = (0, height // 2, height - 1)  # three rows decide nearly all tables
    return all(column[0].equals(column[row]) for column in columns for row in few) and all(
        map(_is_alike, columns)
    )


def _is_alike(column: pa.Array) -> bool:
    """Whether all values of a column are one; those of types that Arrow does not compare never are."""
    if 0 < column.null_count < len(column):
        return False
    values = column.indices if pa.types.is_dictionary(column.type) else column
    try:
        return bool(values.null_count) or len(pc.unique(values)) == 1
    except pa.ArrowNotImplementedError:
        return False


def _rows_at_once(columns: list[pa.Array], longest: int) -> int:
    """How many rows make a batch: few where some long texts, none of them too long, are repeated in many rows."""
    texts = [column.dictionary for column in columns if pa.types.is_dictionary(column.type)]
    large = [text for text in texts if _longest(text) > _DECODED // ROWS]
    most = max((int(size[size <= longest].max(initial=1)) for size in map(_sizes, large)), default=1)
    return max(1, min(ROWS, _DECODED // most))


def _longest(texts: pa.Array) -> int:
    """Bytes of the longest text; 0 where there is none, or the values are not texts. A null counts as what lies there."""
    if not _is_text(texts.type) or not len(texts):
        return 0
    kind = np.int64 if pa.types.is_large_string(texts.type) else np.int32
    begin = texts.offset * np.dtype(kind).itemsize
    return int(np.diff(np.frombuffer(texts.buffers()[1], kind, len(texts) + 1, begin)).max())


def _sizes(texts: pa.Array) -> NDArray[np.int64]:
    return pl.Series(pc.binary_length(texts)).fill_null(0).cast(pl.Int64).to_numpy()


def _is_text(kind: pa.DataType) -> bool:
    return any(bool(holds(kind)) for holds in (pa.types.is_string, pa.types.is_large_string))


def _without_long_cells(table: pa.Table, longest: int) -> tuple[pa.Table, NDArray[np.bool_]]:
    """Cut cells that are too long to their beginnings; also say which records have such cells."""
    long = np.zeros(table.num_rows, np.bool_)
    for place, name in enumerate(table.column_names):
        column = table.column(place)
        if column.nbytes <= longest:
            continue
        (array,) = column.chunks
        is_coded = pa.types.is_dictionary(array.type)
        values = array.dictionary if is_coded else array
        if _longest(values) <= longest:
            continue
        too_long = _sizes(values) > longest
        short = pc.utf8_slice_codeunits(values, 0, _SHOWN)
        if is_coded:
            rows = pl.Series(array.indices).fill_null(-1).to_numpy()
            long |= np.append(too_long, False)[rows]
            short = pa.DictionaryArray.from_arrays(
                array.indices, pc.if_else(pl.Series(too_long).to_arrow(), short, values)
            )
        else:
            long |= too_long
            short = pc.if_else(pl.Series(too_long).to_arrow(), short, values)
        table = table.set_column(place, name, short)
    return table, long


def _proven(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_] | None]:
    """Prove a column's buffers sound, and find the texts that are not UTF-8; None where all are.

    Raises
    ------
    ArrowInvalid
        If the column's layout is damaged.
    """
    try:
        column.validate(full=True)
    except pa.ArrowInvalid:
        return _legible(_bytes_of(column))
    return _legible(column) if holds_bytes(column.type) else (column, None)


def _bytes_of(column: pa.Array) -> pa.Array:
    """The bytes of a column of texts, after its layout is proven: Arrow trusts what it casts."""
    if pa.types.is_dictionary(column.type):
        column.indices.validate(full=True)
        return pa.DictionaryArray.from_arrays(
            column.indices, _bytes_of(column.dictionary)
        ).dictionary_decode()
    for holds, kind in _BYTES:
        if holds(column.type):
            texts = column.view(kind)
            texts.validate(full=True)
            return texts.cast(pa.large_binary())
    raise pa.ArrowInvalid(message("column_damaged", {"type": column.type}))


_BYTES = (
    (pa.types.is_string, pa.binary()),
    (pa.types.is_large_string, pa.large_binary()),
    (pa.types.is_string_view, pa.binary_view()),
)


def _legible(column: pa.Array) -> tuple[pa.Array, NDArray[np.bool_]]:
    """Decode bytes as UTF-8 texts, and find those that are not UTF-8."""
    read = pl.Series("values", as_text(column), pl.String)
    return read.to_arrow(), read.is_null().to_numpy() & pl.Series(column.is_valid()).to_numpy()


def _objects(table: pa.Table, rows: NDArray[np.int64]) -> list[str]:
    """Write some records as JSON, times as text."""
    return json_lines(table.take(picked(rows)))
