"""Give the documentation site the pages that lie outside docs/ (README, CHANGELOG, ...), with their links turned.

A hook of mkdocs: `on_files` adds the pages, `on_page_markdown` turns links between docs/ and the top of the repository.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.files import Files
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "readme.md",
    "README.zh.md": "readme.zh.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "LICENSE": "license.md",
    "data/samples/town/README.md": "town.md",
    "data/samples/county/README.md": "county.md",
}
"""Files of the repository, and the pages of the site that show them."""

_LINK = re.compile(r"\]\((?!https?:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig, **_: Any) -> Files:
    """Add the pages that lie outside docs/."""
    for source, page in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text(encoding="utf-8")))
    return files


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Turn links so that they lead from page to page of the site."""
    name = page.file.src_uri
    source = next((source for source, shown in PAGES.items() if shown == name), f"docs/{name}")
    return _LINK.sub(lambda link: f"]({_turned(link[1], Path(source).parent, Path(name).parent)}", markdown)


def _turned(target: str, source: Path, page: Path) -> str:
    """A link's target as seen from a page of the site, given the folder of its source in the repository."""
    named = Path(ROOT, source, target).resolve()
    if not named.is_relative_to(ROOT) or not named.exists():
        return target
    inside = named.relative_to(ROOT).as_posix()
    shown = PAGES.get(inside) or inside.removeprefix("docs/")
    return Path("/".join([".."] * len(page.parts)), shown).as_posix()
