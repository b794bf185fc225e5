"""Inputs that are no files of this machine: a store, which is opened here, and addresses that the session reads."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import unquote, urlsplit

import pyarrow as pa

from poolpipe.cluster.engines import engine_errors, without_notes
from poolpipe.errors import InputError
from poolpipe.paths import LEDGER
from poolpipe.store.opened import Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from contextlib import ExitStack

    from pyspark.sql import SparkSession

__all__ = ["fetched", "is_address", "opened_store"]

LOCAL: Final = "file"
_ADDRESS: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+://")
_COPIED: Final = pa.schema([("path", pa.string()), ("size", pa.int64())])


def is_address(given: str | os.PathLike[str]) -> bool:
    """Whether an input is an address, `s3a://bucket/day` say."""
    return isinstance(given, str) and bool(_ADDRESS.match(given))


def opened_store(
    given: Sequence[str | os.PathLike[str]],
    key: str | os.PathLike[str] | None,
    kind: str | None,
    mapping: object,
    version: int | None,
    last: ExitStack,
) -> Store | None:
    """Open the store that is given until the end of `last`; None where files are.

    Raises
    ------
    InputError
        If there is something beside it, an option that does not go with it, or a version of no store.
    """
    stores = [each for each in given if not is_address(each) and (Path(each) / LEDGER).is_file()]
    if not stores:
        if version is not None or key is not None:
            raise InputError.of("cluster_no_store", where="key" if version is None else "version")
        return None
    if len(given) > 1:
        raise InputError.of("store_as_files", where=os.fspath(stores[0]))
    for option, value in (("kind", kind), ("mapping", mapping)):
        if value is not None:
            raise InputError.of("store_option", where=os.fspath(stores[0]), option=option)
    return last.enter_context(Store(stores[0], key=key, create=False))


def fetched(
    session: SparkSession, given: Sequence[str | os.PathLike[str]], scratch: Path
) -> list[str | os.PathLike[str]]:
    """Replace addresses by folders of the scratch folder into which workers have copied their files.

    Parameters
    ----------
    session : pyspark.sql.SparkSession
    given : sequence of path
        Those of this machine, `file://` too, stay where they are.
    scratch : Path
        Every worker sees it.

    Raises
    ------
    InputError
        If the session does not read an address, there is nothing there, or a copy is not whole.
    """
    return [_fetched(session, str(each), scratch) if is_address(each) else each for each in given]


def _fetched(session: SparkSession, address: str, scratch: Path) -> str:
    parts = urlsplit(address)
    if parts.scheme.lower() == LOCAL:
        return unquote(parts.path)
    root = address.rstrip("/")
    # its folders may tell kinds and rounds; `..` would lead out of the scratch folder, and a password has no place in names
    named = [each for each in parts.path.split("/") if each not in ("", ".", "..")]
    inside = Path(scratch, "inputs", parts.scheme, parts.hostname or "", *named)
    copied: dict[str, int] = {}
    try:
        with without_notes():
            files = session.read.format("binaryFile").option("recursiveFileLookup", "true").load(root)
            told = files.select("path", "content").mapInArrow(
                _copier(root, str(inside)), "path string, size bigint"
            )
            for row in told.collect():
                copied[row["path"]] = row["size"]
    except engine_errors() as error:
        why = str(error).strip().splitlines() or [type(error).__name__]
        raise InputError.of("cluster_address", where=address, why=why[0][:300]) from error
    if not copied:
        raise InputError.of("cluster_address", where=address, why="no file 没有文件")
    for path, size in copied.items():
        there = Path(path)
        if not there.is_file() or there.stat().st_size != size:
            raise InputError.of("cluster_unseen", where=path, files=f"{len(copied):,}")
    return str(inside)


def _copier(root: str, inside: str) -> Callable[[Any], Iterator[pa.RecordBatch]]:
    """Give what writes the content of each file below `inside`, under its name below `root`; a copy is there whole or not at all."""

    def copied(batches: Any) -> Iterator[pa.RecordBatch]:
        for batch in batches:
            for name, content in zip(batch.column("path"), batch.column("content"), strict=True):
                path = Path(inside + _below(root, name.as_py()))
                path.parent.mkdir(parents=True, exist_ok=True)
                unfinished = path.with_name(f".{path.name}.{os.getpid()}.{id(batch)}")
                with unfinished.open("wb") as file:
                    file.write(memoryview(content.as_buffer()))
                unfinished.replace(path)
                yield pa.record_batch([[str(path)], [len(content.as_buffer())]], schema=_COPIED)

    return copied


def _below(root: str, name: str) -> str:
    """What the name of a file has behind that of the folder; empty for the file itself."""
    path = urlsplit(root).path.strip("/")
    own = (urlsplit(name).path if _ADDRESS.match(name) else name).strip("/")
    return own[own.index(path) + len(path) :] if path in own else f"/{own}"
