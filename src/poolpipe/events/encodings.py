"""Decide a text file's encoding by its byte-order mark, its zero bytes, and all of its bytes.

UTF-8 that is sound is UTF-8. What is not is either GB18030, which Chinese Windows writes, or damaged; the bytes of the
whole file tell. Some pairs of GB18030 bytes are Greek or Cyrillic in UTF-8, hardly any are Chinese.
"""

from __future__ import annotations

import codecs
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["GB18030", "SAMPLE", "UTF8", "Evidence", "encoding_of", "split_character", "text_of"]

UTF8 = "utf-8"
GB18030 = "gb18030"

SAMPLE = 1 << 16
"""Bytes of a text's beginning from which UTF-16 is recognised."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # begins like the mark of UTF-16
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_MOSTLY = 0.3
_ONE_SIDED = 0.05
_SIGNS = (b"\n", b"\r", b",", b";", b"\t", b"|", b'"', b"{")
"""Characters that separate cells and lines or begin an object: ASCII in any text of records."""

_FIRST = 16
_LOOK = 1 << 13
_LONGEST_CHARACTER = 4


def encoding_of(head: bytes) -> str:
    """Decide a text's encoding by its first bytes: its byte-order mark, UTF-16 by its zeros, else UTF-8 for now.

    Parameters
    ----------
    head : bytes
        The first `SAMPLE` bytes, or all there are.
    """
    for mark, name in _MARKS:
        if head.startswith(mark):
            return name
    sample = head[:SAMPLE].rstrip(b"\0")  # a power cut leaves a file's last block full of zeros
    if sample.startswith(b"\0\0"):  # or its first one
        sample = sample.lstrip(b"\0")
    zeros = sample.count(0)
    if not zeros:
        return UTF8
    little = sample[1::2].count(0)
    # The first zeros tell the order of bytes: behind a byte that was lost or put in it is the other way round.
    start = sample[: sample.index(0) + _FIRST]
    name = "utf-16-le" if 2 * start[1::2].count(0) > start.count(0) else "utf-16-be"
    if zeros > _MOSTLY * len(sample):
        return name
    return name if min(little, zeros - little) <= _ONE_SIDED * zeros and _is_utf16(sample, name) else UTF8


def _is_utf16(sample: bytes, name: str) -> bool:
    """Whether a text with few zero bytes is UTF-16 of mostly non-Latin letters, and no damaged 8-bit text."""
    whole = sample[: len(sample) // 2 * 2]
    try:
        text = whole.decode(name)
    except UnicodeDecodeError as error:
        if error.start < len(whole) - 2:  # not merely half a character at the end
            return False
        text = whole[: error.start].decode(name)
    units = np.frombuffer(text.encode("utf-16-le"), np.uint16)
    signs = np.isin(units, np.frombuffer(b"".join(sign + b"\0" for sign in _SIGNS), np.uint16))
    # Every zero is half of a Latin letter or sign, and signs are among them; an 8-bit text has none beside a zero.
    latin = int(np.count_nonzero(units < 0x100))
    return bool(signs.any()) and sample.count(0) <= latin + 1 and not _is_utf8(sample)


def _is_utf8(sample: bytes) -> bool:
    whole, _ = split_character(sample)
    try:
        whole.decode()
    except UnicodeDecodeError:
        return False
    return True


def text_of(head: bytes) -> str:
    """The beginning of a text without byte-order mark, blanks and zeros."""
    name, start = encoding_of(head), head[:_LOOK]
    if name == UTF8 and not _is_utf8(start):
        evidence = Evidence()
        evidence.add(start)
        name = evidence.decided()
    return start.decode(name, errors="replace").lstrip("\ufeff \t\r\n\x00")


def split_character(block: bytes) -> tuple[bytes, bytes]:
    """Split UTF-8 before a character that its end cuts in two."""
    for size in range(1, min(_LONGEST_CHARACTER, len(block) + 1)):
        byte = block[-size]
        if byte & 0xC0 != 0x80:  # the first byte of a character: it tells how many there are
            length = 1 if byte < 0xC0 else 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4 if byte < 0xF8 else 1
            return (block, b"") if length <= size else (block[:-size], block[-size:])
    return block, b""


@dataclass(slots=True)
class Evidence:
    """Counts that decide between UTF-8 and GB18030, collected block by block.

    Attributes
    ----------
    damaged, chinese : int
        Places that are no UTF-8, and Chinese characters, read as UTF-8.
    sound, doubtful : int
        Characters that only GB18030 makes of their bytes, and those of a letter or digit behind one odd byte, which
        damage makes of ASCII as well, together with places that are no GB18030 either; read as GB18030.
    """

    damaged: int = 0
    chinese: int = 0
    sound: int = 0
    doubtful: int = 0
    _utf8: codecs.IncrementalDecoder = field(default_factory=lambda: _decoder(UTF8))
    _gb18030: codecs.IncrementalDecoder = field(default_factory=lambda: _decoder(GB18030))

    def add(self, block: bytes, *, final: bool = False) -> None:
        """Count the characters of a further block of the text.

        Parameters
        ----------
        block : bytes
            The bytes behind those of the last call; blocks may be cut anywhere.
        final : bool
            Whether the text ends with this block.
        """
        if block.isascii() and not (self._utf8.getstate()[0] or self._gb18030.getstate()[0] or final):
            return
        letters = _code_points(self._utf8.decode(block, final))
        self.damaged += int(np.count_nonzero(letters == 0xFFFD)) - block.count("\ufffd".encode())
        self.chinese += int(np.count_nonzero((letters >= 0x2E80) & (letters < 0xFFF0)))
        text = self._gb18030.decode(block, final)
        letters = _code_points(text)
        broken = int(np.count_nonzero(letters == 0xFFFD))
        coded = np.frombuffer(text.replace("\ufffd", "").encode(GB18030), np.uint8)
        ascii_letters = int(np.count_nonzero(letters < 0x80))
        others = len(letters) - broken - ascii_letters
        long = (len(coded) - ascii_letters - 2 * others) // 2  # of four bytes, two of them digits
        behind = int(np.count_nonzero(coded < 0x80)) - ascii_letters - 2 * long
        self.sound += others - behind
        self.doubtful += behind + broken

    def decided(self) -> str:
        """The encoding that the counts of all blocks so far decide."""
        other = self.damaged > max(1, self.chinese) and self.sound > self.doubtful
        return GB18030 if other else UTF8


def _decoder(name: str) -> codecs.IncrementalDecoder:
    return codecs.getincrementaldecoder(name)(errors="replace")


def _code_points(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", errors="surrogatepass"), np.uint32)
