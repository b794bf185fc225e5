"""Anomalies and rejected records by code, with the way out, as a page shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import polars as pl

from poolpipe.coding.vocabulary import resembles
from poolpipe.details import reject_text
from poolpipe.display import mask, mask_identities, mask_numbers, refused_value, withhold_values
from poolpipe.events.rejected_loads import lacks_lab
from poolpipe.findings import ANOMALIES, FALSE_ALARMS, LOADS_REJECTED, NO_LAB, REJECTS
from poolpipe.pages.words import Words, masked_words, shortened
from poolpipe.words import SEVERITY_WORDS

if TYPE_CHECKING:
    from poolpipe.pages.source import PageSource

__all__ = ["Trouble", "anomalies_by_code", "false_alarms_by_statistic", "rejects_by_code"]


@dataclass(frozen=True, slots=True)
class Trouble:
    """Everything of one code.

    Attributes
    ----------
    code : str
        As in the table.
    severity : str
        Empty for rejects.
    meaning, way_out : Words
        Of the code.
    count : int
        Rows.
    example : str or Words
        Subject, or file and line, of the first; masked unless asked.
    """

    code: str
    severity: str
    meaning: Words
    way_out: Words
    count: int
    example: Words | str


def anomalies_by_code(source: PageSource, *, show_ids: bool) -> list[Trouble]:
    """Count anomalies by code and way out, the gravest and most frequent first.

    Parameters
    ----------
    source : PageSource
        With the table `anomalies`.
    show_ids : bool
        Show identity numbers in full.
    """
    blamed = pl.col("detail").str.contains(LOADS_REJECTED.meaning, literal=True).fill_null(value=False)
    first = [
        pl.col(name).sort_by("round", "subject_kind", "subject").first()
        for name in ("round", "subject_kind", "subject")
    ]
    found = source.table("anomalies").group_by("code", blamed.alias("blamed")).agg(pl.len(), *first).collect()
    troubles = []
    for row in found.to_dicts():
        about, way = ANOMALIES[row["code"]], LOADS_REJECTED if row["blamed"] else ANOMALIES[row["code"]]
        words = Words(about.meaning, about.chinese), Words(way.way_out, way.way_out_chinese)
        troubles.append(
            Trouble(row["code"], about.severity, *words, row["len"], _subject(row, show_ids=show_ids))
        )
    return sorted(
        troubles,
        key=lambda each: (list(SEVERITY_WORDS).index(each.severity), -each.count, each.code, each.way_out),
    )


def false_alarms_by_statistic(source: PageSource, *, show_ids: bool) -> list[Trouble]:
    """Count the positives that the laboratory may explain by statistic, with the strongest suspicion and its tubes.

    Parameters
    ----------
    source : PageSource
        With the table `false_alarms`; a result of an earlier release has none.
    show_ids : bool
        Show codes that are identity numbers in full.
    """
    if "false_alarms" not in source.summary.get("rows", {}):
        return []
    doubt = pl.coalesce("p", 1.0 - pl.col("posterior"))
    first = [
        pl.col(name).sort_by(doubt, "round", "subject").first() for name in ("round", "subject", "repeat")
    ]
    table = source.table("false_alarms")
    found = table.group_by("statistic").agg(pl.len(), *first).collect()
    told = {row["statistic"]: row for row in found.to_dicts()}
    return [
        Trouble(
            name, "", Words(about.meaning, about.chinese), Words(about.way_out, about.way_out_chinese), told[name]["len"],
            _suspicion(told[name], show_ids=show_ids),
        )
        for name, about in FALSE_ALARMS.items()
        if name in told
    ]  # fmt: skip


def _suspicion(row: dict[str, Any], *, show_ids: bool) -> str:
    text = f"{row['subject']} {row['round']}".strip() + f": {row['repeat']}"
    return shortened(text if show_ids else mask_identities(text))


def _subject(row: dict[str, Any], *, show_ids: bool) -> str:
    subject = str(row["subject"] or "–")
    if not show_ids:
        if row["subject_kind"] == "person":
            document, colon, number = subject.partition(":")
            subject = f"{document}{colon}{mask(number)}"
        subject = mask_numbers(subject) if row["subject_kind"] == "event" else mask_identities(subject)
    return shortened(f"{subject} {row['round'] or ''}".rstrip())


def rejects_by_code(source: PageSource, *, show_ids: bool) -> list[Trouble]:
    """Count rejected records by code, in the order of docs/tables.md.

    Parameters
    ----------
    source : PageSource
        With the table `rejects`.
    show_ids : bool
        Show the rejected values; without it only their shape, because they may identify a person.
    """
    first = [pl.col(name).sort_by("file", "line").first() for name in ("file", "line", "detail")]
    other = lacks_lab.fill_null(value=False).alias("other")
    found = source.table("rejects").group_by("code", other).agg(pl.len(), *first).collect()
    troubles = []
    for row in found.to_dicts():
        about = NO_LAB if row["other"] else REJECTS[row["code"]]
        where = row["file"] if row["line"] is None else f"{row['file']}:{row['line']}"
        words = Words(about.meaning, about.chinese), Words(about.way_out, about.way_out_chinese)
        told = _told(row["detail"] or "", row["file"], show_ids=show_ids)
        troubles.append(
            Trouble(
                row["code"], "", *words, row["len"], Words(*(f"{shortened(where)}: {each}" for each in told))
            )
        )
    return sorted(troubles, key=lambda each: (list(REJECTS).index(each.code), each.way_out))


def _told(detail: str, file: str, *, show_ids: bool) -> Words:
    """The reason of a reject; without its value unless asked, or unless the value is one of the field's words."""
    column, value = refused_value(detail)
    known = (file, *([value] if resembles(column, value) else []))
    told = detail if show_ids else withhold_values(detail, known=known)
    return masked_words(told, show_ids=show_ids, draw=reject_text)
