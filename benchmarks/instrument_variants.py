"""Files of machines and robots, damaged and edited the way copies, people and spreadsheets do it; and what may come of them.

A *variant* is a sample file after one mishap. For every variant the reader gives the same facts, fewer facts and says so,
or a refusal; never another number, well, target, tube or role. Mishaps that leave no trace in the file are not made: two
values of one column exchanged, a value replaced by another of its kind, a name of a column by another name, an empty Ct
where the format writes nothing for no amplification, and in spreadsheets cells moved among numbers.
"""

from __future__ import annotations

import csv
import gzip
import io
import re
import zipfile
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import polars as pl

from poolpipe.instruments import ImportPolicy, InstrumentError, read
from poolpipe.spreadsheets import sheet_rows, sheet_titles

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from poolpipe.instruments.model import InstrumentFile

__all__ = ["KINDS", "Facts", "Sample", "Variant", "facts_of", "samples", "verdict"]

# Questions about a whole file, which say nothing of a row that was left out.
OF_FILES = ("time_missing", "time_without_zone", "plate_missing", "plate_size", "encoding", "zone_ambiguous")
ENOUGH = 3  # so many other rows say what a column holds
POLICY = ImportPolicy(plate=None, at=None, lab="L", zone_abbreviations={"CST": "+08:00"})
ROWS = "ABCDEFGHIJKLMNOP"
# Columns without which a file says another sound thing: the dye is the target, nothing was omitted, every well was filled.
QUIET = ("target", "target name", "detector name", "detector", "gene name", "目标", "omit", "excluded", "status", "task", "type",
         "content", "role", "sample type", "样本类型", "result")  # fmt: skip


@dataclass(frozen=True)
class Sample:
    """A sound file: its bytes, and of a text its encoding, delimiter and line end."""

    name: str
    content: bytes
    encoding: str = ""
    delimiter: str = ""
    end: str = "\n"
    member: str = ""  # of an archive: the text inside it
    ordered: bool = False  # the order of its lines says which belong together
    exchanges: bool = True  # its columns hold different things

    def lines(self) -> list[str]:
        """The lines of the text, of an archive those of its text member."""
        text = unzipped(self.content)[self.member] if self.member else self.content
        return text.decode(self.encoding).removesuffix(self.end).split(self.end)

    def rendered(self, lines: list[str], *, end: str = "", encoding: str = "") -> bytes:
        """The file with other lines."""
        text = "".join(line + (end or self.end) for line in lines).encode(encoding or self.encoding)
        return zipped(unzipped(self.content) | {self.member: text}) if self.member else text


@dataclass(frozen=True)
class Variant:
    """A file after a mishap; `silent`: what is lost leaves no trace, so that it need not be named."""

    sample: str
    kind: str
    what: str
    content: bytes
    silent: bool = False
    lines: bytes = b""  # of a cut file: its lines, the last one whole; losing whole lines leaves no trace
    # (a last line of blanks and delimiters is no line)


@dataclass(frozen=True)
class Facts:
    """What a file says: facts without line and time, and what is told of it with the place of each."""

    facts: frozenset[tuple[object, ...]]
    told: frozenset[tuple[str, str]]


def facts_of(file: InstrumentFile) -> Facts:
    """The facts of a file that was read: readings, loads, reports and pools."""
    facts: set[tuple[object, ...]] = set()
    for kind, frame, columns in (
        ("read", file.readings, ("plate", "well", "target", "ct")),
        ("load", file.loads, ("plate", "well", "tube", "role")),
        ("report", file.reports, ("tube", "call")),
        ("pool", file.pools, ("pool", "sample")),
    ):
        # A spreadsheet that saves a text rounds numbers to ten digits.
        rounded = frame.with_columns(pl.col("ct").round(4)) if kind == "read" else frame
        facts |= {(kind, *row) for row in rounded.select(columns).rows()}
    told = {(finding.code, f"{finding.line} {finding.text}") for finding in file.not_understood}
    asked = [question for question in file.questions if question.code not in OF_FILES]
    told |= {(question.code, place) for question in asked for place in question.where}
    return Facts(frozenset(facts), frozenset(told))


def verdict(whole: Facts, variant: Variant) -> str:
    """`same`, `refused`, `fewer`, `told`, or what is wrong.

    Wrong is a fact that the whole file does not have, or one lost in silence. Of two exports pasted together both may be
    read where the file tells that they are two (`told`).
    """
    try:
        found = facts_of(read(variant.content, name=variant.sample, policy=POLICY))
    except InstrumentError:
        return "refused"
    known = whole.facts | {_without_plate(fact) for fact in whole.facts}
    told = bool(found.told - whole.told)
    invented = sorted(map(str, found.facts - known))
    if invented and not (variant.kind == "pasted" and told):
        return f"wrong: {', '.join(invented[:3])}"
    lost = {_without_plate(fact) for fact in whole.facts} - {_without_plate(fact) for fact in found.facts}
    if not lost:
        return "told" if invented else "same"
    named = variant.silent or told or (variant.lines and found.facts == _facts(variant.lines, variant.sample))
    return "fewer" if named else f"wrong: lost in silence {sorted(map(str, lost))[:3]}"


def _facts(content: bytes, name: str) -> frozenset[tuple[object, ...]]:
    try:
        return facts_of(read(content, name=name, policy=POLICY)).facts
    except InstrumentError:
        return frozenset()


def _without_plate(fact: tuple[object, ...]) -> tuple[object, ...]:
    return (fact[0], None, *fact[2:]) if fact[0] in ("read", "load") else fact


# --- mishaps of texts ------------------------------------------------------------------------------------------------


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
    kinds = [_kind(row[-1]) for row in cells[:-1] if len(row) == len(cells[-1])]
    if part == lines[-1] or _kind(cells[-1][-1]) not in ("number", "empty"):
        return True
    return kinds.count("number") + (kinds.count("word") if _kind(cells[-1][-1]) == "empty" else 0) >= ENOUGH


def rows_changed(sample: Sample, chance: random.Random) -> Variant:
    """A line is dropped, doubled or moved."""
    lines = sample.lines()
    i = chance.randrange(len(lines))
    j = chance.choice(next((table for table in _tables(lines, sample.delimiter) if i in table), [i]))
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
    tables = _tables(lines, sample.delimiter)
    named = [
        table
        for table in tables
        if not sample.exchanges or _is_header(lines[table[0]].split(sample.delimiter))
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
    table = chance.choice(_tables(lines, sample.delimiter))
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
    kinds = [{_kind(row[column]) for row in rest if column < len(row)} for column in (i, j)]
    return len(rest) > ENOUGH and _kind(cells[j]) not in kinds[0] and _kind(cells[i]) not in kinds[1]


def broken_lines(sample: Sample, chance: random.Random) -> Variant:
    """A line break or a quotation mark comes into a cell."""
    lines = sample.lines()
    row = chance.choice(chance.choice(_tables(lines, sample.delimiter))[1:])
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
    width = max(lines[table[0]].count(sample.delimiter) + 1 for table in _tables(lines, sample.delimiter))
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
    comma = _decimal_comma(sample)
    cells = csv.reader(sample.lines(), delimiter=sample.delimiter)
    rows = [[_value(cell, comma=comma) for cell in row] for row in cells]
    if chance.random() < 0.4:
        content = workbook({"Sheet1" if language == "en" else "Tabelle1": rows})
        return Variant(sample.name, "spreadsheet", f"workbook, {language}", content, silent=True)
    width = max(map(len, rows))
    mark = {"de": ";", "en": ",", "zh": ","}[language]
    lines = [
        mark.join(_shown(cell, language, mark) for cell in [*row, *[""] * (width - len(row))]) for row in rows
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
    table = max(_tables(lines, sample.delimiter), key=len)
    start, stop, width = table[0], table[-1] + 1, lines[table[0]].count(sample.delimiter) + 1
    other = [_of_another_plate(line, sample.delimiter) for line in lines]
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


# --- mishaps of workbooks --------------------------------------------------------------------------------------------


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
        sheets[f"{name} 2"] = [[_other_value(cell) for cell in row] for row in sheets[name]]
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
    if what == "inserted" and not any(_kind(str(cell)) == "number" for cell in cells):
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
        without = ("columns",) if sample.name.endswith(".gwl") else ()  # its fields have no names
        without += ("pasted",) if sample.name in TUBES_ONLY else ()
        if not _tables(sample.lines(), sample.delimiter):
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


# --- samples ---------------------------------------------------------------------------------------------------------

WIDE = """Plate,Well,Tube,ORF1ab Ct,N Ct,IC Ct,Result
P1,A1,T0001,25.10,26.25,24.05,Positive
P1,B1,T0002,,,24.11,Negative
P1,C1,T0003,,38.21,25.33,Suspect
P1,D1,T0004,,,26.42,Negative
P1,E1,T0005,,,24.93,Negative
P1,H11,NTC,,,,
P1,H12,PC,28.12,29.13,,
"""


def _plain_tables() -> dict[str, tuple[str, str]]:
    """Tables that the folder of samples has none of: text and delimiter by name."""
    wells = [f"{row}{column}" for row in "AB" for column in range(1, 5)]
    cts = [("ORF1ab", "FAM", "Undetermined"), ("N", "HEX", "3{}.{}41"), ("IC", "CY5", "24.{}{}7")]
    rows = [
        (i, well, f"T0{i:02}", target, dye, ct.format(i % 5, i))
        for i, well in enumerate(wells, 1)
        for target, dye, ct in cts
    ]
    readings = ["Plate,Well,Sample,Target,Ct", *(f"P1,{w},{s},{t},{ct}" for _, w, s, t, _, ct in rows)]
    slan = ["Instrument\tSLAN-96P", "Plate\tP1", "End Time\t2022-02-10 13:07:52", "",
            "Well\tSample ID\tSample Type\tChannel\tTarget\tCt",
            *(f"{w}\t{s}\tUnknown\t{d}\t{t}\t{ct}" for _, w, s, t, d, ct in rows)]  # fmt: skip
    sds = ["SDS 2.3\tAQ Results\t1.2", "PlateID\tP1", "Run DateTime\t2022-02-10 13:07:52", "",
           "Well\tFlag\tSample Name\tDetector Name\tReporter\tTask\tCt\tQuantity",
           *(f"{i}\tPassed\t{s}\t{t}\t{d}\tUnknown\t{ct}\t1.5" for i, _, s, t, d, ct in rows)]  # fmt: skip
    return {
        "wide-table.csv": (WIDE, ","),
        "readings-table.csv": ("\n".join([*readings, ""]), ","),
        "slan-english.txt": ("\n".join([*slan, ""]), "\t"),
        "sds.txt": ("\n".join([*sds, ""]), "\t"),
    }


def samples(folder: Path) -> list[Sample]:
    """The samples of the project's folder of simulated files, and one of each plain table."""
    found = [Sample(name, text.encode(), "utf-8", mark) for name, (text, mark) in _plain_tables().items()]
    for path in sorted(folder.iterdir()):
        if path.is_file() and path.name not in ("make.py", "README.md", "truth.csv", "stamping.csv"):
            content = path.read_bytes()
            found.append(_sample(path.name, gzip.decompress(content) if path.suffix == ".gz" else content))
    return found


def _sample(name: str, content: bytes) -> Sample:
    if content.startswith(b"PK"):
        member = next((each for each in unzipped(content) if each.endswith("analysis_result.txt")), "")
        return Sample(name, content, "utf-8" if member else "", "\t", member=member)
    if content.startswith(b"\xd0\xcf"):
        return Sample(name, content)  # its bytes have no checksum, so they are only cut
    encoding = next(each for each in ("utf-8-sig", "utf-16", "gb18030") if _decodes(content, each))
    text = content.decode(encoding)
    end = "\r\n" if "\r\n" in text else "\n"
    mark = max("\t;,", key=lambda each: _regular(text, each))
    return Sample(
        name,
        content,
        encoding,
        mark,
        end,
        ordered=name.endswith((".gwl", "gene.csv")),
        exchanges="grid" not in name,
    )


def _decodes(content: bytes, encoding: str) -> bool:
    try:
        content.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def _regular(text: str, mark: str) -> int:
    """How many lines have the commonest number of delimiters."""
    counts = Counter(line.count(mark) for line in text.splitlines() if line.count(mark) > 1)
    return max(counts.values(), default=0)


# --- texts, cells, archives ------------------------------------------------------------------------------------------


def _tables(lines: list[str], delimiter: str) -> list[list[int]]:
    """Line numbers of each table: runs of at least three lines of one width, or all lines of the commonest one."""
    widths = [line.count(delimiter) + 1 for line in lines]
    starts = [i for i, width in enumerate(widths) if i == 0 or width != widths[i - 1]]
    runs = [list(range(i, j)) for i, j in zip(starts, [*starts[1:], len(lines)], strict=True)]
    found = [run for run in runs if len(run) > 2 and widths[run[0]] > 2]
    commonest, count = next(iter(Counter(width for width in widths if width > 2).most_common(1)), (0, 0))
    return found or ([[i for i, width in enumerate(widths) if width == commonest]] if count > 2 else [])


def _is_header(cells: list[str]) -> bool:
    return all(_kind(cell) in ("word", "empty") for cell in cells)


def _kind(text: str) -> str:
    if not text.strip():
        return "empty"
    if re.fullmatch(r"[+-]?[\d.,]+(?:[eE][+-]?\d+)?", text):
        return "number"
    return "well" if re.fullmatch(r"[A-P]\d{1,2}", text) else "word"


def _decimal_comma(sample: Sample) -> bool:
    return bool(re.search(r"\d,\d{2}(?!\d)", "\n".join(sample.lines()))) and sample.delimiter != ","


def _value(text: str, *, comma: bool) -> object:
    """What a spreadsheet of the right language makes of a text: a number, a truth, or the text."""
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    plain = text.replace(".", "").replace(",", ".") if comma else text
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", plain):
        plain = plain.replace(",", "")
    if re.fullmatch(r"[+-]?\d+(?:\.\d+)?", plain) and not re.match(r"[+-]?0\d", plain):
        return float(plain)
    return text


def _shown(value: object, language: str, mark: str) -> str:
    """What a spreadsheet writes for a value into a text: numbers in its language, long ones in scientific notation."""
    if isinstance(value, bool):
        return {"de": ("FALSCH", "WAHR")}.get(language, ("FALSE", "TRUE"))[value]
    text = str(value)
    if isinstance(value, float):
        text = f"{value:.5E}" if abs(value) >= 1e11 else f"{value:.10g}"
        text = text.replace(".", ",") if language == "de" else text
    return f'"{text}"' if mark in text else text


def _of_another_plate(line: str, delimiter: str) -> str:
    return delimiter.join(str(_other_value(cell)) for cell in line.split(delimiter))


def _other_value(cell: object) -> object:
    """A cell of another plate: other Ct values and other tubes, the same wells and words."""
    if isinstance(cell, float) and 10 < cell < 45 and cell != int(cell):
        return round(cell + 3.5, 4)
    text = str(cell)
    if re.fullmatch(r"\d{2}[.,]\d{2,}", text):
        mark = "," if "," in text else "."
        return f"{float(text.replace(',', '.')) + 3.5:.{len(text) - 3}f}".replace(".", mark)
    if re.fullmatch(r"(?:22021000|T0|31)\w{2,}", text):
        return f"{text}9"
    return cell


def unzipped(content: bytes) -> dict[str, bytes]:
    """Members of an archive."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def zipped(members: dict[str, bytes]) -> bytes:
    """An archive of members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def tables_of(content: bytes) -> dict[str, list[list[object]]]:
    """Rows of every sheet of a workbook, numbers as numbers."""
    sheets: dict[str, list[list[object]]] = {}
    for title in sheet_titles(content):
        sheets[title] = [
            [float(cell) if i in numeric else cell for i, cell in enumerate(cells)]
            for cells, numeric in sheet_rows(content, title)
        ]
    return sheets


def workbook(sheets: dict[str, list[list[object]]]) -> bytes:
    """A minimal xlsx: numbers as numbers, truths as truths, everything else as inline text."""
    kind = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    package = "http://schemas.openxmlformats.org/package/2006"
    sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    numbered = list(enumerate(sheets, 1))
    entries = "".join(
        f'<sheet name="{escape(name)}" sheetId="{i}" r:id="r{i}" xmlns:r="{kind}"/>' for i, name in numbered
    )
    links = "".join(
        f'<Relationship Id="r{i}" Type="{kind}/worksheet" Target="worksheets/sheet{i}.xml"/>'
        for i, _ in numbered
    )
    parts = "".join(
        f'<Override PartName="/xl/worksheets/sheet{i}.xml" ContentType="{sheet}.worksheet+xml"/>'
        for i, _ in numbered
    )
    members = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types"><Default Extension="rels" ContentType="application/'
        f'vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{sheet}.sheet.'
        f'main+xml"/>{parts}</Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r0" Type="{kind}/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}"><sheets>{entries}</sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">{links}</Relationships>',
    }
    for i, name in numbered:
        rows = "".join(f"<row>{''.join(map(_cell, row))}</row>" for row in sheets[name])
        members[f"xl/worksheets/sheet{i}.xml"] = (
            f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>'
        )
    return zipped({name: text.encode() for name, text in members.items()})


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return f'<c t="b"><v>{int(value)}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    return f'<c t="inlineStr"><is><t>{escape(str(value))}</t></is></c>' if value != "" else "<c/>"
