"""Arrow streams that were posted, read together, beside the same streams read as files."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from poolpipe.events.arrow_ipc import read_arrow
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.events.posted_streams import read_streams
from poolpipe.events.sources import Source
from poolpipe.events.taking import Placed

LONGEST = 1_000


def table_of(first: int, count: int, **more: Any) -> pa.Table:
    numbers = range(first, first + count)
    columns = {
        "at": [f"2022-02-10 08:{number % 60:02}" for number in numbers],
        "tube": [None if number % 7 == 3 else f"T{number // 5}" for number in numbers],
        "person": [f"E{number}" for number in numbers],
    }
    return pa.table(columns | {name: pa.array(values) for name, values in more.items()})


def stream_of(table: pa.Table, *, rows: int | None = None, compression: str | None = None) -> bytes:
    sink = io.BytesIO()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table, max_chunksize=rows)
    return sink.getvalue()


def file_of(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue()


def coded(table: pa.Table) -> pa.Table:
    return table.set_column(1, "tube", table["tube"].combine_chunks().dictionary_encode())


def read(bodies: list[bytes], kinds: list[str | None] | None = None) -> list[Placed | int]:
    kinds = kinds or ["collect"] * len(bodies)
    requests = [
        Posted(0, "gun", kind, PostedForm.ARROW, body) for kind, body in zip(kinds, bodies, strict=True)
    ]
    sources = [Source(Path("inbox"), f"inbox/{place}", kind) for place, kind in enumerate(kinds, 1)]
    return list(read_streams(requests, sources, np.arange(len(bodies)), LONGEST))


def as_file(folder: Path, body: bytes) -> list[tuple[dict[str, Any], int, str]]:
    """Row, record number and legible text of each record of a body that is a file."""
    path = folder / "posted"
    path.write_bytes(body)
    found = []
    for batch in read_arrow(path, LONGEST, stream=not body.startswith(b"ARROW1")):
        assert not batch.broken.height
        raws = batch.raw(np.arange(batch.table.num_rows))
        found += list(zip(batch.table.to_pylist(), batch.lines.tolist(), raws, strict=True))
    return found


def test_streams_of_equal_columns_are_one_table_with_the_rows_of_each(tmp_path: Path) -> None:
    bodies = [
        stream_of(table_of(0, 5)), stream_of(table_of(5, 1)), file_of(table_of(6, 3)),
        stream_of(table_of(9, 40), rows=7), stream_of(table_of(49, 30), compression="zstd"),
    ]  # fmt: skip
    (placed,) = read(bodies)
    assert isinstance(placed, Placed)
    assert placed.files.tolist() == [0, 1, 2, 3, 4]
    rows, batch = placed.batch.table.to_pylist(), placed.batch
    raws = batch.raw(np.arange(len(rows)))
    found = list(zip(placed.rows.tolist(), rows, batch.lines.tolist(), raws, strict=True))
    wanted = [(place, *each) for place, body in enumerate(bodies) for each in as_file(tmp_path, body)]
    assert found == wanted


def test_dictionaries_are_joined(tmp_path: Path) -> None:
    bodies = [stream_of(coded(table_of(first, 12))) for first in (0, 12, 3)]
    (placed,) = read(bodies)
    assert isinstance(placed, Placed)
    assert placed.batch.table.to_pylist() == [row for body in bodies for row, _, _ in as_file(tmp_path, body)]


def test_other_columns_and_other_kinds_stand_apart() -> None:
    plain, wider = stream_of(table_of(0, 4)), stream_of(table_of(0, 4, site=["S1"] * 4))
    found = read([plain, wider, plain, plain], ["collect", "collect", "report", "collect"])
    assert all(isinstance(each, Placed) for each in found)
    assert sorted(each.files.tolist() for each in found if isinstance(each, Placed)) == [[0, 3], [1], [2]]


BOMB = pa.table({"at": ["2022-02-10 08:00"] * 600_000, "tube": ["T"] * 600_000})
TROUBLED = {
    "cut short": stream_of(table_of(0, 50))[:-200],
    "no rows": stream_of(table_of(0, 0)),
    "a cell too long": stream_of(table_of(0, 2, site=["S" * (LONGEST + 1), "S2"])),
    "no text": stream_of(table_of(0, 2, site=[b"\xff\xfe", b"S2"])),
    "one record many times": stream_of(table_of(0, 1).take([0] * 5_000)),
    "header is data": stream_of(table_of(0, 2).rename_columns(["2022-02-10 08:00", "T1", "110105194912310021"])),
    "unpacks to much": stream_of(BOMB, rows=10_000, compression="zstd"),
}  # fmt: skip


@pytest.mark.parametrize("trouble", TROUBLED)
def test_whatever_is_to_be_told_of_is_read_alone_and_takes_nobody_with_it(trouble: str) -> None:
    plain = stream_of(table_of(0, 4))
    found = read([plain, TROUBLED[trouble], plain])
    assert 1 in found
    together = [each.files.tolist() for each in found if isinstance(each, Placed)]
    assert together in ([[0, 2]], [])
    alone = [each for each in found if isinstance(each, int)]
    assert sorted([place for places in together for place in places] + alone) == [0, 1, 2]


def test_one_record_many_times_is_told_of_though_no_request_has_many() -> None:
    body = stream_of(table_of(0, 1).take([0] * 500))
    assert read([body] * 10) == list(range(10))
