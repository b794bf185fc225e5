"""Rows that another row of their table contradicts: a cell was moved, or two plates are in one table."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING

from poolpipe.instruments.errors import AmbiguousFileError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from poolpipe.instruments.notes import Notes
    from poolpipe.instruments.tables import Record

__all__ = ["check_blocks", "contradicted"]

FEW = 4  # a quarter of the wells at most: more is how the file names its samples, not an edit
ENOUGH = 10  # so many rows of a target tell its dye
MOST = 0.9
BLOCKS = 4  # so many wells with the same targets promise them for every well

Well = tuple[str, str]  # plate, well


def contradicted(records: Sequence[Record], wells: Sequence[str | None], notes: Notes) -> set[int]:
    """Find the records that are left out because others contradict them.

    A well holds one sample, so of rows that name different ones only the majority is used. A target has one dye.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    wells : sequence of str or None
        Well of each.
    notes : Notes
        Takes the findings.

    Returns
    -------
    set of int
        Indices of the records.

    Raises
    ------
    AmbiguousFileError
        Where one target of several wells is read twice, for two samples: two plates in one table.
    """
    pairs = [(i, record, well) for i, (record, well) in enumerate(zip(records, wells, strict=True)) if well]
    of_well: dict[Well, list[tuple[int, Record]]] = defaultdict(list)
    for i, record, well in pairs:
        if record["sample"]:
            of_well[record["plate"], well].append((i, record))
    mixed = {
        well: rows for well, rows in of_well.items() if len({record["sample"] for _, record in rows}) > 1
    }
    _check_one_plate(mixed)
    out: set[int] = set()
    if len(mixed) * FEW <= len(of_well):
        for (_, well), rows in mixed.items():
            out |= _minority(well, rows, notes)
    return out | _strange_dyes([(i, record) for i, record, _ in pairs], notes)


def _check_one_plate(mixed: dict[Well, list[tuple[int, Record]]]) -> None:
    twice = []
    for (_, well), rows in mixed.items():
        samples: dict[str, set[str]] = defaultdict(set)
        for _, record in rows:
            samples[record["target"] or record["dye"]].add(record["sample"])
        if any(len(names) > 1 for names in samples.values()):
            twice.append((well, rows))
    if len(twice) > 1:
        well, rows = twice[0]
        names = sorted({f"{record['sample']} (line {record.line})" for _, record in rows})
        raise AmbiguousFileError.of("wells_twice", count=len(twice), well=well, names=", ".join(names[:4]))


def _minority(well: str, rows: list[tuple[int, Record]], notes: Notes) -> set[int]:
    """The rows of a well that name another sample than most of its rows; all of them where no name has most."""
    counts = Counter(record["sample"] for _, record in rows)
    (first, most), (_, second) = counts.most_common(2)
    believed = first if most > second else None
    out = set()
    for i, record in rows:
        if record["sample"] != believed:
            out.add(i)
            notes.found("two_samples_in_well", f"{well} is {believed or 'another sample'} in its other rows: left out",
                        line=record.line, sheet=record.sheet, column="sample", text=record["sample"])  # fmt: skip
    return out


def _strange_dyes(rows: Iterable[tuple[int, Record]], notes: Notes) -> set[int]:
    """Rows whose target has another dye in nearly all other rows."""
    dyes: dict[str, Counter[str]] = defaultdict(Counter)
    known = [(i, record) for i, record in rows if record["target"] and record["dye"]]
    for _, record in known:
        dyes[record["target"]][record["dye"]] += 1
    out = set()
    for i, record in known:
        counts = dyes[record["target"]]
        usual, most = counts.most_common(1)[0]
        if record["dye"] != usual and counts.total() >= ENOUGH and most >= MOST * counts.total():
            out.add(i)
            notes.found("dye_disagrees", f"{record['target']} has the dye {usual} in the other rows: left out",
                        line=record.line, sheet=record.sheet, column="dye", text=record["dye"])  # fmt: skip
    return out


def check_blocks(records: Sequence[Record], wells: Sequence[str | None], notes: Notes) -> None:
    """Note the wells that lack a row for a target that nearly all wells have: rows were lost or cut off.

    Parameters
    ----------
    records : sequence of Record
        Rows of the table.
    wells : sequence of str or None
        Well of each.
    notes : Notes
        Takes the findings.
    """
    read: dict[Well, set[str]] = defaultdict(set)
    for record, well in zip(records, wells, strict=True):
        if well and (target := record["target"] or record["dye"]):
            read[record["plate"], well].add(target)
    if len(read) < BLOCKS:
        return
    usual, most = Counter(frozenset(targets) for targets in read.values()).most_common(1)[0]
    if most * FEW < len(read) * (FEW - 1):
        return
    for (_, well), targets in read.items():
        if missing := sorted(usual - targets):
            notes.found("rows_missing", f"{well} has no row for {', '.join(missing)}, which nearly all wells have",
                        severity="warning", text=well)  # fmt: skip
