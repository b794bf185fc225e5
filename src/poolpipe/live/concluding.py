"""Conclude a neighbourhood: the pipeline's own stages in the pipeline's order, without those that ask of a whole city."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.events.rejected_loads import known_at
from poolpipe.stages.anomalies import Seen, find_anomalies, people_in_several_tubes
from poolpipe.stages.calls import call, with_collected_controls
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.links import link
from poolpipe.stages.pools import gather_pools
from poolpipe.stages.probabilities import infection_probabilities
from poolpipe.stages.recalls import answers_to, find_cases, open_recalls, recalled_people
from poolpipe.stages.voids import standing_events

if TYPE_CHECKING:
    from datetime import datetime

    import numpy as np
    from numpy.typing import NDArray

    from poolpipe.live.localising import LocalEvents
    from poolpipe.policy import Policy

__all__ = ["NO_CLOCKS", "ConcludedTubes", "conclude_tubes"]

NO_CLOCKS = pl.DataFrame(
    schema={
        "tube": pl.UInt32, "site": pl.UInt32, "last_collected": pl.Datetime("us", "UTC"),
        **dict.fromkeys(("room_temperature", "cold_store", "result", "pickup"), pl.Duration("us")),
    }
)  # fmt: skip
"""Clocks are settled when they are read (`settled`)."""


@dataclass(frozen=True, slots=True)
class ConcludedTubes:
    """What follows from some events, coded as they are.

    Attributes
    ----------
    pools : DataFrame
        As `stages.pools`, with p_false_positive.
    members : DataFrame
        tube, person, collected_at, p_infected: tube by tube in queue order.
    recalls : DataFrame
        As `open_recalls`, with p_infected; without rank.
    cases : DataFrame
        As `find_cases`.
    anomalies : DataFrame
        As `find_anomalies`, texts; none of clocks.
    """

    pools: pl.DataFrame
    members: pl.DataFrame
    recalls: pl.DataFrame
    cases: pl.DataFrame
    anomalies: pl.DataFrame


def conclude_tubes(
    events: LocalEvents,
    rejected_loads: pl.DataFrame,
    policy: Policy,
    as_of: datetime,
    asked: NDArray[np.bool_],
) -> ConcludedTubes:
    """Conclude what concerns single tubes, their people, boxes and plates.

    Parameters
    ----------
    events : LocalEvents
    rejected_loads : DataFrame
        As `Events.rejected_loads`.
    policy : Policy
    as_of : datetime
        No event is later.
    asked : (tubes,) bool
        Tubes, by their number in `events`, whose own anomalies are kept: others are there for what the rules look at, and lack
        events, so that they would have many.
    """
    codes = events.codes
    standing = standing_events(events.frames, codes, None)
    frames = {**with_collected_controls(standing.frames)}
    links = link(frames["collect"], codes, policy)
    custody, calls = keep_custody(frames, codes), call(frames, codes, policy)
    pools = gather_pools(links, custody, calls)
    several = people_in_several_tubes(links.tubes, links.members, codes)
    recalled = recalled_people(pools, links, policy)
    answers = answers_to(recalled, pools, links, frames["collect"], codes)
    opened = open_recalls(recalled, answers, as_of)
    probabilities = infection_probabilities(pools, links, opened, several, codes, policy)
    seen = Seen(
        frames, codes, pools, links.members, custody, calls, opened, NO_CLOCKS, several, standing.unknown_voids,
        standing.conflicts, policy.codes.plate_wells,
        known_at(rejected_loads, as_of), asked,
    )  # fmt: skip
    seats = pl.int_range(links.members.height, eager=True).to_numpy()
    p_infected = pl.Series("p_infected", probabilities.of(seats))
    return ConcludedTubes(
        probabilities.beside(pools),
        links.members.hstack([p_infected]),
        _without(opened.hstack([p_infected[opened["seat"]]]), "seat", "collected_at"),
        _without(find_cases(pools, links, frames["collect"], codes), "seat"),
        find_anomalies(seen, timed=False),
    )


def _without(frame: pl.DataFrame, *names: str) -> pl.DataFrame:
    """Without some columns, and without a query."""
    return frame[[name for name in frame.columns if name not in names]]
