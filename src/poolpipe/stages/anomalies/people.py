"""Anomalies of people: invalid document numbers, and people in two tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import RESIDENT
from poolpipe.stages.anomalies.rows import NOTHING, facts, rows
from poolpipe.tables import MODES
from poolpipe_kernels import codes as kernels
from poolpipe_kernels import duplicate_people

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.stages.anomalies.rows import Seen

__all__ = ["of_people", "people_in_several_tubes", "people_in_two_tubes"]

_POOL = MODES.index("pool")
_BLOCK = 1 << 18
"""Seats whose numbers are checked at a time."""


def of_people(seen: Seen) -> list[pl.DataFrame]:
    """Find `bad_person_id` and `person_in_two_tubes`."""
    return [_bad_ids(seen), _doubles(seen)]


def people_in_several_tubes(tubes: pl.DataFrame, members: pl.DataFrame, codes: Dictionaries) -> pl.DataFrame:
    """Find people who sit in several tubes of one round, of whatever mode.

    Parameters
    ----------
    tubes, members : DataFrame
        Coded: of collected tubes tube and mode, of their seats tube, person, collected_at.
    codes : Dictionaries
        Dictionaries of the events, which give each tube's round.

    Returns
    -------
    DataFrame
        Their seats, coded: round, person, tube, collected_at, pooled (whether the tube is a pool).
    """
    rounds = codes.entities["tube"].rounds
    seats = members[_suspected_seats(members, rounds)]
    pooled = np.zeros(len(rounds), np.bool_)
    pooled[tubes.select(pl.col("tube").filter(pl.col("mode") == _POOL)).to_series().to_numpy()] = True
    seats = seats.with_columns(
        pl.Series("round", rounds)[seats["tube"]],
        pl.Series("pooled", pooled[seats["tube"].to_numpy()]),
    )
    several = pl.col("tube").n_unique().over("round", "person") > 1
    return seats.filter(several).select("round", "person", "tube", "collected_at", "pooled")


def people_in_two_tubes(seats: pl.DataFrame) -> pl.DataFrame:
    """Select from the seats of `people_in_several_tubes` those of people in several pool tubes of one round."""
    pooled = seats.filter("pooled")
    return pooled.filter(pl.col("tube").n_unique().over("round", "person") > 1)


def _suspected_seats(members: pl.DataFrame, rounds: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Find seats whose person may have another one in the round, ascending."""
    any_tube = np.ones(len(rounds), np.bool_)
    seats = members["tube"].to_numpy(), members["person"].to_numpy(), any_tube, rounds
    begins = np.zeros((1 << duplicate_people.PART_BITS) + 1, np.int64)
    duplicate_people.count_parts(*seats, begins)
    suspects = np.empty(members.height, np.uint64)  # the system allocates pages only where they are written
    suspects = suspects[: duplicate_people.find_suspects(*seats, begins, suspects)]
    found = np.empty(2 * len(suspects), np.uint32)
    return found[: duplicate_people.seats_of_suspects(*seats, suspects, found)]


def _bad_ids(seen: Seen) -> pl.DataFrame:
    bad = seen.members[_unsound_seats(seen.members["person"].to_numpy())]
    other = -1 - bad["person"].to_numpy()
    resident = (seen.codes.others["person_type"] == RESIDENT).to_numpy()
    wrong = np.ones(bad.height, np.bool_)
    wrong[other >= 0] = resident[other[other >= 0]]
    bad = bad.filter(wrong)
    rounds, _ = seen.codes.entity("tube", bad["tube"])
    types, numbers = seen.codes.person(bad["person"])
    subjects = pl.DataFrame({"round": rounds, "subject": types + ":" + numbers, "at": bad["collected_at"]})
    told = facts("bad_person_id").alias("facts")
    once = subjects.sort("at").unique(["round", "subject"], keep="first", maintain_order=True)
    return rows("bad_person_id", once.with_columns(told))


def _unsound_seats(keys: NDArray[np.int64]) -> NDArray[np.int64]:
    """Find seats without a valid resident ID, block by block in one small array."""
    hold = np.empty(_BLOCK, np.bool_)
    found = [np.empty(0, np.int64)]
    for begin in range(0, len(keys), _BLOCK):
        block = keys[begin : begin + _BLOCK]
        kernels.resident_ids_hold(block, hold)
        found.append(begin + np.flatnonzero(~hold[: len(block)]))
    return np.concatenate(found)


def _doubles(seen: Seen) -> pl.DataFrame:
    doubles = people_in_two_tubes(seen.several)
    if doubles.is_empty():
        return rows("person_in_two_tubes", NOTHING)
    _, tubes = seen.codes.entity("tube", doubles["tube"])
    people = (
        doubles.with_columns(tubes.alias("tube"))
        .sort("collected_at", "tube")
        .group_by("round", "person")
        .agg(pl.col("tube").unique(maintain_order=True), pl.col("collected_at").last().alias("at"))
    )
    types, numbers = seen.codes.person(people["person"])
    told = facts("person_in_two_tubes", tubes=pl.col("tube").list.join(", "))
    rounds = seen.codes.text("round", people["round"])
    subjects = people.select(rounds, (types + ":" + numbers).alias("subject"), "at", told.alias("facts"))
    return rows("person_in_two_tubes", subjects)
