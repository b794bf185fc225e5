"""Turn a file of any compression and encoding into blocks of UTF-8, and recognise its format."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from poolpipe.events.batches import column_names
from poolpipe.events.encodings import SAMPLE, UTF8, Evidence, encoding_of, split_character, text_of
from poolpipe.events.naming import ANY_NAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poolpipe.events.unpacking import Unpacked

__all__ = [
    "BLOCK",
    "Content",
    "OtherEncodingError",
    "TextBelow",
    "TextBlocks",
    "TextStream",
    "has_known_header",
    "recognised",
    "tells_events",
]

BLOCK = 1 << 24
"""Bytes of text read at once: enough for whole columns, small beside a city."""

Content = Literal["csv", "ndjson", "parquet", "arrow", "arrow_stream"]

_PARQUET, _ARROW, _ARROW_STREAM = b"PAR1", b"ARROW1", b"\xff\xff\xff\xff"
_TITLES = 10
"""Lines in which a header in Chinese is looked for, below a title."""

_HEADER_WORDS = 2
"""A line with so many known column names is the header of a CSV, whatever the file's name says."""


def recognised(head: bytes, name: str) -> Content:
    """Recognise the format of a file by the first bytes of its uncompressed content.

    Parameters
    ----------
    head : bytes
        The first bytes. A file that begins with blanks or zeros is text.
    name : str
        Name of the file; it decides only between kinds of text.

    Returns
    -------
    {"parquet", "arrow", "arrow_stream", "ndjson", "csv"}
    """
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_ARROW):
        return "arrow"
    if head.startswith(_ARROW_STREAM):
        return "arrow_stream"
    start = text_of(head)
    if start.startswith(("{", "[")):
        return "ndjson"
    named_ndjson = re.search(r"\.(ndjson|jsonl|json)(\.|$)", name.lower()) is not None
    return "ndjson" if named_ndjson and not has_known_header(head) else "csv"


def has_known_header(head: bytes) -> bool:
    """Whether a text begins with a line of column names, `at` among them, or with an object."""
    start = text_of(head)
    known, _ = column_names(_cells(start.partition("\n")[0]))
    if start.startswith("{") or ("at" in known.values() and len(known) >= _HEADER_WORDS):
        return True
    return any(
        ANY_NAMES.read(_cells(line)).kinds for line in start.split("\n")[:_TITLES] if not line.isascii()
    )


def _cells(line: str) -> list[str]:
    return [cell.strip(' \r"') for cell in re.split(r"[,;\t|]", line)]


def tells_events(head: bytes) -> bool:
    """Whether a text begins with events: a header that has `at`, or an object that has it."""
    start = text_of(head)
    return '"at"' in start.partition("\n")[0] if start.startswith("{") else has_known_header(head)


class OtherEncodingError(Exception):
    """A text is written in another encoding than that of the blocks yielded so far."""

    def __init__(self, encoding: str) -> None:
        self.encoding = encoding
        super().__init__(encoding)


class TextBlocks(Protocol):
    """A text in UTF-8, block by block; `torn` where it may end inside a record."""

    @property
    def torn(self) -> bool:
        """Whether the text ended early, perhaps inside a record."""
        ...

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in blocks that are cut anywhere."""
        ...


@dataclass(slots=True)
class TextBelow:
    """A text whose first lines, all in its first block, are blank.

    Attributes
    ----------
    text : TextBlocks
        The text with its lines.
    lines : int
        How many become blank.
    """

    text: TextBlocks
    lines: int

    @property
    def torn(self) -> bool:
        """Whether the text ended early."""
        return self.text.torn

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in blocks; the first without those lines."""
        blocks = self.text.blocks()
        for block in blocks:
            *above, rest = block.split(b"\n", self.lines)
            yield b"\n" * len(above) + rest
            break
        yield from blocks


@dataclass(slots=True)
class TextStream:
    """UTF-8 blocks of a text file.

    Attributes
    ----------
    file : Unpacked
        Source of the bytes.
    encoding : str
        Encoding of the text; empty until it is known. Where it is given, it is not detected.
    ended : callable
        Called at the end of the file; returns a message where the file has changed since, else an empty text.
    trouble : str
        Why the file ended early, or what follows its end; empty if it is complete.
    torn : bool
        Whether it ended early, perhaps inside a record.
    """

    file: Unpacked
    encoding: str = ""
    ended: Callable[[], str] = str
    trouble: str = ""
    torn: bool = False
    _first: bytes | None = None

    def content(self, name: str) -> Content:
        """Recognise the format of the file, by its first bytes; by its name only where these do not decide."""
        return recognised(self.head(), name)

    def head(self) -> bytes:
        """The first bytes, which `blocks` yields again."""
        if self._first is None:
            self._first = self._read(SAMPLE)
        return self._first

    def blocks(self) -> Iterator[bytes]:
        """Yield blocks of at most about `BLOCK` bytes, cut anywhere; undecodable bytes become U+FFFD.

        Raises
        ------
        OtherEncodingError
            If, at the end, all bytes together decide for another encoding than the first ones did.
        DamageError
            If the file's compressed content cannot be trusted.
        """
        head = self.head()
        block = head + self._read(BLOCK - len(head))
        given, self.encoding = self.encoding, self.encoding or encoding_of(head)
        if self.encoding == UTF8 and not given:
            yield from self._sound_or_decided(block)
        else:
            yield from self._decoded(block)

    def _sound_or_decided(self, block: bytes) -> Iterator[bytes]:
        """Yield blocks unchanged while they are sound UTF-8; from the first damage on, decoded as all bytes decide."""
        evidence = Evidence()
        given_as_utf8 = False
        rest = b""
        while block:
            whole, rest = split_character(rest + block)
            letters = _letters(whole)
            if letters is None:
                break
            given_as_utf8 = given_as_utf8 or letters < len(whole)
            evidence.chinese += (len(whole) - letters) // 2  # nearly all that is not ASCII takes three bytes
            yield whole
            block = self._read(BLOCK)
        if not block:
            if rest:
                yield "\ufffd".encode()
            return
        yield from self._decoded(whole + rest, evidence, given_as_utf8=given_as_utf8)
        if evidence.decided() != self.encoding:
            raise OtherEncodingError(evidence.decided())

    def _decoded(
        self, block: bytes, evidence: Evidence | None = None, *, given_as_utf8: bool = False
    ) -> Iterator[bytes]:
        """Yield blocks decoded from this one on, and count their characters."""
        if evidence:
            evidence.add(block)
            self.encoding = UTF8 if given_as_utf8 else evidence.decided()
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        while block:
            yield decoder.decode(block).encode()
            block = self._read(BLOCK)
            if evidence:
                evidence.add(block, final=not block)
        if tail := decoder.decode(b"", final=True).encode():
            yield tail

    def _read(self, most: int) -> bytes:
        """Read at most so many bytes, fewer only at the end; of a file that breaks off, all before the break."""
        block = self.file.read(most)
        if len(block) < most:
            self.trouble, self.torn = self.file.trouble, self.file.torn
            if not self.trouble and (changed := self.ended()):
                self.trouble, self.torn = changed, True
        return block


def _letters(block: bytes) -> int | None:
    """How many characters of sound UTF-8 there are; None if it is not."""
    try:
        return len(block.decode())
    except UnicodeDecodeError:
        return None
