"""Read CSV: a kernel frames the records, so that one bad line costs one line; pyarrow parses the cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.events.cells import separator_of
from poolpipe.events.csv_records import (
    BELOW,
    NO_HEADER,
    SUSPECTS,
    Framed,
    Header,
    Limits,
    framed_records,
    headers_among,
    read_records,
    without_header,
)
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.events.batches import Batch
    from poolpipe.events.streams import TextBlocks

__all__ = ["read_delimited"]

_AGAIN = message("header_repeated", {})


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
    header: Header | None = None
    for block, final in _with_final(stream):
        text = np.frombuffer(rest + block, np.uint8)
        between = header.separator if header else ord(separator or separator_of(text))
        framed, consumed, passed, skipping = framed_records(text, between, Limits(final, skipping, longest))
        framed.lines[:] += line
        if final and stream.torn:  # the break fell into the last line, wherever its cells seem to end
            framed.torn[:] = framed.ends == len(text)
        if header is None and len(framed.starts):
            header = Header.read(text, framed, between, naming)
            framed = framed.rows(np.arange(int(header.there), len(framed.starts)))
        while header is not None and len(framed.starts):
            batch, suspects = read_records(text, framed, header)
            place = next(headers_among(text, framed, suspects[:SUSPECTS], header), None)
            if place is None:
                yield batch
                break
            above = framed.rows(np.arange(place))
            if header.known:
                yield read_records(text, above, header)[0]
                yield without_header(text, framed.rows(np.array([place])), _AGAIN)
            else:
                yield without_header(text, above.rows(_records_among(text, above, header)), NO_HEADER)
            framed = framed.rows(np.arange(place, len(framed.starts)))
            header = Header.read(text, framed, between, naming)
            framed = framed.rows(np.arange(1, len(framed.starts)))
        rest = text[consumed:].tobytes()
        line += passed


def _with_final(stream: TextBlocks) -> Iterator[tuple[bytes, bool]]:
    """Yield blocks, each with whether it is the last."""
    before: bytes | None = None
    for block in stream.blocks():
        if before is not None:
            yield before, False
        before = block
    if before is not None:
        yield before, True


def _records_among(text: NDArray[np.uint8], framed: Framed, header: Header) -> NDArray[np.int64]:
    """Lines above a header that are records, or too many to be a title; they are broken."""
    rows = np.arange(len(framed.starts))
    named = [header.is_record(framed.cells_of(text, row, header.separator)) for row in rows[:BELOW].tolist()]
    return np.append(rows[:BELOW][np.array(named, np.bool_)], rows[BELOW:])
