"""One hop from every positive: the walk, with its index and scores, against Polars and DuckDB on the same coded frames.

The peers find members, queues, other tubes and boxes; neither finds wells, nor scores anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import duckdb
import numpy as np
import polars as pl
import pytest

from poolpipe.stages.recalls import answers_to, recalled_people
from poolpipe.tables import CALLS, LINKS
from poolpipe.tracing.sources import loads_as_sample, trace_sources

if TYPE_CHECKING:
    from collections.abc import Callable

    from benchmarks.stages import Stages
    from poolpipe.tracing.sources import Traces

KINDS = ("member", "queue", "again", "box")
ALARMING = CALLS.index("suspect")
PLACE = ["site", "point"]
JOURNEY = ["box", "picked_up_at", "received_at"]

SQL = f"""
with source as (select tube as source, site, point, first_collected, box, picked_up_at, received_at
                from pools where call >= {ALARMING} and mode is not null),
seat as (select m.tube, m.person, m.collected_at, p.site, p.point,
                row_number() over (partition by p.site, p.point order by m.collected_at, m.tube, m.position) as rank
         from members m join pools p using (tube)),
own as (select source, seat.* from source join seat on seat.tube = source.source),
queue as (select own.source, near.tube, near.person from own join seat near
          on near.site is not distinct from own.site and near.point is not distinct from own.point
          and near.rank between own.rank - 20 and own.rank + 20
          where coalesce(own.site, own.point) is not null and near.tube <> own.tube
          and abs(epoch_us(near.collected_at) - epoch_us(own.collected_at)) <= 600000000),
again as (select own.source, seat.tube, seat.person from own join source using (source) join seat using (person)
          where seat.tube <> own.source and seat.collected_at >= source.first_collected - interval 3 days
          and not exists (from answers a where a.tube = own.source and a.person = seat.person and a.answer = seat.tube)),
box as (select source, p.tube from source s join pools p on p.box = s.box and p.picked_up_at is not distinct from s.picked_up_at
        and p.received_at is not distinct from s.received_at where p.tube <> source)
select 'member' as kind, count(*) as n from own union all
select 'queue', count(*) from (select distinct * from queue) union all
select 'again', count(*) from (select distinct * from again) union all
select 'box', count(*) from box
"""


@pytest.fixture(scope="session")
def given(stages: Stages) -> dict[str, pl.DataFrame]:
    """Coded frames, made once."""
    recalled = recalled_people(stages.pools, stages.links, stages.policy)
    answers = answers_to(recalled, stages.pools, stages.links, stages.frames["collect"], stages.events.codes)
    members = stages.links.members
    return {
        "pools": stages.pools,
        "members": members.with_columns(pl.int_range(pl.len()).alias("position")),
        "answers": answers.select("tube", "person", "answer").unique(),
    }


def ours(stages: Stages, given: dict[str, pl.DataFrame]) -> Traces | None:
    return trace_sources(
        stages.pools, stages.links.members, stages.links.offsets, loads_as_sample(stages.frames["load"]), given["answers"],
        lambda _: None, stages.events.codes, stages.policy, hops=1, p_infected_of=lambda rows: np.zeros(len(rows)),
    )  # fmt: skip


def polars(given: dict[str, pl.DataFrame]) -> dict[str, int]:
    """Links of each kind that the query finds."""
    pools, members = given["pools"].lazy(), given["members"].lazy()
    source = pools.filter((pl.col("call") >= ALARMING) & pl.col("mode").is_not_null())
    seats = members.join(pools.select("tube", *PLACE), on="tube").sort(
        *PLACE, "collected_at", "tube", "position"
    )
    seats = seats.with_columns(pl.int_range(pl.len()).over(PLACE).alias("rank"))
    own = seats.join(source.select("tube", "first_collected"), on="tube").rename({"tube": "source"})
    steps = pl.LazyFrame({"step": [step for step in range(-20, 21) if step]})
    beside = own.join(steps, how="cross").with_columns(pl.col("rank") + pl.col("step"))
    queue = beside.join(seats, on=[*PLACE, "rank"], nulls_equal=True).filter(
        pl.coalesce(PLACE).is_not_null()
        & (pl.col("tube") != pl.col("source"))
        & ((pl.col("collected_at_right") - pl.col("collected_at")).abs() <= pl.duration(minutes=10))
    )
    again = own.join(
        members.select("tube", "person", pl.col("collected_at").alias("at")), on="person"
    ).filter(
        (pl.col("tube") != pl.col("source"))
        & (pl.col("at") >= pl.col("first_collected") - pl.duration(days=3))
    )
    answers = given["answers"].lazy().rename({"tube": "source", "answer": "tube"})
    again = again.join(answers, on=["source", "person", "tube"], how="anti")
    box = source.filter(pl.col("box").is_not_null()).join(pools, on=JOURNEY, nulls_equal=True)
    box = box.filter(pl.col("tube") != pl.col("tube_right"))
    link = ["source", "tube", "person"]
    found = pl.collect_all(
        [
            own.select(pl.len()),
            queue.select("source", "tube", pl.col("person_right").alias("person"))
            .unique(link)
            .select(pl.len()),
            again.unique(link).select(pl.len()),
            box.select(pl.len()),
        ]
    )
    return {kind: int(count.item()) for kind, count in zip(KINDS, found, strict=True)}


def sql(given: dict[str, pl.DataFrame]) -> dict[str, int]:
    """The same in DuckDB."""
    with duckdb.connect() as database:
        for name, frame in given.items():
            database.register(name, frame.to_arrow())
        return dict(database.execute(SQL).fetchall())


def counts(traced: Traces | None) -> dict[str, int]:
    assert traced is not None, "a simulated city has positives"
    found = traced.rows.group_by("kind").len()
    told = {LINKS[kind]: count for kind, count in found.iter_rows()}
    return {kind: told.get(kind, 0) for kind in KINDS}


@pytest.mark.benchmark(group="trace: one hop from every positive")
class BenchTrace:
    def bench_trace(self, speed: Callable[..., Any], stages: Stages, given: dict[str, pl.DataFrame]) -> None:
        counts(speed("trace", len(stages.links.members), lambda: ours(stages, given)))

    def bench_polars(self, speed: Callable[..., Any], stages: Stages, given: dict[str, pl.DataFrame]) -> None:
        found = speed("polars", len(stages.links.members), lambda: polars(given))
        assert found == counts(ours(stages, given))

    def bench_duckdb(self, speed: Callable[..., Any], stages: Stages, given: dict[str, pl.DataFrame]) -> None:
        found = speed("duckdb", len(stages.links.members), lambda: sql(given))
        assert found == counts(ours(stages, given))
