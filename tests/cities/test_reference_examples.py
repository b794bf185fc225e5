"""The naive reference gives the tables of every worked example."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cities.compare import COLUMNS, differences, normalised
from reference.cleaning import accept, records_of
from reference.day import conclude
from reference.reading import read_files

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDERS = sorted(folder for folder in EXAMPLES.glob("*") if (folder / "expected").is_dir())


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_reference__gives_the_tables_of_every_worked_example(folder: Path) -> None:
    records = records_of(read_files(folder / "events"))
    accepted, duplicates, rejects = accept(records)
    got = conclude(accepted) | {"rejects": rejects}
    assert len(records) == len(accepted) + len(duplicates) + len(rejects)
    for table in COLUMNS:
        lines = (folder / "expected" / f"{table}.ndjson").read_text("utf-8").splitlines()
        expected = normalised([json.loads(line) for line in lines], table)
        assert differences(expected, normalised(got[table], table)) == "", table
