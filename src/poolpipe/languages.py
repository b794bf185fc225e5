"""The language of what people read: Chinese, English, or both; boards, messages, help and progress ask here.

A text is written in both languages where it is made, as `both("tubes", "样本管")`, and is drawn in the language of the
reader. Data never depend on it: tables, `summary.json` and the errors of Python hold both languages.
"""

from __future__ import annotations

import re
from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["LANGUAGES", "VARIABLE", "both", "has_chinese", "language", "language_of", "one_language", "set_language",
           "speaking"]  # fmt: skip

LANGUAGES: Final = ("zh", "en", "both")

VARIABLE: Final = "POOLPIPE_LANGUAGE"
"""The environment's variable that holds the language; it counts before those of the system."""

_LOCALES: Final = ("LC_ALL", "LC_MESSAGES", "LANG")
"""The system's variables, in the order in which POSIX lets them count (IEEE Std 1003.1, 8.2)."""

_language: ContextVar[str] = ContextVar("language", default="both")

_CHINESE: Final = re.compile("[\u4e00-\u9fff]")
_INSTEAD: Final = re.compile(r"(?<=\S)\s+(?=[“（《]?[\u4e00-\u9fff])")
"""Where the Chinese of a text begins: behind a blank."""


def has_chinese(text: str) -> bool:
    """Whether a text has any Chinese character (CJK Unified Ideographs)."""
    return _CHINESE.search(text) is not None


def language() -> str:
    """The language of the reader, one of `LANGUAGES`; `both` unless a command line has chosen another."""
    return _language.get()


def set_language(name: str) -> None:
    """Let everything that is drawn from now on, in this thread of work, be in a language of `LANGUAGES`."""
    _language.set(name)


@contextmanager
def speaking(name: str) -> Iterator[None]:
    """Draw in a language of `LANGUAGES` in a `with` block."""
    before = _language.set(name)
    try:
        yield
    finally:
        _language.reset(before)


def language_of(environment: Mapping[str, str]) -> str:
    """Choose the language from the variables of an environment.

    Parameters
    ----------
    environment : mapping of str to str
        As `os.environ`. `POOLPIPE_LANGUAGE` counts first; a Chinese locale (`zh_CN.UTF-8`) is Chinese; every other one,
        and none, is both, because servers in China mostly run in English or in C.

    Returns
    -------
    str
        What `POOLPIPE_LANGUAGE` says, known or not, else one of `LANGUAGES`.

    Examples
    --------
    >>> language_of({"LANG": "zh_CN.UTF-8"}), language_of({"LANG": "en_US.UTF-8"}), language_of({})
    ('zh', 'both', 'both')
    """
    told = environment.get(VARIABLE, "").strip().lower()
    if told:
        return told
    locale = next((environment[name] for name in _LOCALES if environment.get(name)), "")
    return "zh" if re.match(r"(?i)zh\b|zh_", locale) else "both"


def both(english: str, chinese: str, between: str = " ") -> str:
    """Write a text in the language of the reader; in both with a blank, or a line break, between them.

    Examples
    --------
    >>> both("tubes", "样本管")
    'tubes 样本管'
    >>> with speaking("zh"):
    ...     both("tubes", "样本管")
    '样本管'
    """
    name = language()
    return english if name == "en" else chinese if name == "zh" else f"{english}{between}{chinese}"


def one_language(text: str) -> str:
    r"""Draw a fixed text of the house's form, English and then Chinese, in the language of the reader.

    For texts that hold no data: headings and help. What is in one language alone stays as it is.

    Parameters
    ----------
    text : str
        The halves stand on lines of their own, or the Chinese follows behind a blank.

    Examples
    --------
    >>> with speaking("zh"):
    ...     one_language("time left, due\n剩余时间、截止"), one_language("Formats  格式"), one_language("Ct")
    ('剩余时间、截止', '格式', 'Ct')
    """
    if language() == "both" or not has_chinese(text):
        return text
    lines = text.split("\n")
    english = [line for line in lines if not has_chinese(line)]
    if english and len(english) < len(lines):
        chinese = [line for line in lines if has_chinese(line)]
        return "\n".join(english if language() == "en" else chinese)
    return "\n".join(_half(line) for line in lines)


def _half(line: str) -> str:
    """One language of a line; behind two blanks the Chinese half may begin with a Latin word, as `Ct 值`."""
    english, apart, chinese = line.partition("  ")
    if not (apart and has_chinese(chinese) and not has_chinese(english)):
        found = _INSTEAD.search(line)
        if found is None:
            return line
        english, chinese = line[: found.start()], line[found.end() :]
    return english if language() == "en" else chinese.strip()
