"""Read a table of any columns from a file of any format, compression and encoding that events come in."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.display import withhold_values
from poolpipe.errors import InputError
from poolpipe.events.formats import unreadable
from poolpipe.events.streams import OtherEncodingError, TextStream
from poolpipe.events.unpacking import DamageError, opened
from poolpipe.messages import message
from poolpipe.paths import shown

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.events.streams import Content

__all__ = ["read_any_table"]

_BINARY = ("parquet", "arrow", "arrow_stream")
_SEPARATORS = ",;\t|"
_REPLACED = "\ufffd".encode()


def read_any_table(path: Path) -> pl.DataFrame:
    """Read CSV, NDJSON, Parquet or Arrow, by what the file holds, whole or not at all.

    `events.read_table` reads the columns that events and reference tables have, as texts, and puts broken lines aside;
    here every column is kept, and values of Parquet, Arrow and NDJSON keep their types. Cells of CSV are texts.

    Parameters
    ----------
    path : Path
        Text may be gzip- or zstd-compressed, of any encoding that is known for events, and separated by comma,
        semicolon, tab or bar.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If the file is damaged, of another format, holds bytes that are no text, or has two columns of one name that
        differ.
    """
    try:
        content, text = _content(path)
        return _parsed(path, content, text)
    except (pl.exceptions.PolarsError, DamageError, OSError) as error:
        why = error.why if isinstance(error, DamageError) else withhold_values(str(error).splitlines()[0])
        raise _refused(path, why) from error


def _content(path: Path) -> tuple[Content, bytes]:
    """What a file holds, and its whole text in UTF-8; no text where it is Parquet or Arrow."""
    encoding = ""
    while True:
        raw, file, compression = opened(path)
        with raw:
            stream = TextStream(file, encoding)
            content = stream.content(path.name)
            if content in _BINARY and compression:
                raise _refused(
                    path, message("packed_twice", {"content": content, "compression": compression})
                )
            if content in _BINARY:
                return content, b""
            if why := unreadable(stream.head()):
                raise _refused(path, why)
            try:
                text = b"".join(stream.blocks())
            except OtherEncodingError as found:
                encoding = found.encoding
                continue
            if stream.trouble:
                raise _refused(path, stream.trouble)
            if _REPLACED in text:
                raise _refused(path, message("no_text", {}))
            return content, text


def _parsed(path: Path, content: Content, text: bytes) -> pl.DataFrame:
    if content == "parquet":
        return pl.read_parquet(path)
    if content == "arrow":
        return pl.read_ipc(path)
    if content == "arrow_stream":
        return pl.read_ipc_stream(path)
    if content == "ndjson":
        read = pl.read_json if text.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[") else pl.read_ndjson
        return read(io.BytesIO(text))
    header = text.partition(b"\n")[0].decode()
    separator = max(_SEPARATORS, key=header.count)  # the first of them where there is none
    frame = pl.read_csv(io.BytesIO(text), separator=separator, infer_schema=False)
    _check_repeated_columns(path, frame)
    return frame


def _check_repeated_columns(path: Path, frame: pl.DataFrame) -> None:
    """Refuse a file in which two columns of one name differ; polars calls the second `call_duplicated_0`."""
    for column in frame.columns:
        name, number, _ = column.rpartition("_duplicated_")
        if not number or not name or name not in frame.columns:
            continue
        differ = frame[name].ne_missing(frame[column])
        if differ.any():
            row = int(differ.arg_max() or 0) + 1
            raise InputError.of("column_twice", where=shown(path), name=name, row=row)


def _refused(path: Path, why: str) -> InputError:
    return InputError.of("frame_unreadable", where=shown(path), why=why)
