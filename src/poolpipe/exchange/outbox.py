"""The outbox: a folder of messages that is replaced in one step, and keeps the statements sent before."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, BinaryIO

import polars as pl
import pyarrow.parquet as pq

from poolpipe.errors import InputError
from poolpipe.exchange.statements import SCHEMA
from poolpipe.results.durable import Followed, proof_of_file, sync_folder
from poolpipe.results.replacing import staged
from poolpipe.results.swapping import check_place, take_place

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

__all__ = ["MANIFEST", "TOLD", "Outbox"]

MANIFEST = "results.manifest.json"
TOLD = ".told.parquet"
"""File of the statements sent, from which the next export decides what has to be corrected."""


class Outbox:
    """A folder of messages being written, to be used in a `with` block.

    Messages are written beside the folder, synced, and replace it in one step when the block ends; a block that fails
    leaves no files. An earlier export of the same format is replaced; `before` holds its statements.

    Parameters
    ----------
    folder : Path
        Made where there is none.
    form, receiver : str
        Format and receiver of every message of this outbox.
    result : dict
        The result that is sent, for the manifest: `as_of` (RFC 3339 or None) and other keys that identify it.

    Raises
    ------
    InputError
        If the folder holds anything but an export of this format to this receiver, of this result or an earlier one;
        if another export is writing it; if it cannot be replaced or written.
    """

    def __init__(self, folder: Path, form: str, receiver: str, result: dict[str, Any]) -> None:
        self._target = folder.resolve()
        self._about: dict[str, Any] = {"format": form, "receiver": receiver, "result": result}
        self._files: list[dict[str, Any]] = []
        self._told: pq.ParquetWriter | None = None
        self.before: pl.LazyFrame | None = None

    def __enter__(self) -> Outbox:
        """Lock the outbox, remove what a killed export left, and read the statements sent before."""
        with ExitStack() as undo:
            check_place(self._target)
            self._stage = undo.enter_context(staged(self._target))
            if self._target.exists():
                self.before = _told_before(self._target, self._about)
            _as_open_as(self._target, self._stage)
            self._undo = undo.pop_all()
        return self

    @property
    def files(self) -> int:
        """The number of files of messages written."""
        return len(self._files)

    def write(self, name: str, content: bytes, **counts: int) -> None:
        """Write one file of messages.

        Parameters
        ----------
        name : str
            Name of the file.
        content : bytes
            Its content.
        **counts : int
            Counts for the file's entry in the manifest.
        """
        with self.file(name, **counts) as file:
            file.write(content)

    @contextmanager
    def file(self, name: str, **counts: int) -> Iterator[BinaryIO]:
        """Write one file piece by piece."""
        path = self._stage / name
        with path.open("xb") as file:
            yield file
        self._files.append({"file": name, **counts, **Followed(path).finish()})

    def keep(self, statements: pl.DataFrame) -> None:
        """Keep some of the statements that the files make, in the order of round and tube."""
        table = statements.select(pl.col(name).cast(kind) for name, kind in SCHEMA.items()).to_arrow(
            compat_level=pl.CompatLevel.oldest()
        )
        if self._told is None:
            self._told = pq.ParquetWriter(self._stage / TOLD, table.schema, compression="zstd")
            self._undo.callback(self._told.close)
        self._told.write_table(table)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Replace the folder, or leave it as it was."""
        with self._undo:
            if kind is None:
                self._finish()

    def _finish(self) -> None:
        if self._told is None:
            self.keep(pl.DataFrame(schema=SCHEMA))
        self._told.close()  # type: ignore[union-attr]  # kept just now
        manifest = {
            "written_at": datetime.now(UTC).isoformat(timespec="seconds"),
            **self._about,
            "files": sorted(self._files, key=lambda each: str(each["file"])),
            "told": {"file": TOLD, **Followed(self._stage / TOLD).finish()},
        }
        text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
        (self._stage / MANIFEST).write_text(text, encoding="utf-8")
        Followed(self._stage / MANIFEST).finish()
        sync_folder(self._stage)
        take_place(self._stage, self._target)


def _told_before(target: Path, about: dict[str, Any]) -> pl.LazyFrame | None:
    """Read the statements of an earlier export; None where the folder is empty; refused where it is anything else."""
    names = {path.name for path in target.iterdir()}
    if not names:
        return None
    if MANIFEST not in names:
        raise InputError.of("outbox_of_others", where=str(target), names=_some(names))
    manifest = _manifest(target)
    own = {MANIFEST, TOLD, *(file["file"] for file in manifest["files"])}
    if foreign := names - own:
        raise InputError.of("outbox_with_others", where=str(target), names=_some(foreign))
    for what in ("format", "receiver"):
        if manifest[what] != about[what]:
            raise InputError.of(
                "outbox_of_another", where=str(target), what=what, before=manifest[what], now=about[what]
            )
    _check_order(target, manifest["result"].get("as_of"), about["result"].get("as_of"))
    told = target / TOLD
    if TOLD not in names or proof_of_file(told)["sha256"] != manifest["told"]["sha256"]:
        raise InputError.of("told_lost", where=str(target), told=TOLD)
    return pl.scan_parquet(told, glob=False)


def _check_order(target: Path, before: str | None, now: str | None) -> None:
    """Refuse a result that is older than the one sent last: it would withdraw newer results."""
    if before and now and datetime.fromisoformat(now) < datetime.fromisoformat(before):
        raise InputError.of("told_newer", where=str(target), before=before, now=now)


def _manifest(target: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((target / MANIFEST).read_text(encoding="utf-8"))
        known = {"format", "receiver", "result", "files", "told"} <= manifest.keys()
    except (ValueError, AttributeError):
        known = False
    if not known:
        raise InputError.of("manifest_damaged", where=str(target), manifest=MANIFEST)
    return manifest


def _some(names: set[str]) -> str:
    listed = sorted(names)
    return ", ".join(listed[:5]) + (f", and {len(listed) - 5} more" if len(listed) > 5 else "")


def _as_open_as(target: Path, stage: Path) -> None:
    """Let those read the new folder who may read the old one, else whoever may read new folders."""
    if target.exists():
        shutil.copymode(target, stage)
    else:
        umask = os.umask(0)
        os.umask(umask)
        stage.chmod(0o777 & ~umask)
