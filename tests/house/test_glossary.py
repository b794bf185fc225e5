"""One word for one thing: no text of the program or the pages has a word that docs/glossary.md rules out."""

from __future__ import annotations

import ast
import re

import pytest

from house.rooms import ROOT, modules, nodes
from poolpipe.languages import has_chinese

UNDERSTOOD = (
    "poolpipe.coding", "poolpipe.events.batches", "poolpipe.events.spreadsheet_times", "poolpipe.instruments", "poolpipe.import_policy",
    "poolpipe.zones", "poolpipe.simulate", "poolpipe.terminal.advice", "poolpipe.decode.layout",
)  # fmt: skip
"""Modules whose Chinese words are those that files may hold, not those that we write."""

PAGES = ["README.zh.md", *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").rglob("*.md")))]
LISTS_OF_WORDS = ("docs/glossary.md", "docs/tables.md", "docs/tables.zh.md")
"""Pages that list the words of files, too."""


def ruled_out():
    """Each word that the third column has, and the words of the second that stand for it."""
    text = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| ([^|]+) \| ([^|]+) \|([^|]*)\|$", text, re.MULTILINE)[1:]
    return {
        word: better
        for _, better, words in rows
        for word in re.split("、", words.strip())
        if has_chinese(word)
    }


def test_glossary__rules_words_out():
    assert {"策略", "读数", "混样数", "已收样"} <= set(ruled_out())


def test_texts__have_no_word_that_the_glossary_rules_out():
    wrong = []
    for module, path in modules("src/poolpipe").items():
        if module.startswith(UNDERSTOOD):
            continue
        for node in nodes(path):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and has_chinese(node.value):
                wrong += [
                    f"{path.relative_to(ROOT)}:{node.lineno}: {word}; write {better}"
                    for word, better in ruled_out().items()
                    if word in node.value
                ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("page", [page for page in PAGES if page not in LISTS_OF_WORDS])
def test_page__has_no_word_that_the_glossary_rules_out(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    wrong = [f"{page}: {word}; write {better}" for word, better in ruled_out().items() if word in text]
    assert not wrong, "\n".join(wrong)
