"""Arrivals of events in quarters of an hour: all that is asked of them, in a thousandth of the room.

A row is what was heard of one device, site and laboratory in one quarter. It tells, too, from which quarter on that is
known: an event exists from its own time on, and is here once it came. What follows as of the end of a quarter is therefore
what follows from the events up to then, whoever asks later. Rows of several files are joined by least and largest values,
so that no order, cut or repetition of the events changes them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe_kernels import arrivals as kernels
from poolpipe_kernels import groups
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

__all__ = ["QUARTER_US", "SOURCES", "Heard", "heard_in_quarters", "joined_quarters"]

QUARTER_US: Final = 900_000_000
"""Microseconds of a quarter of an hour."""

SOURCES: Final = ("device", "site", "lab")
"""Columns of events that name who is heard."""

_TIMES: Final = ("first", "last", "age", "least", "most")
_TABLE: Final = 1 << 18
"""Up to so many pairs are looked up in a direct-address table (1 MB), six times as fast as by hashes."""

_LARGEST, _LEAST = np.iinfo(np.int64).max, np.iinfo(np.int64).min
_NONE: Final = np.array([_LARGEST, _LEAST, _LARGEST, _LARGEST, _LEAST])
"""The times of no event."""


@dataclass(frozen=True, slots=True)
class Heard:
    """Who was heard when.

    Attributes
    ----------
    names : mapping of str to Series of String
        Names of devices, sites and laboratories, sorted.
    sources : mapping of str to (n,) int32
        Row of each name in them, -1 for none.
    quarters : (n,) int32
        In which it was heard, counted since 1970.
    known : (n,) int32
        From which quarter on that is known; a later one where events are dated ahead of their arrival.
    times : (n, 5) int64
        First and last arrival, microseconds since 1970; the least time from an event to its arrival; the least and most
        time from `sent_at` to the arrival, microseconds, the largest and the least integer where no event says.
    """

    names: Mapping[str, pl.Series]
    sources: Mapping[str, NDArray[np.int32]]
    quarters: NDArray[np.int32]
    known: NDArray[np.int32]
    times: NDArray[np.int64]

    @classmethod
    def nothing(cls) -> Heard:
        """Make that of no event."""
        none = dict.fromkeys(SOURCES, np.empty(0, np.int32))
        names = {name: pl.Series(name, [], pl.String) for name in SOURCES}
        quarters = np.empty(0, np.int32)
        return cls(names, none, quarters, quarters, np.empty((0, 5), np.int64))

    def __len__(self) -> int:
        """How many rows there are."""
        return len(self.quarters)

    def kept(self, rows: NDArray[np.bool_]) -> Heard:
        """Only some rows."""
        sources = {name: numbers[rows] for name, numbers in self.sources.items()}
        return Heard(self.names, sources, self.quarters[rows], self.known[rows], self.times[rows])

    def of(self, source: str) -> pl.DataFrame:
        """What was heard of each device, say, in each quarter.

        Parameters
        ----------
        source : {"device", "site", "lab"}

        Returns
        -------
        DataFrame
            source (its row in `names`), quarter, and the five times; least and most are null where no event says. Not
            sorted.
        """
        named = self.kept(self.sources[source] >= 0)
        numbers, firsts = _numbered([named.sources[source], named.quarters])
        times = _joined(numbers, len(firsts), named.times)
        keys = {"source": named.sources[source][firsts], "quarter": named.quarters[firsts].astype(np.int64)}
        says = pl.col("most") > _LEAST
        return pl.DataFrame(keys | dict(zip(_TIMES, times.T, strict=True))).with_columns(
            pl.when(says).then(pl.col(name)).alias(name) for name in ("least", "most")
        )


def heard_in_quarters(
    sources: Mapping[str, tuple[NDArray[np.int32], pl.Series]],
    at: NDArray[np.int64],
    arrived: NDArray[np.int64],
    sent: NDArray[np.int64] | None,
) -> Heard:
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
    Heard
        Without the events that name nobody; names are in the order in which they were given.
    """
    if not sources or not len(at):
        return Heard.nothing()
    quarters, known = np.empty(len(at), np.int32), np.empty(len(at), np.int32)
    kernels.quarters_of(at, arrived, QUARTER_US, quarters, known)
    ahead = known - quarters  # most often 0 for all: such a column costs nothing to be numbered by
    numbers, firsts = _numbered([*(rows for rows, _ in sources.values()), quarters, ahead])
    times = np.tile(_NONE, (len(firsts), 1))
    kernels.fold_extremes(numbers, at, arrived, np.empty(0, np.int64) if sent is None else sent, times)
    unnamed = np.full(len(firsts), -1, np.int32), pl.Series([], dtype=pl.String)
    rows = {name: sources[name][0][firsts] if name in sources else unnamed[0] for name in SOURCES}
    names = {name: sources.get(name, unnamed)[1] for name in SOURCES}
    heard = Heard(names, rows, quarters[firsts], known[firsts], times)
    return heard.kept(np.max(np.stack(list(rows.values())), axis=0) >= 0)


def joined_quarters(parts: Sequence[Heard]) -> Heard:
    """Join what was heard in several files.

    Returns
    -------
    Heard
        One row for each device, site, laboratory, quarter and quarter from which on it is known; not sorted.
    """
    some = [part for part in parts if len(part)]
    if not some:
        return Heard.nothing()
    names, columns = {}, []
    for source in SOURCES:
        given = [part.names[source].alias(source) for part in some]
        names[source] = pl.concat(given).unique().sort()
        columns.append(
            np.concatenate([_renumbered(part.sources[source], each, names[source])
                            for part, each in zip(some, given, strict=True)])
        )  # fmt: skip
    columns.append(np.concatenate([part.quarters for part in some]))
    columns.append(np.concatenate([part.known for part in some]) - columns[-1])
    numbers, firsts = _numbered(columns)
    times = _joined(numbers, len(firsts), np.concatenate([part.times for part in some]))
    *sources, quarters, ahead = (column[firsts] for column in columns)
    return Heard(names, dict(zip(SOURCES, sources, strict=True)), quarters, quarters + ahead, times)


def _renumbered(rows: NDArray[np.int32], given: pl.Series, names: pl.Series) -> NDArray[np.int32]:
    """Numbers of names in `names`, of their rows in a part."""
    if not len(given):
        return rows
    places = given.replace_strict(names, np.arange(len(names), dtype=np.int32), return_dtype=pl.Int32)
    return np.append(places.to_numpy(), np.int32(-1))[rows]


def _joined(numbers: NDArray[np.int32], count: int, times: NDArray[np.int64]) -> NDArray[np.int64]:
    found = np.tile(_NONE, (count, 1))
    kernels.join_extremes(numbers, times, found)
    return found


def _numbered(columns: Sequence[NDArray[np.int32]]) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the distinct combinations of columns; also give the first row of each."""
    height = len(columns[0])
    number, firsts = np.zeros(height, np.int32), np.zeros(min(height, 1), np.int64)
    for rows in columns:
        low, high = (int(rows.min()), int(rows.max())) if height else (0, 0)
        if low == high:
            continue
        width, pairs = high - low + 1, np.empty(height, np.int32)
        most = min(height, len(firsts) * width)
        found = np.empty(most, np.int64)
        if len(firsts) * width <= _TABLE:
            table = np.empty(len(firsts) * width, np.int32)
            count = groups.number_few_pairs(number, read_only(rows), low, width, table, pairs, found)
        else:
            count = groups.number_pairs(number, np.ascontiguousarray(rows), most, pairs, found)
        number, firsts = pairs, found[:count]
    return number, firsts
