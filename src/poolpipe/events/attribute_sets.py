"""Number the distinct attribute sets of collects: the values of all columns but tube, person and time.

Thousands of scans of one sampling point have the same mode, capacity, site and point. A scan keeps the number of
its set (4 bytes), and two scans have equal attributes where these numbers are equal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe.events.columns import EncodedColumn
from poolpipe_kernels import groups
from poolpipe_kernels.compilation import read_only

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.events.valid_events import ValidEvents

__all__ = ["OWN", "number_attribute_sets"]

OWN = ("round", "tube")
"""Columns that identify the tube are kept for each scan."""

_TABLE = 1 << 18
"""Up to so many pairs are looked up in a direct-address table (1 MB), six times as fast as by hashes."""


def number_attribute_sets(events: ValidEvents) -> None:
    """Number the combinations of all other columns and the file, in place: `attributes_id` becomes an index into them.

    Where every scan has a value of its own, such as an event id, each scan is a combination of its own.
    """
    n = len(events.at)
    if events.words or any(not isinstance(column, EncodedColumn) for column in events.numbers.values()):
        events.attributes_id, events.attribute_sets = np.arange(n, dtype=np.int32), n
        return
    attributes_id, firsts = np.zeros(n, np.int32), np.zeros(min(n, 1), np.int64)
    for rows in _rows(events):
        low, high = (int(rows.min()), int(rows.max())) if n else (0, 0)
        if low < high:
            attributes_id, firsts = _paired(attributes_id, len(firsts), rows, low, high)
    events.attributes_id, events.attribute_sets = attributes_id, len(firsts)
    for parts in (events.codes, events.numbers):
        parts.update(
            {name: column.kept(firsts) for name, column in parts.items()
             if name not in OWN and isinstance(column, EncodedColumn)}
        )  # fmt: skip
    events.fixed = {name: column[firsts] for name, column in events.fixed.items()}
    if events.files is not None:
        events.files = events.files[firsts]


def _rows(events: ValidEvents) -> list[NDArray[np.int32]]:
    coded = [column for name, column in events.codes.items() if name not in OWN]
    numbers = [column for column in events.numbers.values() if isinstance(column, EncodedColumn)]
    fixed = [column.astype(np.int32) for column in events.fixed.values()]
    files = [] if events.files is None else [events.files]
    return [*(column.rows for column in (*coded, *numbers)), *fixed, *files]


def _paired(
    attributes_id: NDArray[np.int32], attribute_sets: int, rows: NDArray[np.int32], low: int, high: int
) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
    """Number the distinct pairs of the numbers so far and one more column; also give the first row of each pair."""
    pairs, firsts = np.empty(len(attributes_id), np.int32), np.empty(len(attributes_id), np.int64)
    width = high - low + 1
    if attribute_sets * width <= _TABLE:
        table = np.empty(attribute_sets * width, np.int32)
        found = groups.number_few_pairs(attributes_id, read_only(rows), low, width, table, pairs, firsts)
    else:
        most = min(len(attributes_id), attribute_sets * width)
        found = groups.number_pairs(attributes_id, rows, most, pairs, firsts)
    return pairs, firsts[:found]
