"""What a reader may see: the rows of one site or laboratory, and people as pseudonyms unless he may read identities."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple

import polars as pl

from poolpipe.store.pseudonymous import pseudonymous
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.store.keys import DataKeys

__all__ = ["BY_TUBE", "EVERYTHING", "ReaderRights", "has_place", "may_read", "rows_of_place", "seen_rows"]

BY_TUBE: Final = ("members", "recalls", "cases", "retention")
"""Tables of tubes: where they have no column `site` or `lab`, that of the tube's row in `pools` counts."""

_ANOMALIES: Final = "anomalies"


class ReaderRights(NamedTuple):
    """Who reads, and what he may see.

    Attributes
    ----------
    site, lab : str
        The only site and laboratory whose rows he sees; empty for all.
    opens : bool
        Whether he sees people in clear.
    """

    site: str = ""
    lab: str = ""
    opens: bool = False


EVERYTHING: Final = ReaderRights(opens=True)


def has_place(table: str, column: str) -> bool:
    """Whether the rows of a table belong to a site or a laboratory.

    Parameters
    ----------
    table : str
        A key of `tables.TABLES`.
    column : {"site", "lab"}
    """
    return table in (*BY_TUBE, _ANOMALIES) or column in (each.name for each in TABLES[table])


def may_read(table: str, reader: ReaderRights) -> bool:
    """Whether a table can be restricted to what a reader may see: others are not shown to him."""
    return all(has_place(table, column) for column in ("site", "lab") if getattr(reader, column))


def rows_of_place(
    table: str, rows: pl.DataFrame, column: str, value: str, pools: Callable[[], pl.DataFrame]
) -> pl.DataFrame:
    """Keep the rows of a site or a laboratory.

    Parameters
    ----------
    table : str
        One that `has_place`. Of anomalies those of tubes, and those of the site or laboratory itself, are kept.
    rows : DataFrame
    column : {"site", "lab"}
    value : str
    pools : callable
        Gives at least round, tube, site, lab of the tubes that are in `rows`.
    """
    if column in rows.columns:
        return rows.filter(pl.col(column) == value)
    tubes = pools().filter(pl.col(column) == value).select("round", "tube")
    if table in BY_TUBE:
        return rows.join(tubes, on=["round", "tube"], how="semi", maintain_order="left")
    subjects = tubes.select("round", pl.lit("tube").alias("subject_kind"), pl.col("tube").alias("subject"))
    own = rows.with_row_index("_row").join(subjects, on=subjects.columns, how="semi")["_row"]
    itself = (pl.col("subject_kind") == column) & (pl.col("subject") == value)
    return rows.with_row_index("_row").filter(pl.col("_row").is_in(own.implode()) | itself).drop("_row")


def seen_rows(
    table: str,
    rows: pl.DataFrame,
    pools: Callable[[], pl.DataFrame],
    reader: ReaderRights,
    sealing: DataKeys | None,
) -> pl.DataFrame:
    """Give the rows that a reader may see, as he sees them.

    Parameters
    ----------
    table : str
        One that he `may_read`.
    rows : DataFrame
    pools : callable
        As of `rows_of_place`.
    reader : ReaderRights
    sealing : DataKeys or None
        None where people are pseudonyms already.
    """
    for column in ("site", "lab"):
        if value := getattr(reader, column):
            rows = rows_of_place(table, rows, column, value, pools)
    return rows if reader.opens or sealing is None else pseudonymous(table, rows, sealing)
