"""One row of each anomaly code, worked out by hand: its subject, its moment and what its detail says."""

from __future__ import annotations

import operator
from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import poolpipe
from pipeline.naive import frames_of
from poolpipe.policy import Policy
from poolpipe.stages.anomalies import Seen, find_anomalies, people_in_several_tubes
from poolpipe.stages.calls import call, with_collected_controls
from poolpipe.stages.clocks import read_clocks
from poolpipe.stages.custody import keep_custody
from poolpipe.stages.links import link
from poolpipe.stages.pools import gather_pools
from poolpipe.stages.recalls import answers_to, open_recalls, recalled_people
from poolpipe.stages.voids import standing_events
from poolpipe.tables import ANOMALIES
from reference.anomalies import SEVERITY, anomalies_of
from stages import coded, drawn
from stages.concluded import expected

Event = dict[str, Any]
GOOD = "11010519491231002X"  # the example of GB 11643
BAD = "110105194912310021"


def _event(kind: str, clock: str, **facts: str) -> Event:
    day = "2022-02-11" if clock.startswith("+") else "2022-02-10"
    return {"kind": kind, "at": f"{day}T{clock.removeprefix('+')}:00Z", **facts}


def _collect(clock: str, tube: str = "T", person: str = "A", **facts: str) -> Event:
    return _event(
        "collect", clock, tube=tube, person=person, **{"person_type": "HKM", "capacity": "1"} | facts
    )


def _pack(clock: str, tube: str = "T", box: str = "B1") -> Event:
    return _event("pack", clock, tube=tube, box=box)


def _carry(kind: str, clock: str, box: str = "B1", **facts: str) -> Event:
    lab = {"lab": "L1"} if kind == "receive" else {}
    return _event(kind, clock, box=box, giver="Li", receiver="Xu", **lab | facts)


def _load(clock: str, well: str, tube: str = "T", plate: str = "P", **facts: str) -> Event:
    return _event("load", clock, tube=tube, plate=plate, well=well, lab="L1", **facts)


def _read(clock: str, well: str, target: str, ct: str, plate: str = "P") -> Event:
    return _event("read", clock, plate=plate, well=well, target=target, ct=ct)


def _controls(clock: str, negative_ct: str = "") -> list[Event]:
    return [
        *(_event("load", "01:00", plate="P", well=well, lab="L1", role=f"{role}_control")
          for well, role in (("G12", "negative"), ("H12", "positive"))),
        *(_read(clock, "G12", target, negative_ct) for target in ("ORF1ab", "N")),
        *(_read(clock, "H12", target, "28") for target in ("ORF1ab", "N")),
    ]  # fmt: skip


def _report(clock: str, tube: str, call: str, lab: str = "L1") -> Event:
    return _event("report", clock, tube=tube, call=call, lab=lab)


POSITIVE_POOL = [
    _collect("01:00", person="A", capacity="2"),
    _collect("01:10", person="B", capacity="2"),
    _report("02:00", "T", "positive"),
]

FOUND: dict[str, tuple[list[Event], str, str | None, str | None]] = {
    # code: events, subject, at, what the detail says first (None: the meaning of the code)
    "bad_person_id": (
        [_collect("01:10", "T", BAD, person_type="RIC"), _collect("01:00", "U", BAD, person_type="RIC"),
         _collect("00:50", "V", GOOD, person_type="RIC")],
        f"RIC:{BAD}", "01:00", "resident ID fails its check character or birth date (GB 11643)",
    ),
    "rescanned": ([_collect("01:00"), _collect("01:20"), _collect("01:10", person="B")], "T", "01:10", None),
    "person_in_two_tubes": (
        [_collect("01:30", "U"), _collect("01:00", "V"), _collect("01:20", "W"), _collect("02:00", "S", mode="single")],
        "HKM:A", "01:30", "in the pool tubes V, W, U of one round",
    ),
    "overfull_pool": (
        [_collect("01:00", person="A"), _collect("01:20", person="B"), _collect("01:10", person="C")],
        "T", "01:20", "3 people where 1 fit",
    ),
    "short_pool": (
        [_collect("01:00", capacity="5"), _collect("01:20", person="B")], "T", "01:20", "2 people where 5 fit",
    ),
    "swab_count_mismatch": (
        [_collect("01:00"), _event("seal", "01:30", tube="T", swabs="3")],
        "T", "01:00", "3 swabs counted at sealing, 1 people scanned",
    ),
    "tube_at_two_points": (
        [_collect("01:00", site="S1"), _collect("01:10", person="B", site="S1", point="P1")], "T", "01:10", None,
    ),
    "mixed_mode": ([_collect("01:00"), _collect("01:10", person="B", mode="single")], "T", "01:10", None),
    "tube_in_two_boxes": (
        [_collect("01:00"), _pack("02:00", box="B2"), _pack("03:00", box="B1"), _pack("02:30", box="B2")],
        "T", "03:00", "packed into B2, B1",
    ),
    "box_received_twice": (
        [_pack("01:00"), _carry("receive", "02:00"), _carry("receive", "03:00"), _carry("receive", "04:00")],
        "B1", "03:00", None,
    ),
    "empty_box": ([_carry("receive", "02:00", "B7"), _carry("pickup", "01:30", "B7")], "B7", "01:30", None),
    "box_count_mismatch": (
        [_collect("01:00"), _pack("01:30"), _carry("receive", "02:00", tubes="4"), _carry("receive", "03:00", tubes="9")],
        "B1", "02:00", "4 tubes counted at receipt, 1 packed",
    ),
    "orphan_tube": ([_pack("01:30"), _load("02:00", "A01")], "T", "01:30", None),
    "tube_reloaded": (
        [_collect("01:00"), _load("03:00", "A01"), _load("02:00", "A02"), _load("02:30", "A01")],
        "T", "03:00", "loaded into 2 wells",
    ),
    "well_shared": ([_load("02:00", "A01"), _load("02:00", "A01", "U")], "P:A01", None, None),
    "plate_control_missing": (
        [_load("01:00", "A01"), _read("02:00", "A01", "N", "30"), _read("03:00", "A02", "N", "30")], "P", "03:00", None,
    ),
    "plate_control_failed": ([*_controls("02:00", "36"), _read("04:00", "A02", "N", "30")], "P", "04:00", None),
    "control_was_collected": (
        [_collect("01:00", "PC02"), _load("03:00", "A01", "PC02", role="positive_control", role_from="name"),
         _load("02:00", "A02", "PC02", role="negative_control", role_from="name"),
         _load("01:30", "A03", "PC02", role="negative_control")], "PC02", "02:00", None,
    ),
    "reading_incomplete": ([*_controls("02:00"), _load("01:00", "A01"), _read("02:00", "A01", "N", "")], "P:A01", None, None),
    "reading_without_load": ([*_controls("02:00"), _read("02:00", "A02", "N", "")], "P:A02", None, None),
    "conflicting_calls": (
        [_collect("01:00"), _report("02:00", "T", "negative"), _report("03:00", "T", "positive"), _report("04:00", "T", "positive")],
        "T", "03:00", None,
    ),
    "positive_set_aside": (
        [_collect("01:00"), *_controls("03:00", "36"), _load("02:00", "A01"),
         *(_read("03:00", "A01", target, "30") for target in ("ORF1ab", "N"))],
        "T", "02:00", None,
    ),
    "out_of_order": ([_collect("02:00"), _pack("01:00"), _report("03:00", "T", "negative")], "T", "03:00", None),
    "recall_wrong_lab": (
        [*POSITIVE_POOL, _collect("03:00", "S", mode="single", recall_of="T"), _report("04:00", "S", "negative", "L2")],
        "S", "03:00", None,
    ),
    "unexplained_pool": (
        [*POSITIVE_POOL,
         *(event for person, clock in (("A", "04:00"), ("B", "04:30")) for event in
           (_collect("03:00", f"S{person}", person, mode="single"), _report(clock, f"S{person}", "negative")))],
        "T", "04:30", None,
    ),
    "conflicting_event": (
        [_collect("01:00", event_id="e1"), _collect("01:10", person="B", event_id="e1")], "e1", "01:10", None,
    ),
    "void_without_event": (
        [_event("void", clock, event="nothing", reason="误扫") for clock in ("02:00", "01:00")], "nothing", "01:00", None,
    ),
    "clock_room_temperature": (
        [_collect("01:00"), _collect("01:30", person="B"), _pack("02:00"), _carry("receive", "05:15")],
        "T", "01:30", "4.2 h from the first swab to receipt",
    ),
    "clock_cold_store": (
        [_collect("01:00"), _collect("01:30", person="B"), _load("+02:36", "A01"), _load("+09:00", "A02")],
        "T", "01:30", "25.6 h from the first swab to the first load",
    ),
    "clock_result": (
        [_collect("01:00"), _collect("01:30", person="B"), _pack("02:00"), _carry("receive", "03:00"), _report("15:30", "T", "negative")],
        "T", "01:30", "12.5 h to a result",
    ),
    "clock_recall": ([*POSITIVE_POOL, _collect("09:00", "U")], "T", "08:00", "2 of its people not re-tested in time"),
    "clock_pickup": (
        [_collect("01:00", site="S"), _collect("01:20", site="S", person="B"), _pack("02:00"), _carry("pickup", "04:20"),
         _collect("02:00", "U", site="S"), _pack("02:10", "U", "B2"), _carry("pickup", "05:30", "B2"),
         _collect("05:00", "V", site="S")],
        "S", "01:20", "2 tubes waited up to 3.5 h",
    ),
}  # fmt: skip


def test_table__has_every_code_that_a_run_can_find() -> None:
    assert set(FOUND) == set(SEVERITY)


@pytest.mark.parametrize("code", FOUND)
def test_anomaly__has_its_subject_its_moment_and_what_happened(code: str) -> None:
    events, subject, clock, facts = FOUND[code]
    found = [row for row in poolpipe.run(frames_of(events)).anomalies.to_dicts() if row["code"] == code]
    told = ANOMALIES[code]
    beginning = told.meaning if facts is None else facts
    assert [(row["severity"], row["subject_kind"], row["subject"]) for row in found] == [
        (SEVERITY[code], told.subject_kind, subject)
    ]
    assert [row["at"] and f"{row['at']:%H:%M}" for row in found] == [clock]
    assert [row["detail"] for row in found] == [
        f"{beginning}; {told.way_out}; {told.chinese}：{told.way_out_chinese}"
    ]


def seen(events: list[Event], as_of: float) -> Seen:
    """What the stages before find of cleaned events, as integers."""
    policy, now = Policy(), coded.minute(as_of)
    given_frames, codes = coded.coded(events)
    standing = standing_events(given_frames, codes, now)
    frames = with_collected_controls(standing.frames)
    links, custody, calls = (
        link(frames["collect"], codes, policy),
        keep_custody(frames, codes),
        call(frames, codes, policy),
    )
    pools = gather_pools(links, custody, calls)
    recalled = recalled_people(pools, links, policy)
    opened = open_recalls(recalled, answers_to(recalled, pools, links, frames["collect"], codes), now)
    several = people_in_several_tubes(links.tubes, links.members, codes)
    return Seen(
        frames, codes, pools, links.members, custody, calls, opened, read_clocks(pools, policy, now, ()), several,
        standing.unknown_voids, standing.conflicts, 96,
    )  # fmt: skip


@settings(max_examples=25)
@given(events=st.builds(operator.add, drawn.days, drawn.some(drawn.voids, most=2)), as_of=st.integers(0, 9))
def test_anomalies__agree_with_the_reference(events: list[Event], as_of: int) -> None:
    found = find_anomalies(seen(events, as_of))
    told = [tuple(row[name] for name in ("code", "round", "subject", "at")) for row in found.to_dicts()]
    wanted = anomalies_of(expected(events, coded.minute(as_of)), set())
    assert len(told) == len(set(told)), "one row per code and subject"
    assert set(told) == {tuple(row[name] for name in ("code", "round", "subject", "at")) for row in wanted}


def test_anomalies_of_tubes__are_of_those_that_are_asked_for() -> None:
    def orphans(asked: np.ndarray | None) -> list[str]:
        found = find_anomalies(replace(both, asked=asked))
        return found.filter(pl.col("code") == "orphan_tube")["subject"].to_list()

    both = seen([coded.event("report", 1, tube=tube, call="positive", lab="L1") for tube in ("T1", "T2")], 9)
    assert orphans(None) == ["T1", "T2"]
    assert orphans(np.array([False, True])) == ["T2"]
    assert orphans(np.array([False, False])) == []
