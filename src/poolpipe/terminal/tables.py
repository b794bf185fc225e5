"""Draw any result table on the terminal: the columns that fit, codes whole, identities masked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import polars as pl
from rich.text import Text

from poolpipe.details import anomaly_text, reject_text
from poolpipe.display import mask, mask_identities, mask_people, mask_subject, withheld
from poolpipe.languages import both, language
from poolpipe.terminal.marks import Board, clock, frame, plain
from poolpipe.terminal.troubles import withheld_detail
from poolpipe.words import COLUMN_WORDS, SUBJECT_WORDS, VALUE_WORDS, word_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

__all__ = ["grouped", "in_language_of_reader", "masked_rows", "table_board"]

_PROSE: Final = frozenset({"detail", "raw", "file", "meaning"})
"""Columns of sentences: they are folded; all others hold codes, words and figures, which are not."""

_PROSE_WIDTH: Final = 24


def grouped(rows: pl.DataFrame, by: str) -> pl.DataFrame:
    """Bring rows of one value together, the values in the order in which they first occur."""
    place = pl.int_range(pl.len()).min().over(by)
    return rows.with_columns(place.alias("_place")).sort("_place", maintain_order=True).drop("_place")


def masked_rows(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Mask the identities in rows of a result table: numbers, names, telephones, refused values.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows with all columns of the table.
    table : str
        Name of the table.

    Returns
    -------
    polars.DataFrame
        With the same columns.
    """
    told = [_masked(row, table) for row in rows.iter_rows(named=True)]
    return pl.DataFrame(told, schema=rows.schema) if told else rows


def _masked(row: dict[str, Any], table: str) -> dict[str, Any]:
    hidden = dict(row)
    for name in ("person", "phone"):
        if row.get(name):
            hidden[name] = mask(row[name])
    if row.get("name"):
        hidden["name"] = row["name"][0] + "*" * (len(row["name"]) - 1)
    if table == "anomalies" and row["subject"]:
        hidden["subject"] = mask_subject(row["subject_kind"], row["subject"])
        hidden["detail"] = mask_identities(row["detail"] or "")
    if table == "clusters" and row["ask_first"]:
        hidden["ask_first"] = mask_people(row["ask_first"])
    if table == "traces" and row["via"] and row["person"]:  # of a box or well, via is a code
        hidden["via"] = mask_subject("person", row["via"])
    if table == "rejects":
        hidden["detail"] = withheld_detail(row["detail"] or "", row["file"])
        hidden["raw"] = row["raw"] and withheld(row["raw"])
    return hidden


def table_board(
    rows: pl.DataFrame,
    title: str,
    *,
    zone: str,
    sizes: Sequence[int] = (),
    more: int = 0,
    show_ids: bool = False,
    chinese: Mapping[str, str] = COLUMN_WORDS,
) -> Board:
    """Draw rows of a table; where they are wider than the terminal the last columns are left out, and named.

    Parameters
    ----------
    rows : polars.DataFrame
        The rows shown, the columns from the most needed to the least.
    title : str
        Heading.
    zone : str
        IANA zone of the times.
    sizes : sequence of int
        For each row, how many rows of the table have its value of the first column, by which they are grouped; empty
        where they are not.
    more : int
        Rows that are not shown.
    show_ids : bool
        Identities are shown.
    chinese : mapping, optional
        Column to its heading in Chinese; one that it lacks has its name alone.

    Returns
    -------
    Board
    """
    board = frame(
        title, more=more, rest=("with --rows N or --csv", "请用 --rows N 或 --csv 查看"), show_ids=show_ids
    )
    for name, kind in rows.schema.items():
        prose = name in _PROSE
        board.add_column(
            Text(_heading(name, chinese.get(name))),
            justify="right" if kind.is_numeric() else "left",
            no_wrap=not prose,
            overflow="fold",
            min_width=min(_PROSE_WIDTH, _longest(rows[name])) if prose else None,
        )
    groups = rows.to_series(0).rle_id().to_list() if sizes else [0] * rows.height
    for place, row in enumerate(rows.iter_rows()):
        cells = [_cell(_in_words(name, value), zone) for name, value in zip(rows.columns, row, strict=True)]
        if sizes:
            first = place == 0 or groups[place - 1] != groups[place]
            if first and place:
                board.add_section()
            cells[0] = f"{cells[0]} ({sizes[place]:,})" if first else ""
        board.add_row(*map(plain, cells))
    if rows.is_empty():
        board.add_row(Text(both("none", "无"), style="green"))
    return board


_VALUED: Final = frozenset({"mode", "call", "state", "status", "outcome", "severity", "subject_kind", "role"})
"""Columns whose values have words (`poolpipe.words`)."""


def _heading(name: str, chinese: str | None) -> str:
    """The name of a column, which commands take, and below it the Chinese one."""
    return name if chinese is None or language() == "en" else f"{name}\n{chinese}"


def _in_words(name: str, value: Any) -> Any:
    """A value as readers of Chinese call it; to all others as the table has it."""
    if language() != "zh" or name not in _VALUED or not isinstance(value, str):
        return value
    return word_of(SUBJECT_WORDS if name == "subject_kind" else VALUE_WORDS, value)


def in_language_of_reader(rows: pl.DataFrame, table: str) -> pl.DataFrame:
    """Draw the details of anomalies and rejects in the language of the reader.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows with all columns of the table.
    table : str
        Name of the table.
    """
    if table == "anomalies":
        told = [
            anomaly_text(code, detail or "") for code, detail in rows.select("code", "detail").iter_rows()
        ]
    elif table == "rejects":
        told = [reject_text(detail or "") for detail in rows["detail"]]
    else:
        return rows
    return rows.with_columns(pl.Series("detail", told, pl.String))


def _longest(values: Iterable[object]) -> int:
    return max((len(str(value)) for value in values), default=1)


def _cell(value: datetime | float | str | bool | None, zone: str) -> str:  # noqa: FBT001 -- a value, no flag
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return both("yes", "是") if value else both("no", "否")
    if isinstance(value, float):
        return f"{value:.4g}"
    return str(value) if isinstance(value, str | int) else clock(value, zone)
