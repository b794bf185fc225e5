"""Frame the records of a delimited text, and parse them by their header; one bad record costs one record."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from pyarrow import csv

from poolpipe.events.batches import (
    Batch,
    broken,
    column_names,
    header_trouble,
    looks_like_a_record,
    plain_table,
)
from poolpipe.events.byte_profile import laid_out
from poolpipe.events.cells import LONGEST_CELL, separator_of, split_cells
from poolpipe.events.earlier import told_by_columns
from poolpipe.events.formats import NoEventsError
from poolpipe.messages import message
from poolpipe_kernels import framing
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.naming import NamedColumns, Naming

__all__ = [
    "BELOW",
    "NO_HEADER",
    "SUSPECTS",
    "Framed",
    "Header",
    "Limits",
    "framed_records",
    "framed_texts",
    "headers_among",
    "read_records",
    "without_header",
]

_SHOWN = 1000
"""Bytes kept of a rejected record that is too long."""

NO_HEADER = message("header_absent", {})
_TOO_LONG = message("line_too_long", {})
_NO_TEXT = message("header_no_text", {})
BELOW = 10
"""Lines in which a known header or a record is searched for below an unknown first line."""

SUSPECTS = 1000
"""The most odd lines of a block among which a further header is searched for."""


class Limits(NamedTuple):
    """Parameters of the kernel `framing.frame` for one block."""

    final: bool
    skipping: bool
    longest: int


class Framed(NamedTuple):
    """Where the records of a block are; arrays of one length, as `framing.frame` writes them."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    cells: NDArray[np.int32]
    faults: NDArray[np.uint8]
    torn: NDArray[np.bool_]

    def rows(self, rows: NDArray[np.int64] | slice) -> Framed:
        """Only some records."""
        return Framed(
            self.starts[rows],
            self.ends[rows],
            self.lines[rows],
            self.cells[rows],
            self.faults[rows],
            self.torn[rows],
        )

    def cells_of(self, text: NDArray[np.uint8], row: int, separator: int) -> list[str]:
        """Cells of one record; empty for one that is too long."""
        if self.faults[row] == framing.LONG:
            return []
        return split_cells(
            text[self.starts[row] : self.ends[row]].tobytes().decode(errors="replace"), separator
        )

    def texts(self, text: NDArray[np.uint8], rows: NDArray[np.int64]) -> list[str]:
        """The text of some records; of one that is too long only the beginning."""
        ends = np.where(
            self.faults[rows] == framing.LONG,
            np.minimum(self.ends[rows], self.starts[rows] + _SHOWN),
            self.ends[rows],
        )
        return [
            text[start:end].tobytes().decode(errors="replace")
            for start, end in zip(self.starts[rows].tolist(), ends.tolist(), strict=True)
        ]


class Header:
    """The header: the column of each cell, or why no record below it can be read.

    Raises
    ------
    NoEventsError
        If the columns are those of a table of results.
    """

    def __init__(self, names: list[str], separator: int, naming: Naming) -> None:
        if table := told_by_columns(names):
            raise NoEventsError(table)
        self.naming = naming
        self.told: NamedColumns = naming.read(names)
        self.width = len(names)
        self.numbers = [str(index) for index in range(len(names))]
        self.separator = separator
        self.known, self.left_out = column_names(names, self.told)
        self.there = not looks_like_a_record(names, self.told)
        self.trouble = header_trouble(names, self.told) if self.there else NO_HEADER

    @classmethod
    def of_line(cls, line: bytes, naming: Naming) -> Header:
        """Read a first line that is a whole record."""
        separator = ord(separator_of(np.frombuffer(line, np.uint8)))
        cells = split_cells(line.decode(errors="replace").removesuffix("\r"), separator)
        header = cls(cells, separator, naming)
        header.told = replace(header.told, line=1)
        return header

    @classmethod
    def read(cls, text: NDArray[np.uint8], framed: Framed, separator: int, naming: Naming) -> Header:
        """Read the first record as the header of those below it."""
        header = cls(framed.cells_of(text, 0, separator), separator, naming)
        header.told = replace(header.told, line=int(framed.lines[0]))
        if framed.faults[0] == framing.LONG:
            header.refuse(message("no_header", {"why": _TOO_LONG}))
        elif not header.known and _damaged(text, framed.rows(np.arange(1))).any():
            header.refuse(_NO_TEXT)
        elif not header.known:
            below = (
                framed.cells_of(text, row, separator) for row in range(1, min(BELOW, len(framed.starts)))
            )
            if not any(header.is_one(cells) or header.is_record(cells) for cells in below):
                header.refuse(NO_HEADER)
        return header

    def is_one(self, cells: list[str]) -> bool:
        """Whether the cells of a record are themselves a header."""
        known, _ = column_names(cells, self.naming.read(cells))
        return (
            self.naming.key in known.values()
            and len(known) > 1
            and not any(cell.strip().isdecimal() for cell in cells)
        )

    def is_record(self, cells: list[str]) -> bool:
        """Whether the cells above a header are those of a record."""
        return looks_like_a_record(cells, self.naming.read(cells))

    def refuse(self, trouble: str) -> None:
        """Make the header of a text whose first record is broken, and with it all others."""
        self.there = False
        self.trouble = trouble


def framed_records(text: NDArray[np.uint8], separator: int, limits: Limits) -> tuple[Framed, int, int, bool]:
    """Find the records of a block; also give what `framing.frame` says of its end."""
    most = int(np.count_nonzero(text == 10) + np.count_nonzero(text == 13)) + 1
    starts, ends, lines = (np.empty(most, np.int64) for _ in range(3))
    cells, faults, torn = np.empty(most, np.int32), np.empty(most, np.uint8), np.zeros(most, np.bool_)
    count, consumed, passed, skipping = framing.frame(
        read_only(text),
        separator,
        limits.final,
        limits.skipping,
        LONGEST_CELL,
        limits.longest,
        starts,
        ends,
        lines,
        cells,
        faults,
    )
    framed = Framed(starts, ends, lines, cells, faults, torn).rows(slice(count))
    return framed, consumed, passed, skipping


def framed_texts(
    texts: Sequence[bytes], separator: int, longest: int
) -> tuple[NDArray[np.uint8], Framed, NDArray[np.int64]]:
    """Find the records of many whole texts, each below a first line that is left out.

    Parameters
    ----------
    texts : sequence of bytes
        Texts whose first line is a header.
    separator : int
        The byte between cells.
    longest : int
        Bytes of the longest record.

    Returns
    -------
    text : (n,) uint8
        The texts, one behind the other, a line end behind each.
    framed : Framed
        Records in it; lines count from 1 in each text.
    places : (records,) int64
        The text of each record, as an index into `texts`.
    """
    text = np.frombuffer(b"\n".join([*texts, b""]), np.uint8)
    found: list[Framed] = []
    limits = Limits(final=True, skipping=False, longest=longest)
    start = 0
    for each in texts:
        own = framed_records(text[start : start + len(each)], separator, limits)[0]
        found.append(own._replace(starts=own.starts + start, ends=own.ends + start, lines=own.lines + 1))
        start += len(each) + 1
    records = Framed(*(np.concatenate(parts) for parts in zip(*found, strict=True)))
    heights = [len(own.starts) for own in found]
    below = np.ones(len(records.starts), np.bool_)
    below[np.cumsum([0, *heights[:-1]])] = False
    places = np.repeat(np.arange(len(texts)), heights)
    return text, records.rows(np.flatnonzero(below)), places[below]


def read_records(text: NDArray[np.uint8], framed: Framed, header: Header) -> tuple[Batch, NDArray[np.int64]]:
    """Read records by their header.

    Parameters
    ----------
    text : (n,) uint8
        UTF-8 bytes.
    framed : Framed
        The records in it.
    header : Header
        The header above them.

    Returns
    -------
    batch : Batch
        The sound records, and those that are broken.
    suspects : (m,) int64
        Records that may be a header themselves, ascending: behind one this header does not apply.
    """
    first = np.arange(len(framed.starts)) if not header.known else np.empty(0, np.int64)
    if header.trouble:
        return replace(without_header(text, framed, header.trouble), told=header.told), first
    damaged = _damaged(text, framed)
    fine = framed.faults == framing.FINE
    sound = (framed.cells == header.width) & fine & ~framed.torn & ~damaged
    columns, refused = _columns(text, framed, np.flatnonzero(sound), header)
    sound[refused] = False
    bad = np.flatnonzero(~sound)
    trouble = broken(
        framed.lines[bad].tolist(),
        [_reason(framed, row, header.width, damaged=bool(damaged[row])) for row in bad.tolist()],
        framed.texts(text, bad),
    )
    kept = framed.rows(np.flatnonzero(sound))
    raw = partial(kept.texts, text)
    batch = Batch(
        plain_table(columns, len(kept.lines)), kept.lines, raw, trouble, header.left_out, told=header.told
    )
    odd = np.flatnonzero(sound)[_without_figure(columns["at"])] if "at" in columns else bad[:0]
    return batch, np.union1d(np.union1d(odd, first), np.flatnonzero(framed.cells != header.width))


def _columns(
    text: NDArray[np.uint8], framed: Framed, rows: NDArray[np.int64], header: Header
) -> tuple[dict[str, pa.ChunkedArray], NDArray[np.int64]]:
    """Parse the known columns of some records, and find the records on which parser and framing disagree.

    Records that cannot be parsed together are halved until the failing one is alone.
    """
    tables: list[pa.Table] = []
    refused: list[NDArray[np.int64]] = []
    waiting = [rows]
    while waiting and header.known:
        some = waiting.pop()
        table = _parsed(_bytes_of(text, framed.rows(some)), len(some), header)
        if table is not None:
            tables.append(table)
        elif len(some) == 1:
            refused.append(some)
        else:
            waiting += [some[len(some) // 2 :], some[: len(some) // 2]]
    whole = pa.concat_tables(tables) if tables else None
    columns = {name: whole.column(str(index)) for index, name in header.known.items()} if whole else {}
    return columns, np.concatenate(refused) if refused else rows[:0]


def headers_among(
    text: NDArray[np.uint8], framed: Framed, rows: NDArray[np.int64], header: Header
) -> Iterator[int]:
    """Yield those of some records that are headers, as the header above them is."""
    cells = ((row, framed.cells_of(text, row, header.separator)) for row in rows.tolist())
    return (row for row, names in cells if header.is_one(names))


def _without_figure(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Find the rows whose time is not empty and does not begin with a digit, as in a header."""
    content, starts = laid_out(times.combine_chunks())
    if not len(content):
        return np.empty(0, np.int64)
    first = content[np.minimum(starts[:-1], len(content) - 1)]
    return np.flatnonzero(((first < ord("0")) | (first > ord("9"))) & (starts[1:] > starts[:-1]))


def without_header(text: NDArray[np.uint8], framed: Framed, why: str) -> Batch:
    """Make broken records of those without a header."""
    everything = framed.texts(text, np.arange(len(framed.starts)))
    return Batch.of_broken(broken(framed.lines.tolist(), [why] * len(everything), everything))


def _damaged(text: NDArray[np.uint8], framed: Framed) -> NDArray[np.bool_]:
    """Find the records that hold U+FFFD or NUL: bytes that are not text in the file's encoding."""
    damaged = np.zeros(len(framed.starts), np.bool_)
    if not len(damaged):
        return damaged
    # The bytes behind the last record belong to the next block.
    zeros, threes = (text[: framed.ends[-1]] == byte for byte in (0, 0xEF))
    if zeros.any() or threes.any():
        padded = np.concatenate([text[: framed.ends[-1]], np.zeros(2, np.uint8)])
        places = np.flatnonzero(threes)
        zeros[places[(padded[places + 1] == 0xBF) & (padded[places + 2] == 0xBD)]] = True
        damaged[:] = np.logical_or.reduceat(zeros, framed.starts)
    return damaged


def _reason(framed: Framed, row: int, width: int, *, damaged: bool) -> str:
    if framed.faults[row] == framing.LONG:
        return _TOO_LONG
    if framed.faults[row] == framing.STRAY:
        return message("quote_open", {})
    if damaged:
        return message("line_no_text", {})
    if framed.torn[row]:
        return message("line_torn", {})
    if framed.cells[row] == width:
        return message("cells_unclear", {})
    return message("cells_differ", {"cells": int(framed.cells[row]), "width": width})


def _bytes_of(text: NDArray[np.uint8], framed: Framed) -> bytes:
    """The bytes of only these records, each with its line end."""
    depth = np.zeros(len(text) + 2, np.int8)
    depth[framed.starts] += 1
    depth[framed.ends + 1] -= 1
    return text[np.cumsum(depth[: len(text)], dtype=np.int8).view(np.bool_)].tobytes()


def _parsed(block: bytes, rows: int, header: Header) -> pa.Table | None:
    """Parse the known columns of sound records as text; None if the parser does not find `rows` records."""
    wanted = [str(index) for index in header.known]
    if not rows:
        return pa.table({name: pa.array([], pa.string()) for name in wanted})
    try:
        table = csv.read_csv(
            pa.BufferReader(block),
            csv.ReadOptions(column_names=header.numbers, use_threads=False, block_size=len(block) + 1),
            csv.ParseOptions(delimiter=chr(header.separator), newlines_in_values=True),
            csv.ConvertOptions(
                column_types=dict.fromkeys(wanted, pa.string()),
                include_columns=wanted,
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table if table.num_rows == rows else None
