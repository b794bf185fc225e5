"""Kernels as machine code and interpreted, and the flat arrays that they take."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

NAMES = ["compiled", "interpreted"]

ways = pytest.mark.parametrize("interpreted", [False, True], ids=NAMES)
"""For a test of several kernels: each of them is `of(kernel, interpreted)`."""

wraps_round = pytest.mark.filterwarnings("ignore:overflow encountered")
"""Mixing and counting bits by multiplication is meant to wrap round; interpreted numbers warn of it."""


def both(kernel: Any) -> pytest.MarkDecorator:
    """Run a test with the machine code and with the same function interpreted, as `run`."""
    return pytest.mark.parametrize("run", [kernel, kernel.py_func], ids=NAMES)


def of(kernel: Any, interpreted: bool) -> Any:
    return kernel.py_func if interpreted else kernel


def laid_out(texts: Iterable[str]) -> tuple[NDArray[np.uint8], NDArray[np.int64]]:
    """Texts end to end as bytes, and where each begins."""
    parts = [text.encode() for text in texts]
    offsets = np.concatenate([[0], np.cumsum([len(part) for part in parts])]).astype(np.int64)
    return np.frombuffer(b"".join(parts) or b"\0", np.uint8), offsets


def told(text: NDArray[np.uint8], offsets: NDArray[np.int64]) -> list[str]:
    """The texts that lie end to end."""
    return [text[a:b].tobytes().decode() for a, b in itertools.pairwise(offsets)]


def columns(rows: Sequence[tuple[Any, ...]], *kinds: type[np.generic]) -> list[NDArray[Any]]:
    """Rows as one flat array per column."""
    return [np.array([row[i] for row in rows], kind) for i, kind in enumerate(kinds)]
