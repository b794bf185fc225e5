"""One page of a day: self-contained HTML without any request or script, in Chinese and English, for screens and A4."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import polars as pl

from poolpipe.charts.funnel import funnel, funnel_chart, losses
from poolpipe.charts.positives import positives, positives_by_place, positives_chart
from poolpipe.charts.recalls import RECALL_SERIES, recall_chart, recall_curve
from poolpipe.display import mask_identities
from poolpipe.pages.clusters import growing_clusters
from poolpipe.pages.headlines import day_counts, headlines
from poolpipe.pages.pictures import Picture, picture_of
from poolpipe.pages.rendering import rendered_page
from poolpipe.pages.troubles import anomalies_by_code, false_alarms_by_statistic, rejects_by_code
from poolpipe.pages.understood import files_understood, files_unread, words_understood
from poolpipe.pages.waiting import waiting_people
from poolpipe.pages.words import Words, clock_time, masked_words, share_text
from poolpipe.words import PRESET_WORDS, SEVERITY_WORDS, STATE_WORDS

if TYPE_CHECKING:
    from poolpipe.pages.headlines import DayCounts
    from poolpipe.pages.source import PageSource

__all__ = ["day_page"]

_PEOPLE: Final = 200
_PLACES: Final = 50
_CLUSTERS: Final = 20
_LOSSES: Final = 20
_FILES: Final = 100
"""Longest lists of a page; what is left out is counted."""


def day_page(source: PageSource, *, zone: str, language: str = "zh", show_ids: bool = False) -> str:
    """Make the page of a day.

    Parameters
    ----------
    source : PageSource
        Summary and tables. Tables are aggregated lazily: a city of 25 million people needs little memory.
    zone : str
        IANA zone of all times.
    language : str
        Language in which the page opens, `zh` or `en`; the other is a click away.
    show_ids : bool
        Show identity numbers in full; without it they are masked, in texts from files, too.

    Returns
    -------
    str
        HTML, equal for equal tables. It has no script and loads nothing.

    Raises
    ------
    InputError
        If the language is another.
    """
    facts = {**_facts(source, zone=zone, show_ids=show_ids), "show_ids": show_ids}
    return rendered_page("page", language, facts)


def _facts(source: PageSource, *, zone: str, show_ids: bool) -> dict[str, Any]:
    numbers, summary = day_counts(source), source.summary
    policy = summary["policy"]
    warnings = [*summary.get("warnings", ()), *summary.get("fit", {}).get("warnings", ())]
    files = summary["files"]
    clusters, clusters_all = growing_clusters(source, zone=zone, show_ids=show_ids, most=_CLUSTERS)
    return {
        "as_of": clock_time(source.as_of, zone),
        "date": f"{source.as_of:%Y}" if source.as_of else "",
        "zone": zone,
        "policy": Words(*PRESET_WORDS[policy["name"]]) if policy["name"] in PRESET_WORDS else policy["name"],
        "version": policy["version"],
        "warnings": [masked_words(each, show_ids=show_ids) for each in warnings],
        "headlines": headlines(source, numbers),
        "numbers": numbers,
        "unknown": numbers.unregistered,
        "waiting": waiting_people(source, zone=zone, show_ids=show_ids, most=_PEOPLE),
        "waiting_all": numbers.recalls["open"] + numbers.recalls["recollected"],
        "clusters": clusters,
        "clusters_all": clusters_all,
        "anomalies": anomalies_by_code(source, show_ids=show_ids),
        "gravity": {name: Words(*told) for name, told in SEVERITY_WORDS.items()},
        "doubts": false_alarms_by_statistic(source, show_ids=show_ids),
        "rejects": rejects_by_code(source, show_ids=show_ids),
        "files": files_understood(summary, show_ids=show_ids, most=_FILES),
        "files_all": len(files),
        "records": [
            sum(each[name] for each in files) for name in ("read", "accepted", "duplicates", "rejected")
        ],
        "unread": files_unread(summary, show_ids=show_ids, most=_FILES),
        "unread_all": len(
            files_unread(
                summary,
                show_ids=show_ids,
                most=len(summary.get("skipped", ())) + len(summary.get("instruments", {})),
            )
        ),
        "words": words_understood(summary, show_ids=show_ids),
        "coverage": [_coverage(each, zone) for each in summary.get("coverage", ()) if each["collected"]],
        "curve": _curve(source, numbers, zone),
        "funnel": _funnel(source, numbers, show_ids=show_ids),
        "places": _places(source, zone, show_ids=show_ids),
    }


def _curve(source: PageSource, numbers: DayCounts, zone: str) -> dict[str, Any] | None:
    """The six-hour curve and the table behind it; None where nobody was to be re-collected."""
    curve = recall_curve(source.table("recalls"), source.as_of, zone=zone)
    if curve.is_empty():
        return None
    alt = Words(
        "Curve over time: {all} people to re-collect, {recollected} re-collected, {closed} with a result, {overdue} overdue.",
        "随时间变化的曲线：应复采 {all} 人，已复采 {recollected} 人，已报告 {closed} 人，超时 {overdue} 人。",
    ).filled(
        all=sum(numbers.recalls.values()),
        recollected=numbers.recalls["recollected"] + numbers.recalls["closed"],
        closed=numbers.recalls["closed"],
        overdue=numbers.overdue,
    )
    rows = [
        [clock_time(row["at"], zone), *(_count(row[name]) for name in RECALL_SERIES)]
        for row in curve.to_dicts()
    ]
    chart = lambda language, width: recall_chart(curve, source.as_of, language=language, width=width)  # noqa: E731
    return {"picture": picture_of(alt, chart), "rows": rows}


def _funnel(source: PageSource, numbers: DayCounts, *, show_ids: bool) -> dict[str, Any]:
    """The funnel, and the sites with tubes that have no result."""
    steps = funnel(source.table("ledger"))
    lost = _masked_sites(losses(source.table("ledger")), show_ids=show_ids)
    told = [
        (
            Words(*STATE_WORDS[row["step"]]),
            row["tubes"],
            row["lost"],
            share_text(row["tubes"], numbers.steps["collected"]),
        )
        for row in steps.to_dicts()
    ]
    alt = Words(
        "Bars from collected to reported: {collected} tubes collected, {reported} with a result.",
        "从采样到报告的条形图：已采样 {collected} 管，已报告 {reported} 管。",
    ).filled(collected=numbers.steps["collected"], reported=numbers.steps["reported"])
    picture: Picture | None = None
    if numbers.steps["collected"]:
        picture = picture_of(alt, lambda language, width: funnel_chart(steps, language=language, width=width))
    return {
        "picture": picture,
        "steps": told,
        "losses": _losses(lost),
        "losses_all": lost.height,
        "names": [Words(*STATE_WORDS[step]) for step in lost.columns[3:]],
    }


def _losses(lost: pl.DataFrame) -> list[dict[str, Any]]:
    return [
        {
            "site": row["site"],
            "collected": row["collected"],
            "missing": row["missing"],
            "gaps": [row[step] for step in lost.columns[3:]],
        }
        for row in lost.head(_LOSSES).to_dicts()
    ]


def _places(source: PageSource, zone: str, *, show_ids: bool) -> dict[str, Any] | None:
    """Positive and suspect tubes by place and hour; None where there are none."""
    counted = _masked_sites(positives(source.table("pools"), zone=zone), show_ids=show_ids)
    if counted.is_empty():
        return None
    sites = positives_by_place(counted)
    found = int(sites["positive"].sum()) + int(sites["suspect"].sum())
    alt = Words(
        "Squares by site and hour: {found} positive and suspect tubes of {sites} sites.",
        "按采样点与小时排列的方格：{sites} 个采样点共 {found} 管阳性或可疑。",
    ).filled(found=found, sites=sites.height)
    rows = [
        {
            "site": row["site"],
            "positive": row["positive"],
            "suspect": row["suspect"],
            "first": clock_time(row["first"], zone),
            "last": clock_time(row["last"], zone),
        }
        for row in sites.head(_PLACES).to_dicts()
    ]
    return {"picture": picture_of(alt, partial(_squares, counted)), "rows": rows, "all": sites.height}


def _masked_sites(table: pl.DataFrame, *, show_ids: bool) -> pl.DataFrame:
    """Mask what in a site's name may be a person's number."""
    names = table["site"].unique().drop_nulls()
    shown = names.to_list() if show_ids else [mask_identities(name) for name in names]
    return table.with_columns(pl.col("site").replace(names, pl.Series(shown, dtype=pl.String)))


def _squares(counted: pl.DataFrame, language: Any, width: int) -> Any:
    return positives_chart(counted, language=language, width=width)


def _count(value: int | None) -> str:
    return "–" if value is None else f"{value:,}"


def _coverage(told: dict[str, Any], zone: str) -> dict[str, Any]:
    """One round of the list of residents: shares, and each deadline with when it was reached."""
    from datetime import datetime

    def at(name: str) -> str:
        return clock_time(None if told[name] is None else datetime.fromisoformat(told[name]), zone)

    return {
        "round": told["round"],
        "people": told["people"],
        "collected": told["collected"],
        "reported": told["reported"],
        "shares": [share_text(told[name], told["people"]) for name in ("collected", "reported")],
        **{
            name: {"due": at(f"{name}_due"), "at": at(f"{name}_at"), "late": told[f"{name}_late"]}
            for name in ("half", "all")
        },
    }
