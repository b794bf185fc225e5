"""The folder between the jobs of a run: made for its owner alone, under a name that every engine reads to the letter, and removed."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from poolpipe.errors import InputError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["scratch_folder"]

_PATTERNS: Final = frozenset("*?[]{}%\\#")
"""Characters that Spark or Sail read as a pattern or an escape: Sail 0.7 writes to `a{b}` as `ab`, and nobody removes that."""


@contextmanager
def scratch_folder(parent: str | os.PathLike[str] | None) -> Iterator[Path]:
    """Make a folder, and remove it with all that is in it at the end of the block.

    Parameters
    ----------
    parent : path or None
        Where it is made; None for the system's folder for temporary files.

    Raises
    ------
    InputError
        If there is no such folder, nothing can be written there, or its path has a character that an engine does not take
        to the letter.
    """
    path = Path(tempfile.gettempdir() if parent is None else parent).resolve()
    odd = sorted({sign for sign in str(path) if sign in _PATTERNS or not sign.isprintable()})
    if odd:
        raise InputError.of("cluster_scratch_name", where=str(path), signs=" ".join(map(ascii, odd)))
    try:
        folder = tempfile.TemporaryDirectory(prefix="poolpipe-", dir=path)
    except OSError as error:
        raise InputError.of("cluster_scratch", where=str(path), why=error.strerror or str(error)) from error
    with folder as made:
        yield Path(made)
