"""Parquet and Arrow IPC: whole columns as they are, a million records at a time."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.events.batches import Batch, broken, column_names, picked, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

__all__ = ["read_arrow", "read_parquet"]

_ROWS = 1 << 20
_PLAIN = frozenset(["person", "event_id", "event", "name", "phone"])
"""Columns of mostly distinct texts: a dictionary of them would be longer than they are."""


def read_parquet(path: Path) -> Iterator[Batch]:
    """Yield a Parquet file's records; what cannot be read of a damaged file is named."""
    try:
        schema = pq.read_schema(path)
        known, left_out = column_names(schema.names)
        wanted = [schema.names[index] for index in known]
        coded = [name for name in wanted if known[schema.names.index(name)] not in _PLAIN]
        file = pq.ParquetFile(path, read_dictionary=coded)
        passed = 0
        for rows in file.iter_batches(_ROWS, columns=wanted, use_threads=False):
            batch = _batch(rows, known, schema.names, passed, left_out)
            passed += rows.num_rows
            yield replace(batch, done=passed / file.metadata.num_rows)
    except (pa.ArrowException, OSError) as error:
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
    except (pa.ArrowException, OSError) as error:
        yield Batch.of_broken(_damage(error))


def _batch(
    rows: pa.RecordBatch, known: dict[int, str], names: list[str], passed: int, left_out: frozenset[str]
) -> Batch:
    columns = {known[index]: rows.column(names[index]) for index in known}
    lines = np.arange(passed + 1, passed + 1 + rows.num_rows)
    table = plain_table(columns, rows.num_rows)
    return Batch(table, lines, partial(_objects, table), broken(), left_out)


def _objects(table: pa.Table, rows: NDArray[np.int64]) -> list[str]:
    """Some records as JSON, times as text."""
    frame = pl.DataFrame(table.take(picked(rows)))
    return frame.write_ndjson().splitlines() if frame.width else ["{}"] * len(rows)


def _damage(error: Exception) -> pl.DataFrame:
    return broken([None], [f"the file cannot be read: {error}"], [None])
