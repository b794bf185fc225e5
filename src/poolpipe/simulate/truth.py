"""Anomalies that follow from what became of a tube: fillings, order of steps, clocks; known without any pipeline.

Whatever was planted, these codes depend only on a tube's people and times, so they are worked out here for all tubes
at once: a lost tube, a slow courier and a long queue at the laboratory all end in the same few comparisons. Clocks that
have no end run on to the last event of the city, which is known only when everything has been made: they are kept.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.simulate.queues import NEVER, POOL, SECOND
from poolpipe.simulate.settings import TROUBLES

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from poolpipe.simulate.queues import Tubes

__all__ = ["Clock", "Journeys", "expected_of_fillings", "expected_of_journeys", "pending_at"]

_HOUR = 3600 * SECOND
_NAMES = pl.Series(["", *TROUBLES], dtype=pl.String)


@dataclass
class Journeys:
    """Steps of tubes as the scans tell them, in microseconds, `NEVER` where unknown; one entry per tube."""

    first: NDArray[np.int64]
    last: NDArray[np.int64]
    packed: NDArray[np.int64]
    picked: NDArray[np.int64]
    received: NDArray[np.int64]
    first_loaded: NDArray[np.int64]
    loaded: NDArray[np.int64]
    called: NDArray[np.int64]
    priority: NDArray[np.bool_]
    tag: NDArray[np.int16]
    tube: pl.Series
    site: pl.Series


@dataclass
class Clock:
    """A limit from a start to the first known of some ends; `limit` may differ from tube to tube."""

    code: str
    start: NDArray[np.int64]
    limit: NDArray[np.int64] | int
    ends: Sequence[NDArray[np.int64]] = field(default_factory=tuple)

    def over(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Whether each clock was broken, and whether it still runs."""
        end = np.full(len(self.start), NEVER)
        for step in reversed(self.ends):
            end = np.where(step == NEVER, end, step)
        started, ended = self.start != NEVER, end != NEVER
        took = np.where(started & ended, end - np.where(started, self.start, 0), 0)
        return started & ended & (took > self.limit), started & ~ended

    def pending(
        self, round_name: str, kind: str, subject: pl.Series, trouble: str | pl.Series
    ) -> pl.DataFrame:
        """Rows that are decided once the last event is known: broken if it is more than `limit` after `start`.

        Parameters
        ----------
        round_name : str
            Name of the round; empty for none.
        kind : str
            Kind of the subjects.
        subject : Series of String
            Subjects, as long as `start`.
        trouble : str or Series of String
            Trouble that caused it.

        Returns
        -------
        DataFrame
            Columns of the truth, and deadline (microseconds).
        """
        frame = pl.DataFrame(
            {"subject": subject, "deadline": self.start + np.broadcast_to(self.limit, len(self.start))}
        )
        name = pl.lit(trouble, pl.String) if isinstance(trouble, str) else trouble.alias("trouble")
        return frame.select(
            trouble=name,
            code=pl.lit(self.code),
            round=pl.lit(round_name, pl.String),
            subject_kind=pl.lit(kind),
            subject="subject",
            deadline="deadline",
        )


def expected_of_fillings(tubes: Tubes, round_name: str, labels: pl.Series) -> pl.DataFrame:
    """Anomalies of pools with fewer or more people than their capacity.

    Parameters
    ----------
    tubes : Tubes
        All tubes.
    round_name : str
        Name of the round; empty for none.
    labels : Series of String
        Codes of the tubes.

    Returns
    -------
    DataFrame
        Columns of the truth.
    """
    pool = tubes.mode == POOL
    short = np.flatnonzero(pool & (tubes.people < tubes.capacity))
    over = np.flatnonzero(tubes.people > tubes.capacity)
    return pl.concat(
        [
            _rows("short_pool", "queue_end", short, tubes.tag, round_name, "tube", labels),
            _rows("overfull_pool", "queue_end", over, tubes.tag, round_name, "tube", labels),
        ]
    )


def expected_of_journeys(journeys: Journeys, round_name: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Anomalies of steps out of order and of exceeded time limits.

    Parameters
    ----------
    journeys : Journeys
        Times of each tube's steps.
    round_name : str
        Name of the round; empty for none.

    Returns
    -------
    found, running : DataFrame
        Anomalies, and clocks that are decided by the last event (see `pending_at`).
    """
    found = [
        _rows(
            "out_of_order",
            "long_wait",
            np.flatnonzero(_out_of_order(journeys)),
            journeys.tag,
            round_name,
            "tube",
            journeys.tube,
        )
    ]
    running = []
    for clock in _clocks(journeys):
        over, open_ended = (np.flatnonzero(mask) for mask in clock.over())
        kind, labels = ("site", journeys.site) if clock.code == "clock_pickup" else ("tube", journeys.tube)
        found.append(_rows(clock.code, "long_wait", over, journeys.tag, round_name, kind, labels))
        if len(open_ended):
            limit = np.broadcast_to(clock.limit, len(clock.start))[open_ended]
            still = Clock(clock.code, clock.start[open_ended], limit)
            running.append(
                still.pending(
                    round_name,
                    kind,
                    labels.gather(open_ended),
                    _trouble_names(journeys.tag[open_ended], "long_wait"),
                )
            )
    return pl.concat(found).unique(maintain_order=True), pl.concat(running) if running else pl.DataFrame()


def _clocks(j: Journeys) -> list[Clock]:
    result_limit = np.where(j.priority, 6 * _HOUR, 12 * _HOUR)
    return [
        Clock("clock_room_temperature", j.first, 4 * _HOUR, (j.received, j.loaded, j.called)),
        Clock("clock_cold_store", j.first, 24 * _HOUR, (j.first_loaded, j.called)),
        Clock("clock_result", j.received, result_limit, (j.called,)),
        Clock("clock_result", j.first, 24 * _HOUR, (j.called,)),
        Clock("clock_pickup", j.last, 2 * _HOUR, (j.picked, j.received, j.loaded, j.called)),
    ]


def _out_of_order(j: Journeys) -> NDArray[np.bool_]:
    wrong = np.zeros(len(j.first), np.bool_)
    latest = np.full(len(j.first), NEVER)
    for step in (j.first, j.packed, j.picked, j.received, j.loaded, j.called):
        known = step != NEVER
        wrong |= known & (step < latest)
        latest = np.where(known, step, latest)
    return wrong


def _rows(
    code: str,
    otherwise: str,
    chosen: NDArray[np.int64],
    tag: NDArray[np.int16],
    round_name: str,
    kind: str,
    labels: pl.Series,
) -> pl.DataFrame:
    frame = pl.DataFrame(
        {"trouble": _trouble_names(tag[chosen], otherwise), "subject": labels.gather(chosen)}
    )
    return frame.select(
        trouble="trouble",
        code=pl.lit(code),
        round=pl.lit(round_name, pl.String),
        subject_kind=pl.lit(kind),
        subject="subject",
    )


def _trouble_names(tag: NDArray[np.int16], otherwise: str) -> pl.Series:
    names = _NAMES.gather(tag.astype(np.int64))
    return names.replace("", otherwise)


def pending_at(pending: pl.DataFrame, as_of: int) -> pl.DataFrame:
    """Select the clocks that had run out at the last event.

    Parameters
    ----------
    pending : DataFrame
        As `Clock.pending` gives it.
    as_of : int
        Time of the last event, microseconds.

    Returns
    -------
    DataFrame
        Columns of the truth.
    """
    return pending.filter(pl.col("deadline") < as_of).drop("deadline").unique(maintain_order=True)
