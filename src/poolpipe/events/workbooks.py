"""Workbooks among the inputs: each sheet with a header of events is a source of its own, `book.xlsx#sheet`."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from poolpipe.coding.headers import bare_header
from poolpipe.errors import InputError
from poolpipe.events.batches import looks_like_a_record
from poolpipe.events.cells import split_cells
from poolpipe.events.folders import kind_of_name, likely_kind
from poolpipe.events.formats import ENDINGS, WORKBOOK, unreadable
from poolpipe.events.naming import Naming
from poolpipe.events.spreadsheets import SpreadsheetError, sheet_csv, workbook_titles
from poolpipe.messages import message
from poolpipe.paths import shown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from poolpipe.events.mapping import ColumnMapping
    from poolpipe.events.sources import Source

__all__ = [
    "SheetText",
    "is_workbook",
    "naming_of",
    "sheet_of_table",
    "sheet_text",
    "sheets_of_table",
    "why_unopened",
    "with_sheets",
]

_HEAD: Final = 512
_LINES: Final = 40
"""Rows of a sheet in which its header is looked for."""

_LEAST: Final = 2
_BLOCK: Final = 1 << 24


@dataclass(frozen=True, slots=True)
class SheetText:
    """A sheet as CSV in UTF-8: a text that does not end early."""

    content: bytes
    torn: bool = False

    def blocks(self) -> Iterator[bytes]:
        """Yield the text in blocks."""
        for start in range(0, len(self.content), _BLOCK):
            yield self.content[start : start + _BLOCK]


def is_workbook(path: Path) -> bool:
    """Whether a file is a workbook by its first bytes; False where it cannot be opened."""
    try:
        with path.open("rb") as file:
            return unreadable(file.read(_HEAD)) == WORKBOOK
    except OSError:
        return False


def why_unopened(path: Path) -> str:
    """Why a workbook cannot be opened; empty where it can."""
    try:
        workbook_titles(path)
    except (SpreadsheetError, OSError) as error:
        return str(error)
    return ""


def naming_of(source: Source) -> Naming:
    """How the header of a source is understood."""
    likely = source.likely or likely_kind(source.name)
    columns = source.mapped.by_header if source.mapped else {}
    return Naming(source.kind or "", likely, source.table, columns, source.name)


def with_sheets(
    sources: list[Source], recognises: Callable[[Path], bool], mapping: ColumnMapping
) -> list[Source]:
    """Replace workbooks by their sheets; a machine's workbook, and one that cannot be opened, stays whole.

    Parameters
    ----------
    sources : list of Source
        Files.
    recognises : callable
        Whether a file is a machine's; asked where no sheet has every column of a kind of event.
    mapping : ColumnMapping
        What is said of files and sheets.

    Returns
    -------
    list of Source
        Each with what the mapping says of it.
    """
    found: list[Source] = []
    for source in sources:
        workbook = _called_so(source) and is_workbook(source.path)
        found += _sheets(source, recognises, mapping) if workbook else [_told(source, mapping)]
    return found


def _told(source: Source, mapping: ColumnMapping) -> Source:
    mapped = mapping.of_file(source.name)
    return replace(source, mapped=mapped, kind=mapped.kind or source.kind)


def sheet_of_table(source: Source) -> Source:
    """The sheet of a workbook that holds a reference table; a file that is no workbook unchanged.

    Parameters
    ----------
    source : Source
        A file with a reference table.

    Raises
    ------
    InputError
        If several sheets of the workbook have the table's header, or it cannot be read.
    """
    sheets = sheets_of_table(source)
    if len(sheets) > 1:
        several = ", ".join(sheet.sheet for sheet in sheets)
        raise InputError.of("sheets_alike", where=shown(source.path), table=source.table, sheets=several)
    return sheets[0]


def sheets_of_table(source: Source) -> list[Source]:
    """All sheets of a workbook with the header of a reference table, the first sheet where none has it; else the file itself.

    Parameters
    ----------
    source : Source
        A file with a reference table.

    Raises
    ------
    InputError
        If the workbook cannot be read.
    """
    if not is_workbook(source.path):
        return [source]
    try:
        titles = workbook_titles(source.path)
        sheets = [replace(source, name=f"{source.name}#{title}", sheet=title) for title in titles]
        fitting = [sheet for sheet in sheets if not isinstance(sheet_text(sheet), str)]
    except SpreadsheetError as error:
        raise InputError.of("no_table_file", where=shown(source.path), why=error.what) from error
    return fitting or sheets[:1]


def _called_so(source: Source) -> bool:
    name = source.path.name.lower()
    return name.endswith(ENDINGS) or "." not in name


def _sheets(source: Source, recognises: Callable[[Path], bool], mapping: ColumnMapping) -> list[Source]:
    try:
        titles = workbook_titles(source.path)
        sheets = [_told(_sheet(source, title, len(titles)), mapping) for title in titles]
        if not any(_is_whole(sheet) for sheet in sheets) and recognises(source.path):
            return [source]
    except (SpreadsheetError, OSError):
        return [source]
    return sheets


def _sheet(source: Source, title: str, count: int) -> Source:
    """The source that one of a workbook's sheets is; its title tells the kind before the file's name does."""
    return replace(
        source,
        name=f"{source.name}#{title}",
        kind=kind_of_name(title) or source.kind,
        likely=likely_kind(title) or likely_kind(source.name),
        size=max(1, source.size // count),
        sheet=title,
    )


def _is_whole(sheet: Source) -> bool:
    """Whether a sheet has every column of a kind of event."""
    naming = naming_of(sheet)
    rows = map(_cells, sheet_csv(sheet.path, sheet.sheet, _LINES).decode().split("\n"))
    cells = list(rows)
    pairs = (_joined(upper, lower) for upper, lower in pairwise(cells))
    return any(naming.read(each).kinds or "at" in map(bare_header, each) for each in (*cells, *pairs))


def sheet_text(source: Source) -> SheetText | str:
    """Read a sheet whose header stands in its first rows; the titles above it become blank lines.

    Parameters
    ----------
    source : Source
        A sheet of a workbook.

    Returns
    -------
    SheetText or str
        Why it holds no events, where it has no header of them.

    Raises
    ------
    SpreadsheetError, OSError
        If the workbook cannot be read.
    """
    naming = naming_of(source)
    said = source.mapped.header if source.mapped else None
    *lines, rest = sheet_csv(source.path, source.sheet).split(b"\n", max(_LINES, said or 0))
    lines = lines if said else _with_joined_header(lines, naming)
    place = _header(lines, naming) if said is None else min(said, len(lines)) - 1
    if place is None:
        code = "table_without_header" if source.table else "sheet_without_header"
        return message(code, {"key": naming.key})
    above = [line if _is_record(line, naming) else b"" for line in lines[:place]]
    return SheetText(b"\n".join([*above, *lines[place:], rest]))


def _with_joined_header(lines: list[bytes], naming: Naming) -> list[bytes]:
    """The lines with a header of two rows (证件 above 类型 and 号码) as one, where only both together name a kind's columns."""
    rows = [_cells(line.decode()) for line in lines]
    if any(naming.read(cells).kinds for cells in rows):
        return lines
    for place, (upper, lower) in enumerate(pairwise(rows)):
        joined = _joined(upper, lower)
        if naming.read(joined).kinds and not looks_like_a_record(lower, naming.read(lower)):
            text = io.StringIO()
            csv.writer(text, lineterminator="").writerow(joined)
            return [*lines[:place], b"", text.getvalue().encode(), *lines[place + 2 :]]
    return lines


def _joined(upper: list[str], lower: list[str]) -> list[str]:
    """Names of two rows as one; a name of the upper row stands over the blank cells to its right that have one below."""
    names: list[str] = []
    above = ""
    for place, below in enumerate(lower):
        own = upper[place].strip() if place < len(upper) else ""
        above = own or (above if below.strip() else "")
        names.append(above if below.strip() in ("", above) else f"{above}{below.strip()}")
    return names


def _header(lines: list[bytes], naming: Naming) -> int | None:
    """The line that names most columns of an event, the first of several; None where no line names enough of them."""
    best, most = None, 0
    for place, line in enumerate(lines):
        told = naming.read(_cells(line.decode()))
        known = len(set(filter(None, told.names)))
        enough = told.kinds or told.kind or {naming.key, "kind"} & set(told.names)
        if enough and known >= _LEAST and known > most:
            best, most = place, known
    return best


def _is_record(line: bytes, naming: Naming) -> bool:
    cells = _cells(line.decode())
    return bool(line) and looks_like_a_record(cells, naming.read(cells))


def _cells(line: str) -> list[str]:
    return split_cells(line, ord(","))
