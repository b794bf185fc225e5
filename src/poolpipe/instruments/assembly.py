"""A document and its layout to an InstrumentFile: tables, wells, readings, loads, in this order."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.instruments.cells import fold, well_name
from poolpipe.instruments.checks import check_setup
from poolpipe.instruments.contents import (
    ask_about_shared_wells,
    loads_of,
    pools_of,
    record_time,
    reports_of,
)
from poolpipe.instruments.contradictions import check_blocks, contradicted
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError
from poolpipe.instruments.facts import file_facts, plate_barcode, plate_size, time_texts, when_read
from poolpipe.instruments.interpret import Reading, readings_of, table_decimal
from poolpipe.instruments.layouts import Layout, match_header
from poolpipe.instruments.means import check_means
from poolpipe.instruments.model import LOADS, POOLS, READINGS, REPORTS, InstrumentFile, Recognised
from poolpipe.instruments.notes import Notes
from poolpipe.instruments.result_columns import unread_results
from poolpipe.instruments.tables import Record, Table, tables
from poolpipe.instruments.times import date_order_evidence
from poolpipe.instruments.wells import Place, wells_of
from poolpipe.instruments.words import kind_of

if TYPE_CHECKING:
    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Document, Sheet

__all__ = ["find_layout", "read_document"]


def find_layout(
    document: Document, layouts: tuple[Layout, ...], policy: ImportPolicy
) -> tuple[Layout, Sheet, int] | None:
    """Find the layout of highest priority that fits a sheet.

    A layout that may not occur beside results (`no_results`) fits no file in which any sheet has some.

    Parameters
    ----------
    document : Document
        The opened file.
    layouts : tuple of Layout
        In the order of priority.
    policy : ImportPolicy
        Expected targets.

    Returns
    -------
    (Layout, Sheet, int) or None
        The layout, the sheet, and the index of its header row; None where none fits.
    """
    for layout in layouts:
        if layout.inner:
            continue
        for sheet in document.sheets:
            header = match_header(layout, sheet, policy)
            if header is not None and not (layout.no_results and unread_results(document)):
                return layout, sheet, header
    return None


def read_document(
    document: Document, layout: Layout, sheet: Sheet, header: int, name: str, policy: ImportPolicy,
    extra: dict[str, str] | None = None,
) -> InstrumentFile:  # fmt: skip
    """Read a sheet by its layout.

    Parameters
    ----------
    document : Document
        The opened file.
    layout, sheet, header
        As `find_layout` gives them.
    name : str
        Name of the file in messages.
    policy : ImportPolicy
        How ambiguities are decided.
    extra : dict of str to str, optional
        Facts that are elsewhere in the container.

    Returns
    -------
    InstrumentFile
    """
    notes = Notes()
    parts = tables(layout, document, sheet, header, policy, notes)
    parts += _tables_elsewhere(layout, document, sheet, parts[0], policy, notes)
    elsewhere = [row for each in document.sheets if each.name == layout.facts_sheet for row in each.rows]
    facts = file_facts(layout, [*elsewhere, *parts[0].preamble]) | (extra or {})
    if document.other_encoding:
        notes.ask("encoding", "the text is not Unicode", name, options=(document.encoding, document.other_encoding),
                  decided=document.encoding, setting="encoding")  # fmt: skip
    return _Assembly(_empty_as_in(parts, layout), document, name, policy, notes, parts, facts).file()


def _empty_as_in(parts: list[Table], layout: Layout) -> Layout:
    """The layout with what an empty Ct is in this very file.

    Not one Ct nor a word for none in the whole file: a run that was not analysed looks like this, so empty proves nothing. A word for no
    amplification in some rows: this file does not leave such cells empty, so an empty one has lost its value.
    """
    words = {fold(word) for word in layout.nothing.words}
    cts = [
        text for part in parts for record in part.records for _, text in record.cts
        if kind_of(text) in ("number", "nothing") or fold(text) in words - {""}
    ]  # fmt: skip
    silent = layout.kind == "instrument" and not cts
    worded = layout.nothing.empty == "undetermined" and any(kind_of(text) == "nothing" for text in cts)
    if not (silent or worded):
        return layout
    return layout.model_copy(update={"nothing": layout.nothing.model_copy(update={"empty": "ask"})})


def _tables_elsewhere(
    layout: Layout, document: Document, sheet: Sheet, first: Table, policy: ImportPolicy, notes: Notes
) -> list[Table]:
    """Tables of the same layout on other sheets or in other sections: maps that name their plates are read, too.

    Raises
    ------
    AmbiguousFileError
        Another map without a plate of its own, or other results than those of the first table: a second plate.
    """
    found: list[Table] = []
    for other in document.sheets:
        start = None if other is sheet else match_header(layout, other, policy, any_sheet=True)
        if start is None or other.delimiter != sheet.delimiter:
            continue
        if layout.kind == "map" and {"plate", "pool"} & set(first.roles):
            found += tables(layout, document, other, start, policy, notes)
            continue
        comparable = layout.kind != "map" and other.name != sheet.name
        same = tables(layout, document, other, start, policy, Notes()) if comparable else []
        if not same or not all(_repeats(layout, table, first) for table in same):
            raise AmbiguousFileError.of("second_table", where=f"sheet or section {other.name}")
        notes.found("other_table", f"a table on {other.name!r} repeats rows of the one on {sheet.name!r}: not read again",
                    severity="info", sheet=other.name)  # fmt: skip
    return found


def _repeats(layout: Layout, table: Table, first: Table) -> bool:
    """Whether every row of a table is also in the first one, and both are of one plate."""
    plates = {file_facts(layout, each.preamble).get("plate") for each in (table, first)}
    if len(plates) > 1:
        return False
    told = {(*record.texts.items(), record.cts) for record in first.records}
    return all((*record.texts.items(), record.cts) in told for record in table.records)


class _Assembly:
    """The steps from tables to an InstrumentFile, in order; one object a file."""

    def __init__(
        self, layout: Layout, document: Document, name: str, policy: ImportPolicy, notes: Notes, parts: list[Table],
        facts: dict[str, str],
    ) -> None:  # fmt: skip
        self.layout, self.document, self.name, self.policy, self.notes = layout, document, name, policy, notes
        self.parts, self.facts = parts, facts
        self.size = plate_size(facts)
        self.decimal = "."
        self.undetermined: set[str] = set()

    def file(self) -> InstrumentFile:
        """Readings, loads, reports and pools of all tables, with what was recognised."""
        layout, policy, notes = self.layout, self.policy, self.notes
        preamble = [row for part in self.parts for row in part.preamble]
        own_plates = any({"plate", "plate_well"} & set(part.roles) for part in self.parts)
        plate, plate_from = None, "each row" if own_plates else ""
        if not own_plates and any("well" in part.roles for part in self.parts):
            plate, plate_from = plate_barcode(self.facts, self.name, policy, notes)
        evidence = date_order_evidence(
            time_texts(preamble) + [r["at"] for part in self.parts for r in part.records]
        )
        when = when_read(layout, self.facts, preamble, policy, notes)
        stand: set[str] = set()  # wells that have a row, whether it is taken or not
        readings: list[dict[str, Any]] = []
        loads: list[dict[str, Any]] = []
        reports: list[dict[str, Any]] = []
        pools: list[dict[str, Any]] = []
        for part in self.parts:
            places = []
            told = self._wells(part)
            stand |= {well for _, well in told if well}
            wells = self._consistent(part, told)
            for record, (row_plate, well) in zip(part.records, wells, strict=True):
                at = record_time(layout, record, policy, evidence, notes) or when.at
                places.append(Place(row_plate if own_plates else plate, well, at))
            taken = self._readings(part, [place.well for place in places])
            spots = {id(record): place for record, place in zip(part.records, places, strict=True)}
            readings += [r.row(spots[id(r.record)].plate, spots[id(r.record)].at) for r in taken]
            loads += loads_of(layout, part.records, places, policy, notes)
            if layout.calls:
                reports += reports_of(layout, part.records, places, policy, notes)
            if "pool" in part.roles:
                pools += pools_of(part.records, policy, notes)
        ask_about_shared_wells(loads, notes)
        self._check_channels()
        if len(self.parts) > 1:
            self._ask_about_silent_channels()
        of_pcr = layout.kind == "instrument" or bool(layout.target_columns)
        if not (readings or reports or pools or (loads and not of_pcr)):
            raise self._nothing_read()
        run_time = when.at or next((row["at"] for row in [*readings, *loads, *reports] if row["at"]), None)
        if run_time is None and not pools:
            notes.ask("time_missing", "the file says no time that is understood", self.name, options=("--at",),
                      decided="left unknown: no events until it is given", setting="at")  # fmt: skip
        check_setup(layout, self.document, stand, notes)
        recognised = Recognised(
            format=layout.format, vendor=layout.vendor, instrument=self.facts.get("instrument", ""),
            serial=self.facts.get("serial", ""), software=self.facts.get("software", ""), plate=plate,
            plate_from=plate_from, plate_wells=self.size, run_time=run_time,
            time_of=when.time_of or ("each row" if run_time else ""), time_text=when.text, zone=when.zone,
            encoding=self.document.encoding, decimal=self.decimal, undetermined=tuple(sorted(self.undetermined)),
            undetermined_why=self._why(), facts=self.facts,
            controls=tuple(sorted({f"{load['well']} {load['role']}" for load in loads if load["role"] != "sample"})),
            targets=tuple(sorted({row["target"] for row in readings})), sha256=self.document.sha256,
        )  # fmt: skip
        distinct = ["plate", "well", "tube", "role"]
        return InstrumentFile(
            self.name,
            pl.DataFrame(readings, READINGS),
            pl.DataFrame(loads, LOADS).unique(distinct, keep="first", maintain_order=True),
            pl.DataFrame(reports, REPORTS),
            pl.DataFrame(pools, POOLS),
            recognised,
            tuple(notes.findings),
            notes.questions,
        )

    def _check_channels(self) -> None:
        """Refuse several tables of one channel for the same wells: two plates in one file."""
        seen: dict[str, set[str]] = {}
        for part in self.parts:
            heading = file_facts(self.layout, part.preamble) if len(self.parts) > 1 else {}
            channel = heading.get("target") or heading.get("channel", "")
            wells = (
                {record["well"] for record in part.records}
                if channel and "target" not in part.roles
                else set()
            )
            if wells & seen.setdefault(channel, set()):
                raise AmbiguousFileError.of("channel_twice", where=self.name, channel=channel)
            seen[channel] |= wells

    def _ask_about_silent_channels(self) -> None:
        """Ask about a channel of which no well has a Ct while another channel of the file has some."""
        told = [
            any(kind_of(text) == "number" for record in part.records for _, text in record.cts)
            for part in self.parts
        ]
        if not any(told):
            return
        for part, some in zip(self.parts, told, strict=True):
            heading = file_facts(self.layout, part.preamble)
            channel = heading.get("target") or heading.get("channel", "")
            if channel and not some and any(record.cts for record in part.records):
                self.notes.ask("target_without_ct", "no well has a Ct in this channel, others of the file have", channel,
                               options=("undetermined", "not analysed"), decided="undetermined",
                               setting="omit the run")  # fmt: skip

    def _nothing_read(self) -> DamagedFileError:
        """The error for a file of which no row was taken, with the first reason."""
        errors = [finding for finding in self.notes.findings if finding.severity == "error"]
        first = next(iter(errors or self.notes.findings), None)
        asked = next((q for q in self.notes.questions if q.code in ("empty_ct", "omitted_well", "ct_is_zero", "yes_or_no")),
                     None)  # fmt: skip
        why = "it is empty"
        if first is not None:
            why = f"line {first.line}: {first.what}"
        elif asked is not None:
            why = f"{asked.what} ({asked.setting} decides: {', '.join(asked.options)})"
        return DamagedFileError.of("nothing_taken", why=why)

    def _consistent(
        self, part: Table, wells: list[tuple[str | None, str | None]]
    ) -> list[tuple[str | None, str | None]]:
        """The wells, without those of rows that other rows contradict; wells that lack a target are named."""
        if self.layout.kind != "instrument":
            return wells
        names = [well for _, well in wells]
        check_blocks(part.records, names, self.notes)
        out = contradicted(part.records, names, self.notes)
        return [(plate, None if i in out else well) for i, (plate, well) in enumerate(wells)]

    def _wells(self, part: Table) -> list[tuple[str | None, str | None]]:
        """Plate and well of each record."""
        if "plate_well" in part.roles and self.layout.plate_well:
            return [self._split(record) for record in part.records]
        if "well" not in part.roles:
            return [(None, None)] * len(part.records)
        wells, self.size = wells_of(self.layout, part.records, self.size, self.policy, self.notes)
        return [(record["plate"] or None, well) for record, well in zip(part.records, wells, strict=True)]

    def _split(self, record: Record) -> tuple[str | None, str | None]:
        match = re.fullmatch(self.layout.plate_well or "", record["plate_well"])
        well = well_name(match["well"], *PLATE_SHAPES[384]) if match else None
        if match is None or well is None:
            self.notes.found("bad_well", "no plate and well", line=record.line, sheet=record.sheet,
                             text=record["plate_well"])  # fmt: skip
            return None, None
        return match["plate"], well

    def _readings(self, part: Table, wells: list[str | None]) -> list[Reading]:
        if not any(record.cts for record in part.records):
            return []
        self.decimal = table_decimal(part)
        heading = file_facts(self.layout, part.preamble)
        taken = readings_of(self.layout, part, wells, self.decimal, self.policy, self.notes, heading)
        check_means(part.records, taken, self.decimal, self.notes)
        self.undetermined |= {reading.ct_text or "(empty)" for reading in taken if reading.ct is None}
        return taken

    def _why(self) -> str:
        words = ", ".join(self.layout.nothing.words) or "the common words"
        empty = "; empty too" if self.layout.nothing.empty == "undetermined" else ""
        return f"layout {self.layout.format}: {words}{empty}"
