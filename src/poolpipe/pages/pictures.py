"""Pictures of a page: each chart in two languages and two widths, as SVG inside the page."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from poolpipe.charts.looks import svg_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import altair as alt

    from poolpipe.charts.looks import Language
    from poolpipe.pages.words import Words

__all__ = ["Picture", "picture_of"]

_WIDE: Final = 720
_NARROW: Final = 350
"""Pixels; the narrow drawing is for telephones, on which the wide one would be too small to read."""

_LANGUAGES: Final[tuple[Language, ...]] = ("zh", "en")


@dataclass(frozen=True, slots=True)
class Picture:
    """One chart, drawn.

    Attributes
    ----------
    alt : Words
        What is to be seen, for those who do not see it.
    wide, narrow : dict
        Language to the address of the drawing, which is the drawing itself (a `data:` URI).
    """

    alt: Words
    wide: dict[Language, str]
    narrow: dict[Language, str]


def picture_of(alt_text: Words, chart: Callable[[Language, int], alt.LayerChart]) -> Picture:
    """Draw a chart in every language and width.

    Parameters
    ----------
    alt_text : Words
        What is to be seen.
    chart : callable
        Gives the chart of a language and a width in pixels.
    """
    from altair.utils.schemapi import debug_mode

    # a third of the time went into checks; tests hold every chart against the schema
    with debug_mode(arg=False):
        wide, narrow = (
            {each: _inline(chart(each, width)) for each in _LANGUAGES} for width in (_WIDE, _NARROW)
        )
    return Picture(alt_text, wide, narrow)


def _inline(chart: alt.LayerChart) -> str:
    return "data:image/svg+xml;base64," + base64.b64encode(svg_of(chart).encode()).decode()
