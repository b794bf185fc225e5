"""The language of the reader: chosen by the line or the environment, and the same everywhere."""

from __future__ import annotations

import re

import click
import pytest
from click.testing import CliRunner

from house.rooms import ROOT
from poolpipe.cli import COMMANDS, poolpipe
from poolpipe.errors import InputError
from poolpipe.languages import both, has_chinese, language_of, one_language, speaking
from poolpipe.messages import MESSAGES, in_language, message, message_in_language

TOWN = str(ROOT / "data" / "samples" / "town" / "events")


def commands(command: click.Command, name: str):
    yield name, command
    for word, below in getattr(command, "commands", {}).items():
        yield from commands(below, f"{name} {word}")


def every_command():
    for name in COMMANDS:
        command = poolpipe.get_command(click.Context(poolpipe), name)
        assert command is not None
        yield from commands(command, name)


def told(*words: str, **environment: str):
    unset: dict[str, str | None] = dict.fromkeys(("POOLPIPE_LANGUAGE", "LANG", "LC_ALL", "LC_MESSAGES"))
    return CliRunner(env=unset | environment).invoke(poolpipe, list(words))


@pytest.mark.parametrize(
    ("environment", "language"),
    [
        ({}, "both"),
        ({"LANG": "C"}, "both"),
        ({"LANG": "POSIX"}, "both"),
        ({"LANG": "en_US.UTF-8"}, "both"),
        ({"LANG": "zh_CN.UTF-8"}, "zh"),
        ({"LANG": "zh_TW"}, "zh"),
        ({"LANG": "zh"}, "zh"),
        ({"LANG": "zhuang"}, "both"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": "C"}, "both"),
        ({"LANG": "zh_CN.UTF-8", "LC_ALL": ""}, "zh"),
        ({"LANG": "zh_CN.UTF-8", "POOLPIPE_LANGUAGE": "en"}, "en"),
        ({"LANG": "C", "POOLPIPE_LANGUAGE": " ZH "}, "zh"),
    ],
)
def test_language__comes_from_the_environment(environment, language):
    assert language_of(environment) == language


@pytest.mark.parametrize(
    "words", [("--language", "zh", "run"), ("run", "--language", "zh"), ("run", "--language=zh")]
)
def test_language__is_taken_at_any_place_of_the_line(words):
    done = told(*words)
    assert done.exit_code == 2
    assert "错误：缺少参数 'INPUT...'" in done.stderr
    assert "Error" not in done.stderr


def test_language__of_an_export_stays_that_of_its_files(tmp_path):
    done = told(
        "--language",
        "zh",
        "export",
        "--language",
        "en",
        str(tmp_path / "none"),
        "--format",
        "csv",
        "--out",
        "x",
    )
    assert "没有这个文件或文件夹" in done.stderr


@pytest.mark.parametrize(
    ("words", "name"), [(("--language", "fr", "plan"), "--language"), (("plan", "--language"), "--language")]
)
def test_unknown_language__is_wrong_usage(words, name):
    done = told(*words)
    assert done.exit_code == 2
    assert name in done.stderr
    assert "zh, en, both" in done.stderr


def test_unknown_language__of_the_environment_is_named():
    done = told("plan", POOLPIPE_LANGUAGE="klingon")
    assert done.exit_code == 2
    assert "POOLPIPE_LANGUAGE" in done.stderr
    assert "'klingon'" in done.stderr


@pytest.mark.parametrize(("name", "command"), list(every_command()))
def test_help__has_everything_in_each_language(name, command):
    chinese = told("--language", "zh", *name.split(), "--help").stdout
    english = told("--language", "en", *name.split(), "--help").stdout
    assert chinese.startswith("用法：")
    # what stands indented by two or four blanks are the examples, which are one text
    examples = "\n".join(line for line in english.splitlines() if line.startswith("    poolpipe"))
    assert not has_chinese(english.replace(examples, "").replace("采样登记.xlsx", "").replace("装箱.csv", "").replace("板图.xlsx", "")
                           .replace("结果", "").replace("复采名单.xlsx", ""))  # fmt: skip
    paragraphs = [
        each for each in (command.help or "").split("\n\n") if not each.startswith("\b") and "  " not in each
    ]
    kinds = [has_chinese(each) for each in paragraphs]
    assert kinds.count(True) == kinds.count(False), f"{name}: a paragraph in one language only"
    for option in command.params:
        text = getattr(option, "help", None)
        if text:
            english, _, chinese = text.partition("  ")
            assert not has_chinese(english), f"{name} {option.name}: {text!r}"
            assert has_chinese(chinese), f"{name} {option.name}: {text!r} has no Chinese behind two blanks"


@pytest.mark.parametrize(
    ("words", "chinese"),
    [
        (("run", "x", "--out", "y", "--rows", "many"), "'--rows' 的值不可用：'many' 不是整数"),
        (("run", "x", "--out", "y", "--rows", "0"), "'--rows' 的值不可用：0 不在范围 x>=1 之内"),
        (("run", "--fo"), "没有选项 '--fo'"),
        (("rum",), "没有命令 'rum'"),
        (("plan", "--people", "9", "x"), "多余的参数：x"),
        (("run", "x", "--out"), "选项 '--out' 须有一个值"),
        (("run", TOWN, "--out", "y", "--as-of", "noon"), "--as-of 的值不可用：'noon' 不是有效的时间"),
        (
            ("run", TOWN, "--out", "y", "--readings", "none"),
            "'none' 不是可选的值，可选：'auto', 'all', 'not-negative'",
        ),
    ],
)
def test_usage_errors__say_their_reason_in_chinese(words, chinese, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    done = told(*words, LANG="zh_CN.UTF-8")
    assert done.exit_code == 2
    assert chinese in done.stderr
    assert not re.search(r"\b(?:Error|Usage|Invalid|Try)\b", done.stderr)


def test_errors__say_what_where_and_the_way_out_in_one_language(tmp_path):
    chinese = told("--language", "zh", "run", str(tmp_path / "none"), "--out", "x")
    english = told("--language", "en", "run", str(tmp_path / "none"), "--out", "x")
    assert chinese.exit_code == english.exit_code == 1
    assert "问题: 没有这个文件或文件夹" in chinese.stderr
    assert not has_chinese(english.stderr)


def test_errors__of_python_are_in_both_languages_whatever_the_reader_speaks():
    with speaking("zh"):
        error = InputError.of("no_time", where="as_of", text="noon", way_out="mend it")
    assert str(error) == "as_of: 'noon' is not a time 'noon' 不是有效的时间; mend it"


def test_message__in_chinese_keeps_every_value_that_english_names():
    with speaking("zh"):
        assert message_in_language("setting_at_most", {"most": 3, "value": 5}) == "不得大于 3，现为 5"
        assert message_in_language("no_time", {"text": "noon"}) == "'noon' 不是有效的时间"


@pytest.mark.parametrize("code", sorted(MESSAGES))
def test_message__is_found_again_in_a_text_of_both_languages(code):
    names = re.findall(r"\{(\w+)", "".join(MESSAGES[code][:2]))
    fields: dict[str, object] = dict.fromkeys(names, "X7")
    if any(f"{{{name}:" in part for name in fields for part in MESSAGES[code]):
        fields = dict.fromkeys(names, 7.0)
    text = message(code, fields)
    if not MESSAGES[code].chinese:
        return
    with speaking("zh"):
        assert has_chinese(in_language(text))
        assert not re.search(
            r"[a-z]{3,} [a-z]{3,} [a-z]{3,}", in_language(text).replace("poolpipe import", "")
        )
    with speaking("en"):
        assert not has_chinese(in_language(text))


def test_details__of_tables_are_drawn_in_one_language():
    detail = "person ' ': every collect must have it: fill it in and send the record again 必填项为空，请补填后重新提供"
    with speaking("zh"):
        assert in_language(detail) == "person ' ': 必填项为空，请补填后重新提供"
        assert (
            in_language("名 单.csv: not read, nothing of it counts: broken 该文件未读取")
            == "名 单.csv：该文件未读取：broken"
        )
    with speaking("en"):
        assert (
            in_language(detail)
            == "person ' ': every collect must have it: fill it in and send the record again"
        )
        assert in_language("采样 登记.csv") == "采样 登记.csv", "a name of a file is no message"


def test_both__is_drawn_by_the_language():
    assert both("tubes", "样本管") == "tubes 样本管"
    for name, text in (("en", "tubes"), ("zh", "样本管")):
        with speaking(name):
            assert (
                both("tubes", "样本管")
                == one_language("tubes\n样本管")
                == one_language("tubes 样本管")
                == text
            )
