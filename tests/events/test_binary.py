"""Parquet and Arrow: columns of any type that means the same."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from events.scans import POLICY, codes, column, counts, read, read_text, tubes

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOMENT = datetime(2022, 2, 10, 0, 30, 0, 123456, tzinfo=UTC)
WALL = datetime(2022, 2, 10, 8, 30, 0, 123456)  # noqa: DTZ001 - the clock on a wall in Shanghai


def _parquet(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream)
    return stream.getvalue()


def _arrow(table: pa.Table, *, stream: bool = False) -> bytes:
    sink = pa.BufferOutputStream()
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())


WRITERS: dict[str, Callable[[pa.Table], bytes]] = {
    "parquet": _parquet,
    "arrow": _arrow,
    "arrow stream": lambda table: _arrow(table, stream=True),
}


def _scans(**columns: Any) -> pa.Table:
    given = {"at": ["2022-02-10T08:30:00Z"] * 3, "tube": ["T1", "T2", "T3"], "person": ["H1", "H2", "H3"]}
    return pa.table(given | columns)


@pytest.mark.parametrize("name", ["collect.parquet", "collect.arrow", "collect.csv", "collect.ndjson"])
@pytest.mark.parametrize("form", WRITERS)
def test_table__is_recognised_under_any_name(form: str, name: str, tmp_path: Path) -> None:
    assert tubes(read_text(tmp_path, WRITERS[form](_scans()), name)) == ["T1", "T2", "T3"]


TEXT_TYPES = [
    pa.string(),
    pa.large_string(),
    pa.string_view(),
    pa.binary(),
    pa.large_binary(),
    pa.dictionary(pa.int8(), pa.string()),
    pa.dictionary(pa.uint32(), pa.large_string()),
]


@pytest.mark.parametrize("form", WRITERS)
@pytest.mark.parametrize("kind", TEXT_TYPES, ids=str)
def test_texts__of_every_layout_are_texts(kind: pa.DataType, form: str, tmp_path: Path) -> None:
    values = ["县医院", None, " 一小 "]
    texts = pa.array([None if value is None else value.encode() for value in values], pa.binary())
    site = (
        texts.cast(pa.string()).dictionary_encode().cast(kind)
        if pa.types.is_dictionary(kind)
        else texts.cast(pa.string()).cast(kind)
    )
    events = read_text(tmp_path, WRITERS[form](_scans(site=site)), "collect.any")
    assert column(events, "site") == ["县医院", None, "一小"]


@pytest.mark.parametrize(
    "kind", [pa.int8(), pa.uint16(), pa.int32(), pa.int64(), pa.uint64(), pa.float32(), pa.float64()], ids=str
)
def test_codes__that_a_spreadsheet_made_numbers_of_lose_their_point(
    kind: pa.DataType, tmp_path: Path
) -> None:
    numbers = pa.array([7, None, 101], pa.int64()).cast(kind)
    table = _scans(tube=numbers, capacity=numbers, site=numbers)
    events = read_text(tmp_path, _parquet(table), "collect.parquet")
    assert tubes(events) == ["101", "7"]
    assert (column(events, "capacity"), column(events, "site")) == ([101, 7], ["101", "7"])
    assert codes(events) == [(2, "missing_value")]


def test_large_numbers__stay_whole(tmp_path: Path) -> None:
    table = _scans(tube=pa.array([2**53 + 1, 2**63 - 1, 10**15], pa.int64()))
    assert tubes(read_text(tmp_path, _parquet(table), "collect.parquet")) == [
        "1000000000000000",
        "9007199254740993",
        "9223372036854775807",
    ]


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
@pytest.mark.parametrize("zone", [None, "UTC", "Asia/Shanghai", "America/New_York", "+08:00"])
def test_times__of_every_unit_and_zone_are_moments(unit: str, zone: str | None, tmp_path: Path) -> None:
    given = WALL if zone is None else MOMENT
    at = pa.array([given] * 3, pa.timestamp("us", zone)).cast(pa.timestamp(unit, zone), safe=False)
    events = read_text(tmp_path, _parquet(_scans(at=at)), "collect.parquet")
    kept = {"s": 0, "ms": 123000}.get(unit, 123456)
    assert column(events, "at") == [MOMENT.replace(microsecond=kept)] * 3


def test_times__without_zone_are_the_policys(tmp_path: Path) -> None:
    lisbon = POLICY.model_copy(update={"time_zone": "Europe/Lisbon"})
    table = _scans(at=pa.array([WALL] * 3, pa.timestamp("us")))
    events = read_text(tmp_path, _parquet(table), "collect.parquet", policy=lisbon)
    assert column(events, "at") == [WALL.replace(tzinfo=ZoneInfo("Europe/Lisbon")).astimezone(UTC)] * 3


def test_times__that_no_clock_showed_are_bad(tmp_path: Path) -> None:
    berlin = POLICY.model_copy(update={"time_zone": "Europe/Berlin"})
    skipped = datetime(2022, 3, 27, 2, 30)  # noqa: DTZ001 - summer time begins at two
    table = _scans(at=pa.array([skipped, None, WALL], pa.timestamp("us")))
    events = read_text(tmp_path, _parquet(table), "collect.parquet", policy=berlin)
    assert codes(events) == [(1, "bad_time"), (2, "missing_value")]


@pytest.mark.parametrize(
    "at",
    [
        pa.array([True, False, None]),
        pa.array([1, 2, 3], pa.int64()),
        pa.array([None, None, None], pa.null()),
        pa.array([[1], [2], None], pa.list_(pa.int64())),
        pa.array([{"a": 1}, {"a": 2}, None]),
    ],
    ids=lambda array: str(array.type),
)
def test_times__of_other_types_are_refused_one_by_one(at: pa.Array, tmp_path: Path) -> None:
    events = read_text(tmp_path, _parquet(_scans(at=at)), "collect.parquet")
    assert counts(events) == (3, 0, 0, 3)
    assert {code for _, code in codes(events)} <= {"bad_time", "missing_value"}


@pytest.mark.parametrize(
    "kind", [pa.float16(), pa.float32(), pa.float64(), pa.decimal128(6, 2), pa.string()], ids=str
)
def test_ct__of_every_type_is_a_number_and_nan_is_none(kind: pa.DataType, tmp_path: Path) -> None:
    values = pa.array([28.5, None, 40.0]).cast(kind)
    if pa.types.is_floating(kind):
        values = pa.concat_arrays([values.slice(0, 1), pa.array([float("nan")]).cast(kind), values.slice(2)])
    table = pa.table(
        {"at": ["2022-02-10T08:30:00Z"] * 3, "plate": ["P"] * 3, "well": ["A1", "b02", "H12"],
         "target": ["N"] * 3, "ct": values}
    )  # fmt: skip
    events = read_text(tmp_path, _parquet(table), "read.parquet")
    assert column(events, "ct", "read") == [28.5, None, 40.0]
    assert column(events, "well", "read") == [0, 13, 95]


@pytest.mark.parametrize("form", WRITERS)
def test_damaged__file_is_one_reject_and_no_crash(form: str, tmp_path: Path) -> None:
    content = WRITERS[form](pa.concat_tables([_scans()] * 50))
    for cut in (9, len(content) // 2, len(content) - 1):
        events = read_text(tmp_path, content[:cut], f"collect-{cut}.parquet")
        assert set(tubes(events)) <= {"T1", "T2", "T3"}
        assert form == "arrow stream" or counts(events) == (1, 0, 0, 1)
    middle = len(content) // 2
    corrupt = (
        content[:middle]
        + bytes(255 - byte for byte in content[middle : middle + 40])
        + content[middle + 40 :]
    )
    read_text(tmp_path, corrupt, "collect-corrupt.parquet")


def test_compressed__table_says_that_it_must_be_unpacked(tmp_path: Path) -> None:
    import gzip

    events = read_text(tmp_path, gzip.compress(_parquet(_scans())), "collect.parquet.gz")
    assert codes(events) == [(None, "not_parseable")]
    assert "unpack it" in events.rejects["detail"][0]


def test_arrow_stream__that_breaks_off_gives_the_batches_before(tmp_path: Path) -> None:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, _scans().schema) as writer:
        writer.write_table(_scans())
        first = sink.tell()
        writer.write_table(_scans(tube=["T4", "T5", "T6"]))
    content = sink.getvalue().to_pybytes()
    events = read_text(tmp_path, content[: first + 40], "collect.arrow")
    assert tubes(events) == ["T1", "T2", "T3"]
    assert codes(events) == [(None, "not_parseable")]


def test_columns__in_any_case_and_unknown_ones_are_left_out_and_named(tmp_path: Path) -> None:
    table = _scans(weather=[1, 2, 3]).rename_columns(["AT", "Tube", " person ", "weather"])
    events = read_text(tmp_path, _parquet(table), "collect.parquet")
    assert (tubes(events), events.left_out) == (["T1", "T2", "T3"], {"collect.parquet": ["weather"]})


def test_columns__none_of_which_is_known_lose_no_record(tmp_path: Path) -> None:
    for form, write in WRITERS.items():
        events = read_text(tmp_path, write(pa.table({"x": [1, 2]})), f"collect {form}.parquet")
        assert counts(events) == (2, 0, 0, 2), form


def test_columns__nested_or_empty_are_texts_or_nothing(tmp_path: Path) -> None:
    table = _scans(
        site=pa.nulls(3), name=pa.array([[1, 2], None, [3]]), phone=pa.array([{"a": 1}, None, {"a": 2}])
    )
    events = read_text(tmp_path, _parquet(table), "collect.parquet")
    assert (tubes(events), column(events, "site")) == (["T1", "T2", "T3"], [None] * 3)


def test_rejects__keep_the_record_as_json(tmp_path: Path) -> None:
    events = read_text(tmp_path, _parquet(_scans(tube=["T1", "T 2", "T3"])), "collect.parquet")
    assert events.rejects.select("line", "code").rows() == [(2, "bad_code")]
    assert '"tube":"T 2"' in events.rejects["raw"][0]


def test_frames__are_read_like_files(tmp_path: Path) -> None:
    frame = pl.DataFrame(_scans(tube=["T1", "T 2", "T1"], person=["H1", "H2", "H1"]))
    events = read({"collect": frame, "seal": pl.DataFrame({"at": [MOMENT], "tube": ["T1"], "swabs": [1]})})
    assert counts(events) == (4, 2, 1, 1)
    assert [file["file"] for file in events.files] == ["collect", "seal"]


def test_frames__may_come_in_any_mapping() -> None:
    from types import MappingProxyType

    assert tubes(read(MappingProxyType({"collect": pl.DataFrame(_scans())}))) == ["T1", "T2", "T3"]


@pytest.mark.parametrize("kind", [pa.binary(), pa.large_binary(), pa.string(), pa.large_string()], ids=str)
def test_texts__in_another_encoding_never_stop_the_others(kind: pa.DataType, tmp_path: Path) -> None:
    """Parquet does not ask whether a text is one: a careless export puts GBK into a column of UTF-8."""
    raw = pa.array(["县医院".encode("gbk"), "一小".encode(), None], pa.binary())
    site = (
        raw.view(kind)
        if kind == pa.string()
        else raw.cast(pa.large_binary()).view(kind)
        if "large" in str(kind)
        else raw
    )
    events = read_text(tmp_path, _parquet(_scans(site=site)), "collect.parquet")
    assert {"T2", "T3"} <= set(tubes(events))
    assert column(events, "site")[-2:] == ["一小", None]
    assert counts(events)[0] == 3


@pytest.mark.parametrize("again", ["tube", "Tube", " ｔｕｂｅ "])
@pytest.mark.parametrize("form", WRITERS)
def test_columns__of_one_name_are_asked_and_every_record_is_kept(
    form: str, again: str, tmp_path: Path
) -> None:
    scans = _scans()
    twice = pa.table([*scans.columns, pa.array(["U1", "U2", "U3"])], names=[*scans.column_names, again])
    events = read_text(tmp_path, WRITERS[form](twice), "collect.parquet")
    assert codes(events) == [(line, "not_parseable") for line in (1, 2, 3)]
    assert "are both called tube" in events.rejects["detail"][0]
    assert all(f"{value}2" in events.rejects["raw"][1] for value in "HTU")


@pytest.mark.parametrize("form", WRITERS)
def test_columns__called_after_a_record_have_lost_that_record_and_it_is_told(
    form: str, tmp_path: Path
) -> None:
    """What a program writes that takes the first record of a file without a header for the header."""
    first = ["2022-02-10T08:30:00Z", "T1", "110101199003070038"]
    table = pa.table([pa.array([value]) for value in first], names=first)
    events = read_text(tmp_path, WRITERS[form](table), "collect.parquet")
    assert [line for line, _ in codes(events)] == [None, 1]
    (lost,) = events.rejects.filter(pl.col("line").is_null())["raw"]
    assert json.loads(lost) == first
    assert events.left_out == {}


def test_columns__of_a_reference_table_may_come_twice_among_events(tmp_path: Path) -> None:
    twice = pa.table(
        [*_scans().columns, _scans()["at"], _scans()["at"]],
        names=["at", "tube", "person", "building", "Building"],
    )
    assert tubes(read_text(tmp_path, _parquet(twice), "collect.parquet")) == ["T1", "T2", "T3"]
