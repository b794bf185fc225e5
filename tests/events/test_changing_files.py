"""Files that others write to, cut or take away while they are read: what was there is read, and it is said."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from events.scans import codes, counts, read, tubes
from poolpipe.events import opening, streams
from poolpipe.events.sources import find_sources

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LINES = [f"2022-02-10T08:00:00Z,T{row:05},H{row}\n" for row in range(3000)]
TEXT = "at,tube,person\n" + "".join(LINES)


@pytest.fixture
def meddle(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Any]], None]:
    """Lets something happen to a text after its first block was read."""
    monkeypatch.setattr(streams, "BLOCK", 1 << 14)
    monkeypatch.setattr(streams, "SAMPLE", 1 << 14)

    def arrange(happens: Callable[[], Any]) -> None:
        read_block = streams.TextStream._read
        blocks: list[bytes] = []

        def read_and_meddle(stream: streams.TextStream, most: int) -> bytes:
            blocks.append(read_block(stream, most))
            if len(blocks) == 1:
                happens()
            return blocks[-1]

        monkeypatch.setattr(streams.TextStream, "_read", read_and_meddle)

    return arrange


def _append(path: Path, text: str) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)


def test_file__that_grows_says_so_and_never_gives_half_a_code(tmp_path: Path, meddle: Any) -> None:
    path = tmp_path / "collect.csv"
    path.write_text(TEXT, encoding="utf-8")
    meddle(lambda: _append(path, "2022-02-10T08:00:00Z,H9,T1234"))
    events = read(path)
    assert counts(events) == (3002, 3000, 0, 2)
    assert sorted(detail[:15] for detail in events.rejects["detail"]) == [
        "the file breaks",
        "the file grew f",
    ]


def test_file__that_is_cut_or_written_over_says_so(tmp_path: Path, meddle: Any) -> None:
    for number, (happens, words) in enumerate({
        lambda path: os.truncate(path, 40_000): "shrank from", lambda path: os.utime(path, (0, 0)): "was written to while",
    }.items()):  # fmt: skip
        path = tmp_path / f"collect-{number}.csv"
        path.write_text(TEXT, encoding="utf-8")
        meddle(lambda path=path, happens=happens: happens(path))
        events = read(path)
        assert codes(events)[0] == (None, "not_parseable")
        assert any(words in detail for detail in events.rejects["detail"])
        assert 0 < len(tubes(events)) <= 3000


def test_file__that_is_taken_away_while_it_is_read_is_read_whole(tmp_path: Path, meddle: Any) -> None:
    path = tmp_path / "collect.csv"
    path.write_text(TEXT, encoding="utf-8")
    meddle(path.unlink)
    assert counts(read(path)) == (3000, 3000, 0, 0)


@pytest.mark.parametrize("suffix", ["csv", "ndjson", "parquet", "arrow"])
def test_file__that_vanishes_before_it_is_opened_is_one_reject(
    suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = tmp_path / f"collect-1.{suffix}"
    for path in (gone, tmp_path / "collect-2.csv"):
        path.write_text(TEXT, encoding="utf-8")
    find = find_sources

    def find_and_lose(*args: Any, **options: Any) -> Any:
        found = find(*args, **options)
        gone.unlink()
        return found

    monkeypatch.setattr(opening, "find_sources", find_and_lose)
    events = read(tmp_path)
    assert counts(events) == (3001, 3000, 0, 1)
    assert events.rejects["file"][0] == gone.name
    assert "vanished before it was read" in events.rejects["detail"][0]


@pytest.mark.parametrize("form", ["parquet", "ipc"])
def test_table__that_is_written_over_says_so(
    form: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / f"collect.{form}"
    frame = pl.DataFrame({"at": ["2022-02-10T08:00:00Z"], "tube": ["T1"], "person": ["H1"]})
    (frame.write_parquet if form == "parquet" else frame.write_ipc)(path)
    from poolpipe.events import binary

    batches = binary.KnownColumns.batches

    def batches_and_meddle(*args: Any) -> Any:
        os.utime(path, (0, 0))
        return batches(*args)

    monkeypatch.setattr(binary.KnownColumns, "batches", batches_and_meddle)
    events = read(path)
    assert (tubes(events), codes(events)) == (["T1"], [(None, "not_parseable")])
    assert "was written to while it was read" in events.rejects["detail"][0]
