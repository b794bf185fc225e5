"""What follows from each tube, box and plate by itself: custody, links, calls, pools, and the read-outs that calls rest on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.stages.anomalies import people_in_several_tubes
from poolpipe.stages.calls import call
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.false_alarms import plate_assays
from poolpipe.stages.links import link
from poolpipe.stages.pools import gather_pools
from poolpipe.stages.readings import kept_readings

if TYPE_CHECKING:
    from collections.abc import Callable
    from concurrent.futures import Future, ThreadPoolExecutor

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.policy import Policy
    from poolpipe.stages.calls import Calls
    from poolpipe.stages.custody import Custody
    from poolpipe.stages.links import Links
    from poolpipe.stages.readings import Which

__all__ = ["SubjectsFound", "conclude_subjects"]

_NO_ROWS = pl.DataFrame()


@dataclass(frozen=True, slots=True)
class SubjectsFound:
    """What follows from each tube, box and plate by itself, coded.

    Attributes
    ----------
    codes : Dictionaries
    frames : dict of DataFrame
        Events that count, by kind, without those that nothing asks of any more.
    odd_ids : (DataFrame, DataFrame)
        Voids that hit no event, and ids with several contents (`stages.voids`).
    links : Links
    custody : Custody
        Without its tubes, whose columns `pools` has.
    calls : Calls
        Without its tubes.
    pools : DataFrame
        As `stages.pools`.
    readings : DataFrame
        As `kept_readings`.
    which : str
        Which readings these are.
    assays : DataFrame
        As `plate_assays`.
    several : Future of DataFrame
        As `people_in_several_tubes`.
    own : DataFrame
        Anomalies that were found where all events of their subjects were, as `find_anomalies`; empty where that is here.
    own_codes : tuple of str
        Theirs.
    """

    codes: Dictionaries
    frames: dict[str, pl.DataFrame]
    odd_ids: tuple[pl.DataFrame, pl.DataFrame]
    links: Links
    custody: Custody
    calls: Calls
    pools: pl.DataFrame
    readings: pl.DataFrame
    which: str
    assays: pl.DataFrame
    several: Future[pl.DataFrame]
    own: pl.DataFrame = field(default_factory=pl.DataFrame)
    own_codes: tuple[str, ...] = ()

    def with_own(self, anomalies: pl.DataFrame) -> pl.DataFrame:
        """Put the own anomalies in the place of those of their codes."""
        if not self.own_codes:
            return anomalies
        return pl.concat([anomalies.filter(~pl.col("code").is_in(self.own_codes)), self.own])


def conclude_subjects(
    frames: dict[str, pl.DataFrame],
    odd_ids: tuple[pl.DataFrame, pl.DataFrame],
    codes: Dictionaries,
    policy: Policy,
    readings: Which,
    beside: ThreadPoolExecutor,
    done: Callable[[str], None],
) -> SubjectsFound:
    """Conclude what needs no more than the events of a tube, a box or a plate.

    Parameters
    ----------
    frames : dict of DataFrame
        Coded events that count; those of a kind that is not asked of again are taken out.
    odd_ids, codes
        As in `SubjectsFound`.
    policy : Policy
    readings : {"auto", "all", "not-negative"}
        As in `kept_readings`.
    beside : ThreadPoolExecutor
        A second thread, on which links are made beside custody.
    done : callable
        Told each step that is done.
    """
    linking = beside.submit(link, frames["collect"], codes, policy)
    calling = beside.submit(call, frames, codes, policy)
    doubling = beside.submit(
        lambda: people_in_several_tubes(linking.result().tubes, linking.result().members, codes)
    )
    custody = keep_custody(frames, codes)
    done("custody")
    links = linking.result()
    done("links")
    calls = calling.result()
    (kept, which), assays = (
        kept_readings(frames["read"], calls, readings),
        plate_assays(frames.pop("read"), calls.tubes),
    )
    done("calls")
    pools = gather_pools(links, custody, calls)
    done("pools")
    # `pools` has the columns of these tables: 270 MB of a city of 25 million.
    custody, calls = replace(custody, tubes=_NO_ROWS), replace(calls, tubes=_NO_ROWS)
    return SubjectsFound(codes, frames, odd_ids, links, custody, calls, pools, kept, which, assays, doubling)
