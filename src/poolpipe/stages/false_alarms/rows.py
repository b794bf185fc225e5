"""Rows of the table `false_alarms`: a subject, what speaks against it, and the tubes to repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import numpy as np
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["alarm_rows", "tubes_in_words"]

_SCHEMA = {column.name: column.dtype for column in TABLES["false_alarms"]}


def alarm_rows(alarms: Iterable[Mapping[str, Any]]) -> pl.DataFrame:
    """Make rows of the table from mappings of columns to values; an absent column is null.

    Parameters
    ----------
    alarms : iterable of mappings
        Columns of `tables.TABLES["false_alarms"]`.

    Returns
    -------
    DataFrame
    """
    return pl.DataFrame([dict(each) for each in alarms], schema=_SCHEMA, orient="row")


def tubes_in_words(tubes: NDArray[np.int64], codes: Dictionaries) -> str:
    """Codes of tubes in sorted order, with a blank between two of them; a code contains no blank."""
    known = pl.Series(tubes).unique().sort().cast(pl.UInt32)
    return " ".join(codes.entity("tube", known)[1].to_list())
