"""CSV for the city's platform: one row per person, split into files that no spreadsheet truncates."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from poolpipe.exchange.codings import FINDINGS, POOLED, SHARED_WELL, SINGLE, STATUSES, UNREGISTERED, WITHDRAWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["HEADERS", "SPREADSHEET_ROWS", "as_text_cell", "csv_files", "csv_rows", "harmless"]

# England lost 15,841 cases in 2020 to a row limit; a file never comes near the 1,048,576 rows of a sheet.
SPREADSHEET_ROWS = 1_000_000
HEADERS = {
    "en": ("round", "tube", "sampling", "people", "person_type", "person", "position", "collected_at", "lab", "call",
           "called_at", "ct", "reagent", "instrument", "remark", "status", "stated_at"),
    "zh": ("轮次", "管号", "采样方式", "人数", "证件类型", "证件号码", "序号", "采样时间", "检测机构", "检测结果", "报告时间",
           "Ct值", "试剂", "仪器", "备注", "状态", "状态时间"),
}  # fmt: skip

_CODES = ("round", "tube", "person_type", "person", "lab")
_TEXTS = (*_CODES, "ct", "reagent", "instrument")
"""Columns with texts from input files; the others are poolpipe's own words, numbers and times."""

_STARTS_FORMULA = r"^[=+\-@\t\r\n＝＋－＠']"
"""First letters of what a spreadsheet may run (OWASP, CSV injection), and the apostrophe that guards against it."""


def csv_rows(
    statements: pl.DataFrame,
    *,
    zone: str = "Asia/Shanghai",
    language: str = "en",
    for_spreadsheet: bool = False,
) -> pl.DataFrame:
    """Make rows under HEADERS[language], every cell as text, null where there is no value.

    A tube without known people has one row without person.

    Parameters
    ----------
    statements : DataFrame
        As `statements.revised` gives them.
    zone : str
        Zone of the times, which are RFC 3339 to the second with offset.
    language : {"en", "zh"}
        Words of the sampling, the result, the remark and the status.
    for_spreadsheet : bool
        Write codes as `="…"`: a spreadsheet that opens the file shows, and saves, all digits of an identity number
        and the zeros before a tube's. Without it a code is written as it is.

    Returns
    -------
    DataFrame
        A cell that a spreadsheet might run as a formula, or that begins with an apostrophe, has an apostrophe before
        it: a reader removes the first apostrophe of a cell to get the exact text.
    """
    words = "chinese" if language == "zh" else "english"
    cells = {
        "sampling": pl.when(pl.col("mode").is_null()).then(pl.lit(getattr(UNREGISTERED, words)))
        .when(pl.col("mode") == "pool").then(pl.format("{}:1 " + getattr(POOLED, words), "people"))
        .otherwise(pl.lit(getattr(SINGLE, words))),
        "people": pl.col("people").cast(pl.String),
        "position": pl.col("position").cast(pl.String),
        "call": _worded("call", {call: getattr(finding, words) for call, finding in FINDINGS.items()}),
        "remark": pl.when(pl.col("status") == "withdrawn").then(pl.lit(getattr(WITHDRAWN, words)))
        .when("shared", pl.col("call").is_not_null()).then(pl.lit(getattr(SHARED_WELL, words))),
        "status": _worded("status", {status: getattr(codes, words) for status, codes in STATUSES.items()}),
        **{name: _time(name, zone) for name in ("collected_at", "called_at", "stated_at")},
        **{name: harmless(pl.col(name)) for name in _TEXTS},
    }  # fmt: skip
    if for_spreadsheet:
        cells |= {name: as_text_cell(cells[name]) for name in _CODES}
    return statements.select(
        cells[name].alias(header) for name, header in zip(HEADERS["en"], HEADERS[language], strict=True)
    )


def _worded(name: str, words: dict[str, str]) -> pl.Expr:
    return pl.col(name).replace_strict(words, return_dtype=pl.String)


def _time(name: str, zone: str) -> pl.Expr:
    return pl.col(name).dt.convert_time_zone(zone).dt.strftime("%Y-%m-%dT%H:%M:%S%:z")


def harmless(text: pl.Expr) -> pl.Expr:
    """Expression for a cell that no spreadsheet runs, and from which the exact text can be recovered."""
    cell = text.replace("", None)
    return pl.when(cell.str.contains(_STARTS_FORMULA)).then(pl.concat_str(pl.lit("'"), cell)).otherwise(cell)


def as_text_cell(cell: pl.Expr) -> pl.Expr:
    """Expression for a formula that gives a text, which a spreadsheet keeps exactly when it opens and saves the file."""
    return pl.format('="{}"', cell.str.replace_all('"', '""', literal=True))


def csv_files(stretches: Iterable[pl.DataFrame], *, rows_per_file: int) -> Iterator[list[pl.DataFrame]]:
    """Split rows into files; without any row there is one file that has only the header.

    Parameters
    ----------
    stretches : iterable of DataFrame
        Of `csv_rows`.
    rows_per_file : int
        At most, the header aside.

    Yields
    ------
    list of DataFrame
        The parts of one file, in order.
    """
    file: list[pl.DataFrame] = []
    rows = files = 0
    for stretch in stretches:
        start = 0
        while start < stretch.height:
            part = stretch.slice(start, rows_per_file - rows)
            file.append(part)
            start, rows = start + part.height, rows + part.height
            if rows == rows_per_file:
                yield file
                file, rows, files = [], 0, files + 1
    if file or not files:
        yield file
