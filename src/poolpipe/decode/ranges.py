"""Share rows out among threads, each a range: kernels let go of Python's lock, and write only what lies in their range."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FEW_ROWS", "on_threads"]

FEW_ROWS = 4096
"""With fewer rows than this a second thread costs more than it saves."""


def on_threads(work: Callable[[int, int], None], rows: int, threads: int) -> None:
    """Give each thread a range of rows: the first, and the one behind the last; where they are few, one does all.

    Parameters
    ----------
    work : callable
        What a thread does; its errors are raised here.
    rows : int
        How many there are.
    threads : int
        One or fewer: this thread does everything.
    """
    if threads <= 1 or rows < FEW_ROWS:
        work(0, rows)
        return
    cuts = np.linspace(0, rows, threads + 1).astype(np.int64).tolist()
    with ThreadPoolExecutor(threads) as executor:
        list(executor.map(work, cuts[:-1], cuts[1:]))
