"""The tables of a store as polars and DuckDB read them, without anything of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.store.event_tables import schema_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["scan"]


def scan(files: Sequence[Path], kind: str) -> pl.LazyFrame:
    """A kind of event as a lazy frame; empty with its columns where there is no file.

    Parameters
    ----------
    files : sequence of Path
        Parquet files of one version.
    kind : str
        Kind of event.
    """
    empty = pl.DataFrame(schema_of(kind).empty_table())
    if not files:
        return empty.lazy()
    return pl.scan_parquet(list(files), glob=False)
