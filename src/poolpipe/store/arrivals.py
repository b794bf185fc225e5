"""What a part of a store tells of arrivals: who was heard when, in quarters of an hour."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import polars as pl
import pyarrow as pa

from poolpipe.coding.quarters import QUARTER_US, SOURCES, Heard, heard_in_quarters

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from poolpipe.store.ledger import InputTaken

__all__ = ["TIMES_HEARD", "heard_in", "tell_something"]

TIMES_HEARD: Final = ("arrived", "sent_at")
"""Columns of a part that are read for nothing else."""

_FEWEST: Final = 3
"""The policy asks for so many quarters of an hour at least, of a clock as of a rhythm."""


def tell_something(inputs: Iterable[InputTaken]) -> bool:
    """Whether arrivals can tell anything: a folder of files that came at one time cannot, and its times are not read."""
    return len({each.arrived // QUARTER_US for each in inputs}) >= _FEWEST


def heard_in(clear: pa.Table) -> Heard:
    """Fold the arrivals of a part.

    Parameters
    ----------
    clear : pyarrow.Table
        `at`, `arrived`, and of `sent_at`, device, site and lab those that it has.

    Returns
    -------
    Heard
        Empty where the part names nobody.
    """
    names = [name for name in SOURCES if name in clear.column_names]
    if not names or not clear.num_rows:
        return Heard.nothing()
    sources = {name: _numbered(clear[name]) for name in names}
    sent = _micros(clear["sent_at"]) if "sent_at" in clear.column_names else None
    return heard_in_quarters(sources, _micros(clear["at"]), _micros(clear["arrived"]), sent)


def _numbered(column: pa.ChunkedArray) -> tuple[NDArray[np.int32], pl.Series]:
    is_coded = pa.types.is_dictionary(column.type)
    array = (column.unify_dictionaries() if is_coded else column.dictionary_encode()).combine_chunks()
    rows = pl.Series(array.indices).cast(pl.Int32).fill_null(-1).to_numpy()
    return rows, pl.Series(array.dictionary, dtype=pl.String)


def _micros(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Microseconds of times; -1 for none."""
    times = pl.Series(column.cast(pa.int64()).combine_chunks())
    return (times.fill_null(-1) if times.null_count() else times).to_numpy()
