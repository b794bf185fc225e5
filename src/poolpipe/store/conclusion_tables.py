"""The tables of conclusions in a store: columns as anybody reads them, people as pseudonyms; what names people in the vault.

`seal_rows` and `open_rows` are inverse to each other: with the key a table that was kept is the table that was concluded.
Rows that would be in the order of people's numbers lie in the order of their pseudonyms; the vault holds their places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import large_texts, text_bytes
from poolpipe.store.sealing import PSEUDONYM, keys_of_people, long_numbers, pseudonyms, unsealed
from poolpipe.tables import SORT_KEYS, TABLES
from poolpipe_kernels import codes as kernels
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from poolpipe.store.keys import DataKeys

__all__ = [
    "CONCLUDED",
    "CONCLUSIONS",
    "CONTENTS",
    "HIDDEN",
    "NOT_SHOWN",
    "OF_CODES",
    "SHUFFLED",
    "VERSION",
    "clear_schema",
    "needs_key",
    "open_rows",
    "people_and_codes",
    "reseal_people",
    "seal_rows",
    "vault_schema",
]

CONCLUDED: Final = "concluded"
"""The table of one row that says what the others are of."""

CONCLUSIONS: Final = tuple(name for name in TABLES if name != "rejects")
"""The tables that are kept; the rejects of a version are with its events."""

CONTENTS: Final = (CONCLUDED, *CONCLUSIONS)

VERSION: Final = "version"
"""Column of every table: the store's version in which it was concluded."""

HIDDEN: Final = {
    "traces": ("via",),
    "clusters": ("ask_first",),
    "anomalies": ("subject", "detail"),
}
"""Columns that the vault holds: they name people as type:number, or quote what a record says."""

NOT_SHOWN: Final = "sealed"
"""What stands in the place of a text of the vault where the key is not here."""

SHUFFLED: Final = ("cases", "traces", "anomalies")
"""Tables whose order depends on people's numbers."""

OF_CODES: Final = ("tube", "box", "plate", "well", "site", "device", "lab")
"""Kinds of subject that are codes, which everybody may read; ids of events and people are not."""

_PERSON: Final = "person"
_ROW: Final = "row"
_TYPES: Final = {
    pl.String: pa.large_string(),
    pl.Int64: pa.int64(),
    pl.Float64: pa.float64(),
    pl.Boolean: pa.bool_(),
    pl.Datetime: pa.timestamp("us", "UTC"),
}


def needs_key(table: str) -> bool:
    """Whether a table has texts that only the vault holds."""
    return table in HIDDEN or table == "rejects"


def clear_schema(content: str) -> pa.Schema:
    """The columns of a table that anybody may read: those of docs/tables.md, and the version."""
    if content == CONCLUDED:
        texts = ("policy", "policy_version", "rules", "poolpipe", "rows")
        times = {"as_of": pa.timestamp("us", "UTC"), "concluded_at": pa.timestamp("us", "UTC")}
        return pa.schema({VERSION: pa.int64(), **times, **dict.fromkeys(texts, pa.large_string())})
    told = {each.name: _TYPES[each.dtype.base_type()] for each in TABLES[content]}
    if content == "anomalies":  # a code as it is; a person as a pseudonym
        told = {name: kind for name, kind in told.items() if name != "detail"}
        told[_PERSON] = PSEUDONYM
    else:
        told = {name: kind for name, kind in told.items() if name not in HIDDEN.get(content, ())}
    if _PERSON in told:
        told[_PERSON] = PSEUDONYM
    return pa.schema({**told, VERSION: pa.int64()})


def vault_schema(content: str) -> pa.Schema:
    """The columns of a table in the vault; of people the numbers that their pseudonym does not hold."""
    if content == CONCLUDED:
        return pa.schema({"summary": pa.large_string()})
    names = [each.name for each in TABLES[content] if each.name in (_PERSON, *HIDDEN.get(content, ()))]
    told: dict[str, pa.DataType] = dict.fromkeys(names, pa.large_string())
    return pa.schema({**told, _ROW: pa.int64()} if content in SHUFFLED else told)


def seal_rows(
    content: str, rows: pa.Table, first: int, version: int, sealing: DataKeys
) -> tuple[pa.Table, pa.Table | None]:
    """Lay rows of a concluded table out for a store.

    Parameters
    ----------
    content : str
        One of `CONCLUSIONS`.
    rows : pyarrow.Table
        The columns of docs/tables.md, in order.
    first : int
        Place of the first row in the whole table.
    version : int
        In which they are concluded.
    sealing : DataKeys

    Returns
    -------
    clear : pyarrow.Table
        As `clear_schema`; texts may be dictionaries.
    vault : pyarrow.Table or None
        As `vault_schema`, row for row.
    """
    n = len(rows)
    columns: dict[str, pa.Array | pa.ChunkedArray] = {name: rows[name] for name in rows.column_names}
    columns[VERSION] = pa.repeat(pa.scalar(version, pa.int64()), n)
    hidden = {name: columns[name] for name in HIDDEN.get(content, ())}
    if content == "anomalies":
        people, columns["subject"] = people_and_codes(pl.DataFrame(rows.select(["subject_kind", "subject"])))
        columns[_PERSON], _ = _sealed_people(people, sealing)
    elif _PERSON in columns:
        people = pl.DataFrame(rows.select(["person_type", _PERSON])).cast(pl.String)
        columns[_PERSON], hidden[_PERSON] = _sealed_people(people, sealing)
    clear = pa.table({each.name: columns[each.name] for each in clear_schema(content)})
    if content in SHUFFLED:
        order = _order_of_pseudonyms(content, clear)
        clear = clear.take(order)
        vault = pa.table({**hidden, _ROW: pa.array(np.arange(first, first + n))}).take(order)
    elif hidden:
        vault = pa.table(hidden)
    else:
        return clear, None
    return clear, vault.select(vault_schema(content).names).cast(vault_schema(content))


def open_rows(
    content: str, clear: pa.Table, vault: pa.Table | None, sealing: DataKeys | None
) -> pl.DataFrame:
    """Read a table back.

    Parameters
    ----------
    content : str
        One of `CONCLUSIONS`.
    clear : pyarrow.Table
        All its rows, as `clear_schema`.
    vault : pyarrow.Table, optional
        As `vault_schema`; None without the key, and where the table has no such columns.
    sealing : DataKeys, optional
        Without it people are the hexadecimal digits of their pseudonyms, and texts of the vault are not shown.

    Returns
    -------
    DataFrame
        As it was concluded.
    """
    opened = {name: clear[name] for name in clear.column_names if name not in (VERSION, _PERSON)}
    hidden = {} if vault is None or sealing is None else {name: vault[name] for name in vault.column_names}
    told = pl.DataFrame(opened | {name: column for name, column in hidden.items() if name != _PERSON})
    if _PERSON in clear.column_names:
        told = told.with_columns(_opened_people(clear, hidden.get(_PERSON), sealing, content))
    if sealing is None:
        texts = [name for name in HIDDEN.get(content, ()) if name not in told.columns]
        told = told.with_columns(pl.lit(NOT_SHOWN).alias(name) for name in texts)
        if content == "anomalies":
            people = pl.lit("person:") + pl.col(_PERSON)
            told = told.with_columns(pl.coalesce("subject", people, pl.lit(NOT_SHOWN)))
    if _ROW in told.columns:
        told = told.sort(_ROW)
    elif content in SHUFFLED:
        told = told.sort(SORT_KEYS[content], nulls_last=False, maintain_order=True)
    return told.select(pl.col(each.name).cast(each.dtype) for each in TABLES[content])


def reseal_people(
    content: str, clear: pa.Table, vault: pa.Table, before: DataKeys, after: DataKeys
) -> pa.Table:
    """Give people the pseudonyms of another key.

    Parameters
    ----------
    content : str
        One of `CONTENTS`.
    clear, vault : pyarrow.Table
        As `clear_schema` and `vault_schema`.
    before, after : DataKeys
    """
    if _PERSON not in clear.column_names:
        return clear
    if content == "anomalies":
        subjects = pa.table({"subject_kind": clear["subject_kind"], "subject": vault["subject"]})
        people, _ = people_and_codes(pl.DataFrame(subjects))
    else:
        numbers = _opened_people(clear, vault[_PERSON], before, content)
        people = pl.DataFrame([pl.Series("person_type", clear["person_type"]), numbers])
    return clear.set_column(clear.column_names.index(_PERSON), _PERSON, _sealed_people(people, after)[0])


def people_and_codes(told: pl.DataFrame) -> tuple[pl.DataFrame, pa.Array]:
    """People among the subjects of anomalies, null elsewhere; and the subjects that are codes, null elsewhere."""
    parts = pl.col("subject").str.splitn(":", 2).struct
    is_person = pl.col("subject_kind") == "person"
    people = told.select(
        pl.when(is_person).then(parts[place]).alias(name)
        for place, name in enumerate(("person_type", _PERSON))
    )
    codes = told.select(pl.when(pl.col("subject_kind").is_in(OF_CODES)).then("subject").alias("subject"))
    return people, _text(codes["subject"])


def _sealed_people(people: pl.DataFrame, sealing: DataKeys) -> tuple[pa.Array, pa.Array]:
    """Pseudonyms, null where there is no person; and the numbers that they do not hold, null for all others."""
    there = people["person"].is_not_null()
    keys, others = keys_of_people(people.filter(there))
    long = long_numbers(keys, others)
    told = (
        pseudonyms(keys, others, sealing),
        pa.nulls(len(keys), pa.large_string()) if long is None else _text(long),
    )
    if there.all():
        return told
    places = _places(there)
    return told[0].take(places), told[1].take(places)


def _opened_people(
    clear: pa.Table, long: pa.ChunkedArray | None, sealing: DataKeys | None, content: str
) -> pl.Series:
    """Document numbers; without the key, and of anomalies, whose subjects are in the vault, the digits of pseudonyms."""
    sealed = clear[_PERSON]
    if sealing is None or content == "anomalies":
        return pl.Series(_PERSON, sealed.cast(pa.binary())).bin.encode("hex")
    there = pl.Series(sealed.is_valid())
    given = None
    if long is not None and long.null_count < len(long):
        given = pl.DataFrame({"person_type": clear["person_type"], "person": long}).filter(there)
    numbers = _numbers(*unsealed(_one_array(sealed.drop_null()), sealing, given))
    return numbers if there.all() else numbers.gather(pl.Series(_places(there)))


def _one_array(column: pa.ChunkedArray) -> pa.Array:
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def _text(texts: pl.Series) -> pa.Array:
    return texts.to_arrow(compat_level=pl.CompatLevel.oldest())


def _numbers(keys: np.ndarray[tuple[int], np.dtype[np.int64]], others: pl.DataFrame) -> pl.Series:
    """Document numbers of people, as `unsealed` gives them."""
    text, begins = text_bytes(others["person"])
    keys = read_only(keys)
    offsets = np.empty(len(keys) + 1, np.int64)
    kernels.document_offsets(keys, begins, offsets)
    content = np.empty(int(offsets[-1]), np.uint8)
    kernels.write_documents(keys, text, begins, offsets, content)
    return pl.Series("person", large_texts(offsets, content))


def _places(there: pl.Series) -> pa.Array:
    """Index of each row among those that are there; null for the others."""
    counted = there.cum_sum().cast(pl.Int64) - 1
    return pl.select(pl.when(there).then(counted)).to_series().to_arrow()


def _order_of_pseudonyms(content: str, clear: pa.Table) -> pa.Array:
    """Rows sorted as the table is, with pseudonyms in the place of people's numbers."""
    keys = [name for name in SORT_KEYS[content] if name in clear.column_names]
    keys += [_PERSON] if _PERSON not in keys else []
    columns = {name: clear[name].cast(pa.binary()) if name == _PERSON else clear[name] for name in keys}
    told = pl.DataFrame(columns).with_row_index(_ROW)
    return told.sort(keys, nulls_last=False)[_ROW].cast(pl.Int64).to_arrow()
