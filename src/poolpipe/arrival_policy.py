"""Settings of what arrivals tell in a store: clocks of devices that are wrong, and sources that fell silent."""

from __future__ import annotations

from pydantic import Field, model_validator

from poolpipe.settings import SettingsTable, broken_together

__all__ = ["Arriving"]


class Arriving(SettingsTable):
    """When an event is dated too far ahead, a device's clock counts as wrong, and a source as silent: in a store only."""

    future_h: float = Field(
        1, gt=0, le=8760, description="how far ahead of its arrival an event may be dated, hours; more is future_time"
    )  # fmt: skip
    skew_minutes: float = Field(
        5, gt=0, le=1440, description="error of a device's clock from which it counts as wrong, minutes"
    )  # fmt: skip
    skew_quarters: int = Field(
        4, ge=3, le=96, description="quarters of an hour in which the arrivals of a device must show the same error"
    )  # fmt: skip
    skew_peers: int = Field(
        5,
        ge=3,
        le=1000,
        description="devices heard in the same quarter, half of them without delay, before one counts as slow",
    )
    silence_quarters: int = Field(
        8, ge=2, le=96, description="quarters of an hour in which a silent source used to be heard and is not now"
    )  # fmt: skip
    silence_days: int = Field(
        3, ge=2, le=31, description="days before with which a source is compared, at least; else nothing is said"
    )  # fmt: skip
    silence_share: float = Field(
        0.8, gt=0.5, le=1, description="share of these days on which it was heard at that time"
    )  # fmt: skip
    look_back_days: int = Field(7, ge=2, le=31, description="days before with which it is compared, at most")
    late_h: float = Field(
        6, gt=0, le=8760, description="an event that comes later than this is no sign of life of its source, hours"
    )  # fmt: skip
    forget_days: float = Field(
        2, gt=0, le=31, description="how long a source counts as silent; then it counts as closed, days"
    )  # fmt: skip

    @model_validator(mode="after")
    def _looks_back_far_enough(self) -> Arriving:
        if self.look_back_days < self.silence_days:
            days: dict[str, object] = {"back": self.look_back_days, "days": self.silence_days}
            broken_together([("look_back_short", ("look_back_days", "silence_days"), days)])
        return self
