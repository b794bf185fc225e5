"""Unreadable lines: one file of hand-typed corrections with every kind of reject."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import numpy as np

__all__ = ["CODES", "FILE", "unreadable_lines", "write_unreadable"]

#: Where the lines are, below the folder of events.
FILE = "手工补录/补录.ndjson"

_AT = "2022-04-04T09:00:00+08:00"
_COLLECT = {"kind": "collect", "at": _AT, "tube": "9990000001", "person": "999999199001010000"}
_LOAD = {"kind": "load", "at": _AT, "plate": "P9990001", "well": "A01", "lab": "L", "tube": "9990000001"}
_READ = {"kind": "read", "at": _AT, "plate": "P9990001", "well": "A01", "target": "N", "ct": "31.5"}
_REPORT = {"kind": "report", "at": _AT, "tube": "9990000001", "call": "negative"}

# For each reject code of docs/tables.md a line that has it, as a text or as a record.
_LINES: Mapping[str, tuple[Mapping[str, str] | str, ...]] = {
    "not_parseable": ('{"kind": "collect", "at": "2022-04-04T09:00', "采集 9990000001 模拟甲子"),
    "unknown_kind": ({**_COLLECT, "kind": "采样"}, {"at": _AT, "tube": "9990000001"}),
    "missing_value": ({**_COLLECT, "person": " "}, {**_LOAD, "tube": ""}),
    "bad_time": ({**_COLLECT, "at": "2022-04-31T09:00:00+08:00"}, {**_REPORT, "at": "上午九点"}),
    "bad_code": ({**_COLLECT, "tube": "999 0000001"}, {**_COLLECT, "tube": "试管一"}),
    "bad_well": ({**_LOAD, "well": "J01"}, {**_READ, "well": "A13"}),
    "bad_number": ({**_READ, "ct": "101"}, {**_COLLECT, "capacity": "ten"}),
    "unknown_mode": ({**_COLLECT, "mode": "十混一"},),
    "unknown_role": ({**_LOAD, "role": "blank"},),
    "unknown_call": ({**_REPORT, "call": "待复核"},),
}
#: Reject codes that are planted: all but `future_time`, which needs a time of arrival that files do not have.
CODES = tuple(_LINES)


def write_unreadable(events: Path, count: int, rng: np.random.Generator) -> list[tuple[str, int, str]]:
    """Write unreadable lines, one for each reject code in turn.

    Parameters
    ----------
    events : Path
        Folder of the events.
    count : int
        How many lines.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    list of (str, int, str)
        File, line (from 1) and code of each.
    """
    if not count:
        return []
    first = int(rng.integers(len(CODES)))
    codes = [CODES[(first + number) % len(CODES)] for number in range(count)]
    lines = []
    for number, code in enumerate(codes):
        samples = _LINES[code]
        sample = samples[number // len(CODES) % len(samples)]
        text = sample if isinstance(sample, str) else json.dumps(dict(sample), ensure_ascii=False)
        lines.append(text)
    path = events / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return [(FILE, number, code) for number, code in enumerate(codes, start=1)]


def unreadable_lines(rate: float, people: int, least: int, rng: np.random.Generator) -> int:
    """Number of unreadable lines: a share of the people, or each code twice where every trouble is due.

    Parameters
    ----------
    rate : float
        Share, 0 to 1.
    people : int
        People of the city.
    least : int
        `Settings.least`.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    int
    """
    if rate == 0.0:
        return 0
    return max(int(rng.binomial(people, rate)), 2 * len(CODES) * least)
