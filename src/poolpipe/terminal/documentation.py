"""Where the pages lie that messages and boards name, such as docs/policy.md: a wheel brings them within the package."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.languages import both

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["docs_folder", "page_addresses", "page_lines"]


def docs_folder() -> Path:
    """Name the folder of the pages: a wheel brings it within the package, a clone of the repository has it at its top.

    Returns
    -------
    Path
    """
    package = Path(__file__).parents[1]
    return next(
        (each for each in (package / "docs", package.parents[1] / "docs") if each.is_dir()), Path("docs")
    )


def page_addresses(texts: Iterable[str]) -> list[str]:
    """Name the files of the pages that texts name, as far as there are such and they are not below the working folder.

    Parameters
    ----------
    texts : iterable of str
        Messages or drawn boards.

    Returns
    -------
    list of str
        Paths, each once.
    """
    named = {Path(name): None for text in texts for name in re.findall(r"docs/[\w/-]+(?:\.zh)?\.md", text)}
    pages = {docs_folder().parent / page: page for page in named}
    return [str(place) for place, page in pages.items() if place.is_file() and not page.is_file()]


def page_lines(texts: Iterable[str]) -> list[str]:
    """Lines to show below texts that name pages: `page: …/docs/policy.md`."""
    return [f"{both('page', '文档')}: {address}" for address in page_addresses(texts)]
