"""Work that runs in a thread of polars' pool: what it gives and raises, and that others find a thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import get_ident

import polars as pl
import pytest

from poolpipe.coding.pool_thread import in_pool_thread

FRAME = pl.DataFrame({"a": [3, 1, 2]})


class _OddError(Exception):
    """None of polars' own."""


def test_work__is_called_once_in_another_thread() -> None:
    calls = []
    in_pool_thread(lambda: calls.append(get_ident()))
    assert len(calls) == 1
    assert (calls[0] != get_ident()) == (pl.thread_pool_size() > 1)


def test_work__gives_what_it_gives_and_raises_what_it_raises() -> None:
    def failing() -> None:
        raise _OddError("why")

    def asking() -> list[int]:
        return FRAME.sort("a").filter(pl.col("a") > 1)["a"].to_list()

    assert in_pool_thread(asking) == [2, 3]
    with pytest.raises(_OddError, match="why"):
        in_pool_thread(failing)
    assert in_pool_thread(lambda: None) is None


def test_work__within_work_and_beside_it_stays_where_it_is() -> None:
    def within() -> tuple[int, int]:
        return get_ident(), in_pool_thread(get_ident)

    outer, inner = in_pool_thread(within)
    assert outer == inner


def test_work__may_wait_for_threads_that_ask_queries() -> None:
    def work() -> list[int]:
        with ThreadPoolExecutor(4) as threads:
            asked = [
                threads.submit(lambda: in_pool_thread(lambda: FRAME.sort("a")["a"][0])) for _ in range(8)
            ]
            return [each.result(timeout=60) for each in asked]

    assert in_pool_thread(work) == [1] * 8
