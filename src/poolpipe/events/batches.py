"""The batch that every reader gives: a block of records as they came, with their line numbers."""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.plain_texts import as_text, is_plain
from poolpipe.messages import message
from poolpipe.tables import DATE_OF_TIME, EVENTS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.naming import NamedColumns

__all__ = [
    "BROKEN",
    "KNOWN_COLUMNS",
    "Batch",
    "Unread",
    "broken",
    "column_names",
    "header_trouble",
    "holds_data",
    "looks_like_a_record",
    "picked",
    "plain_table",
    "proper_name",
    "unpacked",
]

KNOWN_COLUMNS = frozenset(
    [
        "kind",
        DATE_OF_TIME,
        *(column for kind in EVENTS.values() for column in kind.columns),
        *itertools.chain(*REFERENCE.values()),
    ]
)

_OF_EVENTS = frozenset(
    ["kind", DATE_OF_TIME, *(column for kind in EVENTS.values() for column in kind.columns)]
)
_NUMBER = re.compile(r"\d[-/.:年时]\d|\d{4}|^\s*\d+\s*$")
_LABEL = re.compile(r"\s*[^\W\d][^:：]{0,15}[：:]")
"""Matches the label of a form above a table, 填表人：."""

_DATA = re.compile(r"\d{4}[-/.年]\d{1,2}|\d{6}")
"""Matches cells and no column names: a date, or a number as long as a code."""

BROKEN = {"line": pl.Int64, "detail": pl.String, "raw": pl.String}
"""Columns of records that could not be read; line is null for the file as a whole."""


def broken(
    lines: Iterable[int | None] = (), details: Iterable[str] = (), raws: Iterable[str | None] = ()
) -> pl.DataFrame:
    """Make a table of unreadable records.

    Parameters
    ----------
    lines : iterable of int or None
        Line of each record; None for the file as a whole.
    details : iterable of str
        What is wrong with each.
    raws : iterable of str or None
        Text of each record, as far as it is legible.

    Returns
    -------
    polars.DataFrame
        Columns as `BROKEN`.
    """
    return pl.DataFrame({"line": list(lines), "detail": list(details), "raw": list(raws)}, schema=BROKEN)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one file that could be read.

    Attributes
    ----------
    table : pyarrow.Table
        Known columns under their proper names, of the types they came in.
    lines : (n,) int64
        Line (text), row (sheet) or record (binary) of each row, from 1; 0 where the file has none.
    raw : callable
        Gives the legible text of some rows; it is called for rejected rows only.
    broken : DataFrame
        Records between these that could not be read, as `BROKEN`.
    left_out : set of str
        Columns that no event has.
    done : float
        Share of the file that was read when this batch was, 0 to 1.
    repeated : int
        How often the batch's only record is repeated behind it: its duplicates.
    is_anew : bool
        Whether the file is read again from its start: the batches so far do not count.
    told : NamedColumns or None
        What the header means, of texts.
    of_machine : bool
        Whether the records are of the file of a machine or robot.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    raw: Callable[[NDArray[np.int64]], Sequence[str]]
    broken: pl.DataFrame = field(default_factory=broken)
    left_out: frozenset[str] = frozenset()
    done: float = 1.0
    repeated: int = 0
    is_anew: bool = False
    told: NamedColumns | None = None
    of_machine: bool = False

    @staticmethod
    def of_broken(trouble: pl.DataFrame) -> Batch:
        """Make a batch that holds only broken records."""
        return Batch(pa.table({}), np.empty(0, np.int64), lambda rows: [""] * len(rows), trouble)

    @staticmethod
    def anew() -> Batch:
        """Make the batch that says the file is read again from its start: its batches so far do not count."""
        return replace(Batch.of_broken(broken()), done=0.0, is_anew=True)


Unread = Callable[[], "list[Batch]"]
"""A callable that unpacks and returns batches, in the thread that calls it."""


def unpacked(came: Batch | Unread) -> list[Batch]:
    """Give the batches of an item that a reader yields, unpacking it in this thread where it is not unpacked."""
    return came() if callable(came) else [came]


def plain_table(columns: Mapping[str, pa.Array | pa.ChunkedArray], height: int) -> pa.Table:
    """Make an Arrow table whose texts have a layout that every kernel and function takes.

    Records without any known column count as records: each is rejected.

    Parameters
    ----------
    columns : mapping of str to pyarrow.Array or ChunkedArray
        Known columns by their proper names, each of `height` rows.
    height : int
        How many records there are.

    Returns
    -------
    pyarrow.Table
        The columns; a null column `kind` where there is none.
    """
    if not columns:
        return pa.table({"kind": pa.nulls(height, pa.string())})
    return pa.table({name: _plain(column) for name, column in columns.items()})


def _plain(column: pa.Array | pa.ChunkedArray) -> pa.Array | pa.ChunkedArray:
    kind = column.type
    if is_plain(kind):
        return column
    if pa.types.is_dictionary(kind) and pa.types.is_string_view(kind.value_type):
        return column.cast(pa.dictionary(kind.index_type, pa.large_string()))
    if isinstance(column, pa.ChunkedArray):
        column = column.combine_chunks()
    return as_text(column)


def picked(rows: NDArray[np.int64]) -> pa.Array:
    """Convert row numbers to an Arrow array through polars, because pyarrow's own conversion imports pandas."""
    return pl.Series(rows, dtype=pl.Int64).to_arrow()


def column_names(
    given: Sequence[str], told: NamedColumns | None = None
) -> tuple[dict[int, str], frozenset[str]]:
    """Find the known columns among the given ones, whatever their case, width and surrounding blanks.

    Parameters
    ----------
    given : sequence of str
        Names of columns.
    told : NamedColumns, optional
        What they mean, where other names than those of docs/tables.md are known.

    Returns
    -------
    known : dict
        Index of the given column to its proper name; of two columns of one name the first, see `header_trouble`.
    left_out : frozenset of str
        The others, as they are written; empty where the names are a record instead of a header.
    """
    known: dict[int, str] = {}
    left_out: set[str] = set()
    for index, (name, proper) in enumerate(zip(given, _proper_names(given, told), strict=True)):
        if proper in KNOWN_COLUMNS and proper not in known.values():
            known[index] = proper
        elif name.strip("\ufeff \t\r\n"):
            left_out.add(name)
    return known, frozenset() if holds_data(given) else frozenset(left_out)


def _proper_names(given: Sequence[str], told: NamedColumns | None) -> Sequence[str]:
    return told.names if told else [proper_name(name) for name in given]


def header_trouble(given: Sequence[str], told: NamedColumns | None = None) -> str:
    """Say why no record under these columns can be read; empty where they can.

    Of two columns of one name, or of two that mean one thing, it is not known which is meant.

    Parameters
    ----------
    given : sequence of str
        Names of columns.
    told : NamedColumns, optional
        What they mean, where other names than those of docs/tables.md are known.
    """
    places: dict[str, list[int]] = {}
    for index, name in enumerate(given, start=1):
        places.setdefault(proper_name(name), []).append(index)
    twice = {name: where for name, where in places.items() if name in _OF_EVENTS and len(where) > 1}
    alike = "; ".join(
        f"columns {' and '.join(map(str, twice[name]))} are both called {name}" for name in twice
    )
    if alike:
        return message("columns_alike", {"columns": alike})
    named = [name for name in told.names if name] if told else []
    codes = ("columns_for_one", "kinds_alike") if len(set(named)) < len(named) else ()
    asked = [each for each in (told.questions if told else ()) if each.code in codes]
    return "; ".join(part for each in asked for part in (each.asked, each.answer))


def looks_like_a_record(given: Sequence[str], told: NamedColumns | None = None) -> bool:
    """Decide whether the first line of a text is a record, as in a piece of a file that was split.

    It is one where none of its cells is a column's name and one looks like a date, a time or a number, or none has
    a letter; or where `holds_data` says so. Unknown names without any number are a header in other words.

    Parameters
    ----------
    given : sequence of str
        Cells of the line.
    told : NamedColumns, optional
        What they mean, where other names than those of docs/tables.md are known.
    """
    filled = [name for name in given if name.strip()]
    wordless = not any(letter.isalpha() for name in given for letter in name)
    if told and not wordless and (len(filled) < 2 or any(_LABEL.match(name) for name in filled)):
        return False  # a title, or a form's line such as 采样点：实验小学
    proper = _proper_names(given, told)
    if KNOWN_COLUMNS & set(proper):
        return "at" not in proper and any(_DATA.search(name) for name in given)
    return wordless or any(_NUMBER.search(name) for name in given)


def holds_data(given: Sequence[str]) -> bool:
    """Decide whether column names are times or numbers, without `at` among them.

    Libraries that write a table of records without a header make column names of the first record.
    """
    return any(_DATA.search(name) for name in given) and "at" not in map(proper_name, given)


def proper_name(name: str) -> str:
    """A column's name as it is compared: half width, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", name).strip("\ufeff \t\r\n").lower()
