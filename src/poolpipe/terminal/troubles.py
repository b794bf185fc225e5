"""Draw the boards of anomalies by code and of rejected records, each with the way out."""

from __future__ import annotations

import polars as pl
from rich.text import Text

from poolpipe.display import mask, mask_numbers, withhold_values
from poolpipe.tables import ANOMALIES, REJECTS
from poolpipe.terminal.advice import CHINESE
from poolpipe.terminal.marks import STYLES, Board, frame, plain

__all__ = ["anomaly_board", "reject_board"]

_GRAVITY = {"error": 0, "warning": 1, "info": 2}


def anomaly_board(anomalies: pl.DataFrame, *, show_ids: bool = False) -> Board:
    """What went wrong, by code, the gravest first, with what to do about it.

    Parameters
    ----------
    anomalies : polars.DataFrame
        The `anomalies` table.
    show_ids : bool
        Show identity numbers in full.
    """
    found = _first_of_each(anomalies, ("code", "round", "subject"), ("round", "subject_kind", "subject"))
    board = frame(f"Anomalies 异常 · {anomalies.height:,}", show_ids=show_ids)
    board.add_column("what\n异常", no_wrap=True)
    board.add_column("n\n数量", justify="right", no_wrap=True)
    board.add_column("for example, what to do\n举例、如何处理", overflow="fold")
    for code in sorted(found, key=lambda code: (_GRAVITY[ANOMALIES[code].severity], code)):
        severity, chinese = ANOMALIES[code].severity, ANOMALIES[code].chinese
        first = found[code]
        board.add_row(
            Text.assemble((code, STYLES[severity]), f"\n{chinese}"),
            Text.assemble(f"{first['n']:,}\n", (f"{severity} {CHINESE[severity]}", STYLES[severity])),
            plain(_subject(first, show_ids=show_ids))
            + Text(f"\n{ANOMALIES[code].way_out}\n{ANOMALIES[code].way_out_chinese}"),
        )
    if not found:
        board.add_row(Text("none 无", style="green"))
    return board


def reject_board(rejects: pl.DataFrame, *, show_ids: bool = False) -> Board:
    """Which records were not understood, by code, with the first file and line of each.

    Parameters
    ----------
    rejects : polars.DataFrame
        The `rejects` table.
    show_ids : bool
        Show the values that were refused; without it only their shape, for they may be anybody's number or name.
    """
    found = _first_of_each(rejects, ("file", "line"), ("file", "line", "detail"))
    board = frame(
        f"Rejected records 拒收记录 · {rejects.height:,} · kept whole in rejects.parquet 原文已保存",
        show_ids=show_ids,
    )
    board.add_column("why\n原因")
    board.add_column("n\n数量", justify="right", no_wrap=True)
    board.add_column("first\n首例", overflow="fold")
    board.add_column("what to do\n如何处理", overflow="fold")
    for code in (code for code in REJECTS if code in found):
        first = found[code]
        where = first["file"] if first["line"] is None else f"{first['file']}:{first['line']}"
        detail = str(first["detail"] or "")
        told = detail if show_ids else withhold_values(detail, known=(str(first["file"]),))
        board.add_row(
            Text(code, style="yellow"),
            f"{first['n']:,}",
            plain(str(where)) + Text("\n") + plain(told),
            Text(f"{REJECTS[code].way_out}\n{REJECTS[code].way_out_chinese}"),
        )
    return board


def _first_of_each(
    table: pl.DataFrame, order: tuple[str, ...], shown: tuple[str, ...]
) -> dict[str, dict[str, object]]:
    """Per code the number of rows, `n`, and the columns of its first row."""
    first = (
        table.sort(order)
        .group_by("code", maintain_order=True)
        .agg(pl.len().alias("n"), pl.col(shown).first())
    )
    return {row["code"]: row for row in first.iter_rows(named=True)}


def _subject(row: dict[str, object], *, show_ids: bool) -> str:
    """Kind, name and round of an anomaly's subject, a person's number masked, long numbers in event ids too."""
    subject = str(row["subject"] or "-")
    if row["subject_kind"] == "person" and not show_ids:
        document, colon, number = subject.partition(":")
        subject = f"{document}{colon}{mask(number)}"
    if row["subject_kind"] == "event" and not show_ids:
        subject = mask_numbers(subject)
    return f"{row['subject_kind']} {subject} {row['round'] or ''}".rstrip()
