"""`poolpipe decode` as it is typed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import polars as pl
import pytest
from click.testing import CliRunner

from poolpipe.commands.decode import decode
from poolpipe.errors import InputError, TableError

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    pl.DataFrame({"pool": ["001"] * 3 + ["002"] * 2, "person": ["07", "08", "09", "09", "10"]}).write_csv(
        tmp_path / "seats.csv"
    )
    pl.DataFrame({"pool": ["001", "002"], "call": ["positive", "negative"]}).write_csv(tmp_path / "pools.csv")
    pl.DataFrame({"person": ["07", "08", "09", "10"], "prior": [0.01] * 4}).write_csv(tmp_path / "people.csv")
    return [str(tmp_path / f"{name}.csv") for name in ("seats", "pools", "people")]


def test_decode_command__keeps_codes_to_the_letter(files: list[str]) -> None:
    done = CliRunner().invoke(decode, [*files, "--json"])
    told = json.loads(done.stdout)
    assert [person["person"] for person in told["people"]] == ["07", "08", "09", "10"]
    assert told["components"][0]["method"] == "tree"
    assert told["people"][0]["p_infected"] > told["people"][2]["p_infected"]


def test_decode_command__shows_a_table_and_writes_everybody(files: list[str], tmp_path: Path) -> None:
    out = tmp_path / "who.parquet"
    done = CliRunner().invoke(decode, [*files, "--out", str(out), "--show-ids", "--sensitivity", "0.9"])
    assert done.exit_code == 0
    assert "感染概率" in done.stdout
    assert "written to" in done.stderr
    assert pl.read_parquet(out).height == 4


def test_decode_command__says_what_is_wrong(files: list[str], tmp_path: Path) -> None:
    done = CliRunner().invoke(decode, [files[0], files[1], files[1]])
    assert isinstance(done.exception, TableError)
    assert "column 'person' is missing" in str(done.exception)
    odd = tmp_path / "people.xyz"
    odd.write_text("person,prior\n")
    done = CliRunner().invoke(decode, [files[0], files[1], str(odd)])
    assert isinstance(done.exception, InputError)
    assert CliRunner().invoke(decode, files[:2]).exit_code == 2
