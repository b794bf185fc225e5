"""Follow sources through what they touch: links, each with its score, as a frame of numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.arrow_arrays import nullable_column
from poolpipe.tables import LINKS
from poolpipe.tracing.index import index_touched
from poolpipe.tracing.scores import hazards_of_day, people_tests, score_links
from poolpipe.tracing.walk import WalkLimits, walk_from
from poolpipe_kernels.walk import NO_LAG

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy
    from poolpipe.tracing.index import Touched, TraceIndex
    from poolpipe.tracing.scores import DayHazards, InfectionEvidence, PeopleTests
    from poolpipe.tracing.walk import WalkedLinks

__all__ = [
    "DAY_US",
    "AskedSources",
    "FollowedLinks",
    "Traces",
    "follow_touched",
    "hazards_of_positives",
    "queue_reach_us",
]

DAY_US = 86_400_000_000
_BOX = LINKS.index("box")


class Traces(NamedTuple):
    """Links from sources, coded.

    Attributes
    ----------
    codes : Dictionaries
        Of the events, with the people of households who do not occur in them.
    rows : DataFrame
        source_tube, tube, person (key), kind (of `tables.LINKS`), hops, lag (microseconds), via_person (key), via_slot
        (plate and well), via_box, reached (row that the link starts from), score; null where a link has none. Sorted by source,
        tube, person and kind, nulls first.
    """

    codes: Dictionaries
    rows: pl.DataFrame


class FollowedLinks(NamedTuple):
    """Links from sources as arrays, sorted by source, tube, person and kind; -1 where a link has none, but for people.

    Attributes
    ----------
    source, tube : (links,) int64
        Tubes, as they are numbered in the city.
    keys : (people + 1,) int64
        Keys of the people who can occur.
    person, via_person : (links,) int64
        Place of a person in `keys`.
    kind, hops : (links,) int64
        Kinds of `tables.LINKS`.
    lag : (links,) int64
        Microseconds, `poolpipe_kernels.walk.NO_LAG` for none.
    via_slot, via_box : (links,) int64
        Plate and well, and box.
    reached : (links,) int64
        Row that the link starts from.
    score : (links,) float64
        NaN for none.
    """

    source: NDArray[np.int64]
    tube: NDArray[np.int64]
    keys: NDArray[np.int64]
    person: NDArray[np.int64]
    via_person: NDArray[np.int64]
    kind: NDArray[np.int64]
    hops: NDArray[np.int64]
    lag: NDArray[np.int64]
    via_slot: NDArray[np.int64]
    via_box: NDArray[np.int64]
    reached: NDArray[np.int64]
    score: NDArray[np.float64]

    def frame(self) -> pl.DataFrame:
        """As `Traces.rows`."""
        columns = (
            ("source_tube", self.source.astype(np.uint32), self.source >= 0),
            ("tube", self.tube.astype(np.uint32), self.tube >= 0),
            ("person", self.keys[self.person], self.person >= 0),
            ("kind", self.kind.astype(np.int8), self.kind >= 0),
            ("hops", self.hops.astype(np.int8), self.kind >= 0),
            ("lag", self.lag, self.lag != NO_LAG),
            ("via_person", self.keys[self.via_person], self.via_person >= 0),
            ("via_slot", self.via_slot, self.via_slot >= 0),
            ("via_box", self.via_box.astype(np.uint32), self.via_box >= 0),
            ("reached", self.reached, self.reached >= 0),
            ("score", self.score, ~np.isnan(self.score)),
        )
        return pl.DataFrame([nullable_column(*column) for column in columns])


def queue_reach_us(policy: Policy) -> int:
    """Longest time between two people of one queue, microseconds."""
    return round(policy.trace.queue_minutes * 60_000_000)


class AskedSources(NamedTuple):
    """Tubes to walk from.

    Attributes
    ----------
    tubes, first : (sources,) uint32 and int64
        Ascending, as the touched tubes are numbered; and the first swab of each, microseconds.
    """

    tubes: NDArray[np.uint32]
    first: NDArray[np.int64]


def follow_touched(
    touched: Touched,
    evidence: InfectionEvidence,
    asked: AskedSources,
    hops: int,
    policy: Policy,
    hazards_of: Callable[[TraceIndex, PeopleTests, WalkedLinks | None], DayHazards],
) -> FollowedLinks:
    """List the links of sources, with their scores.

    Parameters
    ----------
    touched : Touched
        All that the sources can touch.
    evidence : InfectionEvidence
        Of its seats and tubes.
    asked : AskedSources
        Where from.
    hops : int
        Most links.
    policy : Policy
        Look-back, queue, weights.
    hazards_of : callable
        Gives the hazards of the people who are touched, from their tests and the links: `hazards_of_positives`, or from what is
        known of the day.

    Returns
    -------
    FollowedLinks
    """
    index = index_touched(touched)
    links = _walk(index, asked, hops, policy)
    tests = people_tests(index.seats, evidence, policy.trace)
    hazards = hazards_of(index, tests, links)
    score = score_links(links, asked.tubes, index.seats, tests, hazards, policy.trace, evidence)
    source = asked.tubes[links.source]
    return FollowedLinks(
        touched.tubes[source],
        np.append(touched.tubes, -1)[links.tube],
        np.append(index.seats.keys, 0),
        links.person, links.via, links.kind, links.hops, links.lag.copy(),
        np.append(index.tubes.slot, -1)[links.via_load],
        np.where(links.kind == _BOX, touched.box[source], -1),
        links.reached.copy(),  # columns of their own: a view of one would keep all ten of the links, 105 MB of a city
        score,
    )  # fmt: skip


def hazards_of_positives(
    positives: AskedSources, people: int, policy: Policy, *, walked: bool = False
) -> Callable[[TraceIndex, PeopleTests, WalkedLinks | None], DayHazards]:
    """Give the hazards of everybody in a positive tube, where what these tubes touch is among the touched.

    Parameters
    ----------
    positives : AskedSources
        All positive tubes of the day.
    people : int
        How many people were swabbed, about.
    policy : Policy
        Queue and weights.
    walked : bool
        Whether the links are those of these tubes.
    """

    def hazards(index: TraceIndex, tests: PeopleTests, links: WalkedLinks | None) -> DayHazards:
        met = links if walked and links is not None else _walk(index, positives, 1, policy)
        return hazards_of_day(met, positives.tubes, index.seats, tests, people, policy.trace)

    return hazards


def _walk(index: TraceIndex, asked: AskedSources, hops: int, policy: Policy) -> WalkedLinks:
    since = asked.first - round(policy.trace.look_back_days * DAY_US)
    limits = WalkLimits(queue_reach_us(policy), policy.trace.queue_scans, hops, policy.codes.plate_wells)
    return walk_from(index, asked.tubes, since, limits)
