"""RDML 1.0 to 1.3: a zip of one XML file, or the XML itself.

rdmlpython was tried first: it needs four seconds to import, and opens only archives whose member is called
`rdml_data.xml`, which Bio-Rad's are not. Element names are those of the RDML schemas at rdml.org.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.instruments.cells import NOTHING, fold, number, well_name, well_number
from poolpipe.instruments.contents import ask_about_shared_wells, tube_code
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, RefusedFormatError
from poolpipe.instruments.facts import plate_barcode, policy_time
from poolpipe.instruments.model import LOADS, POOLS, READINGS, REPORTS, InstrumentFile, Recognised
from poolpipe.instruments.notes import Notes
from poolpipe.instruments.rdml_ids import ids_of
from poolpipe.instruments.tables import Record
from poolpipe.instruments.targets import target_name
from poolpipe.instruments.times import moment
from poolpipe.instruments.xmltree import child_text, parse_xml
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from xml.etree.ElementTree import Element

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Document
    from poolpipe.instruments.rdml_ids import Ids

__all__ = ["is_rdml", "read"]

VERSIONS = ("1.0", "1.1", "1.2", "1.3")
ROLES = {"ntc": "negative_control", "nac": "negative_control", "ntp": "negative_control", "pos": "positive_control",
         "unkn": "sample"}  # fmt: skip
UNLISTED = "unlisted"  # the type of a sample to which a reaction refers and which the file does not list
WITHOUT_LOAD = ("std", "opt", UNLISTED)  # standards, optical calibrators
MAYBE_NO_CALL = (40.0, 45.0, 50.0, 100.0)


@dataclass(frozen=True, slots=True)
class _Datum:
    """One target's result in one reaction, as written."""

    run: str
    number: int  # the run's place in the file: ids of runs are unique within an experiment only
    well: str
    sample: str  # its name
    kind: str  # the sample's type, empty where the file gives none
    target: str
    dye: str  # of a target without a name
    cq: str
    excluded: str
    at: datetime | None


def is_rdml(document: Document) -> bool:
    """Whether one of the document's members is an RDML file, by its root element."""
    return any(map(_has_rdml, _members(document)))


def _has_rdml(content: bytes) -> bool:
    return b"<rdml" in content[:2000] or b":rdml" in content[:400]


def _members(document: Document) -> list[bytes]:
    if document.container not in ("zip", "xml"):
        return []
    return [
        document.members[name]
        for name in sorted(document.members)
        if document.container == "xml" or name.endswith(".xml")
    ]


def read(document: Document, name: str, policy: ImportPolicy) -> InstrumentFile:
    """Read every run of an RDML file.

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

    Raises
    ------
    AmbiguousFileError
        Where two runs, or two reactions of one, read the same target in the same well and differ, so that the file holds
        several plates; where the archive holds several RDML files.
    DamagedFileError
        Broken XML, no reaction.
    """
    contents = [content for content in _members(document) if _has_rdml(content)]
    if len(contents) > 1:
        raise AmbiguousFileError.of("rdml_several", where=name, count=len(contents))
    root = parse_xml(contents[0], name)
    notes = Notes()
    if root.get("version") not in VERSIONS:
        notes.found(
            "rdml_version", f"RDML {root.get('version')} is not known; read as 1.3", severity="warning"
        )
    data = list(_data(root, ids_of(root), policy, notes))
    if not data:
        raise DamagedFileError.of("rdml_empty", where=name)
    _check_analysed(data, name, notes)
    plates = _plates(data, name, policy, notes)
    if policy.runs == "one_plate":  # the same experiment twice, as "All Wells" and as a group of wells
        data = list({(datum.well, datum.target or datum.dye): datum for datum in reversed(data)}.values())[
            ::-1
        ]
    readings = [
        row for line, datum in enumerate(data, 1) if (row := _reading(datum, plates, line, policy, notes))
    ]
    loads = _loads(data, plates, policy, notes)
    run = root.find(".//run")
    software = " ".join(
        filter(
            None,
            (
                child_text(run, "dataCollectionSoftware/name"),
                child_text(run, "dataCollectionSoftware/version"),
            ),
        )
    )
    times = [row["at"] for row in readings if row["at"]]
    if not times:
        made = child_text(root, "dateMade")
        notes.ask("time_missing", "no run has a date" + (f"; the file was made {made}" if made else ""), name,
                  options=("--at",), decided="left unknown: no events until it is given", setting="at")  # fmt: skip
    recognised = Recognised(
        format=f"rdml-{root.get('version', '?')}", vendor=child_text(root, "id/publisher"),
        instrument=child_text(run, "instrument"), software=software, plate=next(iter(plates.values())),
        plate_from="policy" if policy.plate else ("run" if policy.runs == "run_is_plate" else ""),
        plate_wells=_shape(run)[0] * _shape(run)[1] if _shape(run) in PLATE_SHAPES.values() else None,
        run_time=max(times, default=None), time_of="run date" if times else "", encoding="xml",
        undetermined=tuple(sorted({row["ct_text"] or "(no cq)" for row in readings if row["ct"] is None})),
        undetermined_why="RDML: no cq element, NaN or a negative number",
        controls=tuple(sorted({f"{load['well']} {load['role']}" for load in loads if load["role"] != "sample"})),
        targets=tuple(sorted({row["target"] for row in readings})), sha256=document.sha256,
    )  # fmt: skip
    return InstrumentFile(name, pl.DataFrame(readings, READINGS), pl.DataFrame(loads, LOADS), pl.DataFrame([], REPORTS),
                          pl.DataFrame([], POOLS), recognised, tuple(notes.findings), notes.questions)  # fmt: skip


def _shape(run: Element | None) -> tuple[int, int]:
    rows, columns = child_text(run, "pcrFormat/rows"), child_text(run, "pcrFormat/columns")
    return (int(rows), int(columns)) if rows.isdecimal() and columns.isdecimal() else (0, 0)


def _data(root: Element, ids: Ids, policy: ImportPolicy, notes: Notes) -> Iterator[_Datum]:
    """Every datum of every run; a reaction whose well is not known, or to which nothing was assigned, is noted."""
    for place, run in enumerate(root.iter("run")):
        at = policy_time(policy)
        if date := child_text(run, "runDate"):
            said = moment(date, policy)
            for code, what, options, decided, setting in said.doubts:
                notes.ask(
                    code, what, f"run {run.get('id')}", options=options, decided=decided, setting=setting
                )
            at = said.at or at
        rows, columns, order = _positions(run, policy, notes)
        base = _base(run, notes)
        for react in run.iter("react"):
            position = react.get("id", "")
            well = well_number(position, rows, columns, base=base, order=order) or well_name(
                position, rows, columns
            )
            if well is None:
                notes.found("bad_well", f"run {run.get('id')}: no well of the plate", text=position)
                continue
            sample = _reference(react, "sample")
            if sample in ids.unassigned:
                _note_unassigned(react, well, ids.samples[sample], notes)
                continue
            for datum in react.iter("data"):
                key = _reference(datum, "tar")
                target, dye = ids.targets.get(key, (key, ""))
                yield _Datum(
                    run.get("id", ""), place, well, ids.samples.get(sample, sample), ids.types.get(sample, UNLISTED), target,
                    "" if target else dye, child_text(datum, "cq"), _excluded(datum), at,
                )  # fmt: skip


def _base(run: Element, notes: Notes) -> int:
    """Whether the reactions of a run count from 0 or 1: a reaction 0 proves the one, as a well 0 does in a text."""
    if all(react.get("id", "").strip() != "0" for react in run.iter("react")):
        return 1
    notes.ask("wells_from_zero", "RDML counts reactions from 1, but the run has a reaction 0", f"run {run.get('id')}",
              options=("0", "1"), decided="0: the file proves it", setting="the layout")  # fmt: skip
    return 0


def _reference(element: Element, name: str) -> str:
    """The id that a child refers to, in its attribute or as its text; empty where there is none."""
    child = element.find(name)
    return "" if child is None else child.get("id") or (child.text or "").strip()


def _note_unassigned(react: Element, well: str, name: str, notes: Notes) -> None:
    """Name a well to which no sample was assigned; its Cq is of nothing that the file tells."""
    cqs = [cq for datum in react.iter("data") if (cq := child_text(datum, "cq"))]
    notes.found("unassigned_well", f"{well}: no sample was assigned to the well (type ntp): not read",
                severity="warning" if cqs else "info", column="sample", text=" ".join(filter(None, (name, *cqs))))  # fmt: skip


def _positions(run: Element, policy: ImportPolicy, notes: Notes) -> tuple[int, int, str]:
    """Rows and columns of the run's plate, and how its positions count; a rotor's are put on a plate by policy."""
    rows, columns = _shape(run)
    if 0 < rows <= 16 and 0 < columns <= 24:
        return rows, columns, "row"
    name = f"run {run.get('id')}"
    if rows * columns:
        notes.ask("rotor_positions", f"{rows} x {columns} positions are no plate", name, options=("row", "column"),
                  decided=policy.rotor_order, setting="rotor_order")  # fmt: skip
        return *PLATE_SHAPES[policy.plate_wells], policy.rotor_order
    notes.ask("plate_size", "the run names no plate format", name, options=("96", "384"),
              decided=str(policy.plate_wells), setting="plate_wells")  # fmt: skip
    return *PLATE_SHAPES[policy.plate_wells], "row"


def _excluded(datum: Element) -> str:
    """Why the datum is excluded; the element alone excludes it, whether it gives a reason or not."""
    element = datum.find("excl")
    text = "" if element is None else (element.text or "").strip() or "no reason given"
    return "" if fold(text) in ("false", "0") else text


def _check_analysed(data: list[_Datum], name: str, notes: Notes) -> None:
    """Refuse a file without any Cq: raw curves are no negatives; ask about a run without any."""
    silent = {datum.run for datum in data} - {datum.run for datum in data if datum.cq}
    if not any(datum.cq for datum in data):
        raise RefusedFormatError.of("rdml_without_cq", where=name)
    for run in sorted(silent):
        notes.ask("target_without_ct", "no reaction of the run has a Cq, others of the file have", f"run {run}",
                  options=("undetermined", "not analysed"), decided="undetermined", setting="omit the run")  # fmt: skip


def _who_read(one: _Datum, other: _Datum) -> Wording:
    """Which runs read a well, of two readings of it that differ."""
    if one.number == other.number:
        return Wording(f"run {other.run!r} reads twice", f"运行 {other.run!r} 读了两次")
    if one.run == other.run:
        return Wording("two runs both read", "两次运行都读了")
    return Wording(
        f"runs {one.run!r} and {other.run!r} both read", f"运行 {one.run!r} 与 {other.run!r} 都读了"
    )


def _plates(data: list[_Datum], name: str, policy: ImportPolicy, notes: Notes) -> dict[str, str | None]:
    """Plate of each run."""
    runs = list(dict.fromkeys(datum.run for datum in data))
    own = policy.runs == "run_is_plate"
    seen: dict[tuple[str, str, str], _Datum] = {}
    for datum in data:
        other = seen.setdefault((datum.run if own else "", datum.well, datum.target or datum.dye), datum)
        if (other.sample, other.cq) != (datum.sample, datum.cq):
            who = _who_read(other, datum)
            raise AmbiguousFileError.of(
                "rdml_plates", where=name, who=who, target=datum.target or datum.dye, well=datum.well
            )
    if own:
        return {run: run for run in runs}
    plate, _ = plate_barcode({}, name, policy, notes)
    return dict.fromkeys(runs, plate)


def _reading(
    datum: _Datum, plates: dict[str, str | None], line: int, policy: ImportPolicy, notes: Notes
) -> dict[str, Any] | None:
    """A row of READINGS, or None where it is left out."""
    place = f"{datum.well} {datum.target or datum.dye}"
    if datum.excluded:
        notes.ask("omitted_well", "the operator excluded it", f"{place}: {datum.cq} ({datum.excluded})",
                  options=("leave_out", "keep"), decided=policy.omitted_wells, setting="omitted_wells")  # fmt: skip
        if policy.omitted_wells == "leave_out":
            return None
    cq: float | None = None
    if datum.cq and fold(datum.cq) not in NOTHING and not datum.cq.startswith("-"):
        cq = number(datum.cq, ".")
        if cq is None or not cq <= 100:
            notes.found("bad_ct", "no Cq from 0 to 100", column="cq", text=datum.cq, line=line)
            return None
        if cq == 0:
            notes.ask("ct_is_zero", "a Ct of 0 is no crossing", place, options=("leave_out", "undetermined", "number"),
                      decided=policy.zero_ct, setting="zero_ct")  # fmt: skip
            if policy.zero_ct == "leave_out":
                return None
            cq = None if policy.zero_ct == "undetermined" else cq
        elif cq in MAYBE_NO_CALL or cq in policy.no_call_ct:
            undetermined = cq in policy.no_call_ct
            notes.ask("ct_may_be_no_call", f"{cq:g} may stand for no amplification", place,
                      options=("number", "undetermined"), setting="no_call_ct",
                      decided=f"{cq:g} is " + ("undetermined" if undetermined else "a number"))  # fmt: skip
            cq = None if undetermined else cq
    if not (datum.target or datum.dye):
        notes.found("no_target", "data without target", text=datum.cq, line=line)
        return None
    target = target_name(datum.target or datum.dye, policy, notes)
    if not datum.target:
        notes.ask("target_is_dye", "the file names no target, only the dye", datum.dye, options=("dye", "targets"),
                  decided=target, setting="targets")  # fmt: skip
    return {"plate": plates[datum.run], "well": datum.well, "target": target,
            "ct": cq, "sample": datum.sample or None, "flags": ["excluded"] if datum.excluded else [],
            "ct_text": datum.cq, "at": datum.at, "line": line}  # fmt: skip


def _loads(
    data: list[_Datum], plates: dict[str, str | None], policy: ImportPolicy, notes: Notes
) -> list[dict[str, Any]]:
    """Rows of LOADS from sample types; a standard or an unknown type makes none."""
    loads: dict[tuple[str | None, str, str], dict[str, Any]] = {}
    for datum in data:
        role = ROLES.get(datum.kind.lower())
        if role is None and datum.sample and datum.kind.lower() not in WITHOUT_LOAD:
            notes.ask("sample_without_type", "samples without a type that is known: nothing is taken to be in their wells",
                      f"{datum.well} {datum.sample} {datum.kind}".strip(), options=("type unkn, ntc or pos", "a plate map"),
                      decided="no load is made of them", setting="--loads")  # fmt: skip
        tube = None
        if role == "sample":
            record = Record("", 0, {"sample": datum.sample}, ())
            tube = tube_code(record, policy, notes, named=True)
        if role is None or (role == "sample" and tube is None):
            continue
        loads.setdefault((plates[datum.run], datum.well, datum.sample), {
            "plate": plates[datum.run], "well": datum.well, "tube": tube, "role": role, "lab": policy.lab,
            "at": datum.at, "line": 0,
        })  # fmt: skip
    rows = list(loads.values())
    ask_about_shared_wells(rows, notes)
    return rows
