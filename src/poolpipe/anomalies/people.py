"""What is wrong with people: numbers that cannot be, and people in two tubes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.anomalies.rows import NOTHING, rows
from poolpipe.codes import RESIDENT
from poolpipe.equals import rows_not_alone
from poolpipe.tables import ANOMALIES, MODES
from poolpipe_kernels import codes as kernels
from poolpipe_kernels import groups

if TYPE_CHECKING:
    from poolpipe.anomalies.rows import Seen
    from poolpipe.codes import Codes

__all__ = ["of_people", "people_in_two_tubes"]

_POOL = MODES.index("pool")


def of_people(seen: Seen) -> list[pl.DataFrame]:
    """Find `bad_person_id` and `person_in_two_tubes`."""
    return [_bad_ids(seen), _doubles(seen)]


def people_in_two_tubes(pools: pl.DataFrame, members: pl.DataFrame, codes: Codes) -> pl.DataFrame:
    """Find people who sit in several pool tubes of one round.

    Returns
    -------
    DataFrame
        Their seats, coded: round, person, tube, collected_at.
    """
    tube, person = members["tube"].to_numpy(), members["person"].to_numpy()
    rounds = codes.entities["tube"].rounds
    mode = np.full(len(rounds), -1, np.int8)
    mode[pools["tube"].to_numpy()] = pools["mode"].fill_null(-1).to_numpy()
    pooled = np.flatnonzero(mode[tube] == _POOL)
    hashes = np.zeros(len(pooled), np.uint64)
    groups.mix(hashes, person[pooled].view(np.uint64) + np.uint64(1), np.uint64(1))
    if len(codes.texts["round"]) > 1:
        groups.mix(hashes, rounds[tube[pooled]].astype(np.uint64), np.uint64(2))
    seats = members[pooled[rows_not_alone(hashes)]]
    seats = seats.with_columns(pl.Series("round", rounds).gather(seats["tube"]))
    several = pl.col("tube").n_unique().over("round", "person") > 1
    return seats.filter(several).select("round", "person", "tube", "collected_at")


def _bad_ids(seen: Seen) -> pl.DataFrame:
    keys = seen.members["person"].to_numpy()
    hold = np.empty(len(keys), np.bool_)
    kernels.resident_ids_hold(keys, hold)
    bad = seen.members[np.flatnonzero(~hold)]
    other = -1 - bad["person"].to_numpy()
    resident = (seen.codes.others["person_type"] == RESIDENT).to_numpy()
    wrong = np.ones(bad.height, np.bool_)
    wrong[other >= 0] = resident[other[other >= 0]]
    bad = bad.filter(wrong)
    rounds, _ = seen.codes.entity("tube", bad["tube"])
    types, numbers = seen.codes.person(bad["person"])
    subjects = pl.DataFrame({"round": rounds, "subject": types + ":" + numbers, "at": bad["collected_at"]})
    facts = pl.lit(ANOMALIES["bad_person_id"].meaning + " (GB 11643)").alias("facts")
    once = subjects.sort("at").unique(["round", "subject"], keep="first", maintain_order=True)
    return rows("bad_person_id", once.with_columns(facts))


def _doubles(seen: Seen) -> pl.DataFrame:
    if seen.doubles.is_empty():
        return rows("person_in_two_tubes", NOTHING)
    _, tubes = seen.codes.entity("tube", seen.doubles["tube"])
    people = (
        seen.doubles.with_columns(tubes.alias("tube"))
        .sort("collected_at", "tube")
        .group_by("round", "person", maintain_order=True)
        .agg(pl.col("tube").unique(maintain_order=True), pl.col("collected_at").last().alias("at"))
    )
    types, numbers = seen.codes.person(people["person"])
    facts = pl.format("in the pool tubes {} of one round", pl.col("tube").list.join(", "))
    rounds = seen.codes.text("round", people["round"])
    subjects = people.select(rounds, (types + ":" + numbers).alias("subject"), "at", facts.alias("facts"))
    return rows("person_in_two_tubes", subjects)
