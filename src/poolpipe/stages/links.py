"""Links: which people are in which tube, in queue order, and the mode, capacity and place that a tube's scans agree on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct
from poolpipe.coding.plain_columns import without_nulls
from poolpipe.coding.scans import Scans, halves, sort_by_tube
from poolpipe.coding.tie_breaks import with_tie_breaks
from poolpipe.errors import TableError
from poolpipe.tables import MODES, TIME, require
from poolpipe_kernels import seats
from poolpipe_kernels import tubes as kernels
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy

__all__ = ["Links", "link"]

_MOST_PLACES = (1 << 24) - 1
_MOST_CAPACITIES = (1 << 15) - 1
_SINGLE = MODES.index("single")


@dataclass(frozen=True, slots=True)
class Links:
    """People and tubes, coded.

    Attributes
    ----------
    members : DataFrame
        tube, person, collected_at: one row per distinct person of a tube, tube by tube in queue order.
    tubes : DataFrame
        One row per collected tube, sorted: tube, mode (0 pool, 1 single), capacity, people,
        first_collected, last_collected, site, point, and for anomalies: rescanned, several_points, mixed_mode.
    offsets : (tubes + 1,) int64
        Where each tube's members begin.
    """

    members: pl.DataFrame
    tubes: pl.DataFrame
    offsets: NDArray[np.int64]

    def members_of(self, tubes: pl.Series) -> pl.DataFrame:
        """Select the members of some tubes, with the row of each in `members` as `seat`.

        Members are sorted by tube, so each tube's are a slice.
        """
        seats = self._seats(tubes)
        return self.members[seats].with_columns(pl.Series("seat", seats, pl.Int64))

    def _seats(self, tubes: pl.Series) -> NDArray[np.int64]:
        wanted = distinct(without_nulls(tubes).to_numpy())
        known = self.tubes["tube"].to_numpy()
        place = np.searchsorted(known, wanted)
        there = place < len(known)
        there[there] = known[place[there]] == wanted[there]
        place = place[there]
        counts = self.offsets[place + 1] - self.offsets[place]
        first = np.repeat(self.offsets[place] - np.cumsum(counts) + counts, counts)
        seats: NDArray[np.int64] = first + np.arange(len(first))
        return seats


def link(collects: pl.DataFrame, codes: Dictionaries, policy: Policy) -> Links:
    """Find the members of every tube and the tube's mode, capacity and place.

    Parameters
    ----------
    collects : DataFrame
        Coded collect events in the order of `scans.Scans`, voided ones removed: at, tube, person, attributes_id, later.
    codes : Dictionaries
        Decide ties by content, and the order of people.
    policy : Policy
        Gives the capacity of tubes without one.

    Raises
    ------
    TableError
        If a column is missing.
    """
    if collects.is_empty():
        return _nobody()
    require(collects, ("at", "tube", "person", "attributes_id", "later"), table="collect")
    queues = _TubeQueues(collects, codes)
    queues.describe(codes.attribute_sets)
    _settle_ties(queues, collects, codes)
    return _tables(queues, policy)


class _TubeQueues:
    """Every tube's queue: its members in order, and the later scans of its members."""

    def __init__(self, collects: pl.DataFrame, codes: Dictionaries) -> None:
        self._seat(_flat(collects), codes)
        if (self.seat < 0).any():  # a person whose first scan was withdrawn is a member since the next one
            self._seat(_sorted_again(self.scans, codes), codes)

    def _seat(self, scans: Scans, codes: Dictionaries) -> None:
        """Find the tubes, and the seat of each person who was scanned again."""
        begins = np.empty(len(codes.entities["tube"]) + 1, np.int64)
        tubes = kernels.find_tubes(scans.tube[: scans.firsts], begins)
        self.scans, self.offsets = scans, begins[: tubes + 1]
        self.tubes = scans.tube[begins[:tubes]]
        self.seat = np.empty(len(scans.tube) - scans.firsts, np.int64)
        again = slice(scans.firsts, None)
        seats.find_seats(
            scans.tube[again], scans.person[again], self.tubes, self.offsets, scans.person, self.seat
        )

    def describe(self, attribute_sets: pl.DataFrame) -> None:
        """Mode, capacity and place of each tube; tubes with later scans are described from all their scans."""
        self.capacities, facts = _packed(attribute_sets)
        self.told = _TubeAttributes(len(self.tubes))
        scans = self.scans
        halves(self.offsets, partial(self.told.read, self.offsets, scans.at, scans.attributes_id, facts))
        if not len(self.seat):
            return
        later = np.arange(scans.firsts, len(scans.tube))
        again = np.searchsorted(self.tubes, scans.tube[later])
        affected = np.unique(again)
        counts = self.offsets[affected + 1] - self.offsets[affected]
        begins = np.cumsum(counts) - counts
        first = np.repeat(self.offsets[affected] - begins, counts) + np.arange(int(counts.sum()))
        rows = np.concatenate([first, later])
        whose = np.concatenate([np.repeat(affected, counts), again])
        order = np.argsort(whose, kind="stable")
        rows, offsets = rows[order], np.append(np.searchsorted(whose[order], affected), len(rows))
        anew = _TubeAttributes(len(affected))
        at, attributes_id = read_only(scans.at[rows]), read_only(scans.attributes_id[rows])
        anew.read(offsets, at, attributes_id, facts, 0, len(affected))
        self.told.put(affected, anew)
        other_time = scans.at[later] != scans.at[self.seat]
        self.told.flags[again[other_time]] |= kernels.RESCANNED


class _TubeAttributes:
    """Mode, capacity and place of each tube, by the kernel `describe_tubes`."""

    def __init__(self, tubes: int) -> None:
        self.mode, self.flags = np.empty(tubes, np.int8), np.empty(tubes, np.uint8)
        self.capacity, self.site, self.point = (np.empty(tubes, np.int32) for _ in range(3))

    def read(
        self,
        offsets: NDArray[np.int64],
        at: NDArray[np.int64],
        attributes_id: NDArray[np.uint32],
        facts: NDArray[np.uint64],
        first: int,
        last: int,
    ) -> None:
        kernels.describe_tubes(
            first,
            last,
            offsets,
            at,
            attributes_id,
            facts,
            self.mode,
            self.capacity,
            self.site,
            self.point,
            self.flags,
        )

    def put(self, tubes: NDArray[np.int64], told: _TubeAttributes) -> None:
        self.mode[tubes], self.flags[tubes] = told.mode, told.flags
        self.capacity[tubes], self.site[tubes], self.point[tubes] = told.capacity, told.site, told.point


def _flat(collects: pl.DataFrame) -> Scans:
    flat = collects.rechunk()
    return Scans(
        flat["tube"].to_numpy(),
        flat["at"].to_physical().to_numpy(),
        flat["person"].to_numpy(),
        flat["attributes_id"].to_numpy(),
        flat.height - int(flat["later"].sum()),
    )


def _sorted_again(scans: Scans, codes: Dictionaries) -> Scans:
    blocks: dict[str, list[NDArray[Any]]] = {
        "tube": [scans.tube.copy()],
        "at": [scans.at],
        "person": [scans.person],
        "attributes_id": [scans.attributes_id],
    }
    same = np.arange(codes.attribute_sets.height, dtype=np.uint32)
    laid, _ = sort_by_tube(blocks.__getitem__, len(codes.entities["tube"]), same, codes.person_bounds())
    return laid


def _packed(attribute_sets: pl.DataFrame) -> tuple[NDArray[np.int64], NDArray[np.uint64]]:
    """Pack each attribute set into 64 bits for `describe_tubes`; also give the distinct capacities, ascending.

    Raises
    ------
    TableError
        If there are more sites, points or capacities than fit (16 million sites).
    """
    facts = attribute_sets["mode"].to_numpy().astype(np.uint64)
    capacities = np.empty(0, np.int64)
    if "capacity" in attribute_sets.columns:
        given = attribute_sets["capacity"]
        capacities = given.drop_nulls().unique().sort().to_numpy()
        numbers = given.replace_strict(
            capacities, np.arange(1, len(capacities) + 1), default=0, return_dtype=pl.UInt64
        )
        facts |= numbers.fill_null(0).to_numpy() << np.uint64(1)
    for column, bit in (("site", 16), ("point", 40)):
        if column in attribute_sets.columns:
            numbers = (attribute_sets[column].cast(pl.UInt64) + 1).fill_null(0)
            facts |= numbers.to_numpy() << np.uint64(bit)
            _check_fits(column, int(numbers.max() or 0), _MOST_PLACES)  # type: ignore[arg-type]
    _check_fits("capacity", len(capacities), _MOST_CAPACITIES)
    return capacities, facts


def _check_fits(column: str, found: int, most: int) -> None:
    if found > most:
        raise TableError.of("too_many_values", where=f"collect.{column}", most=f"{most:,}")


def _settle_ties(queues: _TubeQueues, collects: pl.DataFrame, codes: Dictionaries) -> None:
    """Decide by the larger content where scans of one moment have different modes or places."""
    told = queues.told
    tied = np.flatnonzero(told.flags & kernels.TIED)
    if not len(tied):
        return
    events = collects.filter(collects["tube"].is_in(queues.tubes[tied]))
    ranked, names = with_tie_breaks(events, "collect", codes)
    ranked = codes.with_attributes(ranked)
    ranked = ranked.sort("at", *names, descending=[False, *[True] * len(names)])
    place = {int(tube): int(index) for index, tube in zip(tied, queues.tubes[tied], strict=True)}
    for column, target in (("mode", told.mode), ("site", told.site), ("point", told.point)):
        if column in ranked.columns:
            firsts = ranked.filter(pl.col(column).is_not_null()).unique(
                "tube", keep="first", maintain_order=True
            )
            where = firsts["tube"].replace_strict(place, return_dtype=pl.Int64).to_numpy()
            target[where] = firsts[column].to_numpy()


def _tables(queues: _TubeQueues, policy: Policy) -> Links:
    scans, offsets, told = queues.scans, queues.offsets, queues.told
    members = slice(0, scans.firsts)
    largest = np.append(queues.capacities, policy.pools.capacity)[told.capacity]
    at = scans.at[members]
    tubes = pl.DataFrame(
        {
            "tube": queues.tubes,
            "mode": told.mode,
            "capacity": np.where(told.mode == _SINGLE, 1, largest),
            "people": np.diff(offsets).astype(np.int32),
            "first_collected": at[offsets[:-1]],
            "last_collected": at[offsets[1:] - 1],
            "site": told.site,
            "point": told.point,
            "rescanned": (told.flags & kernels.RESCANNED) > 0,
            "several_points": (told.flags & kernels.DIFFERENT_POINTS) > 0,
            "mixed_mode": (told.flags & kernels.MIXED_MODE) > 0,
        }
    ).with_columns(_time("first_collected"), _time("last_collected"), _number("site"), _number("point"))
    seated = pl.DataFrame({"tube": scans.tube[members], "person": scans.person[members], "collected_at": at})
    return Links(seated.with_columns(_time("collected_at")), tubes, offsets)


def _time(column: str) -> pl.Expr:
    return pl.col(column).cast(TIME)


def _number(column: str) -> pl.Expr:
    return pl.when(pl.col(column) >= 0).then(pl.col(column)).cast(pl.UInt32).alias(column)


def _nobody() -> Links:
    members = pl.DataFrame(schema={"tube": pl.UInt32, "person": pl.Int64, "collected_at": TIME})
    tubes = pl.DataFrame(
        schema={
            "tube": pl.UInt32, "mode": pl.Int8, "capacity": pl.Int64, "people": pl.Int32,
            "first_collected": TIME, "last_collected": TIME, "site": pl.UInt32, "point": pl.UInt32,
            "rescanned": pl.Boolean, "several_points": pl.Boolean, "mixed_mode": pl.Boolean,
        }
    )  # fmt: skip
    return Links(members, tubes, np.zeros(1, np.int64))
