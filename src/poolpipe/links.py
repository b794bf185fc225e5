"""Links: who is in which tube, in queue order, and what a tube's scans agree on."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.content import beside_content, keys_of
from poolpipe.errors import TableError
from poolpipe.tables import MODES, TIME, require
from poolpipe_kernels import groups, seats

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.codes import Codes
    from poolpipe.policy import Policy

__all__ = ["Links", "link"]

_THREADS = 2
_MOST_PLACES = (1 << 24) - 1
_MOST_CAPACITIES = (1 << 15) - 1
_SINGLE = MODES.index("single")


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
    scans.seat()
    _settle_ties(scans, collects, codes)
    return _tables(scans, policy)


class _Scans:
    """Collect events as flat arrays, moved together tube by tube."""

    def __init__(self, collects: pl.DataFrame, codes: Codes) -> None:
        tube = keys_of(collects, "tube")
        counts = np.zeros(len(codes.entities["tube"]), np.int64)
        groups.count_keys(tube, counts)
        self.tubes = np.flatnonzero(counts)
        self.offsets = np.concatenate([[0], np.cumsum(counts[self.tubes])])
        self.capacities, facts = _packed(collects)
        self.at, self.person = np.empty(len(tube), np.int64), np.empty(len(tube), np.int64)
        self.facts = np.empty(len(tube), np.uint64)
        seats.scatter_scans(
            tube, collects["at"].to_physical().to_numpy(), collects["person"].to_numpy(), facts,
            np.cumsum(counts) - counts, self.at, self.person, self.facts,
        )  # fmt: skip
        self.bounds = codes.person_bounds()
        n = len(self.tubes)
        self.people, self.mode, self.flags = (
            np.empty(n, np.int32),
            np.empty(n, np.int8),
            np.empty(n, np.uint8),
        )
        self.capacity, self.site, self.point = (np.empty(n, np.int32) for _ in range(3))

    def seat(self) -> None:
        """Run the kernel over halves of the tubes, then close the gaps that repeated scans leave."""
        cuts = np.searchsorted(self.offsets, np.linspace(0, self.offsets[-1], _THREADS + 1)[1:-1])
        ends = [0, *cuts.tolist(), len(self.tubes)]
        with ThreadPoolExecutor(_THREADS) as pool:
            list(pool.map(self._seat, ends[:-1], ends[1:]))
        if int(self.people.sum()) != len(self.at):
            scans = np.diff(self.offsets)
            place = np.arange(len(self.at)) - np.repeat(self.offsets[:-1], scans)
            kept = place < np.repeat(self.people, scans)
            self.at, self.person = self.at[kept], self.person[kept]

    def _seat(self, first: int, last: int) -> None:
        seats.seat_people(
            first, last, self.offsets, self.at, self.person, self.facts, self.bounds,
            self.people, self.mode, self.capacity, self.site, self.point, self.flags,
        )  # fmt: skip


def _packed(collects: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """What else each scan says in one word, as `seat_people` wants it; and the distinct capacities, ascending.

    Raises
    ------
    TableError
        If there are more places or capacities than fit: 16 million sites are no sites.
    """
    facts = collects["mode"].to_numpy().astype(np.uint64)
    capacities = np.empty(0, np.int64)
    if "capacity" in collects.columns:
        given = collects["capacity"]
        capacities = given.drop_nulls().unique().sort().to_numpy()
        numbers = given.replace_strict(
            capacities, np.arange(1, len(capacities) + 1), default=0, return_dtype=pl.UInt64
        )
        facts |= numbers.fill_null(0).to_numpy() << np.uint64(1)
    for column, bit in (("site", 16), ("point", 40)):
        if column in collects.columns:
            numbers = (collects[column].cast(pl.UInt64) + 1).fill_null(0)
            facts |= numbers.to_numpy() << np.uint64(bit)
            _check_fits(column, int(numbers.max() or 0), _MOST_PLACES)  # type: ignore[arg-type]
    _check_fits("capacity", len(capacities), _MOST_CAPACITIES)
    return capacities, facts


def _check_fits(column: str, found: int, most: int) -> None:
    if found > most:
        raise TableError(
            f"more than {most:,} different values",
            where=f"collect.{column}",
            way_out="look for garbage in the column",
        )


def _settle_ties(scans: _Scans, collects: pl.DataFrame, codes: Codes) -> None:
    """Where scans of one moment name different modes or places, the larger content decides."""
    tied = np.flatnonzero(scans.flags & seats.TIED)
    if not len(tied):
        return
    events = collects.filter(collects["tube"].is_in(scans.tubes[tied].astype(np.uint32)))
    ranked, names = beside_content(events, "collect", codes)
    ranked = ranked.sort("at", *names, descending=[False, *[True] * len(names)])
    place = {int(tube): int(index) for index, tube in zip(tied, scans.tubes[tied], strict=True)}
    for column, target in (("mode", scans.mode), ("site", scans.site), ("point", scans.point)):
        if column in ranked.columns:
            firsts = ranked.filter(pl.col(column).is_not_null()).unique(
                "tube", keep="first", maintain_order=True
            )
            where = firsts["tube"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
            target[where] = firsts[column].to_numpy()


def _tables(scans: _Scans, policy: Policy) -> Links:
    offsets = np.concatenate([[0], np.cumsum(scans.people, dtype=np.int64)])
    position = np.arange(1, len(scans.at) + 1) - np.repeat(offsets[:-1], scans.people)
    members = pl.DataFrame(
        {
            "tube": np.repeat(scans.tubes.astype(np.uint32), scans.people),
            "person": scans.person,
            "collected_at": scans.at,
            "position": position.astype(np.int32),
        }
    ).with_columns(_time("collected_at"))
    largest = np.append(scans.capacities, policy.pools.capacity)[scans.capacity]
    tubes = pl.DataFrame(
        {
            "tube": scans.tubes.astype(np.uint32),
            "mode": scans.mode,
            "capacity": np.where(scans.mode == _SINGLE, 1, largest),
            "people": scans.people,
            "first_collected": scans.at[offsets[:-1]],
            "last_collected": scans.at[offsets[1:] - 1],
            "site": scans.site,
            "point": scans.point,
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
