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

import polars as pl
import pyarrow as pa

from poolpipe.coding.cleaning import clean_codes
from poolpipe.coding.headers import KIND_NAMES
from poolpipe.coding.plain_texts import as_text
from poolpipe.tables import EVENTS, KINDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from poolpipe.events.batches import Batch

__all__ = [
    "columns_of_folders",
    "event_columns",
    "folders_typed",
    "kind_of_name",
    "likely_kind",
    "telling",
    "unused_columns",
    "with_columns_of_folders",
]

_NAME_BEGINS = re.compile(rf"({'|'.join(KINDS)})(?![A-Za-z])", re.IGNORECASE)
_CHINESE = sorted(
    ((kind, begin) for kind, names in KIND_NAMES.items() for begin in names), key=lambda pair: -len(pair[1])
)
"""Kinds by the beginnings of Chinese names, the longest first."""

_PARTITION = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
_NO_VALUE = "__HIVE_DEFAULT_PARTITION__"
"""The value by which Hive and Spark name the folder of rows whose column is null."""

_FOLDERS = 1 << 12
"""Folders kept in the cache; a campaign has a few hundred."""

_COLUMNS = frozenset(["kind", *(column for kind in EVENTS.values() for column in kind.columns)])
_NEAREST = 2
"""The least folders above an input whose names are read, even where the typed path has fewer."""


def kind_of_name(name: str) -> str | None:
    """The kind of event that a file's name begins with, else that of its nearest folder."""
    folders, _, own = name.rpartition("/")
    match = _NAME_BEGINS.match(own)
    return match.group(0).lower() if match else _kind_of_folders(folders)


def columns_of_folders(name: str) -> Mapping[str, str | None]:
    """Columns that folders called `column=value` (Hive) give the file `name`, the nearest counting.

    Values are the text behind the sign, percent escapes undone; None is Hive's word for no value. Columns
    that no event has are included: the reader names them as unused.
    """
    return _columns_of_folders(name.rpartition("/")[0])


# Thousands of files lie in few folders: each folder is parsed once.
@lru_cache(_FOLDERS)
def _kind_of_folders(folders: str) -> str | None:
    return next((part.lower() for part in reversed(folders.split("/")) if part.lower() in KINDS), None)


def likely_kind(name: str) -> str:
    """The kind of event that a Chinese name tells: the file's own beginning, else its nearest folder; empty where none does."""
    *folders, own = name.split("/")
    told = (kind for part in (own, *reversed(folders)) for kind, begin in _CHINESE if part.startswith(begin))
    return next(told, "")


@lru_cache(_FOLDERS)
def _columns_of_folders(folders: str) -> Mapping[str, str | None]:
    found = (_PARTITION.fullmatch(part) for part in folders.split("/"))
    return MappingProxyType(
        {each[1].lower(): None if each[2] == _NO_VALUE else unquote(each[2]) for each in found if each}
    )


def folders_typed(folder: Path) -> tuple[str, ...]:
    """Names of the folders of a path on the command line, outermost first: all that were typed, and at least two.

    `.` and `..` are resolved.
    """
    parts = Path(os.path.abspath(folder)).parts[1:]  # noqa: PTH100 - resolve() would follow links
    return parts[-max(_NEAREST, len(folder.parts)) :]


def telling(folders: tuple[str, ...], name: str) -> str:
    """Lead a file's name by those folders around the input from which its kind or columns are read.

    Parameters
    ----------
    folders : tuple of str
        As `folders_typed` gives them.
    name : str
        Name of the file relative to the input, with forward slashes.

    Returns
    -------
    str
        The name itself where no folder is needed.
    """
    below, _, own = name.rpartition("/")
    leading = _leading(folders, below, tells=_NAME_BEGINS.match(own) is not None)
    return f"{leading}/{name}" if leading else name


@lru_cache(_FOLDERS)
def _leading(folders: tuple[str, ...], below: str, *, tells: bool) -> str:
    """Those of the folders that files in the folder `below` need for their kind (unless their names have it) or columns."""
    needed = len(folders)
    for place in range(len(folders) - 1, -1, -1):
        shorter, longer = ("/".join((*folders[start:], below)) for start in (needed, place))
        kind_told = not tells and _kind_of_folders(longer) != _kind_of_folders(shorter)
        if kind_told or _columns_of_folders(longer) != _columns_of_folders(shorter):
            needed = place
    return "/".join(folders[needed:])


def with_columns_of_folders(
    batch: Batch, columns: Sequence[Mapping[str, str | None]], rows: NDArray[np.int32]
) -> Batch:
    """Fill the columns that folders give into the records whose own cells are empty.

    Parameters
    ----------
    batch : Batch
        Records of one file or several.
    columns : sequence of mapping of str to str or None
        For each file as `columns_of_folders` gives them; None is no value.
    rows : (n,) int32
        The file of each record, as an index into `columns`.

    Returns
    -------
    Batch
        With the columns that some file has from its folders.
    """
    table = batch.table
    for name in sorted({name for given in columns for name in event_columns(given)}):
        if not table.num_rows:
            break
        values = pa.array([given.get(name) for given in columns], pa.large_string())
        constant = pa.DictionaryArray.from_arrays(pl.Series(rows, dtype=pl.Int32).to_arrow(), values)
        if name in table.column_names:
            place = table.column_names.index(name)
            filled = _filled(table.column(name), constant)
            table = table.set_column(place, name, pa.chunked_array([filled]))
        else:
            table = table.append_column(name, pa.chunked_array([constant]))
    return replace(batch, table=table)


def event_columns(columns: Mapping[str, str | None]) -> frozenset[str]:
    """Name those columns of folders that events have and that have a value."""
    return frozenset(name for name, value in columns.items() if name in _COLUMNS and value is not None)


def unused_columns(columns: Mapping[str, str | None]) -> frozenset[str]:
    """Name those columns of folders that no event has."""
    return frozenset(columns) - _COLUMNS


def _filled(column: pa.ChunkedArray, values: pa.DictionaryArray) -> pa.Array:
    texts = pl.Series("values", as_text(column.combine_chunks()), pl.String)
    given = pl.Series("given", as_text(values), pl.String)
    blank = clean_codes(texts).is_null() & given.is_not_null()
    return pl.select(pl.when(blank).then(given).otherwise(texts)).to_series().to_arrow()
