"""Coverage: how much of the residents' list each round has reached, against the city's two deadlines."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.tables import CALLS, TIME

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Clocks

__all__ = ["cover_people"]

_INVALID = CALLS.index("invalid")
_REACHED = [
    ("round", pl.UInt32()),
    ("collected", pl.Int64()),
    ("reported", pl.Int64()),
    ("half_at", TIME),
    ("all_at", TIME),
]
_NEVER = np.iinfo(np.int64).max
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def cover_people(
    pools: pl.DataFrame,
    members: pl.DataFrame,
    residents: NDArray[np.int64],
    people: int,
    codes: Dictionaries,
    clocks: Clocks,
    as_of: datetime,
) -> pl.DataFrame:
    """Count the people of the list who were collected and who have a result, round by round.

    Parameters
    ----------
    pools, members : DataFrame
        Coded.
    residents : (n,) int64
        Keys of the people on the list, as in `members`, sorted, each once.
    people : int
        How many are on the list, including those whose document does not occur in the events.
    codes : Dictionaries
        Give each tube's round.
    clocks : Clocks
        `city_half` and `city_all`, hours from a round's first swab.
    as_of : datetime
        The time as of which the day is seen.

    Returns
    -------
    DataFrame
        One row per round in which somebody was collected: round, people (on the list), collected, reported,
        started_at, half_due, half_at (when half of the list had results; null: not yet), half_late, all_due,
        all_at, all_late.
    """
    due = {
        f"{name}_due": pl.col("started_at") + pl.duration(microseconds=round(hours * 3_600_000_000))
        for name, hours in (("half", clocks.city_half), ("all", clocks.city_all))
    }
    late = {
        f"{name}_late": pl.coalesce(f"{name}_at", pl.lit(as_of, TIME)) > pl.col(f"{name}_due")
        for name in ("half", "all")
    }
    return (
        _starts(pools, codes)
        .join(_reached(pools, members, residents, people, codes), on="round", how="left")
        .with_columns(
            pl.col("collected", "reported").fill_null(0), pl.lit(people, pl.Int64).alias("people"), **due
        )
        .with_columns(**late)
        .sort("round")
        .select(
            "round", "people", "collected", "reported", "started_at",
            "half_due", "half_at", "half_late", "all_due", "all_at", "all_late",
        )
    )  # fmt: skip


def _reached(
    pools: pl.DataFrame, members: pl.DataFrame, residents: NDArray[np.int64], people: int, codes: Dictionaries
) -> pl.DataFrame:
    """Per round: collected and reported residents, and when half and all of the list had results."""
    rounds = codes.entities["tube"].rounds
    called = np.full(len(rounds), _NEVER)
    results = pools.filter(pl.col("call").fill_null(_INVALID) != _INVALID)
    called[results["tube"].to_numpy()] = results["called_at"].to_physical().to_numpy()
    person, tube = members["person"].to_numpy(), members["tube"].to_numpy()
    # both are sorted: the list and the seats of a city are each read once, in order
    order = np.argsort(person)
    person, tube = person[order], tube[order]
    place = np.minimum(np.searchsorted(residents, person), max(len(residents) - 1, 0))
    listed = np.flatnonzero(residents[place] == person) if len(residents) else np.empty(0, np.int64)
    person, tube = person[listed], tube[listed]
    rows = []
    for number in np.unique(rounds[tube]).tolist():
        mine = rounds[tube] == number
        begins = np.flatnonzero(np.diff(person[mine], prepend=person[mine][0] - 1))
        first = np.minimum.reduceat(called[tube[mine]], begins)
        ordered = np.sort(first[first < _NEVER])
        rows.append((number, len(first), len(ordered), _nth(ordered, -(-people // 2)), _nth(ordered, people)))
    return pl.DataFrame(rows, schema=_REACHED, orient="row")


def _nth(ordered: NDArray[np.int64], n: int) -> datetime | None:
    """Time of the n-th result; None while there are fewer."""
    return None if len(ordered) < n else _EPOCH + timedelta(microseconds=int(ordered[n - 1]))


def _starts(pools: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """First swab of every round."""
    collected = pools.filter(pl.col("mode").is_not_null())
    rounds = codes.entities["tube"].rounds[collected["tube"].to_numpy()]
    return (
        pl.DataFrame({"round": rounds, "started_at": collected["first_collected"]})
        .group_by("round")
        .agg(pl.col("started_at").min())
    )
