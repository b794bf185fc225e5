"""Signs that a file was edited or lost rows: means that do not fit their Ct values, wells set up and not read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import fold, number, plain, well_name
from poolpipe.instruments.documents import HEADER_WITHIN, Document

if TYPE_CHECKING:
    from poolpipe.instruments.interpret import Reading
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["check_means", "check_setup"]


def check_means(readings: list[Reading], decimal: str, notes: Notes) -> None:
    """Compare each replicate group's mean as printed with the mean of its Ct values; a misfit means an edit.

    A group is (sample, target, printed mean). Where software averages groups this does not know (a biological
    group), rows of one sample carry one mean, so a misfit of one row among several is still a finding to look at.
    """
    groups: dict[tuple[str, str, str], list[Reading]] = {}
    for reading in readings:
        if reading.record["sample"] and reading.record["mean"]:
            key = (reading.record["sample"], reading.target, reading.record["mean"])
            groups.setdefault(key, []).append(reading)
    for (sample, target, text), group in groups.items():
        mean = number(text, decimal)
        values = [reading.ct for reading in group if reading.ct is not None]
        if mean is None or not mean:
            continue
        if values and math.isclose(
            sum(values) / len(values), mean, rel_tol=0, abs_tol=_rounding(text, group)
        ):
            continue
        found = f"{sum(values) / len(values):.4f}" if values else "no Ct"
        notes.found(
            "mean_disagrees",
            f"{sample} {target}: the mean is printed as {text}, the Ct values give {found}; the file was edited or "
            "its replicates are elsewhere",
            severity="warning", sheet=group[0].record.sheet, line=group[0].record.line, column="mean", text=text,
        )  # fmt: skip


def _rounding(text: str, group: list[Reading]) -> float:
    """How far a mean may be off by rounding of itself and of its Ct texts."""
    return (
        0.51 * (10.0 ** -_decimals(text) + max(10.0 ** -_decimals(reading.ct_text) for reading in group))
        + 1e-9
    )


def _decimals(text: str) -> int:
    mark = max(text.rfind("."), text.rfind(","))
    return min(len(text) - 1 - mark, 9) if mark >= 0 else 0


def check_setup(layout: Layout, document: Document, read: set[str], notes: Notes) -> None:
    """Wells that the set-up sheet gives a target and of which no row came: rows were lost or deleted."""
    if layout.setup is None:
        return
    for sheet in document.sheets:
        if sheet.name != layout.setup:
            continue
        for index, row in enumerate(sheet.rows[:HEADER_WITHIN]):
            names = [fold(cell) for cell in row.cells]
            if "well position" not in names or "target name" not in names:
                continue
            well, target = names.index("well position"), names.index("target name")
            planned = {
                name
                for line in sheet.rows[index + 1 :]
                if len(line.cells) > target
                and plain(line.cells[target])
                and (name := well_name(line.cells[well]))
            }
            if missing := sorted(planned - read):
                notes.found("rows_missing", f"{len(missing)} wells were set up with a target and have no row: "
                            f"{', '.join(missing[:12])}{' ...' if len(missing) > 12 else ''}",
                            severity="warning", sheet=sheet.name)  # fmt: skip
            return
