"""Read-outs given in addition to a result: read, cleaned, rejected and voided as `run` does it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from poolpipe.events import read_events
from poolpipe.instruments.event_source import InstrumentSource
from poolpipe.stages.readings import readings_in_words
from poolpipe.stages.voids import standing_events

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from poolpipe.policy import Policy

__all__ = ["GivenReadings", "read_readings"]


class GivenReadings(NamedTuple):
    """The content of files of read-outs.

    Attributes
    ----------
    readings : DataFrame
        Those that count, as texts: round, plate, well, target, ct, at, reagent, instrument.
    rejects : DataFrame
        Records that could not be read, as the table `rejects`.
    skipped : mapping
        Files that were skipped, and why.
    """

    readings: pl.DataFrame
    rejects: pl.DataFrame
    skipped: Mapping[str, str]


def read_readings(
    paths: Sequence[Path],
    policy: Policy,
    as_of: datetime | None,
    *,
    progress: Callable[[str, int, int], None] | None = None,
) -> GivenReadings:
    """Read the read events of files of any format that `run` reads, those of PCR machines among them.

    Parameters
    ----------
    paths : sequence of Path
        Files, or folders of such. A record without a kind in a column or name is a read-out; voids among them withdraw
        what they name.
    policy : Policy
        The policy of the result: patterns of codes, plate and time zone.
    as_of : datetime, optional
        Later events do not count.
    progress : callable, optional
        Called with (what, done, total).

    Raises
    ------
    InputError
        If a file does not exist or may not be read.
    """
    events = read_events(paths, policy, kind="read", progress=progress, foreign=InstrumentSource(policy))
    standing = standing_events(events.frames, events.codes, as_of)
    readings = readings_in_words(standing.frames["read"], events.codes, policy.codes.plate_wells)
    return GivenReadings(readings, events.rejects, events.skipped)
