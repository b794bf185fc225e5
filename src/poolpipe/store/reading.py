"""Read the events of a version of a store, as `read_events` reads those of files."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa

from poolpipe.coding.quarters import Heard, joined_quarters
from poolpipe.events.assemble import Piece, assemble
from poolpipe.events.reading import Events
from poolpipe.events.rejected_loads import PLATES, first_of_each
from poolpipe.events.staging import Staging
from poolpipe.store.arrivals import TIMES_HEARD, heard_in, tell_something
from poolpipe.store.contents import FILE_COUNTS, LOADS, LOADS_CLEAR, REJECTS, REJECTS_CLEAR, REJECTS_VAULT
from poolpipe.store.event_tables import EventTables, has_long, schema_of, to_events, vault_schema_of
from poolpipe.tables import KINDS, TABLES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poolpipe.events.valid_events import ValidEvents
    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import InputTaken, Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

    Progress = Callable[[str, int, int], None]

__all__ = ["events_of_part", "events_of_parts", "events_of_version", "read_rejects"]

_LEAVE = ("key", "input")
"""Columns of which nothing is concluded: they are not read."""

_NOT_SHOWN = "sealed"


def events_of_version(
    ledger: Ledger,
    files: PartFiles,
    version: int,
    sealing: DataKeys | None,
    wells: int,
    progress: Progress | None = None,
) -> Events:
    """Read all events of a version.

    Parameters
    ----------
    ledger, files
        The store's.
    version : int
        One that is kept.
    sealing : DataKeys, optional
        Without it people are known by their pseudonyms, and texts of the vault are not read.
    wells : {96, 384}
        Wells of the store's plate.
    progress : callable, optional
        Called with ("reading", rows read, of how many).

    Raises
    ------
    InputError
        If a file is damaged.
    """
    inputs = ledger.held(version)
    parts = ledger.parts(version, [*KINDS, REJECTS, LOADS])
    return events_of_parts(parts, inputs, files, sealing, wells, progress, hears=tell_something(inputs))


def events_of_parts(
    parts: list[TablePart],
    inputs: list[InputTaken],
    files: PartFiles,
    sealing: DataKeys | None,
    wells: int,
    progress: Progress | None = None,
    *,
    hears: bool,
) -> Events:
    """Read the events of some files of a store.

    Parameters
    ----------
    parts : list of TablePart
        Of events, rejects and rejected loads.
    inputs : list of InputTaken
        What is told of the inputs that they came in.
    files, sealing, wells, progress
        As in `events_of_version`.
    hears : bool
        Whether times of arrival are read.
    """
    pieces: list[Piece] = []
    staging = Staging()
    total, done = sum(part.rows for part in parts), 0
    of_events = [part for part in parts if part.content in KINDS]
    heard: list[Heard] = []
    in_order = _in_order(of_events, files, sealing, wells, hears=hears)
    for part, (events, told_of_arrivals) in zip(of_events, in_order, strict=True):
        heard.append(told_of_arrivals)
        pieces.append((events, 0))
        if events.kind == "collect":
            staging.put(events)
        done += part.rows
        if progress:
            progress("reading", done, total)
    staging.close()
    frames, codes, _ = assemble(pieces, staging, is_distinct=True)  # ingest takes every event once
    rejects = [read_rejects(part, files, sealing) for part in parts if part.content == REJECTS]
    loads = [pl.DataFrame(files.clear(part, LOADS_CLEAR)) for part in parts if part.content == LOADS]
    told = {each.name: json.loads(each.told) for each in inputs}
    return Events(
        frames,
        codes,
        pl.concat([pl.DataFrame(schema=_REJECTS), *rejects]),
        [dict(zip(FILE_COUNTS, _counts(each), strict=True)) for each in inputs],
        {name: one["left_out"] for name, one in told.items() if one["left_out"]},
        words=_words(told.values()),
        rejected_loads=first_of_each([pl.DataFrame(schema=PLATES), *loads]),
        arrivals=joined_quarters(heard),
    )


_REJECTS = {column.name: column.dtype for column in TABLES["rejects"]}


def _in_order(
    parts: list[TablePart], files: PartFiles, sealing: DataKeys | None, wells: int, *, hears: bool
) -> Iterator[tuple[ValidEvents, Heard]]:
    """Read parts in three threads, and yield them in order; few are waiting at any time. With two it takes 8 % longer."""
    with ThreadPoolExecutor(3) as threads:
        waiting = []
        for part in parts:
            waiting.append(threads.submit(events_of_part, part, files, sealing, wells, hears=hears))
            if len(waiting) > 4:
                yield waiting.pop(0).result()
        while waiting:
            yield waiting.pop(0).result()


def events_of_part(
    part: TablePart, files: PartFiles, sealing: DataKeys | None, wells: int, *, hears: bool
) -> tuple[ValidEvents, Heard]:
    """The events of a part, and what their arrivals tell where `hears`.

    Parameters
    ----------
    part : TablePart
        Of a kind of event.
    files, sealing, wells, hears
        As in `events_of_parts`.
    """
    hidden = vault_schema_of(part.content)
    vault = hidden.empty_table() if sealing is None or not part.vault else files.vault(part, hidden, sealing)
    is_held = sealing is not None and not has_long(vault)  # the pseudonym holds the type
    leave = {*_LEAVE, *(() if hears else TIMES_HEARD), *(("person_type",) if is_held else ())}
    own = pa.schema([each for each in schema_of(part.content) if each.name not in leave])
    clear = files.clear(part, own, as_kept=True)
    heard = heard_in(clear) if hears else Heard.nothing()
    clear = clear.drop_columns([name for name in TIMES_HEARD if name in clear.column_names])
    return to_events(EventTables(part.content, clear, vault), sealing, wells), heard


def read_rejects(
    part: TablePart, files: PartFiles, sealing: DataKeys | None, inputs: pl.Series | None = None
) -> pl.DataFrame:
    """Read refused records as the table `rejects`; without the key what they say is not shown.

    Parameters
    ----------
    part : TablePart
        Of rejects.
    files : PartFiles
    sealing : DataKeys, optional
    inputs : Series of int64, optional
        Only the records of these.
    """
    clear = pl.DataFrame(files.clear(part, REJECTS_CLEAR))
    if sealing is None:
        shown = clear.with_columns(pl.lit(_NOT_SHOWN).alias(name) for name in REJECTS_VAULT.names)
    else:
        shown = clear.hstack(pl.DataFrame(files.vault(part, REJECTS_VAULT, sealing)))
    asked = shown if inputs is None else shown.filter(pl.col("input").is_in(inputs.implode()))
    return asked.select(pl.col(name).cast(dtype) for name, dtype in _REJECTS.items())


def _counts(told: InputTaken) -> tuple[Any, ...]:
    return told.name, told.read, told.accepted, told.duplicates, told.rejected


def _words(told: Any) -> dict[str, dict[str, str]]:
    found: dict[str, dict[str, str]] = {}
    for each in told:
        for column, words in each["words"].items():
            found.setdefault(column, {}).update(words)
    return {column: dict(sorted(words.items())) for column, words in sorted(found.items())}
