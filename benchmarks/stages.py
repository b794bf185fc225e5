"""The stages of one city's day, each with what it needs, for the suite to time one at a time."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from benchmarks.peers import polars_peer
from benchmarks.peers.events import COLUMNS
from poolpipe.events import Events, read_events
from poolpipe.stages.anomalies import Seen, people_in_several_tubes
from poolpipe.stages.calls import Calls, call
from poolpipe.stages.clocks import read_clocks
from poolpipe.stages.custody import Custody, keep_custody
from poolpipe.stages.links import Links, link
from poolpipe.stages.pools import gather_pools
from poolpipe.stages.recalls import answers_to, open_recalls, recalled_people
from poolpipe.stages.voids import latest_at, standing_events

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from poolpipe.policy import Policy
    from poolpipe.stages.voids import Standing


@dataclass
class Stages:
    """A day taken apart: what each stage gives is made once, when a later one first asks for it."""

    folder: Path
    policy: Policy

    @cached_property
    def events(self) -> Events:
        return read_events(self.folder, self.policy)

    @cached_property
    def as_of(self) -> datetime:
        moment = latest_at(self.events.frames)
        assert moment is not None, "a simulated city has events"
        return moment

    @cached_property
    def standing(self) -> Standing:
        return standing_events(self.events.frames, self.events.codes, self.as_of)

    @property
    def frames(self) -> Mapping[str, pl.DataFrame]:
        return self.standing.frames

    def link(self) -> Links:
        return link(self.frames["collect"], self.events.codes, self.policy)

    def keep_custody(self) -> Custody:
        return keep_custody(self.frames, self.events.codes)

    def call(self) -> Calls:
        return call(self.frames, self.events.codes, self.policy)

    def gather_pools(self) -> pl.DataFrame:
        return gather_pools(self.links, self.custody, self.calls)

    def open_recalls(self) -> pl.DataFrame:
        frames, codes = self.frames, self.events.codes
        recalled = recalled_people(self.pools, self.links, self.policy)
        answers = answers_to(recalled, self.pools, self.links, frames["collect"], codes)
        return open_recalls(recalled, answers, self.as_of)

    def people_in_several_tubes(self) -> pl.DataFrame:
        return people_in_several_tubes(self.links.tubes, self.links.members, self.events.codes)

    @cached_property
    def links(self) -> Links:
        return self.link()

    @cached_property
    def custody(self) -> Custody:
        return self.keep_custody()

    @cached_property
    def calls(self) -> Calls:
        return self.call()

    @cached_property
    def pools(self) -> pl.DataFrame:
        return self.gather_pools()

    @cached_property
    def seen(self) -> Seen:
        """Everything the anomalies are found in."""
        recalls, clocks = self.open_recalls(), read_clocks(self.pools, self.policy, self.as_of, ())
        return Seen(
            self.frames, self.events.codes, self.pools, self.links.members, self.custody, self.calls, recalls, clocks,
            self.people_in_several_tubes(), self.standing.unknown_voids, self.standing.conflicts,
            self.policy.codes.plate_wells,
        )  # fmt: skip

    @cached_property
    def texts(self) -> dict[str, pl.LazyFrame]:
        """The same events in memory as the Polars peer has them, so that reading is not timed twice."""
        return {kind: polars_peer.scan(self.folder, kind).collect().lazy() for kind in COLUMNS}

    @cached_property
    def people(self) -> pl.LazyFrame:
        """The Polars peer's members."""
        return polars_peer.members(self.texts["collect"]).collect().lazy()

    @cached_property
    def wells(self) -> pl.LazyFrame:
        """The Polars peer's wells."""
        return polars_peer.judged_wells(self.texts["load"], self.texts["read"]).collect().lazy()

    @cached_property
    def tubes(self) -> pl.LazyFrame:
        """The Polars peer's pools."""
        calls = polars_peer.tube_calls(self.wells, self.texts["report"])
        return polars_peer.tubes(self.texts, self.people, calls).collect().lazy()
