"""Wells of a table: names and numbers brought together, and refused where they contradict each other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from poolpipe.coding.dictionaries import PLATE_SHAPES
from poolpipe.instruments.cells import plain, well_name, well_number

if TYPE_CHECKING:
    from datetime import datetime

    from poolpipe.import_policy import ImportPolicy
    from poolpipe.instruments.layouts import Layout
    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.tables import Record

__all__ = ["Place", "wells_of"]

FEW = 4  # a quarter of the rows at most: more is another way of counting, not an edit


@dataclass(frozen=True, slots=True)
class Place:
    """Where a record belongs: plate, well and time, as far as known."""

    plate: str | None
    well: str | None
    at: datetime | None


def wells_of(
    layout: Layout, records: list[Record], size: int | None, policy: ImportPolicy, notes: Notes
) -> tuple[list[str | None], int | None]:
    """Find the well of every record, and the size of the plate.

    A name (A1) counts; a number beside it that is another well of the plate is a question (an edited or sorted file).

    Parameters
    ----------
    layout : Layout
        How wells are numbered.
    records : list of Record
        Rows of the table.
    size : {96, 384} or None
        Size of the plate where the file has it.
    policy : ImportPolicy
        How ambiguities are decided.
    notes : Notes
        Takes findings and questions.

    Returns
    -------
    wells : list of str or None
        None where it cannot be read.
    size : int or None
        None where it is not known.
    """
    texts = [record["well"] for record in records]
    named = [well_name(text, *PLATE_SHAPES.get(size or 384, (16, 24))) for text in texts]
    numbered = [text for text, name in zip(texts, named, strict=True) if name is None and text]
    if numbered and not any(named):
        return _by_number(layout, records, size, policy, notes)
    size = size or _size_by_position(records, named)
    for record, name in zip(records, named, strict=True):
        if name is None:
            what = "no well of the plate"
            notes.found("bad_well", what, line=record.line, sheet=record.sheet, text=record["well"])
    return _believed(records, named, size, policy, notes), size


def _believed(
    records: list[Record], named: list[str | None], size: int | None, policy: ImportPolicy, notes: Notes
) -> list[str | None]:
    """The named wells, without those whose number is another well, as far as the policy leaves these out."""
    sizes = [size] if size else list(PLATE_SHAPES)
    numbered = [i for i, record in enumerate(records) if named[i] and record["position"]]
    differing = [
        i
        for i in numbered
        if not any(_agrees(records[i]["position"], named[i] or "", each) for each in sizes)
    ]
    few = len(differing) * FEW <= len(numbered)
    left_out = policy.well_disagrees == "leave_out" or (policy.well_disagrees == "majority" and few)
    for i in differing:
        record = records[i]
        notes.ask("well_disagrees", "the well's number and name differ" + (f" on a plate of {size}" if size else ""),
                  f"number {record['position']}, name {record['well']} (line {record.line})",
                  options=("majority", "name", "leave_out"), setting="well_disagrees",
                  decided="leave_out" if left_out else "name")  # fmt: skip
    out = set(differing) if left_out else set()
    return [None if i in out else name for i, name in enumerate(named)]


def _agrees(position: str, name: str, size: int) -> bool:
    rows, columns = PLATE_SHAPES[size]
    number = well_number(position, rows, columns)
    return number == name or well_name(position) == name


def _size_by_position(records: list[Record], named: list[str | None]) -> int | None:
    """The plate size on which most numbers agree with their names; None where there are no numbers."""
    pairs = [(r["position"], n) for r, n in zip(records, named, strict=True) if r["position"] and n]
    fits = {size: sum(_agrees(position, name, size) for position, name in pairs) for size in PLATE_SHAPES}
    if not pairs or fits[96] == fits[384]:
        return None
    return max(fits, key=lambda size: fits[size])


def _by_number(
    layout: Layout, records: list[Record], size: int | None, policy: ImportPolicy, notes: Notes
) -> tuple[list[str | None], int | None]:
    order = layout.wells.order
    if order == "policy":
        order = policy.rotor_order
        notes.ask("rotor_positions", "positions are numbers of a rotor or worklist, not wells", "all wells",
                  options=("row", "column"), decided=order, setting="rotor_order")  # fmt: skip
    base = _base(layout, records, notes)
    plates = {record["plate"] for record in records}
    sizes = {
        plate: size
        or _size_of(
            plate if len(plates) > 1 else "", [r for r in records if r["plate"] == plate], base, policy, notes
        )
        for plate in sorted(plates)
    }
    wells = [
        well_number(r["well"], *PLATE_SHAPES[sizes[r["plate"]]], base=base, order=order) for r in records
    ]
    for record, well in zip(records, wells, strict=True):
        if well is None:
            notes.found("bad_well", f"no well of a plate of {sizes[record['plate']]}", line=record.line, sheet=record.sheet,
                        text=record["well"])  # fmt: skip
    return wells, next(iter(sizes.values())) if len(set(sizes.values())) == 1 else None


def _size_of(plate: str, records: list[Record], base: int, policy: ImportPolicy, notes: Notes) -> int:
    """96 or 384 wells: as the numbers of one plate show, else as the policy has it, with a question."""
    beyond = [r for r in records if well_number(r["well"], 8, 12, base=base) is None]
    if beyond and all(well_number(r["well"], 16, 24, base=base) for r in beyond):
        return 384
    notes.ask("plate_size", "wells are numbers and the file names no plate size", f"plate {plate}" if plate else "all wells",
              options=("96", "384"), decided=str(policy.plate_wells), setting="plate_wells")  # fmt: skip
    return policy.plate_wells


def _base(layout: Layout, records: list[Record], notes: Notes) -> int:
    """Whether wells count from 0 or 1: a well 0 proves the one, whatever the format usually does."""
    base = layout.wells.numbered_from
    if base == 1 and any(plain(record["well"]).removesuffix(".0") == "0" for record in records):
        notes.ask("wells_from_zero", "this format counts wells from 1, but the file has a well 0", "all wells",
                  options=("0", "1"), decided="0: the file proves it", setting="the layout")  # fmt: skip
        return 0
    return base
