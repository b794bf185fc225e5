"""Counts of an export of lists, which its summary and the command tell."""

from __future__ import annotations

from dataclasses import dataclass, field

__all__ = ["ListCounts"]


@dataclass
class ListCounts:
    """Counts of an export of lists.

    Attributes
    ----------
    waiting, closed : int
        People to sample again who are on the list, and recalls that are closed, which are not.
    unknown, without_phone : int
        Of the people on the list, those of whom no file tells anything, and those without a telephone.
    doubtful : int
        People of whom the files tell several names.
    unread : int
        Lines of the files that could not be read.
    shortened : int
        Cells that were longer than a cell can be.
    sheets : dict of str to list of (str, int)
        List to its sheets or files, with their rows.
    """

    waiting: int = 0
    closed: int = 0
    unknown: int = 0
    without_phone: int = 0
    doubtful: int = 0
    unread: int = 0
    shortened: int = 0
    sheets: dict[str, list[tuple[str, int]]] = field(default_factory=dict)
