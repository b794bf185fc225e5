"""Fill the list of modules in docs/design.md from the modules' own first lines."""

from __future__ import annotations

import ast
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "design.md"
START, END = "<!-- modules -->\n", "<!-- /modules -->"


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The page as it stands, with the list as the sources have it."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(START)
    _, _, after = rest.partition(END)
    return f"{before}{START}\n{_listed('src/poolpipe')}\n{_listed('kernels/poolpipe_kernels')}\n{END}{after}"


def _listed(package: str) -> str:
    rows = [
        f"| `{path.stem}` | {_first_line(path)} |\n" for path in sorted((ROOT / package).glob("[!_]*.py"))
    ]
    rows += [
        f"| `{path.parent.name}/` | {_first_line(path)} |\n"
        for path in sorted((ROOT / package).glob("*/__init__.py"))
    ]
    return f"| `{package}` | |\n| --- | --- |\n" + "".join(rows)


def _first_line(path: Path) -> str:
    told = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return told.split("\n")[0].replace("|", "\\|")


if __name__ == "__main__":
    main()
