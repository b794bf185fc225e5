"""Columns that come as dictionaries: whatever their indices and values are, they say what plain columns say."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

import poolpipe

if TYPE_CHECKING:
    from pathlib import Path

INDICES = (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64())
COLUMNS = {
    "at": [f"2022-02-10T08:{minute:02d}:00Z" for minute in range(40)],
    "tube": [f"T{number // 5}" for number in range(40)],
    "person": [f"H{number:08d}" for number in range(40)],
    "person_type": ["HKM"] * 40,
    "site": [None if number % 3 == 0 else f"S{number % 4}" for number in range(40)],
    "mode": [None if number % 10 < 5 else "single" for number in range(40)],
    "capacity": [None if number % 7 else "20" for number in range(40)],
}


def _written(table: pa.Table, path: Path) -> Path:
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table)
    return path


@pytest.mark.parametrize("indices", INDICES, ids=str)
@pytest.mark.parametrize("values", [pa.string(), pa.large_string()], ids=str)
def test_dictionary__of_any_index_says_what_a_plain_column_says(
    indices: pa.DataType, values: pa.DataType, tmp_path: Path
) -> None:
    plain = pa.table({name: pa.array(column, pa.string()) for name, column in COLUMNS.items()})
    encoded = pa.table(
        {
            name: pa.array(column, values).dictionary_encode().cast(pa.dictionary(indices, values))
            for name, column in COLUMNS.items()
        }
    )
    expected = poolpipe.run(_written(plain, tmp_path / "collect-plain.arrow"))
    got = poolpipe.run(_written(encoded, tmp_path / "collect-encoded.arrow"))
    assert got.rejects.is_empty()
    assert got.summary["files"][0]["accepted"] == 40
    for table in ("pools", "members"):
        assert got.table(table).equals(expected.table(table)), table
