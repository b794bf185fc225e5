"""Parts of tables come back as they were written, with a dictionary or without."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyarrow.dataset import dataset

from poolpipe.store.parts import read_part, write_part

if TYPE_CHECKING:
    from pathlib import Path

TEXT = pa.dictionary(pa.int32(), pa.large_string())
CELLS = st.lists(
    st.lists(st.none() | st.sampled_from(["T1", "T2", "T3", "管", ""]), max_size=8), min_size=1, max_size=4
)


def columns_of(chunks: list[list[str | None]]) -> pa.ChunkedArray:
    return pa.chunked_array(
        [pa.array(chunk, pa.large_string()).dictionary_encode().cast(TEXT) for chunk in chunks]
    )


@given(chunks=CELLS)
def test_texts__come_back_whatever_was_chosen_for_them(
    tmp_path_factory: pytest.TempPathFactory, chunks: list[list[str | None]]
) -> None:
    path = tmp_path_factory.mktemp("parts") / "part.parquet"
    table = pa.table({"tube": columns_of(chunks)})
    proof = write_part(table, path)
    told = table["tube"].to_pylist()
    assert read_part(path, proof, table.schema)["tube"].to_pylist() == told
    kept = read_part(path, proof, table.schema, as_kept=True)
    if any(cell is not None for cell in told):
        assert kept["tube"].to_pylist() == told
    elif told:
        assert kept.num_columns == 0


@pytest.mark.parametrize(
    ("cells", "kept"),
    [([f"T{n}" for n in range(100)], pa.large_string()), ([f"T{n // 10}" for n in range(100)], TEXT)],
    ids=["a tube a row", "ten rows a tube"],
)
def test_mostly_distinct_texts__have_no_dictionary(
    tmp_path: Path, cells: list[str | None], kept: pa.DataType
) -> None:
    path = tmp_path / "part.parquet"
    table = pa.table({"tube": columns_of([cells])})
    proof = write_part(table, path)
    assert read_part(path, proof, table.schema, as_kept=True).schema.field("tube").type == kept
    assert read_part(path, proof, table.schema).schema.field("tube").type == TEXT


def test_columns_with_and_without_null__are_one_table_to_other_readers(tmp_path: Path) -> None:
    told: list[list[str | None]] = [["T1", "T2"], ["T3", None], ["T4", "T5"]]
    paths = [tmp_path / f"{n}.parquet" for n in range(3)]
    for path, cells in zip(paths, told, strict=True):
        write_part(pa.table({"tube": columns_of([cells])}), path)
    files, expected = [str(path) for path in paths], [cell for cells in told for cell in cells]
    assert [pq.read_schema(path).field("tube").nullable for path in paths] == [False, True, False]
    assert pl.scan_parquet(files).collect()["tube"].to_list() == expected
    assert dataset(files).to_table()["tube"].to_pylist() == expected
    rows = duckdb.execute("select tube from read_parquet($files)", {"files": files}).fetchall()
    assert [cell for (cell,) in rows] == expected
