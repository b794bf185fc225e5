"""What differs between two versions, row by row: for whoever follows a table and does not want to read it again."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Final, Self

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct_of_all

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.live.tables import LiveTables

__all__ = ["ANNOUNCED", "CHANGE_KEYS", "Changes", "History", "differing_rows", "unlike"]

ANNOUNCED: Final = ("pools", "members", "recalls", "cases", "anomalies")
"""Tables whose changes are told."""

CHANGE_KEYS: Final = {
    "pools": ("round", "tube"),
    "members": ("round", "tube", "person_type", "person"),
    "recalls": ("round", "tube", "person_type", "person"),
    "cases": ("round", "tube", "person_type", "person"),
    "anomalies": ("code", "round", "subject_kind", "subject"),
}
"""The columns that say which row it is."""

_SCHEMA: Final = {
    "version": pl.Int64,
    "table": pl.String,
    "change": pl.String,
    "key": pl.String,
    "before": pl.String,
    "after": pl.String,
}


@dataclass(frozen=True)
class Changes:
    """What one batch changed.

    Attributes
    ----------
    before, after : LiveTables
    tubes : (n,) int64 or None
        Tubes that were concluded anew; None: all was, and readers read again.
    owners : (m,) uint64
        Subjects of anomalies that were.
    """

    before: LiveTables
    after: LiveTables
    tubes: NDArray[np.int64] | None
    owners: NDArray[np.uint64]

    @classmethod
    def nothing(cls, before: LiveTables, after: LiveTables) -> Self:
        """No row was concluded anew.

        Parameters
        ----------
        before, after : LiveTables
        """
        return cls(before, after, np.empty(0, np.int64), np.empty(0, np.uint64))

    @classmethod
    def everything(cls, before: LiveTables, after: LiveTables) -> Self:
        """All was concluded anew.

        Parameters
        ----------
        before, after : LiveTables
        """
        return cls(before, after, None, np.empty(0, np.uint64))

    @property
    def version(self) -> int:
        """The later version."""
        return self.after.version

    @property
    def is_whole(self) -> bool:
        """Whether all was concluded anew: no rows are told, and whoever follows a table reads it again."""
        return self.tubes is None

    def both(self, table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """All rows of a table that were concluded anew, as they were and as they are.

        Recalls are without rank, anomalies without those of clocks.

        Parameters
        ----------
        table : str
            One of `ANNOUNCED`.
        """
        if self.tubes is None:
            return self.before.table(table).clear(), self.after.table(table).clear()
        if table == "anomalies":
            return self.before.anomalies_of(self.owners), self.after.anomalies_of(self.owners)
        before, after = self.before, self.after
        if table != "recalls":
            return before.rows_of(table, self.tubes), after.rows_of(table, self.tubes)
        turned = after.turned_overdue(before.as_of) if before.as_of else np.empty(0, np.int64)
        tubes = distinct_of_all(self.tubes, turned)
        return before.rows_of(table, tubes).drop("rank"), after.rows_of(table, tubes).drop("rank")

    def of(self, table: str) -> tuple[pl.DataFrame, pl.DataFrame]:
        """The rows of a table that differ: as they were and as they are; recalls without rank, anomalies without those of clocks.

        Parameters
        ----------
        table : str
            One of `ANNOUNCED`.
        """
        return unlike(*self.both(table))

    @cached_property
    def rows(self) -> pl.DataFrame:
        """Every row that differs: version, table, change (new, changed, gone), key, before and after, the last three as JSON."""
        found = [
            differing_rows(table, *self.of(table), self.version) for table in ANNOUNCED if not self.is_whole
        ]
        return pl.concat([pl.DataFrame(schema=_SCHEMA), *found])


class History:
    """The changes of the last versions, for readers that come back."""

    def __init__(self, most: int = 256) -> None:
        self._kept: deque[Changes] = deque(maxlen=most)
        self._lock = Lock()

    def add(self, changes: Changes) -> None:
        """Keep the changes of the newest version."""
        with self._lock:
            self._kept.append(changes)

    def since(self, version: int) -> list[Changes] | None:
        """Changes after a version, the oldest first; None if they are no longer kept, or all was concluded anew since."""
        with self._lock:
            kept = list(self._kept)
        later = [each for each in kept if each.version > version]
        if not later:
            newest = kept[-1].version if kept else None
            return [] if newest in (None, version) else None
        if later[0].before.version > version or any(each.is_whole for each in later):
            return None
        return later


def differing_rows(table: str, before: pl.DataFrame, after: pl.DataFrame, version: int) -> pl.DataFrame:
    """Lay rows that differ out as `Changes.rows`."""
    keys = list(CHANGE_KEYS[table])
    was, now = (
        rows.select(
            pl.struct(keys).struct.json_encode().alias("key"),
            pl.struct(pl.all()).struct.json_encode().alias(name),
        )
        for rows, name in ((before, "before"), (after, "after"))
    )
    joined = was.join(now, on="key", how="full", coalesce=True)
    change = (
        pl.when(pl.col("before").is_null()).then(pl.lit("new"))
        .when(pl.col("after").is_null()).then(pl.lit("gone"))
        .otherwise(pl.lit("changed"))
    )  # fmt: skip
    told = joined.with_columns(
        pl.lit(version, pl.Int64).alias("version"), pl.lit(table).alias("table"), change.alias("change")
    )
    return told.select(list(_SCHEMA)).sort("key")


def unlike(before: pl.DataFrame, after: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """The rows that are in one of two tables only."""
    on = before.columns
    return (
        before.join(after, on=on, how="anti", nulls_equal=True),
        after.join(before, on=on, how="anti", nulls_equal=True),
    )
