"""Settings of clusters: which positives hang together, and how far the space-time scan looks."""

from __future__ import annotations

from pydantic import Field

from poolpipe.settings import SettingsTable

__all__ = ["Clustering"]


class Clustering(SettingsTable):
    """Which positives hang together as a cluster, and how far the space-time scan looks."""

    days: float = Field(
        3,
        gt=0,
        le=365,
        description="positives of one site hang together if swabbed within so many days; growth counts them, too",
    )
    least: int = Field(2, ge=2, le=1000, description="fewest positives of a cluster")
    ask: int = Field(5, ge=1, le=100, description="how many people are named to be asked first")
    scan_days: int = Field(
        7, ge=1, le=366, description="longest window of the space-time scan, days up to the last one"
    )
    scan_sites: int = Field(
        30, ge=1, le=10_000, description="most sites of one circle of the space-time scan"
    )
    orders: int = Field(
        999,
        ge=19,
        le=99_999,
        description="random orders that the scan compares with; fewer, at least 99, with thousands of sites",
    )
