"""Events of one moment that say different things: the larger content counts, in whatever order they come."""

from __future__ import annotations

import itertools
import random
from typing import TYPE_CHECKING, Any

import pytest

import poolpipe
from pipeline.naive import frames_of
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

Event = dict[str, Any]


def _event(kind: str, clock: str, **facts: str) -> Event:
    return {"kind": kind, "at": f"2022-02-10T{clock}:00Z", **facts}


def _collect(**facts: str) -> Event:
    return _event("collect", "01:00", **{"tube": "T", "person_type": "HKM", "person": "A"} | facts)


def _receive(**facts: str) -> Event:
    return _event("receive", "03:00", **{"box": "B1", "giver": "Li", "receiver": "Xu"} | facts)


def _load(**facts: str) -> Event:
    return _event("load", "04:00", **{"tube": "T", "plate": "P", "well": "A01", "lab": "L"} | facts)


BEFORE = [_collect(person="Z"), _event("pack", "02:00", tube="T", box="B1")]

TIES: dict[str, tuple[list[Event], str, Any]] = {
    "seal": (
        [_event("seal", "01:30", tube="T", swabs="10"), _event("seal", "01:30", tube="T", swabs="9")],
        "swabs", 9,  # compared as text
    ),
    "pack": ([_event("pack", "02:30", tube="T", box=box) for box in ("B2", "B10", "B1")], "box", "B2"),
    "receive": ([_receive(lab=lab) for lab in ("L1", "L3", "L2")], "lab", "L3"),
    "receive, an earlier column": (
        [_receive(lab="L1", device="D2"), _receive(lab="L2", device="D1"), _receive(lab="L3")], "lab", "L1",
    ),
    "receive, nothing is less than anything": ([_receive(lab="L2"), _receive(lab="L1", tubes="1")], "lab", "L2"),
    "receive, one temperature": (
        [_receive(lab="L1", tubes="2"), _receive(lab="L1", tubes="1", temperature_c="4.5")], "lab", "L1",
    ),
    "load, the plate": ([_load(plate=plate) for plate in ("P2", "P1", "P3")], "plate", "P3"),
    "load, the well": ([_load(well=well) for well in ("B01", "A12", "B02")], "well", "B02"),
    "load, the lab before the plate": ([_load(plate="P1", lab="M"), _load(plate="P2", lab="L")], "plate", "P1"),
    "collect, the mode": ([_collect(mode="pool"), _collect(mode="single")], "mode", "single"),
    "collect, the site": ([_collect(site=site) for site in ("S2", "S1", "S3")], "site", "S3"),
    "collect, the point before the site": (
        [_collect(site="S2", point="P1"), _collect(site="S1", point="P2")], "site", "S1",
    ),
    "report": (
        [_event("report", "05:00", tube="T", call="negative", lab=lab) for lab in ("L1", "L3", "L2")], "lab", "L3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TIES)
def test_tie__goes_to_the_larger_content_whatever_comes_first(name: str) -> None:
    tied, column, expected = TIES[name]
    for events in itertools.permutations(tied):
        pools = poolpipe.run(frames_of([*BEFORE, *events])).pools
        assert pools[column].to_list() == [expected]


def test_tie__of_receipts_is_one_receipt_with_the_count_of_the_larger_content() -> None:
    wrong, right = _receive(lab="L1", tubes="5"), _receive(lab="L2", tubes="1")
    alone = [_event("pack", "02:00", tube="U", box="B2"), _receive(box="B2", lab="L1")]  # tied with nothing
    for events in ([wrong, right], [right, wrong]):
        day = poolpipe.run(frames_of([*BEFORE, *alone, *events]))
        assert day.anomalies.filter(day.anomalies["subject_kind"] == "box").is_empty()
        assert day.pools.sort("tube")["lab"].to_list() == ["L2", "L1"]
    larger, smaller = _receive(lab="L1", tubes="1"), _receive(lab="L2", tubes="5")
    day = poolpipe.run(frames_of([*BEFORE, larger, smaller]))
    assert day.anomalies.filter(day.anomalies["subject_kind"] == "box")["code"].to_list() == [
        "box_count_mismatch"
    ]


def test_tie__of_what_a_case_answers_goes_to_the_larger_content() -> None:
    tied = [_collect(tube="S", mode="single", recall_of=tube) for tube in ("T1", "T3", "T2")]
    report = _event("report", "05:00", tube="S", call="positive")
    for events in itertools.permutations(tied):
        assert poolpipe.run(frames_of([*events, report])).cases["recall_of"].to_list() == ["T3"]


@pytest.mark.parametrize("seed", range(8))
def test_ties__of_every_kind_shuffled_change_no_byte(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    events = [*BEFORE, *(event for tied, _, _ in TIES.values() for event in tied)]
    events += [
        _event("pickup", "02:40", box="B1", giver=giver, receiver="Xu", temperature_c=warmth)
        for giver, warmth in itertools.product(("Li", "An"), ("4", "10"))
    ]
    events += [
        _event("read", "05:00", plate="P", well="A01", target=target, ct=ct, reagent=reagent)
        for target, ct, reagent in itertools.product(("ORF1ab", "N"), ("30", "38", ""), ("a", "b"))
    ]
    events += [
        _collect(person=person, tube=tube, name=name)
        for person, tube, name in itertools.product("ABC", "TU", ("张三", "李四"))
    ]  # fmt: skip
    written = []
    for shuffle in ("once", "again"):
        rng.shuffle(events)
        poolpipe.run(frames_of(events)).write(tmp_path / shuffle)
        written.append({table: (tmp_path / shuffle / f"{table}.parquet").read_bytes() for table in TABLES})
    assert written[0] == written[1]
