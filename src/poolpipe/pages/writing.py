"""Write a page as a file: in one step, and never over a file that is no page of poolpipe."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from poolpipe.errors import InputError
from poolpipe.pages.rendering import GENERATOR
from poolpipe.results.replacing import replaced_file

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["check_page_path", "write_page"]

_HEAD: Final = 4096
"""Bytes in which a page of poolpipe says that it is one."""


def check_page_path(path: Path) -> None:
    """Refuse a path to which no page can be written, before anything is computed.

    Raises
    ------
    InputError
        If it is a folder or a file that is no page of poolpipe, its name does not end in .html, or its folder is missing
        or may not be written.
    """
    where = str(path)
    if path.suffix.lower() not in {".html", ".htm"}:
        raise InputError.of("page_suffix", where=where)
    if path.is_dir():
        raise InputError.of("page_is_folder", where=where, name=path.name)
    folder = path.absolute().parent
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        raise InputError.of("page_folder", where=where, folder=str(folder))
    if path.exists() and not _is_page(path):
        raise InputError.of("page_of_others", where=where)


def _is_page(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return GENERATOR.encode() in file.read(_HEAD)
    except OSError:
        return False


def write_page(path: Path, text: str, *, private: bool = False) -> None:
    """Write a page beside its place, sync it, and put it there in one step.

    Parameters
    ----------
    path : Path
    text : str
    private : bool
        Whether its owner alone may read it, because it shows people in full.

    Raises
    ------
    InputError
        As `check_page_path`, or if it cannot be written.
    """
    check_page_path(path)
    with replaced_file(path, check_page_path, private=private) as stage:
        stage.write_text(text, encoding="utf-8", newline="\n")
