"""Open each input by its content (CSV, NDJSON, Parquet, Arrow, a frame, a machine's file) as batches of records."""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import polars as pl

from poolpipe.choices import suggestion
from poolpipe.coding.frames import as_frame
from poolpipe.coding.plain_texts import as_text
from poolpipe.errors import InputError, PoolpipeError
from poolpipe.events.arrow_ipc import read_arrow
from poolpipe.events.batches import Batch, Unread, broken, unpacked
from poolpipe.events.delimited import read_delimited
from poolpipe.events.formats import ENDINGS, WORKBOOK, NoEventsError, unreadable
from poolpipe.events.frames import Frames, are_frames, frame_batch, sources_of_frames
from poolpipe.events.mapping import SKIP, ColumnMapping, with_words
from poolpipe.events.ndjson import read_json
from poolpipe.events.parquet import read_parquet
from poolpipe.events.sources import Source, find_sources
from poolpipe.events.spreadsheets import SpreadsheetError
from poolpipe.events.streams import OtherEncodingError, TextBelow, TextStream, has_known_header
from poolpipe.events.unpacking import DamageError, opened
from poolpipe.events.workbooks import (
    naming_of,
    sheet_of_table,
    sheet_text,
    sheets_of_table,
    why_unopened,
    with_sheets,
)
from poolpipe.messages import message
from poolpipe.paths import changed, shown
from poolpipe.policy import FileLimits
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    import pyarrow as pa

    from poolpipe.events.pipes import Spool
    from poolpipe.policy import Policy

__all__ = [
    "Foreign",
    "Inputs",
    "batches_of",
    "batches_reader",
    "is_event_file",
    "open_inputs",
    "read_table",
    "table_batches",
    "worded_batches",
]

Inputs = str | os.PathLike[str] | Iterable[str | os.PathLike[str]] | Frames
"""Inputs of a run: files, folders, globs, or frames of any library."""


class Foreign(Protocol):
    """A reader of files that are no event files."""

    def recognises(self, path: Path) -> bool:
        """Whether this reader recognises a file, by its content."""
        ...

    def frames(self, path: Path) -> Mapping[str, pl.DataFrame]:
        """Give a file's events, a frame per kind, each with a column `line`: its line in the file, 0 where it has none.

        Raises
        ------
        PoolpipeError
            If it is recognised and cannot be read: the file is kept as one broken record.
        """
        ...

    def notes(self) -> Mapping[Path, dict[str, Any]]:
        """Give the reader's notes on each file it has read."""
        ...


def open_inputs(
    inputs: Inputs,
    foreign: Foreign | None,
    spool: Spool,
    policy: Policy,
    *,
    kind: str | None = None,
    apart: Mapping[str, Path] | None = None,
    mapping: ColumnMapping | None = None,
) -> tuple[list[Source], Callable[[Source], Iterator[Batch | Unread]], dict[str, str]]:
    """List the sources of an input, how to read each, and the files skipped with the reason.

    Reading a source raises `NoEventsError` before the first batch where the file turns out to hold none.

    Parameters
    ----------
    inputs : path, paths, frame, frames, or mapping
        As in `read_events`.
    foreign : Foreign or None
        Reads files that are no event files.
    spool : Spool
        Keeps the content of pipes.
    policy : Policy
        Its `files`: limits of records.
    kind : str, optional
        Kind of events of files without one.
    apart : mapping of str to Path, optional
        Files that are reference tables, by the table's name.
    mapping : ColumnMapping, optional
        What headers, words and files mean beyond docs/tables.md.

    Returns
    -------
    sources : list of Source
    batches : callable
        Yields the batches of a source.
    skipped : dict of str to str
        Name of each file that is not read, and why.

    Raises
    ------
    InputError
        If there is no such file or folder, or a frame is of no kind.
    TableError
        If something is neither a path nor a frame, or a frame has no kind.
    """
    if kind is not None and kind not in KINDS:
        raise InputError.of(
            "no_such_kind", where="kind", kind=kind, kinds=", ".join(KINDS), hint=suggestion(kind, KINDS)
        )
    if are_frames(inputs):
        return *sources_of_frames(inputs, kind), {}
    paths = _paths(inputs)
    longest, said = policy.files.longest_record, mapping or ColumnMapping()
    recognises = foreign.recognises if foreign else _never
    sources, skipped = find_sources(paths, recognises, spool=spool, kind=kind, apart=apart)
    return with_sheets(sources, recognises, said), batches_reader(foreign, longest, said.words), skipped


def batches_reader(
    foreign: Foreign | None, longest: int, words: Mapping[str, Mapping[str, str]]
) -> Callable[[Source], Iterator[Batch | Unread]]:
    """Give what yields the batches of a source, event file or not; parameters as in `open_inputs` and `worded_batches`."""
    read = partial(_foreign_batches, foreign=foreign) if foreign else batches_of
    return partial(worded_batches, read, longest, words)


def _never(_: Path) -> bool:
    return False


def worded_batches(
    read: Callable[[Source, int], Iterator[Batch | Unread]],
    longest: int,
    words: Mapping[str, Mapping[str, str]],
    source: Source,
) -> Iterator[Batch | Unread]:
    """Yield the batches that `read` gives of a source, with the words of a mapping replaced.

    Raises
    ------
    NoEventsError
        If the mapping leaves it out, or it holds something that is not read here.
    """
    if source.kind == SKIP:
        raise NoEventsError(message("left_out_by_mapping", {}))
    if not words:
        yield from read(source, longest)
        return
    for came in read(source, longest):
        for batch in unpacked(came):
            yield replace(batch, table=with_words(batch.table, words))


def _paths(inputs: object) -> list[str | os.PathLike[str]]:
    """List the paths that were given; whatever is none is refused as a frame that is none.

    Raises
    ------
    TableError
        If something is neither a path nor a frame.
    """
    given = list(inputs) if isinstance(inputs, Iterable) and not isinstance(inputs, str | bytes) else [inputs]
    paths = [each for each in given if isinstance(each, str | os.PathLike)]
    if len(paths) < len(given):
        as_frame(next(each for each in given if not isinstance(each, str | os.PathLike)), "inputs")
    return paths


def is_event_file(path: Path) -> bool:
    """Tell by a file's first bytes whether it is one: Parquet, Arrow, JSON, or text under a header we know."""
    try:
        raw, file, _ = opened(path)
        with raw:
            stream = TextStream(file)
            is_text = stream.content(path.name) in ("csv", "ndjson")
            return not is_text or has_known_header(stream.head())
    except (OSError, DamageError):
        return True  # the reader reports the reason


def read_table(
    path: Path, table: str = "", mapping: ColumnMapping | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a file of any event format as it is, every value as text: known columns, and the broken lines.

    Unknown columns are there by name only, without values, so that a misspelt name can be reported.

    Parameters
    ----------
    path : Path
        A file; of a workbook the sheet that has the table's header is read.
    table : str
        Reference table that it holds, `people` say: then headers in Chinese are known.
    mapping : ColumnMapping, optional
        What its headers mean beyond docs/tables.md.

    Raises
    ------
    InputError
        If the file is of a format that is not read here, several sheets fit, or two columns mean one thing.
    """
    file = Source(path, path.name, None, table=table, mapped=(mapping or ColumnMapping()).of_file(path.name))
    came = batches_of(sheet_of_table(file) if table else file, FileLimits().longest_record)
    try:
        batches: list[Batch] = []
        for batch in itertools.chain.from_iterable(map(unpacked, came)):
            batches = [] if batch.is_anew else [*batches, batch]
    except NoEventsError as error:
        raise InputError.of("no_table_file", where=shown(path), why=error) from error
    for told in [batch.told for batch in batches[:1] if batch.told]:
        for question in told.questions:
            raise InputError.of(
                "table_unclear", where=shown(path), asked=question.asked, answer=question.answer
            )
    tables = [_as_texts(batch.table) for batch in batches if batch.table.num_rows]
    frame = pl.concat(tables, how="diagonal") if tables else pl.DataFrame()
    left_out = sorted(frozenset().union(*(batch.left_out for batch in batches)))
    unread = pl.concat([broken(), *(batch.broken for batch in batches)])
    return frame.with_columns(pl.lit(None, pl.String).alias(name) for name in left_out), unread


def table_batches(path: Path, table: str) -> Iterator[tuple[pl.DataFrame, int] | None]:
    """Yield a file's rows as `read_table` reads them, batch by batch; of a workbook those of every sheet that fits.

    Parameters
    ----------
    path : Path
        A file of any event format.
    table : str
        Reference table whose headers are known, `people` say.

    Yields
    ------
    tuple of (DataFrame, int), or None
        Known columns as texts, and how many lines could not be read; None where the batches so far do not count, because
        the file is read anew.

    Raises
    ------
    InputError
        If the file is of a format that is not read here, or two columns mean one thing.
    """
    for source in sheets_of_table(Source(path, path.name, None, table=table)):
        try:
            for batch in itertools.chain.from_iterable(
                map(unpacked, batches_of(source, FileLimits().longest_record))
            ):
                for question in batch.told.questions if batch.told else ():
                    raise InputError.of(
                        "table_unclear", where=shown(path), asked=question.asked, answer=question.answer
                    )
                yield None if batch.is_anew else (_as_texts(batch.table), batch.broken.height)
        except NoEventsError as error:
            raise InputError.of("no_table_file", where=shown(path), why=error) from error


def _as_texts(table: pa.Table) -> pl.DataFrame:
    columns = {name: as_text(table.column(name).combine_chunks()) for name in table.column_names}
    return pl.DataFrame([pl.Series(name, array, pl.String) for name, array in columns.items()])


def _foreign_batches(source: Source, longest: int, *, foreign: Foreign) -> Iterator[Batch | Unread]:
    """Yield the batches of one file, event file or not; a file that the other reader refuses is one broken record."""
    if source.sheet or not foreign.recognises(source.path):
        yield from batches_of(source, longest)
        return
    try:
        frames = foreign.frames(source.path)
    except PoolpipeError as error:
        yield _named(shown(str(error)))
        return
    if not any(frame.height for frame in frames.values()):
        yield _named(message("machine_without_rows", {}))
    for kind, frame in frames.items():
        batch = frame_batch(frame.drop("line").with_columns(pl.lit(kind).alias("kind")), 0)
        yield replace(batch, lines=frame["line"].fill_null(0).to_numpy(), of_machine=True)


def batches_of(source: Source, longest: int) -> Iterator[Batch | Unread]:
    """Batches of one file, by what it holds, read anew where that turns out otherwise than its beginning looked.

    Raises
    ------
    NoEventsError
        If it holds something that is not read here.
    """
    if source.sheet:
        yield from _sheet_batches(source, longest)
        return
    damage: DamageError | None = None
    encoding = ""
    while True:
        try:
            yield from _attempted(source, longest, damage, encoding)
        except DamageError as found:
            damage, encoding = found, ""
        except OtherEncodingError as found:
            encoding = found.encoding
        else:
            return
        yield Batch.anew()


def _sheet_batches(source: Source, longest: int) -> Iterator[Batch]:
    """Yield the batches of a sheet of a workbook, or one broken record where it cannot be read.

    Raises
    ------
    NoEventsError
        If it has no header of events.
    """
    try:
        text = sheet_text(source)
    except (SpreadsheetError, OSError) as error:
        yield _named(str(error))
        return
    if isinstance(text, str):
        raise NoEventsError(text)
    yield from read_delimited(text, longest, naming_of(source), ",")


def _attempted(
    source: Source, longest: int, damage: DamageError | None, encoding: str
) -> Iterator[Batch | Unread]:
    """Yield the batches of one file, given the damage that an earlier attempt found."""
    try:
        raw, file, compression = opened(source.path, damage)
    except FileNotFoundError:
        yield _named(message("file_vanished", {}))
        return
    except PermissionError as error:
        raise InputError.of("unreadable", where=shown(source.path)) from error
    except OSError as error:
        yield _named(message("file_not_read", {"why": error.strerror or str(error)}))
        return
    with raw:
        stream = TextStream(file, encoding, ended=partial(_changed, raw, os.fstat(raw.fileno())))
        content = stream.content(source.path.name)
        if content in ("parquet", "arrow", "arrow_stream"):
            if compression:
                yield _named(message("packed_twice", {"content": content, "compression": compression}))
            elif content == "parquet":
                yield from read_parquet(source.path, longest, naming_of(source), source.groups)
            else:
                is_stream = content == "arrow_stream"
                yield from read_arrow(source.path, longest, naming_of(source), stream=is_stream)
            return
        if why := unreadable(stream.head()):
            named = source.path.name.lower().endswith(ENDINGS)
            if named and why == WORKBOOK and (trouble := why_unopened(source.path)):
                yield _named(trouble)
                return
            raise NoEventsError(why)
        if content == "csv":
            above = (source.mapped.header or 1) - 1 if source.mapped else 0
            read = read_delimited(TextBelow(stream, above) if above else stream, longest, naming_of(source))
        else:
            read = read_json(stream, longest, naming_of(source))
        for batch in read:
            yield replace(batch, done=min(1.0, raw.tell() / max(1, source.size)))
        if stream.trouble:
            yield _named(stream.trouble)


def _named(trouble: str) -> Batch:
    """Make the batch that reports damage of a file as a whole."""
    return Batch.of_broken(broken([None], [trouble], [None]))


def _changed(file: BinaryIO, before: os.stat_result) -> str:
    return changed(before, os.fstat(file.fileno()))
