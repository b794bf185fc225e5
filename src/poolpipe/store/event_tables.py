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

from poolpipe.coding.dictionaries import RESIDENT, well_names
from poolpipe.events.attribute_sets import OWN, number_attribute_sets
from poolpipe.events.clean import well_positions
from poolpipe.events.columns import EncodedColumn, one_array, small_numbers
from poolpipe.events.persons import Persons
from poolpipe.events.valid_events import CODED, WORDS, ValidEvents
from poolpipe.store.event_hashes import event_hashes, text_hashes
from poolpipe.store.sealing import PSEUDONYM, long_numbers, pseudonyms, unsealed
from poolpipe.tables import CALLS, EVENTS, MODES, ROLES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

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

_FIXED: Final = {"mode": MODES, "role": ROLES, "call": CALLS}
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
    rows = _row_of_set(events)
    codes = {name: _dictionary(column, rows, own=name in OWN) for name, column in events.codes.items()}
    fixed = {name: _fixed(name, numbers, rows) for name, numbers in events.fixed.items()}
    numbers = {name: _numbers(column, rows) for name, column in events.numbers.items()}
    words = {name: _gathered(column, rows) for name, column in events.words.items()}
    given: dict[str, pa.Array] = {"at": _times(events.at), "key": _binary(event_hashes(events, sealing))}
    given |= {"arrived": _times(arrived), "input": pl.Series(inputs, dtype=pl.Int32).to_arrow()}
    if events.sent is not None:
        given["sent_at"] = _times_or_null(events.sent)
    given |= codes | fixed | numbers | {name: words[name] for name in words.keys() - set(SEALED)}
    given |= {REFERENCES[name]: _reference(words[name], sealing) for name in words.keys() & REFERENCES.keys()}
    if events.person is not None:
        people = events.person
        given["person"] = pseudonyms(people.keys, people.others, sealing)
        given["person_type"] = _types(people)
        long = long_numbers(people.keys, people.others)
        words |= {} if long is None else {"person": long.to_arrow()}
    if events.well is not None:
        given["well"] = _wells(events.well, wells)
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
    events = ValidEvents(kind, _micros(clear["at"]))
    names = set(clear.column_names)
    for name in names.intersection(CODED):
        events.codes[name] = _encoded(clear[name])
    for name, words in _FIXED.items():
        if name in names:
            events.fixed[name] = _positions(_encoded(clear[name]), words)
    for name in names & {"capacity", "swabs", "tubes"}:
        events.numbers[name] = _whole(clear[name])
    if "ct" in names:
        events.numbers["ct"] = _series(clear["ct"])
    for name in names & set(WORDS):
        events.words[name] = _series(clear[name].cast(pa.large_string()))
    if sealing is None:
        hashes = {name: clear[column] for name, column in REFERENCES.items() if column in names}
        events.words |= {name: _hexadecimal(column) for name, column in hashes.items()}
    else:
        filled = {name: tables.vault[name] for name in tables.vault.column_names if name != "person"}
        events.words |= {name: _series(each) for name, each in filled.items() if each.null_count < len(each)}
    if "person" in names:
        events.person = _people(tables, sealing)
    if "well" in names:
        events.well = _encoded_wells(_encoded(clear["well"]), wells)
    if "sent_at" in names and clear["sent_at"].null_count < len(clear["sent_at"]):
        events.sent = _series(clear["sent_at"].cast(pa.int64())).fill_null(-1).to_numpy()
    events.drop_empty()
    if kind == "collect":
        number_attribute_sets(events)
    return events


def hashes_of(clear: pa.Table) -> NDArray[np.uint64]:
    """The keyed hashes of events, (n, 2), from the column `key` of their table."""
    column = clear["key"].combine_chunks()
    content = column.buffers()[1].slice(16 * column.offset, 16 * len(column))
    return np.frombuffer(content, np.uint64).reshape(-1, 2)


def _row_of_set(events: ValidEvents) -> NDArray[np.int32] | None:
    """The combination of each collect; None where every event has its own row anyway."""
    own = events.attributes_id is None or events.attribute_sets == len(events.at)
    return None if own else events.attributes_id


def _dictionary(column: EncodedColumn, sets: NDArray[np.int32] | None, *, own: bool) -> pa.DictionaryArray:
    rows = column.rows if sets is None or own else column.rows[sets]
    values = column.values.cast(pl.String)
    if values.null_count():  # pyarrow joins no dictionaries that hold null
        rows = np.where(column.missing() if rows is column.rows else column.missing()[sets], -1, rows)
        values = values.fill_null("")
    indices = pl.Series(rows, dtype=pl.Int32)
    if len(rows) and rows.min() < 0:
        indices = indices.replace(-1, None)
    return pa.DictionaryArray.from_arrays(indices.to_arrow(), values.to_arrow())


def _fixed(name: str, numbers: NDArray[np.int8], sets: NDArray[np.int32] | None) -> pa.DictionaryArray:
    rows = numbers.astype(np.int32)
    return _dictionary(EncodedColumn(rows, pl.Series(_FIXED[name], dtype=pl.String)), sets, own=False)


def _numbers(column: EncodedColumn | pl.Series, sets: NDArray[np.int32] | None) -> pa.Array:
    if isinstance(column, EncodedColumn):
        rows = column.rows if sets is None else column.rows[sets]
        return column.values.cast(pl.Int64).gather(pl.Series(rows).replace(-1, None)).to_arrow()
    return _gathered(column, sets)


def _gathered(column: pl.Series, sets: NDArray[np.int32] | None) -> pa.Array:
    return (column if sets is None else column.gather(sets)).to_arrow()


def _times(micros: NDArray[np.int64]) -> pa.Array:
    return pl.Series(micros, dtype=pl.Int64).to_arrow().cast(pa.timestamp("us")).cast(_TIME)


def _times_or_null(micros: NDArray[np.int64]) -> pa.Array:
    return pa.array(micros, mask=micros < 0).cast(pa.timestamp("us")).cast(_TIME)


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
    return _dictionary(EncodedColumn(rows, values), None, own=True)


def _wells(positions: NDArray[np.int32], wells: int) -> pa.DictionaryArray:
    names = well_names(pl.Series(np.arange(wells)), wells)
    return _dictionary(EncodedColumn(positions, names), None, own=True)


def _laid_out(given: Mapping[str, pa.Array], schema: pa.Schema, height: int) -> pa.Table:
    """The columns of a schema, in its order; those that are not given are null."""
    columns = [
        given[each.name].cast(each.type) if each.name in given else pa.nulls(height, each.type)
        for each in schema
    ]
    return pa.table(columns, schema=schema)


def _encoded(column: pa.ChunkedArray) -> EncodedColumn:
    if not pa.types.is_dictionary(column.type):
        return EncodedColumn(np.arange(len(column), dtype=np.int32), _series(column).rename("values"))
    array = one_array(column.unify_dictionaries())
    indices = pl.Series(array.indices).cast(pl.Int32)
    rows = (indices.fill_null(-1) if indices.null_count() else indices).to_numpy()
    return EncodedColumn(rows, pl.Series("values", array.dictionary, pl.String))


def _positions(column: EncodedColumn, words: tuple[str, ...]) -> NDArray[np.int8]:
    numbers = column.values.replace_strict(words, range(len(words)), return_dtype=pl.Int8).to_numpy()
    return column.spread(numbers, missing=-1).astype(np.int8)


def _encoded_wells(column: EncodedColumn, wells: int) -> NDArray[np.int32]:
    return column.spread(well_positions(column.values, wells), missing=-1)


def _whole(column: pa.ChunkedArray) -> EncodedColumn:
    if small := small_numbers(column):
        return small
    array = one_array(column).dictionary_encode()
    rows = pl.Series(array.indices).cast(pl.Int32).fill_null(-1).to_numpy()
    return EncodedColumn(rows, pl.Series("values", array.dictionary, pl.Int64))


def _series(column: pa.ChunkedArray) -> pl.Series:
    return pl.Series(one_array(column))


def _hexadecimal(column: pa.ChunkedArray) -> pl.Series:
    return pl.Series(column.cast(pa.binary()).combine_chunks()).bin.encode("hex")


def _micros(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return _numpy(column.cast(pa.int64())).astype(np.int64, copy=False)


def _numpy(column: pa.ChunkedArray) -> NDArray[np.generic]:
    return pl.Series(one_array(column)).to_numpy(writable=True)


def _people(tables: EventTables, sealing: DataKeys | None) -> Persons:
    clear, nothing = tables.clear, np.zeros(0, np.bool_)
    if sealing is not None:
        return Persons(*unsealed(one_array(clear["person"]), sealing, _long(tables)), nothing, nothing)
    sealed = pl.DataFrame({"person_type": _series(clear["person_type"].cast(pa.large_string())),
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
    types = _series(tables.clear["person_type"].cast(pa.large_string()))
    return pl.DataFrame({"person_type": types, "person": _series(tables.vault["person"])})


def has_long(vault: pa.Table) -> bool:
    """Whether the vault holds numbers that their pseudonym does not: only with the type they are documents."""
    return "person" in vault.column_names and vault["person"].null_count < vault.num_rows
