"""Settings of the doors of a store: how much may come, how fast, and how often it is committed."""

from __future__ import annotations

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["Serving"]


class Serving(SettingsTable):
    """What `poolpipe serve` takes; no part of a policy's version, because no result depends on it."""

    body_mb: float = Field(16, gt=0, le=1024, description="largest body of a request as it is sent, MB")
    unpacked_mb: float = Field(
        64, gt=0, le=4096, description="largest body of a request once it is unpacked, MB"
    )
    body_seconds: float = Field(30, gt=0, le=3600, description="how long a body may take to arrive, s")
    device_rate: float = Field(
        50,
        gt=0,
        le=1_000_000,
        description="requests a second, on average, of a device whose token has no rate of its own",
    )
    device_burst: float = Field(
        10,
        ge=1,
        le=100_000,
        description="seconds for which a device may send ahead of its rate, after a rest as long",
    )
    waiting_mb: float = Field(
        256, gt=0, le=65_536, description="requests that are not synced yet, MB; more are asked to come later"
    )
    inbox_mb: float = Field(
        8192,
        gt=0,
        le=1_000_000,
        description="requests on disk that are not in the tables yet, MB; more are asked to come later",
    )
    commit_seconds: float = Field(
        5, gt=0, le=3600, description="how long an acknowledged request waits for a version, s"
    )
    commit_events: int = Field(
        500_000, ge=1, le=100_000_000, description="records after which a version is committed sooner"
    )
    drift_seconds: float = Field(
        60, gt=0, le=86_400, description="how often the charts of laboratories are looked at, s"
    )
