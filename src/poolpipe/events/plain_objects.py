"""Read plain JSON lines at once: flat objects without escapes, whose numbers are written as they are kept.

A service reads a few lines at a time, ten scans or the read-outs of a plate. The queries with which `ndjson` reads blocks of megabytes
cost ten milliseconds before the first line is read; this costs five microseconds a line. Whatever is not plain, the other reader reads.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
import polars as pl

from poolpipe.events.batches import Batch, plain_table
from poolpipe.events.json_keys import columns_of_keys

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["BLANKS", "LinesRead", "plain_objects"]

BLANKS: Final = "\ufeff \t\r\x1e"
"""Characters around an object that are none of it."""

_MOST_BYTES: Final = 1 << 19
"""Beyond it (3,000 scans) the queries are as fast, and outside the interpreter."""

_ODD: Final = (b"\\", b"\xef\xbf\xbd", b"NaN", b"Infinity")
"""Escapes, damaged text, and numbers that are none: what is no text of a plain object, or might be none."""

_WHOLE: Final = re.compile(r"-?[1-9][0-9]{0,14}|0")
_DECIMAL: Final = re.compile(r"-?(?:[1-9][0-9]{0,8}|0)\.[0-9]{1,4}")
_NOTHING: Final = re.compile(r"-?0\.0+")
_WORDS: Final[dict[Any, str | None]] = {True: "true", False: "false", None: None}

_Pairs = list[tuple[str, Any]]


class LinesRead(NamedTuple):
    """The objects of a block of lines.

    Attributes
    ----------
    batch : Batch
        Its lines are indices into those of the block.
    present : (n,) int64
        Index of each line that is not blank.
    keys : Series of String
        The keys of the object on each of these lines, as a JSON list.
    """

    batch: Batch
    present: NDArray[np.int64]
    keys: pl.Series


class _NotPlainError(ValueError):
    """A value that another reader must read."""


def plain_objects(block: bytes, longest: int) -> LinesRead | None:
    """Read the lines of a block, where every one is blank or a plain object.

    Parameters
    ----------
    block : bytes
        Lines without the end of the last one.
    longest : int
        Bytes of the longest record.

    Returns
    -------
    LinesRead or None
        What `ndjson.read_lines` would give, to the last byte; None where it is not sure, and that reader must be asked.
    """
    if len(block) > min(longest, _MOST_BYTES) or any(odd in block for odd in _ODD):
        return None
    try:
        lines = [line.strip(BLANKS) for line in block.decode().split("\n")]
        present = [place for place, line in enumerate(lines) if line]
        objects = [_READ(lines[place]) for place in present]
    except (ValueError, RecursionError):
        return None
    if not objects or not all(type(each) is list and each and type(each[0]) is tuple for each in objects):
        return None
    return _laid_out(objects, [lines[place] for place in present], np.array(present, np.int64))


def _laid_out(objects: list[_Pairs], lines: list[str], present: NDArray[np.int64]) -> LinesRead | None:
    """Lay objects out by column; None where one gives a column twice, or a value that is an object or a list."""
    shape_of = [tuple(key for key, _ in pairs) for pairs in objects]
    shapes = tuple(dict.fromkeys(shape_of))
    spellings, left_out, meant = _columns(shapes)
    if any(len({meant.get(key, key) for key in shape}) < len(shape) for shape in shapes):
        return None
    columns: dict[str, list[str | None]] = {proper: [None] * len(objects) for proper in spellings}
    for row, pairs in enumerate(objects):
        for key, value in pairs:
            kind = type(value)
            if kind is list:
                return None
            if key in meant:
                columns[meant[key]][row] = value if kind is str else _WORDS[value]
    texts = {proper: pl.Series(values, dtype=pl.String).to_arrow() for proper, values in columns.items()}
    keys = {shape: json.dumps(shape, ensure_ascii=False, separators=(",", ":")) for shape in shapes}

    def raw(rows: NDArray[np.int64]) -> list[str]:
        return [lines[row] for row in rows.tolist()]

    batch = Batch(plain_table(texts, len(objects)), present, raw, left_out=left_out)
    return LinesRead(batch, present, pl.Series("keys", [keys[shape] for shape in shape_of], pl.String))


@lru_cache(1_000)
def _columns(
    shapes: tuple[tuple[str, ...], ...],
) -> tuple[dict[str, list[str]], frozenset[str], dict[str, str]]:
    """As `columns_of_keys` of all keys of objects, and the column of each key."""
    spellings, left_out = columns_of_keys({key for shape in shapes for key in shape})
    return spellings, left_out, {key: proper for proper, same in spellings.items() for key in same}


def _whole(text: str) -> str:
    if _WHOLE.fullmatch(text):
        return text
    raise _NotPlainError


def _decimal(text: str) -> str:
    """A number of few digits is written as it was, but 37.0 as 37."""
    if not _DECIMAL.fullmatch(text) or _NOTHING.fullmatch(text):
        raise _NotPlainError
    whole, point, rest = text.partition(".")
    return whole if rest == "0" else whole + point + rest


def _refused(_: str) -> str:
    raise _NotPlainError


def _decoder() -> Callable[[str], Any]:
    decoder = json.JSONDecoder(
        object_pairs_hook=list, parse_int=_whole, parse_float=_decimal, parse_constant=_refused
    )
    return decoder.decode


_READ: Final = _decoder()
