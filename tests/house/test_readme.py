"""What the README and the docs tell people to type works."""

from __future__ import annotations

import re
import shlex
import tomllib
from typing import Any

import click
import pytest

from house.rooms import ROOT
from poolpipe.cli import COMMANDS, poolpipe
from poolpipe.policy import load_policy

READMES = ("README.md", "README.zh.md")
PAGES = (*READMES, *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "docs").glob("*.md"))))


def blocks(page, language):
    text = (ROOT / page).read_text(encoding="utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", READMES)
def test_readme__python_runs_as_it_stands(page, tmp_path, monkeypatch, capsys):
    (tmp_path / "data").symlink_to(ROOT / "data")
    monkeypatch.chdir(tmp_path)
    (code,) = blocks(page, "python")
    names: dict[str, Any] = {}
    exec(compile(code, page, "exec"), names)  # noqa: S102 -- the README's own lines
    assert capsys.readouterr().out
    assert names["again"].recalls.equals(names["day"].recalls)
    statements = [line for line in code.splitlines() if line.strip()]
    assert len(statements) <= 10, "the README promises ten lines"


def test_readmes__say_the_same_in_both_languages():
    english, chinese = ((ROOT / page).read_text(encoding="utf-8") for page in READMES)
    assert len(re.findall(r"^## ", english, re.MULTILINE)) == len(re.findall(r"^## ", chinese, re.MULTILINE))
    for language in ("sh", "python"):
        code = [[re.sub(r"\s*#.*", "", block) for block in blocks(page, language)] for page in READMES]
        assert code[0] == code[1]


@pytest.mark.parametrize("page", PAGES)
def test_page__names_commands_and_options_that_are_there(page):
    for block in blocks(page, "sh"):
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            if words and words[0].rpartition("/")[2] == "poolpipe":
                _check_command(words[1:], line)
            elif words and words[0] == "make":
                targets = re.findall(
                    r"^(\w+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
                )
                assert words[1] in targets, line


def _check_command(words, line):
    assert words[0] in COMMANDS, f"{line}: no such command"
    command = poolpipe.get_command(click.Context(poolpipe), words[0])
    if isinstance(command, click.Group):
        name = words[2 if words[0] == "token" else 1]  # `token STORE add`
        assert name in command.commands, f"{line}: no such command"
        command = command.commands[name]
    assert command is not None, line
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    unknown = [word for word in words[1:] if word.startswith("--") and word.partition("=")[0] not in known]
    assert not unknown, f"{line}: no such option {unknown}"


@pytest.mark.parametrize("page", PAGES)
def test_page__links_lead_somewhere(page):
    text = (ROOT / page).read_text(encoding="utf-8")
    local = [link.partition("#")[0] for link in re.findall(r"\]\(([^)]+)\)", text) if "://" not in link]
    broken = [link for link in local if link and not ((ROOT / page).parent / link).exists()]
    assert not broken, f"{page}: {broken}"


def test_policy_page__shows_a_policy_that_loads(tmp_path):
    (example,) = blocks("docs/policy.md", "toml")
    tomllib.loads(example)
    (tmp_path / "strict.toml").write_text(example, encoding="utf-8")
    strict = load_policy(tmp_path / "strict.toml")
    assert (strict.name, strict.assay.detected_ct, strict.clocks.recall) == ("strict", 35.0, 4)


def test_readme__two_commands_are_what_ci_runs():
    ci = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for page in READMES:
        first, *_ = blocks(page, "sh")
        commands = [line.split("#")[0].strip() for line in first.splitlines()]
        assert commands == ["make demo", "make test"]
        assert all(re.search(rf"^{command}$", ci, re.MULTILINE) for command in commands)
