"""Keep JSON numbers that no float can hold as texts, before a parser rounds them."""

from __future__ import annotations

import json
from math import isinf
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl

__all__ = ["with_exact_numbers"]

_SUSPECT = (
    r":\s*-?[0-9]+(?:\.[0-9]+)?[eE]|:\s*-?[0-9]{16,}\.[0-9]"
    r"|:\s*-?[0-9]+\.[0-9]*[1-9]0+\s*[,}]|:\s*-?[0-9]+\.00+\s*[,}]|:\s*-?[0-9]+\.[0-9]{15}"
)
"""A value with an exponent, with a point behind sixteen digits, with zeros at its end, or with fifteen digits behind it."""

_EXACT = 2.0**53


def with_exact_numbers(lines: pl.Series) -> pl.Series:
    """The same objects, in which a float of 2^53 or more is a text with its exponent, and 12.50 the text `12.50`.

    A parser writes `9.901E+17` as 990100000000000000, which looks like a number with all its digits, and 12.50 as
    12.5, which is another code. Lines that are no objects are kept; the reader rejects them.
    """
    suspects = np.flatnonzero(lines.str.contains(_SUSPECT).fill_null(value=False).to_numpy())
    if not len(suspects):
        return lines
    return lines.clone().scatter(suspects, [_exact(line) for line in lines.gather(suspects)])


def _exact(line: str) -> str:
    try:
        return json.dumps(json.loads(line, parse_float=_number), ensure_ascii=False)
    except (ValueError, RecursionError):
        return line


def _number(text: str) -> float | str:
    number = float(text)
    if abs(number) < _EXACT:
        return number if "e" in text.lower() or repr(number) == text else text
    return "∞" if isinf(number) else repr(number)
