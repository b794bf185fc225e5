"""What tasks leave for others, as files of the scratch folder: written whole or not at all, and read by mapping them.

What went through a session as rows was copied ten times on its way to a file and back: 45 % of a worker's time was the system's, for
pages of memory (docs/cluster.md).
"""

from __future__ import annotations

import pickle
import uuid
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pyarrow as pa

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

__all__ = ["keep", "kept_buffer", "object_in", "parts_of_object"]

_ALIGNED: Final = 64
_LENGTH: Final = 8


def keep(path: Path, parts: Iterable[bytes | memoryview | pa.Buffer]) -> None:
    """Write a file, whole or not at all; what another run of the same task wrote is equal, and gives way.

    Parameters
    ----------
    path : Path
    parts : iterable of buffer
        Its bytes, one part behind the other.
    """
    unfinished = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with unfinished.open("wb") as file:
            for part in parts:
                file.write(memoryview(part))
        unfinished.replace(path)
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise


def kept_buffer(path: Path) -> pa.Buffer:
    """Map a file: its pages are read as they are asked for, and need no memory of this process's own."""
    with pa.memory_map(str(path)) as file:
        return file.read_buffer()


def parts_of_object(given: object) -> list[bytes | memoryview]:
    """Lay an object out for `keep`: a pickle, and behind it the arrays, from which `object_in` reads without a copy.

    Frames and series of polars are laid out as Arrow arrays; their own pickle copies them twice.
    """
    buffers: list[memoryview] = []
    sink = pa.BufferOutputStream()
    _Pickler(sink, 5, buffer_callback=lambda each: buffers.append(each.raw())).dump(given)
    told = sink.getvalue()
    sizes = [len(told), *(each.nbytes for each in buffers)]
    parts: list[bytes | memoryview] = [b"".join(size.to_bytes(_LENGTH) for size in (len(sizes), *sizes))]
    begin = len(parts[0])
    for part in (memoryview(told), *buffers):
        gap = -begin % _ALIGNED
        parts += [bytes(gap), part]
        begin += gap + part.nbytes
    return parts


def object_in(buffer: pa.Buffer | bytes) -> Any:
    """Read `parts_of_object` back, which another process of the session has written: it runs the same code with the same rights."""
    given = memoryview(buffer)
    number = int.from_bytes(given[:_LENGTH])
    begin = _LENGTH * (1 + number)
    parts = []
    for place in range(number):
        size = int.from_bytes(given[_LENGTH * (1 + place) : _LENGTH * (2 + place)])
        begin += -begin % _ALIGNED
        parts.append(given[begin : begin + size])
        begin += size
    return pickle.loads(parts[0], buffers=parts[1:])  # noqa: S301 - as Spark itself sends functions


class _Pickler(pickle.Pickler):
    def reducer_override(self, given: object) -> Any:
        if isinstance(given, pl.DataFrame):
            return pl.DataFrame, (
                given.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()),
                given.schema,
            )
        if isinstance(given, pl.Series):
            return pl.Series, (
                given.name,
                given.rechunk().to_arrow(compat_level=pl.CompatLevel.oldest()),
                given.dtype,
            )
        return NotImplemented
