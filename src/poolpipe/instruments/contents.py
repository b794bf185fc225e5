"""What else a table says: what is in a well, what a lab called, which sample went into which pool."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from poolpipe.instruments.cells import NOTHING, fold, number
from poolpipe.instruments.roles import CONTROLS, roles_of
from poolpipe.instruments.targets import expected_target, is_expected
from poolpipe.instruments.times import moment

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.tables import Record
    from poolpipe.instruments.wells import Place

__all__ = [
    "ask_about_shared_wells",
    "is_no_volume",
    "loads_of",
    "pools_of",
    "record_time",
    "reports_of",
    "tube_code",
]

# What people write where no tube is, or where a control is whose name is not one of a control's usual ones.
_PLACEHOLDERS = NOTHING | {
    fold(word)
    for word in (
        "0", "na", "null", "none", "nil", "empty", "blank", "h2o", "water", "ddh2o", "positive", "negative", "no sample",
        "nosample", "no_sample", "no tube", "?", "??", ".", "/", "_", "空", "空白", "空孔", "水", "无", "阴性", "阳性",
    )
}  # fmt: skip
_CONTROL_LIKE = re.compile(
    r"(?i)(neg|pos|negative|positive)[ ._-]?(ctrl|control|c)[ ._-]?\d{0,3}|ntc[ ._-]?[a-z]?\d{0,3}|n\.c\.?|p\.c\.?"
)
_TWO_CODES = re.compile(r"(\w{9,})(?:\s*[/;,+&]\s*(\w{9,}))+")
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE][+-]?\d+")


def record_time(
    layout: Layout, record: Record, policy: ImportPolicy, evidence: Any, notes: Notes
) -> datetime | None:
    """Parse the time in a row of its own.

    Parameters
    ----------
    layout : Layout
        Gives the zone.
    record : Record
        The row.
    policy : ImportPolicy
        Zone and date order.
    evidence : {"mdy", "dmy"} or None
        Date order that the file's other dates show.
    notes : Notes
        Takes the questions.

    Returns
    -------
    datetime or None
        None where the row has none.
    """
    if not record["at"]:
        return None
    said = moment(record["at"], policy, evidence=evidence, zone=layout.zone)
    for code, what, options, decided, setting in said.doubts:
        notes.ask(code, what, f"line {record.line}", options=options, decided=decided, setting=setting)
    return said.at


def loads_of(
    layout: Layout, records: list[Record], places: list[Place], policy: ImportPolicy, notes: Notes
) -> list[dict[str, Any]]:
    """Make rows of LOADS: one per well and tube, or a control; wells that the robot skipped or failed are left out.

    Parameters
    ----------
    layout : Layout
        Words of roles and outcomes.
    records : list of Record
        Rows of the table.
    places : list of Place
        Plate and well of each.
    policy : ImportPolicy
        How ambiguities are decided.
    notes : Notes
        Takes findings and questions.

    Returns
    -------
    list of dict
    """
    loads: dict[tuple[str | None, str, str | None, str], dict[str, Any]] = {}
    roles = roles_of(layout, records, places, policy, notes)
    told = any(record["status"] for record in records)
    for record, place, held in zip(records, places, roles, strict=True):
        if place.well is None or not _transferred(layout, record, place.well, notes, told=told):
            continue
        role = held.role if held else ""
        tube: str | None = None
        if role == "sample":
            tube = tube_code(record, policy, notes, named=layout.kind == "instrument")
        if not role or (role == "sample" and tube is None):
            continue
        loads.setdefault((place.plate, place.well, tube, role), {
            "plate": place.plate, "well": place.well, "tube": tube, "role": role,
            "lab": record["lab"] or policy.lab, "at": place.at, "line": record.line,
            "name": held.name if held else None,
        })  # fmt: skip
    return list(loads.values())


def ask_about_shared_wells(loads: list[dict[str, Any]], notes: Notes) -> None:
    """Ask about wells that several tubes of one file were loaded into: two exports in one, or a mistake of the robot.

    Parameters
    ----------
    loads : list of dict
        As `loads_of` gives them.
    notes : Notes
        Takes the questions.
    """
    tubes: dict[tuple[str | None, str], set[str | None]] = {}
    for load in loads:
        tubes.setdefault((load["plate"], load["well"]), set()).add(load["tube"] or load["role"])
    for (plate, well), several in tubes.items():
        if len(several) > 1:
            notes.ask("well_loaded_twice", "several tubes of this file are in one well: two exports in one file?",
                      f"{plate or '-'}:{well}: {', '.join(sorted(map(str, several)))}",
                      options=("import them as a file each", "void the wrong load"),
                      decided="kept: the run finds well_shared", setting="one file a plate")  # fmt: skip


def _transferred(layout: Layout, record: Record, well: str, notes: Notes, *, told: bool) -> bool:
    """Whether the robot says that it filled the well; an unknown word is no success, nor is none where others have one."""
    if is_no_volume(record["volume"]):
        notes.found("not_transferred", f"well {well} was not filled (volume {record['volume']})", severity="warning",
                    sheet=record.sheet, line=record.line, column="volume", text=record["volume"])  # fmt: skip
        return False
    status = record["status"]
    if not (told and (layout.done or layout.failed)) or fold(status) in map(fold, layout.done):
        return True
    known = fold(status) in map(fold, layout.failed)
    what = (
        f"well {well} was not filled ({status})" if known else f"status {status!r} is not known: not loaded"
    )
    code = "not_transferred" if known else "unknown_status"
    notes.found(code, what, severity="warning" if known else "error", sheet=record.sheet, line=record.line,
                column="status", text=status)  # fmt: skip
    return False


def is_no_volume(text: str) -> bool:
    """Whether a volume is a number that is 0 or less."""
    volume = number(text, ".") if "," not in text else number(text, ",")
    return volume is not None and volume <= 0


def tube_code(record: Record, policy: ImportPolicy, notes: Notes, *, named: bool) -> str | None:
    """Read a tube's barcode.

    Parameters
    ----------
    record : Record
        The row.
    policy : ImportPolicy
        Pattern of barcodes, and whether sample names are barcodes.
    notes : Notes
        Takes findings and questions.
    named : bool
        Whether the text is a sample name in a machine's file.

    Returns
    -------
    str or None
        None where the text is no barcode, was damaged by a spreadsheet, or is not to be used.
    """
    text = record["tube"] or record["sample"]
    if not text or (named and policy.sample_names == "ignore"):
        return None
    if _SCIENTIFIC.fullmatch(text):
        what = "a spreadsheet turned the barcode into a number and lost its digits"
        notes.found("barcode_damaged", what, line=record.line, sheet=record.sheet, column="tube", text=text)
        return None
    if fold(text) in _PLACEHOLDERS or _CONTROL_LIKE.fullmatch(text):
        notes.ask("sample_is_no_tube", "a sample name is no tube's barcode: no load is made of it", text,
                  options=("tube_pattern", "a plate map"), decided="not loaded", setting="tube_pattern")  # fmt: skip
        return None
    if (two := _TWO_CODES.fullmatch(text)) and len(two[1]) == len(two[2]):
        notes.found("two_tubes_in_cell", "two barcodes in one cell: which is in the well?", line=record.line,
                    sheet=record.sheet, column="tube", text=text)  # fmt: skip
        return None
    if not re.fullmatch(policy.tube_pattern, text):
        notes.ask("sample_is_no_tube", "a sample name is no tube's barcode: no load is made of it", text,
                  options=("tube_pattern", "a plate map"), decided="not loaded", setting="tube_pattern")  # fmt: skip
        return None
    return text


def reports_of(
    layout: Layout, records: list[Record], places: list[Place], policy: ImportPolicy, notes: Notes
) -> list[dict[str, Any]]:
    """Make rows of REPORTS: the lab's own conclusions. An unknown word makes no report, and neither does a control.

    Parameters
    ----------
    layout, records, places, policy, notes
        As in `loads_of`.

    Returns
    -------
    list of dict
    """
    reports = []
    roles = roles_of(layout, records, places, policy, notes)
    for record, place, held in zip(records, places, roles, strict=True):
        if not record["call"] and not record["validity"]:
            continue
        placed = {"well", "plate_well"} & record.texts.keys()
        if (held is not None and held.role in CONTROLS) or (placed and place.well is None):
            continue  # a row whose well cannot be read has been noted, and none of it is taken
        if not _is_reported(layout, record, policy, notes):
            continue
        tube = tube_code(record, policy, notes, named=False)
        call = layout.word(layout.calls, record["call"])
        if layout.word(layout.calls, record["validity"]) == "invalid":
            call = "invalid"
        if call is None:
            notes.found("unknown_call", "no result that is known", line=record.line, sheet=record.sheet, column="call",
                        text=record["call"])  # fmt: skip
        elif tube is not None:
            reports.append({"tube": tube, "call": call, "lab": record["lab"] or policy.lab,
                            "at": place.at, "line": record.line})  # fmt: skip
    return reports


def _is_reported(layout: Layout, record: Record, policy: ImportPolicy, notes: Notes) -> bool:
    """Whether the row is of the virus that is looked for, and not of another analyte or of the internal control."""
    if "analyte" not in record.texts:
        return True
    name = record["analyte"]
    own = fold(name) in map(fold, layout.analytes)
    if own or (is_expected(name, policy) and expected_target(name, policy) != policy.internal_control):
        return True
    notes.ask("other_analyte", "results of another analyte than the one looked for: no report is made of them", name or "(empty)",
              options=("targets",), decided="not reported", setting="targets")  # fmt: skip
    return False


def pools_of(records: list[Record], policy: ImportPolicy, notes: Notes) -> list[dict[str, Any]]:
    """Make rows of POOLS: each is a sample that went into a pool, with its volume in microlitres.

    Parameters
    ----------
    records : list of Record
        Rows of the table.
    policy : ImportPolicy
        Pattern of barcodes.
    notes : Notes
        Takes the findings.

    Returns
    -------
    list of dict
    """
    pools = []
    for record in records:
        codes = record["pool"], record["source"]
        damaged = next((code for code in codes if _SCIENTIFIC.fullmatch(code)), None)
        if damaged or not all(re.fullmatch(policy.tube_pattern, code) for code in codes):
            what = (
                "pool and sample must both be barcodes"
                if damaged is None
                else "a spreadsheet damaged the barcode"
            )
            notes.found("bad_pool", what, line=record.line, sheet=record.sheet, text=" | ".join(codes))
            continue
        if codes[0] == codes[1] or is_no_volume(record["volume"]):
            what = (
                "a pool is no sample of itself"
                if codes[0] == codes[1]
                else "no volume was taken of the sample"
            )
            notes.found(
                "bad_pool",
                what,
                line=record.line,
                sheet=record.sheet,
                text=" | ".join((*codes, record["volume"])),
            )
            continue
        volume = number(record["volume"], ".")
        pools.append({"pool": codes[0], "sample": codes[1], "volume_ul": volume, "line": record.line})
    return pools
