"""Whatever bytes come under whatever name: every record accounted for, nothing stops, nothing explodes."""

from __future__ import annotations

import gzip
import resource
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from events.scans import ROWS, TUBES, codes, counts, csv_text, read, read_text, tubes
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

NAMES = (
    "collect.csv", "collect.tsv", "collect.ndjson", "collect.json", "collect.parquet", "collect.arrow", "collect.csv.gz",
    "collect.ndjson.zst", "scans.csv", "扫码",
)  # fmt: skip
BEGINNINGS = (
    b"", b"{", b"[", b"PAR1", b"ARROW1\x00\x00", b"\xff\xff\xff\xff", b"\x1f\x8b\x08\x00", b"\x28\xb5\x2f\xfd", b"\xef\xbb\xbf",
    b"\xff\xfe", b"\xfe\xff", b"at,tube,person\n", b"kind,at\n", b'"', b"\x00", b'{"at":"2022-02-10T08:00:00Z","tube":"T1","person":',
)  # fmt: skip


@settings(max_examples=150)
@given(
    name=st.sampled_from(NAMES),
    beginning=st.sampled_from(BEGINNINGS),
    rest=st.binary(max_size=200) | st.text('at,ube{}[]":\n\r\t 0T1\\éu', max_size=60).map(str.encode),
)
def test_bytes__of_any_kind_under_any_name_are_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, name: str, beginning: bytes, rest: bytes
) -> None:
    path = tmp_path_factory.mktemp("bytes") / name
    path.write_bytes(beginning + rest)
    _account_for(path)


@settings(max_examples=60)
@given(
    form=st.sampled_from(["csv", "ndjson", "parquet", "arrow", "csv.gz", "csv.zst"]),
    place=st.floats(0, 0.999),
    damage=st.binary(min_size=1, max_size=12),
)
@example(form="arrow", place=0.94921875, damage=b"\x80")  # the name of a column is no text
def test_damage__anywhere_in_any_format_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, form: str, place: float, damage: bytes
) -> None:
    content = _good(form)
    at = int(place * len(content))
    path = tmp_path_factory.mktemp("bytes") / f"collect.{form}"
    path.write_bytes(content[:at] + damage + content[at + len(damage) :])
    _account_for(path)


def _account_for(path: Path) -> None:
    """Read a file; where its first bytes became those of another format, it is left aside by name."""
    try:
        read(path)
    except InputError as error:
        assert f"left aside: {path.name}: " in error.what  # noqa: PT017 - most files are read


def _good(form: str) -> bytes:
    import io
    import json

    import polars as pl

    frame = pl.DataFrame(ROWS, schema=["at", "tube", "person", "site"], orient="row")
    text = csv_text().encode()
    if form == "ndjson":
        return "".join(json.dumps(row) + "\n" for row in frame.to_dicts()).encode()
    if form == "csv.gz":
        return gzip.compress(text, mtime=0)
    if form == "csv.zst":
        packed = pa.BufferOutputStream()
        with pa.CompressedOutputStream(packed, "zstd") as stream:
            stream.write(text)
        return bytes(packed.getvalue())
    stream = io.BytesIO()
    if form == "parquet":
        frame.write_parquet(stream)
    elif form == "arrow":
        frame.write_ipc(stream)
    return stream.getvalue() or text


@pytest.mark.parametrize("form", ["csv.gz", "csv.zst", "ndjson", "parquet", "arrow"])
def test_truncated__file_of_any_format_gives_only_what_had_come(form: str, tmp_path: Path) -> None:
    content = _good(form)
    for cut in range(0, len(content), max(1, len(content) // 30)):
        events = read_text(tmp_path, content[:cut], f"collect.{form}")
        assert tubes(events) == TUBES[: len(tubes(events))], cut


@pytest.mark.parametrize("form", ["csv", "ndjson"])
@pytest.mark.parametrize("fault", ["a bad time", "half a line"])
def test_rejects__by_the_hundred_thousand_cost_little_memory_and_no_good_row(
    form: str, fault: str, tmp_path: Path
) -> None:
    """Ten times as many run in the same way; memory is that of the text, some times over, not of an object a row."""
    count = 150_000
    if form == "csv":
        bad = "nonsense,T1,H1\n" if fault == "a bad time" else "2022-02-10T08:00:00Z,T1\n"
        text = "at,tube,person\n" + bad * count + "2022-02-10T08:00:00Z,T2,H2\n"
    else:
        bad = (
            '{"at":"nonsense","tube":"T1","person":"H1"}\n'
            if fault == "a bad time"
            else '{"at":"2022-02-10\n'
        )
        text = bad * count + '{"at":"2022-02-10T08:00:00Z","tube":"T2","person":"H2"}\n'
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    events = read_text(tmp_path, text, f"collect.{form}")
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert counts(events) == (count + 1, 1, 0, count)
    assert tubes(events) == ["T2"]
    first = 2 if form == "csv" else 1
    assert events.rejects["line"].sort().to_list() == list(range(first, first + count))
    assert events.rejects["code"].unique().to_list() == [
        "bad_time" if fault == "a bad time" else "not_parseable"
    ]
    assert grown_mb < 400


def test_cell__of_ten_megabytes_is_one_broken_line(tmp_path: Path) -> None:
    text = csv_text().replace("T-001", "T" * 10_000_000)
    events = read_text(tmp_path, text)
    assert tubes(events) == ["T-000", "T-002", "T-003"]
    assert codes(events) == [(3, "not_parseable")]


def test_quote__never_closed_at_the_start_of_a_large_file_costs_one_line(tmp_path: Path) -> None:
    lines = [f"2022-02-10T08:00:00Z,T{n},H{n},x\n" for n in range(20_000)]
    lines[7] = lines[7].replace(",x", ',"x')
    events = read_text(tmp_path, "at,tube,person,name\n" + "".join(lines))
    assert counts(events) == (20_000, 19_999, 0, 1)
    assert codes(events) == [(9, "not_parseable")]
