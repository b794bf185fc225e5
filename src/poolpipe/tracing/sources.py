"""The table `traces` of a day, coded: every link from its sources."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.tables import CALLS, LINKS, ROLES, TIME
from poolpipe.tracing.index import TraceIndex, index_seats, index_tubes, places_of
from poolpipe.tracing.people import with_strangers
from poolpipe.tracing.scores import InfectionEvidence, score_links
from poolpipe.tracing.selection import CitySeats, members_of, touched_seats
from poolpipe.tracing.walk import WalkLimits, walk_from

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy
    from poolpipe.tracing.index import TubeIndex

__all__ = ["Traces", "loads_as_sample", "source_tubes", "trace_sources", "with_splash"]

_NO_HOMES = pl.DataFrame(schema={"person": pl.Int64, "household": pl.UInt32})


class Traces(NamedTuple):
    """Links from sources, coded.

    Attributes
    ----------
    codes : Dictionaries
        Of the events, with the people of households who do not occur in them.
    rows : DataFrame
        As `walk.walk_from` gives them, with `score`.
    """

    codes: Dictionaries
    rows: pl.DataFrame


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
    tubes = np.union1d(positive, asked).astype(
        np.uint32
    )  # what explains an infection does not depend on who asks
    rules = policy.trace
    hops = rules.hops if hops is None else hops
    collected = pools.filter(pl.col("mode").is_not_null())
    place = places_of(collected, codes.entities["tube"].rounds[collected["tube"].to_numpy()])
    city = CitySeats(members, collected, offsets, place)
    homes, strangers = homes_of(pl.Series(members_of(city, tubes))) or (_NO_HOMES, codes.others.clear())
    codes, renumbered = with_strangers(codes, strangers)
    dwellers = homes["person"].to_numpy()
    queue_us = round(rules.queue_minutes * 60_000_000)
    round_of = codes.entities["tube"].rounds
    rounds = len(np.unique(round_of[city.tubes]))
    chosen = touched_seats(city, tubes, dwellers, queue_us, hops)
    touched = members[chosen]
    numbered = len(codes.entities["tube"])
    places = np.full(numbered, -1, np.int64)
    places[city.tubes] = place
    seats = index_seats(
        _renumbered(touched, renumbered), numbered, places, _renumbered(homes, renumbered),
        _renumbered(answers, renumbered), codes.person_bounds(),
    )  # fmt: skip
    index = TraceIndex(seats, _touched_tubes(pools, loads, asked, numbered))

    def walk(sources: NDArray[np.uint32], hops: int) -> pl.DataFrame:
        first = city.first[np.searchsorted(city.tubes, sources)]
        since = first - round(rules.look_back_days * 86_400_000_000)
        limits = WalkLimits(queue_us, rules.queue_scans, hops, policy.codes.plate_wells)
        return walk_from(index, sources, since, limits)

    rows = walk(asked, hops)
    met = rows if sources is None and hops else walk(positive, 1)
    likely = members["p_infected"].to_numpy()[chosen] if p_infected_of is None else p_infected_of(chosen)
    evidence = InfectionEvidence(likely, round_of, _alarms(pools, numbered), members.height // rounds)
    score = pl.Series("score", score_links(rows, met, seats, evidence, rules)).fill_nan(None)
    box = pools["box"].gather(np.searchsorted(pools["tube"].to_numpy(), rows["source_tube"].to_numpy()))
    return Traces(codes, rows.drop("seat", "person_number").with_columns(box.alias("via_box"), score))


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


def _alarms(pools: pl.DataFrame, numbered: int) -> NDArray[np.int64]:
    """When each tube was called positive or suspect, microseconds; the largest number for others."""
    alarming = pools.filter(pl.col("call") >= CALLS.index("suspect")).drop_nulls("called_at")
    alarmed_at = np.full(numbered, np.iinfo(np.int64).max)
    alarmed_at[alarming["tube"].to_numpy()] = alarming["called_at"].to_physical().to_numpy()
    return alarmed_at


def _renumbered(frame: pl.DataFrame, keys: NDArray[np.int64]) -> pl.DataFrame:
    """Give people with other documents their new keys."""
    person = frame["person"].to_numpy(writable=True)
    other = person < 0
    person[other] = keys[-1 - person[other]]
    return frame.with_columns(pl.Series("person", person))


def _touched_tubes(
    pools: pl.DataFrame, loads: pl.DataFrame, sources: NDArray[np.uint32], numbered: int
) -> TubeIndex:
    """Index the tubes of the sources' boxes, and the wells of their plates."""
    chosen = pl.Series(sources).implode()
    boxes = pools.filter(pl.col("tube").is_in(chosen))["box"].drop_nulls().unique().implode()
    plates = loads.filter(pl.col("tube").is_in(chosen))["plate"].unique().implode()
    return index_tubes(
        pools.filter(pl.col("box").is_in(boxes)), loads.filter(pl.col("plate").is_in(plates)), numbered
    )
