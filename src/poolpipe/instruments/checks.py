"""Signs that a file lost rows: wells that were set up and not read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.display import number_of
from poolpipe.instruments.cells import fold, plain, well_name
from poolpipe.instruments.documents import HEADER_WITHIN, Document

if TYPE_CHECKING:
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["check_setup"]


def check_setup(layout: Layout, document: Document, read: set[str], notes: Notes) -> None:
    """Note wells to which the set-up sheet gives a target and that have no row: rows were lost or deleted.

    Parameters
    ----------
    layout : Layout
        Names the set-up sheet, if there is one.
    document : Document
        The opened file.
    read : set of str
        Wells that have a row.
    notes : Notes
        Takes the findings.
    """
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
                if len(line.cells) > max(well, target)
                and plain(line.cells[target])
                and (name := well_name(line.cells[well]))
            }
            if missing := sorted(planned - read):
                notes.found("rows_missing", f"{number_of(len(missing), 'well')} set up with a target without a row: "
                            f"{', '.join(missing[:12])}{' ...' if len(missing) > 12 else ''}",
                            severity="warning", sheet=sheet.name)  # fmt: skip
            return
