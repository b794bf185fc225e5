"""Random small campaigns that come in batches, and every table of `Live` beside that of a run after each of them."""

from __future__ import annotations

import random
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.events import read_events
from poolpipe.live import Live
from poolpipe.live.tables import BULK, LIVE
from poolpipe.pipeline import conclude
from poolpipe.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    import poolpipe
    from poolpipe.events.reading import Events
    from poolpipe.live import Changes
    from poolpipe.live.neighbourhood import NeighbourhoodLimits
    from poolpipe.live.tables import LiveTables

RECALL_KEYS = ["round", "tube", "person_type", "person"]
CARRIED = ("p_infected", "p_false_positive", "rank")
"""Columns that follow from round to round through a whole city."""


@dataclass
class Batches:
    """A campaign's events, each with the number of the batch in which it comes."""

    events: Events
    of: dict[str, NDArray[np.int64]]
    count: int

    def some(self, first: int, last: int) -> Events:
        """What comes in the batches from `first` up to `last`."""

        def kept(name: str, frame: pl.DataFrame) -> pl.DataFrame:
            number = pl.Series(self.of[name], dtype=pl.Int64)
            return frame.filter((number >= first) & (number < last))

        return replace(
            self.events,
            frames={kind: kept(kind, frame) for kind, frame in self.events.frames.items()},
            rejects=kept("rejects", self.events.rejects),
            rejected_loads=kept("rejected_loads", self.events.rejected_loads),
            files=[],
        )


def batches(seed: int, size: str) -> Batches:
    """Cut a random city into batches: by time with one event in ten at any time, or at random, some of it there before."""
    rng = random.Random(seed)
    events = read_events(frames_of(city(seed, size=size)), Policy())
    count = rng.choice([2, 3, 4, 6])
    begin = rng.choice([0.0, 0.5, 0.9])
    times = [frame["at"].cast(pl.Int64).to_numpy() for frame in events.frames.values() if frame.height]
    cuts = np.quantile(np.concatenate(times), np.arange(1, count) / count) if times else np.empty(0)
    by_time = rng.random() < 0.5
    of: dict[str, NDArray[np.int64]] = {}
    for name, frame in [
        *events.frames.items(),
        ("rejects", events.rejects),
        ("rejected_loads", events.rejected_loads),
    ]:
        anywhere = [0 if rng.random() < begin else rng.randrange(count) for _ in range(frame.height)]
        of[name] = np.array(anywhere, np.int64)
        if by_time and name in events.frames and frame.height:
            late = np.array([rng.random() < 0.1 for _ in range(frame.height)])
            placed = np.searchsorted(cuts, frame["at"].cast(pl.Int64).to_numpy(), side="right")
            of[name] = np.where(late, of[name], placed)
    return Batches(events, of, count)


def followed(
    cut: Batches, limits: NeighbourhoodLimits | None = None, *, whole: bool = False
) -> Iterator[tuple[Changes, LiveTables, poolpipe.Day]]:
    """Take batch after batch in: what changed, the tables then, and what a run concludes from the events so far.

    With `whole` the tables of the whole city are those of that version, too.
    """
    live = Live(cut.some(0, 1), Policy(), limits=limits)
    for number in range(1, cut.count):
        changes = live.apply(cut.some(number, number + 1))
        if whole:
            live.refresh()
        yield changes, live.tables, conclude(cut.some(0, number + 1), Policy())


def unlike(tables: LiveTables, day: poolpipe.Day) -> list[str]:
    """Live tables that are not the run's, with the first row of each that is in one of them only."""
    found = []
    is_whole = tables.bulk_version == tables.version and tables.bulk_as_of == tables.as_of
    for name in (*LIVE, *(BULK if is_whole else ())):
        mine, theirs = tables.table(name), day.table(name)
        if len(tables.doubtful) and name in ("pools", "members", "recalls"):
            found += _unlike(
                f"{name} without the doubtful", *(_sure(tables, each) for each in (mine, theirs))
            )
            mine, theirs = (_told(each) for each in (mine, theirs))
        found += _unlike(name, mine, theirs)
    return found


def _unlike(name: str, mine: pl.DataFrame, theirs: pl.DataFrame) -> list[str]:
    if mine.equals(theirs):
        return []
    own = [
        one.join(other, on=one.columns, how="anti", nulls_equal=True)
        for one, other in ((mine, theirs), (theirs, mine))
    ]
    return [f"{name}: live {own[0].head(1).to_dicts()}, run {own[1].head(1).to_dicts()}"]


def _sure(tables: LiveTables, table: pl.DataFrame) -> pl.DataFrame:
    rounds, tubes = tables.codes.entity("tube", pl.Series(tables.doubtful))
    rest = table.join(pl.DataFrame([rounds, tubes]), on=["round", "tube"], how="anti", maintain_order="left")
    return _told(rest) if "rank" in table.columns else rest


def _told(table: pl.DataFrame) -> pl.DataFrame:
    """Without what is carried on from round to round; in an order that does not rest on it."""
    return table.drop(CARRIED, strict=False).sort([name for name in RECALL_KEYS if name in table.columns])
