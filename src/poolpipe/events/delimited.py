"""Read CSV: a kernel frames the records, so that one bad line costs one line; pyarrow parses the cells."""

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
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.messages import message
from poolpipe_kernels import framing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.events.naming import NamedColumns
    from poolpipe.events.streams import TextBlocks

__all__ = ["read_delimited"]

_SHOWN = 1000
"""Bytes kept of a rejected record that is too long."""

_NO_HEADER = (
    "there is no header: the first line names no column such as at, tube, person; put the line with the columns' names "
    "back on top, as in the file that this one was cut from 缺少表头行，请补上列名"
)

_TOO_LONG = (
    "the line is longer than any may be (files.longest_record of the policy); only its beginning is kept "
    "本行超过允许长度，仅保留开头"
)
_NO_TEXT = "there is no header: the first line holds bytes that are no text, and names no column 首行不是文本，缺少表头"
_AGAIN = (
    "a header, not a record: files were put one behind the other; what follows is read by it 重复的表头行"
)
_BELOW = 10
"""Lines in which a known header or a record is searched for below an unknown first line."""

_SUSPECTS = 1000
"""The most odd lines of a block among which a further header is searched for."""


def read_delimited(
    stream: TextBlocks, longest: int, naming: Naming = ANY_NAMES, separator: str = ""
) -> Iterator[Batch]:
    """Yield the records of a CSV text with a header, block by block.

    Blank lines are no records. A record with more or fewer cells than the header, with a stray quote, of more
    than `longest` bytes, or damaged beyond its encoding is broken, and so is the line in which a file is truncated:
    it may be half a line, and half a barcode is another tube. Where the first line is no header, or names a column
    twice, every record is broken; a first line that is no header is one of them. A header further down, where
    files were concatenated, is a broken line, and the lines below are read by it.

    Parameters
    ----------
    stream : TextBlocks
        The text.
    longest : int
        Bytes of the longest record.
    naming : Naming
        How its header is understood.
    separator : str
        Between its cells; empty where the header tells.

    Yields
    ------
    Batch

    Raises
    ------
    NoEventsError
        If the header is that of a table of results.
    """
    rest = b""
    line = 1
    skipping = False
    header: _Header | None = None
    for block, final in _with_final(stream):
        text = np.frombuffer(rest + block, np.uint8)
        between = header.separator if header else ord(separator or separator_of(text))
        framed, consumed, passed, skipping = _framed(text, between, _Limits(final, skipping, longest))
        framed.lines[:] += line
        if final and stream.torn:  # the break fell into the last line, wherever its cells seem to end
            framed.torn[:] = framed.ends == len(text)
        if header is None and len(framed.starts):
            header = _Header.read(text, framed, between, naming)
            framed = framed.rows(np.arange(int(header.there), len(framed.starts)))
        while header is not None and len(framed.starts):
            batch, place = _batch(text, framed, header)
            if place is None:
                yield batch
                break
            above = framed.rows(np.arange(place))
            if header.known:
                yield _batch(text, above, header)[0]
                yield _without_header(text, framed.rows(np.array([place])), _AGAIN)
            else:
                yield _without_header(text, above.rows(_records_among(text, above, header)), _NO_HEADER)
            framed = framed.rows(np.arange(place, len(framed.starts)))
            header = _Header.read(text, framed, between, naming)
            framed = framed.rows(np.arange(1, len(framed.starts)))
        rest = text[consumed:].tobytes()
        line += passed


class _Limits(NamedTuple):
    """Parameters of the kernel `framing.frame` for one block."""

    final: bool
    skipping: bool
    longest: int


class _Framed(NamedTuple):
    """Where the records of a block are; arrays of one length, as `framing.frame` writes them."""

    starts: NDArray[np.int64]
    ends: NDArray[np.int64]
    lines: NDArray[np.int64]
    cells: NDArray[np.int32]
    faults: NDArray[np.uint8]
    torn: NDArray[np.bool_]

    def rows(self, rows: NDArray[np.int64] | slice) -> _Framed:
        return _Framed(
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


class _Header:
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
        self.trouble = header_trouble(names, self.told) if self.there else _NO_HEADER

    @classmethod
    def read(cls, text: NDArray[np.uint8], framed: _Framed, separator: int, naming: Naming) -> _Header:
        header = cls(framed.cells_of(text, 0, separator), separator, naming)
        if framed.faults[0] == framing.LONG:
            header.refuse(message("no_header", {"why": _TOO_LONG}))
        elif not header.known and _damaged(text, framed.rows(np.arange(1))).any():
            header.refuse(_NO_TEXT)
        elif not header.known:
            below = (
                framed.cells_of(text, row, separator) for row in range(1, min(_BELOW, len(framed.starts)))
            )
            if not any(header.is_one(cells) or header.is_record(cells) for cells in below):
                header.refuse(_NO_HEADER)
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


def _with_final(stream: TextBlocks) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks, each with whether it is the last."""
    before: bytes | None = None
    for block in stream.blocks():
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True


def _framed(text: NDArray[np.uint8], separator: int, limits: _Limits) -> tuple[_Framed, int, int, bool]:
    most = int(np.count_nonzero(text == 10) + np.count_nonzero(text == 13)) + 1
    starts, ends, lines = (np.empty(most, np.int64) for _ in range(3))
    cells, faults, torn = np.empty(most, np.int32), np.empty(most, np.uint8), np.zeros(most, np.bool_)
    count, consumed, passed, skipping = framing.frame(
        text,
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
    framed = _Framed(starts, ends, lines, cells, faults, torn).rows(slice(count))
    return framed, consumed, passed, skipping


def _batch(text: NDArray[np.uint8], framed: _Framed, header: _Header) -> tuple[Batch, int | None]:
    """Read records by a header; also find the first that is itself a header, behind which this one does not apply."""
    first = np.arange(len(framed.starts))[:_SUSPECTS] if not header.known else np.empty(0, np.int64)
    if header.trouble:
        batch = replace(_without_header(text, framed, header.trouble), told=header.told)
        return batch, _header_among(text, framed, first, header)
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
    suspects = np.union1d(np.union1d(odd, first), np.flatnonzero(framed.cells != header.width))
    return batch, _header_among(text, framed, suspects[:_SUSPECTS], header)


def _columns(
    text: NDArray[np.uint8], framed: _Framed, rows: NDArray[np.int64], header: _Header
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


def _header_among(
    text: NDArray[np.uint8], framed: _Framed, rows: NDArray[np.int64], header: _Header
) -> int | None:
    """Find the first of some records that is a header."""
    cells = ((row, framed.cells_of(text, row, header.separator)) for row in rows.tolist())
    return next((row for row, names in cells if header.is_one(names)), None)


def _without_figure(times: pa.ChunkedArray) -> NDArray[np.int64]:
    """Find the rows whose time is not empty and does not begin with a digit, as in a header."""
    content, starts = laid_out(times.combine_chunks())
    if not len(content):
        return np.empty(0, np.int64)
    first = content[np.minimum(starts[:-1], len(content) - 1)]
    return np.flatnonzero(((first < ord("0")) | (first > ord("9"))) & (starts[1:] > starts[:-1]))


def _records_among(text: NDArray[np.uint8], framed: _Framed, header: _Header) -> NDArray[np.int64]:
    """Lines above a header that are records, or too many to be a title; they are broken."""
    rows = np.arange(len(framed.starts))
    named = [header.is_record(framed.cells_of(text, row, header.separator)) for row in rows[:_BELOW].tolist()]
    return np.append(rows[:_BELOW][np.array(named, np.bool_)], rows[_BELOW:])


def _without_header(text: NDArray[np.uint8], framed: _Framed, why: str) -> Batch:
    """Make broken records of those without a header."""
    everything = framed.texts(text, np.arange(len(framed.starts)))
    return Batch.of_broken(broken(framed.lines.tolist(), [why] * len(everything), everything))


def _damaged(text: NDArray[np.uint8], framed: _Framed) -> NDArray[np.bool_]:
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


def _reason(framed: _Framed, row: int, width: int, *, damaged: bool) -> str:
    if framed.faults[row] == framing.LONG:
        return _TOO_LONG
    if framed.faults[row] == framing.STRAY:
        return "a quote is not closed, or something follows it: mend the line 引号未闭合，请更正本行"
    if damaged:
        return "bytes that are no text in the file's encoding: save it as UTF-8 含非文本字节，请另存为 UTF-8"
    if framed.torn[row]:
        return "the file breaks off in this line: copy it again 文件在此行中断，请重新复制"
    if framed.cells[row] == width:
        return "the cells of this line cannot be told apart: mend the line 无法分列，请更正本行"
    return f"{framed.cells[row]} cells where the header has {width}: mend the line 列数与表头不符，请更正本行"


def _bytes_of(text: NDArray[np.uint8], framed: _Framed) -> bytes:
    """The bytes of only these records, each with its line end."""
    depth = np.zeros(len(text) + 2, np.int8)
    depth[framed.starts] += 1
    depth[framed.ends + 1] -= 1
    return text[np.cumsum(depth[: len(text)], dtype=np.int8).view(np.bool_)].tobytes()


def _parsed(block: bytes, rows: int, header: _Header) -> pa.Table | None:
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
