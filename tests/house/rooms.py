"""Where everything stands: the house as it can be read from the sources, without importing any of them."""

from __future__ import annotations

import ast
from functools import cache
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]

FOUNDATION = (
    "languages", "words", "display", "progress", "messages", "errors", "choices", "paths", "accuracy", "zones", "settings", "import_policy",
    "alarm_rules", "arrival_policy", "cluster_policy", "trace_policy", "store_policy", "serve_policy",
    "nightly_policy", "drift_policy", "decoding_policy",
    "past_settings", "policy",
    "findings", "details", "tables",
)  # fmt: skip
LAYERS = (
    FOUNDATION,
    ("coding",),
    ("decode", "tracing", "clusters", "drift"),
    ("events", "stages"),
    ("instruments",),
    ("charts",),
    ("results",),
    ("subject_stages", "city_stages", "pipeline", "stagewise", "traced"),
    (
        "simulate",
        "design",
        "plan",
        "exchange",
        "terminal",
        "inbox",
        "store",
        "live",
        "cluster",
        "running",
        "serve",
        "nightly",
        "report",
        "pages",
    ),
    ("commands", "cli", "__main__"),
)
"""Folders and top modules, the lowest layer first: a module imports what stands in its own layer or below."""


class Import(NamedTuple):
    """One import statement: who, of what, and where it stands."""

    importer: str
    imported: str
    place: str
    for_types_only: bool


def modules(package: str) -> dict[str, Path]:
    """Dotted name to file, of every module in `src/poolpipe` or `kernels/poolpipe_kernels`."""
    top = ROOT / package
    found = {}
    for path in sorted(top.rglob("*.py")):
        parts = path.relative_to(top.parent).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """Every node of a module's tree, as `ast.walk` gives them: many tests ask, and walking takes longer than parsing."""
    return tuple(ast.walk(tree(path)))


@cache
def imports(package: str) -> tuple[Import, ...]:
    """Every import of a package's modules, those inside functions and TYPE_CHECKING blocks too."""
    found = []
    for name, path in modules(package).items():
        for_types = {id(node) for block in nodes(path) if _for_types(block) for node in ast.walk(block)}
        for node in nodes(path):
            base = [] if not isinstance(node, ast.ImportFrom) else [_absolute(name, path, node)]
            names = [alias.name for alias in getattr(node, "names", ()) if isinstance(alias, ast.alias)]
            place = f"{path.relative_to(ROOT)}:{getattr(node, 'lineno', 0)}"
            found += [Import(name, ".".join([*base, each]), place, id(node) in for_types) for each in names]
    return tuple(found)


def _for_types(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _absolute(name: str, path: Path, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = name.split(".") if path.name == "__init__.py" else name.split(".")[:-1]
    kept = package[: len(package) - node.level + 1]
    return ".".join([*kept, *([node.module] if node.module else [])])


def word(dotted: str) -> str:
    """The folder or top module that a module belongs to: `events` of `poolpipe.events.reading`, empty for the package itself."""
    return ([*dotted.split("."), ""])[1]


def layer(name: str) -> int | None:
    return next((level for level, words in enumerate(LAYERS) if name in words), None)
