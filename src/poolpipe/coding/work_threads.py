"""Threads for work on many rows; work on few is done where it is asked for, because a thread takes longer than it does."""

from __future__ import annotations

from concurrent.futures import Executor, Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, Final, ParamSpec, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
T = TypeVar("T")

__all__ = ["threads_for"]

_FEW: Final = 1 << 15
"""With fewer rows a second thread costs more than it saves."""


def threads_for(rows: int, threads: int) -> Executor:
    """Give what work is submitted to: that many threads, or none where there are few rows.

    Parameters
    ----------
    rows : int
        Of all the work together.
    threads : int
    """
    return _Here() if rows < _FEW else ThreadPoolExecutor(threads)


class _Here(Executor):
    """Does all work at once, in the thread that submits it."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - it is raised where the result is asked for, as of a thread
            done.set_exception(error)
        return done
