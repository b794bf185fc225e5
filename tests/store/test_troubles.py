"""What befalls a store besides power cuts: kills, full disks, no handles, other writers, readers during upkeep, clocks."""

from __future__ import annotations

import errno
import os
import random
import resource
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import apsw
import polars as pl
import pyarrow.parquet as pq
import pytest
from benchmarks.power_cuts import PERSON, same, tables_of, write_scans

import poolpipe
from poolpipe.results import durable
from poolpipe.store import Store, known_files, ledger, ledger_file, opened, upkeep

_LIFE = """
import sys
from pathlib import Path
from poolpipe.store import Store
store, files = Path(sys.argv[1]), sys.argv[2:]
with Store(store) as opened:
    while True:
        for file in files:
            opened.ingest(file)
            print("taken", Path(file).name, flush=True)
        opened.conclude()
        opened.compact(keep_days=0)
        opened.rotate_key()
        opened.rotate_key(data=True)
        opened.note_unsealing("me", "run", "test")
        print("turn", flush=True)
"""


@pytest.fixture
def scans(tmp_path: Path) -> list[Path]:
    return write_scans(tmp_path / "scans")


def _report(folder: Path, tube: str) -> Path:
    path = folder / f"report-{tube}.csv"
    path.write_text(f"at,tube,call\n2022-02-10 15:00,{tube},negative\n")
    return path


def test_kill__loses_nothing_that_was_acknowledged(scans: list[Path], tmp_path: Path) -> None:
    rng = random.Random(3)
    path = tmp_path / "city"
    with Store(path) as store:
        store.ingest(scans[0])
    taken = {scans[0].name}
    for _ in range(3):
        told = [sys.executable, "-c", _LIFE, str(path), *map(str, scans)]
        child = subprocess.Popen(told, stdout=subprocess.PIPE, text=True)
        assert child.stdout is not None
        taken.add(child.stdout.readline().split()[1])  # it has begun
        time.sleep(rng.random() * 0.4)
        child.send_signal(signal.SIGKILL)
        rest = child.communicate()[0]
        taken |= {line.split()[1] for line in rest.splitlines() if line.startswith("taken")}
        with Store(path) as store:
            names = [Path(name).name for name in store.inputs()["file"]]
            assert len(set(names)) == len(names)
            assert taken <= set(names)
            assert store.check() == []
            expected = poolpipe.run([each for each in scans if each.name in names])
            assert same(tables_of(store.run()), tables_of(expected))
            kept = store.kept()
            assert kept is None or same(tables_of(kept), tables_of(expected))
            store.conclude()
            store.compact()


class _Full:
    """A disk that takes so many operations and no more."""

    def __init__(self, takes: int) -> None:
        self.left, self.refused = takes, 0

    def ask(self) -> None:
        self.left -= 1
        if self.left < 0:
            self.refused += 1
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def before(self, real: Any) -> Any:
        def asking(*given: Any, **named: Any) -> Any:
            self.ask()
            return real(*given, **named)

        return asking


class _FullFile(apsw.VFSFile):
    def __init__(self, name: Any, flags: list[int], full: _Full) -> None:
        super().__init__("", name, flags)
        self._full = full

    def _ask(self) -> None:
        try:
            self._full.ask()
        except OSError as error:
            raise apsw.FullError("database or disk is full") from error

    def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802
        self._ask()
        super().xWrite(data, offset)

    def xSync(self, flags: int) -> None:  # noqa: N802
        self._ask()
        super().xSync(flags)


class _FullFiles(apsw.VFS):
    def __init__(self, full: _Full) -> None:
        self._full = full
        super().__init__("full", "")

    def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
        return _FullFile(name, flags, self._full)


def test_full_disk__at_any_write_leaves_the_store_as_it_was(scans: list[Path], tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans[0])
        before = store._ledger.all_parts()
        after = tables_of(poolpipe.run(scans[:2]))
        takes = refusals = 0
        while True:
            full = _Full(takes)
            files = _FullFiles(full)
            with (
                mock.patch.object(ledger_file, "VFS", ledger_file.CheckedPages("fullest", "full")),
                mock.patch.object(pq, "write_table", full.before(pq.write_table)),
                mock.patch("os.fsync", full.before(os.fsync)),
                mock.patch("os.mkdir", full.before(os.mkdir)),
                mock.patch("os.link", full.before(os.link)),
            ):
                try:
                    store.ingest(scans[1])
                except poolpipe.InputError:
                    refusals += 1
            files.unregister()
            assert store.check() == []
            if store.version == 2:  # the events are in; perhaps the courtesy to other readers was refused
                assert same(tables_of(store.run()), after)
                break
            assert full.refused
            assert store._ledger.all_parts() == before
            takes += 1
        assert refusals > 20
        store.ingest(scans[1])
        assert same(tables_of(store.run()), after)
        assert store.check() == []


def _is_open(handle: int) -> bool:
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


def test_no_handles__is_an_error_and_no_other_answer(scans: list[Path], tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans[0])
        expected = tables_of(store.run())
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        free = [number for number in range(soft) if not _is_open(number)]
        errors = 0
        for more in range(6):  # so many handles are left
            resource.setrlimit(resource.RLIMIT_NOFILE, (free[more], hard))
            try:
                store.ingest(scans[1])
            except (poolpipe.InputError, OSError):
                errors += 1
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
        assert errors
        names = [Path(name).name for name in store.inputs()["file"]]
        assert store.check() == []
        if len(names) == 1:
            assert same(tables_of(store.run()), expected)


def test_two_writers__never_mix(scans: list[Path], tmp_path: Path) -> None:
    Store(tmp_path / "city").close()
    code = (
        "import sys, time\nfrom poolpipe.store import Store\nimport poolpipe\n"
        "store = Store(sys.argv[1])\nfor file in sys.argv[2:]:\n    while True:\n        try:\n"
        "            store.ingest(file)\n            break\n        except poolpipe.InputError as error:\n"
        "            assert 'another process' in str(error), error\n            time.sleep(0.01)\n"
    )
    children = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "city"), *map(str, given)])
        for given in (scans, scans[::-1])
    ]
    assert [child.wait() for child in children] == [0, 0]
    with Store(tmp_path / "city") as store:
        names = store.inputs()["file"].to_list()
        assert len(set(names)) == len(names) == len(scans)
        assert store.check() == []
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))


def test_reader_during_compaction__is_right_or_refused(scans: list[Path], tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store, Store(tmp_path / "city") as reader:
        for each in scans:
            store.ingest(each)
        expected = tables_of(store.run())
        listed = reader._ledger.parts(reader.version)
        store.compact(keep_days=0)
        stale = mock.patch.object(reader._ledger, "parts", return_value=listed)
        with stale, pytest.raises(poolpipe.InputError, match="No such file"):
            reader.run()
        assert same(tables_of(reader.run()), expected)


def test_reader_and_writer_opened_before_keys_changed__use_the_new_ones(
    scans: list[Path], tmp_path: Path
) -> None:
    with Store(tmp_path / "city") as store, Store(tmp_path / "city") as other:
        store.ingest(scans[0])
        store.rotate_key(data=True)
        assert same(tables_of(other.run()), tables_of(poolpipe.run(scans[:1])))
        store.rotate_key(data=True)
        other.ingest(scans[1:])
        assert other.check() == []
    with Store(tmp_path / "city") as store:
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans)))


def test_key_change_cut_short__can_be_done_again(scans: list[Path], tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans[0])
        with (
            mock.patch.object(ledger.Ledger, "set_meta", side_effect=KeyboardInterrupt),
            pytest.raises(KeyboardInterrupt),
        ):
            store.rotate_key(data=True)
        assert (tmp_path / "city.key.new").exists()
        store.rotate_key(data=True)
        assert store.check() == []
    with Store(tmp_path / "city") as store:
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans[:1])))


def test_commit_that_is_interrupted_after_it_was_written__keeps_its_files(
    scans: list[Path], tmp_path: Path
) -> None:
    with Store(tmp_path / "city") as store:
        add = upkeep.commit_parts

        def interrupted(*given: Any) -> None:
            add(*given)
            raise KeyboardInterrupt

        with mock.patch.object(opened, "commit_parts", interrupted), pytest.raises(KeyboardInterrupt):
            store.ingest(scans[0])
        assert store.version == 1
        assert store.check() == []
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans[:1])))


def test_clock_that_jumps_back__forgets_no_version_too_early(scans: list[Path], tmp_path: Path) -> None:
    now = datetime.now(UTC)
    times = [now - timedelta(days=1), now - timedelta(hours=1), now - timedelta(days=30), now]
    with Store(tmp_path / "city") as store:
        for each, at in zip(scans[:4], times, strict=True):
            with mock.patch.object(ledger, "now_text", lambda at=at: at.isoformat()):
                store.ingest(each)
        store.compact(keep_days=7)
        kept = store.versions()["version"].to_list()
        assert set(range(1, 5)) <= set(kept)
        assert store.check() == []


def test_file_that_changes_while_it_is_read__is_not_known_afterwards(tmp_path: Path) -> None:
    first = _report(tmp_path, "T1")
    old = first.read_text()
    with Store(tmp_path / "city") as store:
        real = durable.proof_of_file

        def changing(path: Path) -> durable.Proof:
            told = real(path)
            path.write_text(old.replace("T1", "T2"))
            return told

        with mock.patch.object(known_files, "proof_of_file", changing):
            store.ingest(first)
        first.write_text(old)
        assert store.ingest(first)["accepted"].to_list() == [1]
        assert store.events("report").collect()["tube"].cast(pl.String).sort().to_list() == ["T1", "T2"]


def test_erased_person__is_gone_after_an_erasure_that_failed_first(scans: list[Path], tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        with (
            mock.patch.object(ledger.Ledger, "replace_parts", side_effect=MemoryError),
            pytest.raises(MemoryError),
        ):
            store.erase(PERSON, "PASSPORT")
        assert store.erase(PERSON, "PASSPORT") > 0
        assert store.run().members.filter(person=PERSON).is_empty()
        assert store.check() == []


def test_robots_files_that_end_after_later_ones__leave_the_store_readable(tmp_path: Path) -> None:
    samples = Path(__file__).parents[2] / "data/samples/instruments"
    files = [
        samples / name for name in ("slan96p.xls", "stamping.csv", "tecan.gwl")
    ]  # the second waits for a lab
    with Store(tmp_path / "city") as store:
        store.ingest(files)
        assert [Path(name).name for name in store.inputs()["file"]] == [path.name for path in files]
        assert store.run().pools.equals(poolpipe.run(files).pools)
        assert store.check() == []
