"""Advice that can be followed: every option that a message names is one of the command that was typed, or names its own."""

from __future__ import annotations

import ast
import json
import re
import shutil
from functools import cache
from typing import Any

import click
import polars as pl
import pytest
from click.testing import CliRunner

from cli.scans import write_scans
from house.rooms import ROOT, modules, nodes
from poolpipe import cli

OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]+")
NAMED = re.compile(
    rf"poolpipe ((?:{'|'.join(cli.COMMANDS)})(?: (?:characteristics|best|prevalence|screen|assign))?)"
)

TOLD_BY = {
    "poolpipe.cli": (),
    "poolpipe.messages.clusters": ("run",),
    "poolpipe.messages.commands": (),
    "poolpipe.messages.decode": ("decode",),
    "poolpipe.messages.exchange": ("export",),
    "poolpipe.messages.instrument_files": ("import",),
    "poolpipe.messages.instrument_findings": (),  # Chinese of texts that stand elsewhere, and are held there
    "poolpipe.messages.instrument_tables": ("import",),
    "poolpipe.messages.nights": ("nightly",),
    "poolpipe.messages.phrases": (),  # the same
    "poolpipe.messages.planning": ("simulate",),
    "poolpipe.messages": ("run",),
    "poolpipe.findings": ("run",),
    "poolpipe.results.writing": ("run", "demo"),
    "poolpipe.results.written": ("run", "demo"),
    "poolpipe.stages.viewpoint": ("run",),
    "poolpipe.policy": ("run",),
    "poolpipe.terminal.traces": ("trace",),
    "poolpipe.instruments.event_source": ("import",),
    "poolpipe.events.questions": ("import",),  # of a machine's file
    "poolpipe.events": ("run",),
    "poolpipe.exchange": ("export",),
    "poolpipe.report": ("nightly",),
    "poolpipe.simulate": ("simulate",),
    "poolpipe.instruments": ("import",),
    "poolpipe.terminal.console": ("run",),
    "poolpipe.terminal.tables": ("show",),
    "poolpipe.terminal.understood": ("run", "check"),
    "poolpipe.terminal.usage": ("run",),
    "poolpipe.commands.design": (),
    "poolpipe.commands.clusters": ("run",),
    "poolpipe.commands.cycles": ("decode",),
    "poolpipe.commands.lists": ("export",),
    "poolpipe.commands.masks": ("decode", "design"),
    "poolpipe.commands.frames": ("decode", "design", "plan"),
    "poolpipe.commands.import_": ("import",),
    "poolpipe.commands.options": ("run",),
}
"""Module to the commands that may tell what stands in it; a command's module tells for itself."""


@cache
def options_of(name):
    """Options of a command, of the group where `name` is empty, and of all of a group's commands."""
    command: Any = cli.poolpipe
    context = click.Context(cli.poolpipe)
    for part in name.split():
        command = command.get_command(context, part)
        assert command is not None, f"poolpipe {name} is told of and is no command"
    own = {option for each in command.params for option in each.opts}
    if isinstance(command, click.Group) and name:
        own |= {
            option for each in command.commands.values() for param in each.params for option in param.opts
        }
    return own | {"--debug", "--help"}


@cache
def texts(path):
    """Every text of a module but its docstrings, an f-string as one, with the line."""
    return tuple(_texts(path))


def _texts(path):
    found = nodes(path)
    joined = [node for node in found if isinstance(node, ast.JoinedStr)]
    docs = {
        id(node.body[0].value)
        for node in found
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    inner = {id(part) for node in joined for part in ast.walk(node)} - {id(node) for node in joined}
    without = docs | inner
    for node in found:
        if isinstance(node, ast.JoinedStr):
            yield (
                node.lineno,
                "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values),
            )
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in without:
            yield node.lineno, node.value


def commands_of(module):
    for name, commands in TOLD_BY.items():
        if module == name or module.startswith(f"{name}."):
            return commands
    if module.startswith("poolpipe.commands."):
        return (module.rpartition(".")[2],)
    return None


def followed(text, told_by):
    """Options in a text that the command they are named for does not have."""
    wrong = []
    for found in OPTION.finditer(text):
        named = [match[1] for match in NAMED.finditer(text[: found.start()])]
        for command in [named[-1]] if named else told_by:
            if found[0] not in options_of(command):
                wrong.append((command, found[0]))
    return wrong


def test_options__that_a_module_tells_of_are_those_of_its_command():
    wrong = []
    for module, path in modules("src/poolpipe").items():
        for line, text in texts(path):
            if not OPTION.search(text):
                continue
            place = f"{path.relative_to(ROOT)}:{line}"
            told_by = commands_of(module)
            if told_by is None and not NAMED.search(text):
                wrong.append(f"{place}: which command tells {text!r}? name it in TOLD_BY, or in the text")
                continue
            wrong += [
                f"{place}: poolpipe {command} has no {option}: {text!r}"
                for command, option in followed(text, told_by or ())
            ]
    assert not wrong, "\n".join(wrong)


def test_commands__that_texts_name_exist():
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {match[0]}"
        for path in modules("src/poolpipe").values()
        for line, text in texts(path)
        for match in re.finditer(r"`poolpipe ([a-z]+)", text)
        if match[1] not in cli.COMMANDS
    ]
    assert not wrong


def told_in(value):
    """Every text in a summary."""
    if isinstance(value, str):
        return [value]
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return [text for part in parts for text in told_in(part)]


@pytest.fixture
def odd_input(tmp_path):
    """Scans with files of machines that lack a plate, a time or a lab, and records of every kind of trouble."""
    scans = write_scans(tmp_path / "scans")
    for sample in sorted((ROOT / "data" / "samples" / "instruments").iterdir()):
        if sample.suffix in {".csv", ".txt"}:
            shutil.copy(sample, scans / sample.name)
    (scans / "pcr.csv").write_text("Well,Sample,Target,Cq\nA1,T1,N,21.5\nA2,T2,N,\n", encoding="utf-8")
    (scans / "odd.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (scans / "collect-odd.csv").write_text("time,barcode,id\nx,T1,1\n", encoding="utf-8")
    return scans


def test_run__names_no_option_that_it_does_not_have(odd_input, tmp_path):
    out = tmp_path / "out"
    told = CliRunner().invoke(cli.poolpipe, ["run", str(odd_input), "--out", str(out)])
    assert told.exit_code == 0, told.output
    details = [each or "" for each in pl.read_parquet(out / "rejects.parquet")["detail"]]
    details += pl.read_parquet(out / "anomalies.parquet")["detail"].to_list()
    summary = json.loads((out / "summary.json").read_text(encoding="utf-8"))
    seen = [*details, *told_in(summary), *told.stderr.splitlines()]
    assert any("poolpipe import" in each for each in seen), "a machine's file asked for something"
    assert [wrong for text in seen for wrong in followed(text, ("run",))] == []


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("run", ["missing", "--out", "x"]),
        ("run", [".", "--out", "file"]),
        ("run", [".", "--out", "x", "--kind", "colect"]),
        ("run", [".", "--out", "x", "--as-of", "noon"]),
        ("diff", ["empty", "empty"]),
        ("export", ["empty", "--format", "csv", "--out", "x"]),
        ("export", [".", "--out", "x"]),
        ("import", ["missing"]),
        ("import", ["a.csv", "b.csv", "--plate", "P1", "--out", "x"]),
        ("decode", ["missing", "missing", "missing"]),
        ("design best", ["dorfman", "--p", "0.1", "--people", "9"]),
        ("plan", ["--people", "0"]),
        ("demo", ["--out", "file"]),
        ("simulate", ["empty", "--people", "5"]),
    ],
)
def test_errors__name_options_of_the_command_alone(tmp_path, monkeypatch, command, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    (tmp_path / "empty").mkdir()
    told = CliRunner().invoke(cli.poolpipe, [*command.split(), *arguments])
    assert told.exit_code in (1, 2), told.output
    message = re.sub(r"^Usage:.*?\n\n?", "", told.output, flags=re.DOTALL)
    assert followed(" ".join(message.split()), (command,)) == []
