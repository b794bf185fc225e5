"""The report as HTML: one file that holds all it shows, without a script or a request, in both languages."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.pages.rendering import rendered_page
from poolpipe.report.document import VERDICTS
from poolpipe.report.tiles import outline_svg, swatch_svg, tile_svg

if TYPE_CHECKING:
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
    from markupsafe import Markup

    size = (city.width, city.height) if city else (0, 0)
    facts = {
        "report": report,
        "verdicts": VERDICTS,
        "tile": lambda shades: Markup(tile_svg(shades)),  # noqa: S704 -- numbers alone
        "swatch": lambda shade: Markup(swatch_svg(shade)),  # noqa: S704
        "outlined": lambda outlines: Markup(outline_svg(outlines, *size)),  # noqa: S704
    }
    return rendered_page("report", language, facts, package="poolpipe.report")
