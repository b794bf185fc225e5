"""Strip from a code what scanners, keyboards, spreadsheets and databases wrap around it, and nothing else.

Every function works on the distinct values of a column, not on its rows. Codes of events, of reference tables and of
the tables that `decode` and `design` take are cleaned alike.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.messages import message

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "FAULTS",
    "PLACEHOLDER",
    "TRUTH_VALUE",
    "clean_codes",
    "clean_words",
    "code_faults",
    "is_placeholder",
    "is_truth_value",
]

_WIDE = [chr(code) for code in (0x3000, *range(0xFF01, 0xFF5F))]
_HALF = [" ", *(chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F))]
_SURROUNDING = "".join(
    chr(code)
    for code in (*range(0x21), *range(0x7F, 0xA1), 0x1680, *range(0x2000, 0x2010), 0x2028, 0x2029, 0x202F, 0x205F,
                 0x2060, 0x3000, 0xFEFF)
)  # fmt: skip
"""Blanks, control characters and marks without width: none begins or ends a code."""

_AIM = r"^\][A-Za-z][0-9A-Za-z]"
_BARE = (
    pl.all()
    .str.replace_many(_WIDE, _HALF)
    .str.strip_chars(_SURROUNDING)
    .replace("", None)
    .str.replace(_AIM, "")
    .str.strip_chars(_SURROUNDING)
)
_SURE = r"^[!-\"$-*,\-/-Z\\^-z|}~][!-*,\-/-~]*$"
"""Matches only clean codes: printed ASCII, without what only numbers with a point or an exponent have, and without the
beginnings of a prefix, of an object, of a list and of a spreadsheet's error."""

_EXACT = 2**53
"""Below it every whole number is a float of its own (IEEE 754)."""

_POINTED = r"^(-?(?:0|[1-9][0-9]*))\.0+$"
"""A whole number as a column of floats or decimals writes it."""

_LOST = (
    r"^[+-]?(?:[0-9]+(?:[.,][0-9]*)?[eE]\+[0-9]+"  # 3.60781E+17: Excel, Python, polars
    r"|[0-9]+\.[0-9]+[eE][0-9]+"  # 3.60781E17: Java
    r"|[1-9][0-9]{15,}\.0+"  # a whole number of 2^53 or more with a point
    r"|∞)$"
)
_NO_CODE = r"""(?s)^(?:\{.*\}|\[\s*(?:["'{\[].*|[-+0-9.eE,\s]*|(?:true|false|null|True|False|None)\b.*)\])$"""
_SPREADSHEET_ERROR = r"^#(?:#+|N/A|REF!|VALUE!|NAME\?|DIV/0!|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|GETTING_DATA|FORMULA!)$"

FAULTS: Final = (
    "",
    *(
        message(code, {})
        for code in (
            "digits_lost",
            "object_no_code",
            "spreadsheet_error",
            "truth_no_number",
            "placeholder_no_number",
        )
    ),
)
"""Why a text is not a code, by number; 0 is a code. Each is the detail of a reject: the rule and the way out."""

TRUTH_VALUE: Final = 4
"""The fault of a person whose number is true or false."""

PLACEHOLDER: Final = 5
"""The fault of a person whose number is a word for an unknown one."""

_TRUTH = r"^(?i:true|false)$"
_PLACEHOLDER = (
    r"^(?:[-/\\_.?*~—]+|不详|不明|不清楚|不知道?|未知|无|没有|没带|未带|忘带|忘记|暂无|暂缺|待补|待查|待定|空|缺|未登记|未提供|未填"
    r"|(?:无|没有|没带|未带|忘带|忘记)(?:证|证件|身份证)号?码?)$"
)


def clean_codes(values: pl.Series) -> pl.Series:
    """Clean codes: half-width, no surrounding blanks and control characters, no AIM prefix, no point behind a whole number.

    A blank text becomes null, which is a missing value; a mere prefix becomes empty, which is a bad value. Whether
    the cleaned text is a code is decided by `code_faults`.
    """
    if values.str.contains(_SURE).all():  # null counts as clean
        return values
    return _without_points(values.to_frame().select(_BARE).to_series())


def _without_points(values: pl.Series) -> pl.Series:
    """Whole numbers below 2^53 as their digits: ``1.0`` and ``22021000001.0000000000``."""
    pointed = values.str.contains(_POINTED)
    if not pointed.any():
        return values
    whole = values.str.extract(_POINTED, 1).cast(pl.Int64, strict=False)
    digits = pl.when(whole.abs() < _EXACT).then(whole).cast(pl.String)
    return pl.select(pl.coalesce(digits, values).alias(values.name)).to_series()


def code_faults(cleaned: pl.Series) -> NDArray[np.uint8] | None:
    """Find the cleaned texts that are not codes, as (n,) uint8 indices into `FAULTS`; None where all are codes.

    A text like ``3.60781E+17`` is a long number that a spreadsheet or a float has rounded: several codes become one.
    """
    doubtful = np.flatnonzero(~cleaned.str.contains(_SURE).fill_null(value=True).to_numpy())
    if not len(doubtful):
        return None
    texts = cleaned.gather(doubtful)
    faults = pl.lit(0)
    for fault, pattern in enumerate((_LOST, _NO_CODE, _SPREADSHEET_ERROR), start=1):
        faults = pl.when(texts.str.contains(pattern)).then(fault).otherwise(faults)
    told = pl.select(faults.cast(pl.UInt8)).to_series().to_numpy()
    if not told.any():
        return None
    found = np.zeros(len(cleaned), np.uint8)
    found[doubtful] = told
    return found


def is_truth_value(cleaned: pl.Series) -> pl.Series:
    """Find the texts that are true or false: a site may have such a code, a person never."""
    return cleaned.str.contains(_TRUTH).fill_null(value=False)


def is_placeholder(cleaned: pl.Series) -> pl.Series:
    """Find the texts that stand for an unknown number (不详, 无, 未带证件, -, ?): two people would become one."""
    return cleaned.str.contains(_PLACEHOLDER).fill_null(value=False)


def clean_words(values: pl.Series) -> pl.Series:
    """Clean free text: no surrounding blanks; blank is null."""
    return values.to_frame().select(pl.all().str.strip_chars().replace("", None)).to_series()
