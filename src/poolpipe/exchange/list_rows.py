"""Rows of the lists of anomalies and rejects: codes become words, identities are masked."""

from __future__ import annotations

from typing import Any

import polars as pl

from poolpipe.details import anomaly_detail, reject_text
from poolpipe.display import mask_identities, mask_subject
from poolpipe.events.rejected_loads import lacks_lab
from poolpipe.exchange.list_columns import Language, worded
from poolpipe.findings import ANOMALIES, NO_LAB, REJECTS
from poolpipe.languages import speaking
from poolpipe.terminal.troubles import withheld_detail
from poolpipe.words import EVENT_WORDS, SUBJECT_WORDS, Wording

__all__ = ["anomaly_rows", "reject_rows"]


def anomaly_rows(anomalies: pl.DataFrame, language: Language, *, show_ids: bool) -> pl.DataFrame:
    """Word the rows of the table `anomalies`.

    Parameters
    ----------
    anomalies : polars.DataFrame
        Some of its rows.
    language : {"zh", "en", "both"}
    show_ids : bool
        Leave identity numbers as they are.

    Returns
    -------
    polars.DataFrame
        With meaning, facts and way_out; subjects and facts masked unless `show_ids`.
    """
    told = [_anomaly(row, language, show_ids=show_ids) for row in anomalies.iter_rows(named=True)]
    names = ("meaning", "subject_kind", "subject", "facts", "way_out")
    return anomalies.with_columns(pl.Series(name, [each[name] for each in told], pl.String) for name in names)


def _anomaly(row: dict[str, Any], language: Language, *, show_ids: bool) -> dict[str, str | None]:
    code, detail = ANOMALIES.get(row["code"]), str(row["detail"] or "")
    kind, subject = row["subject_kind"], row["subject"]
    told = anomaly_detail(row["code"], detail)
    if told is None or code is None:
        facts, meaning, way_out = detail, row["code"], None
    else:
        new = told.facts.english != code.meaning
        facts = worded(told.facts, language, ": ") if new else ""
        meaning = worded(Wording(code.meaning, code.chinese), language, ": ")
        way_out = worded(told.way_out, language, " / ")
    return {
        "meaning": meaning,
        "subject_kind": worded(SUBJECT_WORDS.get(kind, Wording(kind, kind)), language),
        "subject": subject if show_ids or subject is None else mask_subject(kind, subject),
        "facts": (facts if show_ids else mask_identities(facts)) or None,
        "way_out": way_out,
    }


def reject_rows(rejects: pl.DataFrame, language: Language, *, show_ids: bool) -> pl.DataFrame:
    """Word the rows of the table `rejects`.

    Parameters
    ----------
    rejects : polars.DataFrame
        Some of its rows.
    language : {"zh", "en", "both"}
    show_ids : bool
        Show refused values and the records as they came; without it only a value's shape, and no record.

    Returns
    -------
    polars.DataFrame
        With meaning and way_out.
    """
    marked = rejects.with_columns(lacks_lab.fill_null(value=False).alias("lacks_lab"))
    with speaking(language):
        told = [_reject(row, language, show_ids=show_ids) for row in marked.iter_rows(named=True)]
    names = ("kind", "meaning", "detail", "way_out", "raw")
    return rejects.with_columns(pl.Series(name, [each[name] for each in told], pl.String) for name in names)


def _reject(row: dict[str, Any], language: Language, *, show_ids: bool) -> dict[str, str | None]:
    code, detail, kind = REJECTS.get(row["code"]), str(row["detail"] or ""), row["kind"]
    advice = NO_LAB if row["lacks_lab"] else code
    known = kind in EVENT_WORDS
    return {
        "kind": worded(EVENT_WORDS[kind], language) if known else kind if show_ids else None,
        "meaning": row["code"]
        if code is None
        else worded(Wording(code.meaning, code.chinese), language, ": "),
        "detail": reject_text(detail if show_ids else withheld_detail(detail, row["file"])) or None,
        "way_out": None
        if advice is None
        else worded(Wording(advice.way_out, advice.way_out_chinese), language, " / "),
        "raw": row["raw"] if show_ids else None,
    }
