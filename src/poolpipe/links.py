"""Links: who is in which tube, in queue order, and what a tube's scans agree on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.content import beside_content, keys_of
from poolpipe.tables import TIME, require
from poolpipe_kernels import groups, seats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.codes import Codes
    from poolpipe.policy import Policy

__all__ = ["Links", "link"]

_THREADS = 2


@dataclass(frozen=True, slots=True)
class Links:
    """People and tubes, coded.

    Attributes
    ----------
    members : DataFrame
        tube, person, collected_at, position: one row per distinct person of a tube, sorted by tube and
        position.
    tubes : DataFrame
        One row per collected tube, sorted: tube, mode (0 pool, 1 single), capacity, people,
        first_collected, last_collected, site, point, and what is odd: rescanned, several_points, mixed_mode.
    offsets : (tubes + 1,) int64
        Where each tube's members begin.
    """

    members: pl.DataFrame
    tubes: pl.DataFrame
    offsets: NDArray[np.int64]

    def members_of(self, tubes: pl.Series) -> pl.DataFrame:
        """Members of some tubes, with the row of each in `members` as `seat`.

        Members lie tube by tube, so nobody is searched for.
        """
        seats = self._seats(tubes)
        return self.members[seats].with_columns(pl.Series("seat", seats, pl.Int64))

    def _seats(self, tubes: pl.Series) -> NDArray[np.int64]:
        wanted = tubes.drop_nulls().unique().sort().to_numpy()
        known = self.tubes["tube"].to_numpy()
        place = np.searchsorted(known, wanted)
        there = place < len(known)
        there[there] = known[place[there]] == wanted[there]
        place = place[there]
        counts = self.offsets[place + 1] - self.offsets[place]
        first = np.repeat(self.offsets[place] - np.cumsum(counts) + counts, counts)
        seats: NDArray[np.int64] = first + np.arange(len(first))
        return seats


def link(collects: pl.DataFrame, codes: Codes, policy: Policy) -> Links:
    """Find the members of every tube and the tube's mode, capacity and place.

    Parameters
    ----------
    collects : DataFrame
        Coded collect events, voided ones taken out: at, tube, person, mode; if given capacity, site, point.
    codes : Codes
        Decides ties by content, and the order of people.
    policy : Policy
        For the capacity where no scan gives one.

    Raises
    ------
    TableError
        If a column is missing.
    """
    if collects.is_empty():
        return _nobody()
    require(collects, ("at", "tube", "person", "mode"), table="collect")
    scans = _Scans(collects, codes)
    kept = scans.seat()
    _settle_ties(scans, collects, codes)
    return _tables(scans, kept, policy)


class _Scans:
    """Collect events as flat arrays, grouped by tube."""

    def __init__(self, collects: pl.DataFrame, codes: Codes) -> None:
        keys = keys_of(collects, "tube")
        counts = np.zeros(len(codes.entities["tube"]), np.int64)
        groups.count_keys(keys, counts)
        self.tubes = np.flatnonzero(counts)
        self.offsets = np.concatenate([[0], np.cumsum(counts[self.tubes])])
        self.rows = self._grouped(keys, counts)
        self.at = collects["at"].to_physical().to_numpy()
        self.person = collects["person"].to_numpy()
        self.bounds = codes.person_bounds()
        self.mode = collects["mode"].to_numpy()
        self.capacity = _given(collects, "capacity", np.int64)
        self.site = _given(collects, "site", np.int32)
        self.point = _given(collects, "point", np.int32)
        n = len(self.tubes)
        self.people, self.tube_mode = np.empty(n, np.int32), np.empty(n, np.int8)
        self.tube_capacity, self.flags = np.empty(n, np.int64), np.empty(n, np.uint8)
        self.tube_site, self.tube_point = np.empty(n, np.int32), np.empty(n, np.int32)

    @staticmethod
    def _grouped(keys: NDArray[np.uint32], counts: NDArray[np.int64]) -> NDArray[np.uint32]:
        cursors = np.cumsum(counts) - counts
        rows = np.empty(len(keys), np.uint32)
        groups.scatter_rows(keys, cursors, rows)
        return rows

    def seat(self) -> NDArray[np.uint32]:
        """Run the kernel over halves of the tubes; the rows of the members' first scans."""
        cuts = np.searchsorted(self.offsets, np.linspace(0, self.offsets[-1], _THREADS + 1)[1:-1])
        ends = [0, *cuts.tolist(), len(self.tubes)]
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._seat, ends[:-1], ends[1:]))
        if int(self.people.sum()) == len(self.rows):
            return self.rows
        place = np.arange(len(self.rows)) - np.repeat(self.offsets[:-1], np.diff(self.offsets))
        kept: NDArray[np.uint32] = self.rows[place < np.repeat(self.people, np.diff(self.offsets))]
        return kept

    def _seat(self, first: int, last: int) -> None:
        seats.seat_people(
            first, last, self.offsets, self.rows, self.at, self.person, self.bounds, self.mode, self.capacity,
            self.site, self.point, self.people, self.tube_mode, self.tube_capacity, self.tube_site,
            self.tube_point, self.flags,
        )  # fmt: skip


def _given(collects: pl.DataFrame, column: str, dtype: type[np.signedinteger]) -> NDArray[np.signedinteger]:
    """A column with -1 for null; a single -1 where there is no such column."""
    if column not in collects.columns:
        return np.full(1, -1, dtype)
    return collects[column].cast(pl.Int64 if dtype is np.int64 else pl.Int32).fill_null(-1).to_numpy()


def _settle_ties(scans: _Scans, collects: pl.DataFrame, codes: Codes) -> None:
    """Where scans of one moment name different modes or places, the larger content decides."""
    tied = np.flatnonzero(scans.flags & seats.TIED)
    if not len(tied):
        return
    events = collects.filter(collects["tube"].is_in(scans.tubes[tied].astype(np.uint32)))
    ranked, names = beside_content(events, "collect", codes)
    ranked = ranked.sort("at", *names, descending=[False, *[True] * len(names)])
    place = {int(tube): int(index) for index, tube in zip(tied, scans.tubes[tied], strict=True)}
    for column, target in (("mode", scans.tube_mode), ("site", scans.tube_site), ("point", scans.tube_point)):
        if column in ranked.columns:
            firsts = ranked.filter(pl.col(column).is_not_null()).unique(
                "tube", keep="first", maintain_order=True
            )
            where = firsts["tube"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
            target[where] = firsts[column].to_numpy()


def _tables(scans: _Scans, kept: NDArray[np.uint32], policy: Policy) -> Links:
    offsets = np.concatenate([[0], np.cumsum(scans.people, dtype=np.int64)])
    collected_at = scans.at[kept]
    tube = np.repeat(scans.tubes.astype(np.uint32), scans.people)
    position = np.arange(len(kept)) - np.repeat(offsets[:-1], scans.people) + 1
    members = pl.DataFrame(
        {
            "tube": tube,
            "person": scans.person[kept],
            "collected_at": collected_at,
            "position": position.astype(np.int32),
        }
    ).with_columns(_time("collected_at"))
    capacity = np.where(scans.tube_capacity < 0, policy.pools.capacity, scans.tube_capacity)
    tubes = pl.DataFrame(
        {
            "tube": scans.tubes.astype(np.uint32),
            "mode": scans.tube_mode,
            "capacity": np.where(scans.tube_mode == 1, 1, capacity),
            "people": scans.people,
            "first_collected": collected_at[offsets[:-1]],
            "last_collected": collected_at[offsets[1:] - 1],
            "site": scans.tube_site,
            "point": scans.tube_point,
            "rescanned": (scans.flags & seats.RESCANNED) > 0,
            "several_points": (scans.flags & seats.DIFFERENT_POINTS) > 0,
            "mixed_mode": (scans.flags & seats.MIXED_MODE) > 0,
        }
    ).with_columns(_time("first_collected"), _time("last_collected"), _number("site"), _number("point"))
    return Links(members, tubes, offsets)


def _time(column: str) -> pl.Expr:
    return pl.col(column).cast(TIME)


def _number(column: str) -> pl.Expr:
    return pl.when(pl.col(column) >= 0).then(pl.col(column)).cast(pl.UInt32).alias(column)


def _nobody() -> Links:
    members = pl.DataFrame(
        schema={"tube": pl.UInt32, "person": pl.Int64, "collected_at": TIME, "position": pl.Int32}
    )
    tubes = pl.DataFrame(
        schema={
            "tube": pl.UInt32, "mode": pl.Int8, "capacity": pl.Int64, "people": pl.Int32,
            "first_collected": TIME, "last_collected": TIME, "site": pl.UInt32, "point": pl.UInt32,
            "rescanned": pl.Boolean, "several_points": pl.Boolean, "mixed_mode": pl.Boolean,
        }
    )  # fmt: skip
    return Links(members, tubes, np.zeros(1, np.int64))
