"""Fill the lists of modules in docs/design.md from the modules' own first lines."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "design.md"
START, END = "<!-- modules -->\n", "<!-- /modules -->"
FLOW = ("coding", "events", "stages", "results", "terminal")
"""Folders whose modules are listed one by one: the way of a scan to a board."""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page as it stands, with the lists as the sources have them."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    top = ROOT / "src/poolpipe"
    lists = [_listed(top, f"src/{top.name}"), *(_listed(top / folder, f"{folder}/") for folder in FLOW)]
    lists.append(_listed(ROOT / "kernels/poolpipe_kernels", "kernels/poolpipe_kernels"))
    return before + START + "\n" + "\n".join(lists) + "\n" + END + after


def _listed(folder: Path, heading: str) -> str:
    rows = [f"| `{path.stem}` | {_first_line(path)} |\n" for path in sorted(folder.glob("[!_]*.py"))]
    rows += [
        f"| `{path.parent.name}/` | {_first_line(path)} |\n" for path in sorted(folder.glob("*/__init__.py"))
    ]
    return f"| `{heading}` | |\n| --- | --- |\n" + "".join(rows)


def _first_line(path: Path) -> str:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return told.split("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    main()
