"""NDJSON: one object a line; a line that is none is broken, the others go on."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.events.batches import Batch, broken, column_names, plain_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    import duckdb
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


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One engine for every block: making one costs more than most blocks do."""
    import duckdb

    return duckdb.connect(config={"threads": 1})


def _asked(lines: pl.Series, question: str) -> list[pl.Series]:
    """Columns of an SQL answer about `texts(line)`."""
    with _database().cursor() as cursor:
        cursor.register("texts", pl.DataFrame({"line": lines}).to_arrow())
        return pl.DataFrame(cursor.sql(question).to_arrow_table()).get_columns()


def _objects(lines: pl.Series) -> NDArray[np.bool_]:
    """Which lines are JSON objects of sound text."""
    (sound,) = _asked(
        lines,
        "SELECT json_valid(line) AND json_type(CASE WHEN json_valid(line) THEN line END) = 'OBJECT'"
        " AND NOT contains(line, chr(65533)) AS sound FROM texts",
    )
    return sound.fill_null(value=False).to_numpy()


def _columns(lines: pl.Series) -> tuple[pa.Table, frozenset[str]]:
    """Known columns of sound objects, every value as text, and the names of the others."""
    if lines.is_empty():
        return pa.table({}), frozenset()
    keys = _keys(lines)
    known, left_out = column_names(keys)
    if not known:
        return plain_table({}, lines.len()), left_out
    block = ("\n".join(lines.to_list()) + "\n").encode()
    frame = pl.read_ndjson(block, schema={keys[index]: pl.String for index in known})
    return plain_table(
        {proper: frame[keys[index]].to_arrow() for index, proper in known.items()}, 0
    ), left_out


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One engine for every block: making one costs more than most blocks do."""
    import duckdb

    return duckdb.connect(config={"threads": 1})


def _asked(lines: pl.Series, question: str) -> list[pl.Series]:
    """Columns of an SQL answer about `texts(line)`."""
    with _database().cursor() as cursor:
        cursor.register("texts", pl.DataFrame({"line": lines}).to_arrow())
        return pl.DataFrame(cursor.sql(question).to_arrow_table()).get_columns()


def _objects(lines: pl.Series) -> NDArray[np.bool_]:
    """Which lines are JSON objects of sound text."""
    (sound,) = _asked(
        lines,
        "SELECT json_valid(line) AND json_type(CASE WHEN json_valid(line) THEN line END) = 'OBJECT'"
        " AND NOT contains(line, chr(65533)) AS sound FROM texts",
    )
    return sound.fill_null(value=False).to_numpy()


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
    return plain_table({name: frame[name].to_arrow() for name in frame.columns}), left_out


def _keys(lines: pl.Series) -> list[str]:
    (keys,) = _asked(lines, "SELECT DISTINCT unnest(json_keys(line)) AS key FROM texts ORDER BY key")
    return keys.to_list()
