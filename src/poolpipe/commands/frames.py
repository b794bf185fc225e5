"""Tables for commands that work on frames: read any of the usual files, show or write the result."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import click

from poolpipe.display import json_text, number_of
from poolpipe.errors import InputError
from poolpipe.languages import both, has_chinese, one_language
from poolpipe.messages import in_language
from poolpipe.terminal.console import tell

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    import polars as pl

    from poolpipe.terminal.boards import Board

__all__ = ["board", "echo_csv", "echo_json", "read_frame", "tell_doubts", "write_frame", "written"]


def read_frame(path: Path, numbers: Iterable[str] = ()) -> pl.DataFrame:
    """Read a table of any columns; codes stay text with their leading zeros.

    Parameters
    ----------
    path : Path
        A file of any format that `read_any_table` reads.
    numbers : iterable of str
        Columns that become floats.

    Returns
    -------
    polars.DataFrame

    Raises
    ------
    InputError
        If the file cannot be read.
    TableError
        If one of `numbers` holds something else; it names column and row.
    """
    from poolpipe.decode.keys import numbers as as_numbers
    from poolpipe.events.any_table import read_any_table

    frame = read_any_table(path)
    return frame.with_columns(as_numbers(frame[name], str(path)) for name in numbers if name in frame.columns)


def write_frame(frame: pl.DataFrame, path: Path) -> None:
    """Write CSV, NDJSON, Parquet or Arrow, by the ending of the name.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    path : Path
        Ends in .csv, .ndjson, .parquet or .arrow.

    Raises
    ------
    InputError
        The name ends in something else.
    """
    writers: dict[str, Callable[[Path], object]] = {
        ".csv": frame.write_csv,
        ".ndjson": frame.write_ndjson,
        ".parquet": frame.write_parquet,
        ".arrow": frame.write_ipc,
    }
    writer = writers.get(path.suffix.lower())
    if writer is None:
        raise InputError.of(
            "frame_not_written", where=str(path), ending=path.suffix or "nothing", endings=", ".join(writers)
        )
    writer(path)


def written(count: int, out: Path, what: tuple[str, str] = ("row", "行")) -> str:
    """Say how many rows, or other things, a file has got."""
    return f"{both(number_of(count, what[0]), f'{count:,} {what[1]}')} {both('written to', '已写入')} {out}"


def board(
    frame: pl.DataFrame,
    title: str,
    *,
    rows: int = 20,
    secret: Iterable[str] = (),
    show_ids: bool = False,
) -> Board:
    """Make a board of a frame.

    Parameters
    ----------
    frame : polars.DataFrame
        The table.
    title : str
        Heading.
    rows : int
        The most rows shown; the others are counted.
    secret : iterable of str
        Columns that are masked.
    show_ids : bool
        Show them in full.

    Returns
    -------
    Board
    """
    from rich.text import Text

    from poolpipe.display import mask
    from poolpipe.terminal.marks import frame as framed
    from poolpipe.terminal.marks import plain

    hidden = set() if show_ids else set(secret)
    more = max(0, frame.height - rows)
    table = framed(title, more=more, rest=("with --json", "请用 --json 查看"), show_ids=show_ids)
    for name, kind in frame.schema.items():
        told = one_language(name)
        heading = [
            plain(line) for line in (told.split(" ", 1) if has_chinese(told) and told == name else [told])
        ]
        table.add_column(
            Text("\n").join(heading),
            justify="right" if kind.is_numeric() else "left",
            overflow="fold",
            min_width=max(word.cell_len for line in heading for word in line.split())
            if name.strip()
            else None,
        )
    for row in frame.head(rows).iter_rows(named=True):
        table.add_row(*(plain(mask(str(v)) if k in hidden else _text(v)) for k, v in row.items()))
    return table


def tell_doubts(doubts: pl.DataFrame, *, most: int = 10) -> None:
    """Name on stderr the pools that could not be used.

    Parameters
    ----------
    doubts : polars.DataFrame
        As `Decoded.doubts`.
    most : int
        The most pools named of a code; the others are counted.
    """
    for part in doubts.partition_by("code", maintain_order=True):
        names = ", ".join(repr(name) for name in part["pool"].head(most).to_list())
        more = f", … +{part.height - most:,}" if part.height > most else ""
        tell(f"{part['code'][0]}: {names}{more}: {in_language(part['detail'][0])}", err=True)


def echo_json(value: object) -> None:
    """Write JSON to stdout; an infinity is the word `infinity` or `-infinity`, NaN is null."""
    click.echo(json_text(_jsonable(value)))


def echo_csv(rows: pl.DataFrame) -> None:
    """Write CSV to stdout; no spreadsheet runs a cell of it, and no control character reaches the terminal.

    Parameters
    ----------
    rows : polars.DataFrame
        Texts, numbers and truth values.
    """
    import polars as pl
    from polars import selectors

    from poolpipe.exchange.city_csv import harmless
    from poolpipe.exchange.list_csv import legible

    safe = rows.with_columns(harmless(legible(pl.col(name))).alias(name) for name in _texts_of(rows))
    click.echo(safe.with_columns(selectors.boolean().cast(pl.String)).write_csv(), nl=False)


def _texts_of(rows: pl.DataFrame) -> list[str]:
    import polars as pl

    return [name for name, kind in rows.schema.items() if kind == pl.String]


def _text(value: object) -> str:
    if value is None:
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)


def _jsonable(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else "infinity" if value > 0 else "-infinity"
    if isinstance(value, dict):
        return {key: _jsonable(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_jsonable(each) for each in value]
    return value if value is None or isinstance(value, str | int | float) else str(value)
