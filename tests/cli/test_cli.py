"""The door: every command opens, wrong usage and trouble are told apart, and nobody sees a traceback."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner

from poolpipe import cli
from poolpipe.errors import InputError
from poolpipe.terminal.documentation import docs_folder


@pytest.fixture
def failing(monkeypatch):
    """A command that fails as told: `fail` raises the error put into the list."""
    errors: list[Any] = []

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
    group = (name, "campaign") if name == "token" else (name,)  # `token STORE add`
    words = [(*group, word) for word in command.commands] if isinstance(command, click.Group) else [group]
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


@pytest.mark.parametrize(
    ("words", "english", "told"),
    [
        (("run", "x", "--polcy", "y"), "No such option", "没有选项 --polcy"),
        (("run",), "Missing argument", "缺少必填的"),
        (("run", "x"), "Missing option", "缺少必填的"),
        (("run", "x", "--out"), "requires an argument", "选项 --out 须有一个值"),
        (("export", "x", "--out", "y", "--format", "xml"), "Invalid value", "的值不可用"),
        (("run", "x", "--out", "y", "--rows", "0"), "Invalid value", "的值不可用"),
        (("run", "x", "--out", "y", "--kind", "swab"), "none of collect", "没有事件种类"),
        (("diff", "a", "b", "c"), "unexpected extra argument", "多余的参数"),
        (("rn",), "No such command", "没有命令 rn"),
        (("run", "--quiet=1", "x"), "does not take a value", "选项 --quiet"),
        (("simulate", "x", "--trouble", "y"), "NAME=RATE", "请写作"),
    ],
)
def test_wrong_usage__is_told_in_both_languages(words, english, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x").mkdir()
    shown = poolpipe(*words)
    assert shown.exit_code == 2, shown.output
    said = " ".join(shown.stderr.split())
    assert english in said
    assert told in said


@pytest.mark.parametrize(
    "words",
    [
        ("run", "resul", "--out", "o"),
        ("run", ".", "--out", "o", "--people", "resul"),
        ("export", "resul", "--format", "csv", "--out", "o"),
        ("diff", "result", "resul"),
        ("import", "resul", "--dry-run"),
        ("decode", "resul", "pools.csv", "people.csv"),
        ("design", "prevalence", "resul"),
        ("design", "screen", "resul", "pools.csv"),
        ("demo", "--town", "resul"),
    ],
)
def test_path__that_is_not_there_is_told_alike_by_every_command(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "result").mkdir()
    shown = poolpipe(*words)
    assert shown.exit_code == 1, shown.output
    assert "there is no such file or folder 没有这个文件或文件夹" in shown.stderr
    assert "did you mean 您是否指: result" in shown.stderr


@pytest.mark.parametrize("target", ["nowhere", "link.csv"])
def test_link__to_nothing_is_told_as_such(target, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "link.csv").symlink_to(target)
    shown = poolpipe("run", "link.csv", "--out", "o")
    assert shown.exit_code == 1
    assert "a link to nothing, or to itself 链接指向的文件不存在" in shown.stderr
    assert "did you mean" not in shown.stderr


@pytest.mark.parametrize(
    ("language", "pages"),
    [("en", ["policy.md"]), ("zh", ["policy.zh.md"]), ("both", ["policy.md", "policy.zh.md"])],
)
def test_trouble__names_the_place_of_the_pages_it_sends_to(language, pages, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "rules.toml").write_text("capcity = 10\n", encoding="utf-8")
    line = ["--language", language, "run", ".", "--out", "result", "--policy", "rules.toml"]
    told = CliRunner().invoke(cli.poolpipe, line).output
    places = [str(docs_folder() / page) for page in pages]
    assert [row.partition(": ")[2] for row in told.splitlines() if "/docs/" in row] == places
    assert all(Path(place).is_file() for place in places)


def test_trouble__of_a_clone_names_its_pages_once(monkeypatch, tmp_path):
    monkeypatch.chdir(docs_folder().parent)
    (tmp_path / "rules.toml").write_text("capcity = 10\n", encoding="utf-8")
    line = ["run", str(tmp_path), "--out", str(tmp_path / "out"), "--policy", str(tmp_path / "rules.toml")]
    told = CliRunner().invoke(cli.poolpipe, line).output
    assert "see docs/policy.md" in told
    assert str(docs_folder()) not in told
