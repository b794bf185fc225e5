"""`--help` in the language of the reader: click's own words, and each text's half of the two that commands are written in."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import click

from poolpipe.languages import has_chinese, language, one_language
from poolpipe.terminal.wrapping import columns, wrapped

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["ReaderContext", "in_reader_language"]

_WORDS: Final = {
    "Usage: ": "用法： ",
    "Options": "选项",
    "Commands": "命令",
    "Show this message and exit.": "显示本说明后退出",
    "Show the version and exit.": "显示版本后退出",
    "[OPTIONS]": "[选项]",
    "COMMAND [ARGS]...": "命令 [参数]...",
}
"""What click says itself, in Chinese."""

_EXTRAS: Final = re.compile(r"  (\[[^\[\]]*\])\Z")
_EXTRA_WORDS: Final = (
    ("(csv: en, else zh)", "csv 为 en，其余为 zh"),
    ("default: ", "默认 "),
    ("required", "必填"),
)
"""Words of what click adds behind an option's help."""

_TYPES: Final = {
    "INTEGER RANGE": "整数", "FLOAT RANGE": "数值", "INTEGER": "整数", "FLOAT": "数值", "TEXT": "文本", "PATH": "路径",
}  # fmt: skip
"""Names of what an option takes, where click names it; FILE and the like are names that the help explains."""


class _Formatter(click.HelpFormatter):
    """Writes help in the language of the reader, in lines that fit the terminal in Chinese, too."""

    def write_usage(self, prog: str, args: str = "", prefix: str | None = None) -> None:
        words = (*(("[OPTIONS]", "COMMAND [ARGS]...") if language() == "zh" else ()),)
        for word in words:
            args = args.replace(word, _WORDS[word])
        super().write_usage(prog, args, prefix or _word("Usage: "))

    def write_heading(self, heading: str) -> None:
        super().write_heading(_word(one_language(heading)))

    def write_text(self, text: str) -> None:
        indent = " " * self.current_indent
        blocks = [
            paragraph.removeprefix("\b\n").splitlines()
            if _is_example(paragraph)
            else wrapped(paragraph, self.width - self.current_indent)
            for paragraph in _paragraphs(text).split("\n\n")
        ]
        self.write(
            "\n\n".join("\n".join(f"{indent}{line}".rstrip() for line in block) for block in blocks) + "\n"
        )

    def write_dl(self, rows: Iterable[tuple[str, str]], col_max: int = 30, col_spacing: int = 2) -> None:
        told = [(_option(name), _about(about)) for name, about in rows]
        widest = min(max(columns(name) for name, _ in told), col_max)
        indent, hanging = " " * self.current_indent, " " * (self.current_indent + widest + col_spacing)
        for name, about in told:
            fits = columns(name) <= widest
            head = f"{indent}{name}{' ' * (widest + col_spacing - columns(name))}"
            lines = wrapped(about, max(self.width - len(hanging), 10))
            shown = [f"{head}{lines[0]}", *lines[1:]] if fits and lines else [f"{indent}{name}", *lines]
            self.write(f"\n{hanging}".join(shown).rstrip() + "\n")


class ReaderContext(click.Context):
    """A context whose help is in the language of the reader."""

    formatter_class = _Formatter


def in_reader_language(command: click.Command) -> click.Command:
    """Let a command, and those below it, give its help in the language of the reader."""
    command.context_class = ReaderContext
    first = (command.help or "").partition("\n")[0]
    if has_chinese(first) and command.short_help is None:
        command.short_help = (
            first  # whole, for a list of commands, where click would cut it before its Chinese
        )
    for below in getattr(command, "commands", {}).values():
        in_reader_language(below)
    return command


def _word(english: str) -> str:
    return _WORDS.get(english, english) if language() == "zh" else english


def _paragraphs(text: str) -> str:
    """The paragraphs in one language; examples, and what one language alone has, stay."""
    if language() == "both":
        return text
    paragraphs = text.split("\n\n")
    one_sided = [_is_example(each) or "  " in each for each in paragraphs]
    pairs = [
        (each, has_chinese(each)) for each, aside in zip(paragraphs, one_sided, strict=True) if not aside
    ]
    left_out = any(chinese for _, chinese in pairs) and any(not chinese for _, chinese in pairs)
    wanted = language() == "zh"
    kept = []
    for paragraph, aside in zip(paragraphs, one_sided, strict=True):
        if _is_example(paragraph):
            head, line, rest = paragraph.removeprefix("\b\n").partition("\n")
            kept.append(f"\b\n{one_language(head)}{line}{rest}")
        elif aside:
            kept.append(one_language(paragraph))
        elif not left_out or has_chinese(paragraph) == wanted:
            kept.append(paragraph)
    return "\n\n".join(kept)


def _is_example(paragraph: str) -> bool:
    return paragraph.startswith("\b")


def _option(name: str) -> str:
    """An option, or a command, with what it takes."""
    word, _, takes = name.partition(" ")
    return f"{word} {_TYPES[takes]}" if language() == "zh" and takes in _TYPES else name


def _about(told: str) -> str:
    """The help of an option, and what click adds behind it."""
    if language() == "both":
        return told
    extra = _EXTRAS.search(told)
    text, behind = (told[: extra.start()], extra[1]) if extra else (told, "")
    if language() == "zh":
        text = _WORDS.get(text, text)
        for english, chinese in _EXTRA_WORDS:
            behind = behind.replace(english, chinese)
    return "  ".join(part for part in (one_language(text), behind) if part)
