"""Read NDJSON, one object a line; a broken line is rejected and the others are read."""

from __future__ import annotations

import atexit
import json
from dataclasses import replace
from functools import cache, partial
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.events.batches import Batch, broken, plain_table
from poolpipe.events.encodings import text_of
from poolpipe.events.json_documents import Element, elements, is_document
from poolpipe.events.json_keys import columns_of_keys, grouped
from poolpipe.events.json_numbers import with_exact_numbers
from poolpipe.events.json_words import depth, has_infinity, mended
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.events.plain_objects import BLANKS, LinesRead, plain_objects
from poolpipe.messages import message

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import duckdb
    from numpy.typing import NDArray

    from poolpipe.events.streams import TextStream

__all__ = ["batches_of_lines", "read_json", "read_lines", "read_ndjson"]

_DEEPEST = 100
"""Objects and lists inside one another; scans have two."""

_PIECE = 1 << 22
"""Characters of records that are read at once."""

_SHOWN = 1000
"""Bytes of a line longer than any may be that are kept with the reason."""

_KEYS = "CASE WHEN json_valid(line) THEN json_keys(line) ELSE [] END"
"""The keys of a line's object, in SQL."""

_NO_OBJECT = message("json_no_object", {})
_INFINITY = message("json_infinity", {})
_TOO_DEEP = message("json_too_deep", {"most": _DEEPEST})
_TOO_LONG = message("line_too_long", {})
_TWICE = message("json_key_twice", {})


def read_json(stream: TextStream, longest: int, naming: Naming = ANY_NAMES) -> Iterator[Batch]:
    """Yield the records of a JSON text, NDJSON or not; see `json_documents` for the records of other JSON.

    Parameters
    ----------
    stream : TextStream
        The text.
    longest : int
        Bytes of the longest record.
    naming : Naming
        How keys are understood.

    Yields
    ------
    Batch
    """
    if not is_document(text_of(stream.head()).lstrip("\x1e")):
        yield from read_ndjson(stream, longest, naming)
        return
    several: list[Element] = []
    size = 0
    for element in elements(stream, longest):
        if element.trouble:
            why, raw = message(element.trouble, {}), element.text or None
            yield Batch.of_broken(broken([element.line], [why], [raw]))
            continue
        several.append(element)
        size += len(element.text)
        if size > _PIECE:
            yield from _of_elements(several, longest, naming)
            several, size = [], 0
    if several:
        yield from _of_elements(several, longest, naming)


def _of_elements(several: list[Element], longest: int, naming: Naming) -> Iterator[Batch]:
    lines = np.array([each.line for each in several], np.int64)
    yield from batches_of_lines("\n".join(each.text for each in several).encode(), lines, longest, naming)


def read_ndjson(stream: TextStream, longest: int, naming: Naming = ANY_NAMES) -> Iterator[Batch]:
    """Yield the objects of an NDJSON text, block by block; blank lines are no records.

    Values of every JSON type are read as their text, and a bare NaN, as Python writes it, as null. Records may
    spell a key differently (`tube`, `Tube`); an object that gives two values for one column is broken, because it is unknown
    which is meant, and so is a line of more than `longest` bytes or of objects nested beyond `_DEEPEST`.

    Parameters
    ----------
    stream : TextStream
        The text.
    longest : int
        Bytes of the longest record.
    naming : Naming
        How keys are understood: each object is its own header.

    Yields
    ------
    Batch
    """
    rest = b""
    line = 1
    skipping = False
    for block in stream.blocks():
        if skipping:
            _, newline, block = block.partition(b"\n")  # noqa: PLW2901 - the rest of a line that was reported already
            skipping = not newline
            line += len(newline)
        whole, newline, rest = (rest + block).rpartition(b"\n")
        if newline:
            yield from batches_of_lines(whole, _numbered(whole, line), longest, naming)
            line += whole.count(b"\n") + 1
        if len(rest) > longest:
            yield Batch.of_broken(broken([line], [_TOO_LONG], [_beginning(rest)]))
            rest, skipping = b"", True
    if rest.strip():
        torn = message("line_breaks_off", {}) if stream.torn else ""
        yield from batches_of_lines(rest, _numbered(rest, line), longest, naming, torn)


def _numbered(block: bytes, first: int) -> NDArray[np.int64]:
    """The number of each line of a block."""
    return np.arange(first, first + block.count(b"\n") + 1)


def read_lines(block: bytes, longest: int) -> LinesRead:
    """Read the lines of several NDJSON texts, put one behind the other, as one batch.

    Parameters
    ----------
    block : bytes
        Lines without the end of the last one.
    longest : int
        Bytes of the longest record.

    Returns
    -------
    LinesRead
    """
    if plain := plain_objects(block, longest):
        return plain
    batch, present, read = _read(block, np.arange(block.count(b"\n") + 1), longest)
    return LinesRead(batch, present, _keys_of(read))


def batches_of_lines(
    block: bytes, numbers: NDArray[np.int64], longest: int, naming: Naming, torn: str = ""
) -> Iterator[Batch]:
    """Read the lines of a block; those whose keys stand for columns of other names apart, by what they mean."""
    batch, present, read = _read(block, numbers, longest, torn)
    keys = batch.left_out | frozenset(batch.table.column_names)
    if not naming.is_foreign(sorted(keys)):
        yield batch
        return
    lines = block.split(b"\n")
    for group in grouped(_keys_of(read), naming):
        chosen = present[group.lines]
        part = b"\n".join(lines[place] for place in chosen.tolist())
        yield replace(_read(part, numbers[chosen], longest, torn, group.meant)[0], told=group.told)


def _keys_of(lines: pl.Series) -> pl.Series:
    """The keys of the object on each line, as a JSON list."""
    (keys,) = _asked(lines, f"SELECT to_json({_KEYS})::VARCHAR AS keys FROM texts")  # noqa: S608 - no input in it
    return keys


def _read(
    block: bytes,
    numbers: NDArray[np.int64],
    longest: int,
    torn: str = "",
    meant: Mapping[str, str] | None = None,
) -> tuple[Batch, NDArray[np.int64], pl.Series]:
    """Read the lines of a block; also give the number of each line that is not blank, and its text as parsers got it."""
    texts = pl.Series("line", block.decode(errors="replace").split("\n"), pl.String)
    stripped = texts.str.strip_chars(BLANKS)
    present = np.flatnonzero((stripped != "").to_numpy())
    lines, stripped = numbers[present], stripped.gather(present)
    refused = _unfit(block, stripped, longest)
    if b"Infinity" in block:
        refused = dict.fromkeys(np.flatnonzero(has_infinity(stripped)).tolist(), _INFINITY) | refused
    read = stripped.clone().scatter(np.array(sorted(refused), np.int64), "")
    if b"NaN" in block:
        read = mended(read)
    sound = _objects(read)
    shapes = _shapes(read)
    spellings, left_out = columns_of_keys({key for shape in shapes for key in shape}, meant)
    given = read
    read, twice = _without_repeats(read, sound, shapes, spellings)
    sound &= ~twice
    refused |= dict.fromkeys(np.flatnonzero(twice).tolist(), _TWICE)
    schema: dict[str, pl.DataType] = {key: pl.String() for same in spellings.values() for key in same}
    frames: list[pl.DataFrame] = []
    for rows in _runs(with_exact_numbers(read), sound, schema, frames):
        sound[rows] = False
    bad, good = np.flatnonzero(~sound), np.flatnonzero(sound)
    why = [refused.get(row, torn or _NO_OBJECT) for row in bad.tolist()]
    raws = [
        _beginning(text.encode()) if refused.get(row) == _TOO_LONG else text
        for row, text in zip(bad.tolist(), stripped.gather(bad).to_list(), strict=True)
    ]
    frame = pl.concat(frames) if frames else pl.DataFrame(schema=schema)
    columns = {
        proper: frame.select(pl.coalesce(same)).to_series().to_arrow() for proper, same in spellings.items()
    }
    batch = Batch(
        plain_table(columns, len(good)),
        lines[good],
        partial(_texts, stripped.gather(good)),
        broken(lines[bad].tolist(), why, raws),
        left_out,
    )
    return batch, present, given


def _unfit(block: bytes, lines: pl.Series, longest: int) -> dict[int, str]:
    """Lines that no parser is given, and why: too long, or nested so deep that parsers run out of stack."""
    sizes = lines.str.len_bytes()
    unfit = dict.fromkeys(np.flatnonzero((sizes > longest).to_numpy()).tolist(), _TOO_LONG)
    openings = block.count(b"{") + block.count(b"[")
    if (
        openings < lines.str.starts_with("{").sum() + _DEEPEST
    ):  # one object a line, and no line with many more
        return unfit
    many = lines.str.count_matches(r"[\[{]") > _DEEPEST
    for row in np.flatnonzero(many.to_numpy()).tolist():
        if row not in unfit and depth(lines[row]) > _DEEPEST:
            unfit[row] = _TOO_DEEP
    return unfit


def _beginning(line: bytes) -> str:
    return line[:_SHOWN].decode(errors="replace")


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

    A block that cannot be read whole is halved until the failing line is alone.
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
    (shapes,) = _asked(lines, f"SELECT DISTINCT {_KEYS} AS keys FROM texts")  # noqa: S608 - no input in it
    return [keys or [] for keys in shapes.to_list()]


def _without_repeats(
    lines: pl.Series, sound: NDArray[np.bool_], shapes: list[list[str]], spellings: dict[str, list[str]]
) -> tuple[pl.Series, NDArray[np.bool_]]:
    """The same objects, each column given once; and which of them give two different values for one."""
    meant = {key: proper for proper, same in spellings.items() for key in same}
    repeated = {tuple(keys) for keys in shapes if len({meant.get(key, key) for key in keys}) < len(keys)}
    twice = np.zeros(len(lines), np.bool_)
    if not repeated:
        return lines, twice
    (keys,) = _asked(lines, f"SELECT {_KEYS} AS keys FROM texts")  # noqa: S608 - no input in it
    odd = np.array([tuple(each or ()) in repeated for each in keys.to_list()], np.bool_)
    rows = np.flatnonzero(odd & sound)
    once = [_given_once(line, meant) for line in lines.gather(rows)]
    twice[rows] = [line is None for line in once]
    # scatter() writes in place, and what is rejected is kept as it came
    return lines.clone().scatter(rows, [line or "" for line in once]), twice


def _given_once(line: str, meant: dict[str, str]) -> str | None:
    """An object with one value a column, under the first of its names there; None where it gives two."""
    top: list[tuple[str, object]] = []

    def keep(pairs: list[tuple[str, object]]) -> dict[str, object]:
        top[:] = pairs  # objects come from the innermost outwards: the last is the whole line
        return dict(pairs)

    try:
        json.loads(line, object_pairs_hook=keep)
    except ValueError:  # valid to one parser and not to the other: the next reader rejects it
        return ""
    values: dict[str, tuple[str, object]] = {}
    for key, value in top:
        column = meant.get(key, key)
        if value is None or (isinstance(value, str) and not value.strip()):
            continue
        if column in meant.values() and column in values and values[column][1] != value:
            return None
        values.setdefault(column, (key, value))
    return json.dumps(dict(values.values()), ensure_ascii=False)
