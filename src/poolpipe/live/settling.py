"""What time alone changes, or what rests on all recalls at once: settled when somebody reads, by the stages that say so."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct
from poolpipe.coding.spans import spread_spans
from poolpipe.live.concluding import NO_CLOCKS
from poolpipe.stages.anomalies import of_arrivals
from poolpipe.stages.anomalies.recalls import of_recalls
from poolpipe.stages.anomalies.rows import Seen
from poolpipe.stages.anomalies.tubes import of_clocks
from poolpipe.stages.clocks import read_clocks
from poolpipe.stages.recalls import overdue_at, rank_recalls

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.coding.quarters import Heard
    from poolpipe.live.overlays import Overlaid
    from poolpipe.policy import Policy
    from poolpipe.stages.calls import Calls
    from poolpipe.stages.custody import Custody

__all__ = ["settled_anomalies", "settled_recalls"]

_CLOCKED = ("tube", "mode", "site", "first_collected", "last_collected", "picked_up_at", "received_at", "loaded_at", "first_loaded",
            "call", "called_at")  # fmt: skip


def settled_recalls(recalls: pl.DataFrame, codes: Dictionaries, as_of: datetime) -> pl.DataFrame:
    """Recalls with overdue and rank as of a moment.

    Parameters
    ----------
    recalls : DataFrame
        Coded, with p_infected; of a tube in the order of its queue.
    codes : Dictionaries
        Give the order of the tubes.
    as_of : datetime
    """
    return rank_recalls(
        recalls[_in_order(recalls, codes)].with_columns(overdue_at(as_of).alias("overdue")), None
    )


def _in_order(recalls: pl.DataFrame, codes: Dictionaries) -> NDArray[np.int64]:
    """Rows of recalls in the order of round and code of their tubes; those of a tube, which stand together, stay in theirs."""
    tubes = recalls["tube"].to_numpy()
    begins = np.flatnonzero(np.append(np.ones(min(len(tubes), 1), np.bool_), tubes[1:] != tubes[:-1]))
    ends = np.append(begins[1:], len(tubes))
    named = pl.DataFrame(codes.entity("tube", pl.Series(tubes[begins])))
    order = named.with_row_index("row").sort("round", "tube", maintain_order=True)["row"].to_numpy()
    return spread_spans(begins[order], ends[order])


def settled_anomalies(
    pools: Overlaid,
    recalls: pl.DataFrame,
    heard: Heard,
    codes: Dictionaries,
    policy: Policy,
    as_of: datetime,
    asked: datetime | None,
) -> pl.DataFrame:
    """Find the anomalies of `subjects.SETTLED_CODES`.

    Parameters
    ----------
    pools : Overlaid
        Coded, with what clocks need.
    recalls : DataFrame
        As `settled_recalls` gives them.
    heard : Heard
        Who was heard when.
    codes : Dictionaries
    policy : Policy
    as_of : datetime
    asked : datetime or None
        The moment that somebody asks for; None for the latest event's.

    Returns
    -------
    DataFrame
        As `find_anomalies`.
    """
    clocks = read_clocks(pools.select(*_CLOCKED), policy, as_of, ())
    tubes = pl.concat([recalls["tube"], recalls["single_tube"].drop_nulls().alias("tube")])
    named = distinct(tubes.to_numpy()).astype(np.int64)
    seen = _seen(codes, pools.of(named).select("tube", "mode", "lab"), recalls, clocks, policy)
    return pl.concat([*of_clocks(seen), *of_recalls(seen), of_arrivals(heard, policy.arrivals, asked)])


def _seen(
    codes: Dictionaries, pools: pl.DataFrame, recalls: pl.DataFrame, clocks: pl.DataFrame, policy: Policy
) -> Seen:
    """What `of_clocks` and `of_recalls` look at; they look at nothing else."""
    nothing = pl.DataFrame()
    unused: tuple[Custody, Calls] = (None, None)  # type: ignore[assignment]
    return Seen(
        {}, codes, pools, nothing, *unused, recalls, clocks if clocks.height else NO_CLOCKS, nothing, nothing, nothing,
        policy.codes.plate_wells,
    )  # fmt: skip
