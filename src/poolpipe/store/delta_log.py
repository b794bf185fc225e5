"""A Delta log beside the files of each table: a courtesy to readers that know that format.

The ledger is what counts. The log is brought in step with it after each commit, from the ledger alone, so a log that a
crash cut short mends itself; one that cannot be read is written anew.
"""

from __future__ import annotations

import json
import uuid
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from poolpipe.errors import InputError
from poolpipe.results.durable import sync_folder
from poolpipe.store.conclusion_tables import CONCLUDED, CONTENTS
from poolpipe.store.contents import REJECTS, clear_columns
from poolpipe.store.delta_files import (
    TORN,
    Commit,
    commits_of,
    digest,
    is_whole,
    live_after,
    read_checkpoint,
    read_commit,
    start_at,
    write_commit,
)
from poolpipe.store.part_files import TABLES
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from poolpipe.store.ledger import Ledger, TablePart

__all__ = ["LOGGED", "bring_in_step", "damaged_logs", "shorten"]

LOGGED: Final = (*KINDS, REJECTS)
_ALL: Final = (*LOGGED, *CONTENTS)

_LOG: Final = "_delta_log"
_ORIGIN: Final = uuid.UUID("6c2b8a52-4f0f-4f5e-9d55-0f3c1b1f5a10")
"""Namespace of the ids of tables: one table has one id, however often its log is written anew."""


def bring_in_step(folder: Path, ledger: Ledger) -> None:
    """Add to each table's log what it lacks of the newest version; of conclusions, of the newest that has any.

    Parameters
    ----------
    folder : Path
        The store.
    ledger : Ledger
        Of the process that holds the store's lock.

    Raises
    ------
    InputError
        If the disk does not take it.
    """
    version = ledger.newest()
    at_version = cache(partial(_parts_of_tables, ledger))
    with _naming(folder):
        for content, parts in at_version(version).items():
            table = folder / TABLES / content
            if parts or (table / _LOG).is_dir():
                known = _known_at_last(table / _LOG, content, at_version)
                _bring_table(table, content, parts, version, known)


def shorten(folder: Path, ledger: Ledger) -> None:
    """Bring logs in step, and let each start at the oldest version that the ledger keeps; a damaged one is written anew.

    Parameters
    ----------
    folder, ledger
        As in `bring_in_step`.

    Raises
    ------
    InputError
        If the disk does not take it.
    """
    bring_in_step(folder, ledger)
    first, newest = ledger.versions()[0].version, ledger.newest()
    named: dict[str, dict[str, TablePart]] = {content: {} for content in _ALL}
    for part in ledger.all_parts():
        if part.content in named:
            named[part.content][_name(part)] = part
    now = _parts_of_tables(ledger, newest)
    with _naming(folder):
        for content, parts in named.items():
            table = folder / TABLES / content
            if _replayed(table / _LOG) is None:
                _bring_table(table, content, now[content], newest, None)
            numbers = commits_of(table / _LOG)
            older = [each for each in numbers if read_commit(table / _LOG, each).version <= first]
            live = _replayed(table / _LOG, older[-1]) if len(older) > 1 else None
            if live is not None and live.keys() <= parts.keys():
                added = [_added(name, parts[name], table) for name in sorted(live)]
                start_at(table / _LOG, older[-1], [*_header(content), *added])


def damaged_logs(folder: Path) -> list[str]:
    """Logs of which a byte is not as it was written, below the store; the next command that writes makes them anew."""
    logs = [folder / TABLES / content / _LOG for content in _ALL]
    return [log.relative_to(folder).as_posix() for log in logs if commits_of(log) and _replayed(log) is None]


@contextmanager
def _naming(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError.of("delta_log_behind", where=str(folder), why=error) from error


def _bring_table(
    table: Path, content: str, parts: dict[str, TablePart], version: int, known: dict[str, int] | None
) -> None:
    log = table / _LOG
    log.mkdir(parents=True, exist_ok=True)
    for path in log.glob(".*.tmp"):  # of a writer that died
        path.unlink()
    if known is None:
        known = _replayed(log)
    if known is None:
        for path in log.iterdir():
            if path.is_file():
                path.unlink()
        sync_folder(log)  # or a power cut could leave new commits among old ones
    last = max(commits_of(log), default=-1)
    known = known or {}
    actions = [_removed(name, size) for name, size in sorted(known.items()) if name not in parts]
    actions += [_added(name, part, table) for name, part in sorted(parts.items()) if name not in known]
    if last < 0:
        actions = [*_header(content), *actions]
    if actions:
        files = digest({name: part.size for name, part in parts.items()})
        write_commit(log, last + 1, Commit(version, files, actions))


def _parts_of_tables(ledger: Ledger, version: int) -> dict[str, dict[str, TablePart]]:
    """The parts of each table at a version by the names of their files."""
    found: dict[str, dict[str, TablePart]] = {content: {} for content in _ALL}
    concluded = ledger.newest_with(CONCLUDED, version)  # their column `version` says of which events they are
    for part in (
        *ledger.parts(version, LOGGED),
        *([] if concluded is None else ledger.parts(concluded, CONTENTS)),
    ):
        found[part.content][_name(part)] = part
    return found


def _known_at_last(
    log: Path, content: str, at_version: Callable[[int], dict[str, dict[str, TablePart]]]
) -> dict[str, int] | None:
    """What is live after the last commit, from the version of the ledger that it names; None where that is not certain.

    A log of a thousand commits is not read for each new one.
    """
    try:
        numbers = commits_of(log)
        if not is_whole(log, numbers):
            return None
        last = read_commit(log, numbers[-1])
        live = {name: part.size for name, part in at_version(last.version)[content].items()}
    except (IndexError, InputError, *TORN):
        return None
    return live if last.files == digest(live) else None


def _replayed(log: Path, until: int | None = None) -> dict[str, int] | None:
    """Name and size of each file that is live after a commit, the last by default; None where one is missing or torn."""
    numbers = [number for number in commits_of(log) if until is None or number <= until]
    live: dict[str, int] = {}
    try:
        for place, number in enumerate(numbers):
            commit = read_commit(log, number)
            is_summed = place == 0 and number > 0
            live = live_after(live, read_checkpoint(log, number) if is_summed else commit.actions)
            if digest(live) != commit.files:
                return None
    except TORN:
        return None
    return live if is_whole(log, numbers) else None


def _name(part: TablePart) -> str:
    return part.path.rsplit("/", 1)[1]


def _header(content: str) -> list[dict[str, Any]]:
    fields = [
        {"name": each.name, "type": _delta_type(each.type), "nullable": True, "metadata": {}}
        for each in clear_columns(content)
    ]
    meta = {
        "id": str(uuid.uuid5(_ORIGIN, content)), "format": {"provider": "parquet", "options": {}},
        "schemaString": json.dumps({"type": "struct", "fields": fields}), "partitionColumns": [], "configuration": {},
    }  # fmt: skip
    return [{"protocol": {"minReaderVersion": 1, "minWriterVersion": 2}}, {"metaData": meta}]


def _delta_type(kind: pa.DataType) -> str:
    if pa.types.is_timestamp(kind):
        return "timestamp"
    if pa.types.is_floating(kind) or pa.types.is_boolean(kind):
        return "double" if pa.types.is_floating(kind) else "boolean"
    if pa.types.is_int32(kind):
        return "integer"
    if pa.types.is_integer(kind):
        return "long"
    return "binary" if pa.types.is_binary(kind) or pa.types.is_fixed_size_binary(kind) else "string"


def _added(name: str, part: TablePart, table: Path) -> dict[str, Any]:
    changed = int((table / name).stat().st_mtime * 1000) if (table / name).exists() else 0
    told = {
        "path": name,
        "partitionValues": {},
        "size": part.size,
        "modificationTime": changed,
        "dataChange": True,
    }
    return {"add": told | {"stats": json.dumps({"numRecords": part.rows})}}


def _removed(name: str, size: int) -> dict[str, Any]:
    return {"remove": {"path": name, "dataChange": True, "size": size}}
