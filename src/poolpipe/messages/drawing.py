"""Draw a message of the catalogue in the language of the reader, made anew or found again in a text that holds both."""

from __future__ import annotations

import re
from functools import cache
from itertools import pairwise
from string import Formatter
from typing import TYPE_CHECKING, Final

from poolpipe.languages import has_chinese, language

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

__all__ = ["Pair", "apart", "chinese_of", "draw", "find_again", "whole"]

Pair = tuple[str, str]
"""Templates of one text: English and Chinese."""

INTERLEAVED: Final = (
    ("did you mean 您是否指: {name}", "did you mean: {name}", "您是否指：{name}"),
    ("{folder} holds 内有: nothing 无", "{folder} holds nothing", "{folder} 内没有文件"),
    (
        "{file}: not read, nothing of it counts: {why} 该文件未读取",
        "{file}: not read, nothing of it counts: {why}",
        "{file}：该文件未读取：{why}",
    ),
    ("{folder} holds 内有: {names}", "{folder} holds: {names}", "{folder} 内有：{names}"),
)
"""Texts that say their values once for both languages, and how each language alone says them."""


def draw(pair: Pair, fields: Mapping[str, object]) -> str:
    """Fill in a pair of templates in the language of the reader.

    Parameters
    ----------
    pair : (str, str)
        English and Chinese; the Chinese is empty where the fields are in both languages already.
    fields : mapping of str to object
        Values of the templates' fields.
    """
    if language() == "en":
        return pair[0].format_map(fields)
    if language() == "zh":
        return chinese_of(pair, fields)
    return " ".join(text.format_map(fields) for text in pair if text)


def chinese_of(pair: Pair, fields: Mapping[str, object]) -> str:
    """Fill in the Chinese template; values that only the English one names follow in brackets, so that none is lost."""
    english, chinese = pair
    if not chinese:
        return english.format_map(fields)
    told = chinese.format_map(fields)
    more = [str(fields[name]).strip(" ;,") for name in _names(english) if name not in _names(chinese)]
    more = [value for value in dict.fromkeys(more) if value and value not in told]
    return f"{told}（{'，'.join(more)}）" if more else told


def apart(text: str) -> list[str]:
    """Split what holds several messages, joined by semicolons: each ends with its Chinese; values in quotes stay whole.

    Examples
    --------
    >>> from poolpipe.languages import speaking
    >>> with speaking("zh"):
    ...     apart("it is empty; no more 文件为空; give 'a; 中' 请给出其他文件")
    ['it is empty; no more 文件为空', "give 'a; 中' 请给出其他文件"]
    """
    if language() == "both":
        return [text]
    covered = _QUOTED.sub(lambda quoted: "'" * len(quoted[0]), text)
    begins, begin = [0], 0
    for found in re.finditer("; ", covered):
        if _ends_in_chinese(covered[begin : found.start()]) and has_chinese(covered[found.end() :]):
            begin = found.end()
            begins.append(begin)
    return [
        text[one : other - 2 if other < len(text) else other] for one, other in pairwise([*begins, len(text)])
    ]


def _ends_in_chinese(text: str) -> bool:
    """Whether the Chinese half of a message stands last: no English follows the last Chinese sign."""
    last = max((found.end() for found in re.finditer("[\u4e00-\u9fff]", text)), default=0)
    return last > 0 and not _ENGLISH.search(text, last)


def find_again(text: str, pairs: Iterable[Pair], inner: Callable[[str], str]) -> str:
    """Draw the message that a text in both languages holds in the language of the reader alone.

    Parameters
    ----------
    text : str
        May have anything before and behind the message. Where no pair is found in it, its Chinese half is taken to begin
        behind a blank and to end with the text.
    pairs : iterable of (str, str)
        Templates; of several that are found, the one with most words of its own counts.
    inner : callable
        Draws the values of the fields, which may hold messages themselves.
    """
    if language() == "both" or not has_chinese(text):
        return text
    for mixed, english, chinese in INTERLEAVED:
        if found := whole(mixed).fullmatch(text):
            fields = {name: inner(value) for name, value in found.groupdict().items()}
            return (english if language() == "en" else chinese).format_map(fields)
    fitting = [pair for pair in pairs if all(part in text for part in _parts(pair[1]) + _parts(pair[0]))]
    for pair in sorted(fitting, key=lambda each: -sum(map(len, _parts(each[0]) + _parts(each[1])))):
        found = next(filter(None, (pattern.search(text) for pattern in _patterns(pair))), None)
        if found:
            fields = {name: inner(value) for name, value in _fields(found).items()}
            told = draw((_plain(pair[0]), _plain(pair[1])), fields)
            return text[: found.start()] + told + text[found.end() :]
    return _halved(text)


_QUOTED: Final = re.compile(r"'[^']*'")
_PLACE: Final = re.compile(
    r"\A(?:[\w.]+ )?'[^']*': |\A[\w./#-]+: |\A[^':]+\.[A-Za-z0-9]{2,8}(?:[:#][^':\s]*)?: "
)
"""What stands before a reason in both languages: a column with its value, a setting, a file."""
_ENGLISH: Final = re.compile(r"(?<!poolpipe )\b(?!poolpipe)[a-z]{2,}:? [a-z]{2,}\b")


def _halved(text: str) -> str:
    """One language of an English reason that its Chinese follows behind a blank, with its place before it.

    Quoted values of the English that the Chinese does not repeat follow it in brackets.
    """
    covered = _QUOTED.sub(lambda quoted: "'" * len(quoted[0]), text)
    for found in re.finditer(r"\s+(?=[“（]?[\u4e00-\u9fff])", covered):
        if _ENGLISH.search(covered, found.end()) or not _ENGLISH.search(covered, 0, found.start()):
            continue
        english, chinese = text[: found.start()], text[found.end() :]
        if language() == "en":
            return english
        place = _PLACE.match(english)
        before = place[0] if place else ""
        values = [each for each in _QUOTED.findall(english) if each not in before and each not in chinese]
        return f"{before}{chinese}" + (f"（{'，'.join(dict.fromkeys(values))}）" if values else "")
    return text


@cache
def _names(template: str) -> list[str]:
    return [name for _, name, _, _ in Formatter().parse(template) if name]


@cache
def _parts(template: str) -> list[str]:
    """What a template says itself, in pieces."""
    return [part for part, *_ in Formatter().parse(template) if part.strip()]


@cache
def _plain(template: str) -> str:
    """A template whose fields take texts: without `!r` and formats of numbers."""
    pieces = Formatter().parse(template)
    return "".join(
        part.replace("{", "{{").replace("}", "}}") + (f"{{{name}}}" if name else "")
        for part, name, _, _ in pieces
    )


@cache
def _patterns(pair: Pair) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Expressions that a text of a pair, in both languages, fits; groups of the Chinese half have names of their own.

    Where the Chinese half begins with a field, only a value that stands in the English half as well tells where it begins;
    the second expression is for values that differ by language.
    """
    english, chinese = pair
    pieces = list(Formatter().parse(chinese))
    apart = "".join(
        part.replace("{", "{{").replace("}", "}}") + (f"{{{name}{_OF_CHINESE}}}" if name else "")
        for part, name, *_ in pieces
    )
    loose = whole(f"{english} {apart}")
    first = pieces[0][1] if pieces and not pieces[0][0] else None
    if first is None or first not in _names(english):
        return loose, loose
    strict = loose.pattern.replace(f"(?P<{first}{_OF_CHINESE}>.*?)", f"(?P={first})", 1)
    return re.compile(strict, re.DOTALL), loose


_OF_CHINESE: Final = "_zh"


def _fields(found: re.Match[str]) -> dict[str, str]:
    """Values of a text in both languages: those of the Chinese half to readers of Chinese, else of the English half."""
    groups = found.groupdict("")
    told = {
        name.removesuffix(_OF_CHINESE): value for name, value in groups.items() if name.endswith(_OF_CHINESE)
    }
    english = {name: value for name, value in groups.items() if not name.endswith(_OF_CHINESE)}
    return english | told if language() == "zh" else told | english


@cache
def whole(template: str) -> re.Pattern[str]:
    """The expression that a filled template fits, with a group for each field."""
    seen: set[str] = set()
    pattern = ""
    for part, name, *_ in Formatter().parse(template):
        pattern += re.escape(part)
        if name:
            pattern += "(?:.*?)" if name in seen else f"(?P<{name}>.*?)"
            seen.add(name)
    return re.compile(pattern + r"\Z" if pattern.endswith(".*?)") else pattern, re.DOTALL)
