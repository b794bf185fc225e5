"""Tecan worklists (.gwl): aspirate from a tube, dispense into a well, paired in order.

Record types after Tecan's worklist description (Freedom EVOware, Fluent): A aspirate, D dispense, W wash,
B break, C comment, S set DiTi type, F flush, R reagent distribution. Positions count down the columns.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.instruments.cells import is_damaged, number, plain, well_name, well_number
from poolpipe.instruments.contents import ask_about_shared_wells, is_no_volume, tube_code
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError
from poolpipe.instruments.facts import policy_time
from poolpipe.instruments.layouts import Layout
from poolpipe.instruments.model import LOADS, POOLS, READINGS, REPORTS, InstrumentFile, Recognised
from poolpipe.instruments.notes import Notes
from poolpipe.instruments.roles import Role, role_of_name
from poolpipe.instruments.tables import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Document, Sheet

__all__ = ["is_worklist", "read"]

KNOWN = frozenset("ADWBCSFR")
LAYOUT = Layout(format="tecan-worklist", vendor="Tecan", kind="map", required=(), columns={})
_SIZE = re.compile(r"(?<!\d)(96|384)(?!\d)")
_RECORD = re.compile(r"[ADBCSFR]|W\d?|WD")  # the first field of every line
PLACE = 4
FIELDS = 7  # type; rack label; rack id; rack type; position; tube id; volume; ...


def _sheet(document: Document) -> Sheet | None:
    return next((sheet for sheet in document.sheets if sheet.delimiter == ";" and not sheet.name), None)


def is_worklist(document: Document) -> bool:
    """Whether every line is a worklist record and one of the first ones aspirates or dispenses."""
    sheet = _sheet(document)
    if sheet is None:
        return False
    heads = [plain(row.cells[0]) for row in sheet.rows[:200] if row.cells and plain(row.cells[0])]
    known = [head[:2] if head[:1] == "W" else head for head in heads]
    typed = all(map(_RECORD.fullmatch, known))
    return bool(heads) and typed and bool({"A", "D"} & set(heads))


def read(document: Document, name: str, policy: ImportPolicy) -> InstrumentFile:
    """Read the loads of a worklist. It holds the robot's orders; a log of what was done is preferred to it.

    Parameters
    ----------
    document : Document
        The opened file.
    name : str
        Name of the file in messages.
    policy : ImportPolicy
        How ambiguities are decided.

    Returns
    -------
    InstrumentFile
    """
    sheet = _sheet(document)
    if sheet is None:
        raise DamagedFileError.of("worklist_empty", where=name)
    notes = Notes()
    _check_widths(sheet, name)
    labware = _labware(sheet, name, policy, notes)
    loads: dict[tuple[str | None, str, str | None, str], dict[str, Any]] = {}
    held: list[Record] = []  # what the tips have aspirated since they were washed
    dispensed = False
    for row in sheet.rows:
        cells = [plain(cell) for cell in row.cells]
        kind = cells[0][:1] if cells else ""
        if kind in ("A", "W") and held and not dispensed:
            notes.found("aspirate_without_dispense", "aspirated and dispensed nowhere", severity="warning",
                        line=held[-1].line, text=held[-1]["tube"])  # fmt: skip
        if kind == "A":
            held = [] if dispensed else held
            held.append(Record("", row.line, {"tube": cells[5], "well": cells[4]}, ()))
            dispensed = False
        elif kind == "W":
            held, dispensed = [], False
        elif kind == "R":
            notes.found("reagent_distribution", "a reagent distribution is not read: no load is made of it",
                        severity="info", line=row.line, text=";".join(cells)[:80])  # fmt: skip
        elif kind == "D":
            dispensed = True
            load = _load(cells, labware[_key(cells)], held, row.line, policy, notes)
            if load:
                loads.setdefault((load["plate"], load["well"], load["tube"], load["role"]), load)
    if held and not dispensed:
        notes.found("aspirate_without_dispense", "aspirated and dispensed nowhere", severity="warning",
                    line=held[-1].line, text=held[-1]["tube"])  # fmt: skip
    if not loads:
        raise DamagedFileError.of("dispenses_unread", where=name)
    at = policy_time(policy)
    if at is None:
        notes.ask("time_missing", "a worklist has no time", name, options=("--at",),
                  decided="left unknown: no events until it is given", setting="at")  # fmt: skip
    notes.ask("worklist_not_log", "a worklist says what the robot was told, not what it did", name,
              options=("take", "use the log instead"), decided="taken", setting="--loads")  # fmt: skip
    rows = [load | {"at": at, "lab": policy.lab} for load in loads.values()]
    ask_about_shared_wells(rows, notes)
    recognised = Recognised(
        format="tecan-worklist", vendor="Tecan", plate_from="each row", run_time=at, encoding=document.encoding,
        time_of="policy (at)" if at else "", sha256=document.sha256,
        controls=tuple(sorted(f"{load['well']} {load['role']}" for load in rows if load["role"] != "sample")),
    )  # fmt: skip
    return InstrumentFile(name, pl.DataFrame([], READINGS), pl.DataFrame(rows, LOADS), pl.DataFrame([], REPORTS),
                          pl.DataFrame([], POOLS), recognised, tuple(notes.findings), notes.questions)  # fmt: skip


def _check_widths(sheet: Sheet, name: str) -> None:
    """Refuse a worklist with a line that is no record, or with a record of another number of fields than the first of its type."""
    first: dict[str, int] = {}
    for row in sheet.rows:
        kind = plain(row.cells[0]) if row.cells else ""
        if not _RECORD.fullmatch(kind[:2] if kind[:1] == "W" else kind) and any(map(plain, row.cells)):
            raise DamagedFileError.of(
                "no_record", where=f"{name}, line {row.line}", text=";".join(row.cells)[:40]
            )
        if kind not in ("A", "D"):
            continue
        fields = first.setdefault(kind, len(row.cells))
        if row.torn or len(row.cells) < FIELDS or len(row.cells) != fields:
            raise DamagedFileError.of(
                "record_fields",
                where=f"{name}, line {row.line}",
                kind=kind,
                cells=len(row.cells),
                fields=max(fields, FIELDS),
            )
        if not _is_place(plain(row.cells[PLACE])):
            raise DamagedFileError.of(
                "record_position", where=f"{name}, line {row.line}", kind=kind, text=plain(row.cells[PLACE])
            )
        if number(row.cells[FIELDS - 1], ".") is None:
            raise DamagedFileError.of(
                "record_volume",
                where=f"{name}, line {row.line}",
                kind=kind,
                text=plain(row.cells[FIELDS - 1]),
            )


@dataclass(frozen=True, slots=True)
class _Plate:
    """A labware into which is dispensed: its barcode, null where the worklist has none, and its size in wells."""

    barcode: str | None
    size: int


def _is_place(text: str) -> bool:
    """Whether a position is a number or a well, or left out."""
    return not text or text.isdecimal() or well_name(text) is not None


def _key(cells: list[str]) -> str:
    """What tells one labware of a worklist from another: its id, else its label."""
    return cells[2] or f"label {cells[1]}"


def _labware(sheet: Sheet, name: str, policy: ImportPolicy, notes: Notes) -> dict[str, _Plate]:
    """Plate and size of every labware that a dispense record names.

    Raises
    ------
    AmbiguousFileError
        Where the import names the plate and the worklist dispenses into several labwares without an id; where the types
        of one labware are of several sizes.
    """
    records: dict[str, list[list[str]]] = {}
    for row in sheet.rows:
        cells = [plain(cell) for cell in row.cells]
        if cells and cells[0] == "D":
            records.setdefault(_key(cells), []).append(cells)
    unnamed = [each[0][1] for each in records.values() if not each[0][2]]
    if policy.plate and len(unnamed) > 1:
        raise AmbiguousFileError.of(
            "labwares_unnamed", where=name, count=len(unnamed), labels=", ".join(unnamed[:4])
        )
    return {
        key: _Plate(
            _whole(each[0][2], notes) if each[0][2] else _plate_by_label(each[0][1], policy, notes),
            _size(each, name, policy, notes),
        )
        for key, each in records.items()
    }


def _whole(barcode: str, notes: Notes) -> str | None:
    """The barcode of a labware; null, and named, where a spreadsheet damaged it."""
    if not is_damaged(barcode):
        return barcode
    notes.found(
        "barcode_damaged",
        "a spreadsheet damaged the plate's barcode: it is not taken",
        column="plate",
        text=barcode,
    )
    return None


def _plate_by_label(label: str, policy: ImportPolicy, notes: Notes) -> str | None:
    """The plate of a labware without an id: the policy's, else its label where that may be a barcode, else unknown."""
    if policy.plate:
        return policy.plate
    if not re.fullmatch(policy.tube_pattern, label):
        notes.ask("plate_missing", "a labware has no id, and its label is no barcode", label or "-",
                  options=("--plate", "a worklist with rack ids"), setting="plate",
                  decided="left unknown: no events until it is given")  # fmt: skip
        return None
    notes.ask("plate_is_label", "a labware has no id: its label is taken for the plate's barcode", label,
              options=(label, "--plate"), decided=label, setting="plate")  # fmt: skip
    return label


def _size(records: list[list[str]], name: str, policy: ImportPolicy, notes: Notes) -> int:
    """96 or 384: as the types of a labware say, else its labels, else its largest position, else the policy."""
    types, labels = (_sizes(cells[field] for cells in records) for field in (3, 1))
    told = types or labels
    if len(told) > 1:
        raise AmbiguousFileError.of("rack_of_two_sizes", where=name, rack=records[0][2] or records[0][1])
    beyond = any(cells[4].isdecimal() and int(cells[4]) > 96 for cells in records)
    size = next(iter(told), 384 if beyond else policy.plate_wells)
    if not types and not beyond:
        what = (
            "the rack has no type: its label tells the plate's size"
            if labels
            else "the rack tells no plate size"
        )
        notes.ask("plate_size", what, records[0][1] or "-", options=("96", "384"), decided=str(size),
                  setting="the rack's type" if labels else "plate_wells")  # fmt: skip
    return size


def _sizes(texts: Iterable[str]) -> set[int]:
    return {int(match[1]) for text in texts if (match := _SIZE.search(text))}


def _load(
    cells: list[str], plate: _Plate, held: list[Record], line: int, policy: ImportPolicy, notes: Notes
) -> dict[str, Any] | None:
    """The load a dispense record makes of the last aspiration; None where it makes none, with a note."""
    size = plate.size
    well = well_number(cells[4], *PLATE_SHAPES[size], order="column") or well_name(
        cells[4], *PLATE_SHAPES[size]
    )
    if well is None or not (cells[1] or cells[2]):
        notes.found("bad_well", f"no well of a plate of {size}", line=line, text=";".join(cells[1:5]))
        return None
    volume = cells[FIELDS - 1]
    if not held or is_no_volume(volume):
        if held:
            notes.found("not_transferred", f"well {well} was not filled (volume {volume})", severity="warning",
                        line=line, column="volume", text=volume)  # fmt: skip
        else:
            notes.found("dispense_without_aspirate", "nothing was aspirated before", line=line)
        return None
    if len(held) > 1:
        tubes = ", ".join(record["tube"] for record in held)
        notes.found(
            "two_aspirations",
            "several tubes were aspirated before: which is in the well?",
            line=line,
            text=tubes,
        )
        return None
    tube = held[0]
    if not tube["tube"]:
        notes.found("no_tube_id", "the aspirated tube has no id: diluent or master mix, or a scan that failed",
                    severity="warning", line=tube.line)  # fmt: skip
        return None
    role = role_of_name(tube, policy, notes) or Role("sample")
    code = tube_code(tube, policy, notes, named=False) if role.role == "sample" else None
    if role.role == "sample" and code is None:
        return None
    return {
        "plate": plate.barcode,
        "well": well,
        "tube": code,
        "role": role.role,
        "line": line,
        "name": role.name,
    }
