"""What commands write as JSON is what docs/schemas says."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner
from jsonschema import Draft202012Validator
from scripts import write_schemas_page

from house.rooms import ROOT
from poolpipe.cli import poolpipe
from poolpipe.commands.schemas import SCHEMAS

TOWN = ROOT / "data" / "samples" / "town"
COUNTY = ROOT / "data" / "samples" / "county"


def written(name, *words):
    """The JSON of a command, valid by the schema in docs."""
    done = CliRunner().invoke(poolpipe, [*map(str, words), "--json"])
    assert done.exit_code == 0, done.stderr
    return valid(name, json.loads(done.stdout))


def valid(name, told):
    schema = json.loads((ROOT / "docs" / "schemas" / f"{name}.json").read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(schema)
    errors = [
        error.json_path + ": " + error.message for error in Draft202012Validator(schema).iter_errors(told)
    ]
    assert not errors
    if isinstance(told, dict):
        assert told["schema"] == f"poolpipe.{name}/1" == schema["$id"]
    return told


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    out = tmp_path_factory.mktemp("town")
    people = next((TOWN / "reference").glob("people.*"))
    told = written("summary", "run", TOWN / "events", "--out", out, "--people", people)
    assert told == json.loads((out / "summary.json").read_text(encoding="utf-8"))
    return out


def test_summary__of_a_laboratorys_own_files_has_its_schema(tmp_path):
    files = [COUNTY / name for name in ("采样登记.xlsx", "装箱.csv", "板图.xlsx", "qPCR.xls")]
    assert written("summary", "run", *files, "--out", tmp_path)["instruments"]


def test_summary__of_nothing_accepted_has_its_schema(tmp_path):
    (tmp_path / "collect.csv").write_text("at,tube,person\nnever,,\n", encoding="utf-8")
    assert written("summary", "run", tmp_path / "collect.csv", "--out", tmp_path / "out")["as_of"] is None


def test_diff__has_its_schema(result):
    written("diff", "diff", result, result)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plan", ("plan", "--people", "7000")),
        ("plan", ("plan", "--people", "700000", "--lab", "100")),
        ("design", ("design", "best", "dorfman", "--p", "0.01")),
        ("design", ("design", "characteristics", "array", "10", "--p", "0.01", "--se", "0.9")),
        ("import", ("import", COUNTY / "qPCR.xls", "--dry-run")),
        ("check", ("check", COUNTY / "装箱.csv")),
    ],
)
def test_command__has_its_schema(name, words):
    written(name, *words)


def test_prevalence__has_its_schema(result):
    written("prevalence", "design", "prevalence", result, "--by", "site")


def test_simulate__has_its_schema(tmp_path):
    written("simulate", "simulate", tmp_path / "city", "--people", "200")


def test_decode_and_its_seats__have_their_schemas(tmp_path):
    (tmp_path / "people.csv").write_text("person,prior\nA,0.1\nB,0.1\n", encoding="utf-8")
    (tmp_path / "seats.csv").write_text("pool,person\nP,A\nP,B\n", encoding="utf-8")
    (tmp_path / "pools.csv").write_text("pool,call\nP,positive\n", encoding="utf-8")
    seats, pools, people = (tmp_path / f"{name}.csv" for name in ("seats", "pools", "people"))
    written("decode", "decode", seats, pools, people)
    written("rows", "design", "screen", seats, pools)
    written("rows", "design", "assign", people, "array", "--size", "2")


@pytest.mark.parametrize("name", SCHEMAS)
def test_schema__in_docs_is_that_of_the_models(name):
    told = (ROOT / "docs" / "schemas" / f"{name}.json").read_text(encoding="utf-8")
    assert told == write_schemas_page.schema(name), "run `make docs`"


def test_schemas_page__is_that_of_the_models():
    assert write_schemas_page.PAGE.read_text(encoding="utf-8") == write_schemas_page.page(), "run `make docs`"


def test_schema__refuses_a_summary_that_lacks_a_key(result):
    told = json.loads((result / "summary.json").read_text(encoding="utf-8"))
    del told["policy"]
    with pytest.raises(AssertionError, match="'policy' is a required property"):
        valid("summary", told)


def test_nightly__has_its_schema(result, tmp_path):
    asked = ("nightly", result, "--date", "2022-04-04", "--out", tmp_path / "night.duckdb")
    assert written("nightly", *asked)["rows"]["losses"]
    assert written("nightly", *asked, "--no-report")["report"] is None
    assert written("rows", *asked, "--mart", "recall_curve")
