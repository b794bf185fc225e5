"""Read the kind of event and columns such as `round=1` from names of files and folders."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.plain_texts import as_text
from poolpipe.tables import EVENTS, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from poolpipe.events.batches import Batch

__all__ = ["columns_of_folders", "folders_typed", "kind_of_name", "telling", "with_columns_of_folders"]

_NAME_BEGINS = re.compile(rf"({'|'.join(KINDS)})(?![A-Za-z])", re.IGNORECASE)
_PARTITION = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""What Hive and Spark call the folder of the rows in which the column is null."""

_FOLDERS = 1 << 12
"""Folders remembered; a campaign has a few hundred."""

_COLUMNS = frozenset(["kind", *(column for kind in EVENTS.values() for column in kind.columns)])
_NEAREST = 2
"""So many folders around a file or folder on the command line tell even where the path that was typed is shorter."""


def kind_of_name(name: str) -> str | None:
    """Tell the kind a file's name begins with, else the kind its nearest folder is called after."""
    folders, _, own = name.rpartition("/")
    match = _NAME_BEGINS.match(own)
    return match.group(0).lower() if match else _kind_of_folders(folders)


def columns_of_folders(name: str) -> Mapping[str, str | None]:
    """Columns that folders called `column=value` (Hive) give the file `name`, the nearest counting.

    Values are what stands behind the sign, percent escapes undone; None is Hive's word for no value. Columns
    that no event has are among them: whoever reads the file names them as unused.
    """
    return _columns_of_folders(name.rpartition("/")[0])


# Thousands of files lie in few folders: what folders say is worked out once for each.
@lru_cache(_FOLDERS)
def _kind_of_folders(folders: str) -> str | None:
    return next((part.lower() for part in reversed(folders.split("/")) if part.lower() in KINDS), None)


@lru_cache(_FOLDERS)
def _columns_of_folders(folders: str) -> Mapping[str, str | None]:
    found = (_PARTITION.fullmatch(part) for part in folders.split("/"))
    return MappingProxyType(
        {each[1].lower(): None if each[2] == _NO_VALUE else unquote(each[2]) for each in found if each}
    )


def folders_typed(folder: Path) -> tuple[str, ...]:
    """Names of the folders of a path on the command line, outermost first: all that were typed, and two at least.

    `.` and `..` stand for the folders that they mean.
    """
    parts = Path(os.path.abspath(folder)).parts[1:]  # noqa: PTH100 - resolve() would follow links
    return parts[-max(_NEAREST, len(folder.parts)) :]


def telling(folders: tuple[str, ...], name: str) -> str:
    """A file's name led by those folders around the input without which kind or columns would not be known."""
    below, _, own = name.rpartition("/")
    leading = _leading(folders, below, tells=_NAME_BEGINS.match(own) is not None)
    return f"{leading}/{name}" if leading else name


@lru_cache(_FOLDERS)
def _leading(folders: tuple[str, ...], below: str, *, tells: bool) -> str:
    """Those of the folders that are needed, for files in the folder `below` whose own names tell a kind or do not."""
    needed = len(folders)
    for place in range(len(folders) - 1, -1, -1):
        shorter, longer = ("/".join((*folders[start:], below)) for start in (needed, place))
        kind_told = not tells and _kind_of_folders(longer) != _kind_of_folders(shorter)
        if kind_told or _columns_of_folders(longer) != _columns_of_folders(shorter):
            needed = place
    return "/".join(folders[needed:])


def with_columns_of_folders(batch: Batch, columns: Mapping[str, str | None]) -> Batch:
    """Give a batch the columns of its folders: to the records that say nothing there themselves."""
    given = {name: value for name, value in columns.items() if name in _COLUMNS and value is not None}
    table = batch.table
    if table.num_rows:
        for name, value in given.items():
            if name in table.column_names:
                place = table.column_names.index(name)
                table = table.set_column(place, name, pa.chunked_array([_filled(table.column(name), value)]))
            else:
                table = table.append_column(name, pa.chunked_array([_constant(value, table.num_rows)]))
    unused = frozenset(columns) - _COLUMNS
    return replace(batch, table=table, left_out=batch.left_out | unused)


def _constant(value: str, height: int) -> pa.Array:
    rows = pl.Series(np.zeros(height, np.int32)).to_arrow()
    return pa.DictionaryArray.from_arrays(rows, pa.array([value], pa.large_string()))


def _filled(column: pa.ChunkedArray, value: str) -> pa.Array:
    texts = pl.Series("values", as_text(column.combine_chunks()), pl.String)
    blank = clean_codes(texts).is_null()
    return pl.select(pl.when(blank).then(pl.lit(value)).otherwise(texts)).to_series().to_arrow()
