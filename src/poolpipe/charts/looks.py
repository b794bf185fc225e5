"""The look of all charts: colours that colour-blind people tell apart, fonts, time axes, and SVG without a browser."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from poolpipe.choices import check_choice
from poolpipe.display import visible
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import altair as alt

__all__ = [
    "BLUE",
    "FONT_FAMILY",
    "GREEN",
    "GREY",
    "INK",
    "ORANGE",
    "TIME_LABELS",
    "Language",
    "finished",
    "known_language",
    "labelled",
    "png_of",
    "shipped_font",
    "svg_of",
]

Language = Literal["en", "zh"]

INK: Final = "#1a1a1a"
BLUE: Final = "#0072B2"
ORANGE: Final = "#D55E00"
GREEN: Final = "#009E73"
GREY: Final = "#5f6b76"
"""Okabe and Ito 2008, "Color universal design"; grey and ink for what is not data."""

FONT_FAMILY: Final = "Poolpipe Sans SC"
_LONGEST: Final = 24
"""Characters of a label; a longer name ends with an ellipsis."""

TIME_LABELS: Final = (
    "utchours(datum.value) + utcminutes(datum.value) == 0 || datum.index == 0"
    " ? [utcFormat(datum.value, '%H:%M'), utcFormat(datum.value, '%m-%d')] : utcFormat(datum.value, '%H:%M')"
)
"""Vega expression: hour and minute, with the day below at the first label and at each midnight."""


def known_language(language: str) -> Language:
    """Check the language of a chart.

    Raises
    ------
    InputError
        If it is neither `en` nor `zh`.
    """
    check_choice("language", language, ("en", "zh"), InputError)
    return "zh" if language == "zh" else "en"


def labelled(names: Iterable[str | None], nothing: str) -> list[str]:
    """Make labels of names from files: control characters escaped, long ones cut, so that no two become one.

    Parameters
    ----------
    names : iterable of str or None
        Distinct.
    nothing : str
        Label of None.

    Returns
    -------
    list of str
        Distinct; names that are alike up to the cut get a number.
    """
    used: dict[str, int] = {}
    labels = []
    for name in names:
        label = nothing if name is None else visible(name[: 4 * _LONGEST])
        label = label if len(label) <= _LONGEST else label[: _LONGEST - 1] + "…"
        used[label] = used.get(label, 0) + 1
        labels.append(label if used[label] == 1 else f"{label} ({used[label]})")
    return labels


def finished(chart: alt.LayerChart, *, width: int, height: int) -> alt.LayerChart:
    """Give a chart its size and the look of all charts.

    Parameters
    ----------
    chart : altair.LayerChart
        Unsized.
    width, height : int
        Of the plotting area and its axes together, in pixels.
    """
    import altair as alt

    size = 12
    texts = {"labelColor": INK, "labelFontSize": size, "labelLimit": 200}
    axis = alt.AxisConfig(
        **texts,
        titleColor=INK,
        titleFontSize=size,
        titleFontWeight="normal",
        gridColor="#e3e6e9",
        domainColor=GREY,
        tickColor=GREY,
    )
    legend = alt.LegendConfig(**texts, symbolStrokeWidth=3, symbolSize=250, orient="top", title=None)
    # in one call: each makes a copy of the chart and of its rows
    return chart.properties(
        width=width,
        height=height,
        autosize={"type": "fit", "contains": "padding"},
        config=alt.Config(
            background="#ffffff",
            font=f"{FONT_FAMILY}, sans-serif",
            padding=4,
            view=alt.ViewConfig(stroke=None),
            axis=axis,
            legend=legend,
        ),
    )


def shipped_font() -> Path:
    """The font that comes with poolpipe: Noto Sans CJK SC with the characters of GBK, renamed; SIL Open Font License 1.1."""
    return Path(str(resources.files("poolpipe.charts").joinpath("fonts/PoolpipeSansSC-Regular.otf")))


@cache
def _load_font() -> None:
    """Let every chart be laid out in one font: it is the same on every machine, whatever was drawn before it."""
    import vl_convert

    vl_convert.register_font_directory(str(shipped_font().parent))


def svg_of(chart: alt.LayerChart) -> str:
    """Draw a chart as SVG, without a browser and without a request.

    Parameters
    ----------
    chart : altair.LayerChart
        As `day.plot` gives it.

    Returns
    -------
    str
    """
    import vl_convert

    _load_font()
    spec: dict[str, Any] = chart.to_dict(validate=False)
    return str(vl_convert.vegalite_to_svg(spec, allowed_base_urls=[]))


def png_of(chart: alt.LayerChart, *, scale: float = 2) -> bytes:
    """Draw a chart as PNG, without a browser and without a request.

    Parameters
    ----------
    chart : altair.LayerChart
        As `day.plot` gives it.
    scale : float
        Pixels of the picture for each of the chart.

    Returns
    -------
    bytes
    """
    import vl_convert

    _load_font()
    spec: dict[str, Any] = chart.to_dict(validate=False)
    return bytes(vl_convert.vegalite_to_png(spec, scale=scale, allowed_base_urls=[]))
