"""Judge wells by their readings, plates by their controls, and tubes by both."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = [
    "ALL_DETECTED",
    "ALL_NEGATIVE",
    "INCOMPLETE",
    "INVALID",
    "LOADED",
    "NEGATIVE",
    "NEGATIVE_CONTROL",
    "NEVER",
    "NO_CALL",
    "POSITIVE",
    "POSITIVE_CONTROL",
    "READ",
    "SAMPLED",
    "SHARED",
    "SUSPECT",
    "judge_plates",
    "judge_wells",
    "note_loads",
    "weigh_loads",
    "weigh_reports",
]

NEVER = np.int64(9223372036854775807)
NO_CALL, INVALID, NEGATIVE, SUSPECT, POSITIVE = -1, 0, 1, 2, 3

SAMPLED, NEGATIVE_CONTROL, POSITIVE_CONTROL = np.uint8(1), np.uint8(2), np.uint8(4)
READ, SHARED, INCOMPLETE = np.uint8(8), np.uint8(16), np.uint8(32)
ALL_NEGATIVE, ALL_DETECTED = np.uint8(64), np.uint8(128)
"""Bits of a well's marks; the first three are 1 << role."""
LOADED = np.uint8(7)
"""Any of the three."""

_WELL_PLACES = 384
_NOT_DETECTED, _GREY, _DETECTED = 0, 1, 2

#  since[target, class]  not detected     grey     detected     of one well
#  ORF1ab                   NEVER          NEVER     12:30      detected since 12:30
#  N                        12:30          NEVER     NEVER      not detected since 12:30
#  internal control         NEVER          NEVER     12:30      (detected: amplified)


@kernel("uint32[] int8[]! uint32[]! uint32[] uint8[]")
def note_loads(
    well: NDArray[np.uint32],
    role: NDArray[np.int8],
    tube: NDArray[np.uint32],
    holder: NDArray[np.uint32],
    marks: NDArray[np.uint8],
) -> None:
    """Mark what each well was loaded with, and whether several tubes, or a tube and a control, share it.

    Parameters
    ----------
    well : (n,) uint32
    role : (n,) int8
        0 sample, 1 negative control, 2 positive control.
    tube : (n,) uint32
        Of samples; arbitrary for controls.
    holder : (wells,) uint32
        Scratch.
    marks : (wells,) uint8
        In: zeros. Out: `SAMPLED`, `NEGATIVE_CONTROL`, `POSITIVE_CONTROL`, `SHARED`.
    """
    for row in range(len(well)):
        w = well[row]
        mark = marks[w]
        if role[row] == 0:
            if mark & SAMPLED and holder[w] != tube[row]:
                mark |= SHARED
            holder[w] = tube[row]
        mark |= np.uint8(1 << role[row])
        if mark & SAMPLED and mark & (NEGATIVE_CONTROL | POSITIVE_CONTROL):
            mark |= SHARED
        marks[w] = mark


@kernel(
    "int64[] uint32[] uint32[] uint32[]! int8[] float64[]! uint8[]! int64[]! float64[] int64 uint8[] "
    "int8[] int64[] int64[] int64[] int64[]"
)
def judge_wells(
    slot: NDArray[np.int64],
    begins: NDArray[np.uint32],
    rows: NDArray[np.uint32],
    target: NDArray[np.uint32],
    places: NDArray[np.int8],
    ct: NDArray[np.float64],
    determined: NDArray[np.uint8],
    at: NDArray[np.int64],
    cut_offs: NDArray[np.float64],
    targets: int,
    marks: NDArray[np.uint8],
    outcome: NDArray[np.int8],
    stood_at: NDArray[np.int64],
    first_sign: NDArray[np.int64],
    last_reading: NDArray[np.int64],
    controls_at: NDArray[np.int64],
) -> None:
    """Determine the outcome of each well by itself, without its plate's controls.

    The class that counts for a target is the highest it ever had: that of its smallest Ct, since it first had it.

    Parameters
    ----------
    slot : (wells,) int64
        plate * 384 + position.
    begins, rows
        Readings grouped by well, as `well_index.group_readings` leaves them.
    target : (readings,) uint32
    places : (names,) int8
        Index of each name among the policy's targets; the internal control comes last; -1 for any other.
    ct : (readings,) float64
        Cycles; NaN for undetermined, which is never compared.
    determined : uint8
        Bit ``i % 8`` of byte ``i // 8``: whether reading i has a Ct; empty if all have.
    at : (readings,) int64
    cut_offs : (3,) float64
        Cycles: detected up to the first, grey up to the second; the internal control up to the third.
    targets : int
        How many, without the internal control.
    marks : (wells,) uint8
        In: as `note_loads` leaves them. Added: `READ`; `INCOMPLETE`, a target or the internal control has no
        reading; `ALL_NEGATIVE` and `ALL_DETECTED`, what every target is.
    outcome : (wells,) int8
        Output: `POSITIVE`, `SUSPECT`, `NEGATIVE`, `INVALID` or `NO_CALL`.
    stood_at : (wells,) int64
        Output: since when; `NEVER` for no call.
    first_sign : (wells,) int64
        Output: first detected or grey reading of any target, else `NEVER`.
    last_reading : (plates,) int64
        In: -1. Out: latest reading.
    controls_at : (plates,) int64
        In: 0. Out: latest moment since which a target of a control has its class.
    """
    detected_ct, grey_ct, control_ct = cut_offs[0], cut_offs[1], cut_offs[2]
    since = np.empty((targets + 1, 3), np.int64)
    for w in range(len(slot)):
        plate = slot[w] // _WELL_PLACES
        mark = marks[w]
        for i in range(targets + 1):
            for j in range(3):
                since[i, j] = NEVER
        if begins[w + 1] > begins[w]:
            mark |= READ
        for k in range(begins[w], begins[w + 1]):
            row = rows[k]
            last_reading[plate] = max(last_reading[plate], at[row])
            t = places[target[row]]
            if t < 0:
                continue
            found = _NOT_DETECTED
            value = ct[row]
            if len(determined) == 0 or (determined[row >> 3] >> np.uint8(row & 7)) & 1:
                if t == targets:
                    if value <= control_ct:
                        found = _DETECTED
                elif value <= detected_ct:
                    found = _DETECTED
                elif value <= grey_ct:
                    found = _GREY
            since[t, found] = min(since[t, found], at[row])
        detected = 0
        signs = 0
        absent = 0
        latest = np.int64(0)
        earliest_sign = NEVER
        sign = NEVER
        for t in range(targets):
            sign = min(sign, since[t, _GREY], since[t, _DETECTED])
            if since[t, _DETECTED] != NEVER:
                detected += 1
                signs += 1
                time = since[t, _DETECTED]
                earliest_sign = min(earliest_sign, time)
            elif since[t, _GREY] != NEVER:
                signs += 1
                time = since[t, _GREY]
                earliest_sign = min(earliest_sign, time)
            elif since[t, _NOT_DETECTED] != NEVER:
                time = since[t, _NOT_DETECTED]
            else:
                absent += 1
                continue
            latest = max(latest, time)
        amplified = since[targets, _DETECTED] != NEVER
        control = since[targets, _DETECTED] if amplified else since[targets, _NOT_DETECTED]
        incomplete = absent > 0 or control == NEVER
        if incomplete:
            mark |= INCOMPLETE
        if signs == 0 and absent == 0:
            mark |= ALL_NEGATIVE
        if detected == targets:
            mark |= ALL_DETECTED
        marks[w] = mark
        first_sign[w] = sign
        if mark & (NEGATIVE_CONTROL | POSITIVE_CONTROL):
            controls_at[plate] = max(controls_at[plate], latest)
        if detected == targets:
            outcome[w] = POSITIVE
            stood_at[w] = latest
        elif signs > 0:
            outcome[w] = SUSPECT
            stood_at[w] = earliest_sign
        elif incomplete:
            outcome[w] = NO_CALL
            stood_at[w] = NEVER
        else:
            outcome[w] = NEGATIVE if amplified else INVALID
            stood_at[w] = max(latest, control)


@kernel("int64[] uint8[] int32[,] bool[]")
def judge_plates(
    slot: NDArray[np.int64],
    marks: NDArray[np.uint8],
    controls: NDArray[np.int32],
    failed: NDArray[np.bool_],
) -> None:
    """Count each plate's control wells, and find the plates on which one fails.

    Parameters
    ----------
    slot, marks : (wells,)
        As `judge_wells` leaves them.
    controls : (plates, 2) int32
        In: zeros. Out: negative and positive control wells.
    failed : (plates,) bool
        In: False. Out: whether a negative control is not all negative, or a positive one not all detected.
    """
    for w in range(len(slot)):
        mark = marks[w]
        plate = slot[w] // _WELL_PLACES
        if mark & NEGATIVE_CONTROL:
            controls[plate, 0] += 1
            if not mark & ALL_NEGATIVE:
                failed[plate] = True
        if mark & POSITIVE_CONTROL:
            controls[plate, 1] += 1
            if not mark & ALL_DETECTED:
                failed[plate] = True


@kernel
def _weigh(
    tube: int,
    call: int | np.int64,
    at: int | np.int64,
    slot: int | np.int64,
    gravest: NDArray[np.int8],
    calls_seen: NDArray[np.uint8],
    called_at: NDArray[np.int64],
    by_slot: NDArray[np.int64],
) -> None:
    """Make a call a tube's call if it is graver, or as grave and earlier; of wells at one moment the first counts.

    Parameters
    ----------
    tube, call : int
        The tube, and `INVALID` to `POSITIVE`.
    at, slot : int64
        Since when the call holds (microseconds), and its well as plate * 384 + position.
    gravest, calls_seen, called_at, by_slot : (tubes,)
        As in `weigh_loads`; changed in place.
    """
    calls_seen[tube] |= np.uint8(1 << call)
    if call > gravest[tube] or (call == gravest[tube] and at < called_at[tube]):
        gravest[tube] = call
        called_at[tube] = at
        by_slot[tube] = slot
    elif call == gravest[tube] and at == called_at[tube]:
        by_slot[tube] = min(by_slot[tube], slot)


@kernel(
    "uint32[] int8[]! uint32[]! int64[] uint8[] int8[] int64[] int64[] bool[] int64[] int64[] int8[] "
    "uint8[] int64[] int64[] int64[] bool[] uint32[]"
)
def weigh_loads(
    well: NDArray[np.uint32],
    role: NDArray[np.int8],
    tube: NDArray[np.uint32],
    slot: NDArray[np.int64],
    marks: NDArray[np.uint8],
    outcome: NDArray[np.int8],
    stood_at: NDArray[np.int64],
    first_sign: NDArray[np.int64],
    valid: NDArray[np.bool_],
    last_reading: NDArray[np.int64],
    controls_at: NDArray[np.int64],
    gravest: NDArray[np.int8],
    calls_seen: NDArray[np.uint8],
    called_at: NDArray[np.int64],
    by_slot: NDArray[np.int64],
    opened_at: NDArray[np.int64],
    set_aside: NDArray[np.bool_],
    loads: NDArray[np.uint32],
) -> None:
    """Combine the outcomes of wells, judged by their plates' controls, to calls of the tubes in them.

    Parameters
    ----------
    well, role, tube : (n,)
        As for `note_loads`.
    slot, marks, outcome, stood_at, first_sign : (wells,)
        As `judge_wells` leaves them.
    valid : (plates,) bool
        Whether the controls are present and pass. Wells of an invalid plate are `INVALID`.
    last_reading, controls_at : (plates,) int64
        As `judge_wells` leaves them; a plate without reading (below 0) gives no call.
    gravest : (tubes,) int8
        In: `NO_CALL`. Out: the gravest call.
    calls_seen : (tubes,) uint8
        In: 0. Out: bit 1 << call of every call.
    called_at, by_slot : (tubes,) int64
        In: `NEVER`. Out: since when the gravest call holds, and the first slot that has it since then.
    opened_at : (tubes,) int64
        In: `NEVER`. Out: first detected or grey reading on a valid plate, or the time of its controls if later.
    set_aside : (tubes,) bool
        In: False. Out: whether a well of an invalid plate has a detected or grey reading.
    loads : (tubes,) uint32
        In: 0. Out: how often the tube was loaded as a sample.
    """
    for row in range(len(well)):
        if role[row] != 0:
            continue
        t = tube[row]
        w = well[row]
        loads[t] += np.uint32(1)
        plate = slot[w] // _WELL_PLACES
        if last_reading[plate] < 0:
            continue
        sign = outcome[w] >= SUSPECT
        call = outcome[w]
        at = max(stood_at[w], controls_at[plate])
        if not valid[plate]:
            call = INVALID
            at = last_reading[plate]
            if sign:
                set_aside[t] = True
        else:
            if first_sign[w] != NEVER:
                opened_at[t] = min(opened_at[t], max(first_sign[w], controls_at[plate]))
            if marks[w] & SHARED:
                call = SUSPECT if sign else NO_CALL
        if call != NO_CALL:
            _weigh(t, call, at, slot[w], gravest, calls_seen, called_at, by_slot)


@kernel("uint32[]! int8[]! int64[]! int8[] uint8[] int64[] int64[] int64[]")
def weigh_reports(
    tube: NDArray[np.uint32],
    call: NDArray[np.int8],
    at: NDArray[np.int64],
    gravest: NDArray[np.int8],
    calls_seen: NDArray[np.uint8],
    called_at: NDArray[np.int64],
    by_slot: NDArray[np.int64],
    opened_at: NDArray[np.int64],
) -> None:
    """Combine reports with the calls of wells; a call that rests on a report alone has the slot `NEVER`.

    Parameters
    ----------
    tube, call, at : (n,)
        `INVALID` to `POSITIVE`.
    gravest, calls_seen, called_at, by_slot, opened_at : (tubes,)
        As `weigh_loads` leaves them, in and out.
    """
    for row in range(len(tube)):
        t = tube[row]
        _weigh(t, np.int64(call[row]), at[row], NEVER, gravest, calls_seen, called_at, by_slot)
        if call[row] >= SUSPECT:
            opened_at[t] = min(opened_at[t], at[row])
