"""Columns of a file as they are understood, each with some of its values."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING, Final

import numpy as np

from poolpipe.coding.headers import NUMBERING, bare_header
from poolpipe.display import column_list
from poolpipe.events.cells import split_cells

if TYPE_CHECKING:
    from collections.abc import Sequence

    from poolpipe.events.batches import Batch

__all__ = ["UnderstoodColumn", "is_numbering", "time_form", "understood_columns"]

_SAMPLES: Final = 3
_LOOKED: Final = 200
_SEPARATORS: Final = ",;\t|"
_TIME_FORMS: Final = (
    ("2022-02-10T08:00:00+08:00", r"^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)$"),
    ("2022-02-10 08:00:00", r"^\d{4}-\d\d?-\d\d?[T ]+\d\d?:\d\d"),
    ("2022/2/10 8:00", r"^\d{4}[/.]\d\d?[/.]\d\d?\s+\d\d?:\d\d"),
    ("2022年2月10日 8:00", r"^\d{4}年\d\d?月\d\d?日"),
)


@dataclass(frozen=True, slots=True)
class UnderstoodColumn:
    """One column of a file.

    Attributes
    ----------
    header : str
        Its name as it is written.
    column : str
        The column of docs/tables.md that it stands for; empty where it is left out.
    samples : tuple of str
        Up to three distinct values, as they are written.
    """

    header: str
    column: str
    samples: tuple[str, ...] = ()


def understood_columns(batch: Batch) -> tuple[UnderstoodColumn, ...]:
    """Every column of a file in its order, those that are left out too.

    Parameters
    ----------
    batch : Batch
        Its first records.
    """
    if batch.told is None or not batch.told.header:
        known = [UnderstoodColumn(name, name) for name in batch.table.column_names]
        return (*known, *(UnderstoodColumn(name, "") for name in sorted(batch.left_out)))
    header, names = batch.told.header, batch.told.names
    lines = batch.raw(np.arange(min(batch.table.num_rows, _LOOKED)))
    rows = [cells for line in lines if (cells := _cells_of(line, header, names))]
    shown = column_list(" ".join(name.split()) for name in header)
    return tuple(
        UnderstoodColumn(shown[place], column, _samples([cells[place] for cells in rows]))
        for place, (name, column) in enumerate(zip(header, names, strict=True))
        if name.strip() or any(cells[place].strip() for cells in rows)
    )


def _cells_of(line: str, header: Sequence[str], names: Sequence[str]) -> list[str]:
    """The cells of a record as it came, or as the object that a record of Parquet or Arrow is written as."""
    if line.startswith("{"):
        try:
            record = json.loads(line)
        except ValueError:
            return []
        values = [record.get(name, record.get(column)) for name, column in zip(header, names, strict=True)]
        return ["" if value is None else str(value) for value in values]
    splits = (split_cells(line, ord(separator)) for separator in _SEPARATORS)
    return next((cells for cells in splits if len(cells) == len(header)), [])


def _samples(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(islice(dict.fromkeys(value.strip() for value in values if value.strip()), _SAMPLES))


def time_form(samples: Sequence[str]) -> str:
    """How times are written, by an example of the known form that all of them have; empty where they have none.

    Examples
    --------
    >>> time_form(["2022/4/4 8:05"])
    '2022/2/10 8:00'
    """
    forms = [
        example
        for example, pattern in _TIME_FORMS
        if samples and all(re.match(pattern, each) for each in samples)
    ]
    return forms[0] if forms else ""


def is_numbering(column: UnderstoodColumn) -> bool:
    """Whether a column only numbers the lines."""
    return bare_header(column.header) in NUMBERING
