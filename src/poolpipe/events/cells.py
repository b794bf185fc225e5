"""Split a line of CSV into its cells, and find out what separates them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

__all__ = ["LONGEST_CELL", "separator_of", "split_cells"]

LONGEST_CELL: Final = 1 << 16
"""The most bytes of a quoted cell; a quote not closed within them is a stray one."""

_SEPARATORS: Final = ",;\t|"
_TITLES: Final = 10
"""The most lines above a header, such as a title, that have no separator."""


def separator_of(text: NDArray[np.uint8]) -> str:
    """Choose the separator that occurs most often in the first line that has one: a title above the header has none.

    Parameters
    ----------
    text : (n,) uint8
        The beginning of a text in UTF-8.
    """
    head = text[:LONGEST_CELL].tobytes().decode(errors="replace").lstrip("\ufeff\r\n").split("\n")[:_TITLES]
    first = next((line for line in head if any(each in line for each in _SEPARATORS)), head[0])
    return max(_SEPARATORS, key=first.count)


def split_cells(line: str, separator: int) -> list[str]:
    """Split one record of any length into cells.

    Parameters
    ----------
    line : str
        Without its line end; quoted cells may hold line ends.
    separator : int
        Code point of what separates the cells.
    """
    line = line.lstrip("\ufeff")
    if '"' not in line:
        return line.split(chr(separator))
    csv.field_size_limit(max(len(line), csv.field_size_limit()))
    return next(csv.reader([line], delimiter=chr(separator)), [])
