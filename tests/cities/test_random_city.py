"""The random cities are what they are made for: nasty, the same for the same seed, the same through files."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from cities.compare import COLUMNS, differences, normalised
from cities.files import write_city
from cities.random_city import city
from cities.shrink import smallest
from reference.anomalies import SEVERITY
from reference.cleaning import accept, records_of
from reference.day import conclude
from reference.reading import read_files

if TYPE_CHECKING:
    from pathlib import Path

REJECTS = {
    "unknown_kind",
    "missing_value",
    "bad_time",
    "bad_code",
    "bad_well",
    "bad_number",
    "unknown_mode",
    "unknown_role",
    "unknown_call",
}


def test_city__is_the_same_for_the_same_seed() -> None:
    assert city(7) == city(7)
    assert city(7) != city(8)


def test_cities__have_every_anomaly_every_reject_and_every_kind_of_recall() -> None:
    anomalies, rejects, recalls = set(), set(), set()
    for seed in range(80):
        accepted, _, rejected = accept(city(seed))
        tables = conclude(accepted)
        anomalies |= {row["code"] for row in tables["anomalies"]}
        rejects |= {row["code"] for row in rejected}
        recalls |= {(row["status"], row["outcome"]) for row in tables["recalls"]}
    assert anomalies == set(SEVERITY)
    assert rejects == REJECTS
    assert recalls == {
        ("open", None),
        ("recollected", None),
        ("closed", "negative"),
        ("closed", "positive"),
    }


@pytest.mark.parametrize("seed", range(100, 110))
def test_reference__does_not_see_the_order_of_arrival(seed: int) -> None:
    events = city(seed)
    expected = conclude(accept(events)[0])
    random.Random(seed).shuffle(events)
    got = conclude(accept(events + events[::3])[0])
    for table in set(COLUMNS) - {"rejects"}:
        assert differences(normalised(expected[table], table), normalised(got[table], table)) == "", table


@pytest.mark.parametrize("seed", range(6))
def test_city__gives_the_same_tables_through_files_of_any_format(seed: int, tmp_path: Path) -> None:
    events = city(seed, unparseable=True)
    write_city(events, tmp_path, seed)
    accepted, duplicates, rejects = accept(events)
    records = records_of(read_files(tmp_path))
    read_accepted, read_duplicates, read_rejects = accept(records)
    assert len(records) == len(events)
    assert len(read_duplicates) == len(duplicates)
    assert sorted(row["code"] for row in read_rejects) == sorted(row["code"] for row in rejects)
    expected, got = conclude(accepted), conclude(read_accepted)
    for table in set(COLUMNS) - {"rejects"}:
        assert differences(normalised(expected[table], table), normalised(got[table], table)) == "", table


def test_smallest__leaves_only_what_is_needed() -> None:
    events: list[dict[str, Any]] = [{"number": number} for number in range(50)]
    wanted = [{"number": 3}, {"number": 41}]
    assert smallest(events, lambda some: all(event in some for event in wanted)) == wanted
