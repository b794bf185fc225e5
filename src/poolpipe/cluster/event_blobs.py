"""Valid events as bytes that travel between machines, and back: Arrow streams with a row for each event."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.events.attribute_sets import OWN, number_attribute_sets
from poolpipe.events.columns import one_array
from poolpipe.events.event_columns import columns_of, events_of
from poolpipe.events.persons import Persons
from poolpipe.events.valid_events import ValidEvents

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

__all__ = ["event_table", "joined", "kept_bytes", "packed", "unpacked", "valid_events"]

_DISTINCT: Final = 2
"""A column of texts travels as a dictionary where each of them occurs so often on average."""

_SET: Final = "set"
"""The attribute set of each collect: a dictionary of records, with a field for each attribute and for the file."""


def event_table(events: ValidEvents, file: int, first: int, wells: int) -> pa.Table:
    """Lay events out as a table.

    Parameters
    ----------
    events : ValidEvents
        Of one batch.
    file : int
        Number of the batch's file, where it does not hold several.
    first : int
        Is added to the numbers of files.
    wells : {96, 384}
        Wells of the policy's plate.

    Returns
    -------
    pyarrow.Table
        The columns of `event_columns.columns_of` and `file`; of collects `key` (null: another document than a well-formed
        resident ID), `other_type` and `other`, and instead of the columns of an attribute set `set`, where several collects share one.
    """
    if events.attributes_id is None or events.attribute_sets == len(events.at):
        columns = columns_of(events, wells)
        columns["file"] = _numbers(events.file_of_each(file), first)
    else:
        own, sets = _apart(events)
        fields = columns_of(sets, wells) | {"file": _numbers(sets.file_of_each(file), first)}
        del fields["at"]
        columns = columns_of(own, wells)
        columns[_SET] = pa.DictionaryArray.from_arrays(pa.array(events.attributes_id), _records(fields))
    if events.person is not None:
        keys = events.person.keys
        regular = keys >= 0
        columns["key"] = pa.array(keys, mask=None if regular.all() else ~regular)
        place = pl.Series(np.where(regular, 0, -1 - keys)).set(pl.Series(regular), None)
        others = events.person.others.select(pl.col("person_type").fill_null(RESIDENT), "person")
        if others.height:
            columns["other_type"], columns["other"] = (
                others[name].gather(place).to_arrow() for name in ("person_type", "person")
            )
    return pa.table({name: column for name, column in columns.items() if column.null_count < len(column)})


def valid_events(kind: str, table: pa.Table, wells: int, file: int | None) -> ValidEvents:
    """Read events back, in the order of the rows.

    Parameters
    ----------
    kind : str
    table : pyarrow.Table
        As `event_table` gives it, and `joined`.
    wells : {96, 384}
        Wells of the policy's plate.
    file : int or None
        File of all of them; None for what the table says.
    """
    events = events_of(kind, table, wells)
    told = table
    if _SET in table.column_names:
        told = _put_sets(events, table[_SET], wells)
    events.files = (
        np.full(len(told), file, np.int32) if file is not None else pl.Series(told["file"]).to_numpy()
    )
    if kind == "collect":
        events.person = _people(table)
    events.drop_empty()
    if kind == "collect" and events.attributes_id is None:
        number_attribute_sets(events)
    return events


def packed(table: pa.Table) -> bytes:
    """Write a table as a compressed Arrow stream, of which a dictionary holds only what occurs: what is sent."""
    columns = [_compact(table.column(name).combine_chunks()) for name in table.column_names]
    return bytes(_stream(pa.table(columns, names=table.column_names), "lz4"))


def kept_bytes(table: pa.Table) -> pa.Buffer:
    """Write a table as an Arrow stream that is read without a copy: what is kept in a file."""
    return _stream(table, None)


def _stream(table: pa.Table, compression: str | None) -> pa.Buffer:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(
        sink, table.schema, options=pa.ipc.IpcWriteOptions(compression=compression)
    ) as stream:
        stream.write_table(table)
    return sink.getvalue()


def unpacked(blob: bytes | pa.Buffer) -> pa.Table:
    """Read a table."""
    return pa.ipc.open_stream(blob).read_all()


def joined(blobs: Sequence[bytes | pa.Buffer]) -> Iterator[pa.Table]:
    """Read tables and join those that follow each other and both have attribute sets, or both none, in their order.

    Columns that some of the joined lack are null there.
    """
    for _, alike in groupby(map(unpacked, blobs), key=lambda table: _SET in table.column_names):
        tables = list(alike)
        types: dict[str, pa.DataType] = {}
        for table in tables:
            for field in table.schema:  # texts are a dictionary where those of any table are
                if field.name not in types or pa.types.is_dictionary(field.type):
                    types[field.name] = field.type
        sets = [chunk for table in tables if _SET in types for chunk in table[_SET].chunks]
        plain = {name: kind for name, kind in types.items() if name != _SET}
        every = pa.concat_tables(
            [pa.table([_as(table, *each) for each in plain.items()], names=list(plain)) for table in tables]
        )
        yield every.append_column(_SET, _joined_sets(sets)) if sets else every


def _joined_sets(chunks: list[pa.DictionaryArray]) -> pa.DictionaryArray:
    """Join sets, which may have other fields in each table: their records one behind the other, the same ones more than once."""
    records = [_fields(chunk.dictionary) for chunk in chunks]
    types: dict[str, pa.DataType] = {field.name: field.type for table in records for field in table.schema}
    every = pa.concat_tables(
        [pa.table([_as(table, *each) for each in types.items()], names=list(types)) for table in records]
    ).combine_chunks()
    before = np.cumsum([0, *(len(table) for table in records)])
    rows = [chunk.indices.to_numpy() + np.int32(begin) for chunk, begin in zip(chunks, before, strict=False)]
    return pa.DictionaryArray.from_arrays(
        pa.array(np.concatenate(rows)), _records({name: one_array(every[name]) for name in types})
    )


def _records(fields: dict[str, pa.Array]) -> pa.StructArray:
    """Records of the fields that some of them have; texts are plain."""
    told = {name: column for name, column in fields.items() if column.null_count < len(column)}
    plain = [
        column.cast(pa.large_string()) if pa.types.is_dictionary(column.type) else column
        for column in told.values()
    ]
    return pa.StructArray.from_arrays(plain, names=list(told))


def _apart(events: ValidEvents) -> tuple[ValidEvents, ValidEvents]:
    """What each collect has of its own, and its attribute sets, a row each."""
    own = ValidEvents(
        events.kind, events.at, {name: column for name, column in events.codes.items() if name in OWN},
        sent=events.sent,
    )  # fmt: skip
    sets = ValidEvents(
        events.kind, np.zeros(events.attribute_sets, np.int64),
        {name: column for name, column in events.codes.items() if name not in OWN},
        events.fixed, events.numbers, events.words, files=events.files,
    )  # fmt: skip
    return own, sets


def _put_sets(events: ValidEvents, sets: pa.ChunkedArray, wells: int) -> pa.Table:
    """Put the attribute sets into events; give them as a table."""
    array = one_array(sets)
    table = _fields(array.dictionary)
    coded = [
        column.dictionary_encode() if pa.types.is_large_string(column.type) else column
        for column in table.columns
    ]
    nothing = pa.array(np.zeros(len(table), np.int64))
    told = events_of(events.kind, pa.table([*coded, nothing], names=[*table.column_names, "at"]), wells)
    events.codes |= told.codes
    events.fixed, events.numbers, events.words = told.fixed, told.numbers, told.words
    events.attributes_id, events.attribute_sets = array.indices.to_numpy().astype(np.int32), len(table)
    return table


def _fields(records: pa.StructArray) -> pa.Table:
    return pa.table(records.flatten(), names=[field.name for field in records.type])


def _numbers(files: NDArray[np.int32], first: int) -> pa.Array:
    return pa.array(files.astype(np.int32) + np.int32(first))


def _as(table: pa.Table, name: str, kind: pa.DataType) -> pa.Array | pa.ChunkedArray:
    if name not in table.column_names:
        return pa.nulls(len(table), kind)
    column = table[name]
    return column if column.type == kind else column.dictionary_encode()


def _compact(column: pa.Array) -> pa.Array:
    if not pa.types.is_dictionary(column.type):
        return column
    values = column.dictionary
    nobody = None if not column.null_count else column.is_null().to_numpy(zero_copy_only=False)
    rows = (column.indices if nobody is None else column.indices.fill_null(len(values))).to_numpy()
    there = np.zeros(len(values) + 1, np.bool_)
    there[rows] = True
    used = np.flatnonzero(there[:-1])
    if not pa.types.is_struct(values.type):
        values = values.cast(pa.large_string())
        if _DISTINCT * len(used) > len(column):
            return values.take(pa.array(rows, mask=nobody))
    numbers = np.cumsum(there, dtype=np.int32) - np.int32(1)
    return pa.DictionaryArray.from_arrays(pa.array(numbers[rows], mask=nobody), values.take(pa.array(used)))


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
