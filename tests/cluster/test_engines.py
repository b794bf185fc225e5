"""Sessions of programs that have no file, as of `python -c`; and what Ctrl-C ends."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from cities.files import write_city
from cities.random_city import city
from poolpipe.cluster import engines

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession


def test_program_without_a_file__has_one_while_a_session_is_open(monkeypatch: pytest.MonkeyPatch) -> None:
    main = sys.modules["__main__"]
    monkeypatch.delattr(main, "__file__", raising=False)
    with engines._with_a_main_file():
        assert main.__file__
    assert not hasattr(main, "__file__")


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
        while run.poll() is None and not list((tmp_path / "scratch").rglob("scanned")):
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


def _listens(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
