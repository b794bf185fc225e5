"""From a file of any compression and encoding to UTF-8 blocks, and what kind of content it holds."""

from __future__ import annotations

import codecs
import re
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Literal

import pyarrow as pa

from poolpipe.events.batches import column_names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

__all__ = ["BLOCK", "Content", "TextStream", "has_known_header", "opened", "recognised", "tells_events"]

BLOCK = 1 << 24
"""Bytes of text taken at once: enough for whole columns, small beside a city."""

_SIP = 1 << 14
"""Bytes asked for at once: what a broken stream holds beyond its last whole sip is lost."""

Content = Literal["csv", "ndjson", "parquet", "arrow", "arrow_stream"]

_GZIP, _ZSTD, _PARQUET, _ARROW = b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"PAR1", b"ARROW1"
_ARROW_STREAM = b"\xff\xff\xff\xff"
_MOSTLY = 0.3
_CHINESE = re.compile("[\u2e80-\uffef]")
_HEADER_WORDS = 2
"""A line with so many known column names is the header of a CSV, whatever the file's name says."""


def opened(path: Path) -> tuple[BinaryIO, BinaryIO | pa.NativeFile, str | None]:
    """Open a file whatever its name says: its own bytes, its uncompressed bytes, and the compression's name."""
    file = path.open("rb")
    head = file.read(4)
    file.seek(0)
    for magic, name in ((_GZIP, "gzip"), (_ZSTD, "zstd")):
        if head.startswith(magic):
            return file, pa.CompressedInputStream(pa.PythonFile(file), name), name
    return file, file, None


def recognised(head: bytes, name: str) -> Content:
    """Tell the format by the first bytes of the uncompressed content; only text that could be either, by `name`.

    A file that begins with blanks or zeros is a text like any other: what holds data may come later.
    """
    if head.startswith(_PARQUET):
        return "parquet"
    if head.startswith(_ARROW):
        return "arrow"
    if head.startswith(_ARROW_STREAM):
        return "arrow_stream"
    start = _text_of(head)
    if start.startswith(("{", "[")):
        return "ndjson"
    named_ndjson = re.search(r"\.(ndjson|jsonl|json)(\.|$)", name.lower()) is not None
    return "ndjson" if named_ndjson and not has_known_header(head) else "csv"


def has_known_header(head: bytes) -> bool:
    """Tell whether a text begins with a line of column names, `at` among them, or with an object."""
    start = _text_of(head)
    cells = re.split(r"[,;\t|]", start.partition("\n")[0])
    known, _ = column_names([cell.strip(' \r"') for cell in cells])
    return start.startswith("{") or ("at" in known.values() and len(known) >= _HEADER_WORDS)


def tells_events(head: bytes) -> bool:
    """Tell whether a text begins with events, by a header that has `at` or an object that has it."""
    start = _text_of(head)
    return '"at"' in start.partition("\n")[0] if start.startswith("{") else has_known_header(head)


def _text_of(head: bytes) -> str:
    text = head.decode("utf-16" if _is_utf16(head) else "utf-8", errors="replace")
    return text.lstrip("\ufeff \t\r\n\x00")


@dataclass(slots=True)
class TextStream:
    """UTF-8 blocks of a text file.

    Attributes
    ----------
    trouble : str
        Why the file ended before its time, or in what its text is damaged; empty if all is well.
    encoding : str
        What the text turned out to be written in.
    ended : callable
        Asked at the end of the file whether that is the end it had; gives the trouble there is, or nothing.
    """

    file: BinaryIO | pa.NativeFile
    trouble: str = ""
    encoding: str = "utf-8"
    ended: Callable[[], str] = str
    _first: bytes | None = None

    def content(self, name: str) -> Content:
        """Tell what the file holds, by its first bytes; by its name only where they leave it open."""
        return recognised(self.head(), name)

    def head(self) -> bytes:
        """The first bytes, which `blocks` yields again."""
        if self._first is None:
            self._first = self._read()
        return self._first[:4096]

    def blocks(self) -> Iterator[bytes]:
        """Yield blocks of at most about `BLOCK` bytes, cut anywhere; undecodable bytes become U+FFFD."""
        first = self._read() if self._first is None else self._first
        self.encoding = _encoding(first)
        decoder = codecs.getincrementaldecoder(self.encoding)(errors="replace")
        block = first
        as_it_is = self.encoding == "utf-8"
        while block:
            # UTF-8 needs no decoding unless it is damaged; a cut character is mended by the decoder.
            if as_it_is and not decoder.getstate()[0] and _is_utf8(block):
                yield block
            else:
                yield decoder.decode(block).encode()
            block = self._read()
        tail = decoder.decode(b"", final=True).encode()
        if tail:
            yield tail

    def _read(self) -> bytes:
        """Read one block; of a file that breaks off, everything before the break."""
        parts: list[bytes] = []
        size = 0
        try:
            while size < BLOCK and (part := bytes(self.file.read(_SIP))):
                parts.append(part)
                size += len(part)
        except (OSError, EOFError, zlib.error, pa.ArrowException) as error:
            self.trouble = f"the file breaks off: {error}"
        if not parts:
            self.trouble = self.trouble or self.ended()
        return b"".join(parts)


def _is_utf16(head: bytes) -> bool:
    return head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))


def _is_utf8(block: bytes) -> bool:
    try:
        block.decode()
    except UnicodeDecodeError:
        return False
    return True


def _encoding(head: bytes) -> str:
    """Choose among UTF-8, UTF-16 (by its mark, or by its zero bytes) and GB18030, which Chinese Windows writes."""
    if _is_utf16(head):
        return "utf-16"
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    sample = head[:4096].rstrip(b"\0")  # a power cut leaves a file's last block full of zeros
    if sample.count(0) > _MOSTLY * len(sample):
        return "utf-16-le" if sample[1::2].count(0) > sample[0::2].count(0) else "utf-16-be"
    text = head.decode("utf-8", errors="replace")
    damaged = text.count("\ufffd")
    if damaged <= 1:  # none, or a character cut in two by the end of the block
        return "utf-8"
    # A few damaged bytes among sound Chinese are damage; damage with hardly any Chinese is another encoding
    # (some pairs of GB18030 bytes happen to be Greek or Cyrillic in UTF-8, none are Chinese).
    return "gb18030" if damaged > len(_CHINESE.findall(text)) else "utf-8"
