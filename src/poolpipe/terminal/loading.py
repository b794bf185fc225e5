"""Load the heavy libraries faster: without garbage collection, without threads for matrices."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["loading"]


@contextmanager
def loading() -> Iterator[None]:
    """Around the first import of the heavy libraries: a quarter of a second less from start to end.

    Modules are there to stay: the collector finds nothing among them, neither meanwhile nor on any later walk,
    of which the last, when the process ends, is the longest. OpenBLAS starts a thread for every core, and they
    spin for work that never comes: no matrix is multiplied here. Where the libraries are loaded already the
    process is somebody else's, and nothing in it is touched.
    """
    if "numba" in sys.modules:
        yield
        return
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()
