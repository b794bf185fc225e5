"""The tables have the columns that users' scripts rely on, and every column is declared once, in tables.py."""

from __future__ import annotations

import ast

import pytest

from house.rooms import ROOT, modules, nodes
from poolpipe import tables

CONTRACT = {
    "pools": "round, tube, mode, capacity, people, swabs, site, point, first_collected, last_collected, box, "
    "packed_at, picked_up_at, received_at, lab, plate, well, loaded_at, call, called_at, state",
    "members": "round, tube, person_type, person, collected_at, position, p_infected",
    "recalls": "round, tube, person_type, person, opened_at, due_at, status, overdue, late, recollected_at, "
    "single_round, single_tube, outcome, closed_at, lab, p_infected, rank",
    "cases": "round, tube, person_type, person, collected_at, called_at, lab, recall_of",
    "traces": "source_round, source_tube, round, tube, person_type, person, kind, hops, lag_s, score, via",
    "anomalies": "code, severity, round, subject_kind, subject, at, detail",
    "ledger": "round, site, box, collected, packed, picked_up, received, loaded, reported, orphans",
    "rejects": "file, line, kind, code, detail, raw",
}

ANOMALIES = """
bad_person_id warning person
rescanned info tube
person_in_two_tubes error person
overfull_pool error tube
short_pool info tube
swab_count_mismatch warning tube
tube_at_two_points error tube
mixed_mode error tube
tube_in_two_boxes warning tube
box_received_twice warning box
empty_box warning box
box_count_mismatch error box
orphan_tube error tube
tube_reloaded info tube
well_shared error well
plate_control_missing error plate
plate_control_failed error plate
control_was_collected error tube
reading_incomplete warning well
reading_without_load warning well
conflicting_calls error tube
positive_set_aside error tube
out_of_order warning tube
recall_wrong_lab warning tube
unexplained_pool error tube
conflicting_event warning event
void_without_event warning event
clock_room_temperature warning tube
clock_cold_store warning tube
clock_result warning tube
clock_recall error tube
clock_pickup warning site
clock_skew warning device
source_silent warning site
lab_drift warning lab
"""

REJECTS = (
    "not_parseable unknown_kind missing_value bad_time bad_code bad_well bad_number unknown_mode unknown_role "
    "unknown_call future_time"
)


@pytest.mark.parametrize("table", CONTRACT)
def test_table__begins_with_the_contracts_columns(table):
    declared = [column.name for column in tables.TABLES[table]]
    promised = CONTRACT[table].split(", ")
    assert declared[: len(promised)] == promised, (
        f"{table}: columns may be added at the end, not renamed or moved"
    )


def test_tables__are_the_contracts():
    assert list(tables.TABLES)[: len(CONTRACT)] == list(CONTRACT), "others come behind these"


def test_anomalies__are_the_contracts():
    promised = {
        code: (severity, kind) for code, severity, kind in map(str.split, ANOMALIES.strip().splitlines())
    }
    declared = {code: (each.severity, each.subject_kind) for code, each in tables.ANOMALIES.items()}
    assert declared == promised


def test_rejects__stand_in_the_contracts_order():
    assert list(tables.REJECTS) == REJECTS.split(), "the first code that applies is given: order matters"


def test_columns__of_one_name_have_one_type():
    types: dict[str, set[str]] = {}
    for columns in tables.TABLES.values():
        for column in columns:
            types.setdefault(column.name, set()).add(str(column.dtype))
    assert not {name: kinds for name, kinds in types.items() if len(kinds) > 1}


def test_columns__are_explained():
    silent = [
        f"{table}.{column.name}"
        for table, columns in tables.TABLES.items()
        for column in columns
        if not column.meaning.strip()
    ]
    assert not silent, f"{silent}: say in tables.py what it means"


def test_columns__are_declared_in_tables_alone():
    elsewhere = [
        str(path.relative_to(ROOT))
        for name, path in modules("src/poolpipe").items()
        for node in nodes(path)
        if name != "poolpipe.tables"
        and isinstance(node, ast.Call)
        and getattr(node.func, "id", "") == "Column"
    ]
    assert not elsewhere, f"{elsewhere}: declare the column in tables.py and take it from there"
