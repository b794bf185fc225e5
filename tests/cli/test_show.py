"""`poolpipe show` and `poolpipe recalls` as they are typed."""

from __future__ import annotations

import csv
import io
import json

import polars as pl
import pytest
from click.testing import CliRunner
from rich.cells import cell_len

from exchange.campaigns import NEGATIVE, POSITIVE, plate, swab, swabs, write
from poolpipe import cli

ONE, TWO = "990100199001010012", "990100199001010020"


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    place = tmp_path_factory.mktemp("shown")
    events = [*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE), "A02": ("T2", NEGATIVE)})]
    events += [
        swab("T3", "=1+1", person_type="PASSPORT"),
        {"kind": "seal", "at": "noon", "tube": "T3", "swabs": 1},
    ]
    roster = pl.DataFrame(
        {
            "person": [ONE, TWO],
            "name": ["张三", "李四"],
            "phone": ["13900000001", None],
            "community": ["甲", "乙"],
        }
    )
    roster.write_csv(place / "people.csv")
    return write(place / "result", *events)


def shown(*arguments, status=0, width=80):
    done = CliRunner(env={"COLUMNS": str(width)}).invoke(cli.poolpipe, [str(each) for each in arguments])
    assert done.exit_code == status, done.output
    return done.stdout if status == 0 else done.stderr


def test_show__groups_by_a_column_of_the_roster_and_masks(result):
    told = shown("show", result, "recalls", "--by", "community", "--columns", "name,phone,tube",
                 "--people", result.parent / "people.csv")  # fmt: skip
    assert "甲 (1)" in told
    assert "张*" in told
    assert "139" in told
    assert "13900000001" not in told
    everything = shown("show", result, "recalls", "--columns", "name,phone", "--show-ids",
                       "--people", result.parent / "people.csv")  # fmt: skip
    assert "张三" in everything
    assert "13900000001" in everything


@pytest.mark.parametrize(
    "table", ["pools", "members", "recalls", "cases", "anomalies", "ledger", "rejects", "readings"]
)
def test_show__draws_every_table_in_eighty_columns(result, table):
    told = shown("show", result, table)
    assert all(cell_len(line) <= 80 for line in told.splitlines())
    for person in (ONE, TWO):
        assert person not in told


def test_show__leaves_columns_out_and_names_them(result):
    told = " ".join(shown("show", result, "pools").split())
    assert "T1" in told
    assert "called_by" in told.partition("left out on this narrow terminal")[2]


def test_show__writes_csv_in_full_that_no_spreadsheet_runs(result):
    rows = list(
        csv.DictReader(
            io.StringIO(shown("show", result, "members", "--csv", "--columns", "person,collected_at"))
        )
    )
    assert [row["person"] for row in rows] == [ONE, TWO, "990100199001010039", "'=1+1"]
    assert rows[0]["collected_at"] == "2022-02-10T08:00:00+08:00"
    told = json.loads(shown("show", result, "members", "--json", "--columns", "person"))
    assert told[3] == {"person": "=1+1"}


@pytest.mark.parametrize(
    ("arguments", "what"),
    [
        (("recals",), "did you mean 'recalls'?"),
        (("people",), "the tables are pools"),
        (("pools", "--by", "sit"), "did you mean 'site'?"),
        (("pools", "--columns", "tube,community"), "come with --people"),
        (("pools", "--people", "PEOPLE"), "names no person"),
    ],
)
def test_show__of_what_there_is_not_says_what_there_is(result, arguments, what):
    given = [str(result.parent / "people.csv") if each == "PEOPLE" else each for each in arguments]
    assert what in " ".join(shown("show", result, *given, status=1).split())


@pytest.mark.parametrize("command", [("show", "recalls"), ("recalls",)])
def test_commands__refuse_a_torn_result(result, tmp_path, command):
    for path in result.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "recalls.parquet").write_bytes((tmp_path / "cases.parquet").read_bytes())
    name, *table = command
    assert "recalls.parquet is not the table" in shown(name, tmp_path, *table, status=1)


def test_recalls__of_a_result_and_of_its_files_are_the_same_board(tmp_path):
    events = [*swabs(), *plate("P1", "12:00", {"A01": ("T1", POSITIVE)})]
    (tmp_path / "events.ndjson").write_text("\n".join(map(json.dumps, events)), encoding="utf-8")
    of_result = shown("recalls", write(tmp_path / "result", *events))
    assert of_result == shown("recalls", tmp_path / "events.ndjson", "--quiet")
    assert "waiting 待办 2" in of_result
    assert ONE not in of_result
    early = ("recalls", tmp_path / "events.ndjson", "--quiet", "--as-of", "2022-02-10 12:30")
    assert "nobody is waiting" in shown(*early)


def test_recalls__as_json_are_those_that_wait_in_full(result):
    told = json.loads(shown("recalls", result, "--json"))
    assert [row["person"] for row in told] == [ONE, TWO]
    assert told[0]["due_at"] == "2022-02-10T19:00:00+08:00"


def test_recalls__of_an_earlier_moment_need_the_events(result):
    assert "holds tables and no events" in shown("recalls", result, "--as-of", "2022-02-10", status=1)


def test_recalls__fit_eighty_columns_without_cutting_a_code(result):
    told = shown("recalls", result, "--show-ids")
    assert all(cell_len(line) <= 80 for line in told.splitlines())
    assert ONE in told
    assert "T1" in told
