"""Replace a folder by another in one atomic step, and repair what a killed export left."""

from __future__ import annotations

import ctypes
import os
import shutil
import sys
from typing import TYPE_CHECKING

from poolpipe.errors import InputError
from poolpipe.results.durable import sync_folder

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_place", "clear_leftovers", "take_place"]

_HERE = -100  # AT_FDCWD: paths are relative to the working directory
_EXCHANGE = 2  # RENAME_EXCHANGE of renameat2(2)


def check_place(target: Path) -> None:
    """Refuse a path that a folder cannot be moved to.

    Raises
    ------
    InputError
        If a file system is mounted there, or it is something other than a folder.
    """
    if target.is_mount():
        raise InputError.of("mounted", where=str(target))
    if target.exists() and not target.is_dir():
        raise InputError.of("export_to_file", where=str(target), name=target.name)


def clear_leftovers(target: Path) -> None:
    """Repair what a killed export left: remove unfinished files, and put back the folder that it had set aside.

    Parameters
    ----------
    target : Path
        Folder or file of the export; the caller holds its lock.
    """
    beside = list(target.parent.iterdir())
    for path in beside:
        if path.name.startswith(f".{target.name}.before-"):
            if target.exists():
                shutil.rmtree(path)
            else:
                path.rename(target)
    for path in beside:
        if path.name.startswith(f".{target.name}.writing-"):
            shutil.rmtree(path)


def take_place(stage: Path, target: Path) -> None:
    """Move a folder to a path, synced; a folder that exists there is removed.

    On Linux the two are exchanged in one step, so that a reader finds either. Where that cannot be done the old
    one is set aside first: a process that dies between leaves it to be found there.

    Parameters
    ----------
    stage : Path
        A folder `.NAME.writing-…` beside the target; the old one is set aside as `.NAME.before-…`.
    target : Path

    Raises
    ------
    OSError
        If it may not be moved.
    """
    if not target.exists():
        stage.rename(target)
    elif _exchanged(stage, target):
        shutil.rmtree(stage, ignore_errors=True)
    else:
        aside = target.with_name(f".{target.name}.before-{stage.name.rpartition('-')[2]}")
        target.rename(aside)
        stage.rename(target)
        shutil.rmtree(aside, ignore_errors=True)
    sync_folder(target.parent)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step; False where the system or the file system cannot."""
    if sys.platform != "linux":
        return False
    rename = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if rename is None:
        return False
    failed: int = rename(_HERE, os.fsencode(one), _HERE, os.fsencode(other), _EXCHANGE)
    return not failed
