"""Settings of the walk from a positive outwards: how far back, how near in the queue, and how an infection spreads."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["Tracing"]

Share = Annotated[float, Field(ge=0, le=1)]


class Tracing(SettingsTable):
    """How far the table `traces` goes from a positive, and how an infection spreads."""

    look_back_days: float = Field(
        3, gt=0, le=365, description="how long before a source's first swab other swabs count, days"
    )
    queue_minutes: float = Field(
        10, gt=0, le=1440, description="longest time between two people of one queue, minutes"
    )
    queue_scans: int = Field(20, ge=1, le=1000, description="most scans between two people of one queue")
    hops: int = Field(
        2,
        ge=0,
        le=8,
        description="most links; beyond two the people found lead to their other tubes, and those to people",
    )
    household: Share = Field(
        0.427, description="share of housemates whom somebody infects who is never isolated"
    )
    queue: Share = Field(0.035, description="share of people infected by somebody beside them in the queue")
    queue_decay_s: float = Field(
        180, gt=0, le=86_400, description="time between two swabs by which that share falls to 37 %, seconds"
    )
    latent_h: float = Field(
        24, gt=0, le=1000, description="from infection until a person is positive and infectious, hours"
    )
    infectious_days: float = Field(
        5, gt=0, le=365, description="how long a person is infectious who is not isolated, days"
    )
    well: Share = Field(0.05, description="score of a tube in a well beside a well of the source")
    decay: Share = Field(0.5, description="factor for each link after the second")
