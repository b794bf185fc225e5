"""Wells: from read-outs, row by row, to what each well says and since when."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "DETECTED",
    "GREY",
    "INVALID",
    "NEGATIVE",
    "NEVER",
    "NOT_DETECTED",
    "NO_CALL",
    "POSITIVE",
    "SUSPECT",
    "collect_readings",
    "judge_wells",
]

NEVER = np.int64(9223372036854775807)
NOT_DETECTED, GREY, DETECTED = 0, 1, 2
NO_CALL, INVALID, NEGATIVE, SUSPECT, POSITIVE = -1, 0, 1, 2, 3

#  since[well, target, class]      not detected     grey     detected
#  ORF1ab                             NEVER          NEVER     12:30      detected since 12:30
#  N                                  12:30          NEVER     NEVER      not detected since 12:30
#  internal control                   NEVER          NEVER     12:30      (detected: amplified)


@kernel
def collect_readings(
    well: NDArray[np.uint32],
    target: NDArray[np.int8],
    ct: NDArray[np.float64],
    at: NDArray[np.int64],
    detected_ct: float,
    grey_ct: float,
    control_ct: float,
    since: NDArray[np.int64],
) -> None:
    """Note for every well, target and class when a reading of that class first came.

    The class that counts for a target is the highest it ever had: that of its smallest Ct.

    Parameters
    ----------
    well : (n,) uint32
    target : (n,) int8
        Place among the targets; the internal control comes last; -1 for any other.
    ct : (n,) float64
        Cycles; NaN for undetermined, which is never compared.
    at : (n,) int64
    detected_ct, grey_ct, control_ct : float
        Cycles; detected up to the first, grey up to the second; the internal control up to the third.
    since : (wells, targets + 1, 3) int64
        In: `NEVER` everywhere. Out: earliest time per class.
    """
    last = since.shape[1] - 1
    for row in range(len(well)):
        t = target[row]
        if t < 0:
            continue
        value = ct[row]
        found = NOT_DETECTED
        if not np.isnan(value):
            if t == last:
                if value <= control_ct:
                    found = DETECTED
            elif value <= detected_ct:
                found = DETECTED
            elif value <= grey_ct:
                found = GREY
        w = well[row]
        since[w, t, found] = min(since[w, t, found], at[row])


@kernel
def judge_wells(
    since: NDArray[np.int64],
    outcome: NDArray[np.int8],
    stood_at: NDArray[np.int64],
    first_sign: NDArray[np.int64],
    incomplete: NDArray[np.bool_],
    targets_at: NDArray[np.int64],
) -> None:
    """What each well says by itself, its plate aside.

    Parameters
    ----------
    since : (wells, targets + 1, 3) int64
        As `collect_readings` leaves it.
    outcome : (wells,) int8
        Output: `POSITIVE`, `SUSPECT`, `NEGATIVE`, `INVALID` or `NO_CALL`.
    stood_at : (wells,) int64
        Output: since when; `NEVER` for no call.
    first_sign : (wells,) int64
        Output: first detected or grey reading of any target, else `NEVER`.
    incomplete : (wells,) bool
        Output: whether a target or the internal control has no reading.
    targets_at : (wells,) int64
        Output: latest of its targets' times, the internal control aside; 0 if none was read.
    """
    targets = since.shape[1] - 1
    for w in range(since.shape[0]):
        detected = 0
        signs = 0
        absent = 0
        latest = np.int64(0)
        earliest_sign = NEVER
        sign = NEVER
        for t in range(targets):
            sign = min(sign, since[w, t, GREY], since[w, t, DETECTED])
            if since[w, t, DETECTED] != NEVER:
                detected += 1
                signs += 1
                time = since[w, t, DETECTED]
                earliest_sign = min(earliest_sign, time)
            elif since[w, t, GREY] != NEVER:
                signs += 1
                time = since[w, t, GREY]
                earliest_sign = min(earliest_sign, time)
            elif since[w, t, NOT_DETECTED] != NEVER:
                time = since[w, t, NOT_DETECTED]
            else:
                absent += 1
                continue
            latest = max(latest, time)
        amplified = since[w, targets, DETECTED] != NEVER
        control = since[w, targets, DETECTED] if amplified else since[w, targets, NOT_DETECTED]
        first_sign[w] = sign
        targets_at[w] = latest
        incomplete[w] = absent > 0 or control == NEVER
        if detected == targets:
            outcome[w] = POSITIVE
            stood_at[w] = latest
        elif signs > 0:
            outcome[w] = SUSPECT
            stood_at[w] = earliest_sign
        elif incomplete[w]:
            outcome[w] = NO_CALL
            stood_at[w] = NEVER
        else:
            outcome[w] = NEGATIVE if amplified else INVALID
            stood_at[w] = max(latest, control)
