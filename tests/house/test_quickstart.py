"""The quick start's commands, typed one after the other as they stand, lead from four files to the workbook and the page."""

from __future__ import annotations

import re
import shlex
import shutil

import pytest
from click.testing import CliRunner

from house.rooms import ROOT
from poolpipe.cli import poolpipe

PAGES = ("docs/quickstart.zh.md", "docs/quickstart.md")


def typed(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = "".join(re.findall(r"^```sh\n(.*?)^```", text, re.MULTILINE | re.DOTALL)).splitlines()
    return [shlex.split(line) for line in lines]


def test_quickstarts__have_the_same_commands():
    assert typed(PAGES[0]) == typed(PAGES[1])


@pytest.mark.parametrize("page", PAGES[:1])
def test_quickstart__runs_as_it_stands(page, tmp_path, monkeypatch):
    install, enter, *commands = typed(page)
    assert install == ["sh", "scripts/bootstrap", "run"]
    assert enter == ["cd", "data/samples/county"]
    shutil.copytree(ROOT / enter[1], tmp_path / "county")
    monkeypatch.chdir(tmp_path / "county")
    for name, *words in commands:
        assert name == "poolpipe"
        done = CliRunner().invoke(poolpipe, ["--language", "zh", *words])
        assert done.exit_code == 0, (words, done.output[-600:])
    assert (tmp_path / "county" / "复采名单.xlsx").stat().st_size > 5_000
    assert "复采" in (tmp_path / "county" / "汇总.html").read_text(encoding="utf-8")


def test_windows_script__has_the_lists_of_the_other():
    text = (ROOT / "make.bat").read_bytes()
    assert b"requirements.run.lock" in text
    assert b"--require-hashes" in text
    assert text.count(b"\r\n") == text.count(b"\n"), "cmd reads labels and blocks of lines that end so"
    assert text.isascii(), "cmd reads a script in the machine's code page"
