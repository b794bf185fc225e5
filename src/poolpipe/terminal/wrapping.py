"""Break text into lines of a terminal, where a Chinese sign takes two columns and may stand at any end of a line."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

__all__ = ["columns", "wrapped"]

_WIDE: Final = r"\u2e80-\u9fff\uf900-\ufaff\uff01-\uff60\u2018-\u201d"
_NOT_FIRST: Final = "，。；：、！？）》〉】」』”’"
_NOT_LAST: Final = "（《〈【「『“‘"
_PIECES: Final = re.compile(
    rf"(?P<blank>\s+)|(?P<piece>[{_NOT_LAST}]*(?:[^\s{_WIDE}]+|[{_WIDE}])[{_NOT_FIRST}]*|[{_NOT_LAST}]+)"
)
"""A run of Latin signs, or one Chinese sign, with the punctuation that may not stand apart from it."""


def columns(text: str) -> int:
    """Count the columns of a terminal that a text takes.

    Examples
    --------
    >>> columns("混管 T1")
    7
    """
    return sum(
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )


def wrapped(text: str, width: int) -> list[str]:
    """Break a paragraph into lines; a run of Latin signs that is longer than a line stays whole.

    Parameters
    ----------
    text : str
        A paragraph; its line ends are blanks.
    width : int
        Columns of a line.

    Returns
    -------
    list of str
        Without blanks at the ends; empty where the text is.

    Examples
    --------
    >>> wrapped("写入 OUT 文件夹，显示看板。", 16)
    ['写入 OUT 文件', '夹，显示看板。']
    """
    lines: list[str] = []
    line, gap = "", ""
    for found in _PIECES.finditer(text):
        if found["blank"]:
            gap = " " if "\n" in found["blank"] else found["blank"]
            continue
        if line and columns(line) + columns(gap) + columns(found["piece"]) > width:
            lines.append(line)
            line, gap = "", ""
        line += (gap if line else "") + found["piece"]
        gap = ""
    return [*lines, line] if line else lines
