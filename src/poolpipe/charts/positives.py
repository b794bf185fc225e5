"""Positive and suspect tubes by place and hour."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.charts.looks import INK, TIME_LABELS, finished, labelled

if TYPE_CHECKING:
    import altair as alt

    from poolpipe.charts.looks import Language

__all__ = ["positives", "positives_by_place", "positives_chart"]

_HOURS: Final = (1, 2, 3, 6, 12, 24)
_CALLS: Final = ("positive", "suspect")
_DEEPEST: Final = 5
"""Tubes from which a square has the deepest colour, where no square has more."""

_COLUMNS: Final = 8
"""Least columns of the field, so that a single hour is a square and no bar."""


def positives(pools: pl.LazyFrame, *, zone: str) -> pl.DataFrame:
    """Count positive and suspect tubes by the site of the tube and the hour in which the call first stood.

    Parameters
    ----------
    pools : LazyFrame
        The table `pools`.
    zone : str
        IANA zone of the hours.

    Returns
    -------
    DataFrame
        site (null: none named), hour (begin, time zone `zone`), positive, suspect; sorted.
    """
    hour = pl.col("called_at").dt.convert_time_zone(zone).dt.truncate("1h").alias("hour")
    found = pools.filter(pl.col("call").is_in(_CALLS)).select("site", hour, "call")
    counts = [pl.col("call").eq(call).sum().cast(pl.Int64).alias(call) for call in _CALLS]
    return found.group_by("site", "hour").agg(counts).sort("site", "hour").collect()


def positives_by_place(counted: pl.DataFrame) -> pl.DataFrame:
    """Sum the hours of each site.

    Parameters
    ----------
    counted : DataFrame
        As `positives` gives it.

    Returns
    -------
    DataFrame
        site, positive, suspect, first and last (hours); most tubes first.
    """
    sites = counted.group_by("site").agg(
        pl.col(_CALLS).sum(), pl.col("hour").min().alias("first"), pl.col("hour").max().alias("last")
    )
    return sites.sort(pl.sum_horizontal(_CALLS), "site", descending=[True, False])


def positives_chart(
    counted: pl.DataFrame, *, language: Language, width: int, places: int = 12
) -> alt.LayerChart:
    """Draw a field of squares, a row a site and a column a stretch of hours; each square has its number in it.

    Parameters
    ----------
    counted : DataFrame
        As `positives` gives it, with a row at least.
    language : str
        `en` or `zh`.
    width : int
        Pixels.
    places : int
        Most sites, those with most tubes; the others are one row.

    Returns
    -------
    altair.LayerChart
    """
    import altair as alt

    rows, order, most, ends = _squares(counted, language=language, width=width, places=places)
    base = alt.Chart(alt.Data(values=rows))
    axis = alt.Axis(
        labelExpr=TIME_LABELS, tickCount=max(3, width // 90), labelOverlap=True, grid=False, orient="bottom"
    )
    scale = alt.Scale(type="utc", nice=False, domain=ends)
    x = alt.X("from:T", title=None, scale=scale, axis=axis)
    y = alt.Y(
        "place:N", sort=order, title=None, axis=alt.Axis(ticks=False, labelLimit=170 if width > 500 else 110)
    )
    shade = alt.Color(
        "tubes:Q",
        legend=None,
        scale=alt.Scale(domain=[0, max(most, _DEEPEST)], range=["#e8f1f8", "#0072B2"], clamp=True),
    )
    squares = base.mark_rect(stroke="white", strokeWidth=1).encode(x=x, x2="to:T", y=y, color=shade)
    ink = alt.condition(f"datum.tubes > {0.6 * max(most, _DEEPEST)}", alt.value("#ffffff"), alt.value(INK))
    numbers = base.mark_text(fontSize=11).encode(
        x=alt.X("mid:T", scale=scale), y=y, text=alt.Text("tubes:Q", format=",d"), color=ink
    )
    return finished(alt.layer(squares, numbers), width=width, height=60 + 26 * len(order))


def _squares(
    counted: pl.DataFrame, *, language: Language, width: int, places: int
) -> tuple[list[dict[str, Any]], list[str], int, list[str]]:
    """The squares, the order of their rows, the most tubes in a square of one site, and both ends of time."""
    chinese = language == "zh"
    sites = positives_by_place(counted)["site"].to_list()
    shown = sites[: places if len(sites) > places + 1 else places + 1]
    left = len(sites) - len(shown)
    # the row of all others is named first, so that no site can have its name
    other, *names = labelled(
        [f"其他 {left:,} 处" if chinese else f"{left:,} other sites", *shown],
        "未填" if chinese else "none named",
    )
    hours = _hours(counted.select(pl.max("hour") - pl.min("hour")).item(), 24 if width > 500 else 8)
    place = pl.col("site").replace_strict(
        pl.Series(shown, dtype=pl.String), pl.Series(names), default=other, return_dtype=pl.String
    )
    summed = (
        counted.with_columns(
            place.alias("place"), pl.col("hour").dt.truncate(f"{hours}h").dt.replace_time_zone(None)
        )
        .group_by("place", "hour")
        .agg(pl.sum_horizontal(_CALLS).sum().alias("tubes"))
        .sort("place", "hour")
    )
    starts = {
        name: _wall_clock(pl.col("hour").dt.offset_by(f"{minutes}m")).alias(name)
        for name, minutes in (("from", 0), ("mid", 30 * hours), ("to", 60 * hours))
    }
    rows = summed.select("place", "tubes", *starts.values()).to_dicts()
    least = pl.col("hour").min() + pl.duration(hours=_COLUMNS * hours)
    last = pl.max_horizontal(pl.col("hour").max() + pl.duration(hours=hours), least)
    ends = list(summed.select(_wall_clock(pl.col("hour").min()), _wall_clock(last).alias("last")).row(0))
    order = [*names, *([other] if len(sites) > len(shown) else [])]
    most = summed.filter(pl.col("place") != other).select(pl.max("tubes")).item()
    return rows, order, int(most or 1), ends


def _wall_clock(moment: pl.Expr) -> pl.Expr:
    """Local times as Vega reads them: written as if they were UTC, so that the machine's own zone plays no part."""
    return moment.dt.strftime("%Y-%m-%dT%H:%M:%SZ")


def _hours(span: timedelta, columns: int) -> int:
    """The hours of a column."""
    return next(
        (hours for hours in _HOURS if span < timedelta(hours=hours) * columns),
        24 * -(-span // (timedelta(days=1) * columns)),
    )
