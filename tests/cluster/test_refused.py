"""What is not read on a cluster is refused with the way out, before anything is read; and the command's options."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from cities.files import write_city
from cities.random_city import city
from cluster.written import unlike
from poolpipe import cluster
from poolpipe.cli import poolpipe as command
from poolpipe.cluster import jobs, running
from poolpipe.cluster.file_inputs import FileInputs
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

NO_SESSION: Any = None
"""What is refused is refused before the session is asked for anything."""


def test_frames__are_refused() -> None:
    with pytest.raises(InputError, match=r"frames are not read on a cluster.*write them as Parquet"):
        cluster.run(NO_SESSION, {"collect": pl.DataFrame({"at": ["2022-02-10"]})})


def test_pipe__is_refused() -> None:
    with pytest.raises(InputError, match=r"-: a pipe is not read on a cluster"):
        cluster.run(NO_SESSION, "-")


def test_no_partitions__are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are 0 partitions: at least 1"):
        cluster.run(NO_SESSION, tmp_path, parts=0)


def test_unknown_engine_and_master__are_refused() -> None:
    with pytest.raises(InputError, match="slim"), cluster.opened_session("slim"):  # type: ignore[arg-type]
        pass
    with (
        pytest.raises(InputError, match=r"'local\[2\]' is no address of a Sail server"),
        cluster.opened_session("sail", "local[2]"),
    ):
        pass


def test_city_beyond_the_drivers_memory__is_refused(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "collect.csv").write_text("at,tube,person_type,person\n2022-02-10T08:00:00Z,T1,PASSPORT,E1\n")
    monkeypatch.setattr(running, "_BYTES_A_SCAN", 1 << 60)
    with pytest.raises(InputError, match=r"driver: holds a row for each of 1 registrations.*more memory"):
        cluster.run(sail, tmp_path)


def test_worker_of_another_version__is_refused(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "collect.csv").write_text("at,tube,person_type,person\n2022-02-10T08:00:00Z,T1,PASSPORT,E1\n")
    monkeypatch.setattr(running, "versions_here", lambda: "Python 3.99")
    with pytest.raises(InputError, match=r"a worker has Python 3\..*here is Python 3\.99.*same versions"):
        cluster.run(sail, tmp_path)


def test_files_without_events__are_told_as_by_one_process(sail: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "collect.csv").write_bytes(b"%PDF-1.7 no events")
    with pytest.raises(InputError, match="collect") as one:
        poolpipe.run(tmp_path)
    with pytest.raises(InputError, match="collect") as many:
        cluster.run(sail, tmp_path)
    assert str(many.value) == str(one.value)


@pytest.mark.usefixtures("sail")  # that it is installed
def test_command__writes_what_it_writes_without_an_engine(tmp_path: Path) -> None:
    write_city(city(7600, size="small"), tmp_path / "scans", 7600)
    given = ["run", str(tmp_path / "scans"), "--json", "--out"]
    one = CliRunner().invoke(command, [*given, str(tmp_path / "one")])
    many = CliRunner().invoke(
        command,
        [*given, str(tmp_path / "many"), "--engine", "sail", "--parts", "2", "--scratch", str(tmp_path)],
    )
    assert (one.exit_code, many.exit_code) == (0, 0), many.output
    assert json.loads(many.stdout) == json.loads(one.stdout)
    assert unlike(tmp_path / "one", tmp_path / "many") == []
    assert sorted(path.name for path in tmp_path.iterdir()) == ["many", "one", "scans"]


@pytest.mark.parametrize("option", ["--master", "--parts", "--scratch"])
def test_command__refuses_its_options_without_an_engine(tmp_path: Path, option: str) -> None:
    told = CliRunner().invoke(command, ["run", str(tmp_path), "--out", str(tmp_path / "out"), option, "1"])
    assert told.exit_code == 2
    assert f"{option} goes with --engine" in told.output


@pytest.mark.parametrize("name", ["a{b}", "a[1]*", "a%20b#"])
def test_scratch_that_engines_read_as_a_pattern__is_not_shown_to_them(
    sail: SparkSession, tmp_path: Path, name: str
) -> None:
    (tmp_path / "collect.csv").write_text("at,tube,person_type,person\n2022-02-10T08:00:00Z,T1,PASSPORT,E1\n")
    (tmp_path / name).mkdir()
    day = cluster.run(
        sail, tmp_path / "collect.csv", scratch=tmp_path / name
    )  # Sail wrote what is in a{b} to ab
    assert day.pools.height == 1
    assert sorted(path.name for path in tmp_path.rglob("*")) == sorted([name, "collect.csv"])


@pytest.mark.parametrize("name", ["nowhere", "collect.csv"])
def test_scratch_that_is_no_folder__is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "collect.csv").write_text("at,tube,person_type,person\n2022-02-10T08:00:00Z,T1,PASSPORT,E1\n")
    with pytest.raises(InputError, match=rf"{name}: no folder can be made here.*--scratch"):
        cluster.run(NO_SESSION, tmp_path / "collect.csv", scratch=tmp_path / name)


@pytest.mark.parametrize("left", [None, b"at,tube"])
def test_file_that_a_worker_does_not_see_whole__is_refused(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, left: bytes | None
) -> None:
    for number in (1, 2):
        (tmp_path / f"collect-{number}.csv").write_text(
            f"at,tube,person_type,person\n2022-02-10T08:00:00Z,T{number},PASSPORT,E1\n"
        )

    cut = FileInputs.tasks

    def hidden(*asked: Any) -> Any:  # as on a machine that has not mounted the folder
        tasks = cut(*asked)
        (tmp_path / "collect-2.csv").unlink()
        if left is not None:
            (tmp_path / "collect-2.csv").write_bytes(left)
        return tasks

    monkeypatch.setattr(FileInputs, "tasks", hidden)
    with pytest.raises(InputError, match=r"collect-2\.csv: a worker does not see this file as it is here"):
        cluster.run(sail, tmp_path)


def test_job_that_fails__is_told_in_both_languages_and_leaves_nothing(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "scans").mkdir()
    (tmp_path / "scratch").mkdir()
    (tmp_path / "scans" / "collect.csv").write_text("at,tube,person\n2022-02-10T08:00:00Z,T1,E1\n")
    monkeypatch.setattr(jobs, "scanned", lambda session, *_: session.sql("SELECT raise_error('disk full')"))
    with pytest.raises(InputError, match=r"the job 'scanned' failed on the session.*disk full.*未写出"):
        cluster.run(sail, tmp_path / "scans", scratch=tmp_path / "scratch", out=tmp_path / "out")
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "out").exists()
