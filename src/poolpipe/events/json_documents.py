"""Find the records of a JSON text that is no NDJSON: a list of objects, objects over many lines, lists inside an object."""

from __future__ import annotations

import codecs
import json
import re
from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.events.batches import KNOWN_COLUMNS, proper_name

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.events.streams import TextStream

__all__ = ["Element", "elements", "is_document"]

_DECODER: Final = json.JSONDecoder(parse_int=str, parse_float=str, strict=False)
"""Finds where a value ends; numbers stay texts, so that none is too long."""

_BLANK: Final = " \t\r\n\x1e\ufeff"
_LIST: Final = re.compile(r"\[\s*\{")
_EMPTY_LIST: Final = re.compile(r"\[\s*\]\s*")
_BEGINS_LIST: Final = re.compile(
    r'\{\s*(?:"[^"\\]*"\s*:\s*(?:"[^"\\]*"|[-+.\w]+|\{)\s*(?:,\s*)?)*"[^"\\]*"\s*:\s*\[\s*\{'
)
"""An object of which a list of objects is the first value that is no text and no number, inside other objects or not."""

_LONGEST_INDENT: Final = 1000
"""Blanks before an object that begins a line; what lies deeper is not looked at."""

_OPEN_ENDS: Final = ("{", "[", ",")


class Element(NamedTuple):
    """One record as it is in the text, on one line.

    Attributes
    ----------
    text : str
        The JSON of the record; of what could not be read the beginning.
    line : int
        Line on which it begins.
    trouble : str
        A code of the catalogue where this is damage; empty for a record.
    """

    text: str
    line: int
    trouble: str = ""


def is_document(start: str) -> bool:
    """Tell whether a text holds JSON of which lines are no records.

    Parameters
    ----------
    start : str
        The first text of the file, blanks and marks before it taken off; it may be cut anywhere.

    Returns
    -------
    bool
        Whether it begins with a list of objects, with an object over several lines, or with an object that has lists
        of objects and no known column; or is no more than an empty list, or a page of answers with an empty one.
    """
    if _LIST.match(start) or _EMPTY_LIST.fullmatch(start):
        return True
    if not start.startswith("{"):
        return False
    found = _value_at(start, 0)
    if found is not None:
        value, end = found
        is_all = not start[end:].strip(_BLANK)
        return "\n" in start[:end] or _is_envelope(value) or (is_all and _is_empty_page(value))
    first, newline, _ = start.partition("\n")
    key = re.match(r'\{\s*"([^"\\]*)"', start)
    ours = key is not None and proper_name(key[1]) in KNOWN_COLUMNS
    return bool(newline and first.rstrip().endswith(_OPEN_ENDS)) or bool(
        _BEGINS_LIST.match(start) and not ours
    )


def elements(stream: TextStream, longest: int) -> Iterator[Element]:
    """Yield the records of a JSON text in order, and damage where there is some.

    An element of a list is a record, and so is an object outside any list. Of an object without any
    known column that has lists of objects, at any depth, the lists' elements are. What cannot be read is left out up to the
    next line on which an object begins as others did; where there is none, to the end.

    Parameters
    ----------
    stream : TextStream
    longest : int
        Bytes of the longest record; a longer one is damage.
    """
    yield from _Reader(stream, longest).values()


def _value_at(text: str, place: int) -> tuple[object, int] | None:
    """The value that begins at a place, and where it ends; None where there is none, or not all of it."""
    try:
        return _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        return None


def _is_envelope(value: object) -> bool:
    """Whether an object has no known column and, at some depth, a list of objects."""
    if not isinstance(value, dict) or KNOWN_COLUMNS & {proper_name(name) for name in value}:
        return False
    return any(
        _is_envelope(each) or (isinstance(each, list) and bool(each) and isinstance(each[0], dict))
        for each in value.values()
    )


def _is_empty_page(value: object) -> bool:
    """Whether an object has no known column, one list, which is empty, and otherwise only texts and numbers."""
    if not isinstance(value, dict) or KNOWN_COLUMNS & {proper_name(name) for name in value}:
        return False
    lists = [each for each in value.values() if isinstance(each, list | dict)]
    return lists == [[]]


class _DamageHereError(Exception):
    """The text cannot be read on from the present position."""


class _Reader:
    """Walks through a JSON text, of which no more than a record and a block are held."""

    def __init__(self, stream: TextStream, longest: int) -> None:
        self._blocks = stream.blocks()
        self._decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self._longest = longest
        self._text = ""
        self._place = 0
        self._line = 1
        self._line_start = 0
        self._indent = ""
        self._ended = False
        self._open = 0

    def values(self) -> Iterator[Element]:
        """All records of the text."""
        while True:
            self._skip(",")
            begin, line = self._text[self._place : self._place + 1], self._line
            if not begin:
                if self._open:
                    yield Element("", line, "json_open")
                return
            if begin in "]}":  # what a damaged element was part of
                self._take(1)
                self._open = max(0, self._open - 1)
                continue
            try:
                if begin == "[":
                    yield from self._list()
                else:
                    yield from self._record()
            except _DamageHereError:
                yield self._damage()

    def _record(self) -> Iterator[Element]:
        """A value outside any list: a record, or an object with lists of records."""
        line, indent = self._line, self._before()
        found = self._whole()
        if found is None:
            if self._begins_list():
                yield from self._members()
                return
            raise _DamageHereError
        value, end = found
        if _is_envelope(value) or _is_empty_page(value):
            yield from self._members()
            return
        if indent is not None:
            self._indent = indent
        yield Element(self._taken(end), line)

    def _list(self) -> Iterator[Element]:
        """The elements of a list; the present position is at its bracket."""
        self._take(1)
        self._open += 1
        while True:
            self._skip(",")
            begin = self._text[self._place : self._place + 1]
            if begin == "]":
                self._take(1)
                self._open -= 1
                return
            if not begin or begin in "}:":
                raise _DamageHereError
            line, indent = self._line, self._before()
            found = self._whole()
            if found is None:
                raise _DamageHereError
            if indent is not None:
                self._indent = indent
            yield Element(self._taken(found[1]), line)

    def _members(self) -> Iterator[Element]:
        """The lists of records in an object; the present position is at its brace."""
        self._take(1)
        self._open += 1
        while True:
            self._skip(",")
            if self._text[self._place : self._place + 1] == "}":
                self._take(1)
                self._open -= 1
                return
            key = self._whole()
            if key is None or not isinstance(key[0], str):
                raise _DamageHereError
            self._take(key[1] - self._place)
            self._skip(":")
            if self._looks(_LIST):
                yield from self._list()
                continue
            value = self._whole()
            if value is not None and not _is_envelope(value[0]):
                self._take(value[1] - self._place)
            elif self._text[self._place : self._place + 1] == "{":
                yield from self._members()
            else:
                raise _DamageHereError

    def _damage(self) -> Element:
        """Pass over what cannot be read, to the next line on which an object begins as others did."""
        line, begin = self._line, self._text[self._place : self._place + 1000]
        again = re.compile(rf"\n{re.escape(self._indent)}\{{")
        while True:
            found = again.search(self._text, self._place + 1)
            if found:
                self._take(found.end() - 1 - self._place)
                return Element(_on_one_line(begin.partition(found[0])[0]), line, "json_damaged")
            self._take(max(0, len(self._text) - self._place - len(self._indent) - 2))
            if not self._more():
                self._take(len(self._text) - self._place)
                self._open = 0  # reported already
                return Element(_on_one_line(begin), line, "json_rest")

    def _whole(self) -> tuple[object, int] | None:
        """The value at the present position, if it is no longer than a record may be; else None."""
        while (found := _value_at(self._text, self._place)) is None or self._may_go_on(found[1]):
            if len(self._text) - self._place > self._longest or not self._more():
                break
        return found if found and found[1] - self._place <= self._longest else None

    def _may_go_on(self, end: int) -> bool:
        """Whether a number or a word that ends with the block may go on in the next."""
        return end == len(self._text) and not self._ended and self._text[end - 1] not in '}]"'

    def _begins_list(self) -> bool:
        return self._looks(_BEGINS_LIST)

    def _looks(self, pattern: re.Pattern[str]) -> bool:
        """Whether the text goes on like this."""
        if len(self._text) - self._place < self._longest:
            self._more()
        return pattern.match(self._text, self._place) is not None

    def _before(self) -> str | None:
        """The blanks between the beginning of the line and the reader; None where there is more."""
        if self._place - self._line_start > _LONGEST_INDENT:
            return None
        before = self._text[self._line_start : self._place]
        return before if not before.strip(" \t") else None

    def _skip(self, sign: str) -> None:
        """Pass over blanks and a sign between values."""
        while True:
            place = self._place
            while place < len(self._text) and self._text[place] in _BLANK + sign:
                place += 1
            self._take(place - self._place)
            if place < len(self._text) or not self._more():
                return

    def _take(self, count: int) -> None:
        breaks = self._text.count("\n", self._place, self._place + count)
        if breaks:
            self._line += breaks
            self._line_start = self._text.rfind("\n", self._place, self._place + count) + 1
        self._place += count

    def _taken(self, end: int) -> str:
        text = self._text[self._place : end]
        self._take(end - self._place)
        return _on_one_line(text)

    def _more(self) -> bool:
        """Read another block; text before the present line is released."""
        if self._ended:
            return False
        block = next(self._blocks, None)
        self._ended = block is None
        kept = max(self._line_start, self._place - _LONGEST_INDENT - 1, 0)
        self._text = self._text[kept:] + (self._decode(block) if block else self._decode(b"", final=True))
        self._place -= kept
        self._line_start -= kept
        return not self._ended


def _on_one_line(text: str) -> str:
    """The same JSON without line breaks, which can only be between values."""
    return text.replace("\r", " ").replace("\n", " ")
