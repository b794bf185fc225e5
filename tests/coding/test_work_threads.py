"""Work on few rows is done where it is asked for, work on many by threads."""

from __future__ import annotations

from threading import get_ident

import pytest

from poolpipe.coding.work_threads import threads_for


@pytest.mark.parametrize(("rows", "is_here"), [(0, True), (1_000, True), (1_000_000, False)])
def test_work__is_done_here_or_by_a_thread(rows: int, is_here: bool) -> None:
    with threads_for(rows, 2) as threads:
        assert (threads.submit(get_ident).result() == get_ident()) == is_here
        assert list(threads.map(abs, (-1, 2))) == [1, 2]


@pytest.mark.parametrize("rows", [1, 1_000_000])
def test_work__that_fails_fails_where_its_result_is_asked_for(rows: int) -> None:
    with threads_for(rows, 2) as threads:
        failing = threads.submit(int, "x")
        assert threads.submit(int, "7").result() == 7
        with pytest.raises(ValueError, match="invalid literal"):
            failing.result()
