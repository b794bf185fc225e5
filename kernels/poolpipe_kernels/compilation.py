"""One way of compiling every kernel, so that options agree and signatures survive type checking."""

from __future__ import annotations

import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast

import numba
import numpy as np
from numba.core.caching import FunctionCache, IndexDataCacheFile
from numba.core.runtime.nrt import rtsys

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=np.generic)

__all__ = ["Kernel", "argument_types", "is_wanting", "kernel", "read_only"]


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
        with suppress(RuntimeError):  # no folder may be written: compiled anew at every start
            compiled._cache = _KeptCode(function)
    return cast("Kernel[P, R]", compiled)


def read_only(values: NDArray[T]) -> NDArray[T]:
    """See an array as polars gives most of them, read-only: one machine code for these and for our own."""
    seen = values.view()
    seen.flags.writeable = False
    return seen


def argument_types(words: str) -> tuple[Any, ...]:
    """Types of arguments, as numba has them, from words: ``int64 uint8[] uint64[,] float64[]!``.

    ``[]`` is an array, ``[,]`` a table, ``!`` one that is read-only, as a polars column's memory is.
    """
    return tuple(_argument_type(word) for word in words.split())


def _argument_type(word: str) -> Any:
    name, bracket, rest = word.partition("[")
    scalar = getattr(numba.types, name)
    if not bracket:
        return scalar
    return numba.types.Array(scalar, 1 + rest.count(","), "C", readonly=rest.endswith("!"))


def is_wanting(kernel: Any, types: tuple[Any, ...]) -> bool:
    """Whether machine code of a kernel for arguments of these types could be kept on disk and is not."""
    kept = getattr(kernel, "_cache", None)
    return isinstance(kept, _KeptCode) and not kept.has(types, kernel.targetctx)


class _KeptCode(FunctionCache):
    """numba's own cache on disk, without loading the compiler to read from it.

    numba makes ready to compile (every type and function it knows, half a second) before it looks into its
    cache. Kept machine code asks for the counted memory of arrays only; what is not kept is compiled as ever,
    for whoever compiles makes ready first.
    """

    def __init__(self, function: Any) -> None:
        super().__init__(function)  # type: ignore[no-untyped-call]
        self._cache_file.__class__ = _KeptFiles

    def has(self, sig: Any, target_context: Any) -> bool:
        """Whether machine code is kept for these argument types."""
        return self._index_key(sig, target_context.codegen()) in self._cache_file._load_index()  # type: ignore[no-untyped-call]

    def load_overload(self, sig: Any, target_context: Any) -> Any:
        rtsys.initialize(target_context)
        with self._guard_against_spurious_io_errors():
            return self._load_overload(sig, target_context)  # type: ignore[no-untyped-call]
        return None  # an error of reading was swallowed: as good as not kept

    def save_overload(self, sig: Any, data: Any) -> None:
        with suppress(OSError):  # a full disk: the next start compiles again
            super().save_overload(sig, data)  # type: ignore[no-untyped-call]


class _KeptFiles(IndexDataCacheFile):
    """numba's files, safe where two processes compile side by side.

    numba enters machine code in its index before it writes it, under the next free number. So another process
    could read what an older source left under that number, or two could write under one. Here the code is
    written first, under a number of its own.
    """

    def save(self, key: Any, data: Any) -> None:
        name = self._data_name(zlib.crc32(repr(key).encode()))  # type: ignore[no-untyped-call]
        self._save_data(name, data)  # type: ignore[no-untyped-call]
        overloads = self._load_index()  # type: ignore[no-untyped-call]
        self._save_index({**overloads, key: name})  # type: ignore[no-untyped-call]
