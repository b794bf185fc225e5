"""The folder between the jobs of a run: made for its owner alone, and removed. No engine is given a path in it."""

from __future__ import annotations

import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.errors import InputError

if TYPE_CHECKING:
    import os
    from collections.abc import Iterator

__all__ = ["scratch_folder"]


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
        If there is no such folder, or nothing can be written there.
    """
    path = Path(tempfile.gettempdir() if parent is None else parent).resolve()
    try:
        folder = tempfile.TemporaryDirectory(prefix="poolpipe-", dir=path)
    except OSError as error:
        raise InputError.of("cluster_scratch", where=str(path), why=error.strerror or str(error)) from error
    with folder as made:
        yield Path(made)
