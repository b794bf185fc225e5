"""Charts of the report: lines by hour or minute, bars, and a strip of laboratories; grey print tells all of them apart."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from poolpipe.charts.looks import BLUE, GREEN, GREY, INK, ORANGE, finished

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from poolpipe.charts.looks import Language
    from poolpipe.pages.words import Words

__all__ = ["Line", "bar_chart", "line_chart", "strip_chart"]

_DASHES: Final = ([1, 0], [8, 4], [12, 3, 2, 3], [3, 3])
_COLOURS: Final = (INK, BLUE, GREEN, ORANGE)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name : Words
    points : sequence of (x, y)
        A y of None breaks the line.
    """

    name: Words
    points: Sequence[tuple[float, float | None]]


def _data(rows: Sequence[dict[str, Any]]) -> alt.Data:
    """Rows as one text of JSON: Altair copies a chart value by value at each step, but a text as it is."""
    import altair as alt

    return alt.Data(values=json.dumps(rows, ensure_ascii=False), format=alt.JsonDataFormat(type="json"))


def line_chart(
    lines: Sequence[Line],
    *,
    title: Words,
    language: Language,
    width: int,
    ticks: Sequence[float],
    limit: tuple[float, Words] | None = None,
    stepped: bool = False,
    height: int = 280,
) -> alt.LayerChart:
    """Draw lines over hours; each has a dash of its own.

    Parameters
    ----------
    lines : sequence of Line
        At most four.
    title : Words
        Of the horizontal axis.
    language : str
        `en` or `zh`.
    width : int
        Pixels.
    ticks : sequence of float
        Places of the horizontal axis that are named.
    limit : (x, Words), optional
        A vertical line and what it is.
    stepped : bool
        Whether a value holds for the hour that begins at its place.
    height : int
        Pixels.
    """
    import altair as alt

    chinese = language == "zh"
    names = [line.name[chinese] for line in lines]
    rows: list[dict[str, Any]] = [
        {"what": line.name[chinese], "x": x, "y": y}
        for line in lines
        for x, y in line.points
        if y is not None
    ]
    most = max([row["y"] for row in rows], default=0)
    counts = alt.Axis(
        format=",d", **({"values": list(range(int(most) + 1))} if most <= 5 else {"tickCount": 5})
    )
    x = alt.X(
        "x:Q", title=title[chinese], scale=alt.Scale(domain=[min(ticks), max(ticks)], nice=False),
        axis=alt.Axis(values=list(ticks), format="d", grid=False, labelOverlap=True),
    )  # fmt: skip
    layers: list[Any] = [
        alt.Chart(_data(rows))
        .mark_line(strokeWidth=2.5, interpolate="step-after" if stepped else "linear")
        .encode(
            x=x,
            y=alt.Y("y:Q", title=None, scale=alt.Scale(domainMin=0, nice=True), axis=counts),
            color=alt.Color(
                "what:N", sort=names, scale=alt.Scale(domain=names, range=list(_COLOURS[: len(names)])),
                legend=alt.Legend(columns=4 if width > 500 else 2),
            ),
            strokeDash=alt.StrokeDash(
                "what:N", scale=alt.Scale(domain=names, range=[list(dash) for dash in _DASHES[: len(names)]])
            ),
        )
    ]  # fmt: skip
    if limit is not None:
        place, told = limit
        mark = alt.Chart(_data([{"x": place, "told": told[chinese]}]))
        layers.append(mark.mark_rule(color=ORANGE, strokeWidth=2, strokeDash=[2, 2]).encode(x="x:Q"))
        layers.append(
            mark.mark_text(align="left", dx=5, dy=-4, fontSize=12, color=INK, baseline="bottom").encode(
                x="x:Q", y=alt.value("height"), text="told:N"
            )
        )
    return finished(alt.layer(*layers), width=width, height=height)


def bar_chart(
    bars: Sequence[tuple[Words, float, str]],
    *,
    language: Language,
    width: int,
    ranges: Sequence[tuple[float, float]] = (),
) -> alt.LayerChart:
    """Draw bars, one below another, each with its name and number.

    Parameters
    ----------
    bars : sequence of (name, value, text)
        Names are distinct.
    language : str
        `en` or `zh`.
    width : int
        Pixels.
    ranges : sequence of (least, most), optional
        A thin line over each bar.
    """
    import altair as alt

    chinese = language == "zh"
    rows = [
        {"name": name[chinese], "value": value, "told": told, "end": value, "least": None, "most": None}
        for name, value, told in bars
    ]
    for row, (least, most) in zip(rows, ranges, strict=False):
        row |= {"least": least, "most": most, "end": max(float(str(row["value"])), most)}
    longest = max([float(str(row["end"])) for row in rows], default=0) or 1
    scale = alt.Scale(domain=[0, longest * (1.25 if width > 500 else 1.6)], nice=False)
    y = alt.Y(
        "name:N", sort=[row["name"] for row in rows], title=None,
        axis=alt.Axis(ticks=False, domain=False, labelPadding=8, labelLimit=150 if width < 500 else 240),
    )  # fmt: skip
    base = alt.Chart(_data(rows))
    layers: list[Any] = [
        base.mark_bar(color=BLUE, height=16).encode(y=y, x=alt.X("value:Q", axis=None, scale=scale)),
        base.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(
            y=y, x=alt.X("end:Q", axis=None, scale=scale), text="told:N"
        ),
    ]
    if ranges:
        layers.insert(
            1,
            base.mark_rule(color=INK, strokeWidth=2).encode(
                y=y, x=alt.X("least:Q", axis=None, scale=scale), x2="most:Q"
            ),
        )
    return finished(alt.layer(*layers), width=width, height=26 * len(rows) + 12)


def strip_chart(
    cells: Sequence[tuple[str, int, float, bool]], *, title: Words, language: Language, width: int
) -> alt.LayerChart:
    """Draw a row for each name and a cell for each hour: the darker, the nearer to the limit; a triangle where it was reached.

    Parameters
    ----------
    cells : sequence of (name, hour, share, rang)
        Share of the limit, 0 to 1 and more; names in their order.
    title : Words
        Of the horizontal axis.
    language : str
        `en` or `zh`.
    width : int
        Pixels.
    """
    import altair as alt

    chinese = language == "zh"
    names = list(dict.fromkeys(name for name, *_ in cells))
    rows = [
        {"name": name, "hour": hour, "share": min(share, 1.0), "mark": "▲" if rang else ""}
        for name, hour, share, rang in cells
    ]
    base = alt.Chart(_data(rows))
    x = alt.X(
        "hour:O", title=title[chinese], scale=alt.Scale(domain=list(range(24))),
        axis=alt.Axis(labelAngle=0, labelOverlap=True, values=list(range(0, 24, 1 if width > 500 else 4))),
    )  # fmt: skip
    y = alt.Y("name:N", sort=names, title=None, axis=alt.Axis(ticks=False, domain=False, labelLimit=150))
    shade = alt.Color(
        "share:Q", legend=None, scale=alt.Scale(domain=[0, 1], range=["#f1f4f6", "#2b3a46"], clamp=True)
    )
    squares = base.mark_rect(stroke="#ffffff", strokeWidth=1, aria=False).encode(x=x, y=y, color=shade)
    rang = alt.Chart(_data([row for row in rows if row["mark"]]))
    marks = rang.mark_text(color="#ffffff", fontSize=12, stroke=GREY, strokeWidth=0.2, aria=False)
    marks = marks.encode(x=x, y=y, text="mark:N")
    return finished(alt.layer(squares, marks), width=width, height=22 * len(names) + 44)
