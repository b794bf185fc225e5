"""Signs of an edited file: means of replicates, as the software printed them, that do not fit their Ct values."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poolpipe.instruments.interpret import Reading
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.tables import Record

__all__ = ["check_means"]

LEAST = (
    0.005  # cycles: software averages in single precision and rounds at several places; an edit changes more
)
FEW = 2  # of so few groups none tells what the others average
NOTHING = (40.0, 45.0, 50.0)  # what some software counts an undetermined replicate as

Group = tuple[str, str, str]  # sample, target, mean as printed


def check_means(records: Sequence[Record], readings: Sequence[Reading], decimal: str, notes: Notes) -> None:
    """Note each group of replicates whose printed mean is not that of its Ct values.

    A group is the rows of one sample and target with one printed mean. Software differs in what it averages: with or
    without omitted wells, undetermined as the last cycle, several samples of a biological group. Any of these explains a
    mean. Where less than half of a file's means are explained they are means of something else, and no single one tells
    of an edit.

    Parameters
    ----------
    records : sequence of Record
        All rows of the table, omitted ones too.
    readings : sequence of Reading
        Those that were taken.
    decimal : str
        The table's decimal mark.
    notes : Notes
        Gets the findings.
    """
    taken = {id(reading.record) for reading in readings}
    groups: dict[Group, list[Record]] = defaultdict(list)
    wider: dict[tuple[str, str], list[Record]] = defaultdict(list)
    for record in records:
        if record["sample"] and number(record["mean"], decimal):
            target = record["target"] or record["dye"]
            groups[record["sample"], target, record["mean"]].append(record)
            wider[target, record["mean"]].append(record)
    odd = [
        (group, rows)
        for group, rows in groups.items()
        if any(id(row) in taken for row in rows)
        and not any(_explains(rows_, group[2], taken, decimal) for rows_ in (rows, wider[group[1:]]))
    ]
    if len(groups) > FEW and len(odd) * 2 > len(groups):
        notes.found("means_of_others", "the printed means are not those of the Ct values of one sample and target: they say "
                    "nothing about single rows", severity="info", column="mean")  # fmt: skip
        return
    for (sample, target, text), rows in odd:
        values = _values(rows, decimal)
        found = f"{sum(values) / len(values):.4f}" if values else "no Ct"
        notes.found(
            "mean_disagrees",
            f"{sample} {target}: the mean is printed as {text}, the Ct values give {found}; the file was edited or "
            "its replicates are elsewhere",
            severity="warning", sheet=rows[0].sheet, line=rows[0].line, column="mean", text=text,
        )  # fmt: skip


def _explains(rows: list[Record], text: str, taken: set[int], decimal: str) -> bool:
    """Whether one of the ways in which software averages these rows gives the printed mean."""
    mean = number(text, decimal) or 0.0
    kept = [row for row in rows if id(row) in taken]
    allowed = max(LEAST, _rounding(text, [cell for row in rows for _, cell in row.cts]))
    for some in (kept, rows):
        values = _values(some, decimal)
        silent = len(some) - len(values)
        ways = [values] + [[*values, *([last] * silent)] for last in NOTHING if silent]
        if any(way and abs(sum(way) / len(way) - mean) <= allowed for way in ways):
            return True
    return False


def _values(rows: Iterable[Record], decimal: str) -> list[float]:
    found = [number(text, decimal) for row in rows for _, text in row.cts]
    return [value for value in found if value is not None]


def _rounding(text: str, cts: list[str]) -> float:
    """How far a mean may be off by rounding of itself and of its Ct texts."""
    return 0.51 * (10.0 ** -_decimals(text) + max(10.0 ** -_decimals(ct) for ct in cts))


def _decimals(text: str) -> int:
    mark = max(text.rfind("."), text.rfind(","))
    return min(len(text) - 1 - mark, 9) if mark >= 0 else 0
