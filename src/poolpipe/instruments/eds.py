"""Applied Biosystems .eds of the classic software: a zip with the result table as text and its set-up as XML."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from poolpipe.instruments.assembly import read_document
from poolpipe.instruments.documents import EDS_FOLDER, Document, text_document
from poolpipe.instruments.errors import DamagedFileError, RefusedFormatError
from poolpipe.instruments.layouts import load_layouts, match_header
from poolpipe.instruments.xmltree import child_text, parse_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from poolpipe.instruments.model import InstrumentFile
    from poolpipe.instruments.policy import ImportPolicy

__all__ = ["is_eds", "read"]


def is_eds(document: Document) -> bool:
    """Whether the archive is an .eds of the classic software, by its folder."""
    return document.container == "zip" and any(name.startswith(EDS_FOLDER) for name in document.members)


def read(document: Document, name: str, policy: ImportPolicy, layouts: Path | None = None) -> InstrumentFile:
    """Read the result table of an .eds by a layout that is `inner`, the shipped one or one of the lab's own folder.

    Raises
    ------
    RefusedFormatError
        Where the run was never analysed, so that there is no result table.
    """
    content = document.members.get(f"{EDS_FOLDER}analysis_result.txt")
    if content is None:
        raise RefusedFormatError(
            "the .eds holds no analysis_result.txt: the run was not analysed", where=name,
            way_out="analyse and save it in the instrument's software, or export the results as text",
        )  # fmt: skip
    table = text_document(content, policy, name=name)
    table = Document("text", table.sheets, document.sha256, table.encoding, table.text)
    for layout in load_layouts(layouts):
        for sheet in table.sheets:
            if layout.inner and (header := match_header(layout, sheet, policy)) is not None:
                return read_document(table, layout, sheet, header, name, policy, _facts(document))
    raise DamagedFileError(
        "analysis_result.txt has no table of Ct values", where=name, way_out="analyse it again"
    )


def _facts(document: Document) -> dict[str, str]:
    """Plate, machine and times from experiment.xml and plate_setup.xml, where they are."""
    facts: dict[str, str] = {}
    experiment = _root(document, "experiment.xml")
    plate = _root(document, "plate_setup.xml")
    for fact, path in (("instrument", ".//InstrumentTypeId"), ("serial", ".//InstrumentSerialNumber")):
        if text := child_text(experiment, path):
            facts[fact] = text
    for fact, path in (
        ("run_start", ".//RunStartTime"),
        ("run_end", ".//RunEndTime"),
        ("modified", ".//ModifiedTime"),
    ):
        milliseconds = child_text(experiment, path)
        if re.fullmatch(r"[1-9]\d{11,12}", milliseconds):  # since 1970; shorter or 0 means never
            facts[fact] = datetime.fromtimestamp(int(milliseconds) / 1000, UTC).strftime(
                "%Y-%m-%d %H:%M:%S UTC"
            )
    barcode = child_text(plate, ".//BarCode") or child_text(plate, ".//Barcode")
    if barcode:
        facts["plate"] = barcode
    rows, columns = child_text(plate, ".//Rows"), child_text(plate, ".//Columns")
    if (rows, columns) in (("8", "12"), ("16", "24")):
        facts["block"] = str(int(rows) * int(columns))
    return facts


def _root(document: Document, member: str) -> Element | None:
    content = document.members.get(EDS_FOLDER + member)
    try:
        return parse_xml(content, member) if content else None
    except DamagedFileError:
        return None  # the table stands without it: plate and time are asked for then
