"""Columns of an index: flat arrays in memory, or mapped from files whose stretches are proved when they are first looked at."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.arrow_arrays import validity_bitmap
from poolpipe.coding.dictionaries import large_texts
from poolpipe_kernels.grouped_rows import list_ranges

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import pyarrow as pa
    from numpy.typing import NDArray

__all__ = [
    "STRETCH",
    "DamagedError",
    "FlatArray",
    "FlatTexts",
    "PackedTexts",
    "narrowed",
    "proofs_of",
    "ranges",
]

STRETCH = 1 << 16
"""Bytes of a column that are proved at once: a look at one row of a city costs 40 microseconds, and no more than that."""

_PROOF = hashlib.sha256().digest_size


class DamagedError(Exception):
    """A stretch of a mapped column is not what was written.

    Attributes
    ----------
    name : str
        Of the column.
    """

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self.name = name


def proofs_of(values: NDArray[Any]) -> bytes:
    """Give the SHA-256 of each stretch of an array, one after the other."""
    content = np.ascontiguousarray(values).view(np.uint8).data
    return b"".join(
        hashlib.sha256(content[begin : begin + STRETCH]).digest() for begin in range(0, len(content), STRETCH)
    )


class FlatArray:
    """A flat array whose rows are looked up.

    Parameters
    ----------
    values : (n,)
        Its values.
    name : str
        Its name, for an error.
    proofs : bytes, optional
        As `proofs_of` gives them, for an array that is mapped from a file.
    """

    __slots__ = ("_left", "_shift", "name", "proofs", "values")

    def __init__(self, values: NDArray[Any], name: str = "", proofs: bytes | None = None) -> None:
        self.values, self.name, self.proofs = values, name, proofs
        self._shift = (STRETCH // values.itemsize).bit_length() - 1
        self._left = None if proofs is None else np.ones(len(proofs) // _PROOF, np.bool_)

    def __len__(self) -> int:
        return len(self.values)

    def take(self, rows: NDArray[Any]) -> NDArray[Any]:
        """Values of some rows."""
        if self._left is not None and len(rows):
            stretches = rows >> self._shift
            unproved = self._left[stretches]
            if np.count_nonzero(unproved):  # five times as fast as `any` for a few
                for stretch in set(stretches[unproved].tolist()):
                    self._prove(stretch)
        found: NDArray[Any] = self.values.take(rows)
        return found

    def cut(self, begin: int, end: int) -> NDArray[Any]:
        """Values of the rows from `begin` up to `end`."""
        if self._left is not None and end > begin:
            for stretch in range(begin >> self._shift, ((end - 1) >> self._shift) + 1):
                if self._left[stretch]:
                    self._prove(stretch)
        return self.values[begin:end]

    def whole(self) -> NDArray[Any]:
        """All values."""
        return self.cut(0, len(self.values))

    def _prove(self, stretch: int) -> None:
        begin = stretch << self._shift
        content = self.values[begin : begin + (1 << self._shift)]
        if self.proofs is None or self._left is None:
            return
        if hashlib.sha256(content.data).digest() != self.proofs[_PROOF * stretch : _PROOF * (stretch + 1)]:
            raise DamagedError(self.name)
        self._left[stretch] = False
        if not self._left.any():
            self._left = None  # all is proved: nothing is looked up any more


def narrowed(values: NDArray[np.int64]) -> NDArray[Any]:
    """Give numbers from 0 in half the bytes, where all are below 2 ** 32."""
    return values.astype(np.uint32) if int(values.max(initial=0)) < 1 << 32 else values


class PackedTexts(NamedTuple):
    """FlatTexts end to end in memory.

    Attributes
    ----------
    offsets, content : (n + 1,) int64 and uint8
        Where each begins, and UTF-8.
    """

    offsets: NDArray[np.int64]
    content: NDArray[np.uint8]

    @classmethod
    def of(cls, texts: Iterable[str]) -> PackedTexts:
        """Pack a few texts."""
        parts = [text.encode("utf-8") for text in texts]
        offsets = np.zeros(len(parts) + 1, np.int64)
        np.cumsum([len(part) for part in parts], out=offsets[1:])
        return cls(offsets, np.frombuffer(b"".join(parts), np.uint8))

    def series(self) -> pl.Series:
        """As a column of polars."""
        return pl.Series(large_texts(self.offsets, self.content))

    def rows(self, rows: NDArray[Any], there: NDArray[np.bool_] | None = None) -> pa.Array:
        """FlatTexts of some rows as Arrow, null where `there` is False."""
        begins, ends = self.offsets.take(rows), self.offsets.take(rows + 1)
        valid = None
        if there is not None and not there.all():
            ends = np.where(there, ends, begins)
            valid = validity_bitmap(there)
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.add.accumulate(ends - begins, out=offsets[1:])
        return large_texts(offsets, self.content.take(ranges(begins, ends)), valid)


class FlatTexts:
    """FlatTexts end to end.

    Parameters
    ----------
    offsets, content : FlatArray
        (n + 1,) uint32 or int64, where each begins; and UTF-8.
    """

    __slots__ = ("content", "offsets")

    def __init__(self, offsets: FlatArray, content: FlatArray) -> None:
        self.offsets, self.content = offsets, content

    @classmethod
    def of(cls, columns: Mapping[str, FlatArray], name: str) -> FlatTexts:
        """Of the two columns that hold them."""
        return cls(columns[f"{name}_offsets"], columns[f"{name}_bytes"])

    def __len__(self) -> int:
        return len(self.offsets) - 1

    def take(self, rows: NDArray[Any]) -> PackedTexts:
        """Some texts."""
        begins, ends = self.offsets.take(rows), self.offsets.take(rows + 1)
        offsets = np.zeros(len(rows) + 1, np.int64)
        np.add.accumulate(ends - begins, out=offsets[1:])
        return PackedTexts(offsets, self.content.take(ranges(begins, ends)))

    def whole(self) -> pl.Series:
        """All texts."""
        return PackedTexts(self.offsets.whole().astype(np.int64), self.content.whole()).series()

    def find(self, text: str, begin: int, end: int) -> int | None:
        """Row of a text among those from `begin` up to `end`, which are sorted and distinct; None where it is not there."""
        wanted = text.encode("utf-8", "surrogatepass")
        while begin < end:
            middle = (begin + end) // 2
            found = self._bytes(middle)
            if found == wanted:
                return middle
            if found < wanted:
                begin = middle + 1
            else:
                end = middle
        return None

    def _bytes(self, row: int) -> bytes:
        begin, end = self.offsets.cut(row, row + 2).tolist()
        return self.content.cut(begin, end).tobytes()


def ranges(begins: NDArray[Any], ends: NDArray[Any]) -> NDArray[np.int64]:
    """List the numbers from each begin up to its end, one range after the other."""
    begins, ends = begins.astype(np.int64, copy=False), ends.astype(np.int64, copy=False)
    numbers = np.empty(int(np.add.reduce(ends - begins)), np.int64)
    list_ranges(begins, ends, numbers)
    return numbers
