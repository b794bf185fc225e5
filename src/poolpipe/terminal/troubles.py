"""Draw the boards of anomalies by code and of rejected records, each with the way out."""

from __future__ import annotations

from typing import Final

import polars as pl
from rich.text import Text

from poolpipe.coding.vocabulary import resembles
from poolpipe.details import anomaly_detail, reject_text
from poolpipe.display import mask_subject, refused_value, withhold_values
from poolpipe.events.rejected_loads import lacks_lab
from poolpipe.findings import LOADS_REJECTED, NO_LAB
from poolpipe.languages import both, language
from poolpipe.tables import ANOMALIES, REJECTS
from poolpipe.terminal.marks import STYLES, Board, frame, plain
from poolpipe.words import SEVERITY_WORDS, SUBJECT_WORDS, word_of

__all__ = ["anomaly_board", "reject_board", "withheld_detail"]

_GRAVITY = tuple(SEVERITY_WORDS)


def anomaly_board(anomalies: pl.DataFrame, *, show_ids: bool = False) -> Board:
    """Draw the anomalies by code, the gravest first, with the way out.

    Parameters
    ----------
    anomalies : polars.DataFrame
        The `anomalies` table.
    show_ids : bool
        Show identity numbers in full.
    """
    blamed = pl.col("detail").str.contains(LOADS_REJECTED.meaning, literal=True)
    found = _first_of_each(
        anomalies, ("code", "round", "subject"), ("round", "subject_kind", "subject", "detail"), blamed
    )
    board = frame(f"{both('Anomalies', '异常')} · {anomalies.height:,}", show_ids=show_ids)
    board.add_column("what\n异常", no_wrap=True)
    board.add_column("n\n数量", justify="right", no_wrap=True)
    board.add_column("for example, what to do\n举例、如何处理", overflow="fold")
    for code, other in sorted(found, key=lambda each: (_GRAVITY.index(ANOMALIES[each[0]].severity), each)):
        severity, chinese = ANOMALIES[code].severity, ANOMALIES[code].chinese
        first, advice = found[code, other], LOADS_REJECTED if other else ANOMALIES[code]
        board.add_row(
            Text.assemble((code, STYLES[severity]), "" if language() == "en" else f"\n{chinese}"),
            Text.assemble(f"{first['n']:,}\n", (word_of(SEVERITY_WORDS, severity), STYLES[severity])),
            plain(_subject(first, show_ids=show_ids) + _facts(first, code))
            + Text("\n" + both(advice.way_out, advice.way_out_chinese, "\n")),
        )
    if not found:
        board.add_row(Text(both("none", "无"), style="green"))
    return board


_IN_RESULT: Final = ("kept whole in rejects.parquet", "原文已保存")


def reject_board(
    rejects: pl.DataFrame, *, show_ids: bool = False, kept: tuple[str, str] = _IN_RESULT
) -> Board:
    """Draw the rejected records by code, with the first file and line of each.

    Parameters
    ----------
    rejects : polars.DataFrame
        The `rejects` table.
    show_ids : bool
        Show the rejected values; without it only their shape, because they may identify a person.
    kept : tuple of (str, str)
        Where they are kept, in English and Chinese.
    """
    found = _first_of_each(rejects, ("file", "line"), ("file", "line", "detail"), lacks_lab)
    board = frame(
        f"{both('Rejected records', '拒收记录')} · {rejects.height:,} · {both(*kept)}",
        show_ids=show_ids,
    )
    board.add_column("why\n原因")
    board.add_column("n\n数量", justify="right", no_wrap=True)
    board.add_column("first\n首例", overflow="fold")
    board.add_column("what to do\n如何处理", overflow="fold")
    for code, other in sorted(found, key=lambda each: (list(REJECTS).index(each[0]), not each[1])):
        first, advice = found[code, other], NO_LAB if other else REJECTS[code]
        where = first["file"] if first["line"] is None else f"{first['file']}:{first['line']}"
        detail = str(first["detail"] or "")
        told = detail if show_ids else withheld_detail(detail, str(first["file"]))
        board.add_row(
            Text(code, style="yellow") + Text("" if language() == "en" else f"\n{advice.chinese}"),
            f"{first['n']:,}",
            plain(str(where)) + Text("\n") + plain(reject_text(told)),
            Text(both(advice.way_out, advice.way_out_chinese, "\n")),
        )
    return board


def withheld_detail(detail: str, file: str) -> str:
    """The reason of a reject without names and numbers; a word that resembles a known one is kept.

    Parameters
    ----------
    detail, file : str
        As in `rejects`; the file's name is shown.
    """
    column, value = refused_value(detail)
    return withhold_values(detail, known=(file, *([value] if resembles(column, value) else [])))


def _first_of_each(
    table: pl.DataFrame, order: tuple[str, ...], shown: tuple[str, ...], other: pl.Expr
) -> dict[tuple[str, bool], dict[str, object]]:
    """Count rows by code and way out: the number of rows, `n`, and columns of the first, what is called positive before others."""
    positive, suspect = (
        pl.col("detail").str.contains(f"called {call}", literal=True) for call in ("positive", "suspect")
    )
    gravity = pl.when(positive).then(0).when(suspect).then(1).otherwise(2)
    first = (
        table.sort(gravity, *order)
        .group_by("code", other.fill_null(value=False).alias("other"), maintain_order=True)
        .agg(pl.len().alias("n"), pl.col(shown).first())
    )
    return {(row["code"], row["other"]): row for row in first.iter_rows(named=True)}


def _facts(row: dict[str, object], code: str) -> str:
    """What is known of a tube that nobody is registered for, its call and the code it may be misread from; else empty."""
    told = anomaly_detail(code, str(row["detail"])) if code == "orphan_tube" else None
    if told is None or not told.more.english:
        return ""
    english, chinese = told.more.english.strip(",; ").removeprefix("and "), told.more.chinese.strip("，；")
    return both(f": {english}", f"：{chinese}", " ")


def _subject(row: dict[str, object], *, show_ids: bool) -> str:
    """Kind, name and round of an anomaly's subject, with a person's number and long numbers in event ids masked."""
    subject = str(row["subject"] or "-")
    if not show_ids:
        subject = mask_subject(str(row["subject_kind"]), subject)
    return f"{word_of(SUBJECT_WORDS, str(row['subject_kind']))} {subject} {row['round'] or ''}".rstrip()
