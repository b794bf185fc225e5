"""`--help` of every command fits 80 columns in each language, and says as much in Chinese as in English."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from poolpipe.cli import COMMANDS, poolpipe
from poolpipe.languages import has_chinese
from poolpipe.terminal.documentation import docs_folder
from poolpipe.terminal.wrapping import columns, wrapped


def _every_command() -> dict[str, click.Command]:
    top = click.Context(poolpipe)
    found: dict[str, click.Command] = {"": poolpipe}
    for name in COMMANDS:
        command = poolpipe.get_command(top, name)
        assert command is not None
        found[name] = command
        found |= {f"{name} {word}": below for word, below in getattr(command, "commands", {}).items()}
    return found


EVERY = _every_command()


def _help(name: str, language: str) -> str:
    done = CliRunner(env={"COLUMNS": "80"}).invoke(
        poolpipe, ["--language", language, *name.split(), "--help"]
    )
    return done.stdout.replace(str(docs_folder()), "docs")


@pytest.mark.parametrize("language", ["zh", "en", "both"])
@pytest.mark.parametrize("name", EVERY)
def test_help__fits_80_columns(name: str, language: str) -> None:
    assert [line for line in _help(name, language).splitlines() if cell_len(line) > 80] == []


@pytest.mark.parametrize("name", EVERY)
def test_help__in_chinese_has_no_english_words_in_a_row(name: str) -> None:
    """Commands and options stand in it as they are typed; two English words beside each other are a sentence."""
    prose = [
        line
        for line in _help(name, "zh").splitlines()
        if not line.startswith(("    poolpipe", "    zcat", "用法"))
    ]
    text = re.sub(r"`[^`]*`|\[[^\]]*\]|--[a-z-]+ [A-Z]\S*|poolpipe \S+ --help", "", "\n".join(prose))
    assert re.findall(r"[A-Za-z]{2,}[,;]? [a-z]{2,}.*", text) == []


@pytest.mark.parametrize("name", EVERY)
def test_option__says_in_chinese_what_it_says_in_english(name: str) -> None:
    """Chinese takes about half the room of English: what takes a third of it leaves something out."""
    thin = []
    for option in EVERY[name].params:
        english, _, chinese = (getattr(option, "help", None) or "").partition("  ")
        if has_chinese(chinese) and columns(chinese) < 0.4 * len(english):
            thin.append(f"{option.name}: {english!r}: {chinese!r}")
    assert thin == []


@pytest.mark.parametrize("width", [8, 13, 40])
def test_lines__are_no_wider_than_asked_and_lose_nothing(width: int) -> None:
    text = "（连同全部子文件夹）、管道，或表示标准输入的 -：CSV、Arrow IPC，可压缩；“10合1混采”亦然。"
    lines = wrapped(text, width)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(map(cell_len, lines)) <= width
    assert not any(line[0] in "，。；：、）”" or line[-1] in "（“" or line != line.strip() for line in lines)


def test_lines__keep_what_is_typed_whole() -> None:
    assert wrapped("见 docs/your-files.zh.md 一页", 10) == ["见", "docs/your-files.zh.md", "一页"]


def test_columns__are_those_of_a_terminal() -> None:
    assert [columns(text) for text in ("混管 T1", "", "e\u0301", "（a）")] == [7, 0, 1, 5]
    assert has_chinese("混管")
