"""Report to a progress callback how many bytes of all files are read."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.events.sources import Source

    Progress = Callable[[str, int, int], None]

__all__ = ["BytesRead"]


class BytesRead:
    """Bytes of all files that are read, told to a progress callback."""

    def __init__(self, progress: Progress | None, sources: list[Source]) -> None:
        self._progress = progress
        self._sizes = [source.size for source in sources]
        self._before = [0, *itertools.accumulate(self._sizes)]

    def reading(self, file: int, done: float) -> None:
        """Tell that a share of a file is read, 0 to 1."""
        if self._progress:
            self._progress("reading", int(self._before[file] + self._sizes[file] * done), self._before[-1])
