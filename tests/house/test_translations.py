"""Every page that a message names is there in both languages, and both say the same: headings, tables, code, pictures."""

from __future__ import annotations

import ast
import re

import pytest

from house.rooms import ROOT, modules, nodes
from poolpipe.languages import has_chinese

DOCS = ROOT / "docs"
TRANSLATED = sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.zh.md"))

FOR_PROGRAMS = ("poolpipe.results.summary_schema", "poolpipe.commands.schemas")
"""Descriptions of JSON schemas: programmers read them, in English."""

_NAMED = re.compile(r"docs/([\w/.-]+)")
_CODE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_COMMENT = re.compile(r"\s*(?:#|<!--).*")


def named_pages():
    """Every page that a text of the program names: where, the page, and whether the text is Chinese."""
    for module, path in modules("src/poolpipe").items():
        if module in FOR_PROGRAMS:
            continue
        for node in nodes(path):
            if not isinstance(node, ast.Constant) or not isinstance(node.value, str):
                continue
            for line in node.value.splitlines():
                for name in _NAMED.findall(line):
                    yield f"{path.relative_to(ROOT)}:{node.lineno}", name.rstrip("."), has_chinese(line)


def docstrings():
    """Places of docstrings, which programmers read in English."""
    for path in modules("src/poolpipe").values():
        for node in nodes(path):
            body = getattr(node, "body", None)
            for each in body if isinstance(body, list) else []:
                if isinstance(each, ast.Expr) and isinstance(each.value, ast.Constant):
                    yield f"{path.relative_to(ROOT)}:{each.value.lineno}"


def test_pages_of_messages__are_there_in_both_languages():
    in_docstrings = set(docstrings())
    told = [each for each in named_pages() if each[0] not in in_docstrings]
    assert len({name for _, name, _ in told}) >= 8
    for place, name, chinese in told:
        assert name.endswith(".md"), f"{place}: docs/{name} is no page"
        assert name.endswith(".zh.md") == chinese, f"{place}: docs/{name} is not in the language of its text"
        other = name.replace(".zh.md", ".md") if chinese else name.replace(".md", ".zh.md")
        for page in (name, other):
            assert (DOCS / page).is_file(), f"{place}: docs/{page} is not there"


def both_pages(translated):
    pair = (translated.replace(".zh.md", ".md"), translated)
    return [(DOCS / page).read_text(encoding="utf-8") for page in pair]


def headings(text):
    """Level of each heading, with the names in it that are no words."""
    found = re.findall(r"^(#+) (.*)$", _CODE.sub("", text), re.MULTILINE)
    return [(len(signs), re.findall(r"`[^`]+`", told)) for signs, told in found]


def tables(text):
    """Of each table its rows, by the codes in the first cell."""
    found = re.findall(r"(?:^\|.*\n)+", text, re.MULTILINE)
    return [[re.findall(r"`[^`]+`", row.split(" | ")[0]) for row in rows.splitlines()] for rows in found]


def code(text):
    """Blocks that run or are written to a file, without comments; help is of one language."""
    return [
        (language, [_COMMENT.sub("", line) for line in block.splitlines()])
        for language, block in _CODE.findall(text)
        if language != "text" or "$(" in block
    ]


def pictures(text):
    return re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)


@pytest.mark.parametrize("translated", TRANSLATED)
@pytest.mark.parametrize("part", [headings, tables, code, pictures])
def test_translation__has_the_parts_of_the_other(translated, part):
    english, chinese = both_pages(translated)
    assert part(english) == part(chinese)


@pytest.mark.parametrize("translated", TRANSLATED)
def test_translation__breaks_no_line_between_chinese_letters(translated):
    chinese = _CODE.sub("", (DOCS / translated).read_text(encoding="utf-8"))
    letter = "[\u3000-\u303f\uff00-\uffef\u4e00-\u9fff]"
    broken = re.findall(rf"{letter}{{1,8}}\n *{letter}{{1,8}}", chinese)
    assert not broken, f"{broken}: a browser draws a line break as a blank, write the paragraph in one line"


@pytest.mark.parametrize("translated", TRANSLATED)
def test_translation__is_chinese_and_leads_to_chinese_pages(translated):
    english, chinese = both_pages(translated)
    folder = (DOCS / translated).parent
    name = translated.rpartition("/")[2]
    assert f"[中文]({name})" in english
    assert f"[English]({name.replace('.zh.md', '.md')})" in chinese
    paragraphs = [each for each in _CODE.sub("", chinese).split("\n\n") if each.strip("\n ")]
    own = [each for each in paragraphs if not each.startswith(("#", "[English]", "<!--"))]
    foreign = [each[:60] for each in own if not has_chinese(each)]
    assert not foreign, f"{translated}: not in Chinese"
    for link in re.findall(
        r"\]\(([^)#:]+\.md)", chinese.replace(f"[English]({name.replace('.zh', '')})", "")
    ):
        better = link.replace(".md", ".zh.md")
        assert link.endswith(".zh.md") or not (folder / better).exists(), f"{translated}: link to {better}"
