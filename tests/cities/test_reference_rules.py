"""Rules that no worked example decides, worked out by hand."""

from __future__ import annotations

from typing import Any

import pytest

from cities.compare import differences, normalised
from cities.random_city import city
from reference.anomalies import valid_resident_id
from reference.cleaning import DEFAULT_POLICY, accept, clean, voided
from reference.codes import clean_code
from reference.day import conclude

Event = dict[str, Any]


def _at(clock: str) -> str:
    return f"2022-02-10T{clock}:00Z"


def _collect(tube: str, clock: str = "00:00", **facts: Any) -> Event:
    return {"kind": "collect", "at": _at(clock), "tube": tube, "person": "H1", "person_type": "HKM", **facts}


def _load(well: str, tube: str = "", role: str = "sample") -> Event:
    return {
        "kind": "load",
        "at": _at("01:00"),
        "plate": "P",
        "well": well,
        "lab": "L",
        "tube": tube,
        "role": role,
    }


def _read(well: str, target: str, ct: str, clock: str = "02:00") -> Event:
    return {"kind": "read", "at": _at(clock), "plate": "P", "well": well, "target": target, "ct": ct}


def _reads(well: str, orf: str, n: str, ic: str = "25", clock: str = "02:00") -> list[Event]:
    values = zip(("ORF1ab", "N", "IC"), (orf, n, ic), strict=True)
    return [_read(well, target, ct, clock) for target, ct in values]


def _controls(clock: str = "02:00") -> list[Event]:
    return [
        _load("G12", role="negative_control"),
        _load("H12", role="positive_control"),
        *_reads("G12", "", "", clock=clock),
        *_reads("H12", "28", "28", clock=clock),
    ]


def _tables(*events: Event | list[Event]) -> dict[str, list[Event]]:
    flat = [one for some in events for one in (some if isinstance(some, list) else [some])]
    accepted, _, rejects = accept(flat)
    assert rejects == []
    return conclude(accepted)


def _clock(moment: Any) -> str:
    return f"{moment:%H:%M}"


def test_positive__stands_from_the_latest_of_its_targets() -> None:
    reads = [_read("A01", "ORF1ab", "30", "02:10"), _read("A01", "N", "30", "02:40")]
    pool = _tables(_collect("T"), _load("A01", "T"), _controls(), reads)["pools"][0]
    assert (pool["call"], _clock(pool["called_at"])) == ("positive", "02:40")


def test_suspect__stands_from_the_earliest_target_found_but_not_before_the_controls() -> None:
    reads = [_read("A01", "ORF1ab", "38", "02:10"), _read("A01", "N", "30", "02:40")]
    early = _tables(_collect("T"), _load("A01", "T"), _controls("02:00"), reads)["pools"][0]
    late = _tables(_collect("T"), _load("A01", "T"), _controls("03:00"), reads)["pools"][0]
    assert (early["call"], _clock(early["called_at"])) == ("suspect", "02:10")
    assert (late["call"], _clock(late["called_at"])) == ("suspect", "03:00")


def test_recall__an_escalation_does_not_restart_the_clock() -> None:
    grey_first = [
        *_reads("A01", "38", "39", clock="02:00"),
        _read("A01", "ORF1ab", "30", "05:00"),
        _read("A01", "N", "30", "06:00"),
    ]
    tables = _tables(_collect("T"), _load("A01", "T"), _controls(), grey_first)
    assert _clock(tables["pools"][0]["called_at"]) == "06:00"
    assert _clock(tables["recalls"][0]["opened_at"]) == "02:00"


def test_shared_well__is_suspect_for_each_tube_or_says_nothing() -> None:
    shared = [_collect("T"), _collect("U", person="H2"), _load("A01", "T"), _load("A01", "U")]
    positive = _tables(shared, _controls(), _reads("A01", "30", "30"))["pools"]
    negative = _tables(shared, _controls(), _reads("A01", "", ""))["pools"]
    assert [pool["call"] for pool in positive] == ["suspect", "suspect"]
    assert [pool["call"] for pool in negative] == [None, None]


@pytest.mark.parametrize(
    ("orf", "n", "ic", "call"),
    [
        ("37", "37", "", "positive"),
        ("37", "37.01", "25", "suspect"),
        ("40", "", "", "suspect"),
        ("40.01", "", "40", "negative"),
        ("", "-", "40.01", "invalid"),
        ("20", None, None, "suspect"),
        ("", None, "25", None),
        ("", "", None, None),
    ],
)
def test_well__is_judged_by_the_cut_offs(orf: str, n: str | None, ic: str | None, call: str | None) -> None:
    rows = zip(("ORF1ab", "N", "IC"), (orf, n, ic), strict=True)
    reads = [_read("A01", target, ct) for target, ct in rows if ct is not None]
    assert _tables(_collect("T"), _load("A01", "T"), _controls(), reads)["pools"][0]["call"] == call


def test_recall__a_positive_answer_closes_even_if_it_came_later() -> None:
    def answer(tube: str, call: str, clock: str) -> list[Event]:
        single = _collect(tube, "03:00", mode="single")
        return [single, {"kind": "report", "at": _at(clock), "tube": tube, "call": call}]

    report = {"kind": "report", "at": _at("02:00"), "tube": "T", "call": "positive", "lab": "L"}
    answers = [*answer("S1", "negative", "04:00"), *answer("S2", "positive", "09:00")]
    recall = _tables(_collect("T"), report, answers)["recalls"][0]
    assert (recall["single_tube"], recall["outcome"], recall["late"]) == ("S2", "positive", True)
    assert (_clock(recall["recollected_at"]), recall["overdue"]) == ("03:00", False)


def test_recall__is_neither_overdue_nor_late_at_the_very_moment() -> None:
    report = {"kind": "report", "at": _at("02:00"), "tube": "T", "call": "suspect"}
    at_due = {"kind": "pickup", "at": _at("08:00"), "box": "B", "giver": "a", "receiver": "b"}
    assert not _tables(_collect("T"), report, at_due)["recalls"][0]["overdue"]
    assert _tables(_collect("T"), report, at_due | {"at": _at("08:01")})["recalls"][0]["overdue"]


def test_case__says_what_its_own_first_collect_says() -> None:
    collects = [
        _collect("S", "00:00", mode="single", person="H2", recall_of="OTHER"),
        _collect("S", "00:10", mode="single"),
        _collect("S", "00:20", mode="single", recall_of="T1"),
        _collect("S", "00:30", mode="single", recall_of="T2"),
    ]
    report = {"kind": "report", "at": _at("02:00"), "tube": "S", "call": "positive"}
    cases = {case["person"]: case["recall_of"] for case in _tables(collects, report)["cases"]}
    assert cases == {"H1": "T1", "H2": "OTHER"}


def test_box__is_received_twice_only_without_a_packing_in_between() -> None:
    def pack(tube: str, clock: str) -> Event:
        return {"kind": "pack", "at": _at(clock), "tube": tube, "box": "B"}

    def receive(clock: str, tubes: str) -> Event:
        people = {"giver": "a", "receiver": "b", "lab": "L"}
        return {"kind": "receive", "at": _at(clock), "box": "B", "tubes": tubes, **people}

    def codes(*events: Event) -> set[str]:
        found = _tables(_collect("T"), _collect("U", person="H2"), *events)["anomalies"]
        return {row["code"] for row in found if row["subject_kind"] == "box"}

    again = [pack("T", "01:00"), receive("02:00", "1"), receive("03:00", "7")]
    assert codes(*again) == {"box_received_twice"}
    assert codes(*again, pack("U", "02:30")) == {"box_count_mismatch"}
    assert (
        codes(pack("T", "01:00"), receive("02:00", "1"), receive("03:00", "1"), pack("U", "03:00")) == set()
    )


def test_box__is_received_once_at_one_moment_and_the_larger_content_counts() -> None:
    pack = {"kind": "pack", "at": _at("01:00"), "tube": "T", "box": "B"}
    receive = {"kind": "receive", "at": _at("02:00"), "box": "B", "giver": "a", "receiver": "b"}
    smaller, larger = {**receive, "lab": "L1", "tubes": "9"}, {**receive, "lab": "L2", "tubes": "1"}
    for events in ([smaller, larger], [larger, smaller]):
        tables = _tables(_collect("T"), pack, *events)
        assert tables["pools"][0]["lab"] == "L2"
        assert [row["code"] for row in tables["anomalies"] if row["subject_kind"] == "box"] == []


@pytest.mark.parametrize(
    ("number", "valid"),
    [
        ("11010519491231002X", True),  # the example of GB 11643
        ("440524188001010014", True),  # the other one
        ("110105194912310021", False),
        ("110105194902300023", False),
        ("11010519491231002", False),
        ("ABCDEFGHIJKLMNOPQR", False),
    ],
)
def test_resident_id__fits_its_check_character_and_the_calendar(number: str, valid: bool) -> None:
    assert valid_resident_id(number) is valid


@pytest.mark.parametrize(
    ("raw", "clean_text"),
    [
        (" \t]C1００１Ａ\r\n", "001A"),
        ("]d2 \x1d0001", "0001"),
        ("A\x1dB", "A\x1dB"),
        ("\u3000\x02", ""),
        ("]Q3", ""),
        ("NA", "NA"),
    ],
)
def test_code__loses_what_surrounds_it_and_is_else_kept_to_the_letter(raw: str, clean_text: str) -> None:
    assert clean_code(raw) == clean_text


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tube": "", "at": "x"}, "missing_value"),
        ({"at": "10.02.2022", "tube": "T 1"}, "bad_time"),
        ({"tube": "T 1", "capacity": "ten"}, "bad_code"),
        ({"person": "]C1"}, "bad_code"),
        ({"site": "S" * 65, "mode": "both"}, "bad_code"),
        ({"capacity": "-1", "mode": "both"}, "bad_number"),
        ({"mode": "both"}, "unknown_mode"),
        ({"kind": "swab", "at": ""}, "unknown_kind"),
    ],
)
def test_reject__gives_the_first_code_in_the_contract_s_order(changes: Event, code: str) -> None:
    assert clean(_collect("T") | changes, DEFAULT_POLICY) == (None, code)


@pytest.mark.parametrize("seed", range(200, 215))
def test_void__makes_an_event_as_if_it_had_never_come(seed: int) -> None:
    accepted = accept(city(seed))[0]
    as_of = max(event["at"] for event in accepted)
    _, withdrawn, missed = voided(accepted)
    void_ids = {event["event_id"] for event in withdrawn}
    without = [
        event
        for event in accepted
        if event not in withdrawn and not (event["kind"] == "void" and event["event"] in void_ids)
    ]
    assert all(void in without for void in missed)
    expected, got = conclude(accepted, as_of=as_of), conclude(without, as_of=as_of)
    for table in ("pools", "members", "recalls", "cases", "ledger"):
        assert differences(normalised(expected[table], table), normalised(got[table], table)) == "", table
