"""Pages that are written from the sources are current."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
from scripts import (
    write_api_page,
    write_commands_page,
    write_design_page,
    write_marts_page,
    write_policy_page,
    write_tables_page,
)

from house.rooms import ROOT

WAY_OUT = "run `make docs`"


@pytest.mark.parametrize("script", [write_design_page, write_api_page])
def test_page__is_what_the_sources_say(script):
    name = script.PAGE.name
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), f"docs/{name} is out of date: {WAY_OUT}"


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("script", [write_tables_page, write_policy_page, write_marts_page])
def test_page__is_what_the_sources_say_in_both_languages(script, language):
    path, page = script.PAGES[language], script.page(language)
    assert path.read_text(encoding="utf-8") == page, f"docs/{path.name} is out of date: {WAY_OUT}"
    assert "|  |" not in page, "a meaning is empty"


@pytest.mark.parametrize("language", ["en", "zh"])
def test_commands_page__is_what_help_says(language):
    # in a process of its own: click remembers how a command was first asked for help
    code = f"from scripts import write_commands_page as page; print(page.page({language!r}), end='')"
    asked = subprocess.run(
        [sys.executable, "-X", "utf8", "-c", code], cwd=ROOT, capture_output=True, check=True
    )
    page = write_commands_page.PAGES[language]
    assert page.read_text(encoding="utf-8") == asked.stdout.decode(), (
        f"docs/{page.name} is out of date: {WAY_OUT}"
    )


def test_chinese_meanings__are_those_of_the_sources():
    path = ROOT / "scripts" / "chinese_meanings.toml"
    written = {text for part in tomllib.loads(path.read_text(encoding="utf-8")).values() for text in part}
    pages = write_tables_page.page("en") + write_policy_page.page("en").replace("\\|", "|")
    left = sorted(text for text in written if text not in pages)
    assert not left, f"{left}: nobody says these, strike them from scripts/{path.name}"


def test_design__gives_a_reason_for_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(each for extra in project["optional-dependencies"].values() for each in extra),
    ]
    names = {re.split(r"[\[<>=!~; ]", each)[0] for each in wanted}
    told = set(re.findall(r"`([a-z0-9-]+)`", write_design_page.PAGE.read_text(encoding="utf-8")))
    assert names <= told, f"{sorted(names - told)}: give the reason in docs/design.md"


def test_index__leads_to_every_page_that_is_there():
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    linked = set(re.findall(r"\]\(([^)]+)\)", index))
    broken = [link for link in linked if not (ROOT / "docs" / link).exists()]
    assert not broken
    unlinked = {path.name for path in (ROOT / "docs").glob("*.md")} - linked - {"index.md"}
    assert not unlinked, f"{sorted(unlinked)}: link them from docs/index.md"
