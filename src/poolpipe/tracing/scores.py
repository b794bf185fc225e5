"""How much a link counts: a weight for each kind, less with every further link and, in a queue, with time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.tables import LINKS

if TYPE_CHECKING:
    from poolpipe.trace_policy import Tracing

__all__ = ["score_links"]


def score_links(links: pl.DataFrame, rules: Tracing) -> pl.Series:
    """Score links.

    Parameters
    ----------
    links : DataFrame
        As `walk.walk_from` gives them: source_tube, tube, person, kind (index into `tables.LINKS`), hops, lag
        (microseconds), via_person, via_slot, reached.
    rules : Tracing
        The policy's section `[trace]`.

    Returns
    -------
    Series of Float64
        0 to 1, one a row.
    """
    weights = [getattr(rules, kind) for kind in LINKS]
    weight = pl.lit(pl.Series(weights, dtype=pl.Float64)).gather(pl.col("kind").cast(pl.UInt32))
    longest = rules.queue_minutes * 60e6
    near = 1 - pl.col("lag").abs() / longest
    queue = pl.col("kind") == LINKS.index("queue")
    fade = pl.when(queue).then(near.clip(0, 1)).otherwise(1.0)
    further = rules.decay ** (pl.col("hops") - 2).clip(0, None).cast(pl.Float64)
    return links.select((weight * fade * further).alias("score")).to_series()
