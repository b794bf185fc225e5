"""Concluded rows as somebody reads them who does not hold the key: people are pseudonyms, and texts that may name them are not shown.

The same as `conclusion_tables.open_rows` gives of kept tables without the key, for rows that are in no store yet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.store.conclusion_tables import HIDDEN, NOT_SHOWN, OF_CODES, SHUFFLED, people_and_codes
from poolpipe.store.contents import REJECTS, REJECTS_VAULT
from poolpipe.store.sealing import pseudonyms_of_people
from poolpipe.tables import SORT_KEYS

if TYPE_CHECKING:
    from poolpipe.store.keys import DataKeys

__all__ = ["is_shuffled", "pseudonymous", "tells_subject"]

_PERSON: Final = "person"

tells_subject: Final = pl.col("subject_kind").is_in([*OF_CODES, _PERSON])
"""Expression for anomalies whose subject everybody may read; those of other kinds cannot be told apart without the key."""


def is_shuffled(table: str) -> bool:
    """Whether the order of a table's rows depends on people's numbers, and so is another one without the key."""
    return table in SHUFFLED


def pseudonymous(table: str, rows: pl.DataFrame, sealing: DataKeys) -> pl.DataFrame:
    """Put pseudonyms in the place of people.

    Parameters
    ----------
    table : str
        A key of `tables.TABLES`.
    rows : DataFrame
        With all of its columns that name people; others may be missing.
    sealing : DataKeys

    Returns
    -------
    DataFrame
        The same columns. Tables whose order depends on people's numbers are sorted anew.
    """
    if table == REJECTS:
        return rows.with_columns(pl.lit(NOT_SHOWN).alias(name) for name in REJECTS_VAULT.names)
    hidden = [name for name in HIDDEN.get(table, ()) if name != "subject"]
    told = rows.with_columns(pl.lit(NOT_SHOWN).alias(name) for name in hidden)
    if table == "anomalies":
        people, codes = people_and_codes(rows)
        shown = pl.DataFrame([pl.Series("subject", codes), _digits(people, sealing)])
        named = pl.lit("person:") + pl.col(_PERSON)
        told = told.with_columns(
            shown.select(pl.coalesce("subject", named, pl.lit(NOT_SHOWN)).alias("subject")).to_series()
        )
    elif _PERSON in rows.columns:
        told = told.with_columns(_digits(rows.select("person_type", _PERSON), sealing))
    if not is_shuffled(table):
        return told
    return told.sort(SORT_KEYS[table], nulls_last=False, maintain_order=True)


def _digits(people: pl.DataFrame, sealing: DataKeys) -> pl.Series:
    """The hexadecimal digits of pseudonyms; null where there is no person."""
    there = people[_PERSON].is_not_null()
    sealed = pseudonyms_of_people(people.filter(there), sealing).bin.encode("hex")
    if there.all():
        return sealed.alias(_PERSON)
    place = pl.select(pl.when(there).then(there.cum_sum().cast(pl.Int64) - 1)).to_series()
    return sealed.gather(place).alias(_PERSON)
