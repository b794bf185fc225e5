"""Settings of the control charts: what each looks for, and how often it may ring for nothing."""

from __future__ import annotations

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["DriftRules"]


class DriftRules(SettingsTable):
    """What the control charts of laboratories look for, and how often they may ring for nothing."""

    lookback_days: float = Field(1.0, ge=0, le=60, description="how long before a day the charts begin, days")
    slack: float = Field(
        0.5, gt=0, le=5, description="half the shift that a chart of Ct is tuned to, standard deviations"
    )
    limit: float = Field(
        12.0,
        gt=0,
        le=100,
        description="sum at which a chart of Ct that rises rings; 12 rings once in a million plates",
    )
    limit_down: float = Field(14.0, gt=0, le=100, description="the same of a Ct that falls")
    difference_slack: float = Field(
        1.5,
        gt=0,
        le=5,
        description="half the shift of one target beside another that is looked for, standard deviations",
    )
    difference_limit: float = Field(
        4.2, gt=0, le=100, description="sum at which that chart rings; once in two million positives"
    )
    clip: float = Field(
        5.0, gt=0, le=100, description="the most that one plate or positive counts, standard deviations"
    )
    baseline: int = Field(
        30,
        ge=3,
        le=10_000,
        description="plates, or positives, that say what is usual before a chart of Ct says anything",
    )
    recent: int = Field(
        12, ge=0, le=1000, description="newest plates, or positives, that do not count for what is usual"
    )
    least_wells: int = Field(
        20, ge=1, le=384, description="wells of a plate whose internal controls have a mean"
    )
    weak_ct: float = Field(
        35.0,
        gt=0,
        le=60,
        description="Ct above which a positive says nothing about its targets' difference, cycles",
    )
    single_odds: float = Field(
        4.0, gt=1, le=1000, description="how many times as often one target alone is looked for"
    )
    lost: float = Field(
        1 / 3, gt=0, lt=1, description="share of its positives whose loss is looked for by calls alone"
    )
    single_limit: float = Field(
        11.0, gt=0, le=100, description="log likelihood ratio at which the chart of single targets rings"
    )
    call_limit: float = Field(
        8.5, gt=0, le=100, description="log likelihood ratio at which the chart of positives rings"
    )
