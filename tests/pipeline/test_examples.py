"""The worked examples come out exactly, from files, whole and in any order of inputs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import poolpipe
from cities.compare import COLUMNS, differences, normalised

EXAMPLES = Path(__file__).parents[1] / "examples"
FOLDERS = sorted(folder for folder in EXAMPLES.glob("*") if (folder / "expected").is_dir())


def _expected(folder: Path, table: str) -> list[str]:
    lines = (folder / "expected" / f"{table}.ndjson").read_text("utf-8").splitlines()
    return normalised([json.loads(line) for line in lines], table)


@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_run__gives_and_writes_the_tables_of_every_worked_example(folder: Path, tmp_path: Path) -> None:
    day = poolpipe.run(folder / "events")
    for table in COLUMNS:
        got = normalised(day.table(table).to_dicts(), table)
        assert differences(_expected(folder, table), got) == "", table
    day.write(tmp_path)
    written = poolpipe.Day.read(tmp_path)
    for table in COLUMNS:
        assert written.table(table).equals(day.table(table)), table
        assert written.summary["rows"][table] == written.table(table).height
    for file in written.summary["files"]:
        assert file["read"] == file["accepted"] + file["duplicates"] + file["rejected"], file
