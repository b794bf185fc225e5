"""The list of residents as the night's SQL joins it: people once each, known as the tables know them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.paths import arrow_file
from poolpipe.store.sealing import keys_of_people

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import duckdb

__all__ = ["AREA", "plain_list", "residents_once"]

AREA = ("township", "community", "building")

_USED = ("person_type", "person", *AREA, "household")

_ODD = (
    "person is null or not regexp_full_match(person, '[0-9A-Z]{1,64}') "
    "or (person_type is not null and not regexp_full_match(person_type, '[0-9A-Z]{1,64}')) "
    "or (household is not null and not regexp_full_match(household, '[0-9A-Za-z_.-]{1,64}'))"
)
"""Where cleaning could change something, or refuse it."""


def residents_once(
    people: pl.DataFrame, sealed: Callable[[pl.DataFrame], pl.Series] | None = None
) -> pl.DataFrame:
    """Lay out the residents of a list that was cleaned, each once: the first row counts.

    Parameters
    ----------
    people : DataFrame
        As `Reference.people`: person, and optionally person_type, township, community, building, household.
    sealed : callable, optional
        Gives people (person_type, person) the pseudonyms that stand in the tables, where they are of no type.

    Returns
    -------
    DataFrame
        person_type, person (as in the tables), township, community, building, household; null where not given.
    """
    kind = pl.col("person_type").fill_null(RESIDENT) if "person_type" in people.columns else pl.lit(RESIDENT)
    documents = people.select(kind.alias("person_type"), "person")
    keys, _ = keys_of_people(documents)
    once = np.sort(np.unique(keys, return_index=True)[1])
    residents = people.select(
        documents["person_type"] if sealed is None else pl.lit("").alias("person_type"),
        documents["person"] if sealed is None else sealed(documents).alias("person"),
        *(
            (pl.col(name).cast(pl.String) if name in people.columns else pl.lit(None, pl.String)).alias(name)
            for name in (*AREA, "household")
        ),
    )
    return residents if len(once) == people.height else residents[once]


def plain_list(connection: duckdb.DuckDBPyConnection, path: Path) -> str | None:
    """Give the query that reads a list of residents which needs no cleaning; None where it may need some.

    A city's list is 25 million rows, and cleaning it takes longer than all marts. A Parquet file with the columns of
    docs/tables.md is looked through in SQL: where every number and type of document is digits and capitals, and nobody is
    there twice, cleaning would change nothing.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
    path : Path
        Any file that `read_reference` takes.
    """
    columns = _columns(path)
    if columns is None or "person" not in columns:
        return None
    told = ", ".join(name if name in columns else f"null::varchar as {name}" for name in _USED)
    quoted = str(path).replace("'", "''")
    rows = f"select {told} from read_parquet('{quoted}')"  # noqa: S608 -- our own names, and a quoted path
    odd = f"select count(*) from ({rows}) where {_ODD}"  # noqa: S608
    twice = f"select count(*) - count(distinct person) from ({rows})"  # noqa: S608
    if any(connection.execute(query).fetchall()[0][0] for query in (odd, twice)):
        return None
    return f"select * replace (coalesce(person_type, '{RESIDENT}') as person_type) from ({rows})"  # noqa: S608


def _columns(path: Path) -> set[str] | None:
    """The columns of a Parquet file, if those used are texts; None of another file."""
    if path.suffix != ".parquet":
        return None
    try:
        with arrow_file(path) as file:
            schema = pq.read_schema(file)
    except (OSError, pa.ArrowException):
        return None
    used = [each for each in schema if each.name in _USED]
    if not all(pa.types.is_string(each.type) or pa.types.is_large_string(each.type) for each in used):
        return None
    return {each.name for each in used}
