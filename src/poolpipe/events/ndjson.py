"""NDJSON: one object a line; a line that is none is broken, the others go on."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.events.batches import Batch, broken, column_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from poolpipe.events.streams import TextStream

__all__ = ["read_ndjson"]


def read_ndjson(stream: TextStream) -> Iterator[Batch]:
    """Yield the objects of an NDJSON text, block by block; blank lines are no records.

    Values of every JSON type are taken as their text. Of a key written twice in one object the last
    counts, as in every common parser.
    """
    rest = b""
    line = 1
    for block in stream.blocks():
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield _batch(whole, line)
            line += whole.count(b"\n") + 1
    if rest.strip():
        yield _batch(rest, line)


def _batch(block: bytes, first_line: int) -> Batch:
    texts = pl.Series("line", block.decode(errors="replace").split("\n"), pl.String)
    stripped = texts.str.strip_chars("\ufeff \t\r\x1e")
    present = np.flatnonzero((stripped != "").to_numpy())
    lines, stripped = present + first_line, stripped.gather(present)
    objects = _objects(stripped)
    sound = np.flatnonzero(objects)
    bad = np.flatnonzero(~objects)
    trouble = broken(
        lines[bad].tolist(), ["not a JSON object on one line"] * len(bad), stripped.gather(bad).to_list()
    )
    kept = stripped.gather(sound)
    table, left_out = _columns(kept)
    return Batch(table, lines[sound], partial(_texts, kept), trouble, left_out)


def _texts(lines: pl.Series, rows: NDArray[np.int64]) -> list[str]:
    return lines.gather(rows).to_list()


def _objects(lines: pl.Series) -> NDArray[np.bool_]:
    """Which lines are JSON objects of sound text."""
    import duckdb

    with duckdb.connect() as connection:
        connection.register("texts", pl.DataFrame({"line": lines}).to_arrow())
        found = connection.sql(
            "SELECT json_valid(line) AND json_type(CASE WHEN json_valid(line) THEN line END) = 'OBJECT'"
            " AND NOT contains(line, chr(65533)) FROM texts"
        ).fetchnumpy()
    column = next(iter(found.values()))
    return np.ma.filled(np.ma.asarray(column), fill_value=False).astype(np.bool_)


def _columns(lines: pl.Series) -> tuple[pa.Table, frozenset[str]]:
    """Known columns of sound objects, every value as text, and the names of the others."""
    if lines.is_empty():
        return pa.table({}), frozenset()
    keys = _keys(lines)
    known, left_out = column_names(keys)
    schema = {keys[index]: pl.String for index in known}
    frame = pl.read_ndjson(("\n".join(lines.to_list()) + "\n").encode(), schema=schema) if schema else None
    if frame is None or frame.height != lines.len():
        return pa.table({"kind": pa.nulls(lines.len(), pa.string())}), left_out
    frame = frame.rename({keys[index]: proper for index, proper in known.items()})
    return frame.to_arrow(), left_out


def _keys(lines: pl.Series) -> list[str]:
    import duckdb

    with duckdb.connect() as connection:
        connection.register("texts", pl.DataFrame({"line": lines}).to_arrow())
        rows = connection.sql(
            "SELECT DISTINCT unnest(json_keys(line)) AS key FROM texts ORDER BY key"
        ).fetchall()
    return [row[0] for row in rows]
