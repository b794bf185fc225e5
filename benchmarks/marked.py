"""Figures that a script writes into a page, between two marks."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[1] / "docs"


def put_between(mark: str, page: Path, text: str) -> None:
    """Put a text between `<!-- mark -->` and `<!-- /mark -->` on a page."""
    between = re.compile(rf"(<!-- {mark} -->\n).*?(\n<!-- /{mark} -->)", re.DOTALL)
    page.write_text(between.sub(lambda found: found[1] + text + found[2], page.read_text("utf-8")), "utf-8")
