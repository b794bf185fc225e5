"""Collect consecutive small text files into bundles, so that thousands of them are parsed and validated at once.

A file of ten records costs as much to parse and validate as one of ten thousand. Only texts that begin with a known header or
with an object are collected, decoded to UTF-8. All other files are read one by one.
"""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Final

from poolpipe.events.csv_records import Header
from poolpipe.events.damage import Plain
from poolpipe.events.encodings import SAMPLE, text_of
from poolpipe.events.formats import NoEventsError, unreadable
from poolpipe.events.json_documents import is_document
from poolpipe.events.mapping import SKIP
from poolpipe.events.streams import OtherEncodingError, TextStream, has_known_header, recognised
from poolpipe.events.unpacking import compression_of
from poolpipe.events.workbooks import naming_of
from poolpipe.paths import changed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from poolpipe.events.naming import Naming
    from poolpipe.events.sources import Source

__all__ = ["PlainTexts", "Segment", "bundled"]

SMALL: Final = SAMPLE
"""The most bytes of a small file: its first block, by which its format is recognised, is all of it."""

BUNDLE: Final = 1 << 21
"""Bytes from which on a bundle is complete: 1,700 files of ten scans, validated while the next ones are read."""

_LONGEST_HEADER: Final = 1 << 12
_PLAIN_CELL: Final = re.compile(rb'"[^"]*"|[^"]*')
_NO_CHARACTER: Final = "\ufffd".encode()


@dataclass(frozen=True, slots=True)
class Segment:
    """Lines of a small file that a reader takes as one block.

    Attributes
    ----------
    file : int
        Index of the file among the sources.
    text : bytes
        UTF-8 without byte-order mark, of a CSV all lines with its header.
    header : Header or None
        Header of a CSV, one and the same for all segments that it is the header of; None of NDJSON.
    line : int
        Number of the first line in the file, from 1.
    """

    file: int
    text: bytes
    header: Header | None = None
    line: int = 1


def bundled(sources: Sequence[Source], longest: int) -> Iterator[list[Segment] | int]:
    """Yield all files in their order: bundles of small ones, and the index of each that is read alone.

    Parameters
    ----------
    sources : sequence of Source
        Files on disk.
    longest : int
        Bytes of the longest record.

    Yields
    ------
    list of Segment or int
        Segments of at least two files, in their order; files without a byte have none.
    """
    plain = PlainTexts(longest)
    bundle: list[Segment] = []
    size = 0
    for file, source in enumerate(sources):
        text = _content(source)
        segments = plain.segments(file, source, text) if text is not None else None
        if segments is None or size >= BUNDLE:
            yield from _complete(bundle)
            bundle, size = [], 0
        if segments is None:
            yield file
        else:
            bundle += segments
            size += sum(len(segment.text) for segment in segments)
    yield from _complete(bundle)


def _complete(bundle: list[Segment]) -> Iterator[list[Segment] | int]:
    files = {segment.file for segment in bundle}
    if len(files) > 1:
        yield bundle
    else:
        yield from files


def _content(source: Source) -> bytes | None:
    """All bytes of a small file of events; None where it is larger, cannot be read, or changes meanwhile."""
    if source.size > SMALL or source.sheet or source.table or _is_mapped_otherwise(source):
        return None
    try:
        file = os.open(source.path, os.O_RDONLY | getattr(os, "O_BINARY", 0))
    except OSError:  # the reader of single files meets the same error and reports it
        return None
    try:
        before = os.fstat(file)
        content = os.read(file, SMALL + 1) if before.st_size <= SMALL else b""
        whole = len(content) == before.st_size and not changed(before, os.fstat(file))
    except OSError:
        return None
    finally:
        os.close(file)
    return content if whole else None


def _is_mapped_otherwise(source: Source) -> bool:
    """Whether a mapping says of a file more than what its columns are: its header's line, or to leave it out."""
    return source.kind == SKIP or (source.mapped is not None and (source.mapped.header or 1) > 1)


class PlainTexts:
    """Decides which texts are plain; files of one header are many, and each header is looked at once."""

    def __init__(self, longest: int) -> None:
        self._longest = longest
        self._headers: dict[tuple[bytes, str | None, str, frozenset[tuple[str, str]]], Header | None] = {}

    def segments(self, file: int, source: Source, content: bytes) -> list[Segment] | None:
        """Cut a file's bytes into segments; None where they are not plain."""
        if not content:
            return []
        text: bytes | None = content.removeprefix(BOM_UTF8)
        if 0 in content or not _is_sound(content):
            text = _decoded(content)
        if text is None or unreadable(content):
            return None
        if text.startswith(b"{"):
            by_itself = is_document(text_of(content)) or (source.mapped and source.mapped.columns)
            return None if by_itself else self._objects(file, text)
        header = self._header(text.partition(b"\n")[0], source)
        return None if header is None else [Segment(file, text, header)]

    def _objects(self, file: int, text: bytes) -> list[Segment] | None:
        """Segments of NDJSON: its lines, and by itself a last line without an end."""
        lines, newline, rest = text.rpartition(b"\n")
        if len(rest) > self._longest:
            return None
        segments = [Segment(file, lines)] if newline else []
        if rest.strip():
            segments.append(Segment(file, rest, line=1 + text.count(b"\n")))
        return segments

    def _header(self, line: bytes, source: Source) -> Header | None:
        """The header that a first line is, or None where it is none by which all lines below are read, whatever they are."""
        likely = "" if source.kind else naming_of(source).likely
        columns = frozenset(source.mapped.columns.items()) if source.mapped else frozenset()
        key = (line, source.kind, likely, columns)  # all that a header's meaning depends on, questions aside
        if key not in self._headers:
            self._headers[key] = self._plain_header(line, naming_of(source))
        return self._headers[key]

    def _plain_header(self, line: bytes, naming: Naming) -> Header | None:
        if len(line) > min(_LONGEST_HEADER, self._longest) or not has_known_header(line):
            return None
        if recognised(line, "") != "csv":
            return None
        if b"\r" in line[:-1] or _NO_CHARACTER in line or line.startswith(BOM_UTF8):
            return None
        try:
            header = Header.of_line(line, naming)
        except NoEventsError:
            return None
        cells = line.removesuffix(b"\r").split(bytes([header.separator]))
        is_plain = len(cells) > 1 and all(_PLAIN_CELL.fullmatch(cell) for cell in cells)
        is_sound = header.there and header.known and not header.trouble and not header.told.questions
        return header if is_plain and is_sound else None


def _decoded(content: bytes) -> bytes | None:
    """A text of another encoding, or damaged, in UTF-8 as single files are decoded; None where it is not known to be one."""
    if compression_of(content) or not has_known_header(content):
        return None
    encoding = ""
    while True:
        try:
            text = b"".join(TextStream(Plain(BytesIO(content)), encoding).blocks())
        except OtherEncodingError as found:
            encoding = found.encoding
        else:
            return None if 0 in text else text


def _is_sound(text: bytes) -> bool:
    if text.isascii():
        return True
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True
