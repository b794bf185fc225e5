"""All that is told of each sample file, beside the readings that `truth.csv` holds: told.json, checked by hand.

Every value of it stands in the file or in data/samples/instruments/README.md: machine, times and their zone,
words for undetermined, controls, what is asked and how it is decided, what is left out and why, and the first
and the last row of each table whole.
"""

from __future__ import annotations

import dataclasses
import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from poolpipe.instruments import read

if TYPE_CHECKING:
    import polars as pl

SAMPLES = Path(__file__).parents[2] / "data" / "samples" / "instruments"
TOLD = json.loads(Path(__file__).with_name("told.json").read_text(encoding="utf-8"))


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _ends(table: pl.DataFrame) -> dict[str, Any]:
    rows = [{name: _plain(value) for name, value in row.items()} for row in table.to_dicts()]
    return {"rows": len(rows)} | ({"first": rows[0], "last": rows[-1]} if rows else {})


@pytest.mark.parametrize("name", TOLD)
def test_sample__is_told_whole(name: str) -> None:
    file, told = read(SAMPLES / name), TOLD[name]
    recognised = {key: _plain(value) for key, value in dataclasses.asdict(file.recognised).items()}
    del recognised["sha256"]  # the samples' bytes are held by test_own_samples
    given = {
        key: list(value) if isinstance(value, tuple) else value for key, value in recognised.items() if value
    }
    assert given == told["recognised"]
    assert [
        [q.code, q.what, list(q.where[:3]), len(q.where), list(q.options), q.decided, q.setting]
        for q in file.questions
    ] == told["questions"]
    assert [dataclasses.asdict(finding) for finding in file.not_understood] == told["findings"]
    for table in ("readings", "loads", "reports", "pools"):
        assert _ends(getattr(file, table)) == told[table], table


def test_told__names_every_sample() -> None:
    others = {"make.py", "README.md", "truth.csv", "stamping.csv"}
    assert set(TOLD) == {path.name for path in SAMPLES.iterdir() if path.is_file()} - others
