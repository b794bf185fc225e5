"""One way of compiling every kernel, so that options agree and signatures survive type checking."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

import numba
from numba.core.caching import FunctionCache
from numba.core.runtime.nrt import rtsys

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
    compiled: Any = numba.njit(nogil=True, error_model="numpy")(function)
    if compiled is not function:  # as it is where NUMBA_DISABLE_JIT is set
        compiled._cache = _KeptCode(function)  # type: ignore[no-untyped-call]
    return cast("Kernel[P, R]", compiled)


class _KeptCode(FunctionCache):
    """numba's own cache on disk, without loading the compiler to read from it.

    numba makes ready to compile (every type and function it knows, half a second) before it looks into its
    cache. Kept machine code asks for the counted memory of arrays only; what is not kept is compiled as ever,
    for whoever compiles makes ready first.
    """

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        return None  # an error of reading was swallowed: as good as not kept
