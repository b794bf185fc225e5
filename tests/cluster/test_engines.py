"""Sessions of programs that have no file, as of `python -c`; and what Ctrl-C ends."""

from __future__ import annotations

import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, cast

import pytest

from cities.files import write_city
from cities.random_city import city
from poolpipe import cluster
from poolpipe.cluster import engines
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_program_without_a_file__has_one_while_a_session_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    main = sys.modules["__main__"]
    monkeypatch.delattr(main, "__file__", raising=False)
    monkeypatch.setattr(main, "__spec__", None)
    with engines._with_a_main_file():
        assert main.__file__
        beside = multiprocessing.get_context("spawn").Process(target=os.getpid)
        beside.start()
        beside.join()
    assert beside.exitcode == 0, "other processes begin meanwhile"
    assert not hasattr(main, "__file__")


def test_java__has_a_quarter_of_the_memory_where_it_is_driver_and_workers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("SPARK_DRIVER_MEMORY", raising=False)
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 4096, "SC_PHYS_PAGES": 2**21}.__getitem__)
    assert engines._memory("local[2]") == {"spark.driver.memory": "2048m"}
    assert engines._memory("yarn") == {}
    monkeypatch.setenv("SPARK_DRIVER_MEMORY", "3g")
    assert engines._memory("local[2]") == {}


@pytest.mark.usefixtures("sail")
def test_session__whose_server_has_gone_is_ended_without_a_second_error() -> None:
    class Gone:
        def stop(self) -> None:
            raise ConnectionRefusedError

    engines._stop(cast("SparkSession", Gone()))


@pytest.mark.usefixtures("sail")  # that it is installed
def test_interrupt__ends_a_run_and_leaves_nothing(tmp_path: Path) -> None:
    write_city(city(7600, size="large"), tmp_path / "scans", 7600)
    (tmp_path / "scratch").mkdir()
    command = [
        sys.executable,
        "-m",
        "poolpipe",
        "run",
        "scans",
        "--out",
        "result",
        "--engine",
        "sail",
        "--scratch",
        "scratch",
    ]
    with subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, start_new_session=True) as run:
        while run.poll() is None and not list((tmp_path / "scratch").rglob("reading")):
            time.sleep(0.01)
        os.killpg(run.pid, signal.SIGINT)  # as a terminal sends it: to all of its processes
        _, told = run.communicate(timeout=60)
    assert run.returncode == 1, told.decode()
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not list(tmp_path.glob("result/*"))


def test_server__ends_with_the_session(sail: SparkSession) -> None:
    assert sail.sql("SELECT 1").count() == 1
    with engines._sail() as address:
        port = int(address.rpartition(":")[2])
        assert _listens(port)
    assert not _listens(port)


@pytest.mark.usefixtures("sail")  # that it is installed
def test_server_that_dies_while_it_runs__is_told_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(7601, size="small"), tmp_path / "scans", 7601)
    (tmp_path / "scratch").mkdir()
    servers: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def opened(*given: Any, **named: Any) -> subprocess.Popen[str]:
        servers.append(popen(*given, **named))
        return servers[-1]

    def progress(step: str, *_: int) -> None:
        if step == "routes":
            servers[0].kill()

    monkeypatch.setattr(subprocess, "Popen", opened)
    asked: dict[str, Any] = {"out": tmp_path / "out", "scratch": tmp_path / "scratch", "progress": progress}
    with (
        pytest.raises(InputError, match="the job 'concluded' failed on the session"),
        engines.opened_session("sail") as session,
    ):
        cluster.run(session, tmp_path / "scans", **asked)
    assert list((tmp_path / "scratch").iterdir()) == []
    assert not (tmp_path / "out").exists()


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
