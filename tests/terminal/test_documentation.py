"""What boards and messages name as docs/….md can be opened: below them stands where it lies."""

from __future__ import annotations

from pathlib import Path

import pytest

from poolpipe.languages import speaking
from poolpipe.terminal.console import show
from poolpipe.terminal.documentation import docs_folder, page_addresses, page_lines

TOLD = ["give it its name of docs/tables.md", "见 docs/instruments/index.zh.md；docs/tables.md"]


def test_addresses__are_those_of_each_page_once(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    found = page_addresses(TOLD)
    assert found == [str(docs_folder() / "tables.md"), str(docs_folder() / "instruments" / "index.zh.md")]
    assert all(Path(each).is_file() for each in found)


@pytest.mark.parametrize("text", ["my docs/notes.md is no page", "docs/../secret.md", "no page at all"])
def test_addresses__are_of_our_pages_alone(text, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert page_addresses([text]) == []


def test_addresses__are_not_told_where_the_name_itself_leads_to_the_page(monkeypatch):
    monkeypatch.chdir(docs_folder().parent)
    assert page_lines(TOLD) == []


@pytest.mark.parametrize(("language", "label"), [("en", "page: "), ("zh", "文档: "), ("both", "page 文档: ")])
def test_boards__have_the_addresses_below_them(language, label, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    with speaking(language):
        show(["fill it, or see docs/tables.md"])
    assert capsys.readouterr().out.splitlines()[-1] == f"{label}{docs_folder() / 'tables.md'}"
