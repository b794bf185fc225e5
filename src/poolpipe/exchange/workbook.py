"""Write lists as an Excel workbook that can be filtered and printed, in constant memory and with the same bytes every time."""

from __future__ import annotations

import re
import tempfile
import zipfile
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from defusedxml import DefusedXmlException, ElementTree
from rich.cells import cell_len

from poolpipe.display import visible
from poolpipe.errors import InputError
from poolpipe.exchange.list_columns import worded
from poolpipe.words import Wording

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    import polars as pl

    from poolpipe.exchange.list_columns import Language, ListColumn, ListLayout

__all__ = ["SHEET_ROWS", "ListSheet", "Workbook", "check_untouched", "parts_of"]

SHEET_ROWS: Final = 1_048_576
"""Rows of a sheet, its heading among them."""

CELL_LETTERS: Final = 32_767
"""UTF-16 units that a cell holds."""

_ROW, _LINE, _HIGHEST = 18.0, 15.0, 409.0
"""Points: a row that is read on paper, a further line of a cell, and the highest row that there is."""

_MARK: Final = "lists of poolpipe"
_EPOCH: Final = datetime(2000, 1, 1, tzinfo=UTC)
"""Written as the time of a workbook of a result without events."""

_PART = Wording(" ({part} of {parts})", "（{part}／{parts}）")
_PAGES = Wording("page &P of &N", "第 &P 页，共 &N 页")
_CUT = Wording(" … [{more:,} more letters do not fit a cell]", " …〔单元格容纳不下，另有 {more:,} 字〕")
_UNSAFE_TITLE = re.compile(r"[\[\]:*?/\\]")
_YEAR_OF_ENTRIES: Final = 1980
_FACTS = ("description", "created", "modified")


@dataclass(frozen=True, slots=True)
class ListSheet:
    """A list, or a part of one that does not fit one sheet.

    Attributes
    ----------
    layout : ListLayout
        Its columns.
    title : str
        Name of the sheet.
    rows : int
        Rows without the heading.
    hidden : frozenset of str
        Columns that are there and not shown, because no row has a value of them.
    """

    layout: ListLayout
    title: str
    rows: int
    hidden: frozenset[str] = frozenset()


def parts_of(
    layout: ListLayout,
    rows: int,
    language: Language,
    *,
    most_rows: int,
    hidden: frozenset[str] = frozenset(),
) -> list[ListSheet]:
    """Cut a list into sheets of at most `most_rows` rows with the heading; a part is called `拒收记录（1／2）`.

    Parameters
    ----------
    layout : ListLayout
    rows : int
        Rows of the list.
    language : {"zh", "en", "both"}
        With both, sheets have the Chinese titles: a sheet's title has at most 31 letters.
    most_rows : int
        At least 2.
    hidden : frozenset of str
        As in `ListSheet`.
    """
    words: Language = "zh" if language == "both" else language
    title = worded(layout.title, words)
    a_sheet = most_rows - 1
    parts = max(1, -(-rows // a_sheet))
    counts = [min(a_sheet, rows - part * a_sheet) for part in range(parts)]
    if parts == 1:
        return [ListSheet(layout, title, rows, hidden)]
    named = (worded(_PART, words).format(part=part, parts=parts) for part in range(1, parts + 1))
    return [
        ListSheet(layout, f"{title}{name}", count, hidden) for name, count in zip(named, counts, strict=True)
    ]


@dataclass
class Workbook:
    """A workbook being written, sheet after sheet, to be used in a `with` block.

    Parameters
    ----------
    path : Path
        Where it is written; rows wait beside it, in the same folder.
    language : {"zh", "en", "both"}
        Words of headings and pages.
    moment : datetime or None
        Time of the result, which is written as the time of the workbook, so that its bytes depend on nothing else.
    about : str
        Printed on top of every page, with the sheet's title.

    Attributes
    ----------
    shortened : int
        Cells that were longer than a spreadsheet's cell: they end in a note of how much is left out.
    """

    path: Path
    language: Language
    moment: datetime | None
    about: str
    shortened: int = 0
    _sheets: set[str] = field(default_factory=set)

    def __enter__(self) -> Workbook:
        """Begin the workbook."""
        import xlsxwriter

        self._rows = tempfile.TemporaryDirectory(dir=self.path.parent, prefix=".rows-")
        self._book = xlsxwriter.Workbook(str(self.path), {"constant_memory": True, "tmpdir": self._rows.name})
        self._book.use_zip64()
        created = (self.moment or _EPOCH).astimezone(UTC).replace(tzinfo=None)
        self._book.set_properties({"comments": _MARK, "created": created, "title": self.about})
        self._look = _Looks(self._book)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        """Write the file, unless the block failed; rows that wait are removed."""
        try:
            if kind is None:
                self._close()
        finally:
            self._let_go()
            self._rows.cleanup()

    def _close(self) -> None:
        from xlsxwriter.exceptions import XlsxWriterException

        try:
            self._book.close()
        except XlsxWriterException as error:  # its own name for what the disk refuses
            raise OSError(str(error)) from error

    def _let_go(self) -> None:
        """Close what a workbook that could not be written has still open."""
        for sheet in self._book.worksheets():
            if sheet.row_data_fh and not sheet.row_data_fh.closed:
                sheet.row_data_fh.close()
        self._book.fileclosed = 1

    def write(
        self, parts: Iterable[ListSheet], batches: Iterator[pl.DataFrame], advance: Callable[[int], None]
    ) -> None:
        """Write a list into its sheets.

        Parameters
        ----------
        parts : iterable of ListSheet
            As `parts_of` makes them.
        batches : iterator of DataFrame
            Its rows under the names of the layout's columns; a column `late` (bool) marks rows that are overdue.
        advance : callable
            Called with the number of further rows written.
        """
        rows = (row for batch in batches for row in batch.iter_rows(named=True))
        for part in parts:
            sheet = self._begun(part)
            before: str | None = None
            for place in range(1, part.rows + 1):
                row = next(rows)
                group = row.get("community")
                self._row(sheet, place, part.layout.columns, row, first=place > 1 and group != before)
                before = group
                if place % 1000 == 0:
                    advance(1000)
            advance(part.rows % 1000)
            if not part.rows:
                sheet.write_string(1, 0, worded(part.layout.empty, self.language), self._look.remark)

    def _begun(self, part: ListSheet) -> Any:
        """A sheet with its heading, filter and print settings."""
        sheet = self._book.add_worksheet(_UNSAFE_TITLE.sub("_", part.title)[:31])
        last = len(part.layout.columns) - 1
        for place, column in enumerate(part.layout.columns):
            unused = {"hidden": True} if column.name in part.hidden else None
            sheet.set_column(place, place, column.width, None, unused)
            heading = worded(column.heading, self.language, "\n")
            sheet.write_string(0, place, heading, self._look.heading)
        sheet.set_row(0, _LINE * (2 if self.language == "both" else 1) + 4)
        sheet.set_default_row(_ROW)
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, max(1, part.rows), last)
        sheet.print_area(0, 0, max(1, part.rows), last)
        sheet.repeat_rows(0)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
        sheet.set_header(f"&L&B{_printed(part.title)}&R{_printed(self.about)}")
        sheet.set_footer(f"&C{worded(_PAGES, self.language, ' · ')}")
        return sheet

    def _row(
        self, sheet: Any, place: int, columns: tuple[ListColumn, ...], row: dict[str, Any], *, first: bool
    ) -> None:
        late = bool(row.get("late"))
        texts = {
            column.name: self._fitting(str(row[column.name]))
            for column in columns
            if column.kind in ("text", "code") and row[column.name] is not None
        }
        lines = max(
            (-(-cell_len(texts[each.name]) // each.width) for each in columns if each.name in texts),
            default=1,
        )
        sheet.set_row(place, min(_HIGHEST, max(_ROW, _LINE * lines)) if lines > 1 else _ROW)
        for at, column in enumerate(columns):
            value = row[column.name]
            look = self._look.of(column, first=first, late=late and column.name in ("left", "due_at"))
            if value is None:
                sheet.write_blank(place, at, None, look)
            elif column.kind == "count":
                sheet.write_number(place, at, value, look)
            elif column.kind == "time":
                sheet.write_datetime(place, at, value, look)
            else:
                sheet.write_string(place, at, texts[column.name], look)

    def _fitting(self, text: str) -> str:
        """A text with control characters as escapes, cut with a note where no cell holds it."""
        shown = visible(text)
        letters = _letters(shown)
        if letters <= CELL_LETTERS:
            return shown
        self.shortened += 1
        room = CELL_LETTERS - 60
        kept = shown.encode("utf-16-le")[: 2 * room].decode("utf-16-le", "ignore")
        return kept + worded(_CUT, self.language).format(more=letters - _letters(kept))


_LOOKS: Final[dict[str, dict[str, Any]]] = {
    "text": {"num_format": 49, "text_wrap": True},
    "code": {"num_format": 49, "text_wrap": True},
    "time": {"num_format": "yyyy-mm-dd hh:mm", "align": "left"},
    "count": {"num_format": "0", "align": "center"},
}
"""Kind of column to the format of its cells; 49 is the format of text, `@`."""


class _Looks:
    """The formats of cells, made once each."""

    def __init__(self, book: Any) -> None:
        self._book = book
        self._made: dict[tuple[str, bool, bool], Any] = {}
        edge = {"border": 1, "border_color": "#9AA5B1", "valign": "vcenter"}
        self.heading = book.add_format(
            {**edge, "bold": True, "bg_color": "#E3E8EE", "text_wrap": True, "align": "center"}
        )
        self.remark = book.add_format({"italic": True, "font_color": "#52606D"})
        self._edge = edge

    def of(self, column: ListColumn, *, first: bool, late: bool) -> Any:
        """The format of a cell: codes and texts are text cells, the first row of a community has a thick line above."""
        key = (column.kind, first, late)
        if key not in self._made:
            edge = {"top": 2, "top_color": "#323F4B"} if first else {}
            warning = {"bold": True, "font_color": "#B00020"} if late else {}
            self._made[key] = self._book.add_format({**self._edge, **_LOOKS[column.kind], **edge, **warning})
        return self._made[key]


def check_untouched(path: Path) -> None:
    """Refuse to replace a file that is no workbook of these lists, or that somebody has changed since.

    A spreadsheet that saves a workbook writes the time at which it did; what people have typed into a list is not lost.

    Raises
    ------
    InputError
    """
    try:
        with zipfile.ZipFile(path) as archive:
            core = ElementTree.fromstring(archive.read("docProps/core.xml"))
            entries = archive.infolist()
    except (OSError, KeyError, zipfile.BadZipFile, ElementTree.ParseError, DefusedXmlException) as error:
        raise InputError.of("list_of_others", where=str(path), name=path.name) from error
    told = {each.tag.rpartition("}")[2]: each.text for each in core}
    mark, created, modified = (told.get(name) for name in _FACTS)
    if mark != _MARK:
        raise InputError.of("list_of_others", where=str(path), name=path.name)
    # Excel writes when it saved, LibreOffice dates the entries, WPS tells its version in custom.xml
    dated = any(entry.date_time[0] != _YEAR_OF_ENTRIES for entry in entries)
    if dated or created != modified or any(entry.filename == "docProps/custom.xml" for entry in entries):
        raise InputError.of("list_changed", where=str(path), name=path.name)


def _letters(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


def _printed(text: str) -> str:
    """A text for a page's header, where & begins a command."""
    return visible(text).replace("&", "&&")[:110]
