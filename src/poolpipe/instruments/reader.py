"""One thin shell: bytes to an InstrumentFile. Each family of formats has its own module."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from poolpipe.instruments import eds, grids, rdml, tecan
from poolpipe.instruments.assembly import find_layout, read_document
from poolpipe.instruments.documents import Document, open_document
from poolpipe.instruments.errors import (
    AmbiguousFileError,
    InstrumentError,
    RefusedFormatError,
    UnknownFormatError,
)
from poolpipe.instruments.layouts import load_layouts, match_header
from poolpipe.instruments.model import Finding, InstrumentFile
from poolpipe.instruments.result_columns import unread_results
from poolpipe.words import Wording

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Sheet
    from poolpipe.instruments.layouts import Layout

__all__ = ["check_no_results", "read_bytes", "refusal"]


def read_bytes(
    content: bytes, name: str, policy: ImportPolicy, layouts: Path | None = None
) -> InstrumentFile:
    """Read a file's bytes; see `poolpipe.instruments.read`.

    Parameters
    ----------
    content : bytes
        The file.
    name : str
        Name of the file in messages.
    policy : ImportPolicy
        How ambiguities are decided.
    layouts : Path, optional
        Folder of the lab's own layouts.

    Returns
    -------
    InstrumentFile
    """
    document = open_document(content, policy, name=name)
    try:
        if eds.is_eds(document):
            return eds.read(document, name, policy, layouts)
        if rdml.is_rdml(document):
            return rdml.read(document, name, policy)
        if document.container in ("zip", "xml"):
            raise refusal(document)
        found = find_layout(document, load_layouts(layouts), policy)
        if found is not None:
            maps = _other_maps(document, found, load_layouts(layouts), policy)
            file = _with_maps_named(read_document(document, *found, name, policy), maps)
            return _with_hidden_named(file, found[1], document)
        if tecan.is_worklist(document):
            return tecan.read(document, name, policy)
        check_no_results(document)
        if (grid := grids.find_grid(document)) is not None:
            return _with_hidden_named(grids.read(document, grid, name, policy), grid[0], document)
    except InstrumentError as error:
        if error.where.startswith(name):
            raise
        where = f"{name}, {error.where}" if error.where else name
        raise type(error).like(error, where=where) from error
    raise UnknownFormatError.of("format_unknown", where=name)


def _other_maps(
    document: Document, found: tuple[Layout, Sheet, int], layouts: tuple[Layout, ...], policy: ImportPolicy
) -> list[str]:
    """Titles of the other sheets of a workbook that are plate maps, which are not read beside the table that was found.

    Raises
    ------
    AmbiguousFileError
        Where the table itself is a map and a plate is drawn on another sheet.
    """
    layout, sheet, _ = found
    if document.container != "spreadsheet":
        return []
    drawn = [grid for grid in grids.drawn_plates(document) if grid[0].name != sheet.name]
    own = [grid[0].name for grid in drawn if not grids.is_result(grid)]
    if layout.kind == "map":
        if own:
            raise AmbiguousFileError.of("two_maps", drawn=own[0], listed=sheet.name)
        return []
    plain = [each for each in layouts if each.kind == "map" and each.no_results]
    listed = [
        other.name
        for other in document.sheets
        if other.name != sheet.name and any(match_header(each, other, policy) is not None for each in plain)
    ]
    return sorted({*own, *listed})


def _with_maps_named(file: InstrumentFile, titles: list[str]) -> InstrumentFile:
    """The file with a finding for each map that was not read."""
    what = "a plate map on another sheet was not read: loads follow the results' own sample names; import it as a file"
    found = tuple(Finding("map_not_read", what, "warning", sheet=title, text=title) for title in titles)
    return replace(file, not_understood=(*file.not_understood, *found))


def _with_hidden_named(file: InstrumentFile, sheet: Sheet, document: Document) -> InstrumentFile:
    """The file with a finding where the sheet that was read is hidden, so that nobody who opens the workbook sees it."""
    if sheet.name not in document.hidden:
        return file
    what = "the sheet that was read is hidden in the workbook: is it the one that was meant?"
    found = Finding("hidden_sheet", what, "warning", sheet=sheet.name, text=sheet.name)
    return replace(file, not_understood=(*file.not_understood, found))


def check_no_results(document: Document) -> None:
    """Refuse a file of results that no layout reads, by the names of its columns."""
    found = unread_results(document)
    if found is not None:
        sheet, line, names = found
        where = f"sheet or section {sheet!r}, line {line}" if sheet else f"line {line}"
        raise RefusedFormatError.of("results_unread", where=where, columns=", ".join(names))


def refusal(document: Document) -> InstrumentError:
    """The error for an archive or XML file that no reader takes, with advice where it is a known one."""
    names = sorted(document.members)
    if any(name.endswith("analysis_result.json") or name == "summary.json" for name in names):
        return RefusedFormatError.of("eds_of_analysis")
    if any(name.lower().endswith(".pcrd") for name in names):
        return RefusedFormatError.of("pcrd")
    inside = ", ".join(names[:4])
    held = Wording(
        f"{document.container} with {inside or 'nothing'}",
        f"内有 {inside or '0 个文件'} 的 {document.container}",
    )
    return UnknownFormatError.of("container_unknown", held=held)
