"""What wells, plates and tubes say, against the rules in plain Python."""

from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, columns, of, ways
from poolpipe_kernels import wells


@both(wells.note_loads)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2)), max_size=12))
def test_marks__tell_roles_and_wells_that_are_shared(run, loads):
    well, role, tube = columns(loads, np.uint32, np.int8, np.uint32)
    marks = np.zeros(4, np.uint8)
    run(well, role, tube, np.empty(4, np.uint32), marks)
    for w in range(4):
        mine = [(role, tube) for own, role, tube in loads if own == w]
        roles = {role for role, _ in mine}
        tubes = {tube for role, tube in mine if role == 0}
        told = [
            bool(marks[w] & bit) for bit in (wells.SAMPLED, wells.NEGATIVE_CONTROL, wells.POSITIVE_CONTROL)
        ]
        assert told == [role in roles for role in range(3)]
        assert bool(marks[w] & wells.SHARED) == (len(tubes) > 1 or (bool(tubes) and bool(roles - {0})))


CUT_OFFS = np.array([37.0, 40.0, 40.0])


readings = st.lists(
    st.tuples(
        st.integers(0, 3),  # target: number 3 is none of the policy's
        st.sampled_from([None, float("nan"), 20.0, 37.0, 38.5, 40.0, 41.0]),
        st.integers(1, 9),
    ),
    max_size=9,
)


def classes(readings, targets):
    """Earliest time per target and class: 0 not detected, 1 grey, 2 detected."""
    first: dict[tuple[int, int], int] = {}
    for target, ct, at in readings:
        if target > targets:
            continue
        if ct is None or ct != ct:
            found = 0
        elif target == targets:
            found = 2 if ct <= CUT_OFFS[2] else 0
        else:
            found = 2 if ct <= CUT_OFFS[0] else 1 if ct <= CUT_OFFS[1] else 0
        first[target, found] = min(first.get((target, found), 99), at)
    return first


def judged(readings, targets):
    """Outcome, since when, first sign, incomplete, all negative, all detected, latest of the targets' times."""
    first = classes(readings, targets)
    highest = {t: max((c for target, c in first if target == t), default=None) for t in range(targets + 1)}
    times = {t: first[t, c] for t, c in highest.items() if c is not None}
    known = [t for t in range(targets) if t in times]
    signs = [t for t in known if (highest[t] or 0) > 0]
    sign = min((at for (t, c), at in first.items() if t < targets and c > 0), default=wells.NEVER)
    incomplete = len(times) < targets + 1
    latest = max((times[t] for t in known), default=0)
    negative = len(known) == targets and not signs
    detected = all(highest[t] == 2 for t in range(targets))
    if detected:
        outcome, at = wells.POSITIVE, latest
    elif signs:
        outcome, at = wells.SUSPECT, min(times[t] for t in signs)
    elif incomplete:
        outcome, at = wells.NO_CALL, wells.NEVER
    else:
        outcome = wells.NEGATIVE if highest[targets] == 2 else wells.INVALID
        at = max(latest, times[targets])
    return outcome, at, sign, incomplete, negative, detected, latest


@both(wells.judge_wells)
@given(st.lists(readings, min_size=1, max_size=3), st.integers(1, 2), st.booleans())
def test_wells__say_what_their_readings_say(run, own, targets, control):
    flat = list(itertools.chain.from_iterable(own))
    begins = np.concatenate([[0], np.cumsum([len(each) for each in own]), [0]]).astype(np.uint32)
    target = np.array([t for t, _, _ in flat], np.uint32)
    ct = np.array([-1.0 if ct is None else ct for _, ct, _ in flat])
    determined = np.packbits(np.array([ct is not None for _, ct, _ in flat], np.bool_), bitorder="little")
    if all(ct is not None for _, ct, _ in flat):
        determined = np.empty(0, np.uint8)
    at = np.array([at for *_, at in flat], np.int64)
    known = np.array([*range(targets + 1), *[-1] * (3 - targets)], np.int8)
    n = len(own)
    marks = np.full(n, wells.POSITIVE_CONTROL if control else 0, np.uint8)
    outcome, stood_at, first_sign = np.empty(n, np.int8), np.empty(n, np.int64), np.empty(n, np.int64)
    last_reading, controls_at = np.full(1, -1), np.zeros(1, np.int64)
    run(
        np.arange(n), begins, np.arange(len(flat), dtype=np.uint32), target, known, ct, determined, at, CUT_OFFS,
        targets, marks, outcome, stood_at, first_sign, last_reading, controls_at,
    )  # fmt: skip
    expected = [judged(each, targets) for each in own]
    bits = (wells.INCOMPLETE, wells.ALL_NEGATIVE, wells.ALL_DETECTED)
    found = [
        (outcome[w], stood_at[w], first_sign[w], *(bool(marks[w] & bit) for bit in bits)) for w in range(n)
    ]
    assert found == [each[:-1] for each in expected]
    assert [bool(mark & wells.READ) for mark in marks] == [bool(each) for each in own]
    assert last_reading[0] == max(at, default=-1)
    assert controls_at[0] == (max(each[-1] for each in expected) if control else 0)


@both(wells.judge_plates)
def test_plates__fail_by_a_control_that_does_not_show_what_it_must(run):
    negative, positive = wells.NEGATIVE_CONTROL, wells.POSITIVE_CONTROL
    marks = [
        (0, wells.SAMPLED), (0, negative | wells.ALL_NEGATIVE), (0, positive | wells.ALL_DETECTED),
        (1, negative | wells.ALL_DETECTED), (1, negative | wells.ALL_NEGATIVE),
        (2, positive | wells.ALL_NEGATIVE), (3, wells.SAMPLED),
        (4, negative | positive | wells.ALL_NEGATIVE),
    ]  # fmt: skip
    slot = np.array([plate * 384 + place for place, (plate, _) in enumerate(marks)])
    controls, failed = np.zeros((5, 2), np.int32), np.zeros(5, np.bool_)
    run(slot, np.array([mark for _, mark in marks], np.uint8), controls, failed)
    assert controls.tolist() == [[1, 1], [2, 0], [0, 1], [0, 0], [1, 1]]
    assert failed.tolist() == [False, True, True, False, True]


load = st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 2))  # well, role, tube


report = st.tuples(st.integers(0, 2), st.integers(0, 3), st.integers(1, 9))  # tube, call, at


@ways
@given(
    st.lists(load, max_size=8),
    st.lists(st.tuples(st.integers(-1, 3), st.integers(1, 9), st.booleans()), min_size=4, max_size=4),
    st.lists(st.booleans(), min_size=2, max_size=2),
    st.lists(st.integers(-1, 9), min_size=2, max_size=2),
    st.lists(st.integers(0, 9), min_size=2, max_size=2),
    st.lists(report, max_size=4),
)
def test_tubes__have_the_gravest_call_since_it_first_stood(
    interpreted, loads, attributes_id, controls, last, controls_at, reports
):
    slot = np.array([0, 5, 384, 390])
    valid = np.array([good and read >= 0 for good, read in zip(controls, last, strict=True)])
    outcome = np.array([call for call, _, _ in attributes_id], np.int8)
    stood_at = np.array([at if call >= 0 else wells.NEVER for call, at, _ in attributes_id])
    first_sign = np.array([at if call >= wells.SUSPECT else wells.NEVER for call, at, _ in attributes_id])
    marks = np.array([wells.SHARED if shared else 0 for *_, shared in attributes_id], np.uint8)
    gravest, seen, loaded = np.full(3, -1, np.int8), np.zeros(3, np.uint8), np.zeros(3, np.uint32)
    called_at, by_slot, opened_at = (np.full(3, wells.NEVER) for _ in range(3))
    set_aside = np.zeros(3, np.bool_)
    well, role, tube = columns(loads, np.uint32, np.int8, np.uint32)
    of(wells.weigh_loads, interpreted)(
        well, role, tube, slot, marks, outcome, stood_at, first_sign, valid, np.array(last), np.array(controls_at),
        gravest, seen, called_at, by_slot, opened_at, set_aside, loaded,
    )  # fmt: skip
    reporting = columns(reports, np.uint32, np.int8, np.int64)
    of(wells.weigh_reports, interpreted)(*reporting, gravest, seen, called_at, by_slot, opened_at)

    for t in range(3):
        calls, openings, aside = [], [], False
        mine = [w for w, role, tube in loads if role == 0 and tube == t]
        for w in mine:
            call, at, shared = attributes_id[w]
            plate = w // 2
            sign = call >= wells.SUSPECT
            if last[plate] < 0:
                continue
            if not valid[plate]:
                aside = aside or sign
                calls.append((wells.INVALID, last[plate], slot[w]))
                continue
            if sign:
                openings.append(max(at, controls_at[plate]))
            if shared:
                call = wells.SUSPECT if sign else wells.NO_CALL
            if call != wells.NO_CALL:
                calls.append((call, max(at, controls_at[plate]), slot[w]))
        for own, call, at in reports:
            if own == t:
                calls.append((call, at, wells.NEVER))
                openings += [at] if call >= wells.SUSPECT else []
        worst = max((call for call, *_ in calls), default=-1)
        assert gravest[t] == worst
        assert seen[t] == sum(1 << call for call in {call for call, *_ in calls})
        expected = min(((at, by) for call, at, by in calls if call == worst), default=(wells.NEVER,) * 2)
        assert (called_at[t], by_slot[t]) == expected
        assert opened_at[t] == min(openings, default=wells.NEVER)
        assert set_aside[t] == aside
        assert loaded[t] == len(mine)
