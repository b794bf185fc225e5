"""Make text safe to show: control characters become visible escapes, identities are masked.

Texts from files, names, paths and instruments are shown through `visible` on boards and in messages and errors; texts
that may hold a person's number, name or telephone are shown through one of the masks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "COMMANDING",
    "column_list",
    "json_text",
    "mask",
    "mask_identities",
    "mask_numbers",
    "mask_people",
    "mask_sound_ids",
    "mask_subject",
    "number_of",
    "refused_value",
    "visible",
    "withheld",
    "withhold_values",
]

COMMANDING = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0, DEL, C1: escape sequences begin here
    "\xad\u0600-\u0605\u061c\u06dd\u070f\u0890\u0891\u08e2\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff"
    "\ufff0-\ufffb\U000110bd\U000110cd\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\u2028\u2029"  # line and paragraph separator
    "\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff"  # drawn as nothing
    "\ud800-\udfff"  # bytes of a file name that are no UTF-8
    "]"
)
"""Control and format characters (Unicode Cc, Cf, Zl, Zp, Cs) and those that are drawn as nothing."""

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
_NUMBER = re.compile(r"\d{11,}[\dXx]?")
_IDENTITY = re.compile(
    r"(?<!\d)(?:\d{6}(?:18|19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx]|1[3-9]\d{9})(?!\d)"
)
"""A resident ID (GB 11643), sound or not, or a mobile telephone number."""

_ADULT_ID = re.compile(
    r"(?<!\d)\d{6}(?:19\d\d|200\d|201\d)(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])\d{3}[\dXx](?!\d)"
)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_TIME = re.compile(
    r"\d{1,4}[-/.年]\d{1,2}[-/.月]\d{1,4}日?(?:[T ]{1,2}(?:上午|下午)? ?\d{1,2}:\d\d[0-9:.]*(?:Z|[+-]\d\d:?\d\d)?)?"
)
_VALUE = re.compile(r"\A(\w+ )?'(.*)'((?:: | is none of ).*)?\Z", re.DOTALL)
_QUOTED = re.compile(r"'[^']*'|\"[^\"]*\"|`[^`]*`")
_SUGGESTED = "did you mean the column '"
_MOST_DIGITS = 6


def visible(text: str) -> str:
    r"""Write characters that could control a terminal, reorder or hide text as escapes: ``\x1b``, ``\u202e``, ``\n``.

    A byte of a file name that is no UTF-8 is drawn as that byte. Everything else stays as it is.
    """
    return COMMANDING.sub(_escape, text)


def _escape(found: re.Match[str]) -> str:
    character = found[0]
    code = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if 0xDC80 <= code <= 0xDCFF:
        code -= 0xDC00
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def mask(number: str) -> str:
    """Hide the middle of an identity number: `360781********0005`; at most a third and a quarter stay."""
    first, last = min(6, len(number) // 3), min(4, len(number) // 4)
    return number[:first] + "*" * (len(number) - first - last) + number[len(number) - last :]


def mask_people(people: str) -> str:
    """Mask the people of a cluster: the number behind each document.

    Examples
    --------
    >>> mask_people("RIC:990100199001010012; PASSPORT:E12345678")
    'RIC:990100********0012; PASSPORT:E123*5678'
    """
    parts = [each.rpartition(":") for each in people.split("; ")]
    return "; ".join(f"{document}{colon}{mask(number)}" for document, colon, number in parts)


def mask_subject(kind: str, subject: str) -> str:
    """Mask an anomaly's subject: a person's number behind its document, long numbers in the id of an event.

    Examples
    --------
    >>> mask_subject("person", "RIC:990100199001010012"), mask_subject("tube", "22040400001")
    ('RIC:990100********0012', '22040400001')
    """
    if kind == "person":
        document, colon, number = subject.partition(":")
        return f"{document}{colon}{mask(number)}"
    return mask_numbers(subject) if kind == "event" else subject


def mask_numbers(text: str) -> str:
    """Mask everything in a text that is long enough to be an identity or telephone number."""
    return _NUMBER.sub(lambda found: mask(found[0]), text)


def mask_identities(text: str) -> str:
    """Mask resident IDs and mobile telephone numbers in a message; paths and other figures stay."""
    return _IDENTITY.sub(lambda found: mask(found[0]), text)


def mask_sound_ids(text: str) -> str:
    """Mask a code that is certainly a person's number: a valid resident ID with a birth date before 2020.

    Barcodes of 18 digits may contain the date of a campaign, which is later.
    """
    return _ADULT_ID.sub(lambda found: mask(found[0]) if _checks(found[0]) else found[0], text)


def _checks(number: str) -> bool:
    """Whether the 18th character is the check character of ISO 7064 MOD 11-2."""
    total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
    return "10X98765432"[total % 11] == number[17].upper()


def withheld(value: str) -> str:
    """Write the shape of a value that may be a name or number: signs are kept, letters and digits become `*`.

    A time, up to three plain characters with a figure or sign, and the digits of a short number identify no person and are kept.
    """
    short = len(value) <= 3 and value.isascii() and not value.isalpha()
    if short or _TIME.fullmatch(value):
        return visible(value)
    few = sum(character.isdigit() for character in value) <= _MOST_DIGITS
    shape = ("*" if each.isalpha() or (each.isalnum() and not few) else each for each in value)
    return visible("".join(shape))


def refused_value(detail: str) -> tuple[str, str]:
    """Parse the column and the value that the reason of a reject quotes; both empty where it quotes none."""
    found = _VALUE.match(detail)
    column, value, _ = found.groups("") if found else ("", "", "")
    return (column.strip() or "kind") if found else "", value


def withhold_values(detail: str, *, known: Iterable[str] = ()) -> str:
    """Withhold the quoted value in the reason of a reject: ``tube 'T1 张三': outside ...``.

    Parameters
    ----------
    detail : str
        As the table `rejects` has it.
    known : iterable of str
        Values that may be shown.

    Returns
    -------
    str
        The reason with the shape of the value in its place.
    """
    if _SUGGESTED in detail:
        return mask_identities(visible(detail))
    found = _VALUE.match(detail)
    if found is None:
        told = _QUOTED.sub(lambda quoted: f"'{_told(quoted[0][1:-1], known)}'", detail)
        return mask_numbers(visible(told))
    column, value, rule = found.groups("")
    return f"{visible(column)}'{_told(value, known)}'{mask_numbers(visible(rule))}"


def _told(value: str, known: Iterable[str]) -> str:
    return visible(value) if value in known else withheld(value)


def column_list(names: Iterable[str]) -> list[str]:
    """Name columns; where one of them is data rather than a name (seven digits or more) all are withheld."""
    given = list(names)
    data = any(sum(character.isdigit() for character in name) > _MOST_DIGITS for name in given)
    return [withheld(name) if data else visible(name) for name in given]


def json_text(value: object, *, indent: int | None = 2) -> str:
    r"""Write JSON that is safe to show on a terminal: control characters in texts are written as ``\u001b``.

    Parameters
    ----------
    value : object
        What `json.dumps` takes.
    indent : int, optional
        Blanks per level; None for one line.

    Returns
    -------
    str
    """
    import json

    text = json.dumps(value, ensure_ascii=False, indent=indent)
    return COMMANDING.sub(lambda found: found[0] if found[0] == "\n" else json.dumps(found[0])[1:-1], text)


def number_of(count: int, what: str) -> str:
    """Write a count with its noun, in the singular for one.

    Examples
    --------
    >>> number_of(1, "file"), number_of(1200, "file"), number_of(0, "anomaly")
    ('1 file', '1,200 files', '0 anomalies')
    """
    if count == 1:
        return f"1 {what}"
    return f"{count:,} {what[:-1]}ies" if what.endswith("y") else f"{count:,} {what}s"
