"""The one decorator that compiles every kernel, with the same options and typed signatures."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any, ParamSpec, Protocol, TypeVar, cast, overload

import numba
import numpy as np

from poolpipe_kernels.kept_code import KeptCode

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")
T = TypeVar("T", bound=np.generic)

__all__ = ["Kernel", "argument_types", "can_be_kept", "is_wanting", "kernel", "read_only"]


class Kernel(Protocol[P, R]):
    """A compiled function; ``py_func`` is the same code interpreted, for coverage and debugging.

    ``city_signatures`` are the types of arguments that the run of a city calls it with, one text each.
    """

    py_func: Callable[P, R]
    city_signatures: tuple[str, ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Run the machine code, compiling it for these argument types the first time."""
        ...


@overload
def kernel(function: Callable[P, R], /) -> Kernel[P, R]: ...
@overload
def kernel(*city: str) -> Callable[[Callable[P, R]], Kernel[P, R]]: ...
def kernel(*told: Any) -> Any:
    """Compile a function with numba at its first call and keep the machine code on disk.

    The GIL is released, so two halves of an array can run in two threads; division by zero gives
    inf as in numpy instead of a branch per division; `fastmath` stays off, results are reproducible.

    Parameters
    ----------
    *told : callable, or str
        Without arguments (``@kernel``), the function. As ``@kernel("int64[] uint8[]!", ...)``, the types of
        arguments, in the words of `argument_types`, that the run of a city calls it with: these are compiled in a
        second process at a first start.
    """
    if len(told) == 1 and callable(told[0]):
        return _compiled(told[0], ())
    return lambda function: _compiled(function, told)


def _compiled(function: Callable[P, R], city: tuple[str, ...]) -> Kernel[P, R]:
    # Nobody calls a kernel from C: an entry for that took 6 % of the time to compile. numba's types do not know the option.
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}
    compiled: Any = numba.njit(**options)(function)
    if compiled is not function:  # as it is where NUMBA_DISABLE_JIT is set
        _compile_once_for_all_constants(compiled)
        with suppress(OSError):  # its source is no file: compiled at every start
            compiled._cache = KeptCode(function)
    compiled.city_signatures = city
    return cast("Kernel[P, R]", compiled)


def _compile_once_for_all_constants(compiled: Any) -> None:
    """Let a kernel that others call with constants be compiled for their type; numba compiles it anew for each constant.

    The machine code is the same: LLVM puts small kernels into those that call them, constants and all.
    """
    found = compiled.get_call_template

    def of_types(args: Any, named: Any) -> Any:
        general: Any = numba.types.unliteral
        return found(tuple(map(general, args)), {name: general(kind) for name, kind in named.items()})

    compiled.get_call_template = of_types


def read_only(values: NDArray[T]) -> NDArray[T]:
    """Make a read-only view, as polars gives most arrays, so that one compiled version serves these and others."""
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
    """Whether a kernel, called with arguments of these types, has to be compiled first.

    Parameters
    ----------
    kernel : Kernel
        As `kernel` makes it.
    types : tuple of numba types
        As `argument_types` gives them.

    Returns
    -------
    bool
        False where kernels are interpreted (NUMBA_DISABLE_JIT).
    """
    if not hasattr(kernel, "_cache"):  # interpreted, as all are where NUMBA_DISABLE_JIT is set
        return False
    kept = kernel._cache
    return not (isinstance(kept, KeptCode) and kept.has(types, kernel.targetctx))


def can_be_kept(kernel: Any) -> bool:
    """Whether there is a folder into which machine code of a kernel can be written."""
    kept = getattr(kernel, "_cache", None)
    return isinstance(kept, KeptCode) and kept.can_keep
