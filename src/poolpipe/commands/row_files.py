"""Rows of any table as a file, by the ending of its name: CSV, Parquet, a workbook, Arrow or NDJSON."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import polars as pl

__all__ = ["FORMATS", "plain_rows", "write_rows"]

FORMATS = (".csv", ".parquet", ".xlsx", ".arrow", ".ndjson")
_SHEET_NAME = 31
"""The most signs that a sheet's name may have."""


def plain_rows(table: pl.DataFrame) -> pl.DataFrame:
    """Dates and times as texts, whole numbers of any width as int64: what JSON, CSV and workbooks have."""
    import polars as pl
    from polars import selectors

    return table.with_columns(
        selectors.integer().cast(pl.Int64),
        selectors.decimal().cast(pl.Float64),
        selectors.date().cast(pl.String),
        selectors.datetime().dt.strftime("%Y-%m-%dT%H:%M:%SZ"),
    )


def write_rows(table: pl.DataFrame, to: Path, sheet: str, headings: Mapping[str, str] | None = None) -> None:
    """Write a table; in workbooks and CSV no text is taken for a formula.

    Parameters
    ----------
    table : polars.DataFrame
    to : Path
        Ends in one of `FORMATS`.
    sheet : str
        Name of a workbook's sheet.
    headings : mapping, optional
        Column to its heading in a workbook, which people read; programs find the columns' names in all other files.

    Raises
    ------
    InputError
        The name ends in something else.
    """
    from poolpipe.commands.frames import write_frame
    from poolpipe.exchange.city_csv import harmless

    ending = to.suffix.lower()
    if ending == ".xlsx":
        from xlsxwriter import Workbook

        # a text that looks like an address stays a text: no click opens a page or a share that a file named
        texts_alone = {"strings_to_formulas": False, "strings_to_urls": False, "nan_inf_to_errors": True}
        with Workbook(str(to), texts_alone) as book:
            plain_rows(table).rename(dict(headings or {})).write_excel(book, worksheet=sheet[:_SHEET_NAME])
        return
    if ending == ".csv":
        import polars as pl

        plain = plain_rows(table)
        texts = [name for name, kind in plain.schema.items() if kind == pl.String]
        table = plain.with_columns(harmless(pl.col(name)).alias(name) for name in texts)
    write_frame(table, to)
