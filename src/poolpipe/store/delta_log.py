"""A Delta log beside the files of each table: a courtesy to readers that know that format.

The ledger is what counts. The log is brought in step with it after each commit, from the ledger alone, so a log that a
crash cut short mends itself; one that cannot be read is written anew.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import uuid
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from poolpipe.results.durable import Followed, sync_folder
from poolpipe.store.conclusion_tables import CONCLUDED, CONTENTS
from poolpipe.store.contents import REJECTS, clear_columns
from poolpipe.store.part_files import TABLES
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.store.ledger import Ledger, TablePart

__all__ = ["LOGGED", "bring_in_step"]

LOGGED: Final = (*KINDS, REJECTS)

_LOG: Final = "_delta_log"
_COMMIT: Final = re.compile(r"(\d{20})\.json")
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
    """
    version = ledger.newest()
    live: dict[str, list[TablePart]] = {content: [] for content in (*LOGGED, *CONTENTS)}
    for part in ledger.parts(version, LOGGED):
        live[part.content].append(part)
    for part in _conclusions(ledger):
        live[part.content].append(part)
    for content, parts in live.items():
        table = folder / TABLES / content
        if parts or (table / _LOG).is_dir():
            _bring_table(table, content, {part.path.rsplit("/", 1)[1]: part for part in parts}, version)


def _conclusions(ledger: Ledger) -> list[TablePart]:
    """The newest conclusions that are kept: their column `version` says of which events they are."""
    version = ledger.newest_with(CONCLUDED)
    return [] if version is None else ledger.parts(version, CONTENTS)


def _bring_table(table: Path, content: str, parts: dict[str, TablePart], version: int) -> None:
    log = table / _LOG
    log.mkdir(parents=True, exist_ok=True)
    for path in log.glob(".*.tmp"):  # of a writer that died
        path.unlink()
    known = _replayed(log)
    if known is None:
        for path in log.iterdir():
            if path.is_file():
                path.unlink()
        sync_folder(log)  # or a power cut could leave new commits among old ones
    last = len(list(log.glob("*.json"))) - 1
    known = known or {}
    actions = [_removed(name, size) for name, size in sorted(known.items()) if name not in parts]
    actions += [_added(name, part, table) for name, part in sorted(parts.items()) if name not in known]
    if last < 0:
        actions = [*_header(content), *actions]
    if actions:
        told = {"commitInfo": {"operation": "WRITE", "engineInfo": "poolpipe", "poolpipeVersion": version}}
        _commit(log, last + 1, [told, *actions])


def _replayed(log: Path) -> dict[str, int] | None:
    """Name and size of each file that is live after the last commit; None where a commit is missing or torn."""
    numbers = sorted(int(told[1]) for path in log.iterdir() if (told := _COMMIT.fullmatch(path.name)))
    live: dict[str, int] = {}
    try:
        for number in numbers:
            lines = (log / f"{number:020}.json").read_text("utf-8").splitlines()
            for action in map(json.loads, lines):
                if "add" in action:
                    live[action["add"]["path"]] = action["add"]["size"]
                elif "remove" in action:
                    live.pop(action["remove"]["path"], None)
            if not lines:
                return None
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return live if numbers == list(range(len(numbers))) else None


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


def _commit(log: Path, number: int, actions: list[dict[str, Any]]) -> None:
    """Write a commit beside its place, sync it, and link it there: a reader finds all of it or nothing."""
    unfinished = log / f".{secrets.token_hex(8)}.tmp"
    unfinished.write_text("".join(f"{json.dumps(action)}\n" for action in actions), "utf-8")
    Followed(unfinished).finish()
    try:
        os.link(unfinished, log / f"{number:020}.json")
    finally:
        unfinished.unlink()
    sync_folder(log)
    sync_folder(log.parent)
