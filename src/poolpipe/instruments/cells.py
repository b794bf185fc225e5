"""Texts of cells: header names, wells, numbers. Pure functions; nothing here decides by guessing."""

from __future__ import annotations

import functools
import re
import unicodedata
from typing import TYPE_CHECKING

from poolpipe.instruments.errors import AmbiguousFileError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "NOTHING",
    "decimal_mark",
    "fold",
    "is_damaged",
    "is_error",
    "number",
    "plain",
    "well_name",
    "well_number",
]

# Letters of other alphabets that instruments print where a Latin one is meant: the T of `Cт` is Cyrillic.
LOOKALIKES = str.maketrans("АВСЕНКМОРТХасеортхΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "ABCEHKMOPTXaceoptxABEZHIKMNOPTYX")

HALF_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
SURROUNDING = "".join(map(chr, (*range(33), 0x7F, 0xA0, 0x200B, 0xFEFF)))

# Contract, section 1: how *undetermined* is written in real files, folded. Empty is decided by the layout.
NOTHING = frozenset(
    ("undetermined", "undeterm", "nan", "n/a", "no ct", "noct", "no cq", "nocq", "no cp", "nocp", "-", "--")
)

ROWS = "ABCDEFGHIJKLMNOP"
_WELL = re.compile(r"([A-P])[ -]?0*([1-9]\d?)")
_ERROR = re.compile(
    r"#(?:N/A|REF!|DIV/0!|VALUE!|NAME\?|NUM!|NULL!|SPILL!|CALC!|FIELD!|BLOCKED!|CONNECT!|GETTING_DATA|FORMULA!|ERR|#+)"
)
_SHORTENED = re.compile(r"\d[.,]\d+[eE][+-]?\d+|\d[eE]\+\d+")
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?:[eE][+-]?\d+)?")
_GROUPED_DOT = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+\.\d+")  # 118,248.200: comma groups, dot is decimal
_GROUPED_COMMA = re.compile(r"[+-]?\d{1,3}(?:\.\d{3})+,\d+")  # 118.248,200
_SURE_DOT = re.compile(r"[+-]?(?:0\.\d+|\d+\.(?:\d{1,2}|\d{4,}))")  # never a group of three digits
_SURE_COMMA = re.compile(r"[+-]?(?:0,\d+|\d+,(?:\d{1,2}|\d{4,}))")


def plain(text: str) -> str:
    """The text without surrounding blanks, control characters and byte-order mark, full width made half."""
    return text.translate(HALF_WIDTH).strip(SURROUNDING)


@functools.lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """A header or keyword for comparing: lookalike letters made Latin, case, width and spacing folded."""
    return " ".join(
        unicodedata.normalize("NFKC", plain(text)).translate(LOOKALIKES).casefold().rstrip(".:").split()
    )


def well_name(text: str, rows: int = 16, columns: int = 24) -> str | None:
    """Write `A1`, `a01` or `A-1` as `A01`.

    Parameters
    ----------
    text : str
        A cell.
    rows, columns : int
        Size of the plate.

    Returns
    -------
    str or None
        None where it is no well of the plate.
    """
    match = _WELL.fullmatch(plain(text).upper())
    if match is None or ROWS.index(match[1]) >= rows or int(match[2]) > columns:
        return None
    return f"{match[1]}{int(match[2]):02d}"


def well_number(text: str, rows: int, columns: int, *, base: int = 1, order: str = "row") -> str | None:
    """Name the well of a number (`1`, `1.0`).

    Parameters
    ----------
    text : str
        A cell.
    rows, columns : int
        Size of the plate.
    base : int
        Number of the first well.
    order : {"row", "column"}
        Whether numbers run along rows or down columns.

    Returns
    -------
    str or None
        None where it is no number or outside the plate.
    """
    match = re.fullmatch(r"(\d{1,4})(?:\.0*)?", plain(text))
    if match is None or not 0 <= (index := int(match[1]) - base) < rows * columns:
        return None
    row, column = divmod(index, columns) if order == "row" else reversed(divmod(index, rows))
    return f"{ROWS[row]}{column + 1:02d}"


def is_error(text: str) -> bool:
    """Whether a text is an error value of a spreadsheet (`#N/A`), which stands for no value at all."""
    return _ERROR.fullmatch(plain(text).upper()) is not None


def is_damaged(text: str) -> bool:
    """Whether a code is an error value, or a number that a spreadsheet shortened (`2.2021E+11`) and so lost its digits."""
    return is_error(text) or _SHORTENED.fullmatch(plain(text)) is not None


def decimal_mark(values: Iterable[str], others: Iterable[str]) -> str:
    """The decimal mark of a file's Ct texts, by evidence.

    Parameters
    ----------
    values : iterable of str
        The Ct texts; what is no number does not count.
    others : iterable of str
        The other cells of the table, evidence for the file's convention.

    Returns
    -------
    str
        `.` or `,`.

    Raises
    ------
    AmbiguousFileError
        Where Ct texts use both marks, or one and the rest of the file clearly the other.
    """
    shapes = [plain(value) for value in values]
    numbers = [text for text in shapes if _NUMBER.fullmatch(text)]
    commas = [text for text in numbers if "," in text]
    dots = [text for text in numbers if "." in text]
    rest = [plain(text) for text in others]
    sure_dot = next((t for t in rest if _GROUPED_DOT.fullmatch(t) or _SURE_DOT.fullmatch(t)), None)
    sure_comma = next((t for t in rest if _GROUPED_COMMA.fullmatch(t) or _SURE_COMMA.fullmatch(t)), None)
    if commas and (dots or (sure_dot and not sure_comma)):
        other = dots[0] if dots else sure_dot
        raise AmbiguousFileError.of("comma_and_point", comma=commas[0], point=other)
    if dots and sure_comma and not sure_dot:
        raise AmbiguousFileError.of("point_in_commas", point=dots[0], comma=sure_comma)
    return "," if commas else "."


def number(text: str, decimal: str) -> float | None:
    """Parse the number of a cell under the file's decimal mark.

    Parameters
    ----------
    text : str
        A cell.
    decimal : {".", ","}
        Decimal mark.

    Returns
    -------
    float or None
        None where it is no plain number.
    """
    text = plain(text)
    if not _NUMBER.fullmatch(text) or (("," if decimal == "." else ".") in text):
        return None
    return float(text.replace(",", "."))
