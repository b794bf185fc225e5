"""Export a result's lists with the names and telephones of those to sample again, as a workbook or as CSV."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import polars as pl

from poolpipe.choices import check_choice
from poolpipe.errors import InputError
from poolpipe.events.contacts import Contacts, read_contacts
from poolpipe.exchange import list_csv
from poolpipe.exchange.city_csv import SPREADSHEET_ROWS
from poolpipe.exchange.list_columns import LANGUAGES, LISTS, Language, worded
from poolpipe.exchange.list_counts import ListCounts
from poolpipe.exchange.list_summary import summary_rows
from poolpipe.exchange.lists import Lists
from poolpipe.exchange.workbook import SHEET_ROWS, ListSheet, Workbook, check_untouched, parts_of
from poolpipe.results.replacing import replaced_file, replaced_folder
from poolpipe.results.written import opened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from poolpipe.exchange.lists import ToldList

    Progress = Callable[[str, int, int], None]

__all__ = ["export_lists"]


def export_lists(
    result: Path,
    out: Path,
    form: Literal["xlsx", "csv-list"] = "xlsx",
    *,
    people: Sequence[Path] = (),
    zone: str = "Asia/Shanghai",
    language: Language = "zh",
    show_ids: bool = False,
    most_rows: int | None = None,
    progress: Progress | None = None,
) -> ListCounts:
    """Write the lists of a result: recalls with names and telephones, missing tubes, positives, anomalies, rejects, summary.

    Parameters
    ----------
    result : Path
        Folder that `poolpipe run --out` wrote. Names are joined while the list is written, and not stored in it.
    out : Path
        A workbook (.xlsx), or the folder of the CSV files; readable by its owner alone, replaced in one step.
    form : {"xlsx", "csv-list"}
        An Excel workbook, or a CSV file per sheet.
    people : sequence of Path
        Rosters and registrations that tell names, telephones and homes.
    zone : str
        IANA zone of the times.
    language : {"zh", "en", "both"}
        Words of headings and values.
    show_ids : bool
        Show identities in anomalies and rejects, and the rejected records. The recalls always name people.
    most_rows : int, optional
        Rows of a sheet or file, its heading among them; by default what Excel holds.
    progress : callable, optional
        Called with (what, done, total) as rows are written.

    Returns
    -------
    ListCounts

    Raises
    ------
    InputError
        If the folder holds no whole result, a file of `people` cannot be read, or `out` cannot be written or holds
        something else.
    TableError
        If a file of `people` has no numbers of persons.
    """
    check_choice("language", language, LANGUAGES, InputError)
    check_choice("form", form, ("xlsx", "csv-list"), InputError)
    if form == "xlsx" and out.suffix.lower() != ".xlsx":
        raise InputError.of("list_ending", where=str(out), name=out.name)
    with opened(result) as written:
        wanted = Lists.people_of(written)
        contacts = read_contacts(people, wanted) if people else Contacts.none()
        lists = Lists(written, contacts, zone=zone, language=language, show_ids=show_ids)
        counts = _counted(lists, contacts)
        making = _Making(lists, counts, language, most_rows or _most(form), progress)
        if form == "xlsx":
            with replaced_file(out, check_untouched) as path:
                making.workbook(path)
                written.check()
        else:
            with replaced_folder(out, list_csv.check_own) as folder:
                making.files(folder)
                written.check()
    return counts


def _most(form: str) -> int:
    return SHEET_ROWS if form == "xlsx" else SPREADSHEET_ROWS


def _counted(lists: Lists, contacts: Contacts) -> ListCounts:
    rows = lists.waiting.rows
    key = ("person_type", "person")
    known = contacts.people.select(key)
    people = rows.unique(key, keep="first")
    return ListCounts(
        waiting=rows.height,
        closed=lists.waiting.closed,
        unknown=people.join(known, on=key, how="anti").height,
        without_phone=people.filter(pl.col("phone").is_null()).height,
        doubtful=contacts.doubtful,
        unread=contacts.unread,
    )


@dataclass
class _Making:
    """Writes all lists in one form."""

    lists: Lists
    counts: ListCounts
    language: Language
    most_rows: int
    progress: Progress | None
    done: int = 0
    total: int = 0

    def workbook(self, path: Path) -> None:
        with Workbook(path, self.language, self.lists.as_of, self.lists.title()) as book:
            for told, parts in self._cut():
                book.write(parts, told.batches(), self._advance)
            self.counts.shortened = book.shortened
            parts, rows = self._summary()
            book.write(parts, rows, self._advance)

    def files(self, folder: Path) -> None:
        for told, parts in self._cut():
            list_csv.write_csv(folder, parts, told.batches(), self.language, self._advance)
        parts, rows = self._summary()
        list_csv.write_csv(folder, parts, rows, self.language, self._advance)
        list_csv.write_manifest(folder)

    def _cut(self) -> list[tuple[ToldList, list[ListSheet]]]:
        """Every list with the sheets it is cut into; the counts name them."""
        cut = [
            (
                told,
                parts_of(told.layout, told.rows, self.language, most_rows=self.most_rows, hidden=told.unused),
            )
            for told in self.lists.told()
        ]
        self.total = sum(told.rows for told, _ in cut)
        self.counts.sheets = {told.name: [(part.title, part.rows) for part in parts] for told, parts in cut}
        return cut

    def _summary(self) -> tuple[list[ListSheet], Iterator[pl.DataFrame]]:
        rows = summary_rows(self.lists, self.counts, self.language)
        title = worded(LISTS["summary"].title, "zh" if self.language == "both" else self.language)
        return [ListSheet(LISTS["summary"], title, rows.height)], iter([rows])

    def _advance(self, rows: int) -> None:
        self.done += rows
        if self.progress:
            self.progress("exporting", min(self.done, self.total), self.total)
