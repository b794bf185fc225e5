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
from poolpipe.cluster import running
from poolpipe.errors import InputError
from poolpipe.store import Store

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


def test_store__is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "city").close()
    with pytest.raises(InputError, match=r"a store is not read on a cluster yet.*run it without --engine"):
        cluster.run(NO_SESSION, tmp_path / "city")


def test_machines_file__is_refused(tmp_path: Path) -> None:
    (tmp_path / "worklist.gwl").write_text("A;Source;;;1;;20;T1;;\nD;P1;;96 Well;1;;20;;;\nW;\n" * 3)
    with pytest.raises(InputError, match=r"worklist\.gwl: is a machine's file.*poolpipe import"):
        cluster.run(NO_SESSION, tmp_path)


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


def test_command__refuses_an_engine_for_a_store(tmp_path: Path) -> None:
    Store(tmp_path / "city").close()
    told = CliRunner().invoke(
        command, ["run", str(tmp_path / "city"), "--out", str(tmp_path / "out"), "--engine", "sail"]
    )
    assert told.exit_code == 1
    assert "a store is not read on a cluster yet" in told.output
