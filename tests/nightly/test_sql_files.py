"""Every SQL file says what it is: header, columns, key, what it reads; formatted as sqlfluff has it."""

from __future__ import annotations

import re
from pathlib import Path

import duckdb
import pytest
from sqlfluff.core import FluffConfig, Linter

import poolpipe.nightly
from nightly.town_night import night
from poolpipe.nightly.marts import in_order, mart_files
from poolpipe.tables import TABLES

FOLDER = Path(poolpipe.nightly.__file__).parent / "sql"
FILES = mart_files()
SHOWN = [name for name, file in FILES.items() if file.folder != "base"]
GIVEN = {
    "sites", "labs", "areas", "residents", "swabs", "numbered_pools", "round_residents", "fit", "policy", "collects",
    "plate_kits", "intervals", "hidden_faults", "hidden_visits", "hidden_positives", "hidden_levels", "hidden_coverage",
    "drift_alarms", "drift_charts", "drift_rules_broken",
}  # fmt: skip
"""What Python lays out for them."""


@pytest.fixture(scope="module")
def linter():
    return Linter(config=FluffConfig.from_root(overrides={"dialect": "duckdb"}))


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.sql")), ids=lambda path: path.stem)
def test_file__is_formatted(path, linter):
    found = linter.lint_path(str(path)).get_violations()
    assert not found, f"{found}: run `sqlfluff fix src/poolpipe/nightly/sql`"


@pytest.mark.parametrize("path", sorted(FOLDER.rglob("*.sql")), ids=lambda path: path.stem)
def test_header__is_all_understood(path):
    told = [line for line in path.read_text(encoding="utf-8").splitlines() if line.startswith("--")]
    fields = [
        line
        for line in told
        if re.match(r"-- (?:(?:key|kind|reads|grain|粒度)[:：]|column \w+: .+ \| .+)", line)
    ]
    assert told[-len(fields) :] == fields, "a line behind the description is no field and no column"
    file = FILES[path.stem]
    others = {re.split("[:：]", line)[0] for line in fields if not line.startswith("-- column")}
    assert others == (
        {"-- kind", "-- reads"} if file.folder == "base" else {"-- grain", "-- 粒度", "-- key", "-- reads"}
    )
    assert len(fields) == len(file.columns) + len(others)


@pytest.mark.parametrize("name", list(FILES))
def test_header__names_what_is_read(name):
    file = FILES[name]
    known = {*FILES, *TABLES, *GIVEN}
    assert set(file.reads) <= known
    told = {each for each in re.findall(r"(?:from|join) (\w+)", file.select) if each in known}
    assert told == set(file.reads), "the line `reads` of its header is not what it reads"
    assert file.english
    assert file.chinese


@pytest.mark.parametrize("name", SHOWN)
def test_header__has_every_column_and_a_key_that_tells_rows_apart(name):
    file = FILES[name]
    with duckdb.connect(str(night()), read_only=True) as connection:
        columns = [row[0] for row in connection.execute(f"describe {name}").fetchall()]
        assert columns == ["date"] * ("date" in columns) + list(file.columns)
        assert file.by_day or "date" not in columns or "date" in file.key
        key = ", ".join([*(["date"] if file.by_day else []), *file.key])
        twice = f"select {key} from {name} group by all having count(*) > 1"
        assert not connection.execute(twice).fetchall(), f"the key ({key}) is not one"
    assert file.grain
    assert file.grain_chinese
    assert all(english and chinese for english, chinese in file.columns.values())


def test_database__says_what_its_tables_and_columns_mean():
    with duckdb.connect(str(night()), read_only=True) as connection:
        told = connection.execute("select table_name, comment from duckdb_tables()").fetchall()
        columns = connection.execute(
            "select comment from duckdb_columns() where table_name = 'positivity' and not internal"
        ).fetchall()
    meant = {name: comment for name, comment in told if name in SHOWN}
    assert meant == {name: f"{FILES[name].english} {FILES[name].chinese}" for name in SHOWN}
    assert all(comment for (comment,) in columns)


def test_order__puts_every_file_behind_what_it_reads():
    ordered = [file.name for file in in_order(FILES.values())]
    assert sorted(ordered) == sorted(FILES)
    for place, name in enumerate(ordered):
        assert not set(FILES[name].reads) & set(ordered[place:])


def test_marts__name_no_person():
    for name in SHOWN:
        assert not {"person", "person_type", "name", "phone", "household"} & set(FILES[name].columns) - {
            "name" if name == "dim_policy" else ""
        }
