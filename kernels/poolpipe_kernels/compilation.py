"""One way of compiling every kernel, so that options agree and signatures survive type checking."""

from __future__ import annotations

from typing import TYPE_CHECKING, ParamSpec, Protocol, TypeVar, cast

import numba

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")
R = TypeVar("R")

__all__ = ["Kernel", "kernel"]


class Kernel(Protocol[P, R]):
    """A compiled function; ``py_func`` is the same code interpreted, for coverage and debugging."""

    py_func: Callable[P, R]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the machine code, compiling it for these argument types the first time."""
        ...


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Compile `function` with numba at its first call and keep the machine code on disk.

    The GIL is released, so two halves of an array can run in two threads; division by zero gives
    inf as in numpy instead of a branch per division; `fastmath` stays off, results are reproducible.
    """
    compiled = numba.njit(cache=True, nogil=True, error_model="numpy")(function)
    return cast("Kernel[P, R]", compiled)
