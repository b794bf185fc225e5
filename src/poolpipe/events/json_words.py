"""Find NaN and Infinity, which are not JSON, outside the strings of JSON lines, and how deep objects are nested.

Python's `json` and pandas write a bare NaN where there is no number.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

__all__ = ["depth", "has_infinity", "mended"]

_TEXT = r'"(?:[^"\\]|\\.)*"'
_NAN = r"([:\[,]\s*)NaN(\s*[,}\]])"
_TEXT_OR_NAN = re.compile(rf"({_TEXT})|\bNaN\b")
_INFINITY = r"[:\[,]\s*[+-]?Infinity\s*[,}\]]"
_NO_BRACKETS = re.compile(rf"{_TEXT}|[^\[\]{{}}\"]+")


def mended(lines: pl.Series) -> pl.Series:
    """Replace a bare NaN by null; texts are kept."""
    rows = np.flatnonzero(lines.str.contains("NaN", literal=True).to_numpy())
    some = lines.gather(rows)
    outside = _outside_texts(some).str.count_matches("NaN", literal=True)
    everywhere = some.str.count_matches("NaN", literal=True)
    once = some.str.replace_all(_NAN, "${1}null${2}")
    plain = once.str.replace_all(_NAN, "${1}null${2}")  # neighbours in a list share their comma
    careful = np.flatnonzero((outside != everywhere).to_numpy())
    one_by_one = [_TEXT_OR_NAN.sub(_null, line) for line in some.gather(careful)]
    return lines.clone().scatter(rows, plain.scatter(careful, one_by_one))


def has_infinity(lines: pl.Series) -> NDArray[np.bool_]:
    """Find the lines that have a bare Infinity in the place of a value."""
    rows = np.flatnonzero(lines.str.contains("Infinity", literal=True).to_numpy())
    found = np.zeros(len(lines), np.bool_)
    found[rows] = _outside_texts(lines.gather(rows)).str.contains(_INFINITY).to_numpy()
    return found


def depth(line: str) -> int:
    """Count how deep objects and lists are nested in each line, brackets in texts aside."""
    deepest = now = 0
    for bracket in _NO_BRACKETS.sub("", line):
        now += 1 if bracket in "[{" else -1
        deepest = max(deepest, now)
    return deepest


def _outside_texts(lines: pl.Series) -> pl.Series:
    return lines.str.replace_all(_TEXT, "")


def _null(found: re.Match[str]) -> str:
    return found[1] or "null"
