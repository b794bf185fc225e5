"""Pages that are written from the sources are current."""

from __future__ import annotations

import pytest
from scripts import write_policy_page, write_tables_page


@pytest.mark.parametrize("script", [write_tables_page, write_policy_page])
def test_page__is_what_the_sources_say(script):
    name = script.PAGE.name
    assert script.PAGE.read_text(encoding="utf-8") == script.page(), (
        f"docs/{name} is out of date: run `make docs`"
    )


@pytest.mark.parametrize("script", [write_tables_page, write_policy_page])
def test_page__leaves_no_meaning_empty(script):
    assert "|  |" not in script.page()
