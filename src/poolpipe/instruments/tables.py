"""A layout applied to a sheet: records of raw texts, each with its place; nothing is interpreted here."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from poolpipe.instruments.cells import fold, plain
from poolpipe.instruments.documents import HEADER_WITHIN, Document, Row, Sheet
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.policy import ImportPolicy

__all__ = ["Record", "Table", "preamble_pairs", "tables"]

EVERY_NAME = ("ct", "flag")  # roles of which all columns count, not only the first
BARCODES = ("tube", "plate", "pool", "source", "sample")
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
    roles: dict[str, list[int]]
    records: list[Record]
    others: list[str] = field(default_factory=list)  # cells of no role: evidence for the decimal mark


def preamble_pairs(rows: list[Row]) -> Iterator[tuple[str, str, int]]:
    """(key, value, line) of preambles such as `* Key = value`, `# Key: value`, `Key<tab>value`."""
    for row in rows:
        cells = [plain(cell) for cell in row.cells]
        if not cells or not cells[0]:
            continue
        if len(cells) > 1 and cells[1]:
            yield cells[0].lstrip("*# ").rstrip(" :="), cells[1], row.line
        match = re.fullmatch(r"[*#]?\s*([^=:]{1,60}?)\s*[=:]\s*(.*)", cells[0])
        if match and not (len(cells) > 1 and cells[1]):
            yield match[1], match[2], row.line


def tables(
    layout: Layout, document: Document, sheet: Sheet, header: int, policy: ImportPolicy, notes: Notes
) -> list[Table]:
    """All tables of a sheet in this layout: one, or one a channel where the layout repeats.

    Raises
    ------
    AmbiguousFileError
        A second table under the same header, in a layout that has one: two exports in one file.
    DamagedFileError
        A last line or a trailer that shows that the file was cut.
    """
    head = {fold(cell) for cell in sheet.rows[header].cells if cell}
    starts = [
        i for i, row in enumerate(sheet.rows) if i >= header and {fold(c) for c in row.cells if c} == head
    ]
    if len(starts) > 1 and not layout.repeated:
        raise AmbiguousFileError(
            "the table's header stands here again: several exports in one file",
            where=f"line {sheet.rows[starts[1]].line}", way_out="import them as a file each",
        )  # fmt: skip
    found = []
    above = _rows_above_sections(document, sheet)
    begin = 0
    for start, end in zip(starts, [*starts[1:], len(sheet.rows)], strict=True):
        roles, channels = _columns(layout, sheet.rows[start], notes)
        body = list(_body(layout, sheet, start + 1, end, roles, notes))
        header_row = sheet.rows[start]
        records = [_record(layout, sheet, row, header_row, roles, channels, policy, notes) for row in body]
        used = {i for columns in roles.values() for i in columns}
        others = [cell for row in body for i, cell in enumerate(row.cells) if i not in used and cell]
        found.append(Table(sheet.name, above + sheet.rows[begin:start], roles, records, others))
        begin = start + 1  # the lines between two tables stand below the first one
        _check_end(document, sheet, body, roles, channels)
    _check_trailer(layout, document)
    return found


def _rows_above_sections(document: Document, sheet: Sheet) -> list[Row]:
    """The lines before the first `[section]`, for a section; none for a sheet, which has its own preamble."""
    if document.container != "text" or not sheet.name:
        return []
    first = next((s for s in document.sheets if not s.name and s.delimiter == sheet.delimiter), None)
    return first.rows[:HEADER_WITHIN] if first else []


def _columns(layout: Layout, row: Row, notes: Notes) -> tuple[dict[str, list[int]], list[tuple[int, int]]]:
    """Indices of each role's columns, and (target, ct) index pairs of channels."""
    names = [fold(cell) for cell in row.cells]
    roles: dict[str, list[int]] = {}
    for role, options in layout.columns.items():
        present = [option for option in options if option in names]
        chosen = present if role in EVERY_NAME else present[:1]
        if indices := [i for i, name in enumerate(names) if name in chosen]:
            roles[role] = indices
    if roles.get("position") == roles.get("well"):
        roles.pop("position", None)
    twice = sorted({name for name in names if name and names.count(name) > 1})
    for name in twice:
        text = f"the column {name!r} stands {names.count(name)} times"
        notes.found("duplicate_column", text, severity="info", line=row.line, column=name)
    channels = []
    for channel in layout.channels:
        pair = (fold(channel.target), fold(channel.ct))
        if all(name in names for name in pair):
            channels.append((names.index(pair[0]), names.index(pair[1])))
    return roles, channels


def _body(
    layout: Layout, sheet: Sheet, start: int, end: int, roles: dict[str, list[int]], notes: Notes
) -> Iterator[Row]:
    """Rows of the table: without blank lines, lines the layout skips, and what stands below the table."""
    key = next((roles[role][0] for role in ("well", "plate_well", "tube", "pool") if role in roles), 0)
    width = len(sheet.rows[start - 1].cells)
    blank = False
    for row in sheet.rows[start:end]:
        line = " ".join(row.cells)
        if not line.strip():
            blank = True
            continue
        if any(re.search(pattern, line) for pattern in layout.skip) or _is_trailer(layout, line):
            continue
        filled = sum(bool(cell.strip()) for cell in row.cells)
        has_key = key < len(row.cells) and bool(plain(row.cells[key]))
        if layout.repeated and filled < 3:  # the lines above the next channel's table
            continue
        if blank and (filled < 3 or not has_key):
            notes.found(
                "below_table", "not part of the table", severity="info", line=row.line, text=line[:80]
            )
            continue
        if any(cell.strip() for cell in row.cells[width:]):
            notes.found(
                "too_many_cells",
                f"{len(row.cells)} cells under {width} names: a decimal comma or an unquoted comma shifted them",
                line=row.line, text=line[:80],
            )  # fmt: skip
            continue
        yield row


def _record(
    layout: Layout,
    sheet: Sheet,
    row: Row,
    header: Row,
    roles: dict[str, list[int]],
    channels: list[tuple[int, int]],
    policy: ImportPolicy,
    notes: Notes,
) -> Record:
    """Texts of one row by role."""
    cells = [plain(cell) for cell in row.cells]

    def cell(index: int) -> str:
        return cells[index] if index < len(cells) else ""

    texts = {}
    for role, indices in roles.items():
        if role == "flag":
            continue
        values = list(dict.fromkeys(cell(index) for index in indices))
        texts[role] = values[0]
        if len(values) > 1 and role in (*IDENTITY, "task", "omit", "include"):
            texts[role] = _one_of(role, values, row, policy, notes)
    flags = tuple(
        flag
        for index in roles.get("flag", ())
        if (flag := _flag(layout, plain(header.cells[index]), cell(index)))
    )
    for role in BARCODES:
        if row.numeric.intersection(roles.get(role, ())[:1]):
            notes.ask("barcode_is_number", "barcodes are numbers in the spreadsheet: zeros before them would be lost",
                      f"column {plain(header.cells[roles[role][0]])}", options=("as shown", "text cells"),
                      decided="as shown", setting="store the column as text")  # fmt: skip
    cts = tuple((cell(t), cell(c)) for t, c in channels if cell(t) or cell(c))
    if "ct" in roles:
        cts = (("", texts["ct"]),)
    return Record(sheet.name, row.line, texts, cts, flags)


def _flag(layout: Layout, name: str, text: str) -> str:
    """The name of a flag that is set, with its text where that says more than yes; empty where it is not set."""
    if fold(text) in ("", "n", "no", "false", "-", "0", "none"):
        return ""
    return name if fold(text) in layout.flagged else f"{name}: {text}"


def _one_of(role: str, values: list[str], row: Row, policy: ImportPolicy, notes: Notes) -> str:
    """The value of two columns of one name that differ, as the policy decides."""
    if policy.duplicate_columns == "refuse":
        raise AmbiguousFileError(
            f"two columns for the {role} differ: {' | '.join(values)}",
            where=f"line {row.line}",
            way_out="remove one, or set duplicate_columns in the policy to first or last",
        )
    chosen = values[0] if policy.duplicate_columns == "first" else values[-1]
    notes.ask(
        "duplicate_columns_differ", f"two columns for the {role} differ", f"line {row.line}",
        options=("first", "last", "refuse"), decided=policy.duplicate_columns, setting="duplicate_columns",
    )  # fmt: skip
    return chosen


def _is_trailer(layout: Layout, line: str) -> bool:
    return layout.trailer is not None and re.search(layout.trailer, line.strip()) is not None


def _check_trailer(layout: Layout, document: Document) -> None:
    if layout.trailer is None:
        return
    lines = document.text.rstrip().splitlines()
    if not lines or not _is_trailer(layout, lines[-1]):
        raise DamagedFileError(
            "the closing line of the file is missing: it was cut short", way_out="copy the file again"
        )


def _check_end(
    document: Document,
    sheet: Sheet,
    body: list[Row],
    roles: dict[str, list[int]],
    channels: list[tuple[int, int]],
) -> None:
    """Refuse a last line that may have lost its end: a Ct cut from 38.21 to 3 would be a wrong Ct."""
    if not document.cut or not body or not sheet.rows or body[-1].line != sheet.rows[-1].line:
        return
    if sheet.rows[-1].line != document.text.count("\n") + 1:
        return
    ct_columns = [*roles.get("ct", ()), *(ct for _, ct in channels)]
    last, rest = body[-1], body[:-1]
    whole = [row for row in rest if any(i < len(row.cells) and row.cells[i] for i in ct_columns)] or rest
    end = len(last.cells) - 1
    if whole and len(last.cells) < min(len(row.cells) for row in whole):
        raise _cut(last)
    if ct_columns and end <= max(ct_columns):
        seen = [
            row.cells[i] for row in body for i in ct_columns if i < len(row.cells) and (row, i) != (last, end)
        ]
        if end < max(ct_columns) or not _same_decimals(last.cells[end], seen):
            raise _cut(last)
        return
    named = [role for role in (*IDENTITY, "volume", "at", "lab", "plate_well") if end in roles.get(role, ())]
    if named and {len(row.cells[end]) for row in rest if end < len(row.cells)} != {len(last.cells[end])}:
        raise _cut(last)


def _same_decimals(text: str, others: list[str]) -> bool:
    """Whether a Ct has as many decimals, at least one, as every other number: 38.21 cut to 38.2 has not."""
    if not text:
        return False
    if not any(letter.isdigit() for letter in text):
        return True  # a word: cut short it is no word that is known
    shapes = {_decimals(other) for other in others if any(letter.isdigit() for letter in other)}
    return _decimals(text) > 0 and shapes == {_decimals(text)}


def _decimals(text: str) -> int:
    return len(text) - 1 - max(text.rfind("."), text.rfind(",")) if re.search("[.,]", text) else 0


def _cut(row: Row) -> DamagedFileError:
    return DamagedFileError(
        "the last line has no end and may be cut short",
        where=f"line {row.line}",
        way_out="copy or export the file again; if it is whole, end its last line with a line break",
    )
