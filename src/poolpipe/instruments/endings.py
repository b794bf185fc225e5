"""Where a file may have been cut: its last line, its last value, its closing line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from poolpipe.import_policy import control_by_name
from poolpipe.instruments.cells import plain
from poolpipe.instruments.errors import DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.instruments.columns import Columns
    from poolpipe.instruments.documents import Document, Row
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["check_trailer", "is_trailer", "without_cut_end"]

CODES = ("well", "plate", "plate_well", "target", "tube", "sample", "pool", "source", "at", "lab")
ENOUGH = 2  # so many other values of one length or with decimals tell how long the last should be


def is_trailer(layout: Layout, line: str) -> bool:
    """Whether a line is the one that closes files of a layout.

    Parameters
    ----------
    layout : Layout
        May have a closing line.
    line : str
        A line of the file.

    Returns
    -------
    bool
    """
    return layout.trailer is not None and re.search(layout.trailer, line.strip()) is not None


def check_trailer(layout: Layout, document: Document) -> None:
    """Check that a file ends with the closing line of its layout, if the layout has one.

    Parameters
    ----------
    layout : Layout
        May have a closing line.
    document : Document
        The opened file.

    Raises
    ------
    DamagedFileError
        The closing line is missing.
    """
    if layout.trailer is None:
        return
    lines = document.text.rstrip().splitlines()
    if not lines or not is_trailer(layout, lines[-1]):
        raise DamagedFileError.of("closing_missing")


def without_cut_end(
    layout: Layout, document: Document, rows: list[Row], whole: list[Row], columns: Columns, notes: Notes,
    earlier: Sequence[str] = (),
) -> list[Row]:  # fmt: skip
    """The whole rows, without a last one whose last value may have lost its end.

    Parameters
    ----------
    layout : Layout
        Tells whether numbers of this format have decimals of one length.
    document : Document
        Tells which line is its last, and whether that has an end.
    rows, whole : list of Row
        The rows of the table, and those of them that have all their cells.
    columns : Columns
        What each column holds.
    notes : Notes
        Gets a finding for the last row where it is left out.
    earlier : sequence of str
        Ct values of the tables of the file above this one.

    Raises
    ------
    DamagedFileError
        The last line of the file has fewer cells than the others; or it has no line end, and its last value is shorter
        than those of the other rows or cannot be compared with any.
    """
    if not rows or not _is_last_line(document, rows[-1]):
        return whole
    last = rows[-1]
    if not whole or last is not whole[-1]:
        width = max((len(row.cells) for row in whole), default=len(columns.header.cells))
        if last.torn or len(last.cells) < width:
            raise _cut(last, document)
        return whole
    if document.cut:
        _check_unended(document, whole, columns)
        return whole
    end = len(last.cells) - 1
    rest = [row.cells[end] for row in whole[:-1] if end < len(row.cells)]
    emptied = not plain(last.cells[end]) and len(rest) >= ENOUGH and all(map(plain, rest))
    if (
        (end in columns.needed and emptied)
        or (
            end in columns.cts
            and _fewer_decimals(last.cells[end], [*earlier, *rest], shortest=layout.decimals == "shortest")
        )
        or (end in columns.of(*CODES) and _shorter(last.cells[end], rest))
    ):
        notes.found("cut_value", "the last value of the file is shorter than all others, or empty, and may have been cut: left out",
                    line=last.line, text=last.cells[end])  # fmt: skip
        return whole[:-1]
    return whole


def _is_last_line(document: Document, row: Row) -> bool:
    lines = document.text.count("\n") + (document.cut or not document.text.endswith("\n"))
    return document.container == "text" and row.line == lines


def _check_unended(document: Document, whole: list[Row], columns: Columns) -> None:
    """Refuse a last line without an end unless its last value is of the very shape of the others."""
    last, rest, cts = whole[-1], whole[:-1], columns.cts
    end = len(last.cells) - 1
    if cts and end <= max(cts):
        seen = [row.cells[i] for row in whole for i in cts if i < len(row.cells) and (row, i) != (last, end)]
        if end < max(cts) or not _same_decimals(last.cells[end], seen):
            raise _cut(last, document)
        return
    if (
        end in columns.needed
        and not plain(last.cells[end])
        and all(map(plain, (row.cells[end] for row in rest)))
    ):
        raise _cut(last, document)
    lengths = {len(row.cells[end]) for row in rest if end < len(row.cells)}
    if end in columns.of(*CODES, "volume") and lengths != {len(last.cells[end])}:
        raise _cut(last, document)


def _same_decimals(text: str, others: list[str]) -> bool:
    """Whether a Ct has as many decimals, at least one, as every other number: 38.21 cut to 38.2 has not."""
    if not text:
        return False
    if not any(letter.isdigit() for letter in text):
        return True  # a word: cut short it is no word that is known
    shapes = {_decimals(other) for other in others if any(letter.isdigit() for letter in other)}
    return _decimals(text) > 0 and shapes == {_decimals(text)}


def _fewer_decimals(text: str, others: list[str], *, shortest: bool) -> bool:
    """Whether a Ct has fewer decimals than every other number, or none where the others have some.

    Of software that leaves zeros at the end out (`shortest`) only the latter tells.
    """
    if not any(letter.isdigit() for letter in text):
        return False
    shapes = [_decimals(other) for other in others if any(letter.isdigit() for letter in other)]
    least = min(shapes, default=0)
    enough = len(shapes) >= ENOUGH and not shortest
    return _decimals(text) < least and (enough or _decimals(text) == 0)


def _shorter(text: str, others: list[str]) -> bool:
    """Whether a code or time is shorter than all others, which are of one length; a control's name may be."""
    told = [plain(other) for other in others if plain(other)]
    lengths = {len(other) for other in told}
    short = len(told) >= ENOUGH and len(lengths) == 1 and 0 < len(plain(text)) < lengths.pop()
    return short and control_by_name(plain(text)) is None


def _decimals(text: str) -> int:
    return len(text) - 1 - max(text.rfind("."), text.rfind(",")) if re.search("[.,]", text) else 0


def _cut(row: Row, document: Document) -> DamagedFileError:
    if document.cut:
        return DamagedFileError.of("line_unended", where=f"line {row.line}")
    return DamagedFileError.of("line_cut", where=f"line {row.line}")
