"""Compile the kernels that a run needs at a first start, in two processes, and say so.

numba compiles in one thread of a process. A second process compiles from the end of the list; each keeps what it
compiles on disk, where the other finds it, so the two meet where all is done.
"""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import warnings
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from threading import Event, Thread
from typing import TYPE_CHECKING, Any

from poolpipe.errors import PoolpipeWarning
from poolpipe.messages import message
from poolpipe_kernels.compilation import argument_types, can_be_kept, is_wanting

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["MODULES", "compile_kernels", "kernels_of_a_run"]

MODULES = (
    "framing", "times", "codes", "groups", "sort_keys", "dense_keys", "seats", "tubes", "journeys", "well_index",
    "wells", "duplicate_people", "components", "parts", "propagate", "person_odds", "joint_rounds", "posterior", "seats_of_people",
    "grouped_rows", "by_time", "people_tests", "walk", "neighbours", "link_rows", "scores", "runs", "space_time", "texts",
)  # fmt: skip
"""Modules of kernels in the order in which a run first calls them, about."""


_COMPILE_S = 0.23
"""Seconds that a kernel takes to compile, about: 66 of them took 15 s of one core."""


def compile_kernels(progress: Callable[[str, int, int], None] | None = None) -> None:
    """Compile the kernels that a run needs and that are not on disk; later calls have nothing left to do.

    There is no second process where there is no second core, and where the running program is an application that
    Python is frozen into or embedded in. Where no folder can be written, neither process could use what the other
    compiles: then a `PoolpipeWarning` says what every start costs, and the way out.

    Parameters
    ----------
    progress : callable, optional
        Called with ("compiling", kernels that are compiled, of how many), in this thread.
    """
    wanting = _wanting_at_start()
    if not wanting:
        return
    total = len(wanting)
    can_keep = all(can_be_kept(kernel) for kernel, _ in wanting)
    if not can_keep:
        warnings.warn(
            message("code_not_kept", {"kernels": total, "seconds": f"{_COMPILE_S * total:.0f}"}),
            PoolpipeWarning,
            stacklevel=3,
        )
    elif (os.cpu_count() or 1) > 1 and sys.executable and not getattr(sys, "frozen", False):
        Thread(target=_accompany, daemon=True).start()
    with _no_garbage_collected():
        while wanting:
            if progress:
                left = (
                    sum(is_wanting(kernel, types) for kernel, types in wanting) if can_keep else len(wanting)
                )
                progress("compiling", total - left, total)
            kernel, types = wanting.pop(0)
            if is_wanting(kernel, types):
                kernel.compile(types)
    if progress:
        progress("compiling", total, total)


@contextmanager
def _no_garbage_collected() -> Iterator[None]:
    """Switch the garbage collector off: a compiler's many objects live long, and looking through them took a tenth.

    Memory grows by up to 190 MB, where one process compiles everything; it is free again behind.
    """
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@cache
def _wanting_at_start() -> list[tuple[Any, tuple[Any, ...]]]:
    """Kernels that were not on disk when this was first asked; who compiles one takes it off the list."""
    return [(kernel, types) for kernel, types in kernels_of_a_run() if is_wanting(kernel, types)]


def kernels_of_a_run() -> list[tuple[Any, tuple[Any, ...]]]:
    """Each kernel that the run of a city calls, with the types of its arguments, as its decorator declares them."""
    found = []
    for name in MODULES:
        kernels = vars(import_module(f"poolpipe_kernels.{name}"))
        own = (
            each for each in kernels.values() if getattr(each, "__module__", "") == f"poolpipe_kernels.{name}"
        )
        for kernel in own:
            found += [(kernel, argument_types(types)) for types in getattr(kernel, "city_signatures", ())]
    return found


def _accompany() -> None:
    """Wait for the second process; it ends when it is done, or when its input ends with this process."""
    command = [sys.executable, "-P", "-m", "poolpipe.coding.warmup"]
    quiet = subprocess.DEVNULL
    with (
        suppress(OSError),  # it cannot be started: then the run compiles everything itself
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=quiet, stderr=quiet) as second,  # noqa: S603
    ):
        second.wait()


def _compile_from_the_end() -> None:
    """Compile the kernels that are not on disk, the last first, until the process that started this one ends."""
    left = Event()

    def wait() -> None:
        os.read(sys.stdin.fileno(), 1)  # nothing is ever sent: this returns when the other end is closed
        left.set()

    Thread(target=wait, daemon=True).start()
    gc.disable()
    for kernel, types in reversed(kernels_of_a_run()):
        if left.is_set():
            return
        if is_wanting(kernel, types):
            kernel.compile(types)


if __name__ == "__main__":
    _compile_from_the_end()
