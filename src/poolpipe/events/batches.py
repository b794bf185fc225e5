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
from poolpipe.tables import EVENTS, REFERENCE

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

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
        *(column for kind in EVENTS.values() for column in kind.columns),
        *itertools.chain(*REFERENCE.values()),
    ]
)

_OF_EVENTS = frozenset(["kind", *(column for kind in EVENTS.values() for column in kind.columns)])
_NUMBER = re.compile(r"\d[-/.:年时]\d|\d{4}|^\s*\d+\s*$")
_DATA = re.compile(r"\d{4}[-/.年]\d{1,2}|\d{6}")
"""What stands in cells and not in names of columns: a day, or a number as long as a code's."""

BROKEN = {"line": pl.Int64, "detail": pl.String, "raw": pl.String}
"""Columns of what could not be read at all; line is null for the file as a whole."""


def broken(
    lines: Iterable[int | None] = (), details: Iterable[str] = (), raws: Iterable[str | None] = ()
) -> pl.DataFrame:
    """Make a table of unreadable records."""
    return pl.DataFrame({"line": list(lines), "detail": list(details), "raw": list(raws)}, schema=BROKEN)


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one file that could be read.

    Attributes
    ----------
    table : pyarrow.Table
        Known columns under their proper names, of whatever type they came in.
    lines : (n,) int64
        Line (text), row (sheet) or record (binary) of each row, from 1; 0 where the file tells none.
    raw : callable
        Gives the legible records of some rows; only rejected rows are ever asked for.
    broken : DataFrame
        What could not be read between these records, as `BROKEN`.
    left_out : set of str
        Columns that no event has.
    done : float
        Share of the file that was read when this batch was, 0 to 1.
    repeated : int
        How often the batch's only record follows it once more: duplicates of it, whatever becomes of it.
    is_anew : bool
        Whether the file is read anew from here on: none of its batches so far count.
    """

    table: pa.Table
    lines: NDArray[np.int64]
    raw: Callable[[NDArray[np.int64]], Sequence[str]]
    broken: pl.DataFrame = field(default_factory=broken)
    left_out: frozenset[str] = frozenset()
    done: float = 1.0
    repeated: int = 0
    is_anew: bool = False

    @staticmethod
    def of_broken(trouble: pl.DataFrame) -> Batch:
        """Make a batch of nothing but trouble."""
        return Batch(pa.table({}), np.empty(0, np.int64), lambda rows: [""] * len(rows), trouble)

    @staticmethod
    def anew() -> Batch:
        """Say that the file is read anew: its batches so far do not count."""
        return replace(Batch.of_broken(broken()), done=0.0, is_anew=True)


Unread = Callable[[], "list[Batch]"]
"""Batches that are not unpacked yet: whoever calls it does that, in whatever thread."""


def unpacked(came: Batch | Unread) -> list[Batch]:
    """Give the batches of what a reader yields, unpacking them here where they are not yet."""
    return came() if callable(came) else [came]


def plain_table(columns: Mapping[str, pa.Array | pa.ChunkedArray], height: int) -> pa.Table:
    """Make a table whose texts are of a layout that every kernel and function takes.

    Records without any known column are records: they are counted, and refused one by one.
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
    """Row numbers as Arrow wants them; by way of polars, because pyarrow's own way imports pandas."""
    return pl.Series(rows, dtype=pl.Int64).to_arrow()


def column_names(given: Sequence[str]) -> tuple[dict[int, str], frozenset[str]]:
    """Tell which given columns are known ones, whatever their case, width and surrounding blanks.

    Returns
    -------
    known : dict
        Index of the given column to its proper name; of two columns of one name the first, see `header_trouble`.
    left_out : frozenset of str
        The others, as they were written; none where they are a record that was taken for a header.
    """
    known: dict[int, str] = {}
    left_out: set[str] = set()
    for index, name in enumerate(given):
        proper = proper_name(name)
        if proper in KNOWN_COLUMNS and proper not in known.values():
            known[index] = proper
        elif name.strip("\ufeff \t\r\n"):
            left_out.add(name)
    return known, frozenset() if holds_data(given) else frozenset(left_out)


def header_trouble(given: Sequence[str]) -> str:
    """Tell why no record under these columns can be read; empty if all is well.

    Which of two columns of one name is meant, only whoever wrote them can tell.
    """
    places: dict[str, list[int]] = {}
    for index, name in enumerate(given, start=1):
        places.setdefault(proper_name(name), []).append(index)
    twice = {name: where for name, where in places.items() if name in _OF_EVENTS and len(where) > 1}
    told = "; ".join(
        f"columns {' and '.join(map(str, twice[name]))} are both called {name}" for name in twice
    )
    return message("columns_alike", {"columns": told}) if told else ""


def looks_like_a_record(given: Sequence[str]) -> bool:
    """Tell whether the first line of a text is a record: a piece of a file that was split has no header.

    It is one where none of its cells is a column's name and one looks like a date, a time or a number, or none has
    a letter; or where `holds_data` says so. Names that nobody knows, without any number, are a header in somebody
    else's words.
    """
    if KNOWN_COLUMNS & {proper_name(name) for name in given}:
        return holds_data(given)
    wordless = not any(letter.isalpha() for name in given for letter in name)
    return wordless or any(_NUMBER.search(name) for name in given)


def holds_data(given: Sequence[str]) -> bool:
    """Tell whether what should be names of columns are times or numbers, and `at` is not among them.

    Whoever writes a table of records that never had a header makes names of the first one.
    """
    return any(_DATA.search(name) for name in given) and "at" not in map(proper_name, given)


def proper_name(name: str) -> str:
    """A column's name as it is compared: half width, lower case, no blanks around it."""
    return unicodedata.normalize("NFKC", name).strip("\ufeff \t\r\n").lower()
