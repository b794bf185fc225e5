"""The door: every command opens, wrong usage and trouble are told apart, and nobody sees a traceback."""

from __future__ import annotations

import ast
import subprocess
import sys

import click
import pytest
from click.testing import CliRunner

from house.rooms import modules, tree, word
from poolpipe import cli
from poolpipe.errors import InputError
from poolpipe.terminal.chinese import in_both_languages


@pytest.fixture
def failing(monkeypatch):
    """A command that fails as told: `fail` raises the error put into the list."""
    errors = []

    @click.command()
    def fail():
        raise errors[0]

    monkeypatch.setattr(cli, "COMMANDS", {**cli.COMMANDS, "fail": cli.Word("fail:fail", "fails")})
    monkeypatch.setattr(cli, "import_module", lambda _: type("module", (), {"fail": fail}))
    return errors


def poolpipe(*arguments):
    return CliRunner().invoke(cli.poolpipe, arguments)


def test_help__names_every_command_in_both_languages():
    shown = poolpipe("--help")
    assert shown.exit_code == 0
    for name, command in cli.COMMANDS.items():
        assert name in shown.stdout
        assert not command.says.isascii()


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_command__explains_itself_in_both_languages(name):
    shown = poolpipe(name, "--help")
    assert shown.exit_code == 0, shown.output
    assert not shown.stdout.isascii(), "what a clerk reads is in Chinese, too"


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_command__shows_an_example(name):
    command = cli.poolpipe.get_command(click.Context(cli.poolpipe), name)
    words = [(name,)] if not isinstance(command, click.Group) else [(name, word) for word in command.commands]
    for each in words:
        shown = poolpipe(*each, "--help").stdout
        assert f"poolpipe {' '.join(each)} " in shown.partition("Usage:")[2].partition("\n")[2], each


def test_wrong_word__is_wrong_usage_with_a_suggestion():
    shown = poolpipe("rn")
    assert shown.exit_code == 2
    assert "Did you mean 'run'?" in shown.stderr


def test_trouble__is_told_in_both_languages_with_exit_1(failing):
    failing.append(InputError("there is no such file", where="scans", way_out="name one that is there"))
    shown = poolpipe("fail")
    assert shown.exit_code == 1
    assert shown.stdout == ""
    for part in ("未能完成", "there is no such file", "scans", "name one that is there"):
        assert part in shown.stderr
    assert "Traceback" not in shown.stderr


def test_trouble__with_the_disk_is_told_with_its_place(failing):
    failing.append(PermissionError(13, "Permission denied", "out/pools.parquet"))
    shown = poolpipe("fail")
    assert shown.exit_code == 1
    assert "out/pools.parquet" in shown.stderr


def test_trouble__of_our_own_making_asks_for_debug(failing):
    failing.append(ZeroDivisionError("division by zero"))
    shown = poolpipe("fail")
    assert shown.exit_code == 1
    assert "--debug" in shown.stderr
    assert "Traceback" not in shown.stderr


CORE = {"events", "reference", "policy", "tables", "day", "pipeline", "commands"}


def test_messages__of_the_daily_commands_are_known_in_chinese():
    unknown = [
        f"{path.name}:{node.lineno}: {said}"
        for name, path in modules("src/poolpipe").items()
        if word(name) in CORE
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call)
        and getattr(node.func, "id", "") in {"InputError", "PolicyError", "TableError"}
        for said in [_literal(node.args[0])]
        if said and in_both_languages(said).isascii()
    ]
    assert not unknown, "\n".join([*unknown, "add the phrase to src/poolpipe/terminal/chinese.py"])


def _literal(message):
    """The fixed part of a message; empty where it comes from elsewhere as a whole."""
    parts = message.values if isinstance(message, ast.JoinedStr) else [message]
    return "".join(part.value for part in parts if isinstance(part, ast.Constant))


def test_message__that_is_chinese_already_is_left_alone():
    assert in_both_languages("no such file 没有") == "no such file 没有"
    assert in_both_languages("no such file") == "no such file 没有这个文件或文件夹"
    assert in_both_languages("strange") == "strange"


def test_debug__lets_the_error_through_wherever_it_stands(failing):
    failing.append(InputError("no", way_out="none"))
    assert isinstance(poolpipe("--debug", "fail").exception, InputError)
    assert isinstance(poolpipe("fail", "--debug").exception, InputError)


def test_help__loads_nothing_heavy():
    code = "import sys; from poolpipe.cli import poolpipe; poolpipe(['--help'], standalone_mode=False); "
    code += (
        "print(*sorted({'polars', 'numba', 'numpy', 'rich', 'pydantic'} & set(sys.modules)), file=sys.stderr)"
    )
    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert told.stderr.strip() == ""
