"""Settings of a store: how long versions and events are kept."""

from __future__ import annotations

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["Keeping"]


class Keeping(SettingsTable):
    """How long `poolpipe compact` keeps what a store holds; no part of a policy's version, because no result depends on it."""

    versions_days: float = Field(
        7, ge=0, le=36_500, description="how long a version can still be read after a later one, days"
    )
    events_days: float = Field(
        0,
        ge=0,
        le=36_500,
        description="how long an event is kept after it happened and arrived, days; 0 keeps it for ever",
    )
