"""One thin shell: bytes to an InstrumentFile. Each family of formats has its own module."""

from __future__ import annotations

from typing import TYPE_CHECKING

from poolpipe.instruments import eds, grids, rdml, tecan
from poolpipe.instruments.assembly import find_layout, read_document
from poolpipe.instruments.documents import Document, open_document
from poolpipe.instruments.errors import InstrumentError, RefusedFormatError, UnknownFormatError
from poolpipe.instruments.layouts import load_layouts
from poolpipe.instruments.result_columns import unread_results

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.model import InstrumentFile

__all__ = ["check_no_results", "read_bytes", "refusal"]

ADVICE = "docs/instruments lists the formats; a lab adds its own by a layout (docs/instruments/adding-a-machine.md)"


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
            return read_document(document, *found, name, policy)
        if tecan.is_worklist(document):
            return tecan.read(document, name, policy)
        check_no_results(document)
        if (grid := grids.find_grid(document)) is not None:
            return grids.read(document, grid, name, policy)
    except InstrumentError as error:
        if error.where.startswith(name):
            raise
        where = f"{name}, {error.where}" if error.where else name
        raise type(error)(error.what, where=where, way_out=error.way_out) from error
    raise UnknownFormatError("no known layout fits the content", where=name, way_out=ADVICE)


def check_no_results(document: Document) -> None:
    """Refuse a file of results that no layout reads, by the names of its columns."""
    found = unread_results(document)
    if found is not None:
        sheet, line, names = found
        where = f"sheet or section {sheet!r}, line {line}" if sheet else f"line {line}"
        raise RefusedFormatError(
            f"results that no layout reads: columns {', '.join(names)}", where=where,
            way_out="export the table of Ct values (Results), or describe the file by a layout "
            "(docs/instruments/adding-a-machine.md)",
        )  # fmt: skip


def refusal(document: Document) -> InstrumentError:
    """The error for an archive or XML file that no reader takes, with advice where it is a known one."""
    names = sorted(document.members)
    if any(name.endswith("analysis_result.json") or name == "summary.json" for name in names):
        return RefusedFormatError(
            "an .eds of Design & Analysis 2", way_out="export the results as xlsx or csv and import that"
        )
    if any(name.lower().endswith(".pcrd") for name in names):
        return RefusedFormatError(
            "a Bio-Rad .pcrd",
            way_out="in CFX Maestro: Export > Export All Data Sheets, import 'Quantification Cq Results'",
        )
    held = f"{document.container} with {', '.join(names[:4]) or 'nothing'}"
    return UnknownFormatError(f"no instrument file is known that is a {held}", way_out=ADVICE)
