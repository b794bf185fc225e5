"""Pages out of templates: what all of them have in common."""

from __future__ import annotations

from importlib import resources
from typing import TYPE_CHECKING, Any, Final

from poolpipe.charts.looks import known_language
from poolpipe.pages.words import Words, shortened

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["GENERATOR", "rendered_page"]

GENERATOR: Final = '<meta name="generator" content="poolpipe">'
"""What every page of poolpipe has in its head."""

_PAGES: Final = "poolpipe.pages"


def rendered_page(name: str, language: str, facts: Mapping[str, Any], *, package: str = _PAGES) -> str:
    """Fill a template.

    Parameters
    ----------
    name : str
        Of the template; its own style sheet, where it is of another package, follows that of all pages.
    language : str
        Language in which the page opens, `zh` or `en`.
    facts : mapping
        What the template shows. It is also given `W` (`Words`), `opening`, `generator` and `style`.
    package : str
        Package of the template, which may use those of all pages.

    Returns
    -------
    str
        HTML, equal for equal facts.

    Raises
    ------
    InputError
        If the language is another.
    """
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    opening = known_language(language)
    environment = Environment(
        loader=ChoiceLoader([PackageLoader(each) for each in dict.fromkeys((package, _PAGES))]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_visible,
    )
    style = "".join(
        resources.files(each).joinpath(f"templates/{sheet}.css").read_text(encoding="utf-8")
        for each, sheet in dict.fromkeys(((_PAGES, "page"), (package, name)))
    )
    page = environment.get_template(f"{name}.html")
    own = {"W": Words, "opening": opening, "generator": Markup(GENERATOR), "style": Markup(style)}  # noqa: S704 -- ours
    return page.render(own, **facts) + "\n"


def _visible(value: object) -> object:
    """Every text on its way into the page: control characters escaped; what is HTML already stays."""
    return shortened(value) if type(value) is str and not value.startswith("data:") else value
