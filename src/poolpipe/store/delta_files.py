"""The files of a Delta log: commits as JSON lines, and a checkpoint that sums them up (Delta's protocol, versions 1 and 2).

The first line of a commit tells the SHA-256 of the others and what is live after it, so that no changed byte is taken
for another table.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

from poolpipe.results.durable import Followed, sync_folder

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = [
    "TORN",
    "Commit",
    "commits_of",
    "digest",
    "is_whole",
    "live_after",
    "read_checkpoint",
    "read_commit",
    "start_at",
    "write_commit",
]

TORN: Final = (OSError, ValueError, KeyError, TypeError, AttributeError, pa.ArrowException)
"""What reading a file raises that is not as it was written."""

_COMMIT: Final = re.compile(r"(\d{20})\.json")
_OURS: Final = re.compile(r"(\d{20})\.(json|checkpoint\.parquet)")
_LAST: Final = "_last_checkpoint"


class Commit(NamedTuple):
    """A commit of a log.

    Attributes
    ----------
    version : int
        The store's version of which it is.
    files : str
        `digest` of the files that are live after it.
    actions : list of dict
        Delta's actions.
    """

    version: int
    files: str
    actions: list[dict[str, Any]]


def commits_of(log: Path) -> list[int]:
    """The numbers of the commits from the checkpoint on, ascending; what a cut left of those before does not count."""
    if not log.is_dir():
        return []
    first = _first(log)
    numbers = [int(told[1]) for path in log.iterdir() if (told := _COMMIT.fullmatch(path.name))]
    return sorted(number for number in numbers if number >= first)


def is_whole(log: Path, numbers: list[int]) -> bool:
    """Whether no commit is missing among some, or before them."""
    return numbers == list(range(_first(log), _first(log) + len(numbers)))


def _first(log: Path) -> int:
    try:
        return int(json.loads((log / _LAST).read_bytes())["version"])
    except TORN:
        return 0


def digest(live: Mapping[str, int]) -> str:
    """What identifies a set of files: SHA-256 of their names and sizes."""
    return hashlib.sha256(json.dumps(sorted(live.items())).encode()).hexdigest()


def live_after(live: Mapping[str, int], actions: list[dict[str, Any]]) -> dict[str, int]:
    """Name and size of each file that is live after some actions."""
    after = dict(live)
    for action in actions:
        if "add" in action:
            after[action["add"]["path"]] = action["add"]["size"]
        elif "remove" in action:
            after.pop(action["remove"]["path"], None)
    return after


def write_commit(log: Path, number: int, commit: Commit) -> None:
    """Write a commit beside its place, sync it, and link it there: a reader finds all of it or nothing."""
    lines = "".join(f"{json.dumps(action)}\n" for action in commit.actions)
    about = {
        "version": commit.version,
        "files": commit.files,
        "sha256": hashlib.sha256(lines.encode()).hexdigest(),
    }
    told = {"commitInfo": {"operation": "WRITE", "engineInfo": "poolpipe", "poolpipe": about}}
    _place(log, f"{number:020}.json", f"{json.dumps(told)}\n{lines}".encode())


def read_commit(log: Path, number: int) -> Commit:
    """Read a commit; raises one of `TORN` where it is not as it was written."""
    first, _, lines = (log / f"{number:020}.json").read_bytes().partition(b"\n")
    about = json.loads(first)["commitInfo"]["poolpipe"]
    if about["sha256"] != hashlib.sha256(lines).hexdigest():
        raise ValueError(number)
    return Commit(about["version"], about["files"], [json.loads(line) for line in lines.splitlines()])


def start_at(log: Path, number: int, actions: list[dict[str, Any]]) -> None:
    """Let a log start at one of its commits: sum everything up to it up, and remove the commits before.

    Parameters
    ----------
    log : Path
    number : int
        One of `commits_of`.
    actions : list of dict
        protocol, metaData and an `add` for each file that is live after it.
    """
    table = pa.Table.from_pylist(actions, _SUMMED)
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="snappy", write_page_checksum=True)
    _place(log, _checkpoint(number), sink.getvalue().to_pybytes())
    _place(log, _LAST, json.dumps({"version": number, "size": len(actions)}).encode())
    for path in log.iterdir():
        told = _OURS.fullmatch(path.name)
        if told and int(told[1]) < number:
            path.unlink()
    sync_folder(log)


def read_checkpoint(log: Path, number: int) -> list[dict[str, Any]]:
    """The actions that `start_at` summed up; raises one of `TORN` where they are not as they were written."""
    table = pq.read_table(log / _checkpoint(number), page_checksum_verification=True)
    rows = [{name: told for name, told in row.items() if told is not None} for row in table.to_pylist()]
    if json.loads((log / _LAST).read_bytes()) != {"version": number, "size": len(rows)}:
        raise ValueError(number)
    return rows


def _checkpoint(number: int) -> str:
    return f"{number:020}.checkpoint.parquet"


def _place(log: Path, name: str, content: bytes) -> None:
    unfinished = log / f".{secrets.token_hex(8)}.tmp"
    unfinished.write_bytes(content)
    Followed(unfinished).finish()
    try:
        os.link(unfinished, log / name)
    except FileExistsError:
        if name.endswith(".json"):
            raise
        unfinished.replace(
            log / name
        )  # the last checkpoint's, or of a writer that died before it could use it
    finally:
        unfinished.unlink(missing_ok=True)
    sync_folder(log)
    sync_folder(log.parent)


_TEXTS: Final = pa.map_(pa.string(), pa.string())
_SUMMED: Final = pa.schema(
    {
        "protocol": pa.struct({"minReaderVersion": pa.int32(), "minWriterVersion": pa.int32()}),
        "metaData": pa.struct(
            {"id": pa.string(), "format": pa.struct({"provider": pa.string(), "options": _TEXTS}), "schemaString": pa.string(),
             "partitionColumns": pa.list_(pa.string()), "configuration": _TEXTS}
        ),
        "add": pa.struct(
            {"path": pa.string(), "partitionValues": _TEXTS, "size": pa.int64(), "modificationTime": pa.int64(),
             "dataChange": pa.bool_(), "stats": pa.string()}
        ),
    }
)  # fmt: skip
