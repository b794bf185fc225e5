"""Tables of any columns: every format, compression and encoding of events, whole or refused."""

from __future__ import annotations

import gzip
import io

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from poolpipe.errors import InputError
from poolpipe.events.any_table import read_any_table

TABLE = pl.DataFrame({"pool": ["007", "A"], "person": ["张三", "p"], "prior": ["0.01", None]})


def as_csv(separator=","):
    return TABLE.write_csv(separator=separator).encode()


def written(write):
    room = io.BytesIO()
    write(room)
    return room.getvalue()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("t.csv", as_csv()),
        ("t.txt", as_csv("\t")),
        ("t.csv", as_csv(";")),
        ("t.csv", b"\xef\xbb\xbf" + as_csv()),
        ("t.csv", as_csv().decode().encode("gb18030")),
        ("t.csv", as_csv().decode().encode("utf-16")),
        ("t.csv.gz", gzip.compress(as_csv())),
        ("t.ndjson", TABLE.write_ndjson().encode()),
        ("t.json", TABLE.write_json().encode()),
        ("t.parquet", written(TABLE.write_parquet)),
        ("t.arrow", written(TABLE.write_ipc)),
        ("t.arrows", written(TABLE.write_ipc_stream)),
    ],
    ids=[
        "csv",
        "tab",
        "semicolon",
        "bom",
        "gb18030",
        "utf-16",
        "gzip",
        "ndjson",
        "json",
        "parquet",
        "arrow",
        "stream",
    ],
)
def test_table__of_any_format_is_read_whole(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    assert_frame_equal(read_any_table(tmp_path / name), TABLE)


def test_types__of_parquet_stay(tmp_path):
    frame = pl.DataFrame({"person": [1, 2], "prior": [0.5, 0.25]})
    frame.write_parquet(tmp_path / "t.parquet")
    assert_frame_equal(read_any_table(tmp_path / "t.parquet"), frame)


@pytest.mark.parametrize(
    ("name", "content", "why"),
    [
        ("t.csv.gz", gzip.compress(as_csv() * 500)[:-20], "cannot be read"),
        (
            "t.parquet.gz",
            gzip.compress(written(TABLE.write_parquet)),
            "a parquet file inside gzip: unpack it",
        ),
        ("t.parquet", written(TABLE.write_parquet)[:-20], "cannot be read"),
        ("t.xlsx", b"PK\x03\x04" + bytes(100), "cannot be read"),
        ("t.csv", b"pool,person\nA,\xff\xfe\xff\xff\x81\n", "cannot be read"),
        ("t.csv", b"", "cannot be read"),
        ("t.csv", b"pool,person\nA\nB,p,q\n", "cannot be read"),
    ],
)
def test_table__that_is_not_whole_is_refused(tmp_path, name, content, why):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=why) as refused:
        read_any_table(tmp_path / name)
    assert refused.value.where.endswith(name)


def test_table__that_is_not_there_is_refused(tmp_path):
    with pytest.raises(InputError, match="No such file"):
        read_any_table(tmp_path / "none.csv")
