"""Streams of frames into files of any format, in any number of pieces, a bounded number of rows in memory."""

from __future__ import annotations

import io
from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

if TYPE_CHECKING:
    from pathlib import Path
    from typing import BinaryIO

__all__ = ["StreamWriter", "TableWriter"]

_ROWS_PER_GROUP = 600_000
_SHANGHAI = "Asia/Shanghai"


class _Sink(Protocol):
    """One open file of one format."""

    def write(self, frame: pl.DataFrame) -> None: ...

    def close(self) -> None: ...


class _Parquet:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pq.ParquetWriter | None = None

    def write(self, frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _Arrow:
    def __init__(self, path: Path) -> None:
        self._path = path
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

    def write(self, frame: pl.DataFrame) -> None:
        table = frame.to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._writer is None:
            self._writer = pa.ipc.new_file(
                self._path, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")
            )
        self._writer.write_table(table)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.close()


class _Text:
    """CSV or NDJSON, plain or compressed; times are written with China's offset, as exports there have them."""

    def __init__(self, path: Path, *, kind: str, compression: str | None) -> None:
        self._stack = ExitStack()
        raw: BinaryIO = self._stack.enter_context(path.open("wb"))
        codec = {"gz": "gzip", "zst": "zstd"}.get(compression or "")
        self._file = self._stack.enter_context(pa.CompressedOutputStream(raw, codec)) if codec else raw
        self._kind = kind
        self._started = False

    def write(self, frame: pl.DataFrame) -> None:
        times = [name for name, kind in frame.schema.items() if isinstance(kind, pl.Datetime)]
        frame = frame.with_columns(
            pl.col(name).dt.convert_time_zone(_SHANGHAI).dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
            for name in times
        )
        buffer = io.BytesIO()
        if self._kind == "csv":
            frame.write_csv(buffer, include_header=not self._started)
        else:
            frame.write_ndjson(buffer)
        self._started = True
        self._file.write(buffer.getvalue())

    def close(self) -> None:
        self._stack.close()


def _open_sink(path: Path, format: str) -> _Sink:  # noqa: A002 - the option's public name
    """Open one file for writing in `format`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if format == "parquet":
        return _Parquet(path)
    if format == "arrow":
        return _Arrow(path)
    kind, _, compression = format.partition(".")
    return _Text(path, kind=kind, compression=compression or None)


class TableWriter:
    """One file, written in groups of rows; the file appears with the first row."""

    def __init__(self, path: Path, format: str = "parquet") -> None:  # noqa: A002
        self._path = path
        self._format = format
        self._sink: _Sink | None = None
        self._waiting: list[pl.DataFrame] = []
        self._rows_waiting = 0
        self.rows = 0

    def write(self, frame: pl.DataFrame) -> None:
        """Take a frame; it reaches the disk when enough rows have come together."""
        if not len(frame):
            return
        self._waiting.append(frame)
        self._rows_waiting += len(frame)
        self.rows += len(frame)
        if self._rows_waiting >= _ROWS_PER_GROUP:
            self._flush()

    def close(self) -> None:
        """Write what is waiting and close the file."""
        self._flush()
        if self._sink is not None:
            self._sink.close()
            self._sink = None

    def _flush(self) -> None:
        if not self._waiting:
            return
        if self._sink is None:
            self._sink = _open_sink(self._path, self._format)
        self._sink.write(pl.concat(self._waiting, rechunk=True))
        self._waiting, self._rows_waiting = [], 0


class StreamWriter:
    """One stream of events in so many pieces; which rows share a file never changes what the rows are.

    Parameters
    ----------
    folder : Path
        Where ``part-00000`` and its siblings go.
    format : str
        One of `settings.FORMATS`.
    pieces : int
        Files to cut the stream into.
    chunks : int
        How many frames will come.
    """

    def __init__(self, folder: Path, format: str, *, pieces: int, chunks: int, name: str = "part") -> None:  # noqa: A002
        self._pieces = pieces
        self._slices = -(-pieces // chunks)
        self._chunks = chunks
        self._writers = [
            TableWriter(folder / f"{name}-{piece:05d}.{format}", format) for piece in range(pieces)
        ]

    @property
    def rows(self) -> int:
        """Rows taken so far."""
        return sum(writer.rows for writer in self._writers)

    def write(self, chunk: int, frame: pl.DataFrame) -> None:
        """Write one chunk of the stream; chunks come in order.

        Parameters
        ----------
        chunk : int
            Its number, from 0.
        frame : DataFrame
            Its rows.
        """
        for part in range(self._slices):
            start, stop = (len(frame) * edge // self._slices for edge in (part, part + 1))
            piece = (chunk * self._slices + part) * self._pieces // (self._chunks * self._slices)
            self._writers[piece].write(frame[start:stop])
        for done in range((chunk + 1) * self._pieces // self._chunks):
            self._writers[done].close()

    def close(self) -> None:
        """Close every file."""
        for writer in self._writers:
            writer.close()
