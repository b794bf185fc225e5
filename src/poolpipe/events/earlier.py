"""Leave out the results of earlier runs that lie among the input: files that a summary names."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from poolpipe.messages import message
from poolpipe.paths import LEDGER
from poolpipe.tables import EVENTS, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["IN_STORE", "NAMED", "files_of_result", "is_in_store", "told_by_columns"]

NAMED = message("part_of_result", {})
IN_STORE = message("part_of_store", {})

_DEPTH = 3
"""How far below a store's folder its files lie at most."""


_SUMMARY = "summary.json"
_LARGEST_SUMMARY = 1 << 28
"""The most bytes of a summary: some hundred for each file, and no input has a million files."""

_MOST = 0.9
"""Share of a table's columns by which it is recognised: other versions may have other columns as well."""

_OF_EVENTS = frozenset(column for kind in EVENTS.values() for column in kind.columns)
"""Columns by which no table is recognised: read events have nearly all columns of the result table `readings`."""


def files_of_result(folder: Path) -> frozenset[str]:
    """Names of the files in a folder that belong to a result: those that its summary names, and the summary.

    Empty where the folder holds no summary of poolpipe. Other files there are no part of the result.
    """
    path = folder / _SUMMARY
    try:
        if not path.is_file() or path.stat().st_size > _LARGEST_SUMMARY:
            return frozenset()
        summary = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return frozenset()
    if not isinstance(summary, dict) or not {"as_of", "policy", "files", "rows"} <= summary.keys():
        return frozenset()
    rows = summary["rows"]
    tables = rows if isinstance(rows, dict) else {}
    return frozenset([_SUMMARY, *(f"{table}.parquet" for table in tables)])


def is_in_store(folder: Path) -> bool:
    """Whether a folder is a store, or one of a store's own: their files are read through the store alone."""
    return any((each / LEDGER).is_file() for each in (folder, *folder.absolute().parents[:_DEPTH]))


def told_by_columns(names: Iterable[str]) -> str:
    """Name the result table that a file is, by its columns; empty where it is none.

    A run that was stopped leaves tables without a summary, and people copy single ones. Read as events, the
    table of rejects would be rejected once more, and all members with it.
    """
    given = set(names)
    for table, columns in TABLES.items():
        there = given & {column.name for column in columns}
        if len(there) >= _MOST * len(columns) and not there <= _OF_EVENTS:
            return message("table_of_results", {"table": table})
    return ""
