"""Applied Biosystems .eds of the classic software: a zip with the result table as text and its set-up as XML."""

from __future__ import annotations

import dataclasses
import re
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.instruments.assembly import read_document
from poolpipe.instruments.cells import well_number
from poolpipe.instruments.documents import EDS_FOLDER, Document, text_document
from poolpipe.instruments.errors import DamagedFileError, RefusedFormatError
from poolpipe.instruments.layouts import load_layouts, match_header
from poolpipe.instruments.model import Question
from poolpipe.instruments.xmltree import child_text, parse_xml

if TYPE_CHECKING:
    from pathlib import Path
    from xml.etree.ElementTree import Element

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.model import InstrumentFile

__all__ = ["is_eds", "read"]


def is_eds(document: Document) -> bool:
    """Whether the archive is an .eds of the classic software, by its folder."""
    return document.container == "zip" and any(name.startswith(EDS_FOLDER) for name in document.members)


def read(document: Document, name: str, policy: ImportPolicy, layouts: Path | None = None) -> InstrumentFile:
    """Read the result table of an .eds by a layout that is `inner`, the shipped one or one of the lab's own folder.

    Parameters
    ----------
    document : Document
        The opened file.
    name : str
        Name of the file in messages.
    policy : ImportPolicy
        How ambiguities are decided.
    layouts : Path, optional
        Folder of the lab's own layouts.

    Returns
    -------
    InstrumentFile

    Raises
    ------
    RefusedFormatError
        Where the run was never analysed, so that there is no result table.
    """
    content = document.members.get(f"{EDS_FOLDER}analysis_result.txt")
    if content is None:
        raise RefusedFormatError.of("eds_not_analysed", where=name)
    table = text_document(content, policy, name=name)
    table = Document("text", table.sheets, document.sha256, table.encoding, table.text)
    for layout in load_layouts(layouts):
        for sheet in table.sheets:
            if layout.inner and (header := match_header(layout, sheet, policy)) is not None:
                file = read_document(table, layout, sheet, header, name, policy, _facts(document))
                return _without_omitted(file, _omitted(document, file), policy)
    raise DamagedFileError.of("eds_without_ct", where=name)


def _omitted(document: Document, file: InstrumentFile) -> frozenset[str]:
    """Wells that the set-up marks as omitted: `Wells/Well` with `IsOmit`, counted from 0 along the rows.

    Source: PCRuniversum/RDML, `R/RDML.init.R`, `fromABI`.
    """
    plate = _root(document, "plate_setup.xml")
    marked = [] if plate is None else plate.iterfind(".//Wells/Well")
    rows, columns = PLATE_SHAPES[file.recognised.plate_wells or 96]
    indices = [child_text(well, "Index") for well in marked if child_text(well, "IsOmit").lower() == "true"]
    return frozenset(name for each in indices if (name := well_number(each, rows, columns, base=0)))


def _without_omitted(file: InstrumentFile, wells: frozenset[str], policy: ImportPolicy) -> InstrumentFile:
    """The file with a question about the wells that the operator omitted, and without them as the policy has it.

    Raises
    ------
    DamagedFileError
        Where nothing is left to read.
    """
    found = sorted(wells & set(file.readings["well"]))
    if not found:
        return file
    question = Question("omitted_well", "the operator omitted the well", tuple(found), ("leave_out", "keep"),
                        policy.omitted_wells, "omitted_wells")  # fmt: skip
    questions = (*file.questions, question)
    if policy.omitted_wells == "keep":
        return dataclasses.replace(file, questions=questions)
    kept = {
        table: getattr(file, table).filter(~pl.col("well").is_in(found)) for table in ("readings", "loads")
    }
    if kept["readings"].is_empty():
        raise DamagedFileError.of("wells_all_omitted")
    return dataclasses.replace(file, questions=questions, **kept)


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
        return None  # the table can be read without it: plate and time become questions
