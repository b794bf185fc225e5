"""NDJSON: one object a line; a line that is none is broken, the others go on."""

from __future__ import annotations

import atexit
import json
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

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
    shapes = _shapes(stripped)
    keys = sorted({key for shape in shapes for key in shape})
    known, left_out = column_names(keys)
    schema: dict[str, pl.DataType] = {keys[index]: pl.String() for index in known}
    sound = _objects(stripped)
    frames: list[pl.DataFrame] = []
    for rows in _runs(_without_repeats(stripped, sound, shapes), sound, schema, frames):
        sound[rows] = False
    bad, good = np.flatnonzero(~sound), np.flatnonzero(sound)
    why = ["not a JSON object on one line"] * len(bad)
    trouble = broken(lines[bad].tolist(), why, stripped.gather(bad).to_list())
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    columns = {proper: frame[keys[index]].to_arrow() for index, proper in known.items()}
    return Batch(
        plain_table(columns, len(good)),
        lines[good],
        partial(_texts, stripped.gather(good)),
        trouble,
        left_out,
    )


def _texts(lines: pl.Series, rows: NDArray[np.int64]) -> list[str]:
    return lines.gather(rows).to_list()


@cache
def _database() -> duckdb.DuckDBPyConnection:
    """One engine for every block: making one costs more than most blocks do."""
    import duckdb

    # What is open until the very end DuckDB reports on stderr, as leaked.
    atexit.register(_database.cache_clear)
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


def _runs(
    lines: pl.Series, sound: NDArray[np.bool_], schema: dict[str, pl.DataType], frames: list[pl.DataFrame]
) -> Iterator[NDArray[np.int64]]:
    """Read the sound lines into `frames`, in order; yield those on which the two parsers disagree.

    A block that cannot be read whole is halved until the line that stands in the way is alone.
    """
    waiting = [np.flatnonzero(sound)]
    while waiting:
        rows = waiting.pop()
        if not len(rows) or not schema:
            continue
        try:
            frame = pl.read_ndjson(("\n".join(lines.gather(rows).to_list()) + "\n").encode(), schema=schema)
        except pl.exceptions.PolarsError:
            frame = pl.DataFrame()
        if frame.height == len(rows):
            frames.append(frame)
        elif len(rows) == 1:
            yield rows
        else:
            waiting += [rows[len(rows) // 2 :], rows[: len(rows) // 2]]


def _shapes(lines: pl.Series) -> list[list[str]]:
    """Every list of keys that an object among the lines has."""
    valid = "CASE WHEN json_valid(line) THEN json_keys(line) ELSE [] END"
    (shapes,) = _asked(lines, f"SELECT DISTINCT {valid} AS keys FROM texts")  # noqa: S608 - no input in it
    return [keys or [] for keys in shapes.to_list()]


def _without_repeats(lines: pl.Series, sound: NDArray[np.bool_], shapes: list[list[str]]) -> pl.Series:
    """The same objects, where a key is written twice with its last value alone: polars takes the first."""
    if all(len(set(keys)) == len(keys) for keys in shapes):
        return lines
    valid = "CASE WHEN json_valid(line) THEN json_keys(line) ELSE [] END"
    question = f"SELECT len({valid}) > len(list_distinct({valid})) AS repeats FROM texts"  # noqa: S608 - no input in it
    (repeats,) = _asked(lines, question)
    rows = np.flatnonzero(repeats.fill_null(value=False).to_numpy() & sound)
    return lines.scatter(rows, [_rewritten(line) for line in lines.gather(rows)])


def _rewritten(line: str) -> str:
    try:
        return json.dumps(json.loads(line), ensure_ascii=False)
    except ValueError:  # sound to one parser and not to the other: whoever reads it next will refuse it
        return ""
