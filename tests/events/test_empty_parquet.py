"""A Parquet file without rows, with an empty row group or with none, is a file of no records and stops nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import poolpipe

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("groups", [0, 1])
def test_parquet__without_rows_is_read_as_nothing(groups: int, tmp_path: Path) -> None:
    columns = {"at": "2022-02-10T08:00:00Z", "tube": "T", "person": "A", "person_type": "HKM"}
    one = pa.table({name: [value] for name, value in columns.items()})
    with pq.ParquetWriter(tmp_path / "collect-empty.parquet", one.schema) as writer:
        for _ in range(groups):
            writer.write_table(one.slice(0, 0))
    pq.write_table(one, tmp_path / "collect-one.parquet")
    day = poolpipe.run(tmp_path)
    assert day.members["person"].to_list() == ["A"]
    assert {file["file"]: file["read"] for file in day.summary["files"]} == {
        "collect-empty.parquet": 0,
        "collect-one.parquet": 1,
    }
    assert day.rejects.is_empty()
