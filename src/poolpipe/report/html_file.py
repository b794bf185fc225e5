"""The report as HTML: one file that holds all it shows, without a script or a request, in both languages."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING

from poolpipe.charts.looks import known_language
from poolpipe.pages.day_page import GENERATOR
from poolpipe.pages.words import Words, shortened
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
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    opening = known_language(language)
    environment = Environment(
        loader=ChoiceLoader([PackageLoader("poolpipe.report"), PackageLoader("poolpipe.pages")]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    style = "".join(
        resources.files(package).joinpath(f"templates/{name}.css").read_text(encoding="utf-8")
        for package, name in (("poolpipe.pages", "page"), ("poolpipe.report", "report"))
    )
    size = (city.width, city.height) if city else (0, 0)
    return (
        environment.get_template("report.html").render(
            style=Markup(style),  # noqa: S704 -- our own file
            generator=Markup(GENERATOR),  # noqa: S704
            W=Words,
            report=report,
            opening=opening,
            verdicts=VERDICTS,
            tile=lambda shades: Markup(tile_svg(shades)),  # noqa: S704 -- numbers alone
            swatch=lambda shade: Markup(swatch_svg(shade)),  # noqa: S704
            outlined=lambda outlines: Markup(outline_svg(outlines, *size)),  # noqa: S704
        )
        + "\n"
    )


def _visible(value: object) -> object:
    """Every text on its way into the page: control characters escaped; what is HTML already stays."""
    return shortened(value) if type(value) is str and not value.startswith("data:") else value
