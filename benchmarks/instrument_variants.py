"""Files of machines and robots, damaged and edited the way copies, people and spreadsheets do it; and what may come of them.

A *variant* is a sample file after one mishap. For every variant the reader gives the same facts, fewer facts and says so,
or a refusal; never another number, well, target, tube or role. Mishaps that leave no trace in the file are not made: two
values of one column exchanged, a value replaced by another of its kind, a name of a column by another name, an empty Ct
where the format writes nothing for no amplification, and in spreadsheets cells moved among numbers. The page
docs/instruments/index.md has the whole list.
"""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

from benchmarks.instrument_facts import Variant
from benchmarks.instrument_samples import (
    Sample,
    decimal_comma,
    is_header,
    kind_of,
    of_another_plate,
    other_value,
    shown_as,
    tables_in,
    tables_of,
    unzipped,
    value_of,
    workbook,
    zipped,
)

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator


__all__ = ["KINDS", "mishaps_of", "variants"]


ENOUGH = 3  # so many other rows say what a column holds
ROWS = "ABCDEFGHIJKLMNOP"
# Columns without which a file says another sound thing: the dye is the target, nothing was omitted, every well was filled.
QUIET = ("target", "target name", "detector name", "detector", "gene name", "目标", "omit", "excluded", "status", "task", "type",
         "content", "role", "sample type", "样本类型", "result")  # fmt: skip


def cut(sample: Sample, chance: random.Random) -> Variant:
    """The file ends too early; half of the time somebody ends its last line."""
    at = chance.randrange(1, len(sample.content))
    content, lines = sample.content[:at], b""
    ended = chance.random() < 0.5
    if not sample.encoding or sample.member:
        return Variant(sample.name, "cut", f"at byte {at}", content)
    whole, text = sample.lines(), content.decode(sample.encoding, "ignore")
    blank = not text.rpartition(sample.end)[2].strip(f"{sample.delimiter} \r\n")
    last = text.count(sample.end) - blank
    lines = sample.rendered(whole[: last + 1])
    ended &= blank or _can_be_seen(sample, whole[: last + 1], text.rpartition(sample.end)[2])
    if ended:
        content = (text + sample.end).encode(sample.encoding)
    return Variant(sample.name, "cut", f"at byte {at}{', line ended' if ended else ''}", content, lines=lines)


def _can_be_seen(sample: Sample, lines: list[str], part: str) -> bool:
    """Whether numbers above tell that a last number was cut, when somebody ends its line."""
    cells = [line.split(sample.delimiter) for line in [*lines[:-1], part]]
    kinds = [kind_of(row[-1]) for row in cells[:-1] if len(row) == len(cells[-1])]
    if part == lines[-1] or kind_of(cells[-1][-1]) not in ("number", "empty"):
        return True
    if sample.shortest and re.search(r"[.,]\d", cells[-1][-1]):
        return False  # 30.1 may be whole
    if (
        kind_of(cells[-1][-1]) == "empty"
    ):  # where the format writes nothing for no amplification, nothing is seen
        return "empty" not in kinds and len(kinds) >= ENOUGH
    return kinds.count("number") >= ENOUGH


def rows_changed(sample: Sample, chance: random.Random) -> Variant:
    """A line is dropped, doubled or moved."""
    lines = sample.lines()
    i = chance.randrange(len(lines))
    j = chance.choice(next((table for table in tables_in(lines, sample.delimiter) if i in table), [i]))
    moves = () if sample.ordered else ("moved", "exchanged")
    what = chance.choice(("dropped", "doubled", *(() if sample.ordered else ("doubled at the end",)), *moves))
    line = lines[i]
    if what == "dropped":
        del lines[i]
    elif what == "doubled":
        lines.insert(i, line)
    elif what == "doubled at the end":
        lines.append(line)
    elif what == "moved":
        lines.insert(min(j, len(lines) - 1), lines.pop(i))
    else:
        lines[i], lines[j] = lines[j], lines[i]
    return Variant(sample.name, "rows", f"line {i + 1} {what} ({j + 1})", sample.rendered(lines), silent=True)


def columns_changed(sample: Sample, chance: random.Random) -> Variant:
    """A column of a table is dropped, doubled or exchanged with another, header and all."""
    lines = sample.lines()
    tables = tables_in(lines, sample.delimiter)
    named = [
        table
        for table in tables
        if not sample.exchanges or is_header(lines[table[0]].split(sample.delimiter))
    ]
    if not named:
        return footers(sample, chance)
    table = chance.choice(named)
    width = lines[table[0]].count(sample.delimiter) + 1
    i, j = chance.randrange(width), chance.randrange(width)
    quiet = lines[table[0]].split(sample.delimiter)[i].strip().casefold() in QUIET
    what = chance.choice(("doubled", "exchanged") if quiet else ("dropped", "doubled", "exchanged"))
    for row in table:
        cells = lines[row].split(sample.delimiter)
        if what == "dropped":
            del cells[i]
        elif what == "doubled":
            cells.insert(i, cells[i])
        else:
            cells[i], cells[j] = cells[j], cells[i]
        lines[row] = sample.delimiter.join(cells)
    what = f"column {i + 1} {what} ({j + 1}) in lines {table[0] + 1} to {table[-1] + 1}"
    return Variant(sample.name, "columns", what, sample.rendered(lines), silent=True)


def cells_changed(sample: Sample, chance: random.Random) -> Variant:
    """A cell is dropped or doubled so that the rest of its row moves, or exchanged with another of its row."""
    lines = sample.lines()
    table = chance.choice(tables_in(lines, sample.delimiter))
    row = chance.choice(table)
    cells = lines[row].split(sample.delimiter)
    width = len(cells)
    i = chance.randrange(width)
    rest = [lines[other].split(sample.delimiter) for other in table[1:] if other != row]
    others = (
        [j for j in range(width) if _leaves_a_trace(cells, i, j, rest)]
        if row > table[0] and sample.exchanges
        else []
    )
    what = chance.choice(("dropped", "doubled", *(["exchanged"] if others else [])))
    j = chance.choice(others) if others else i
    if what == "dropped":
        del cells[i]
    elif what == "doubled":
        cells.insert(i, cells[i])
    else:
        cells[i], cells[j] = cells[j], cells[i]
    lines[row] = sample.delimiter.join(cells)
    return Variant(
        sample.name, "cells", f"line {row + 1}, cell {i + 1} {what} ({j + 1})", sample.rendered(lines)
    )


def _leaves_a_trace(cells: list[str], i: int, j: int, rest: list[list[str]]) -> bool:
    """Whether two cells of a row, exchanged, are each of a kind that no other row has in the column it comes into."""
    kinds = [{kind_of(row[column]) for row in rest if column < len(row)} for column in (i, j)]
    return len(rest) > ENOUGH and kind_of(cells[j]) not in kinds[0] and kind_of(cells[i]) not in kinds[1]


def broken_lines(sample: Sample, chance: random.Random) -> Variant:
    """A line break or a quotation mark comes into a cell."""
    lines = sample.lines()
    row = chance.choice(chance.choice(tables_in(lines, sample.delimiter))[1:])
    at = chance.randrange(len(lines[row]) + 1)
    mark = chance.choice((sample.end, '"', '"x' + sample.end))
    lines[row] = lines[row][:at] + mark + lines[row][at:]
    return Variant(
        sample.name,
        "breaks",
        f"line {row + 1}, {mark!r} at {at}",
        sample.rendered(lines),
        silent='"' not in mark,
    )


def footers(sample: Sample, chance: random.Random) -> Variant:
    """Lines stand below the table, as reports and people add them."""
    lines = sample.lines()
    width = max(lines[table[0]].count(sample.delimiter) + 1 for table in tables_in(lines, sample.delimiter))
    pads = sample.delimiter * chance.choice((0, 1, width - 1))
    pool = ["", pads, f"Total: 96{pads}", f"打印人：张三{pads}", f"Page 1 of 1{pads}", f"Analysis Type = Singleplex{pads}",
            sample.delimiter.join(["Reviewed by", "QA", "2022-02-11"]), f"End of file{pads}"]  # fmt: skip
    added = [chance.choice(pool) for _ in range(chance.randrange(1, 5))]
    return Variant(sample.name, "footers", repr(added), sample.rendered(lines + added), silent=True)


def encodings(sample: Sample, chance: random.Random) -> Variant:
    """The text is saved in another encoding or with other line ends."""
    lines = sample.lines()
    encoding = chance.choice(("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "gb18030"))
    end = chance.choice(("\n", "\r\n", "\r"))
    text = end.join([*lines, ""])
    content = text.encode(encoding)
    if sample.member:
        content = zipped(unzipped(sample.content) | {sample.member: content})
    return Variant(sample.name, "encodings", f"{encoding}, {end!r}", content)


def saved_by_a_spreadsheet(sample: Sample, chance: random.Random) -> Variant:
    """A spreadsheet opens the text and saves it: in German, English or Chinese, as text or as a workbook."""
    language = chance.choice(("de", "en", "zh"))
    comma = decimal_comma(sample)
    cells = csv.reader(sample.lines(), delimiter=sample.delimiter)
    rows = [[value_of(cell, comma=comma) for cell in row] for row in cells]
    if chance.random() < 0.4:
        content = workbook({"Sheet1" if language == "en" else "Tabelle1": rows})
        return Variant(sample.name, "spreadsheet", f"workbook, {language}", content, silent=True)
    width = max(map(len, rows))
    mark = {"de": ";", "en": ",", "zh": ","}[language]
    lines = [
        mark.join(shown_as(cell, language, mark) for cell in [*row, *[""] * (width - len(row))])
        for row in rows
    ]
    text = "\r\n".join([*lines, ""])
    encoding = {"de": "cp1252", "en": "utf-8-sig", "zh": "gb18030"}[language]
    try:
        content = text.encode(encoding)
    except UnicodeEncodeError:
        content = text.encode("utf-8-sig")
    return Variant(sample.name, "spreadsheet", f"text, {language}", content, silent=True)


def pasted(sample: Sample, chance: random.Random) -> Variant:
    """Two exports stand in one file, below each other or side by side; the second is another plate's under one code."""
    lines = sample.lines()
    table = max(tables_in(lines, sample.delimiter), key=len)
    start, stop, width = table[0], table[-1] + 1, lines[table[0]].count(sample.delimiter) + 1
    other = [of_another_plate(line, sample.delimiter) for line in lines]
    what = chance.choice(
        ("below", "below without its header", "below without a column", "beside", "below a blank line")
    )
    if what == "beside":
        for row in range(start, stop):
            lines[row] += sample.delimiter + (other[row] if row > start else lines[row])
    elif what == "below without a column":
        drop = chance.randrange(width)
        part = [line.split(sample.delimiter) for line in [lines[start], *other[start + 1 : stop]]]
        lines[stop:stop] = [sample.delimiter.join(cells[:drop] + cells[drop + 1 :]) for cells in part]
    elif what == "below without its header":
        lines[stop:stop] = other[start + 1 : stop]
    else:
        gap = [""] if what == "below a blank line" else []
        lines += gap + lines[: start + 1] + other[start + 1 : stop]
    return Variant(sample.name, "pasted", what, sample.rendered(lines))


def flipped(sample: Sample, chance: random.Random) -> Variant:
    """A byte of an archive changes."""
    content = bytearray(sample.content)
    at = chance.randrange(len(content))
    content[at] ^= 1 << chance.randrange(8)
    return Variant(sample.name, "flipped", f"byte {at}", bytes(content), silent=True)


def sheets_changed(sample: Sample, chance: random.Random) -> Variant:
    """A sheet is dropped, doubled, renamed, or exchanged with another; the double is another plate's or the same."""
    sheets = tables_of(sample.content)
    names = list(sheets)
    name = chance.choice(names)
    what = chance.choice(("dropped", "doubled", "doubled for another plate", "renamed", "exchanged"))
    if what == "dropped" and len(names) > 1:
        del sheets[name]
    elif what == "doubled":
        sheets[f"{name} (2)"] = sheets[name]
    elif what == "doubled for another plate":
        sheets[f"{name} 2"] = [[other_value(cell) for cell in row] for row in sheets[name]]
    elif what == "renamed":
        sheets = {("Tabelle1" if each == name else each): rows for each, rows in sheets.items()}
    else:
        sheets = {each: sheets[each] for each in reversed(names)}
    return Variant(
        sample.name, "sheets", f"{name} {what}", workbook(sheets), silent=what in ("dropped", "renamed")
    )


def workbook_rows(sample: Sample, chance: random.Random) -> Variant:
    """A row or column of a sheet is dropped, doubled or exchanged."""
    sheets = tables_of(sample.content)
    name = chance.choice(list(sheets))
    rows = [list(row) for row in sheets[name]]
    width = max(map(len, rows))
    rows = [[*row, *[""] * (width - len(row))] for row in rows]
    by_column = chance.random() < 0.5
    lines = [list(each) for each in zip(*rows, strict=True)] if by_column else rows
    i, j = chance.randrange(len(lines)), chance.randrange(len(lines))
    quiet = by_column and any(str(cell).casefold() in (*QUIET, "well position") for cell in lines[i])
    what = chance.choice(("doubled", "exchanged") if quiet else ("dropped", "doubled", "exchanged"))
    if what == "dropped":
        del lines[i]
    elif what == "doubled":
        lines.insert(i, lines[i])
    else:
        lines[i], lines[j] = lines[j], lines[i]
    sheets[name] = [list(each) for each in zip(*lines, strict=True)] if by_column else lines
    what = f"{name}: {'column' if by_column else 'row'} {i + 1} {what} ({j + 1})"
    return Variant(sample.name, "workbook rows", what, workbook(sheets), silent=True)


def workbook_cells(sample: Sample, chance: random.Random) -> Variant:
    """A cell is deleted or inserted so that the rest of its row moves, or exchanged with one of another kind."""
    sheets = tables_of(sample.content)
    name = chance.choice(list(sheets))
    rows = [list(row) for row in sheets[name]]
    row = chance.choice([i for i, cells in enumerate(rows) if sum(cell != "" for cell in cells) > 3])
    cells = rows[row]
    i = chance.randrange(len(cells))
    rest = [list(map(str, other)) for k, other in enumerate(rows) if k != row and len(other) == len(cells)]
    others = [j for j in range(len(cells)) if _leaves_a_trace(list(map(str, cells)), i, j, rest)]
    what = chance.choice(("deleted", "inserted", *(["exchanged"] if others else [])))
    if what == "inserted" and not any(kind_of(str(cell)) == "number" for cell in cells):
        i = max(i, 1)  # in front of a header a blank only says that the column of row numbers has no name
    j = chance.choice(others) if others else i
    if what == "deleted":
        del cells[i]
    elif what == "inserted":
        cells.insert(i, "")
    else:
        cells[i], cells[j] = cells[j], cells[i]
    what = f"{name} row {row + 1}, cell {i + 1} {what} ({j + 1})"
    return Variant(sample.name, "workbook cells", what, workbook(sheets | {name: rows}))


TEXT: dict[str, Callable[[Sample, random.Random], Variant]] = {
    "cut": cut, "rows": rows_changed, "columns": columns_changed, "cells": cells_changed, "breaks": broken_lines,
    "footers": footers, "encodings": encodings, "spreadsheet": saved_by_a_spreadsheet, "pasted": pasted,
}  # fmt: skip
BOOK: dict[str, Callable[[Sample, random.Random], Variant]] = {
    "cut": cut, "flipped": flipped, "sheets": sheets_changed, "workbook rows": workbook_rows,
    "workbook cells": workbook_cells,
}  # fmt: skip
INNER: dict[str, Callable[[Sample, random.Random], Variant]] = {
    "cut": cut, "flipped": flipped, "rows": rows_changed, "columns": columns_changed, "cells": cells_changed,
    "breaks": broken_lines, "encodings": encodings,
}  # fmt: skip
OTHER: dict[str, Callable[[Sample, random.Random], Variant]] = {"cut": cut}
ARCHIVE: dict[str, Callable[[Sample, random.Random], Variant]] = {"cut": cut, "flipped": flipped}
TUBES_ONLY = ("panther.lis.xls", "sample-pool-map.csv")  # more rows below are more tubes
KINDS = (*dict.fromkeys((*TEXT, *BOOK, *INNER, *OTHER)),)


def mishaps_of(sample: Sample) -> dict[str, Callable[[Sample, random.Random], Variant]]:
    """The mishaps that can befall a sample."""
    if sample.member:
        return INNER
    if sample.encoding:
        # Fields of a worklist have no names, and columns of rows with lists are not one below the other.
        without: tuple[str, ...] = ("columns",) if sample.name.endswith(".gwl") or sample.ragged else ()
        without += ("pasted",) if sample.name in TUBES_ONLY else ()
        if not tables_in(sample.lines(), sample.delimiter):
            without = ("columns", "cells", "breaks", "footers", "pasted")
        return {kind: mishap for kind, mishap in TEXT.items() if kind not in without}
    if not sample.content.startswith(b"PK"):
        return OTHER
    return BOOK if b"xl/workbook.xml" in sample.content else ARCHIVE


def variants(sample: Sample, chance: random.Random) -> Iterator[Variant]:
    """Variants of a sample without end, each kind as often as any other."""
    mishaps = mishaps_of(sample)
    while True:
        for mishap in mishaps.values():
            yield mishap(sample, chance)
