"""The six-hour curve: how many people were to be re-collected, were, and have a result, against when they were due."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.charts.looks import BLUE, GREEN, INK, ORANGE, TIME_LABELS, finished

if TYPE_CHECKING:
    from datetime import datetime

    import altair as alt

    from poolpipe.charts.looks import Language

__all__ = ["RECALL_SERIES", "recall_chart", "recall_curve"]

RECALL_SERIES: Final = {
    "opened": "opened_at",
    "due": "due_at",
    "recollected": "recollected_at",
    "reported": "closed_at",
}
"""Columns of the curve, and the column of the table `recalls` that each counts."""

_WORDS: Final = {
    "opened": ("to re-collect", "应复采"),
    "due": ("due", "到期"),
    "recollected": ("re-collected", "已复采"),
    "reported": ("result reported", "已报告"),
}
_COLOURS: Final = {"opened": INK, "due": ORANGE, "recollected": BLUE, "reported": GREEN}
_DASHES: Final = {"opened": [1, 0], "due": [3, 3], "recollected": [8, 4], "reported": [12, 3, 2, 3]}
_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720, 1440)


def recall_curve(
    recalls: pl.LazyFrame, as_of: datetime | None, *, zone: str, points: int = 72
) -> pl.DataFrame:
    """Count recalls that were opened, due, re-collected and reported before each moment.

    Parameters
    ----------
    recalls : LazyFrame
        The table `recalls`.
    as_of : datetime, optional
        The day's moment; behind it only what is due is known.
    zone : str
        IANA zone in which steps begin at full hours.
    points : int
        Most steps; their width is the smallest of 1 minute to 1 day (or days) with which they suffice.

    Returns
    -------
    DataFrame
        at (time zone `zone`) and people: opened, due, recollected, reported; null behind as_of. The row of as_of itself counts
        all up to it. Empty where there is no recall.
    """
    ends = recalls.select(pl.min("opened_at").alias("first"), pl.max("due_at").alias("last")).collect()
    if as_of is None or ends["first"][0] is None:
        return pl.DataFrame(schema={"at": pl.Datetime("us", zone), **dict.fromkeys(RECALL_SERIES, pl.Int64)})
    first, last = ends["first"][0], max(ends["last"][0], as_of)
    width = _width(last - first, points)
    moments = pl.datetime_range(
        pl.lit(first).dt.convert_time_zone(zone).dt.truncate(width),
        pl.lit(last).dt.convert_time_zone(zone).dt.offset_by(width),
        interval=width,
        closed="both",
    )
    grid = pl.select(moments.alias("at"))
    moments_utc = grid["at"].dt.convert_time_zone("UTC")
    happened = (recalls.select(pl.col(column).drop_nulls().sort()) for column in RECALL_SERIES.values())
    counts = [each.collect().to_series().search_sorted(moments_utc, side="left") for each in happened]
    steps = grid.with_columns(
        count.cast(pl.Int64).alias(name) for name, count in zip(RECALL_SERIES, counts, strict=True)
    )
    return _until(steps, recalls, as_of, zone)


def _width(span: timedelta, points: int) -> str:
    """The width of steps, as polars writes a duration."""
    for minutes in _MINUTES:
        if span <= timedelta(minutes=minutes) * (points - 2):
            return f"{minutes}m" if minutes < _MINUTES[-1] else "1d"
    return f"{-(-span // (timedelta(days=1) * (points - 2)))}d"


def _until(steps: pl.DataFrame, recalls: pl.LazyFrame, as_of: datetime, zone: str) -> pl.DataFrame:
    """Add the row of as_of, and empty what is not known behind it."""
    known = [name for name in RECALL_SERIES if name != "due"]
    now = recalls.select(
        pl.lit(as_of).dt.convert_time_zone(zone).dt.cast_time_unit("us").alias("at"),
        *(
            pl.col(RECALL_SERIES[name]).count().cast(pl.Int64).alias(name)
            for name in RECALL_SERIES
            if name != "due"
        ),
        pl.col("due_at").filter(pl.col("due_at") <= as_of).count().cast(pl.Int64).alias("due"),
    ).collect()
    other = steps.filter(pl.col("at") != now["at"][0]).with_columns(
        pl.when(pl.col("at") < now["at"][0]).then(pl.col(known))
    )
    return pl.concat([other, now.select(steps.columns)]).sort("at")


def recall_chart(
    curve: pl.DataFrame, as_of: datetime | None, *, language: Language, width: int, height: int = 300
) -> alt.LayerChart:
    """Draw the six-hour curve.

    Parameters
    ----------
    curve : DataFrame
        As `recall_curve` gives it.
    as_of : datetime, optional
        Marked by a line.
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
    layers: list[Any] = [_lines(curve, {name: words[chinese] for name, words in _WORDS.items()}, width)]
    if as_of is not None and curve.height:
        layers += _now(curve, as_of, "截至" if chinese else "as of")
    return finished(alt.layer(*layers), width=width, height=height)


def _lines(curve: pl.DataFrame, names: dict[str, str], width: int) -> alt.Chart:
    """A line a series; each has a colour and a dash of its own."""
    import altair as alt

    at = pl.col("at").dt.replace_time_zone(None).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    long = curve.with_columns(at).unpivot(list(names), index="at", variable_name="what", value_name="people")
    rows = long.drop_nulls().with_columns(pl.col("what").replace_strict(names)).to_dicts()
    told = list(names.values())
    colours = alt.Scale(domain=told, range=[_COLOURS[name] for name in names])
    dashes = alt.Scale(domain=told, range=[_DASHES[name] for name in names])
    most = curve.select(pl.max_horizontal(list(names)).max()).item() or 0
    # of few people every number is a tick: Vega's own ticks would be halves
    counts = alt.Axis(format=",d", **({"values": list(range(most + 1))} if most <= 5 else {"tickCount": 5}))
    return (
        alt.Chart(alt.Data(values=rows))
        .mark_line(strokeWidth=2.5)
        .encode(
            x=_time_axis(width),
            y=alt.Y("people:Q", title=None, scale=alt.Scale(domainMin=0, nice=True), axis=counts),
            color=alt.Color(
                "what:N", sort=told, scale=colours, legend=alt.Legend(columns=4 if width > 500 else 2)
            ),
            strokeDash=alt.StrokeDash("what:N", scale=dashes),
        )
    )


def _time_axis(width: int) -> alt.X:
    import altair as alt

    axis = alt.Axis(labelExpr=TIME_LABELS, tickCount=max(3, width // 90), labelOverlap=True, grid=False)
    return alt.X("at:T", title=None, scale=alt.Scale(type="utc", nice=False), axis=axis)


def _now(curve: pl.DataFrame, as_of: datetime, word: str) -> list[alt.Chart]:
    """A line and a label at as_of."""
    from zoneinfo import ZoneInfo

    import altair as alt

    local = as_of.astimezone(ZoneInfo(str(curve["at"].dtype.time_zone)))  # type: ignore[attr-defined]
    rows = [{"at": f"{local:%Y-%m-%dT%H:%M:%SZ}", "told": f"{word} {local:%m-%d %H:%M}"}]
    ends = curve["at"].dt.replace_time_zone(None)
    late = local.replace(tzinfo=None) - ends.min() > (ends.max() - ends.min()) / 2  # type: ignore[operator]
    base = alt.Chart(alt.Data(values=rows))
    x = alt.X("at:T", scale=alt.Scale(type="utc", nice=False))
    rule = base.mark_rule(color=INK, strokeDash=[1, 2]).encode(x=x)
    told = base.mark_text(
        align="right" if late else "left",
        dx=-5 if late else 5,
        dy=-4,
        fontSize=12,
        color=INK,
        baseline="bottom",
    )
    return [rule, told.encode(x=x, y=alt.value("height"), text="told:N")]
