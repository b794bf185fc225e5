"""The funnel: how many tubes reached each step from collected to reported, and how many were left before it, by site."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.charts.looks import BLUE, INK, ORANGE, finished
from poolpipe.tables import STATES
from poolpipe.words import STATE_WORDS

if TYPE_CHECKING:
    import altair as alt

    from poolpipe.charts.looks import Language

__all__ = ["funnel", "funnel_chart", "losses"]


def funnel(ledger: pl.LazyFrame) -> pl.DataFrame:
    """Count the tubes that reached each step, and those left before it.

    Parameters
    ----------
    ledger : LazyFrame
        The table `ledger`.

    Returns
    -------
    DataFrame
        step, tubes, lost (tubes that reached the step before and not this one; 0 for the first); a row a step.
    """
    total = ledger.select(pl.col(STATES).sum()).collect()
    steps = pl.DataFrame(
        {"step": STATES, "tubes": list(total.row(0))}, schema={"step": pl.String, "tubes": pl.Int64}
    )
    return steps.with_columns((pl.col("tubes").shift(1) - pl.col("tubes")).fill_null(0).alias("lost"))


def losses(ledger: pl.LazyFrame) -> pl.DataFrame:
    """Count per site the collected tubes, those without a result, and the step that each of these did not reach.

    Parameters
    ----------
    ledger : LazyFrame
        The table `ledger`.

    Returns
    -------
    DataFrame
        site (null: none named), collected, missing, and for each step but the first how many tubes were left before it; sites
        with missing tubes only, most missing first.
    """
    sites = ledger.group_by("site").agg(pl.col(STATES).sum())
    gaps = [(pl.col(before) - pl.col(step)).alias(step) for before, step in pairwise(STATES)]
    told = sites.select(
        "site", "collected", (pl.col("collected") - pl.col("reported")).alias("missing"), *gaps
    )
    return told.filter(pl.col("missing") > 0).sort("missing", "site", descending=[True, False]).collect()


def funnel_chart(steps: pl.DataFrame, *, language: Language, width: int, height: int = 240) -> alt.LayerChart:
    """Draw the funnel as bars, with what was left before each step behind them.

    Parameters
    ----------
    steps : DataFrame
        As `funnel` gives it.
    language : str
        `en` or `zh`.
    width, height : int
        Pixels.

    Returns
    -------
    altair.LayerChart
    """
    import altair as alt

    chinese = language == "zh"
    rows = [
        {
            "step": STATE_WORDS[row["step"]][chinese],
            "tubes": row["tubes"],
            "with_lost": row["tubes"] + row["lost"],
            "told": f"{row['tubes']:,}" + (f"  (−{row['lost']:,})" if row["lost"] else ""),
        }
        for row in steps.to_dicts()
    ]
    base = alt.Chart(alt.Data(values=rows))
    most = max(1, *(row["with_lost"] for row in rows))
    order = [row["step"] for row in rows]
    y = alt.Y("step:N", sort=order, title=None, axis=alt.Axis(ticks=False, domain=False, labelPadding=8))
    x = alt.Scale(domain=[0, most * (1.25 if width > 500 else 1.6)], nice=False)
    bars = base.mark_bar(color=BLUE, height=22).encode(y=y, x=alt.X("tubes:Q", axis=None, scale=x))
    left = (
        base.mark_bar(fill="white", stroke=ORANGE, strokeDash=[3, 2], strokeWidth=1.5, height=21)
        .encode(y=y, x=alt.X("tubes:Q", axis=None, scale=x), x2="with_lost:Q")
        .transform_filter("datum.with_lost > datum.tubes")
    )
    words = base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(
        y=y, x=alt.X("with_lost:Q", axis=None, scale=x), text="told:N"
    )
    return finished(alt.layer(left, bars, words), width=width, height=height)
