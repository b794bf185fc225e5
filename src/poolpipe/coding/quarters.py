"""Arrivals of events in quarters of an hour: all that is asked of them, in a thousandth of the room.

A row is what was heard of one device, site and laboratory in one quarter. An event counts in the quarter in which it is
known: it exists from its own time on, and is here once it came. What is known at the end of a quarter is therefore what
follows from the events up to then, whoever asks later. Rows of several files are joined by least and largest values, so
that no order, cut or repetition of the events changes them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe_kernels import arrivals as kernels
from poolpipe_kernels import groups
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from numpy.typing import NDArray

__all__ = ["HEARD", "QUARTER_US", "SOURCES", "heard_in_quarters", "joined_quarters"]

QUARTER_US: Final = 900_000_000
"""Microseconds of a quarter of an hour."""

SOURCES: Final = ("device", "site", "lab")
"""Columns of events that name who is heard."""

HEARD: Final = {
    **dict.fromkeys(SOURCES, pl.String()),
    "quarter": pl.Int64(),
    "first": pl.Int64(),
    "last": pl.Int64(),
    "age": pl.Int64(),
    "least": pl.Int64(),
    "most": pl.Int64(),
}
"""Columns of arrivals: who was heard; the quarter, counted since 1970; first and last arrival, microseconds since 1970; the
least time from an event to its arrival, microseconds; least and most time from `sent_at` to the arrival, null where no
event says when it was sent."""

_TABLE: Final = 1 << 18
"""Up to so many pairs are looked up in a direct-address table (1 MB), six times as fast as by hashes."""

_LARGEST, _LEAST = np.iinfo(np.int64).max, np.iinfo(np.int64).min


def heard_in_quarters(
    sources: Mapping[str, tuple[NDArray[np.int32], pl.Series]],
    at: NDArray[np.int64],
    arrived: NDArray[np.int64],
    sent: NDArray[np.int64] | None,
) -> pl.DataFrame:
    """Fold events into what was heard of each source in each quarter.

    Parameters
    ----------
    sources : mapping of str to ((n,) int32, Series of String)
        Of `SOURCES` those that are known: for each event the row of its name, -1 for none; and the names, each once.
    at, arrived : (n,) int64
        When each event happened and came, microseconds since 1970, UTC.
    sent : (n,) int64 or None
        When its device sent it, by its own clock; -1 where it does not say.

    Returns
    -------
    DataFrame
        As `HEARD`, without the events that name nobody; not sorted.
    """
    if not sources or not len(at):
        return pl.DataFrame(schema=HEARD)
    quarters = np.empty(len(at), np.int32)
    kernels.known_quarters(at, arrived, QUARTER_US, quarters)
    number, firsts = np.zeros(len(at), np.int32), np.zeros(1, np.int64)
    for rows in (*(rows for rows, _ in sources.values()), quarters):
        number, firsts = _paired(number, len(firsts), rows)
    found = np.tile(np.array([_LARGEST, _LEAST, _LARGEST, _LARGEST, _LEAST]), (len(firsts), 1))
    kernels.fold_extremes(number, at, arrived, np.empty(0, np.int64) if sent is None else sent, found)
    named = {name: names.gather(pl.Series(rows[firsts]).replace(-1, None)).cast(pl.String)
             for name, (rows, names) in sources.items()}  # fmt: skip
    told = dict(zip(("first", "last", "age", "least", "most"), found.T, strict=True))
    says = pl.col("most") > _LEAST
    return (
        pl.DataFrame({**named, "quarter": quarters[firsts].astype(np.int64), **told})
        .with_columns(pl.lit(None, pl.String).alias(name) for name in SOURCES if name not in named)
        .with_columns(pl.when(says).then(pl.col(name)).alias(name) for name in ("least", "most"))
        .filter(pl.any_horizontal(pl.col(*SOURCES).is_not_null()))
        .select(*HEARD)
    )


def joined_quarters(parts: Iterable[pl.DataFrame]) -> pl.DataFrame:
    """Join what was heard in several files.

    Parameters
    ----------
    parts : iterable of DataFrame
        As `HEARD`.

    Returns
    -------
    DataFrame
        As `HEARD`, one row for each device, site, laboratory and quarter, sorted by them.
    """
    return (
        pl.concat([pl.DataFrame(schema=HEARD), *parts])
        .group_by(*SOURCES, "quarter")
        .agg(pl.col("first").min(), pl.col("last").max(), pl.col("age", "least").min(), pl.col("most").max())
        .sort(*SOURCES, "quarter")
    )


def _paired(
    number: NDArray[np.int32], count: int, rows: NDArray[np.int32]
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the distinct pairs of the numbers so far and one more column; also give the first row of each pair."""
    low, high = int(rows.min()), int(rows.max())
    width = high - low + 1
    pairs, most = np.empty(len(number), np.int32), min(len(number), count * width)
    firsts = np.empty(most, np.int64)
    if count * width <= _TABLE:
        table = np.empty(count * width, np.int32)
        found = groups.number_few_pairs(number, read_only(rows), low, width, table, pairs, firsts)
    else:
        found = groups.number_pairs(number, np.ascontiguousarray(rows), most, pairs, firsts)
    return pairs, firsts[:found]
