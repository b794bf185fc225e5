"""Write lists as CSV files that a spreadsheet opens without running a cell and without losing a digit."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Final

import polars as pl

from poolpipe.display import visible
from poolpipe.errors import InputError
from poolpipe.exchange.city_csv import as_text_cell, harmless
from poolpipe.exchange.list_columns import worded

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from poolpipe.exchange.list_columns import Language, ListColumn
    from poolpipe.exchange.workbook import ListSheet

__all__ = ["MANIFEST", "check_own", "legible", "write_csv", "write_manifest"]

MANIFEST: Final = "lists.manifest.json"

_CONTROL = r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufeff]"
_LONGEST_FORMULA: Final = 200
"""Letters up to which a code is written as a formula that gives a text: a spreadsheet's own limit is 255."""


def write_csv(
    folder: Path,
    parts: Iterable[ListSheet],
    batches: Iterator[pl.DataFrame],
    language: Language,
    advance: Callable[[int], None],
) -> None:
    """Write a list as files named after their sheets: UTF-8 with byte-order mark.

    Parameters
    ----------
    folder : Path
        Where they are written.
    parts : iterable of ListSheet
        As `workbook.parts_of` makes them.
    batches : iterator of DataFrame
        Its rows under the names of the layout's columns.
    language : {"zh", "en", "both"}
        Words of the headings.
    advance : callable
        Called with the number of further rows written.
    """
    rest = pl.DataFrame()
    for part in parts:
        headings = [worded(column.heading, language) for column in part.layout.columns]
        with (folder / f"{part.title}.csv").open("xb") as file:
            pl.DataFrame(schema=dict.fromkeys(headings, pl.String)).write_csv(
                file, include_bom=True, line_terminator="\r\n"
            )
            left = part.rows
            while left:
                rest = next(batches) if rest.is_empty() else rest
                taken = rest.head(left)
                cells = taken.select(
                    _cell(column).alias(heading)
                    for column, heading in zip(part.layout.columns, headings, strict=True)
                )
                cells.write_csv(file, include_header=False, line_terminator="\r\n")
                rest, left = rest.slice(taken.height), left - taken.height
                advance(taken.height)


def _cell(column: ListColumn) -> pl.Expr:
    """Expression for a cell as text: a code as a formula that gives the text, so that no digit is lost."""
    if column.kind == "count":
        return pl.col(column.name).cast(pl.String)
    if column.kind == "time":
        return pl.col(column.name).dt.strftime("%Y-%m-%d %H:%M")
    text = pl.col(column.name).cast(pl.String)
    cell = harmless(legible(text))
    if column.kind != "code":
        return cell
    return pl.when(cell.str.len_chars() <= _LONGEST_FORMULA).then(as_text_cell(cell)).otherwise(cell)


def legible(text: pl.Expr) -> pl.Expr:
    """Expression for a text whose control characters are escapes: they could command a terminal or hide text."""
    escaped = text.map_elements(visible, return_dtype=pl.String)
    return pl.when(text.str.contains(_CONTROL)).then(escaped).otherwise(text)


def write_manifest(folder: Path) -> None:
    """Write the manifest: each file's SHA-256, from which the next export knows that nobody has changed it."""
    files = {path.name: _sha256(path) for path in sorted(folder.iterdir())}
    text = json.dumps({"lists": files}, ensure_ascii=False, indent=2) + "\n"
    (folder / MANIFEST).write_text(text, encoding="utf-8")


def check_own(folder: Path) -> None:
    """Refuse to replace a folder that holds anything but unchanged files of these lists; an empty one is taken.

    Raises
    ------
    InputError
        If it holds other files, or one that was changed since.
    """
    there = {path.name for path in folder.iterdir()}
    if not there:
        return
    files = _manifest(folder)
    foreign = sorted(there - files.keys() - {MANIFEST})
    if foreign:
        raise InputError.of("outbox_with_others", where=str(folder), names=", ".join(foreign[:5]))
    changed = [name for name in sorted(there & files.keys()) if _sha256(folder / name) != files[name]]
    if changed:
        raise InputError.of("list_changed", where=str(folder), name=changed[0])


def _manifest(folder: Path) -> dict[str, str]:
    try:
        files = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))["lists"]
        return {str(name): str(digest) for name, digest in files.items()}
    except FileNotFoundError as error:
        names = ", ".join(sorted(path.name for path in folder.iterdir())[:5])
        raise InputError.of("outbox_of_others", where=str(folder), names=names) from error
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        raise InputError.of("manifest_damaged", where=str(folder), manifest=MANIFEST) from error


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
