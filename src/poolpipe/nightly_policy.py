"""Settings of the night's marts: below which size a count of people is not shown, and what a sampling point should do."""

from __future__ import annotations

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["Nightly"]


class Nightly(SettingsTable):
    """Below which size a count by place is not shown, and what a sampling point is planned to do."""

    small_cell: int = Field(
        4,
        ge=0,
        le=1000,
        description="counts of people or positives by place from 1 to this are not shown; 0 shows all",
    )
    samplers_per_point: int = Field(2, ge=1, le=100, description="samplers at a sampling point, for the plan")
    people_per_sampler_h: float = Field(
        40, gt=0, le=10_000, description="people that a sampler swabs in an hour, for the plan"
    )
    shift_h: int = Field(2, ge=1, le=24, description="length of a shift by the clock, hours")
    forecast_days: int = Field(
        7, ge=1, le=366, description="days that tomorrow's forecast is the mean of, at most"
    )
