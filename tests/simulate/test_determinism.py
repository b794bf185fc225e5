"""The same people, seed and options give the same city, whatever the format and the number of pieces."""

from __future__ import annotations

from typing import Any

import polars as pl
import pyarrow as pa
import pytest

from poolpipe.simulate import FORMATS, simulate
from poolpipe.simulate.writing import StreamWriter, TableWriter
from simulate.conftest import make

OPTIONS: dict[str, Any] = {"people": 400, "seed": 11, "preset": "town"}


def _read(path):
    content = path.read_bytes()
    if path.suffix in (".gz", ".zst"):
        codec = {".gz": "gzip", ".zst": "zstd"}[path.suffix]
        content = pa.CompressedInputStream(pa.BufferReader(content), codec).read()
    kind = path.name.split(".", 1)[1].split(".")[0]
    if kind == "parquet":
        return pl.read_parquet(path)
    if kind == "arrow":
        return pl.read_ipc(path)
    return pl.read_csv(content, infer_schema=False) if kind == "csv" else pl.read_ndjson(content)


def _texts(folder):
    """Every event of a city as text, by stream: what any reader must find in it."""
    found: dict[str, Any] = {}
    for path in sorted((folder / "events").rglob("*.*")):
        if path.name == "补录.ndjson":
            continue
        frame = _read(path)
        frame = frame.with_columns(
            pl.col(name).dt.convert_time_zone("Asia/Shanghai").dt.strftime("%Y-%m-%dT%H:%M:%S%.f%:z")
            for name, kind in frame.schema.items()
            if isinstance(kind, pl.Datetime)
        ).with_columns(pl.col(pl.Float32, pl.Float64).round(2))
        frame = frame.select(pl.all().cast(pl.String).fill_null("")).select(sorted(frame.columns))
        stream = f"{path.parent.name}/{path.name.split('-')[0]}"
        found.setdefault(stream, []).append(frame)
    return {
        stream: pl.concat([_decimals(frame) for frame in frames]).sort(pl.all())
        for stream, frames in found.items()
    }


def _decimals(frame):
    numbers = [name for name in ("ct", "temperature_c") if name in frame.columns]
    return frame.with_columns(
        pl.col(name).cast(pl.Float64, strict=False).round(2).cast(pl.String).fill_null("") for name in numbers
    )


@pytest.fixture(scope="module")
def parquet(tmp_path_factory):
    folder = tmp_path_factory.mktemp("parquet")
    make(folder, **OPTIONS)
    return folder


def test_city__is_the_same_byte_for_byte_when_made_again(parquet, tmp_path):
    make(tmp_path, **OPTIONS)
    first = {path.relative_to(parquet): path.read_bytes() for path in parquet.rglob("*.*")}
    again = {path.relative_to(tmp_path): path.read_bytes() for path in tmp_path.rglob("*.*")}
    assert first == again


@pytest.mark.parametrize("format_", [each for each in FORMATS if each != "parquet"])
def test_formats__hold_the_same_events(format_, parquet, tmp_path):
    make(tmp_path, **OPTIONS, format=format_, pieces=2)
    expected, found = _texts(parquet), _texts(tmp_path)
    assert found.keys() == expected.keys()
    for stream, frame in expected.items():
        assert found[stream].equals(frame), stream
    for table in ("reference/people", "truth/troubles", "truth/infected", "truth/rejects"):
        one, other = (pl.read_parquet(folder / f"{table}.parquet") for folder in (parquet, tmp_path))
        assert one.equals(other), table


def test_pieces__split_every_stream_without_loss(parquet, tmp_path):
    make(tmp_path, **OPTIONS, pieces=7)
    assert len(list((tmp_path / "events" / "collect").iterdir())) == 7
    expected, found = _texts(parquet), _texts(tmp_path)
    assert all(found[stream].equals(frame) for stream, frame in expected.items())


def test_seed__makes_another_city(parquet, tmp_path):
    make(tmp_path, **{**OPTIONS, "seed": 12})
    one, other = (pl.read_parquet(folder / "reference" / "people.parquet") for folder in (parquet, tmp_path))
    assert one.height == other.height
    assert not one["person"].equals(other["person"])


def test_summary__counts_what_was_written(parquet, tmp_path):
    summary = simulate(tmp_path / "city", **OPTIONS, pieces=3)
    for stream, rows in summary.events.items():
        folder, name = ("emergency", "collect") if stream == "emergency" else (stream, "part")
        files = list((tmp_path / "city" / "events" / folder).glob(f"{name}-*.parquet"))
        assert rows == sum(pl.read_parquet(path).height for path in files), stream
    assert summary.references["people"] == 400
    assert summary.truth["infected"] == pl.read_parquet(parquet / "truth" / "infected.parquet").height


def test_table_writer__never_holds_more_than_a_row_group(tmp_path, monkeypatch):
    monkeypatch.setattr("poolpipe.simulate.writing._ROWS_PER_GROUP", 1_000)
    writer = TableWriter(tmp_path / "table.parquet")
    waiting = 0
    for number in range(50):
        writer.write(pl.DataFrame({"number": range(number * 100, number * 100 + 100)}))
        waiting = max(waiting, sum(map(len, writer._waiting)))
    writer.close()
    assert waiting < 1_000
    assert pl.read_parquet(tmp_path / "table.parquet")["number"].to_list() == list(range(5_000))


def test_stream_writer__closes_a_piece_when_its_last_chunk_is_written(tmp_path):
    writer = StreamWriter(tmp_path, "csv", pieces=2, chunks=4)
    for chunk in range(4):
        writer.write(chunk, pl.DataFrame({"chunk": [chunk] * 3}))
        done = sorted(path.name for path in tmp_path.iterdir())
        assert done == [f"part-{piece:05d}.csv" for piece in range((chunk + 1) // 2)]
    writer.close()
    assert pl.read_csv(tmp_path / "part-00001.csv")["chunk"].to_list() == [2, 2, 2, 3, 3, 3]
