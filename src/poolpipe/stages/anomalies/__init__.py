"""Anomalies: everything wrong with a day, each with its subject, its moment, the rule and the way out."""

from __future__ import annotations

import polars as pl

from poolpipe.stages.anomalies.arrivals import of_arrivals
from poolpipe.stages.anomalies.boxes import of_boxes
from poolpipe.stages.anomalies.events import of_events
from poolpipe.stages.anomalies.orphans import count_unregistered, unregistered_warning
from poolpipe.stages.anomalies.people import of_people, people_in_several_tubes
from poolpipe.stages.anomalies.plates import of_plates
from poolpipe.stages.anomalies.recalls import of_recalls
from poolpipe.stages.anomalies.refused import refused_warning
from poolpipe.stages.anomalies.rows import NOTHING, Seen, rows
from poolpipe.stages.anomalies.tubes import of_clocks, of_tubes

__all__ = [
    "Seen",
    "count_unregistered",
    "find_anomalies",
    "of_arrivals",
    "people_in_several_tubes",
    "refused_warning",
    "unregistered_warning",
]


def find_anomalies(seen: Seen, *, timed: bool = True) -> pl.DataFrame:
    """Find every anomaly of docs/tables.md but those that need times of arrival (`of_arrivals`).

    Parameters
    ----------
    seen : Seen
        What the stages found.
    timed : bool
        Whether those of clocks and recalls are among them, which change by time alone.

    Returns
    -------
    DataFrame
        As `tables.TABLES["anomalies"]`, one row per code, round and subject; not sorted.
    """
    of_subjects = [of_people, of_tubes, of_boxes, of_plates, of_events]
    if timed:
        of_subjects += [of_clocks, of_recalls]
    found = [part for of_subject in of_subjects for part in of_subject(seen)]
    return pl.concat([rows("rescanned", NOTHING), *found])
