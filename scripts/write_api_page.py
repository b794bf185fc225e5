"""Write docs/api.md from the docstrings of the public face: every name, its signature, its parameters and examples."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import textwrap
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "api.md"
PACKAGES = ("decode", "design", "plan", "simulate", "exchange", "instruments")

HEAD = """<!-- Written by scripts/write_api_page.py from the docstrings; do not edit. -->
# API 接口

Everything public in Python, made from the docstrings; the examples run in the tests. A *frame* is one of polars (lazy ones, too),
pandas, pyarrow or DuckDB: whatever has an Arrow C stream. 下列为全部公开的 Python 接口，示例均在测试中运行。
"""


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def page() -> str:
    """The whole page as Markdown."""
    parts = []
    for home, names in faces().items():
        module = importlib.import_module(home)
        parts.append(f"{_anchor(home)}## `{home}`\n\n{_first_line(module)}\n")
        parts += [_entry(home, name, getattr(module, name)) for name in names]
    body = "\n".join(parts)
    return f"{HEAD}\n{_contents()}\n{body}"


def faces() -> dict[str, list[str]]:
    """Public module to the functions and classes of its face; constants and aliases stand in the code."""
    found = {}
    for home in ("poolpipe", *(f"poolpipe.{each}" for each in PACKAGES)):
        module = importlib.import_module(home)
        named = [name for name in module.__all__ if inspect.isroutine(getattr(module, name))]
        classes = [name for name in module.__all__ if inspect.isclass(getattr(module, name))]
        found[home] = sorted(named) + sorted(classes)
    return found


def is_given(thing: object) -> bool:
    """Tell whether something is only ever given to the user: an error or warning, or what a function returns."""
    if not inspect.isclass(thing):
        return False
    text = inspect.getdoc(thing) or ""
    return issubclass(thing, BaseException) or "Parameters\n-" not in text


def _contents() -> str:
    rows = [
        f"| [`{home}`](#{home}) | " + ", ".join(f"[`{name}`](#{home}.{name})" for name in names) + " |\n"
        for home, names in faces().items()
    ]
    return "| module | names |\n| --- | --- |\n" + "".join(rows)


def _anchor(heading: str) -> str:
    """An anchor of its own: what GitHub and mkdocs make of two headings that differ by case is not the same."""
    return f'<a id="{heading}"></a>\n\n'


def _entry(home: str, name: str, thing: Any) -> str:
    parts = [
        f"{_anchor(f'{home}.{name}')}### `{home}.{name}`\n",
        _signature(name, thing),
        _markdown(inspect.getdoc(thing) or ""),
    ]
    if inspect.isclass(thing):
        parts += [
            f"#### `{name}.{each}`\n\n{_signature(each, method)}\n{_markdown(inspect.getdoc(method) or '')}"
            for each, method in _methods(thing)
        ]
    return "\n".join(part for part in parts if part)


def _methods(thing: type) -> list[tuple[str, Any]]:
    """Public methods that a class defines itself."""
    own = ((name, getattr(thing, name)) for name in vars(thing) if not name.startswith("_"))
    return [(name, each) for name, each in own if inspect.isfunction(each) or inspect.ismethod(each)]


def _signature(name: str, thing: Any) -> str:
    """The signature as the source writes it: annotations stay the words that the code uses."""
    if inspect.isclass(thing):
        return ""
    source = textwrap.dedent(inspect.getsource(thing))
    node = ast.parse(source).body[0]
    if not isinstance(node, ast.FunctionDef):
        raise TypeError(f"{name} is no function of our own")
    node.body, node.decorator_list = [ast.Expr(ast.Constant(...))], []
    shown = ast.unparse(node).removesuffix(":\n    ...")
    if len(shown) > 100:
        head, _, rest = shown.partition("(")
        inside, _, result = rest.rpartition(") -> ")
        shown = f"{head}(\n    {inside},\n) -> {result}"
    return f"```text\n{shown.removeprefix('def ')}\n```\n"


def _markdown(text: str) -> str:
    """A numpydoc docstring as Markdown: sections become bold headings, examples code."""
    lines, out, inside = text.splitlines(), list[str](), ""
    place = 0
    while place < len(lines):
        line = lines[place]
        if place + 1 < len(lines) and line and re.fullmatch("-{3,}", lines[place + 1]):
            out += ["", f"**{line}**", ""]
            inside, place = line, place + 2
            continue
        out.append(_line(line, inside))
        place += 1
    return _fenced("\n".join(out)).strip("\n") + "\n"


def _line(line: str, section: str) -> str:
    """A line of a section: of those that list names, a name starts an item and its meaning goes on below."""
    if section in {"", "Examples", "Notes"} or not line.strip():
        return line
    if not line.startswith(" "):
        name, colon, kind = line.partition(" : ")
        return f"- `{name}`" + (f" ({kind})" if colon else "") + "  "
    return f"  {line.strip()}"


def _fenced(text: str) -> str:
    """Put every block of examples into a fence of its own."""
    return re.sub(
        r"((?:^>>>.*\n?)(?:^.+\n?)*)",
        lambda found: f"```pycon\n{found[1].rstrip()}\n```\n",
        text,
        flags=re.MULTILINE,
    )


def _first_line(module: Any) -> str:
    return (inspect.getdoc(module) or "").split("\n")[0]


if __name__ == "__main__":
    main()
