"""Compose a day's report from its marts: headline numbers, notes and sections, always in one order."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

import polars as pl

from poolpipe.pages.words import Words
from poolpipe.report.curves import flow_section, recall_section
from poolpipe.report.document import NightReport
from poolpipe.report.laboratories import laboratories_section
from poolpipe.report.leftovers import decisions_section, forecast_section, losses_section
from poolpipe.report.measures import measures
from poolpipe.report.places import places_section
from poolpipe.words import PRESET_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.report.night_tables import NightTables
    from poolpipe.report.outlines import CityOutlines

__all__ = ["SECTIONS", "compose_report"]

SECTIONS: Final[int] = 7
"""How many parts a report has, for those who show progress."""


def compose_report(
    night: NightTables,
    city: CityOutlines | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> NightReport:
    """Make the report of a day.

    Parameters
    ----------
    night : NightTables
        Its marts; nothing else is read.
    city : CityOutlines, optional
        The city's own map.
    progress : callable, optional
        As in `poolpipe.run`.

    Returns
    -------
    NightReport
        Equal for equal marts.
    """
    makers: list[Callable[[], Any]] = [
        lambda: recall_section(night),
        lambda: places_section(night, city),
        lambda: flow_section(night),
        lambda: laboratories_section(night),
        lambda: losses_section(night),
        lambda: forecast_section(night),
        lambda: decisions_section(night),
    ]
    sections = []
    for number, make in enumerate(makers):
        if progress is not None:
            progress("reporting", number, SECTIONS)
        sections.append(make())
    if progress is not None:
        progress("reporting", SECTIONS, SECTIONS)
    texts = night["notes"].select(pl.col("english", "chinese").str.replace_all("`", "", literal=True))
    return NightReport(
        f"{night.day}",
        _facts(night),
        night.file,
        [Words(*each) for each in texts.iter_rows()],
        measures(night),
        sections,
    )


def _facts(night: NightTables) -> Words:
    """From when, by which rules and from which version the day was counted."""
    moment = f"{night.as_of.astimezone(ZoneInfo(night.zone)):%Y-%m-%d %H:%M} ({night.zone})"
    policy = PRESET_WORDS.get(night.policy)
    english, chinese = (night.policy, night.policy) if policy is None else policy
    version = night.version.removeprefix("version ")  # of a store; of a result a hash
    return Words(
        f"As of {moment} · policy {english} {night.policy_version} · version {version}",
        f"截至 {moment} · 判读规则 {chinese} {night.policy_version} · 版本 {version}",
    )
