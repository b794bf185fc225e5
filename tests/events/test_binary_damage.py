"""Parquet and Arrow, damaged and hostile: a reject that says so, in bounded memory, and never the end of the process."""

from __future__ import annotations

import io
import random
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from events.memory import memory_of_reading, outcome_of_reading
from events.scans import codes, column, counts, read, read_text, tubes
from poolpipe.events.claims import claimed_by_arrow
from poolpipe.events.isolation import Isolated
from poolpipe.policy import Policy

if TYPE_CHECKING:
    from collections.abc import Iterator

CASES = Path(__file__).parents[1] / "cases"
AT = "2022-02-10T08:30:00Z"
SHORT = Policy().model_copy(update={"files": Policy().files.model_copy(update={"longest_record": 1 << 12})})


@pytest.fixture(name="child", scope="module")
def _child() -> Iterator[Isolated]:
    isolated = Isolated(memory=64 << 30, seconds=300)
    yield isolated
    isolated.close()


def _scans(rows: int = 60) -> pa.Table:
    numbers = range(rows)
    return pa.table(
        {
            "at": [datetime(2022, 2, 10, 8, number % 60, tzinfo=UTC) for number in numbers],
            "tube": [f"T{number // 10:04}" for number in numbers],
            "person": [f"99010019900101{number:04}" for number in numbers],
            "name": [None if number % 7 == 0 else f"李{number}" for number in numbers],
            "site": pa.array(["县医院" if number % 3 else None for number in numbers]).dictionary_encode(),
            "point": pa.array([f"a point with a long name {number}" for number in numbers], pa.string_view()),
            "phone": [["a"] if number % 2 else None for number in numbers],
            "capacity": pa.array([10] * rows, pa.int32()),
            "operator": pa.nulls(rows, pa.string()),
        }
    )


def _parquet(table: pa.Table, **options: Any) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, **options)
    return stream.getvalue()


def _ipc(table: pa.Table, *, stream: bool = False, compression: str | None = None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema, options=options) as writer:
        writer.write_table(table, 25)
    return bytes(sink.getvalue())


def _by_polars(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pl.DataFrame(table).write_parquet(stream, row_group_size=30)
    return stream.getvalue()


def _plain() -> pa.Table:
    return _scans().drop_columns(["point"])


TABLES = {
    "parquet": lambda: _parquet(_plain()),
    "parquet of row groups, zstd": lambda: _parquet(
        _plain(), row_group_size=20, compression="zstd", write_page_index=True
    ),
    "parquet without dictionaries": lambda: _parquet(_plain(), use_dictionary=False, data_page_version="2.0"),
    "parquet of differences": lambda: _parquet(
        _plain(),
        use_dictionary=False,
        column_encoding={
            "tube": "DELTA_BYTE_ARRAY",
            "person": "DELTA_LENGTH_BYTE_ARRAY",
            "capacity": "DELTA_BINARY_PACKED",
            "name": "DELTA_BYTE_ARRAY",
        },
    ),
    "parquet of polars": lambda: _by_polars(_plain()),
    "arrow": lambda: _ipc(_scans()),
    "arrow, zstd": lambda: _ipc(_scans(), compression="zstd"),
    "arrow stream": lambda: _ipc(_scans(), stream=True),
    "arrow stream, lz4": lambda: _ipc(_scans(), stream=True, compression="lz4"),
}


def _damaged(content: bytes, rng: random.Random) -> bytes:
    """Damage in one to three places, half of it near the end, where Parquet and Arrow say what they hold."""
    for _ in range(rng.choice([1, 1, 3])):
        place = rng.randrange(len(content) * rng.choice([0, 3]) // 4, len(content))
        kind = rng.randrange(4)
        if kind == 0:
            content = content[:place] + content[place + rng.randrange(1, 5) :]
        elif kind == 1:
            content = content[:place] + rng.randbytes(rng.randrange(1, 5)) + content[place:]
        else:
            byte = (
                content[place] ^ 1 << rng.randrange(8) if kind == 2 else rng.choice([0, 1, 0x7F, 0x80, 0xFF])
            )
            content = content[:place] + bytes([byte]) + content[place + 1 :]
    return content


@pytest.mark.parametrize("form", TABLES)
def test_table__damaged_anywhere_is_accounted_for_and_ends_no_process(
    form: str, tmp_path: Path, child: Isolated
) -> None:
    """In a child, where a fault of the reader's would be told as one."""
    sound = TABLES[form]()
    rng = random.Random(form)
    path = tmp_path / "collect.any"
    for number in range(20):
        path.write_bytes(_damaged(sound, rng))
        assert child.call(outcome_of_reading, str(path)) in ("read", "left aside"), number


@pytest.mark.parametrize("form", TABLES)
def test_table__undamaged_is_read_whole(form: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, TABLES[form](), "collect.any")
    assert counts(events) == (60, 60, 0, 0)
    assert column(events, "site") == ["县医院" if number % 3 else None for number in range(60)]


def test_statistics__that_are_damaged_are_never_asked_for(child: Isolated) -> None:
    """Arrow ends its process over them."""
    folder = CASES / "torture" / "parquet-abort"
    assert child.call(outcome_of_reading, str(folder)) == "read"
    events = read(folder)
    assert {code for _, code in codes(events)} == {"not_parseable"}
    assert "histogram size mismatch" in events.rejects["detail"][0]


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.string_view()], ids=str)
@pytest.mark.parametrize("is_coded", [False, True], ids=["plain", "dictionary"])
def test_offsets__that_point_outside_are_damage_and_bytes_that_are_no_text_one_record(
    kind: pa.DataType, *, is_coded: bool, tmp_path: Path, child: Isolated
) -> None:
    texts = pa.array([f"a text of some length {number}" for number in range(3)], kind)
    binary = {
        pa.string(): pa.binary(),
        pa.large_string(): pa.large_binary(),
        pa.string_view(): pa.binary_view(),
    }
    odd = pa.array(
        [b"\xcf\xd8\xd2\xbd\xd4\xba is no UTF-8", b"two texts of length", b"three texts of length"]
    )
    none = odd.cast(binary[kind]).view(kind)
    for site, expected in ((texts, (3, 3, 0, 0)), (none, (3, 2, 0, 1))):
        values = pa.DictionaryArray.from_arrays(pa.array([0, 1, 2]), site) if is_coded else site
        table = _scans(3).set_column(4, "site", values)
        content = _ipc(table)
        assert counts(read_text(tmp_path, content, "collect.arrow")) == expected
        for place in range(0, len(content), 8):  # every word that could be an offset
            wrong = content[:place] + b"\xff\xff\xff\x7f" + content[place + 4 :]
            if place % 256 == 0 or b"texts of" in content[place : place + 64]:
                (tmp_path / "x.arrow").write_bytes(wrong)
                child.call(outcome_of_reading, str(tmp_path / "x.arrow"))


def test_zone__whose_name_is_no_text_is_damage(tmp_path: Path) -> None:
    content = _ipc(pa.table({"at": pa.array([0], pa.timestamp("us", "Asia/Shanghai"))}))
    events = read_text(tmp_path, content.replace(b"Asia/S", b"Asia/\xff"), "collect.arrow")
    assert codes(events) == [(None, "not_parseable")]


def _constant(rows: int, value: str | None) -> pa.Array:
    return pa.DictionaryArray.from_arrays(
        pa.array([0]).take(pa.array([0] * rows)).cast(pa.int32()), pa.array([value], pa.string())
    )


@pytest.mark.parametrize("form", ["parquet", "arrow"])
@pytest.mark.parametrize("is_null", [True, False], ids=["nothing", "one event"])
def test_records__alike_by_the_million_cost_what_one_does(
    form: str, *, is_null: bool, tmp_path: Path, child: Isolated
) -> None:
    rows = 3_000_000
    values = {"at": AT, "tube": "T1", "person": "H1"}
    table = pa.table(
        {name: pa.nulls(rows, pa.null() if form == "arrow" else pa.string()) for name in values}
        if is_null
        else {name: _constant(rows, value) for name, value in values.items()}
    )
    path = tmp_path / f"collect.{form}"
    path.write_bytes(_parquet(table) if form == "parquet" else _one_batch(table))
    assert path.stat().st_size < (40_000 if form == "parquet" or is_null else 40_000_000)
    told, megabytes = child.call(memory_of_reading, str(path))
    assert told[0] == rows
    assert told[1] == (0 if is_null else 1)
    assert told[3] == (1 if form == "arrow" else 3 if is_null else 0) - (
        0 if is_null or form == "parquet" else 1
    )
    assert megabytes < 300


def _one_batch(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


def test_records__alike_but_one_are_told_apart(tmp_path: Path) -> None:
    rows = 10_000
    tube = ["T1"] * rows
    tube[1234] = "T2"
    table = pa.table({"at": [AT] * rows, "tube": tube, "person": ["H1"] * rows})
    events = read_text(tmp_path, _parquet(table), "collect.parquet")
    assert (tubes(events), counts(events)) == (["T1", "T2"], (rows, 2, rows - 2, 0))


def test_records__alike_and_unreadable_are_one_reject_and_its_repetitions(tmp_path: Path) -> None:
    rows = 10_000
    table = pa.table({"at": ["yesterday"] * rows, "tube": ["T1"] * rows, "person": ["H1"] * rows})
    events = read_text(tmp_path, _parquet(table), "collect.parquet")
    assert counts(events) == (rows, 0, rows - 1, 1)
    assert codes(events) == [(1, "bad_time")]


@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_file__that_goes_on_with_records_of_no_size_is_read_to_a_bound(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolpipe.events.claims._MANY_RECORDS", 1000)
    monkeypatch.setattr("poolpipe.events.claims._RECORDS_A_BYTE", 0)
    monkeypatch.setattr("poolpipe.events.parquet.ROWS", 500)
    monkeypatch.setattr("poolpipe.events.binary.ROWS", 500)
    table = pa.table({"at": [AT] * 3000, "tube": [f"T{n}" for n in range(3000)], "person": ["H1"] * 3000})
    content = _parquet(table) if form == "parquet" else _one_batch(table)
    events = read_text(tmp_path, content, f"collect.{form}")
    assert counts(events) == (1501, 1500, 0, 1)
    assert "what follows record 1,500 is left out" in events.rejects["detail"][0]


@pytest.mark.parametrize("form", ["parquet", "arrow", "arrow stream", "arrow of polars"])
def test_bomb__of_compressed_values_is_refused_before_it_is_unpacked(
    form: str, tmp_path: Path, child: Isolated
) -> None:
    rows = 1_000_000 if form == "arrow of polars" else 17_000_000
    numbers = pl.repeat(0, rows, dtype=pl.Int64, eager=True).to_arrow()
    table = pa.table({"at": numbers, "tube": numbers})
    path = tmp_path / "collect.any"
    if form == "parquet":
        path.write_bytes(_parquet(table, use_dictionary=False, compression="zstd", row_group_size=rows))
    elif form == "arrow of polars":
        pl.DataFrame(table).write_ipc(path, compression="zstd", record_batch_size=rows)
    else:
        sink = pa.BufferOutputStream()
        options = pa.ipc.IpcWriteOptions(compression="zstd")
        with (pa.ipc.new_stream if "stream" in form else pa.ipc.new_file)(
            sink, table.schema, options=options
        ) as writer:
            writer.write_table(table)
        path.write_bytes(sink.getvalue().to_pybytes())
    if form == "arrow of polars":
        with path.open("rb") as file:
            assert claimed_by_arrow(file, is_stream=False) >= 16 * rows
        return
    told, megabytes = child.call(memory_of_reading, str(path))
    assert told == (1, 0, 0, 1)
    assert megabytes < 200


@pytest.mark.parametrize("wrong", [b"\0\0", b"\1\0", b"\xff\xff"], ids=bytes.hex)
@pytest.mark.parametrize("is_stream", [True, False], ids=["stream", "file"])
def test_claims__of_any_damaged_message_are_a_number(wrong: bytes, *, is_stream: bool) -> None:
    coded = pa.array(["T1", "T2", "T1"] * 100).dictionary_encode()
    sink = pa.BufferOutputStream()
    table, options = pa.table({"tube": coded}), pa.ipc.IpcWriteOptions(compression="zstd")
    with (pa.ipc.new_stream if is_stream else pa.ipc.new_file)(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    content = sink.getvalue().to_pybytes()
    sound = claimed_by_arrow(io.BytesIO(content), is_stream=is_stream)
    assert sound > 0
    claims = {
        claimed_by_arrow(
            io.BytesIO(content[:place] + wrong + content[place + len(wrong) :]), is_stream=is_stream
        )
        for place in range(len(content))
    }
    assert {0, sound} <= claims


@pytest.mark.parametrize("is_coded", [False, True], ids=["plain", "dictionary"])
@pytest.mark.parametrize("name", ["name", "site", "tube"])
@pytest.mark.parametrize("form", ["parquet", "arrow"])
def test_cell__that_is_too_long_is_one_reject(
    form: str, name: str, *, is_coded: bool, tmp_path: Path
) -> None:
    columns: dict[str, Any] = {"at": [AT] * 3, "tube": ["T1", "T2", "T3"], "person": ["H1", "H2", "H3"]}
    texts = pa.array(["x" if name != "tube" else "T1", "y" * 5000, None if name != "tube" else "T3"])
    columns[name] = texts.dictionary_encode() if is_coded else texts
    content = (_parquet if form == "parquet" else _ipc)(pa.table(columns))
    events = read_text(tmp_path, content, f"collect.{form}", policy=SHORT)
    assert codes(events) == [(2, "not_parseable")]
    assert "files.longest_record" in events.rejects["detail"][0]
    assert len(events.rejects["raw"][0]) == 1000
    assert tubes(events) == ["T1", "T3"]


def test_cell__of_fifty_megabytes_in_every_record_is_bounded(tmp_path: Path, child: Isolated) -> None:
    rows = 200
    long = pa.DictionaryArray.from_arrays(pa.array([0] * rows, pa.int32()), ["n" * (50 << 20)])
    table = pa.table(
        {"at": [AT] * rows, "tube": [f"T{n}" for n in range(rows)], "person": ["H1"] * rows, "name": long}
    )
    path = tmp_path / "collect.parquet"
    path.write_bytes(_parquet(table, compression="zstd"))
    told, megabytes = child.call(memory_of_reading, str(path))
    assert told == (rows, 0, 0, rows)
    assert megabytes < 1500
