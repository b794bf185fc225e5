"""A folder is read as a result if its tables are those that its summary speaks of; else it says what is wrong."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe.results import written
from poolpipe.results.written import opened
from poolpipe.tables import TABLES

TORN = Path(__file__).parents[1] / "cases" / "torture" / "torn-result"


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> dict[str, Path]:
    """Two results whose tables differ."""
    top = tmp_path_factory.mktemp("results")
    return {
        name: poolpipe.run(frames_of(city(seed, size="small"))).write(top / name)
        for name, seed in (("one", 8701), ("other", 8700))
    }


@pytest.fixture
def folder(results, tmp_path) -> Path:
    return Path(shutil.copytree(results["one"], tmp_path / "result"))


def flip(path: Path, place: int) -> None:
    damaged = bytearray(path.read_bytes())
    damaged[place] ^= 4
    path.write_bytes(damaged)


def summary_of(folder: Path) -> Any:
    return json.loads((folder / "summary.json").read_text("utf-8"))


def write_summary(folder: Path, summary: object) -> None:
    (folder / "summary.json").write_text(json.dumps(summary), "utf-8")


def without_hashes(folder: Path) -> Path:
    """The result as versions before this one wrote it."""
    write_summary(folder, {key: value for key, value in summary_of(folder).items() if key != "tables"})
    return folder


def test_read__gives_what_was_written(results):
    expected = poolpipe.run(frames_of(city(8701, size="small")))
    read = poolpipe.Day.read(results["one"])
    assert read.summary == expected.summary
    assert read.names() == list(TABLES)
    assert all(read.table(name).equals(expected.table(name)) for name in TABLES)


def test_summary__names_size_and_sha256_of_each_table(folder):
    import hashlib

    told = summary_of(folder)["tables"]
    assert {f"{table}.parquet" for table in told} == {path.name for path in folder.glob("*.parquet")}
    for table, proof in told.items():
        content = (folder / f"{table}.parquet").read_bytes()
        assert proof == {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


@pytest.mark.parametrize("table", ["pools", "rejects"])
@pytest.mark.parametrize(
    "damage", ["gone", "empty", "cut", "flipped", "another run's", "a folder", "a dangling link"]
)
def test_read__refuses_a_table_that_is_not_the_summarys(damage, table, folder, results):
    path = folder / f"{table}.parquet"
    content = path.read_bytes()
    path.unlink()
    if damage == "another run's":
        shutil.copy(results["other"] / path.name, path)
    elif damage == "a folder":
        path.mkdir()
    elif damage == "a dangling link":
        path.symlink_to("nowhere.parquet")
    elif damage != "gone":
        path.write_bytes({"empty": b"", "cut": content[:-9], "flipped": content}[damage])
    if damage == "flipped":
        flip(path, len(content) // 2)
    with pytest.raises(
        poolpipe.InputError, match=rf"{table}\.parquet is not the table that summary\.json"
    ) as caught:
        poolpipe.Day.read(folder)
    assert caught.value.where == str(path)
    assert "run the events again" in caught.value.way_out


def test_read__refuses_one_results_tables_under_the_others_summary(folder, results):
    shutil.copy(results["other"] / "summary.json", folder)
    with pytest.raises(poolpipe.InputError, match="not the table"):
        poolpipe.Day.read(folder)
    # as an older version would have left it: the numbers of rows tell
    without_hashes(folder)
    with pytest.raises(poolpipe.InputError, match=r"\w+\.parquet is not .* it has \d+ rows, not the \d+"):
        poolpipe.Day.read(folder)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b"", "cannot be read"),
        (b'{"as_of": ', "cannot be read"),
        (b"\xff\xfe{}", "cannot be read"),
        (b"[" * 100_000, "cannot be read"),
        (b"[]", "says nothing of as_of, files, policy, rows"),
        (b'{"name": "webpack", "rows": {}}', "says nothing of"),
        (b'{"as_of": null, "policy": {}, "files": [], "rows": 3}', "says nothing of"),
    ],
    ids=["empty", "cut", "no utf-8", "deep", "a list", "somebody's own", "rows no mapping"],
)
def test_read__refuses_a_summary_that_is_none_of_ours(text, told, folder):
    (folder / "summary.json").write_bytes(text)
    with pytest.raises(
        poolpipe.InputError, match=rf"no folder that poolpipe has written: summary\.json .*{told}"
    ):
        poolpipe.Day.read(folder)


@pytest.mark.parametrize(
    "make", [lambda path: None, Path.mkdir, Path.touch], ids=["nothing", "empty", "a file"]
)
def test_read__refuses_what_is_no_folder_with_a_result(make, tmp_path):
    make(tmp_path / "out")
    with pytest.raises(poolpipe.InputError, match="no folder that poolpipe has written") as caught:
        poolpipe.Day.read(tmp_path / "out")
    assert caught.value.where == str(tmp_path / "out")


def test_read__refuses_what_a_kill_between_two_moves_of_an_older_version_left():
    with pytest.raises(
        poolpipe.InputError, match=r"no summary\.json, and .*pools\.parquet.* without one are no result"
    ):
        poolpipe.Day.read(TORN)


def test_run__into_what_such_a_kill_left_puts_a_whole_result_in_its_place(results, tmp_path):
    out = Path(shutil.copytree(TORN, tmp_path / "out"))
    assert (out / ".writing-4hznpmct").is_dir()
    poolpipe.run(frames_of(city(8701, size="small"))).write(out)
    assert {path.name: path.read_bytes() for path in out.iterdir()} == {
        path.name: path.read_bytes() for path in results["one"].iterdir()
    }


def test_read__of_an_older_result_has_the_tables_that_it_was_written_with(folder, tmp_path):
    summary = summary_of(without_hashes(folder))
    del summary["rows"]["traces"]
    write_summary(folder, summary)
    (folder / "traces.parquet").unlink()
    day = poolpipe.Day.read(folder)
    assert "traces" not in day.names()
    with pytest.raises(poolpipe.InputError, match="holds no table traces"):
        _ = day.traces
    again = poolpipe.Day.read(day.write(tmp_path / "again"))
    assert again.names() == day.names()
    assert again.pools.equals(day.pools)


@pytest.mark.parametrize("place", [5, 300, -20, -3])
def test_read__of_an_older_result_refuses_a_damaged_table_in_words(place, folder):
    """Without a hash damage is found where the reader finds it: never as a crash."""
    without_hashes(folder)
    path = folder / "members.parquet"
    flip(path, place)
    try:
        read = poolpipe.Day.read(folder)
    except poolpipe.InputError as error:
        assert "members.parquet" in str(error)  # noqa: PT017 - some damage cannot be noticed without a hash
    else:
        assert read.members.height == read.summary["rows"]["members"]


def test_read__of_an_older_result_refuses_tables_of_others(folder):
    without_hashes(folder)
    rows = summary_of(folder)["rows"]["cases"]
    pl.DataFrame({"case": ["a"] * rows}, schema={"case": pl.String}).write_parquet(folder / "cases.parquet")
    with pytest.raises(
        poolpipe.InputError, match=r"cases\.parquet .* has the columns case, not those of cases"
    ):
        poolpipe.Day.read(folder)


FOREIGN = {
    "summary.json": b'{"name": "my own"}',
    "members.parquet": b"PAR1 is how it begins, and it is none",
    "cases.parquet": b"notes",
}


@pytest.mark.parametrize("name", ["summary.json", "cases.parquet", "pools.parquet"])
def test_write__never_over_somebody_elses_file(name, tmp_path):
    mine = tmp_path / name
    if name == "pools.parquet":
        pl.DataFrame({"depth_m": [1.4], "swimmers": [3]}).write_parquet(mine)
    else:
        mine.write_bytes(FOREIGN[name])
    before = mine.read_bytes()
    with pytest.raises(
        poolpipe.InputError, match="poolpipe has not written; nothing is written over it"
    ) as caught:
        poolpipe.run(frames_of(city(3, size="small"))).write(tmp_path)
    assert caught.value.where == str(mine)
    assert mine.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_write__takes_nothing_away_that_only_a_summary_calls_a_table(folder, results):
    summary = summary_of(folder)
    (folder / "collect.parquet").write_text("my scans")
    (folder.parent / "mine.parquet").write_text("mine")
    write_summary(folder, {**summary, "rows": {**summary["rows"], "collect": 1, "../mine": 1}})
    poolpipe.run(frames_of(city(8700, size="small"))).write(folder)
    assert poolpipe.Day.read(folder).summary == poolpipe.Day.read(results["other"]).summary
    assert (folder / "collect.parquet").read_text() == "my scans"
    assert (folder.parent / "mine.parquet").read_text() == "mine"


def test_write__over_what_a_power_cut_left_of_an_older_version(results, tmp_path):
    (tmp_path / "summary.json").touch()
    (tmp_path / "cases.parquet").touch()
    (tmp_path / "members.parquet").write_bytes((results["one"] / "members.parquet").read_bytes()[:200])
    poolpipe.run(frames_of(city(8701, size="small"))).write(tmp_path)
    assert poolpipe.Day.read(tmp_path).summary["rows"]["pools"] > 0


@pytest.mark.skipif(os.name == "nt", reason="links need a right on Windows")
def test_write__into_a_linked_folder_goes_where_it_leads(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to("disk")
    (tmp_path / "lost").symlink_to("nowhere")
    day = poolpipe.run(frames_of(city(3, size="small")))
    day.write(tmp_path / "out")
    assert (tmp_path / "out").is_symlink()
    assert poolpipe.Day.read(tmp_path / "disk").pools.equals(day.pools)
    with pytest.raises(poolpipe.InputError, match="a link to nothing"):
        day.write(tmp_path / "lost")


def test_opened__notices_that_another_result_took_the_place_of_what_it_proved(folder, results):
    with opened(folder) as result:
        assert result.path("pools") == folder / "pools.parquet"
        assert result.summary["rows"].keys() == {*result.tables}
        result.check()
        poolpipe.Day.read(results["other"]).write(folder)
        with pytest.raises(poolpipe.InputError, match="another result took its place"):
            result.check()
    with opened(folder) as result:
        result.check()
        assert result.summary == poolpipe.Day.read(results["other"]).summary


def test_read__never_mixes_two_results_when_one_takes_the_others_place(folder, results, monkeypatch):
    other = poolpipe.Day.read(results["other"])
    moved: list[Any] = []

    def frame_while_it_moves(path, table):
        frame = as_they_are(path, table)
        if not moved:
            moved.append(table)
            other.write(folder)
        return frame

    as_they_are = written._frame
    monkeypatch.setattr(written, "_frame", frame_while_it_moves)
    read = poolpipe.Day.read(folder)
    assert moved
    for table in TABLES:
        assert read.table(table).equals(other.table(table)), table
