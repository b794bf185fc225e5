"""A day's events taken as far as `pools`, by the stages and by the naive reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import polars as pl

from poolpipe.coding.dictionaries import well_names
from poolpipe.policy import Policy
from poolpipe.stages.calls import call
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.links import Links, link
from poolpipe.stages.pools import gather_pools
from poolpipe.tables import CALLS, MODES, STATES
from reference.cleaning import DEFAULT_POLICY
from reference.day import Day
from stages.coded import Coded, coded

if TYPE_CHECKING:
    from datetime import datetime

    from stages.coded import Event

Row = dict[str, Any]


class Concluded(NamedTuple):
    """Tubes and members, and what their numbers stand for."""

    pools: pl.DataFrame
    links: Links
    made: Coded

    def texts(self, frame: pl.DataFrame) -> list[Row]:
        """Rows of a coded frame as the result tables write them."""
        codes = self.made.codes
        told = dict(zip(("round", "tube"), codes.entity("tube", frame["tube"]), strict=True))
        for name in ("box", "plate"):
            if name in frame.columns:
                told[name] = codes.entity(name, frame[name])[1]
        for name in ("site", "point", "lab", "recall_of"):
            if name in frame.columns:
                told[name] = codes.text(name, frame[name])
        for name, words in (("mode", MODES), ("call", CALLS), ("state", STATES), ("outcome", CALLS)):
            if name in frame.columns:
                told[name] = pl.Series(name, words).gather(frame[name])
        if "well" in frame.columns:
            told["well"] = well_names(frame["well"], 96)
        if "single_tube" in frame.columns:
            single = codes.entity("tube", frame["single_tube"])
            told |= dict(zip(("single_round", "single_tube"), single, strict=True))
        if "person" in frame.columns:
            told |= dict(zip(("person_type", "person"), codes.person(frame["person"]), strict=True))
        return frame.with_columns(column.alias(name) for name, column in told.items()).to_dicts()


def concluded(events: list[Event]) -> Concluded:
    made = coded(events)
    frames, codes = made
    links = link(frames["collect"], codes, Policy())
    pools = gather_pools(links, keep_custody(frames, codes), call(frames, codes, Policy()))
    return Concluded(pools, links, made)


def expected(events: list[Event], as_of: datetime | None = None) -> Day:
    """The same by the reference, which changes events: it is given copies."""
    return Day([dict(each) for each in events], DEFAULT_POLICY, as_of)
