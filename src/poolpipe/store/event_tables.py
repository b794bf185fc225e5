"""The tables of events in a store: cleaned columns as anybody reads them, and the columns that go into the vault.

A row is an accepted event. `to_tables` and `to_events` are inverse to each other: what is concluded from a store is
what is concluded from the files.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.events.attribute_sets import number_attribute_sets
from poolpipe.events.columns import EncodedColumn, one_array
from poolpipe.events.event_columns import columns_of, dictionary_column, events_of, series_of, times_column
from poolpipe.events.persons import Persons
from poolpipe.store.event_hashes import event_hashes, text_hashes
from poolpipe.store.sealing import PSEUDONYM, long_numbers, pseudonyms, unsealed
from poolpipe.tables import EVENTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.valid_events import ValidEvents
    from poolpipe.store.keys import DataKeys

__all__ = [
    "REFERENCES",
    "SEALED",
    "EventTables",
    "has_long",
    "hashes_of",
    "schema_of",
    "to_events",
    "to_tables",
    "vault_schema_of",
]

SEALED: Final = ("event", "event_id", "giver", "name", "operator", "phone", "reason", "receiver")
"""Columns that the vault alone holds: names and telephones, and free texts that may hold them."""

REFERENCES: Final = {"event_id": "event_id_hash", "event": "event_hash"}
"""Ids in the vault, and the column with their keyed hash, by which a void finds its event without the key."""

_TIME: Final = pa.timestamp("us", "UTC")
_TEXT: Final = pa.dictionary(pa.int32(), pa.large_string())
_HASH: Final = pa.binary(16)
_OF_STORE: Final = {"key": _HASH, "arrived": _TIME, "input": pa.int32()}
"""The columns of every table beside those of its kind: the keyed hash of the event, when it came, and in which input."""


@dataclass(frozen=True, slots=True)
class EventTables:
    """Events of one kind, row i of each part event i.

    Attributes
    ----------
    kind : str
    clear : pyarrow.Table
        As `schema_of`.
    vault : pyarrow.Table
        As `vault_schema_of`.
    """

    kind: str
    clear: pa.Table
    vault: pa.Table

    def kept(self, rows: NDArray[np.int64]) -> EventTables:
        """Only some rows."""
        chosen = pl.Series(rows, dtype=pl.Int64).to_arrow()
        return EventTables(self.kind, self.clear.take(chosen), self.vault.take(chosen))

    @staticmethod
    def joined(several: Sequence[EventTables]) -> list[EventTables]:
        """Put the events of each kind into one, a table behind the other.

        Parameters
        ----------
        several : sequence of EventTables
            Of any kinds.
        """
        of_kind: dict[str, list[EventTables]] = {}
        for each in several:
            of_kind.setdefault(each.kind, []).append(each)
        return [
            parts[0] if len(parts) == 1 else
            EventTables(kind, _stacked([each.clear for each in parts]), _stacked([each.vault for each in parts]))
            for kind, parts in of_kind.items()
        ]  # fmt: skip


def schema_of(kind: str) -> pa.Schema:
    """The columns of a kind of event that anybody may read, in alphabetical order."""
    columns = {name: _type_of(name) for name in EVENTS[kind].columns if name not in SEALED}
    hashes = {REFERENCES[name]: _HASH for name in REFERENCES if name in EVENTS[kind].columns}
    return pa.schema(sorted((columns | hashes | _OF_STORE).items()))


def vault_schema_of(kind: str) -> pa.Schema:
    """The columns of a kind of event in the vault, in alphabetical order."""
    kept = (*SEALED, "person")  # the numbers that a pseudonym does not hold
    return pa.schema([(name, pa.large_string()) for name in EVENTS[kind].columns if name in kept])


def _type_of(name: str) -> pa.DataType:
    if name in ("at", "sent_at"):
        return _TIME
    if name == "person":
        return PSEUDONYM
    return {"ct": pa.float64(), "capacity": pa.int64(), "swabs": pa.int64(), "tubes": pa.int64()}.get(
        name, _TEXT
    )


def to_tables(
    events: ValidEvents, sealing: DataKeys, wells: int, arrived: NDArray[np.int64], inputs: NDArray[np.int32]
) -> EventTables:
    """Lay events out as tables.

    Parameters
    ----------
    events : ValidEvents
        Of one batch; they are not changed.
    sealing : DataKeys
    wells : {96, 384}
        Wells of the policy's plate.
    arrived : (n,) int64
        When each came, microseconds since 1970, UTC.
    inputs : (n,) int32
        In which input each came.
    """
    n = len(events.at)
    every = columns_of(events, wells)
    words: dict[str, pa.Array] = {name: every[name] for name in SEALED if name in every}
    given = {name: column for name, column in every.items() if name not in SEALED}
    given |= {"arrived": times_column(arrived), "input": pl.Series(inputs, dtype=pl.Int32).to_arrow()}
    given |= {"key": _binary(event_hashes(events, sealing))}
    given |= {REFERENCES[name]: _reference(words[name], sealing) for name in words.keys() & REFERENCES.keys()}
    if events.person is not None:
        people = events.person
        given["person"] = pseudonyms(people.keys, people.others, sealing)
        given["person_type"] = _types(people)
        long = long_numbers(people.keys, people.others)
        words |= {} if long is None else {"person": long.to_arrow()}
    return EventTables(
        events.kind,
        _laid_out(given, schema_of(events.kind), n),
        _laid_out(words, vault_schema_of(events.kind), n),
    )


def to_events(tables: EventTables, sealing: DataKeys | None, wells: int) -> ValidEvents:
    """Read events back.

    Parameters
    ----------
    tables : EventTables
        As `to_tables` gives them; texts may be plain. The vault has no rows without the key, or where nothing is in it.
    sealing : DataKeys, optional
        Without it people are known by the hexadecimal digits of their pseudonyms, and ids by those of their hashes.
    wells : {96, 384}
        Wells of the store's plate.

    Returns
    -------
    ValidEvents
        As `validate` gives them, of the same events.
    """
    clear, kind = tables.clear, tables.kind
    events = events_of(kind, clear, wells)
    names = set(clear.column_names)
    if sealing is None:
        hashes = {name: clear[column] for name, column in REFERENCES.items() if column in names}
        events.words |= {name: _hexadecimal(column) for name, column in hashes.items()}
    else:
        filled = {name: tables.vault[name] for name in tables.vault.column_names if name != "person"}
        events.words |= {
            name: series_of(each) for name, each in filled.items() if each.null_count < len(each)
        }
    if "person" in names:
        events.person = _people(tables, sealing)
    events.drop_empty()
    if kind == "collect":
        number_attribute_sets(events)
    return events


def hashes_of(clear: pa.Table) -> NDArray[np.uint64]:
    """The keyed hashes of events, (n, 2), from the column `key` of their table."""
    column = clear["key"].combine_chunks()
    content = column.buffers()[1].slice(16 * column.offset, 16 * len(column))
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def _binary(hashes: NDArray[np.uint64]) -> pa.Array:
    return pa.FixedSizeBinaryArray.from_buffers(_HASH, len(hashes), [None, pa.py_buffer(hashes.tobytes())])


def _reference(ids: pa.Array, sealing: DataKeys) -> pa.Array:
    texts = pl.Series(ids, dtype=pl.String)
    hashed = text_hashes(texts, sealing)
    valid = pa.py_buffer(np.packbits(texts.is_not_null().to_numpy(), bitorder="little").tobytes())
    return pa.FixedSizeBinaryArray.from_buffers(_HASH, len(texts), [valid, pa.py_buffer(hashed.tobytes())])


def _types(people: Persons) -> pa.DictionaryArray:
    rows = np.zeros(len(people.keys), np.int32)
    odd = np.flatnonzero(people.keys < 0)
    kinds = people.others["person_type"].fill_null(RESIDENT)
    values = pl.concat([pl.Series("person_type", [RESIDENT]), kinds.alias("person_type")]).unique(
        maintain_order=True
    )
    number = kinds.replace_strict(values, range(len(values)), return_dtype=pl.Int32).to_numpy()
    rows[odd] = number[-1 - people.keys[odd]]
    return dictionary_column(EncodedColumn(rows, values), None, own=True)


def _stacked(tables: list[pa.Table]) -> pa.Table:
    return pa.concat_tables(tables).unify_dictionaries().combine_chunks()


def _laid_out(given: Mapping[str, pa.Array], schema: pa.Schema, height: int) -> pa.Table:
    """The columns of a schema, in its order; those that are not given are null."""
    columns = [
        _of_type(given[each.name], each.type) if each.name in given else pa.nulls(height, each.type)
        for each in schema
    ]
    return pa.table(columns, schema=schema)


def _of_type(column: pa.Array, dtype: pa.DataType) -> pa.Array:
    return column if column.type == dtype else column.cast(dtype)


def _hexadecimal(column: pa.ChunkedArray) -> pl.Series:
    return pl.Series(column.cast(pa.binary()).combine_chunks()).bin.encode("hex")


def _people(tables: EventTables, sealing: DataKeys | None) -> Persons:
    clear, nothing = tables.clear, np.zeros(0, np.bool_)
    if sealing is not None:
        return Persons(*unsealed(one_array(clear["person"]), sealing, _long(tables)), nothing, nothing)
    sealed = pl.DataFrame({"person_type": series_of(clear["person_type"].cast(pa.large_string())),
                           "person": _hexadecimal(clear["person"])})  # fmt: skip
    others = sealed.unique(maintain_order=True)
    place = sealed.join(
        others.with_row_index("place"), on=["person_type", "person"], how="left", maintain_order="left"
    )
    return Persons(-1 - place["place"].cast(pl.Int64).to_numpy(), others, nothing, nothing)


def _long(tables: EventTables) -> pl.DataFrame | None:
    """Type and number of the documents that their pseudonym does not hold."""
    if not has_long(tables.vault):
        return None
    types = series_of(tables.clear["person_type"].cast(pa.large_string()))
    return pl.DataFrame({"person_type": types, "person": series_of(tables.vault["person"])})


def has_long(vault: pa.Table) -> bool:
    """Whether the vault holds numbers that their pseudonym does not: only with the type they are documents."""
    return "person" in vault.column_names and vault["person"].null_count < vault.num_rows
