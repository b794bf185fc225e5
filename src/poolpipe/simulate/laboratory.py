"""Plates of 96 wells with two controls: which tube lies where, when it is read, what the read-out shows."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from poolpipe.simulate.queues import SECOND

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.simulate.queues import Tubes

__all__ = [
    "CALLS",
    "INVALID",
    "NEGATIVE",
    "NEGATIVE_CONTROL",
    "PIPETTING",
    "POSITIVE",
    "POSITIVE_CONTROL",
    "SAMPLES_PER_PLATE",
    "SUSPECT",
    "TARGETS",
    "WELLS",
    "SimulatedPlates",
    "SimulatedWells",
    "call_readings",
    "controls_of",
    "lay_out",
    "read_samples",
    "wells_of",
]

#: Wells in the order in which a plate is filled: down the columns.
WELLS: tuple[str, ...] = tuple(f"{row}{column:02d}" for column in range(1, 13) for row in "ABCDEFGH")
SAMPLES_PER_PLATE = 94
NEGATIVE_CONTROL, POSITIVE_CONTROL = 94, 95
TARGETS: tuple[str, ...] = ("ORF1ab", "N", "IC")
#: Calls by their number in `Tubes.call`; -1 is none.
CALLS: tuple[str, ...] = ("negative", "suspect", "positive", "invalid")
NEGATIVE, SUSPECT, POSITIVE, INVALID = range(4)
_DETECTED_CT, _GREY_CT, _LAST_CYCLE = 37.0, 40.0, 45.0
_WINDOW_S = 3600
PIPETTING = 5 * SECOND
# The laboratories are staffed for their township: the day's plates go through in eight hours.
_WORKING_S = 8 * 3600


@dataclass
class SimulatedPlates:
    """Every plate run: when its first well was loaded, when the instrument gave its read-out, its trouble."""

    started: NDArray[np.int64]
    read: NDArray[np.int64]
    tag: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.started)

    def append(self, started: NDArray[np.int64], read: NDArray[np.int64], tag: int) -> NDArray[np.int64]:
        """Add plates.

        Parameters
        ----------
        started, read : (k,) int64
            Times of loading and read-out, microseconds.
        tag : int
            Number of the trouble for which they are run.

        Returns
        -------
        (k,) int64
            Their numbers.
        """
        self.started = np.concatenate([self.started, started])
        self.read = np.concatenate([self.read, read])
        self.tag = np.concatenate([self.tag, np.full(len(started), tag, np.int16)])
        return np.arange(len(self.started) - len(started), len(self.started))


@dataclass
class SimulatedWells:
    """Every use of a well: one entry per tube or control that lay in it, in every array.

    Tube is -1 and role 1 (negative) or 2 (positive) for a control. `readings` are ORF1ab, N, internal control, NaN for
    undetermined; `rows` says which of the three the read-out has; `scanned` whether the load was scanned.
    """

    tube: NDArray[np.int64]
    role: NDArray[np.int8]
    plate: NDArray[np.int64]
    well: NDArray[np.int64]
    at: NDArray[np.int64]
    readings: NDArray[np.float32]
    rows: NDArray[np.bool_]
    scanned: NDArray[np.bool_]

    def append(self, more: SimulatedWells) -> None:
        """Take in the wells of more plates."""
        for column in fields(self):
            values = getattr(self, column.name), getattr(more, column.name)
            setattr(self, column.name, np.concatenate(values))


def lay_out(
    tubes: Tubes, arriving: NDArray[np.int64], rng: np.random.Generator, *, samples: int = SAMPLES_PER_PLATE
) -> SimulatedPlates:
    """Place arriving tubes on plates in the order of arrival; sets plate, well and loaded of the tubes.

    A plate is loaded once it is full; a partly filled plate waits one more hour at most. The laboratory starts plates one
    after another at its pace, so a rush makes a queue.

    Parameters
    ----------
    tubes : Tubes
        Changed in place.
    arriving : (k,) int64
        Numbers of the tubes.
    rng : numpy Generator
        Random stream.
    samples : int
        Sample wells of a plate.

    Returns
    -------
    SimulatedPlates
    """
    order = arriving[np.lexsort((tubes.packed[arriving], tubes.box[arriving], tubes.received[arriving]))]
    sizes, formed = _plate_sizes(tubes.received[order], samples)
    plate = np.repeat(np.arange(len(sizes)), sizes)
    well = np.arange(len(order)) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    pace = _WORKING_S * SECOND // max(1, len(sizes))
    ready = formed + 900 * SECOND
    turns = np.arange(len(sizes)) * min(pace, 1200 * SECOND)
    started = np.maximum.accumulate(ready - turns) + turns if len(sizes) else ready
    started = started // SECOND * SECOND
    tubes.plate[order], tubes.well[order] = plate, well
    tubes.loaded[order] = started[plate] + well * PIPETTING
    run = rng.integers(125 * 60, 145 * 60, len(sizes)) * SECOND
    return SimulatedPlates(started, started + run, np.zeros(len(sizes), np.int16))


def _plate_sizes(received: NDArray[np.int64], samples: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Samples on each plate, and when the plate was complete, from the ordered times of arrival."""
    if not len(received):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    window = (received - received[0]) // (_WINDOW_S * SECOND)
    ends = np.searchsorted(window, np.arange(int(window[-1]) + 1), side="right")
    sizes: list[int] = []
    formed: list[int] = []
    done = 0
    waiting_since = 0
    for hour, end in enumerate(ends.tolist()):
        close = int(received[0]) + (hour + 1) * _WINDOW_S * SECOND
        while end - done >= samples:
            done += samples
            sizes.append(samples)
            formed.append(int(received[done - 1]))
            waiting_since = hour
        if end > done and (waiting_since < hour or hour == len(ends) - 1):
            sizes.append(end - done)
            formed.append(close)
            done = end
        if end == done:
            waiting_since = hour + 1
    return np.array(sizes, np.int64), np.array(formed, np.int64)


def read_samples(
    ct: NDArray[np.float64], rng: np.random.Generator
) -> tuple[NDArray[np.float32], NDArray[np.int8]]:
    """Read-out (ORF1ab, N, internal control) of samples and the call it gives.

    Parameters
    ----------
    ct : array, shape (samples,)
        True Ct of each; NaN without virus.

    Returns
    -------
    readings : array, shape (samples, 3)
        NaN is undetermined.
    calls : array, shape (samples,)
        0 negative, 1 suspect, 2 positive.
    """
    readings = np.full((len(ct), 3), np.nan, np.float32)
    readings[:, 2] = np.clip(rng.normal(28.0, 1.2, len(ct)), 22.0, 35.0).round(2)
    virus = np.flatnonzero(np.isfinite(ct))
    noise = rng.normal(0.0, 0.25, (len(virus), 2))
    readings[virus, 0] = (ct[virus] + noise[:, 0]).round(2)
    readings[virus, 1] = (ct[virus] - 0.8 + noise[:, 1]).round(2)
    targets = readings[:, :2]
    targets[targets > _LAST_CYCLE] = np.nan
    return readings, call_readings(readings)


def call_readings(readings: NDArray[np.float32]) -> NDArray[np.int8]:
    """Call complete readings with a good internal control, by the default cut-offs (docs/policy.md).

    Parameters
    ----------
    readings : (n, 3) float32
        Ct of ORF1ab, N and the internal control, cycles; NaN is undetermined.

    Returns
    -------
    (n,) int8
        0 negative, 1 suspect, 2 positive.
    """
    targets = readings[:, :2]
    detected = (targets <= _DETECTED_CT).all(axis=1)
    hint = (targets <= _GREY_CT).any(axis=1)
    return np.where(detected, POSITIVE, np.where(hint, SUSPECT, NEGATIVE)).astype(np.int8)


def wells_of(
    tube: NDArray[np.int64],
    plate: NDArray[np.int64],
    well: NDArray[np.int64],
    readings: NDArray[np.float32],
    plates: SimulatedPlates,
) -> SimulatedWells:
    """Make sample wells.

    Parameters
    ----------
    tube, plate, well : (k,) int64
        Tube of each well, its plate and its position.
    readings : (k, 3) float32
        Ct of ORF1ab, N and the internal control, cycles; NaN is undetermined.
    plates : SimulatedPlates
        Give the times.

    Returns
    -------
    SimulatedWells
    """
    count = len(tube)
    return SimulatedWells(
        tube=tube,
        role=np.zeros(count, np.int8),
        plate=plate,
        well=well,
        at=plates.started[plate] + well * PIPETTING,
        readings=readings,
        rows=np.ones((count, 3), np.bool_),
        scanned=np.ones(count, np.bool_),
    )


def controls_of(
    plate: NDArray[np.int64], plates: SimulatedPlates, rng: np.random.Generator
) -> SimulatedWells:
    """Make a negative and a positive control on each of some plates.

    Parameters
    ----------
    plate : (k,) int64
        Numbers of the plates.
    plates : SimulatedPlates
        Give the times.
    rng : numpy Generator
        Random stream.

    Returns
    -------
    SimulatedWells
        2 k wells.
    """
    count = len(plate)
    readings = np.full((count, 2, 3), np.nan, np.float32)
    readings[:, :, 2] = rng.normal(28.0, 0.5, (count, 2)).round(2)
    readings[:, 1, 0] = rng.normal(28.0, 0.4, count).round(2)
    readings[:, 1, 1] = rng.normal(27.0, 0.4, count).round(2)
    wells = wells_of(
        np.full(2 * count, -1),
        np.repeat(plate, 2),
        np.tile([NEGATIVE_CONTROL, POSITIVE_CONTROL], count),
        readings.reshape(-1, 3),
        plates,
    )
    wells.role = np.tile(np.array([1, 2], np.int8), count)
    return wells
