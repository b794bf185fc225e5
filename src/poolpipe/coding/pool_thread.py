"""Run many small queries in one of polars' own threads: each query that others start wakes one, and waits for it."""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final, TypeVar

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

__all__ = ["in_pool_thread"]

_ONE: Final = pl.DataFrame({"one": [0]})
_BUSY: Final = Lock()


def in_pool_thread(work: Callable[[], T]) -> T:
    """Call a function in a thread of polars' pool, and wait for it.

    A filter, a sort or a join hands its work to that pool and waits. The two switches of threads cost more than what it does with
    a hundred rows: a plate's fold has 850 of them, and where processors rest each of them wakes one. Work that is in the pool
    already stays in its thread: a fold takes 48 ms on a machine at rest, and 84 without.

    One at a time is in the pool, and only where that has several threads; others run where they are. So there is always a thread
    for the queries of threads that `work` starts and waits for.

    Parameters
    ----------
    work : callable

    Returns
    -------
    T
        What `work` returns. What it raises is raised.
    """
    if pl.thread_pool_size() < 2 or not _BUSY.acquire(blocking=False):
        return work()
    try:
        return _called(work)
    finally:
        _BUSY.release()


def _called(work: Callable[[], T]) -> T:
    returned: list[T] = []
    raised: list[BaseException] = []

    def run(column: pl.Series) -> pl.Series:
        if not (returned or raised):
            try:
                returned.append(work())
            except BaseException as error:  # noqa: BLE001 - the caller's: polars would hand on its text alone
                raised.append(error)
        return column

    # each of several columns is computed by a thread of the pool; of one alone the caller would be the thread
    _ONE.select(pl.col("one").map_batches(run, return_dtype=pl.Int64), (pl.col("one") + 1).alias("another"))
    if raised:
        raise raised[0]
    return returned[0]
