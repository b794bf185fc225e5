"""Find the bytes that occur in a column of texts, so that most columns need no check text by text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import text_bytes
from poolpipe_kernels import codes
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["ByteProfile", "laid_out"]

_ONE_CLASS = re.compile(r"\[([0-9A-Za-z._/-]+)\]\{(\d+),(\d+)\}")
"""Matches patterns such as `[0-9A-Za-z._/-]{1,64}`: a number of characters of one class."""

_PRINTED = np.zeros(256, np.bool_)
_PRINTED[0x21:0x7F] = True

_BEGINNINGS = np.frombuffer(b"]{[#", np.uint8)
_IN_NUMBERS = np.frombuffer(b".+", np.uint8)


@dataclass(frozen=True, slots=True)
class ByteProfile:
    """The bytes and lengths that occur in a column of texts without nulls.

    Attributes
    ----------
    leading, others : (256,) bool
        Bytes that texts begin with, and bytes they have further on.
    shortest, longest : int
        Lengths, bytes.
    """

    leading: NDArray[np.bool_]
    others: NDArray[np.bool_]
    shortest: int
    longest: int

    @classmethod
    def of(cls, array: pa.Array) -> ByteProfile | None:
        """Profile a column of texts; None if it is empty or has nulls."""
        if not len(array) or array.null_count:
            return None
        leading, others = np.zeros(256, np.bool_), np.zeros(256, np.bool_)
        lengths = np.array([np.iinfo(np.int64).max, 0])
        codes.tell_bytes(*laid_out(array), leading, others, lengths)
        return cls(leading, others, int(lengths[0]), int(lengths[1]))

    def is_plain(self) -> bool:
        """Whether every text is certainly a clean code.

        That is printed ASCII without blanks, without what only numbers with a point or an exponent have, and
        without the beginnings of a scanner's prefix, of an object, of a list and of a spreadsheet's error.
        """
        odd = (self.leading | self.others) & ~_PRINTED
        return (
            self.shortest > 0
            and not odd.any()
            and not self.leading[_BEGINNINGS].any()
            and not self.others[_IN_NUMBERS].any()
        )

    def fits(self, pattern: str) -> bool:
        """Whether every text certainly fits a pattern; where it is False, each text must be matched."""
        known = _one_class(pattern)
        if known is None:
            return False
        allowed, least, most = known
        within = not ((self.leading | self.others) & ~allowed).any()
        return within and least <= self.shortest and self.longest <= most


@cache
def _one_class(pattern: str) -> tuple[NDArray[np.bool_], int, int] | None:
    """The ASCII characters of a pattern of one class, and the least and greatest length; None for other patterns."""
    parts = _ONE_CLASS.fullmatch(pattern)
    if parts is None:
        return None
    one = re.compile(f"[{parts[1]}]")
    allowed = np.array([byte < 128 and one.match(chr(byte)) is not None for byte in range(256)])
    return allowed, int(parts[2]), int(parts[3])


def laid_out(array: pa.Array) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """A column's own bytes and offsets without a copy, where it has no gaps."""
    if array.null_count:
        return text_bytes(pl.Series("values", array, pl.String))
    if pa.types.is_string(array.type):
        array = array.cast(pa.large_string())  # only its offsets are copied
    _, offsets, content = array.buffers()
    if not len(array) or content is None:
        return text_bytes(pl.Series("values", array, pl.String))
    starts = np.frombuffer(offsets, np.int64, len(array) + 1, array.offset * 8)
    return read_only(np.frombuffer(content, np.uint8)), read_only(starts)
