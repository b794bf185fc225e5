"""The report as HTML: one file that holds all it shows, without a script or a request, in both languages."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from poolpipe.pages.rendering import rendered_page
from poolpipe.report.document import VERDICTS
from poolpipe.report.tiles import outline_svg, swatch_svg, tile_svg

if TYPE_CHECKING:
    from collections.abc import Callable

    from markupsafe import Markup

    from poolpipe.report.document import NightReport
    from poolpipe.report.outlines import CityOutlines

__all__ = ["report_html"]


def report_html(report: NightReport, *, city: CityOutlines | None = None, language: str = "zh") -> str:
    """Write a report as a page.

    Parameters
    ----------
    report : NightReport
    city : CityOutlines, optional
        The city's map that its outlines are of.
    language : str
        Language in which the page opens, `zh` or `en`; the other is a click away.

    Returns
    -------
    str
        HTML, equal for equal reports.

    Raises
    ------
    InputError
        If the language is another.
    """
    width, height = (city.width, city.height) if city else (0, 0)
    facts = {
        "report": report,
        "verdicts": VERDICTS,
        "tile": _as_markup(tile_svg),
        "swatch": _as_markup(swatch_svg),
        "outlined": _as_markup(partial(outline_svg, width=width, height=height)),
    }
    return rendered_page("report", language, facts, package="poolpipe.report")


def _as_markup(draw: Callable[..., str]) -> Callable[[Any], Markup]:
    """Draw SVG, of numbers alone, that a template need not escape."""
    from markupsafe import Markup

    return lambda of: Markup(draw(of))  # noqa: S704
