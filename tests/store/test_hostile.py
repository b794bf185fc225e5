"""What others do to a store: files named like its own, links, another application's ledger, copies, changed bits, many files."""

from __future__ import annotations

import random
import shutil
import sqlite3
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from benchmarks.power_cuts import same, tables_of, write_scans

import poolpipe
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("hostile")
    with Store(folder / "city") as store:
        for each in write_scans(folder / "scans"):
            store.ingest(each)
        store.note_unsealing("me", "run", "test")
    return folder


def test_flipped_bit_of_the_ledger__is_an_error_or_harmless(city: Path, tmp_path: Path) -> None:
    rng = random.Random(11)
    shutil.copytree(city / "city", tmp_path / "city")
    shutil.copy(city / "city.key", tmp_path / "city.key")
    path = tmp_path / "city" / "ledger.sqlite"
    sound = path.read_bytes()
    with Store(tmp_path / "city") as store:
        expected = store.inputs(), store.unsealings(), store.versions(), store._ledger.all_parts()
    errors = 0
    places = [*range(0, 100, 7), *(rng.randrange(len(sound)) for _ in range(150))]
    for place in places:
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << rng.randrange(8)]) + sound[place + 1 :])
        try:
            with Store(tmp_path / "city") as store:
                told = store.inputs(), store.unsealings(), store.versions(), store._ledger.all_parts()
                assert all(mine.equals(yours) for mine, yours in zip(told[:3], expected[:3], strict=True))
                assert told[3] == expected[3]
                found = {each.code for each in store.check()}
                assert found <= {"ledger_damaged"}
                errors += bool(found)
        except poolpipe.InputError:
            errors += 1
    assert errors > len(places) // 2
    path.write_bytes(sound)
    with Store(tmp_path / "city") as store:
        assert store.check() == []


def test_ledger_mixed_of_two_states__is_an_error(city: Path, tmp_path: Path) -> None:
    shutil.copytree(city / "city", tmp_path / "city")
    shutil.copy(city / "city.key", tmp_path / "city.key")
    path = tmp_path / "city" / "ledger.sqlite"
    old = path.read_bytes()
    (tmp_path / "report.csv").write_text("at,tube,call\n2022-02-10 15:00,MIXED,negative\n")
    with Store(tmp_path / "city") as store:
        before = tables_of(store.run())
        store.ingest(tmp_path / "report.csv")
        after = tables_of(store.run())
    new = path.read_bytes()
    pages = [
        place for place in range(0, len(new), 4096) if old[place : place + 4096] != new[place : place + 4096]
    ]
    assert len(pages) > 2
    refused = 0
    for picked in range(1, (1 << len(pages)) - 1):
        mixed = bytearray(new)
        for place, page in enumerate(pages):
            if picked >> place & 1:
                mixed[page : page + 4096] = old[page : page + 4096]
        path.write_bytes(mixed)
        try:
            with Store(tmp_path / "city") as store:
                told = tables_of(store.run())
            assert same(told, before) or same(told, after)
        except poolpipe.InputError:
            refused += 1
    assert refused


def test_files_and_links_of_others__stay(tmp_path: Path) -> None:
    scans = write_scans(tmp_path / "scans")
    with Store(tmp_path / "city") as store:
        store.ingest(scans[0])
        table = store.path / "tables" / "collect"
        target = tmp_path / "elsewhere.parquet"
        target.write_bytes(b"of somebody else")
        (table / "mine.parquet").write_bytes(b"mine")
        (table / "2022-02-10-0123456789abcdef.parquet").symlink_to(target)
        (table / "2022-02-10-0123456789abcdee.parquet").mkdir()
        store.ingest(scans[1])
        assert (table / "mine.parquet").read_bytes() == b"mine"
        assert target.read_bytes() == b"of somebody else"
        assert (table / "2022-02-10-0123456789abcdee.parquet").is_dir()
        assert store.check() == []
        assert same(tables_of(store.run()), tables_of(poolpipe.run(scans[:2])))


def test_ledger_of_another_application__is_neither_read_nor_written_over(tmp_path: Path) -> None:
    (tmp_path / "city").mkdir()
    path = tmp_path / "city" / "ledger.sqlite"
    with sqlite3.connect(path) as other:
        other.execute("create table accounts (name)")
    other.close()
    before = path.read_bytes()
    with pytest.raises(poolpipe.InputError, match=r"ledger\.sqlite"):
        Store(tmp_path / "city")
    assert path.read_bytes() == before
    assert not (tmp_path / "city.key").exists()


def test_many_small_files_and_versions__are_one_version_each_commit(tmp_path: Path) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for number in range(300):
        (folder / f"report-{number}.csv").write_text(f"at,tube,call\n2022-02-10 15:00,T{number},negative\n")
    with Store(tmp_path / "city") as store:
        assert store.ingest(folder)["accepted"].sum() == 300
        assert store.version == 1
        assert store.ingest(folder)["again"].null_count() == 0
        assert store.version == 1
        assert len(store.files("report")) == 1
        assert store.check() == []


_DIES = """
import os, sys
from poolpipe.store import Store, ledger_file
class Dying(ledger_file._CheckedFile):
    def xWrite(self, data, offset):
        super().xWrite(data, offset)
        if self.is_database and Dying.armed:
            os._exit(9)  # the journal is synced, the ledger half written
Dying.armed = False
def opening(self, name, flags):
    file = Dying(self._base, name, flags) if flags[0] & 0x900 else None
    file.is_database = bool(flags[0] & 0x100)
    return file
ledger_file.CheckedPages.xOpen = opening
with Store(sys.argv[1]) as store:
    Dying.armed = True
    store.ingest(sys.argv[2])
"""


def test_flipped_bit_of_a_hot_journal__is_an_error_or_harmless(tmp_path: Path) -> None:
    scans = write_scans(tmp_path / "scans")
    with Store(tmp_path / "city") as store:
        store.ingest(scans[0])
        expected = tables_of(store.run())
    told = [sys.executable, "-c", _DIES, str(tmp_path / "city"), str(scans[1])]
    assert subprocess.run(told, check=False).returncode == 9
    paths = [tmp_path / "city" / name for name in ("ledger.sqlite", "ledger.sqlite-journal")]
    half, journal = [path.read_bytes() for path in paths]
    rng = random.Random(2)
    refused = 0
    for place in [-1, *range(28), *(rng.randrange(len(journal)) for _ in range(60))]:
        flipped = bytearray(journal)
        if place >= 0:
            flipped[place] ^= 1 << rng.randrange(8)
        for path, content in zip(paths, (half, bytes(flipped)), strict=True):
            path.write_bytes(content)
        try:
            with Store(tmp_path / "city") as store:
                assert same(tables_of(store.run()), expected)
        except poolpipe.InputError:
            assert place >= 0
            refused += 1
    assert refused
