"""Settings of the tests that ask whether the laboratory explains positives: `[false_alarms]` of a policy."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["AlarmRules"]

Level = Annotated[float, Field(gt=0, lt=1)]


class AlarmRules(SettingsTable):
    """When positives are flagged for repetition because the laboratory may explain them: the table `false_alarms`."""

    alpha: Level = Field(
        0.01, description="level of the test for splash: of 100 lab days without any, one is flagged"
    )
    discovery_rate: Level = Field(
        0.05,
        description="share of false ones among flagged plates, lots, instruments and channels, at most",
    )
    posterior: Level = Field(
        0.5,
        description="a well is flagged from this probability of splash on, given what its neighbours show",
    )
    strong_ct: float = Field(20.0, gt=0, le=100, description="a well may splash below this Ct, cycles")
    weaker_by: float = Field(
        10.0, gt=0, le=100, description="splash is weaker than its source by so many cycles at least"
    )
    splash_cycles: float = Field(
        16.6,
        gt=0,
        le=100,
        description="how much later splash comes than its source: 13 to 20 cycles are 1/10,000 to 1/1,000,000 of it",
    )
    splash_cycles_sd: float = Field(
        2.0, ge=0.1, le=50, description="standard deviation of that difference, cycles"
    )
    splash_rate: Level = Field(
        0.01,
        description="expected share of wells beside a strong one that get splash, before a day's results tell more",
    )
