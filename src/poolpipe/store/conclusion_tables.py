"""The tables of conclusions in a store: columns as anybody reads them, people as pseudonyms; what names people in the vault.

`seal_rows` and `open_rows` are inverse to each other: with the key a table that was kept is the table that was concluded.
Rows that would be in the order of people's numbers lie in the order of their pseudonyms; the vault holds their places.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import RESIDENT, large_texts, text_bytes
from poolpipe.store.sealing import pseudonyms_of_people, unsealed
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
    "VERSION",
    "clear_schema",
    "needs_key",
    "open_rows",
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

_SHUFFLED: Final = ("cases", "traces", "anomalies")
"""Tables whose order depends on people's numbers."""

_OF_CODES: Final = ("tube", "box", "plate", "well", "site", "device", "lab")
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
        told[_PERSON] = pa.binary()
    else:
        told = {name: kind for name, kind in told.items() if name not in HIDDEN.get(content, ())}
    if _PERSON in told:
        told[_PERSON] = pa.binary()
    return pa.schema({**told, VERSION: pa.int64()})


def vault_schema(content: str) -> pa.Schema:
    """The columns of a table in the vault."""
    if content == CONCLUDED:
        return pa.schema({"summary": pa.large_string()})
    told: dict[str, pa.DataType] = dict.fromkeys(HIDDEN.get(content, ()), pa.large_string())
    return pa.schema({**told, _ROW: pa.int64()} if content in _SHUFFLED else told)


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
        people, columns["subject"] = _subjects(pl.DataFrame(rows.select(["subject_kind", "subject"])))
        columns[_PERSON] = _sealed_people(people, sealing)
    elif _PERSON in columns:
        named = pl.DataFrame(rows.select(["person_type", _PERSON])).cast(pl.String)
        columns[_PERSON] = _sealed_people(named, sealing)
    clear = pa.table({each.name: columns[each.name] for each in clear_schema(content)})
    if content in _SHUFFLED:
        order = _order_of_pseudonyms(content, clear)
        clear = clear.take(order)
        places = pa.array(np.arange(first, first + n))
        vault = pa.table({**hidden, _ROW: places}).take(order)
    elif hidden:
        vault = pa.table(hidden)
    else:
        return clear, None
    return clear, vault.cast(vault_schema(content))


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
    told = pl.DataFrame(clear).drop(VERSION)
    if _PERSON in told.columns:
        told = told.with_columns(_opened_people(told["person"], sealing))
    if vault is not None and sealing is not None:
        told = told.with_columns(*pl.DataFrame(vault).get_columns())
    else:
        told = told.with_columns(
            pl.lit(NOT_SHOWN).alias(name) for name in HIDDEN.get(content, ()) if name not in told.columns
        )
        if content == "anomalies":
            people = pl.lit("person:") + pl.col(_PERSON)
            told = told.with_columns(pl.coalesce("subject", people, pl.lit(NOT_SHOWN)))
    if _ROW in told.columns:
        told = told.sort(_ROW)
    elif content in _SHUFFLED:
        told = told.sort(SORT_KEYS[content], nulls_last=False, maintain_order=True)
    return told.select(pl.col(each.name).cast(each.dtype) for each in TABLES[content])


def reseal_people(clear: pa.Table, before: DataKeys, after: DataKeys) -> pa.Table:
    """Give people the pseudonyms of another key.

    Parameters
    ----------
    clear : pyarrow.Table
        As `clear_schema`.
    before, after : DataKeys
    """
    if _PERSON not in clear.column_names:
        return clear
    people = pl.Series(clear[_PERSON].combine_chunks())
    keys, others = unsealed(_arrow(people.drop_nulls()), before)
    types = np.full(len(keys), RESIDENT, object)
    types[keys < 0] = others["person_type"].to_numpy()[-1 - keys[keys < 0]]
    named = pl.DataFrame({"person_type": pl.Series(types, dtype=pl.String), "person": _numbers(keys, others)})
    told = _spread(pseudonyms_of_people(named, after), people.is_not_null())
    return clear.set_column(clear.column_names.index(_PERSON), _PERSON, told)


def _subjects(told: pl.DataFrame) -> tuple[pl.DataFrame, pa.Array]:
    """People among the subjects of anomalies, null elsewhere; and the subjects that are codes, null elsewhere."""
    parts = pl.col("subject").str.splitn(":", 2).struct
    is_person = pl.col("subject_kind") == "person"
    people = told.select(
        pl.when(is_person).then(parts[place]).alias(name)
        for place, name in enumerate(("person_type", _PERSON))
    )
    codes = told.select(pl.when(pl.col("subject_kind").is_in(_OF_CODES)).then("subject").alias("subject"))
    return people, codes["subject"].to_arrow(compat_level=pl.CompatLevel.oldest())


def _sealed_people(people: pl.DataFrame, sealing: DataKeys) -> pa.Array:
    """Pseudonyms, null where there is no person."""
    there = people["person"].is_not_null()
    return _spread(pseudonyms_of_people(people.filter(there), sealing), there)


def _opened_people(sealed: pl.Series, sealing: DataKeys | None) -> pl.Series:
    if sealing is None:
        return sealed.bin.encode("hex").alias(_PERSON)
    keys, others = unsealed(_arrow(sealed.drop_nulls()), sealing)
    there = sealed.is_not_null()
    numbers = _numbers(keys, others).alias(_PERSON)
    return numbers if there.all() else numbers.gather(_places(there))


def _numbers(keys: np.ndarray[tuple[int], np.dtype[np.int64]], others: pl.DataFrame) -> pl.Series:
    """Document numbers of people, as `unsealed` gives them."""
    text, begins = text_bytes(others["person"])
    keys = read_only(keys)
    offsets = np.empty(len(keys) + 1, np.int64)
    kernels.document_offsets(keys, begins, offsets)
    content = np.empty(int(offsets[-1]), np.uint8)
    kernels.write_documents(keys, text, begins, offsets, content)
    return pl.Series("person", large_texts(offsets, content))


def _spread(sealed: pl.Series, there: pl.Series) -> pa.Array:
    """Values for the rows that are there, null for the others."""
    whole = sealed if there.all() else sealed.gather(_places(there))
    return _arrow(whole)


def _places(there: pl.Series) -> pl.Series:
    """Index of each row among those that are there; null for the others."""
    counted = there.cum_sum().cast(pl.Int64) - 1
    return pl.select(pl.when(there).then(counted)).to_series()


def _arrow(sealed: pl.Series) -> pa.Array:
    return sealed.to_arrow(compat_level=pl.CompatLevel.oldest()).cast(pa.binary())


def _order_of_pseudonyms(content: str, clear: pa.Table) -> pa.Array:
    """Rows sorted as the table is, with pseudonyms in the place of people's numbers."""
    keys = [name for name in SORT_KEYS[content] if name in clear.column_names]
    keys += [_PERSON] if _PERSON not in keys else []
    told = pl.DataFrame(clear.select(keys)).with_row_index(_ROW)
    return told.sort(keys, nulls_last=False)[_ROW].cast(pl.Int64).to_arrow()
