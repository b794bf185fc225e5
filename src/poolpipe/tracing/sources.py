"""The table `traces` of a day, coded: every link from its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import WELL_PLACES, people_renumbered
from poolpipe.coding.distinct import distinct_below
from poolpipe.tables import CALLS, LINKS, ROLES, TIME
from poolpipe.tracing.following import (
    AskedSources,
    Traces,
    follow_touched,
    hazards_of_positives,
    queue_reach_us,
)
from poolpipe.tracing.index import Touched, grouped, places_of
from poolpipe.tracing.people import number_people, with_strangers
from poolpipe.tracing.scores import InfectionEvidence
from poolpipe.tracing.selection import CitySeats, members_of, touched_seats

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy

__all__ = ["NO_HOMES", "Traces", "loads_as_sample", "source_tubes", "trace_sources", "with_splash"]

_PACKING = ("box", "packed_at", "picked_up_at", "received_at")
NO_HOMES = pl.DataFrame(schema={"person": pl.Int64, "household": pl.UInt32})


def source_tubes(pools: pl.DataFrame) -> NDArray[np.uint32]:
    """Collected tubes that are positive or suspect, ascending: they are recalled, or a single that is positive."""
    alarming = (pl.col("call") >= CALLS.index("suspect")) & pl.col("mode").is_not_null()
    return np.sort(pools.filter(alarming)["tube"].to_numpy()).astype(np.uint32)


def loads_as_sample(loads: pl.DataFrame) -> pl.DataFrame:
    """Loads of tubes that are no controls: tube, plate, well, at."""
    if "tube" not in loads.columns:
        return pl.DataFrame(schema={"tube": pl.UInt32, "plate": pl.UInt32, "well": pl.Int32, "at": TIME})
    sample = pl.col("role") == ROLES.index("sample") if "role" in loads.columns else pl.lit(value=True)
    return loads.filter(sample & pl.col("tube").is_not_null()).select("tube", "plate", "well", "at")


def trace_sources(
    pools: pl.DataFrame,
    members: pl.DataFrame,
    offsets: NDArray[np.int64],
    loads: pl.DataFrame,
    answers: pl.DataFrame,
    homes_of: Callable[[pl.Series], tuple[pl.DataFrame, pl.DataFrame] | None],
    codes: Dictionaries,
    policy: Policy,
    sources: NDArray[np.uint32] | None = None,
    hops: int | None = None,
    p_infected_of: Callable[[NDArray[np.int64]], NDArray[np.float64]] | None = None,
) -> Traces | None:
    """Walk from every source of a day, through an index of what the sources touch.

    Parameters
    ----------
    pools : DataFrame
        Coded, one row per tube, sorted.
    members : DataFrame
        tube, person (key), collected_at: sorted by tube and queue.
    offsets : (collected tubes + 1,) int64
        Where each collected tube's members begin.
    loads : DataFrame
        As `loads_as_sample` gives them.
    answers : DataFrame
        tube, person (key), answer: singles that answer the recall of a tube.
    homes_of : callable
        Gives the households of some people, with everybody in them: person (key), household, distinct rows; and person_type, person of
        those whose key is ``-1 - others - row``. None where no list names households.
    codes : Dictionaries
        Give rounds, and the order of people.
    policy : Policy
        Look-back, queue, weights.
    sources : (sources,) uint32, optional
        Collected tubes, ascending; by default those of `source_tubes`.
    hops : int, optional
        Most links; by default the policy's.
    p_infected_of : callable, optional
        Gives P(infected) of some rows of `members`; by default their column `p_infected`.

    Returns
    -------
    Traces or None
        None where there is no source.
    """
    positive = source_tubes(pools)
    asked = positive if sources is None else sources
    if not len(asked):
        return None
    # What explains an infection does not depend on who asks.
    tubes = np.union1d(positive, asked).astype(np.uint32)
    hops = policy.trace.hops if hops is None else hops
    collected = pools.filter(pl.col("mode").is_not_null())
    place = places_of(collected, codes.entities["tube"].rounds[collected["tube"].to_numpy()])
    city = CitySeats(members, collected, offsets, place)
    homes, strangers = homes_of(pl.Series(members_of(city, tubes))) or (NO_HOMES, codes.others.clear())
    codes, renumbered = with_strangers(codes, strangers)
    dwellers = homes["person"].to_numpy()
    rounds = len(np.unique(codes.entities["tube"].rounds[city.tubes]))
    chosen = touched_seats(city, tubes, dwellers, queue_reach_us(policy), hops)
    touched = _touched(
        pools, members[chosen], place, city.tubes, loads, answers, homes, asked, renumbered, codes
    )
    likely = members["p_infected"].to_numpy()[chosen] if p_infected_of is None else p_infected_of(chosen)
    numbers = touched.tubes
    alarms = _alarms(pools)[np.searchsorted(pools["tube"].to_numpy(), numbers)]
    evidence = InfectionEvidence(likely, codes.entities["tube"].rounds[numbers], alarms)

    def here(tubes: NDArray[np.uint32]) -> AskedSources:
        first = city.first[np.searchsorted(city.tubes, tubes)]
        return AskedSources(np.searchsorted(numbers, tubes).astype(np.uint32), first)

    hazards = hazards_of_positives(
        here(positive), members.height // rounds, policy, walked=sources is None and hops > 0
    )
    return Traces(codes, follow_touched(touched, evidence, here(asked), hops, policy, hazards).frame())


def with_splash(traced: Traces | None, splashed: pl.DataFrame | None) -> Traces | None:
    """Score the wells: the probability that splash from there explains the source's positive.

    Parameters
    ----------
    traced : Traces, optional
        As `trace_sources` gives them.
    splashed : DataFrame, optional
        source_tube, tube, posterior: of every source whose Ct is known, with the tube that explains it best, if any.

    Returns
    -------
    Traces or None
        The wells around a source without Ct keep the policy's score.
    """
    if traced is None or splashed is None:
        return traced
    read = pl.col("source_tube").is_in(splashed["source_tube"].unique().implode())
    pairs = splashed.filter(pl.col("tube").is_not_null())
    joined = traced.rows.join(pairs, on=["source_tube", "tube"], how="left", maintain_order="left")
    beside = (pl.col("kind") == LINKS.index("well")) & read
    score = pl.when(beside).then(pl.col("posterior").fill_null(0.0)).otherwise("score").alias("score")
    return Traces(traced.codes, joined.with_columns(score).drop("posterior"))


def _alarms(pools: pl.DataFrame) -> NDArray[np.int64]:
    """When each tube was called positive or suspect, microseconds; the largest number for others."""
    alarming = (pl.col("call") >= CALLS.index("suspect")) & pl.col("called_at").is_not_null()
    at = pl.when(alarming).then(pl.col("called_at").to_physical())
    return pools.select(at.fill_null(np.iinfo(np.int64).max)).to_series().to_numpy()


def _touched(
    pools: pl.DataFrame, seats: pl.DataFrame, place: NDArray[np.int64], collected: NDArray[np.uint32],
    loads: pl.DataFrame, answers: pl.DataFrame, homes: pl.DataFrame, sources: NDArray[np.uint32],
    renumbered: NDArray[np.int64], codes: Dictionaries,
) -> Touched:  # fmt: skip
    """Lay out touched seats with their tubes, the tubes of the sources' boxes and the wells of their plates."""
    every = pools["tube"].to_numpy()
    box = pools["box"].cast(pl.Int64).fill_null(-1).to_numpy()
    boxes = box[np.searchsorted(every, sources)]
    beside = every[_marked(boxes[boxes >= 0], box)]
    plate = loads["plate"].cast(pl.Int64).to_numpy()
    own_loads = _marked(sources.astype(np.int64), loads["tube"].cast(pl.Int64).to_numpy())
    near = loads[np.flatnonzero(_marked(plate[own_loads], plate))]
    parts = [seats["tube"].to_numpy(), beside, near["tube"].to_numpy()]
    tubes = distinct_below(np.concatenate([part.astype(np.int64) for part in parts]), int(every[-1]) + 1)
    own = pools.select(_PACKING)[np.searchsorted(every, tubes)]
    where = np.searchsorted(collected, tubes)
    there = collected[np.minimum(where, len(collected) - 1)] == tubes
    tube = np.searchsorted(tubes, seats["tube"].to_numpy())
    key = people_renumbered(seats["person"].to_numpy(writable=True), renumbered)
    asked = pl.DataFrame({"answer": seats["tube"], "person": key}).with_row_index("seat")
    told = answers.select(
        "tube",
        pl.Series("person", people_renumbered(answers["person"].to_numpy(writable=True), renumbered)),
        "answer",
    )
    told = told.filter(pl.col("tube").is_in(pl.Series(sources).implode())).join(
        asked, on=["answer", "person"]
    )
    recalled = np.searchsorted(tubes, told["tube"].to_numpy())
    slot = near["plate"].cast(pl.Int64) * WELL_PLACES + near["well"].cast(pl.Int64)
    places = np.where(there, place[np.minimum(where, len(place) - 1)], -1)
    queued = np.flatnonzero(places >= 0)
    people = number_people(
        key, people_renumbered(homes["person"].to_numpy(writable=True), renumbered), codes.person_bounds()
    )
    box, packed, picked, received = (
        own[name].to_physical().cast(pl.Int64).fill_null(-1).to_numpy(writable=True) for name in _PACKING
    )
    return Touched(
        tubes, places, box, packed, picked, received, np.flatnonzero(box >= 0), queued[grouped(places[queued])],
        tube, people.person, seats["collected_at"].to_physical().to_numpy(writable=True),
        people.keys, people.dwellers, homes["household"].cast(pl.Int64).to_numpy(),
        np.sort((recalled << 32) + told["seat"].to_numpy()),
        np.searchsorted(tubes, near["tube"].to_numpy()), slot.to_numpy(), near["at"].to_physical().to_numpy(),
    )  # fmt: skip


def _marked(wanted: NDArray[np.int64], numbers: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Whether each number, -1 for none, is among the wanted ones."""
    marks = np.zeros(int(max(numbers.max(initial=0), wanted.max(initial=0))) + 2, np.bool_)
    marks[wanted + 1] = True
    found: NDArray[np.bool_] = marks[numbers + 1]
    return found
