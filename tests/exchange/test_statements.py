"""Statements: the well that gave the call, the smallest Ct, and what becomes of what was told before."""

from __future__ import annotations

import polars as pl
import pytest

from exchange.frames import (
    CALLED,
    FIRST,
    LATER,
    SECOND,
    SWABBED,
    SWABBED_LATER,
    members,
    person,
    pools,
    reading,
    readings,
    tube,
)
from poolpipe.errors import TableError
from poolpipe.exchange.statements import SCHEMA, first_told, revised, statements


def told(*tubes, people=(), read=()):
    return first_told(statements(pools(*tubes), members(*people), readings(*read)))


def rows(frame, *columns):
    return frame.select(columns).rows()


def test_statements__are_of_tubes_with_a_call_only():
    found = told(tube("T1", "positive"), tube("T2", None), people=[person("T1", FIRST), person("T2", SECOND)])
    assert rows(found, "tube", "person", "call") == [("T1", FIRST, "positive")]


def test_statements__have_a_row_a_person_in_the_order_of_the_queue():
    found = told(
        tube("T2", "negative"), tube("T1", "negative"),
        people=[person("T1", FIRST, 2), person("T2", FIRST), person("T1", SECOND, 1)],
    )  # fmt: skip
    assert rows(found, "tube", "position", "person", "people", "collected_at") == [
        ("T1", 1, SECOND, 2, SWABBED), ("T1", 2, FIRST, 2, SWABBED_LATER), ("T2", 1, FIRST, 1, SWABBED),
    ]  # fmt: skip


def test_tube_without_known_people__has_one_row_without_person():
    found = told(tube("T1", "suspect", mode=None, first_collected=None))
    assert rows(found, "person_type", "person", "position", "people", "collected_at") == [
        (None, None, None, 0, None)
    ]


def test_ct__is_that_of_the_well_that_gave_the_call():
    read = [reading("N", 26.2), reading("ORF1ab", 25.1),
            reading("N", None, plate="P2", well="B02"), reading("ORF1ab", 11.0, plate="P2", well="B02"),
            reading("N", 12.0, well="A02"), reading("N", 13.0, round="2")]  # fmt: skip
    assert rows(told(tube("T1", "positive"), read=read), "ct") == [("N 26.2; ORF1ab 25.1",)]


def test_ct__of_a_plate_whose_code_has_colons_is_found():
    read = [reading("N", 26.2, plate="P:1:A02")]
    assert rows(told(tube("T1", "suspect", called_by="well P:1:A02:A01"), read=read), "ct") == [("N 26.2",)]


@pytest.mark.parametrize("called_by", ["report", "report CDC1", "report well P1:A01"])
def test_call_by_report__has_no_ct(called_by):
    assert rows(told(tube("T1", "positive", called_by=called_by), read=[reading("N", 20.0)]), "ct") == [
        (None,)
    ]


def test_ct__is_the_smallest_and_a_number_before_undetermined():
    read = [
        reading("N", 33.0),
        reading("N", 31.5),
        reading("N", None),
        reading("ORF1ab", None),
        reading("IC", 24.0),
    ]
    found = told(tube("T1", "suspect"), read=read)
    assert rows(found, "ct") == [("IC 24; N 31.5; ORF1ab Undetermined",)]
    assert found["cts"].to_list() == [
        [{"target": "IC", "ct": "24"}, {"target": "N", "ct": "31.5"}, {"target": "ORF1ab", "ct": None}]
    ]


@pytest.mark.parametrize(
    ("ct", "text"),
    [
        (24.0, "24"),
        (26.2, "26.2"),
        (22.0988941192627, "22.0988941192627"),
        (0.0, "0"),
        (100.0, "100"),
        (0.00001, "0.00001"),
    ],
)
def test_ct__is_written_with_all_its_digits_and_no_exponent(ct, text):
    assert rows(told(tube("T1", "suspect"), read=[reading("N", ct)]), "ct") == [(f"N {text}",)]


def test_invalid_run__has_no_ct_for_it_is_no_result():
    found = told(tube("T1", "invalid"), read=[reading("N", 20.0, reagent="kit")])
    assert rows(found, "ct", "reagent") == [(None, None)]
    assert found["cts"].to_list() == [[]]


def test_shared_well_reagents_and_instruments__are_those_of_the_well():
    read = [reading("N", 20.0, reagent="kit b", instrument="PCR1"), reading("IC", 20.0, reagent="kit a", shared=True),
            reading("ORF1ab", 20.0, reagent="kit b"), reading("N", 20.0, well="A02", reagent="kit c")]  # fmt: skip
    found = told(tube("T1", "suspect"), tube("T2", "suspect", called_by="well P1:A02"), read=read)
    assert rows(found, "reagent", "instrument", "shared") == [
        ("kit a; kit b", "PCR1", True),
        ("kit c", None, False),
    ]


def test_statements__from_the_wrong_tables_are_refused():
    with pytest.raises(TableError, match="pools: column call, called_by is missing"):
        statements(pools().drop("call", "called_by"), members())
    with pytest.raises(TableError, match="members: column person is missing"):
        statements(pools(), members().drop("person"))
    with pytest.raises(TableError, match="readings: column ct is missing"):
        statements(pools(), members(), readings().drop("ct"))


def test_readings__need_no_round_reagent_instrument_or_shared():
    bare = readings(reading("N", 20.0)).select("plate", "well", "target", "ct")
    found = statements(pools(tube("T1", "positive")), members(), bare)
    assert rows(found, "ct", "reagent", "instrument", "shared") == [("N 20", None, None, False)]


def test_first_telling__is_final_since_the_call_stands():
    found = told(tube("T1", "positive"), people=[person("T1", FIRST)])
    assert rows(found, "status", "stated_at", "revision") == [("final", CALLED, 1)]
    assert found["retired"].to_list() == [[]]
    assert dict(found.schema) == SCHEMA


BEFORE = told(
    tube("T1", "positive"), tube("T2", "negative"), people=[person("T1", FIRST), person("T1", SECOND, 2), person("T2", FIRST)],
    read=[reading("N", 20.0), reading("IC", 24.0)],
)  # fmt: skip


def now(*tubes, people=(), read=(), before=BEFORE, as_of=LATER, calls=()):
    return revised(statements(pools(*tubes), members(*people), readings(*read)), before, as_of, calls=calls)


def test_same_result__is_told_as_it_was():
    again = now(
        tube("T2", "negative"), tube("T1", "positive"),
        people=[person("T1", SECOND, 2), person("T2", FIRST), person("T1", FIRST)],
        read=[reading("IC", 24.0), reading("N", 20.0)],
    )  # fmt: skip
    assert again.equals(BEFORE)


@pytest.mark.parametrize(
    "otherwise",
    [
        {"call": "suspect"},
        {"mode": "single"},
        {"lab": "CDC2"},
        {"called_at": LATER},
        {"called_by": "report"},
        {"lab": None},
    ],
)
def test_other_facts__are_a_correction_since_the_result_that_brought_them(otherwise):
    found = now(
        tube("T1", **{"call": "positive", **otherwise}), tube("T2", "negative", called_by="report"),
        people=[person("T1", FIRST), person("T1", SECOND, 2), person("T2", FIRST)],
        read=[reading("N", 20.0), reading("IC", 24.0)], before=BEFORE.filter(tube="T1"),
    )  # fmt: skip
    assert rows(found, "tube", "status", "stated_at", "revision") == [
        ("T1", "corrected", LATER, 2), ("T1", "corrected", LATER, 2), ("T2", "final", CALLED, 1),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("read", "retired"),
    [([reading("N", 20.5), reading("IC", 24.0)], []), ([reading("N", 20.0)], ["IC"]), ([], ["IC", "N"]),
     ([reading("N", 20.0, reagent="kit"), reading("IC", 24.0)], []), ([reading("N", None), reading("IC", 24.0)], [])],
)  # fmt: skip
def test_other_ct_values__are_a_correction_that_names_what_fell_away(read, retired):
    found = now(
        tube("T2", "negative"), people=[person("T2", FIRST)], read=read, before=BEFORE.filter(tube="T2")
    )
    assert rows(found, "status", "revision") == [("corrected", 2)]
    assert found["retired"].to_list() == [retired]


def test_person_taken_out_of_the_tube__is_told_that_it_does_not_stand():
    found = now(
        tube("T1", "positive"), people=[person("T1", FIRST)], read=[reading("N", 20.0), reading("IC", 24.0)],
        before=BEFORE.filter(tube="T1"),
    )  # fmt: skip
    assert rows(found, "person", "status", "call", "called_at", "ct", "people", "revision") == [
        (FIRST, "corrected", "positive", CALLED, "IC 24; N 20", 1, 2), (SECOND, "withdrawn", None, None, None, 2, 2),
    ]  # fmt: skip
    assert found["retired"].to_list() == [[], ["IC", "N"]]


def test_result_that_is_gone__is_withdrawn_once_and_stays_so():
    found = now(tube("T2", None), people=[person("T2", FIRST)], before=BEFORE.filter(tube="T2"))
    assert rows(found, "status", "call", "stated_at", "revision") == [("withdrawn", None, LATER, 2)]
    assert rows(found, "person", "mode", "people", "position", "collected_at", "lab") == [
        (FIRST, "pool", 1, 1, SWABBED, "CDC1")
    ]
    assert found["cts"].to_list() == [[]]
    assert found["retired"].to_list() == [["IC", "N"]]
    much_later = LATER.replace(year=2023)
    assert now(before=found, as_of=much_later).equals(found)


def test_withdrawn_result_that_stands_again__is_a_correction():
    gone = now(before=BEFORE.filter(tube="T2"))
    much_later = LATER.replace(year=2023)
    back = now(tube("T2", "negative"), people=[person("T2", FIRST)], read=[reading("N", 20.0), reading("IC", 24.0)],
               before=gone, as_of=much_later)  # fmt: skip
    assert rows(back, "status", "call", "stated_at", "revision") == [("corrected", "negative", much_later, 3)]
    assert back["retired"].to_list() == [[]]
    assert now(tube("T2", "negative"), people=[person("T2", FIRST)], read=[reading("N", 20.0), reading("IC", 24.0)],
               before=back).equals(back)  # fmt: skip


def test_people_registered_later__take_the_place_of_nobody():
    nobody = told(tube("T1", "negative", mode=None, first_collected=None))
    found = now(tube("T1", "negative"), people=[person("T1", FIRST)], before=nobody)
    assert rows(found, "person", "status") == [(None, "withdrawn"), (FIRST, "final")]


def test_calls_asked_for__are_told_for_the_first_time_and_followed_whatever_they_become():
    positive = now(
        tube("T1", "positive"), tube("T2", "negative"), before=BEFORE.clear(), calls=("positive", "suspect")
    )
    assert rows(positive, "tube", "status") == [("T1", "final")]
    later = now(tube("T1", "negative"), tube("T2", "negative"), tube("T3", "suspect"), before=positive,
                calls=("positive", "suspect"))  # fmt: skip
    assert rows(later, "tube", "call", "status") == [
        ("T1", "negative", "corrected"),
        ("T3", "suspect", "final"),
    ]


def test_revision__is_the_same_whatever_the_order_of_rows():
    tubes = [tube(f"T{n}", call) for n, call in enumerate(("positive", "negative", "invalid"))]
    people = [
        person(f"T{n}", number, place) for n in range(3) for place, number in enumerate((FIRST, SECOND), 1)
    ]
    read = [reading("N", 20.0, reagent="b"), reading("IC", 24.0, reagent="a")]
    ordered = statements(pools(*tubes), members(*people), readings(*read))
    turned = statements(pools(*tubes[::-1]), members(*people[::-1]), readings(*read[::-1]))
    assert ordered.equals(turned)
    assert revised(ordered, BEFORE, LATER).equals(revised(turned.reverse(), BEFORE.reverse(), LATER))
    assert isinstance(ordered, pl.DataFrame)
