"""Settings of the walk from a positive outwards: how far back, how near in the queue, and how much a link counts."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["Tracing"]

Weight = Annotated[float, Field(ge=0, le=1)]


class Tracing(SettingsTable):
    """How far the table `traces` goes from a positive, and how much a link counts."""

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
    member: Weight = Field(1.0, description="score of a person in the source tube")
    queue: Weight = Field(0.1, description="score of a person next in the queue, at no time between them")
    household: Weight = Field(0.4, description="score of a person of a member's household")
    again: Weight = Field(1.0, description="score of a member in another tube")
    tube: Weight = Field(0.2, description="score of a person in another tube of a member")
    box: Weight = Field(0.01, description="score of a tube of the same box and journey")
    well: Weight = Field(0.05, description="score of a tube in a well beside a well of the source")
    decay: Weight = Field(0.5, description="factor for each link after the second")
