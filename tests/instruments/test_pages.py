"""The pages name every format, every question and every finding that the readers know."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.instruments import ImportPolicy
from poolpipe.instruments.layouts import load_layouts

if TYPE_CHECKING:
    import pytest

ROOT = Path(__file__).parents[2]
PAGES = "\n".join(path.read_text("utf-8") for path in sorted((ROOT / "docs" / "instruments").glob("*.md")))
SOURCES = "\n".join(
    path.read_text("utf-8") for path in sorted((ROOT / "src/poolpipe/instruments").glob("*.py"))
)


def test_pages__name_every_question_and_finding() -> None:
    calls = re.findall(r'(?:\.ask|\.found|Question)\(\s*"([a-z_]+)"', SOURCES)
    doubts = re.findall(r'\(\(?"([a-z_]+)", (?:what,|f")', SOURCES)
    missing = sorted({code for code in (*calls, *doubts) if f"`{code}`" not in PAGES})
    assert len(calls) > 40
    assert not missing, f"{missing}: explain them in docs/instruments/index.md"


def test_pages__name_every_format_and_every_setting() -> None:
    names = {layout.format for layout in load_layouts()}
    settings = set(ImportPolicy.model_fields) - {"round", "lab"}
    missing = sorted(name for name in names | settings if name not in PAGES)
    assert not missing


def test_pages__have_examples_that_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    examples = re.findall(r"```python\n(.*?)```", PAGES, re.DOTALL)
    assert examples
    for example in examples:
        exec(compile(example, "docs/instruments", "exec"), {})  # noqa: S102 -- our own pages


def test_pages__lead_to_each_other() -> None:
    folder = ROOT / "docs/instruments"
    pages = {path.name for path in folder.glob("*.md")} - {"index.md", "index.zh.md"}
    led_to: set[str] = set()
    for index in ("index.md", "index.zh.md"):
        text = (folder / index).read_text("utf-8")
        led_to |= set(re.findall(r"\]\(([a-z0-9-]+(?:\.zh)?\.md)\)", text)) - {"index.md", "index.zh.md"}
    assert pages == led_to
