"""Valid events as bytes that travel between machines, and back: Arrow streams with a row for each event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.events.attribute_sets import number_attribute_sets
from poolpipe.events.event_columns import columns_of, events_of
from poolpipe.events.persons import Persons

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.events.valid_events import ValidEvents

__all__ = ["event_table", "packed", "unpacked", "valid_events"]

_DISTINCT: Final = 2
"""A column of texts travels as a dictionary where each of them occurs so often on average."""


def event_table(events: ValidEvents, files: NDArray[np.int32], wells: int) -> pa.Table:
    """Lay events out as a table.

    Parameters
    ----------
    events : ValidEvents
        Of one batch.
    files : (n,) int32
        Number of each event's file.
    wells : {96, 384}
        Wells of the policy's plate.

    Returns
    -------
    pyarrow.Table
        The columns of `event_columns.columns_of`; `file`; of collects `key` (null: another document than a well-formed
        resident ID), `other_type` and `other`.
    """
    columns = columns_of(events, wells)
    columns["file"] = pl.Series(files, dtype=pl.Int32).to_arrow()
    if events.person is not None:
        keys = events.person.keys
        regular = keys >= 0
        columns["key"] = pa.array(keys, mask=~regular)
        place = pl.Series(np.where(regular, 0, -1 - keys)).set(pl.Series(regular), None)
        others = events.person.others.select(pl.col("person_type").fill_null(RESIDENT), "person")
        columns["other_type"], columns["other"] = (
            others[name].gather(place).to_arrow() for name in ("person_type", "person")
        )
    return pa.table({name: column for name, column in columns.items() if column.null_count < len(column)})


def valid_events(kind: str, table: pa.Table, files: NDArray[np.int32], wells: int) -> ValidEvents:
    """Read events back, in the order of the rows.

    Parameters
    ----------
    kind : str
    table : pyarrow.Table
        As `event_table` gives it, and `unpacked`.
    files : (n,) int32
        File of each.
    wells : {96, 384}
        Wells of the policy's plate.
    """
    events = events_of(kind, table, wells)
    events.files = files
    if kind == "collect":
        events.person = _people(table)
    events.drop_empty()
    if kind == "collect":
        number_attribute_sets(events)
    return events


def packed(table: pa.Table) -> bytes:
    """Write a table as an Arrow stream; a dictionary holds only texts that occur."""
    columns = [_compact(table.column(name).combine_chunks()) for name in table.column_names]
    lean = pa.table(columns, names=table.column_names)
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, lean.schema, options=pa.ipc.IpcWriteOptions(compression="lz4")) as stream:
        stream.write_table(lean)
    return bytes(sink.getvalue())


def unpacked(blobs: list[bytes]) -> pa.Table:
    """Read tables and join them, in their order; columns that some of them lack are null there."""
    tables = [pa.ipc.open_stream(blob).read_all() for blob in blobs]
    types: dict[str, pa.DataType] = {}
    for table in tables:
        for field in table.schema:  # texts are a dictionary where those of any table are
            if field.name not in types or pa.types.is_dictionary(field.type):
                types[field.name] = field.type
    return pa.concat_tables(
        [pa.table([_as(table, *each) for each in types.items()], names=list(types)) for table in tables]
    )


def _as(table: pa.Table, name: str, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if name not in table.column_names:
        return pa.nulls(len(table), kind)
    column = table[name]
    return column if column.type == kind else column.dictionary_encode()


def _compact(column: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(column.type):
        return column
    texts = column.dictionary.cast(pa.large_string())
    nobody = None if not column.null_count else column.is_null().to_numpy(zero_copy_only=False)
    rows = (column.indices if nobody is None else column.indices.fill_null(len(texts))).to_numpy()
    there = np.zeros(len(texts) + 1, np.bool_)
    there[rows] = True
    used = np.flatnonzero(there[:-1])
    if _DISTINCT * len(used) > len(column):
        return texts.take(pa.array(rows, mask=nobody))
    numbers = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return pa.DictionaryArray.from_arrays(pa.array(numbers[rows], mask=nobody), texts.take(pa.array(used)))


def _people(table: pa.Table) -> Persons:
    nothing = np.zeros(0, np.bool_)
    schema = {"person_type": pl.String, "person": pl.String}
    if "key" not in table.column_names:
        keys = np.full(len(table), -1, np.int64)
    else:
        keys = pl.Series(table["key"]).fill_null(-1).to_numpy(writable=True)
    other = np.flatnonzero(keys < 0)
    if not len(other):
        return Persons(keys, pl.DataFrame(schema=schema), nothing, nothing)
    keys[other] = -1 - np.arange(len(other))
    texts = {
        name: pl.Series(table[column].cast(pa.large_string())).gather(other)
        for name, column in (("person_type", "other_type"), ("person", "other"))
    }
    return Persons(keys, pl.DataFrame(texts), nothing, nothing)
