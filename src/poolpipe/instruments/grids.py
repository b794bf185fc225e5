"""Plate maps drawn as a plate: columns 1 to 12 or 24 across, rows A to H or P down, a tube in each cell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.instruments.cells import NOTHING, fold, plain
from poolpipe.instruments.contents import loads_of
from poolpipe.instruments.documents import HEADER_WITHIN
from poolpipe.instruments.errors import AmbiguousFileError, DamagedFileError, RefusedFormatError
from poolpipe.instruments.facts import ABSENT, When, file_facts, plate_barcode, policy_time, when_read
from poolpipe.instruments.layouts import Layout
from poolpipe.instruments.model import LOADS, POOLS, READINGS, REPORTS, InstrumentFile, Recognised
from poolpipe.instruments.notes import Notes
from poolpipe.instruments.result_columns import CALL_WORDS
from poolpipe.instruments.tables import Record, preamble_pairs
from poolpipe.instruments.wells import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.documents import Document, Row, Sheet

__all__ = ["drawn_plates", "find_grid", "is_result", "read"]

EMPTY = frozenset(("", "-", "empty", "空", "空孔", "x"))
CALLS = frozenset(
    ("positive", "negative", "invalid", "inconclusive", "suspect", "阳性", "阴性", "可疑", "无效")
)
FEW = 4  # a plate has fewer controls of one kind, and tubes beside them
_DECIMAL = re.compile(r"\d{1,3}[.,]\d+")
LAYOUT = Layout(
    format="plate-grid", kind="map", required=(), columns={},
    facts={
        "plate": ("Plate", "Plate ID", "Plate Barcode", "板号", "板条码"),
        "run_start": ("Loaded at", "Load time", "Time", "上机时间", "上样时间", "加样时间", "时间"),
    },
)  # fmt: skip
_LABS = frozenset(map(fold, ("Lab", "Laboratory", "检测机构", "检测单位", "检测实验室")))


def find_grid(document: Document) -> tuple[Sheet, int, int] | None:
    """The sheet, the index of its row of column numbers, and the plate's size; None where there is none."""
    return next(drawn_plates(document), None)


def drawn_plates(document: Document) -> Iterator[tuple[Sheet, int, int]]:
    """Every drawn plate: the sheet, the index of its row of column numbers, and the plate's size."""
    for sheet in document.sheets:
        for index, row in enumerate(sheet.rows[:HEADER_WITHIN]):
            numbers = [plain(cell).removesuffix(".0").lstrip("0") for cell in row.cells[1:]]
            for size, (_, columns) in PLATE_SHAPES.items():
                wanted = [str(i) for i in range(1, columns + 1)]
                if numbers[:columns] == wanted and not any(numbers[columns:]):
                    yield sheet, index, size


def is_result(grid: tuple[Sheet, int, int]) -> bool:
    """Whether the cells of a drawn plate are results: decimals, words for no amplification, calls, small numbers twice."""
    sheet, top, size = grid
    rows, columns = PLATE_SHAPES[size]
    cells = [
        fold(cell) for row in sheet.rows[top + 1 : top + 1 + rows] for cell in row.cells[1 : columns + 1]
    ]
    filled = [cell for cell in cells if cell not in EMPTY]
    decimals = sum(bool(_DECIMAL.fullmatch(cell)) for cell in filled)
    small = bool(filled) and all(re.fullmatch(r"\d{1,2}", cell) for cell in filled)
    tubes = small and {int(cell) for cell in filled} == set(
        range(1, len(filled) + 1)
    )  # numbered from 1, each once
    words = sum(cell in CALL_WORDS for cell in filled)
    return (
        decimals > 1
        or any(cell in NOTHING | CALLS for cell in filled)
        or (small and not tubes)
        or (words >= FEW and words * 2 > len(filled))
    )


def read(document: Document, grid: tuple[Sheet, int, int], name: str, policy: ImportPolicy) -> InstrumentFile:
    """Read the loads of a plate map that is drawn as a grid.

    Parameters
    ----------
    document : Document
        The opened file.
    grid : (Sheet, int, int)
        Sheet, row of the grid's head, and size of the plate.
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
        Where several plates are drawn.
    DamagedFileError
        Where a row letter is missing or out of order, as in a map that lost lines.
    """
    sheet, top, size = grid
    if len(list(drawn_plates(document))) > 1:
        raise AmbiguousFileError.of("plates_drawn", where=name)
    if is_result(grid):
        raise RefusedFormatError.of("results_drawn", where=f"{name}, line {sheet.rows[top].line}")
    rows, columns = PLATE_SHAPES[size]
    notes = Notes()
    body = sheet.rows[top + 1 : top + 1 + rows]
    letters = [plain(row.cells[0]).upper() if row.cells else "" for row in body]
    if letters != list("ABCDEFGHIJKLMNOP"[:rows]):
        raise DamagedFileError.of(
            "map_rows", where=name, size=size, last="HP"[rows > 8], rows=" ".join(letters)
        )
    _check_widths(document, sheet, top, body, columns, name)
    if document.cut and body[-1].line == document.text.count("\n") + 1 and len(body[-1].cells) <= columns:
        raise DamagedFileError.of("map_cut", where=name)
    facts = file_facts(LAYOUT, sheet.rows[:top])
    plate, plate_from = plate_barcode(facts, name, policy, notes)
    policy = policy.model_copy(update={"lab": _lab_above(sheet.rows[:top]) or policy.lab})
    when = (
        When(given, "policy (at)")
        if (given := policy_time(policy))
        else when_read(LAYOUT, facts, sheet.rows[:top], policy, notes)
    )
    at = when.at
    if at is None:
        notes.ask("time_missing", "a plate map has no time", name, options=("--at",),
                  decided="left unknown: no events until it is given", setting="at")  # fmt: skip
    records = [
        record
        for letter, row in zip(letters, body, strict=True)
        for record in _row(sheet, letter, row, columns)
    ]
    if any(row.numeric & frozenset(range(1, columns + 1)) for row in body):
        notes.ask("barcode_is_number", "barcodes are numbers in the spreadsheet: zeros before them would be lost",
                  "drawn plate", options=("as shown", "text cells"), decided="as shown",
                  setting="store the column as text")  # fmt: skip
    places = [Place(plate, record["well"], at) for record in records]
    loads = loads_of(LAYOUT, records, places, policy, notes)
    if not loads:
        first = next((f"line {each.line}: {each.what} ({each.text})" for each in notes.findings), "")
        raise DamagedFileError.of("map_empty", where=name, first=f"{': ' * bool(first)}{first}")
    _name_what_is_below(sheet.rows[top + 1 + rows :], notes)
    recognised = Recognised(
        format=f"plate-grid-{size}", plate=plate, plate_from=plate_from, plate_wells=size, run_time=at,
        time_of=when.time_of, encoding=document.encoding, sha256=document.sha256,
        controls=tuple(sorted(f"{load['well']} {load['role']}" for load in loads if load["role"] != "sample")),
    )  # fmt: skip
    return InstrumentFile(name, pl.DataFrame([], READINGS), pl.DataFrame(loads, LOADS), pl.DataFrame([], REPORTS),
                          pl.DataFrame([], POOLS), recognised, tuple(notes.findings), notes.questions)  # fmt: skip


def _check_widths(
    document: Document, sheet: Sheet, top: int, body: list[Row], columns: int, name: str
) -> None:
    """Refuse a plate with a row that has another number of cells than the row of column numbers: tubes have moved."""
    width = len(sheet.rows[top].cells)
    for row in body:
        beyond = any(plain(cell) for cell in row.cells[columns + 1 :])
        bare = not any(plain(cell) for cell in row.cells[1:])
        if beyond or row.torn or (document.container == "text" and len(row.cells) != width and not bare):
            raise DamagedFileError.of(
                "map_shifted",
                where=f"{name}, line {row.line}",
                row=row.cells[0],
                cells=len(row.cells),
                width=width,
            )


def _lab_above(preamble: list[Row]) -> str | None:
    """The lab that the lines above a drawn plate name, as a laboratory's own form does."""
    pairs = preamble_pairs(preamble)
    return next((value for key, value, _ in pairs if fold(key) in _LABS and fold(value) not in ABSENT), None)


def _name_what_is_below(rows: list[Row], notes: Notes) -> None:
    """Name the lines below a drawn plate that have several cells, as more rows of tubes or another plate would."""
    for row in rows:
        if sum(map(bool, map(plain, row.cells))) > 1:
            notes.found("below_table", "below the drawn plate: not read", severity="warning", line=row.line,
                        text=" ".join(row.cells)[:80])  # fmt: skip


def _row(sheet: Sheet, letter: str, row: Row, columns: int) -> list[Record]:
    return [
        Record(sheet.name, row.line, {"tube": plain(cell), "well": f"{letter}{column:02d}"}, ())
        for column, cell in enumerate(row.cells[1 : columns + 1], 1)
        if fold(cell) not in EMPTY
    ]
