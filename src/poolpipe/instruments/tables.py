"""A layout applied to a sheet: records of raw texts, each with its place; nothing is interpreted here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from poolpipe.instruments.bodies import body_of, name_rows_above
from poolpipe.instruments.cells import NOTHING, fold, is_damaged, is_error, plain
from poolpipe.instruments.columns import Columns, columns_of
from poolpipe.instruments.documents import HEADER_WITHIN, Document, Row, Sheet
from poolpipe.instruments.endings import check_trailer
from poolpipe.instruments.errors import AmbiguousFileError
from poolpipe.instruments.layouts import is_header
from poolpipe.instruments.words import yes_or_no

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes

__all__ = ["Record", "Table", "preamble_pairs", "tables"]

BARCODES = ("tube", "plate", "pool", "source", "sample")
# What columns for faults hold where there was none.
NO_FAULT = NOTHING | frozenset(("none", "no error", "no", "0", "null", "false", "无"))
IDENTITY = ("well", "plate", "target", "ct", "tube", "sample", "pool", "source")


@dataclass(frozen=True, slots=True)
class Record:
    """One row of the table: texts by role, and where it stood."""

    sheet: str
    line: int
    texts: dict[str, str]
    cts: tuple[tuple[str, str], ...]  # (target, Ct text); target empty: the column `target` says it
    flags: tuple[str, ...] = ()

    def __getitem__(self, role: str) -> str:
        return self.texts.get(role, "")


@dataclass(frozen=True, slots=True)
class Table:
    """One table of a file with the lines above it."""

    sheet: str
    preamble: list[Row]
    columns: Columns
    records: list[Record]
    others: list[str] = field(default_factory=list)  # cells of no role: evidence for the decimal mark

    @property
    def roles(self) -> dict[str, list[int]]:
        """Indices of the columns of each role."""
        return self.columns.roles


def preamble_pairs(rows: list[Row]) -> Iterator[tuple[str, str, int]]:
    """(key, value, line) of preambles such as `* Key = value`, `# Key: value`, `Key<tab>value`."""
    for row in rows:
        cells = [plain(cell) for cell in row.cells]
        if not cells or not cells[0]:
            continue
        if len(cells) > 1 and cells[1] == cells[0]:  # the column was doubled; no value is its own key
            del cells[1]
        if len(cells) > 1 and cells[1]:
            yield cells[0].lstrip("*# ").rstrip(" :="), cells[1], row.line
        match = re.fullmatch(r"[*#]?\s*([^=:]{1,60}?)\s*[=:]\s*(.*)", cells[0])
        if match and not (len(cells) > 1 and cells[1]):
            yield match[1], match[2], row.line


def tables(
    layout: Layout, document: Document, sheet: Sheet, header: int, policy: ImportPolicy, notes: Notes
) -> list[Table]:
    """Split a sheet into the tables of a layout: one, or one per channel where the layout repeats.

    Parameters
    ----------
    layout, document, sheet, header
        As `assembly.find_layout` gives them.
    policy : ImportPolicy
        Expected targets.
    notes : Notes
        Takes the findings.

    Returns
    -------
    list of Table

    Raises
    ------
    AmbiguousFileError
        A second header of this layout, with the same or other columns, in a layout that has one: two exports in one file.
    DamagedFileError
        A last line or a trailer that shows that the file was cut.
    """
    starts = _headers(layout, sheet, header, policy)
    found: list[Table] = []
    above = sheet.above.rows[:HEADER_WITHIN] if sheet.above else []
    begin = 0
    earlier: list[str] = []  # Ct values of the tables above
    for start, end in zip(starts, [*starts[1:], len(sheet.rows)], strict=True):
        columns = columns_of(layout, sheet.rows[start], policy, notes)
        body = body_of(
            layout,
            document,
            sheet.rows[start + 1 : end],
            columns,
            notes,
            last=end == len(sheet.rows),
            earlier=earlier,
        )
        earlier += [row.cells[i] for row in body for i in columns.cts if i < len(row.cells)]
        records = [
            record
            for row in body
            if _codes_are_whole(record := _record(layout, sheet, row, columns, policy, notes), notes)
        ]
        records = _with_plates(records, policy, notes)
        if not found:
            name_rows_above(sheet.rows[:start], columns, notes)
        used = set(columns.used)
        others = [cell for row in body for i, cell in enumerate(row.cells) if i not in used and cell]
        found.append(Table(sheet.name, above + sheet.rows[begin:start], columns, records, others))
        begin = start + 1  # the lines between two tables belong to the first one
    check_trailer(layout, document)
    return found


def _headers(layout: Layout, sheet: Sheet, first: int, policy: ImportPolicy) -> list[int]:
    """Indices of the rows that are headers of this layout, whatever columns they have beside the required ones."""
    starts = [first]
    for index, row in enumerate(sheet.rows[first + 1 :], first + 1):
        names = frozenset(fold(cell) for cell in row.cells if cell)
        if len(names) > 1 and is_header(layout, names, row, policy):
            starts.append(index)
    if len(starts) > 1 and not layout.repeated:
        raise AmbiguousFileError.of("header_again", where=f"line {sheet.rows[starts[1]].line}")
    return starts


def _record(
    layout: Layout, sheet: Sheet, row: Row, columns: Columns, policy: ImportPolicy, notes: Notes
) -> Record:
    """Texts of one row by role."""
    cells = [plain(cell) for cell in row.cells]

    def cell(index: int) -> str:
        return cells[index] if index < len(cells) else ""

    texts = {}
    for role, indices in columns.roles.items():
        if role == "flag":
            continue
        values = list(dict.fromkeys(cell(index) for index in indices))
        texts[role] = values[0]
        if len(values) > 1 and role in (*IDENTITY, "task", "omit", "include"):
            texts[role] = _one_of(role, values, row, policy, notes)
    for role, others in columns.rivals.items():
        texts[role] = _agreed(layout, role, [texts[role], *map(cell, others)], row, policy, notes)
    flags = tuple(
        flag
        for index in columns.of("flag")
        if (flag := _flag(layout, plain(columns.header.cells[index]), cell(index)))
    )
    _ask_about_numbers(row, columns, notes)
    named = [(each.target or cell(each.target_index), cell(each.index)) for each in columns.channels]
    # Empty under a target's own column is that target's empty Ct; empty beside an empty name is nothing at all.
    pairs = zip(columns.channels, named, strict=True)
    cts = tuple(pair for channel, pair in pairs if channel.target or any(pair))
    if "ct" in columns.roles:
        cts = (("", texts["ct"]),)
    return Record(sheet.name, row.line, texts, cts, flags)


def _agreed(layout: Layout, role: str, texts: list[str], row: Row, policy: ImportPolicy, notes: Notes) -> str:
    """The text of a role that several columns of different names have: one says success, call or task, another may not."""
    values = [text for text in dict.fromkeys(texts) if text]
    if len(values) < 2:
        return values[0] if values else ""
    if role == "status":
        faults = [text for text in values if fold(text) not in (*map(fold, layout.done), *NO_FAULT)]
        return next(iter(faults), values[0] if fold(values[0]) not in NO_FAULT else values[1])
    if role == "at":
        last = policy.duplicate_columns == "last"
        notes.ask("duplicate_columns_differ", "two columns for the time differ", f"line {row.line}",
                  options=("first", "last"), decided="last" if last else "first", setting="duplicate_columns")  # fmt: skip
        return values[-1] if last else values[0]
    table = layout.roles if role in ("task", "role") else layout.calls
    known = {text: word for text in values if (word := layout.word(table, text))}
    if len(set(known.values())) > 1:
        return _one_of(role, list(known), row, policy, notes)
    for text in values:
        if known and text not in known and table is layout.calls:
            notes.found("unknown_call", "another column has a result that is not known", severity="warning",
                        line=row.line, column=role, text=text)  # fmt: skip
    return next(iter(known), values[0])


def _with_plates(records: list[Record], policy: ImportPolicy, notes: Notes) -> list[Record]:
    """The records with a plate: one without is the import's where no other stands in the table, else it is left out by name."""
    plates = {record["plate"] for record in records if "plate" in record.texts}
    if "" not in plates:
        return records
    if policy.plate and plates <= {"", policy.plate}:
        return [replace(record, texts=record.texts | {"plate": policy.plate}) for record in records]
    if len(plates) == 1:
        return records
    for record in records:
        if not record["plate"]:
            notes.found("no_plate", "the row names no plate, other rows do: fill the column in every row, or give --plate",
                        sheet=record.sheet, line=record.line, column="plate", text=record["well"])  # fmt: skip
    return [record for record in records if record["plate"]]


def _codes_are_whole(record: Record, notes: Notes) -> bool:
    """Whether plate, target and dye of a row are names; a row is left out, and named, where a spreadsheet damaged one."""
    for role in ("plate", "target", "dye", "lab"):
        text = record[role]
        if is_error(text) or (role == "plate" and is_damaged(text)):
            what = (
                "an error value of a spreadsheet is no name"
                if is_error(text)
                else "a spreadsheet turned the plate's barcode into a number and lost its digits"
            )
            notes.found("barcode_damaged" if role == "plate" else "error_value", f"{what}: the row is left out",
                        sheet=record.sheet, line=record.line, column=role, text=text)  # fmt: skip
            return False
    return True


def _ask_about_numbers(row: Row, columns: Columns, notes: Notes) -> None:
    """Ask about barcodes that are numbers in a spreadsheet."""
    for role in BARCODES:
        if role in columns.roles and (first := columns.roles[role][0]) in row.numeric:
            name = plain(columns.header.cells[first])
            notes.ask("barcode_is_number", "barcodes are numbers in the spreadsheet: zeros before them would be lost",
                      f"column {name}", options=("as shown", "text cells"), decided="as shown",
                      setting="store the column as text")  # fmt: skip


def _flag(layout: Layout, name: str, text: str) -> str:
    """The name of a flag that is set, with its text where that says more than yes; empty where it is not set."""
    if yes_or_no(text) is False:
        return ""
    return name if fold(text) in layout.flagged or yes_or_no(text) else f"{name}: {text}"


def _one_of(role: str, values: list[str], row: Row, policy: ImportPolicy, notes: Notes) -> str:
    """The value of two columns of one name that differ, as the policy decides."""
    if policy.duplicate_columns == "refuse":
        raise AmbiguousFileError.of(
            "columns_differ", where=f"line {row.line}", role=role, values=" | ".join(values)
        )
    chosen = values[0] if policy.duplicate_columns == "first" else values[-1]
    notes.ask(
        "duplicate_columns_differ", f"two columns for the {role} differ", f"line {row.line}",
        options=("first", "last", "refuse"), decided=policy.duplicate_columns, setting="duplicate_columns",
    )  # fmt: skip
    return chosen
