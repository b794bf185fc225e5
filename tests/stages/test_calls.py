"""What wells, plates and reports make of a tube: by hand and against the reference."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest
from hypothesis import given

from poolpipe.errors import TableError
from poolpipe.policy import Policy
from poolpipe.stages.calls import Calls, call, with_collected_controls
from poolpipe.tables import CALLS
from reference import wells as naive
from reference.cleaning import DEFAULT_POLICY
from stages import drawn
from stages.coded import Event, coded, collect, event, minute

TARGETS = ("ORF1ab", "N", "IC")
FINE: dict[str, float | None] = {"ORF1ab": None, "N": None, "IC": 25.0}
FOUND: dict[str, float | None] = {"ORF1ab": 30.0, "N": 31.0, "IC": 25.0}
Key = tuple[str, ...]


def load(well: str, tube: str | None = None, role: str = "sample", plate: str = "P1") -> Event:
    return event("load", 1, plate=plate, well=well, tube=tube, role=role)


def read(well: str, cts: dict[str, float | None], at: float = 10, plate: str = "P1") -> list[Event]:
    return [event("read", at, plate=plate, well=well, target=target, ct=ct) for target, ct in cts.items()]


def controls(at: float = 5, plate: str = "P1", negative: float | None = None) -> list[Event]:
    return [
        load("G12", role="negative_control", plate=plate), load("H12", role="positive_control", plate=plate),
        *read("G12", {"ORF1ab": negative, "N": None}, at, plate), *read("H12", {"ORF1ab": 28.0, "N": 28.0}, at, plate),
    ]  # fmt: skip


def report(said: str, at: float, tube: str = "T1", **facts: Any) -> Event:
    return event("report", at, tube=tube, call=said, **facts)


def called(events: list[Event]) -> tuple[Calls, dict[Key, dict[str, Any]]]:
    """The stage's result, and its tubes by (round, tube) with calls and labs as texts."""
    frames, codes = coded(events)
    found = call(frames, codes, Policy())
    told = found.tubes.with_columns(
        pl.Series("call", CALLS).gather(found.tubes["call"]).alias("call"),
        codes.text("lab", found.tubes["report_lab"]).alias("report_lab"),
    ).with_row_index("tube")
    keys = zip(*codes.entity("tube", told["tube"]), strict=True)
    return found, dict(zip(keys, told.to_dicts(), strict=True))


def of(events: list[Event], tube: str = "T1") -> dict[str, Any]:
    return called(events)[1]["", tube]


def stands(*events: Event) -> tuple[str | None, Any]:
    row = of(list(events))
    return row["call"], row["called_at"]


@pytest.mark.parametrize(
    ("cts", "outcome"),
    [
        (FOUND, "positive"),
        ({"ORF1ab": 37.0, "N": 0.0}, "positive"),
        (FOUND | {"N": 37.01}, "suspect"),
        (FOUND | {"N": None}, "suspect"),
        ({"N": 40.0}, "suspect"),
        (FINE, "negative"),
        (FINE | {"N": 40.01, "IC": 40.0}, "negative"),
        (FINE | {"IC": 40.01}, "invalid"),
        (FINE | {"IC": None}, "invalid"),
        ({"ORF1ab": None, "N": None}, None),
        ({"ORF1ab": None, "IC": 25.0}, None),
    ],
)
def test_well__is_told_by_its_targets_and_never_negative_by_default(cts, outcome):
    """Detected up to 37, grey up to 40; a missing row is not a negative."""
    assert of([*controls(), load("A01", "T1"), *read("A01", cts)])["call"] == outcome


def test_targets_time__is_its_earliest_reading_in_the_class_that_counts():
    """A re-analysis that changes no class moves no clock; the smaller ct of two rows counts."""
    sample = [*controls(), load("A01", "T1")]
    events = [
        *sample,
        *read("A01", FOUND, 10),
        *read("A01", {"N": 20.0}, 15),
        *read("A01", {"ORF1ab": None}, 7),
    ]
    assert stands(*events) == ("positive", minute(10))
    assert stands(*sample, *read("A01", FINE, 10), *read("A01", {"N": 33.0}, 15)) == ("suspect", minute(15))


def test_call__stands_no_earlier_than_its_plates_controls():
    """Negative stands from the latest of its targets; none before its plate's controls."""
    sample = [load("A01", "T1"), *read("A01", FINE, 10), *read("A01", {"IC": 20.0}, 3)]
    assert stands(*controls(5), *sample) == ("negative", minute(10))
    assert stands(*controls(20), *sample) == ("negative", minute(20))


@pytest.mark.parametrize("at_fault", ["failed", "missing"])
def test_invalid_plate__makes_every_sample_invalid_and_sets_its_positives_aside(at_fault):
    """Read or not, from the plate's latest reading; and a positive never hides: `positive_set_aside`."""
    bad = controls(negative=36.0) if at_fault == "failed" else controls()[1:2] + controls()[4:]
    events = [*bad, load("A01", "T1"), *read("A01", FOUND, 12), load("A02", "T2")]
    found, tubes = called(events)
    assert {key: (row["call"], row["called_at"]) for key, row in tubes.items()} == {
        ("", "T1"): ("invalid", minute(12)), ("", "T2"): ("invalid", minute(12))
    }  # fmt: skip
    assert [tubes["", tube]["set_aside"] for tube in ("T1", "T2")] == [True, False]
    assert tubes["", "T1"]["opened_at"] is None
    assert found.plates.select("missing", "failed").rows() == [(at_fault == "missing", at_fault == "failed")]


def test_shared_well__is_suspect_for_each_or_no_call():
    shared = [*controls(), load("A01", "T1"), load("A01", "T2")]
    for cts, outcome in ((FOUND, "suspect"), (FINE, None)):
        found, tubes = called([*shared, *read("A01", cts)])
        assert [row["call"] for row in tubes.values()] == [outcome, outcome]
        assert found.wells["shared"].to_list() == [True]


def test_tube__has_the_gravest_of_all_wells_and_reports_since_it_first_stood():
    """A positive never hides: no later negative takes it back."""
    events = [*controls(), load("A01", "T1"), *read("A01", FINE, 10), report("suspect", 30), report("positive", 20),
              report("positive", 40), report("negative", 50)]  # fmt: skip
    row = of(events)
    assert (row["call"], row["called_at"], row["opened_at"]) == ("positive", minute(20), minute(20))
    assert (row["conflicting"], row["by_slot"]) == (True, None)
    assert not of([report("invalid", 1), report("negative", 2)])["conflicting"], "invalid is no opinion"


def test_recall__is_opened_by_the_first_sign_and_not_again_by_an_escalation():
    """The later of the first detected or grey reading and the plate's controls."""
    events = [*controls(5), load("A01", "T1"), *read("A01", FINE | {"N": 38.0}, 3), *read("A01", FOUND, 30)]
    row = of(events)
    assert (row["call"], row["called_at"], row["opened_at"]) == ("positive", minute(30), minute(5))


def test_report_lab__is_that_of_the_report_that_gave_the_call():
    reports = [
        report("negative", 1, lab="L3"),
        report("positive", 3, lab="L1"),
        report("positive", 2, lab="L2"),
    ]
    assert of(reports)["report_lab"] == "L2"
    assert of([*reports, report("positive", 2, lab="L9")])["report_lab"] == "L9", (
        "a tie goes to the larger content"
    )


def test_control__of_a_collected_tubes_name_is_a_load_of_that_tube():
    """docs/contract-decisions: only where the name alone made it a control, and the tube was collected."""
    named = {"role_from": "name"}
    loads = [load("A01", "PC1", "positive_control") | named, load("A02", "PC2", "positive_control") | named,
             load("A03", "PC1", "positive_control")]  # fmt: skip
    made = coded([collect(0, "PC1", 1), *loads])
    found = with_collected_controls(made.frames)["load"]
    told = found.sort("well").select("role", pl.col("control_was_collected").fill_null(value=False))
    assert told.rows() == [(0, True), (2, False), (2, False)]
    uncollected = coded(loads).frames
    assert with_collected_controls(uncollected)["load"] is uncollected["load"]


def test_call__names_a_column_that_is_missing():
    frames, codes = coded(read("A01", FINE))
    with pytest.raises(TableError, match="read: column target is missing"):
        call({**frames, "read": frames["read"].drop("target")}, codes, Policy())


@given(events=drawn.plated)
def test_calls__agree_with_the_reference(events):
    found, tubes = called(events)
    those = {kind: [each for each in events if each["kind"] == kind] for kind in ("load", "read", "report")}
    plates = naive.Plates(those["load"], those["read"], DEFAULT_POLICY)
    expected = naive.Calls(plates, those["load"], those["report"])
    for key, row in tubes.items():
        standing = expected.call(key)
        assert (row["call"], row["called_at"]) == (standing or (None, None))
        if standing:
            assert row["opened_at"] == expected.opened_at(key)
            assert row["report_lab"] == expected.reporting_lab(key)
        assert row["set_aside"] == (expected.set_aside(key) and row["call"] not in ("positive", "suspect"))
        assert row["conflicting"] == (len({said for said, _ in expected.said(key)} - {"invalid"}) > 1)
        assert row["slots"] == len(expected.wells.get(key, []))
        assert row["known"] == bool(expected.wells.get(key) or expected.reports.get(key))
    codes = coded(events).codes
    judged = zip(
        *codes.entity("plate", found.plates["plate"]),
        found.plates["missing"],
        found.plates["failed"],
        strict=True,
    )
    assert {(*key, key in plates.missing, key in plates.failed) for key in plates.read_plates} == set(judged)
