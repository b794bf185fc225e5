"""Replace a result by a new one in one atomic step, whenever the run is killed.

A result is several files with fixed names, and no system renames several at once. So, of a folder OUT::

    OUT/.writing-ab12cd34/new/pools.parquet ...      the new files, written and synced
    OUT/.writing-ab12cd34/old/pools.parquet ...      hard links to the present files of OUT
    OUT/.writing-ab12cd34/now -> old
    OUT/pools.parquet -> .writing-ab12cd34/now/pools.parquet     one name after the other: still the old files
    OUT/.writing-ab12cd34/now -> new                 the one move: all names at once
    OUT/pools.parquet                                one name after the other: the new file itself

At every instant a reader of OUT gets the old files or the new ones. A run that is killed leaves either, in this
shape; the next run into the folder puts the files themselves back under their names (`settle`). Every step is synced
before the next depends on it, so the same holds for a power cut.

Where a file system has no links (FAT, some network folders, Windows without the right to make any) files are
moved one after the other, the summary removed first and put back last; `.writing-…/whole` holds the files not moved
yet, and `results.written` reads them from there.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.results.durable import sync_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["SUMMARY", "make_stage", "place", "settle", "stages", "unmoved"]

SUMMARY = "summary.json"

_STAGE = re.compile(r"\.writing-[a-z0-9_]{8}")
_OURS = re.compile(r"now|new|old|whole|summary\.json|[a-z_]+\.parquet|.*\.tmp")
_LINK = re.compile(r"(\.writing-[a-z0-9_]{8})/now/([^/]+)")
_FATAL = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS}
"""Errors that every way of placing a file meets, with links or without."""


def stages(target: Path) -> list[Path]:
    """Folders in which runs prepare, or prepared, results for `target`."""
    with os.scandir(target) as entries:
        found = [
            each for each in entries if _STAGE.fullmatch(each.name) and each.is_dir(follow_symlinks=False)
        ]
    return sorted(target / each.name for each in found)


def unmoved(target: Path) -> Iterator[Path]:
    """Yield folders with files of a result that is valid already and not entirely moved to its place."""
    return (each / "whole" for each in stages(target) if (each / "whole" / SUMMARY).is_file())


def make_stage(target: Path) -> Path:
    """Make a folder for a new result in `target`, readable like `target`: its files are read there for a moment."""
    stage = Path(tempfile.mkdtemp(prefix=".writing-", dir=target))
    shutil.copymode(target, stage)
    _make_like(stage / "new", stage)
    return stage


def place(stage: Path, target: Path, before: Iterable[str]) -> None:
    """Replace the files of `target` by those in ``stage/new``.

    Parameters
    ----------
    stage : Path
        A folder ``.writing-…`` in `target` whose ``new`` holds synced files, the summary among them.
    before : iterable of str
        Names of the present result in `target`; those that the new one does not have are removed.

    Raises
    ------
    OSError
        If it cannot be done. `target` then holds the old result, or the new one if only the links could not be
        replaced by files; the next `settle` does that.
    """
    names = {*_names(stage / "new"), *before}
    sync_folder(stage / "new")
    try:
        _link_old(stage, target, names)
    except OSError as error:
        if error.errno in _FATAL:
            raise
        _move_all(stage, target, names)
        return
    for name in sorted(names):
        _relink(f"{stage.name}/now/{name}", target / name, stage)
    sync_folder(target)
    _relink("new", stage / "now", stage)
    sync_folder(stage)
    with suppress(OSError):  # on a full disk names stay links until the next run
        settle(target, [stage])


def settle(target: Path, of: Iterable[Path]) -> None:
    """Replace names that are still links by the files themselves, and remove the stages they came from.

    Parameters
    ----------
    of : iterable of Path
        The caller's own stage; or `stages(target)` where the caller holds the lock of `target`, because no running
        process has a stage in it then.

    Raises
    ------
    OSError
        If a link cannot be replaced by its file: then its stage is kept, and the result can be read as before.
    """
    settled = list(of)
    linked = [(name, stage) for name, stage in _links(target) if stage in settled]
    for name, stage in linked:
        _settle_name(name, stage, target)
    if linked:
        sync_folder(target)
    for stage in settled:
        if (stage / "whole").is_dir():
            _move_on(stage, target)
        _discard(stage)


def _names(folder: Path) -> set[str]:
    return {each.name for each in folder.iterdir()}


def _link_old(stage: Path, target: Path, names: Iterable[str]) -> None:
    """Make a hard link to each file of the present result in `target`; `target` itself is not changed."""
    _make_like(stage / "old", stage)
    for name in sorted(names):
        if os.path.lexists(target / name):
            _link_once_more(target / name, stage / "old" / name)
    (stage / "now").symlink_to("old")
    for folder in (stage / "old", stage, target):
        sync_folder(folder)


def _make_like(folder: Path, other: Path) -> None:
    folder.mkdir()
    shutil.copymode(other, folder)


def _link_once_more(path: Path, other: Path) -> None:
    if path.is_symlink():  # a user's own link: its file is not changed
        other.symlink_to(Path(os.path.realpath(path)))
    else:
        other.hardlink_to(path)


def _relink(leads_to: str, link: Path, stage: Path) -> None:
    """Make a symbolic link; a link that exists under its name is replaced in one atomic step."""
    unfinished = stage / f"{link.name}.tmp"
    unfinished.symlink_to(leads_to)
    unfinished.replace(link)


def _settle_name(name: str, stage: Path, target: Path) -> None:
    file, unfinished = stage / "now" / name, stage / f"{name}.tmp"
    if not os.path.lexists(file):  # the present result has no such file
        (target / name).unlink()
        return
    unfinished.unlink(missing_ok=True)
    try:
        _link_once_more(file, unfinished)
    except PermissionError:  # another user's file, which the system lets no one link: move it
        file.replace(target / name)
    else:
        unfinished.replace(target / name)


def _links(target: Path) -> Iterator[tuple[str, Path]]:
    """Names in `target` that lead into a stage, each with that stage."""
    with os.scandir(target) as entries:
        links = sorted(entry.name for entry in entries if entry.is_symlink())
    for name in links:
        told = _LINK.fullmatch((target / name).readlink().as_posix())
        if told and told[2] == name:
            yield name, target / told[1]


def _move_all(stage: Path, target: Path, names: Iterable[str]) -> None:
    """Move files on a file system without links; from the first step on, `written` reads the new result."""
    (stage / "new").replace(stage / "whole")
    for folder in (stage, target):
        sync_folder(folder)
    for name in sorted({*names} - _names(stage / "whole")):
        (target / name).unlink(missing_ok=True)
    _move_on(stage, target)
    _discard(stage)


def _move_on(stage: Path, target: Path) -> None:
    """Move the remaining files, the summary last: where there is a summary, its tables are there, too."""
    whole = stage / "whole"
    if not (whole / SUMMARY).is_file():
        return
    (target / SUMMARY).unlink(missing_ok=True)
    sync_folder(target)
    for name in sorted(_names(whole), key=lambda name: (name == SUMMARY, name)):
        (whole / name).replace(target / name)
    sync_folder(target)


def _discard(stage: Path) -> None:
    """Remove a stage, unless it holds a file that no run puts there."""
    entries = [Path(root, name) for root, folders, files in os.walk(stage) for name in (*folders, *files)]
    if not all(_OURS.fullmatch(entry.name) for entry in entries):
        return
    for entry in reversed(entries):
        if entry.is_dir() and not entry.is_symlink():
            entry.rmdir()
        else:
            entry.unlink()
    stage.rmdir()
