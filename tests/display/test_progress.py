"""Progress: lines in a log, a bar on a terminal or in a notebook, nothing in a script."""

from __future__ import annotations

import io
import sys
import types
from typing import Any

import polars as pl
import pytest

import poolpipe
from poolpipe.progress import Steps, reporting

COLLECTS = pl.DataFrame(
    {"at": ["2022-02-10T08:00:00+08:00"], "tube": ["T1"], "person_type": ["PASSPORT"], "person": ["E1"]}
)


def test_steps__write_a_line_a_step_where_there_is_no_terminal(capsys):
    with Steps() as steps:
        steps("reading", 0, 2)
        steps("reading", 1, 2)
        for done in range(0, 1001, 10):
            steps("links", done, 1000)
        steps("writing", 1, 1)
    assert capsys.readouterr().err.splitlines() == [
        "reading 读取 0/2", *(f"links 关联 {n} %" for n in range(0, 101, 10)), "writing 写出"
    ]  # fmt: skip


def test_steps__are_silent_when_quiet(capsys):
    with Steps(quiet=True) as steps:
        steps("reading", 1, 2)
    assert capsys.readouterr().err == ""


class _Terminal(io.StringIO):
    def isatty(self):
        return True


def test_steps__draw_a_bar_on_a_terminal_and_take_it_away(monkeypatch):
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    with Steps() as steps:
        steps("reading", 512, 1024)
        steps("links", 9, 9)
    drawn = terminal.getvalue()
    assert "links 关联" in drawn
    assert "100%" in drawn
    assert drawn.endswith("\x1b[2K"), "the last thing done is to clear the line"


class _Screen:
    """What a notebook would show: every state of every display."""

    def __init__(self):
        self.shown = []

    def display(self, drawing, *, display_id):
        assert display_id
        self.shown.append(drawing)
        return types.SimpleNamespace(update=self.shown.append)


@pytest.fixture
def notebook(monkeypatch):
    """An IPython with a kernel, as far as progress can see one."""
    screen = _Screen()
    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = lambda: types.SimpleNamespace(kernel=object())
    shown: Any = types.ModuleType("IPython.display")
    shown.display = screen.display
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", shown)
    return screen


def test_run__shows_a_bar_in_a_notebook_and_takes_it_away(notebook, capsys):
    poolpipe.run({"collect": COLLECTS})
    drawn = [each._repr_html_() for each in notebook.shown]
    assert any("<progress value='11' max='11'></progress> anomalies 异常" in each for each in drawn)
    assert drawn[0] == drawn[-1] == ""
    assert [repr(each) for each in notebook.shown][-2].endswith(" 100 %")
    assert capsys.readouterr().err == ""


def test_run__takes_the_bar_away_when_it_fails(notebook):
    with pytest.raises(poolpipe.InputError, match="no such kind"):
        poolpipe.run({"colect": COLLECTS})
    assert notebook.shown[-1]._repr_html_() == ""


def test_notebook__is_not_told_of_every_batch(notebook):
    with reporting(None) as told:
        assert told is not None
        for done in range(10_000):
            told("reading", done, 10_000)
    assert len(notebook.shown) < 100


def test_notebook__is_silent_when_asked(notebook):
    poolpipe.run({"collect": COLLECTS}, progress=False)
    assert notebook.shown == []


def test_stage_functions__show_no_bar(notebook):
    poolpipe.ledger({"collect": COLLECTS})
    assert notebook.shown == []


def test_script__shows_nothing_unless_asked(capsys):
    poolpipe.run({"collect": COLLECTS})
    assert capsys.readouterr() == ("", "")
    poolpipe.run({"collect": COLLECTS}, progress=True)
    assert "pools 样本管" in capsys.readouterr().err


def test_terminal_of_ipython__shows_a_bar(monkeypatch):
    ipython: Any = types.ModuleType("IPython")
    ipython.get_ipython = types.SimpleNamespace
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    terminal = _Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    monkeypatch.setenv("TERM", "xterm")
    poolpipe.run({"collect": COLLECTS})
    assert "anomalies 异常" in terminal.getvalue()


def test_every_step__has_a_chinese_name(capsys):
    poolpipe.run({"collect": COLLECTS}, progress=True)
    lines = capsys.readouterr().err.splitlines()
    assert len(lines) >= 11
    assert [line for line in lines if line.isascii()] == []


def test_callable__is_told_itself():
    told = []
    poolpipe.run({"collect": COLLECTS}, progress=lambda *each: told.append(each))
    assert told[-1] == ("anomalies", 11, 11)
