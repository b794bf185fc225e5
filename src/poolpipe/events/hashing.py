"""A hash of everything an event says: equal hashes are a hint that it came twice."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.events.columns import Coded
from poolpipe.events.folding import OWN
from poolpipe_kernels import groups

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from poolpipe.events.understand import Understood

__all__ = ["content_hashes"]


def content_hashes(events: Understood) -> NDArray[np.uint64]:
    """Hash each event's content: every cleaned column but `sent_at`; what is missing changes nothing.

    Of collects each combination is hashed; time, tube and person are compared where the scans lie side by side.
    """
    parts: dict[str, Coded | pl.Series] = {**events.codes, **events.numbers, **events.words}
    if events.said is not None:
        parts = {name: column for name, column in parts.items() if name not in OWN}
    small = events.fixed | ({} if events.well is None else {"well": events.well})
    hashes = np.zeros(_height(events), np.uint64)
    if events.said is None:
        groups.mix(hashes, events.at.view(np.uint64), np.uint64(_salt("at")))
    for name, column in parts.items():
        if isinstance(column, Coded):
            groups.mix_values(hashes, column.rows, column.hashes(), np.uint64(_salt(name)))
        else:
            groups.mix(hashes, _hashes(column), np.uint64(_salt(name)))
    for name, numbers in small.items():
        wide = np.arange(1, int(numbers.max(initial=0)) + 2, dtype=np.uint64)
        groups.mix_values(hashes, numbers.astype(np.int32, copy=False), wide, np.uint64(_salt(name)))
    return hashes


def _height(events: Understood) -> int:
    """How many rows what is hashed has: events, or combinations."""
    return len(events.at) if events.said is None else len(events.fixed["mode"])


def _hashes(column: pl.Series) -> NDArray[np.uint64]:
    hashes: NDArray[np.uint64] = column.hash(seed=1).to_numpy().copy()
    if column.null_count():
        hashes[column.is_null().to_numpy()] = 0
    return hashes


def _salt(name: str) -> int:
    return int.from_bytes(re.sub(r"[^a-z]", "", name).encode()[:8].ljust(8, b"_"), "little")
