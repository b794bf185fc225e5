"""Write a file or a folder beside its place, and put it there whole or not at all; one that names people is its owner's alone."""

from __future__ import annotations

import os
import shutil
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.errors import InputError
from poolpipe.results.durable import Followed, sync_folder
from poolpipe.results.locks import held
from poolpipe.results.swapping import check_place, clear_leftovers, take_place

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["replaced_file", "replaced_folder", "staged"]

_OWNER_ONLY = 0o600


@contextmanager
def replaced_file(target: Path, check: Callable[[Path], None], *, private: bool = True) -> Iterator[Path]:
    """Give a path to write a file to, which takes the place of `target` when the `with` block ends without an error.

    Parameters
    ----------
    target : Path
        The file; its folder is made where there is none.
    check : callable
        Called with `target` where a file stands there; raises InputError if it must not be replaced.
    private : bool
        Whether its owner alone may read it, else whoever may read new files.

    Yields
    ------
    Path
        In a folder of its own, readable by the owner alone, which is removed afterwards; a killed writer's is removed
        by the next.

    Raises
    ------
    InputError
        If it is a folder, is being written, or cannot be written or replaced.
    """
    target = target.resolve()
    if target.is_dir():
        raise InputError.of("list_to_folder", where=str(target), name=target.name)
    with staged(target) as stage:
        if target.exists():
            check(target)
        path = stage / target.name
        path.touch(_OWNER_ONLY if private else 0o666)
        yield path
        Followed(path).finish()
        path.replace(target)
        sync_folder(target.parent)


@contextmanager
def replaced_folder(target: Path, check: Callable[[Path], None]) -> Iterator[Path]:
    """Give a folder to write files into, which takes the place of `target` when the `with` block ends without an error.

    Parameters
    ----------
    target : Path
        The folder.
    check : callable
        Called with `target` where a folder stands there; raises InputError if it must not be replaced.

    Yields
    ------
    Path
        A folder readable by its owner alone.

    Raises
    ------
    InputError
        If it is a file, is being written, or cannot be written or replaced.
    """
    target = target.resolve()
    check_place(target)
    with staged(target) as stage:
        if target.exists():
            check(target)
        yield stage
        for path in stage.iterdir():
            path.chmod(_OWNER_ONLY)
            Followed(path).finish()
        sync_folder(stage)
        take_place(stage, target)


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Lock a target, remove what a killed writer left, and make a folder beside it that is removed in the end.

    Parameters
    ----------
    target : Path
        A file or folder to be replaced; the folder that it lies in is made where there is none.

    Yields
    ------
    Path
        A folder readable by its owner alone.

    Raises
    ------
    InputError
        If it is being written, or the system refuses anything.
    """
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with held(target.with_name(f".{target.name}.lock")):
            clear_leftovers(target)
            stage = Path(tempfile.mkdtemp(prefix=f".{target.name}.writing-", dir=target.parent))
            try:
                yield stage
            finally:
                shutil.rmtree(stage, ignore_errors=True)
    except BlockingIOError as error:
        raise InputError.of("outbox_in_use", where=str(target)) from error
    except OSError as error:
        raise InputError.of("outbox_failed", where=str(target), why=_why(error)) from error


def _why(error: OSError) -> str:
    """The system's reason; on Windows a file that a spreadsheet has open may not be replaced."""
    told = error.strerror or str(error)
    return f"{told} (is it open in a spreadsheet?)" if os.name == "nt" and error.errno else told
