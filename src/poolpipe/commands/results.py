"""Results as the input of a command: whether a folder holds one, and its times in the reader's zone."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl

__all__ = ["is_result", "times_in"]


def is_result(path: Path) -> bool:
    """Whether a path is a folder that `poolpipe run` has written, by its summary."""
    from poolpipe.results.placing import SUMMARY, unmoved

    return path.is_dir() and ((path / SUMMARY).exists() or any(unmoved(path)))


def times_in(frame: pl.DataFrame, zone: str) -> pl.DataFrame:
    """Write a frame's times as RFC 3339 texts in a zone, a fraction of a second only where there is one.

    Parameters
    ----------
    frame : polars.DataFrame
        Its times have a zone.
    zone : str
        IANA zone.

    Returns
    -------
    polars.DataFrame
    """
    import polars as pl
    from polars import selectors

    return (
        frame.with_columns(
            selectors.datetime(time_zone="*")
            .dt.convert_time_zone(zone)
            .dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
        )
        if frame.width
        else pl.DataFrame()
    )
