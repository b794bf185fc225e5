"""Every file has two sums in the ledger: readers compare the quick one, `check` both; stores of before have one."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.store.ledger import TablePart


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    write_city(city(7, size="small"), tmp_path / "scans", 7)
    (tmp_path / "scans" / "report-late.csv").write_text("at,tube,call\n2022-02-10 15:00,T1,negative\nx,T2,\n")
    return tmp_path / "scans"


def _parts(store: Store) -> list[TablePart]:
    return store._ledger.all_parts()


def _gmac(path: Path) -> str:
    """The documented checksum, in one call."""
    return AESGCM(b"poolpipe's parts").encrypt(bytes(12), b"", path.read_bytes()).hex()


def _all_have_both(store: Store) -> bool:
    parts = _parts(store)
    files = [(part.path, part.sha256, part.checksum) for part in parts]
    files += [(part.vault, part.vault_sha256, part.vault_checksum) for part in parts if part.vault]
    for name, sha256, checksum in files:
        content = store.path / name
        assert (sha256, checksum) == (hashlib.sha256(content.read_bytes()).hexdigest(), _gmac(content))
    noted = store._ledger._rows("select path from checksums")
    return {name for (name,) in noted} == {name for name, _, _ in files}


def _as_made_before(store: Store) -> None:
    """What a store is that was made before there were checksums."""
    with store._writing() as ledger, ledger.committing():
        ledger._connection.execute("drop table checksums")


def _damage(path: Path) -> bytes:
    sound = path.read_bytes()
    place = len(sound) // 3
    path.write_bytes(sound[:place] + bytes([sound[place] ^ 4]) + sound[place + 1 :])
    return sound


def test_every_writer__notes_both_sums_and_forgets_those_of_files_that_are_gone(
    scans: Path, tmp_path: Path
) -> None:
    files = sorted(path for path in scans.rglob("*") if path.is_file())
    with Store(tmp_path / "city") as store:
        for some in (files[::2], files[1::2]):
            store.ingest(some)
            assert _all_have_both(store)
        store.conclude()
        assert _all_have_both(store)
        assert store.compact(keep_days=0)["joined"]
        assert _all_have_both(store)
        store.rotate_key(data=True)
        assert _all_have_both(store)
        broken = store.files("collect")[0]
        _damage(broken)
        assert store.repair([scans]).recovered
        store.compact(keep_days=0)
        assert _all_have_both(store)
        assert store.compact(keep_days=0, keep_events=1)["withdrawn"] == 0  # they have only just come
        assert store.check() == []


def test_store_of_before__is_read_by_sha256_and_gets_checksums_with_its_next_files(
    scans: Path, tmp_path: Path
) -> None:
    files = sorted(path for path in scans.rglob("*") if path.is_file())
    with Store(tmp_path / "whole") as whole:
        whole.ingest(files)
        expected = whole.run()
    with Store(tmp_path / "city") as store:
        store.ingest(files[:-1])
        _as_made_before(store)
    with Store(tmp_path / "city") as store:
        assert not any(part.checksums for part in _parts(store))
        assert store.check() == []
        path = store.files("collect")[0]
        sound = _damage(path)
        with pytest.raises(poolpipe.InputError, match="damaged"):
            store.run()
        with pytest.raises(poolpipe.InputError, match="damaged"):
            store.sql("select count(*) from collect")
        assert [each.code for each in store.check()] == ["file_damaged"]
        path.write_bytes(sound)
        before = {part.path for part in _parts(store)}
        store.ingest(files)
        has = {part.path: bool(part.checksum) for part in _parts(store)}
        assert has == {name: name not in before for name in has}
        assert store.run().pools.equals(expected.pools)
        assert store.check() == []
        store.rotate_key(data=True)
        assert _all_have_both(store)


@pytest.mark.parametrize("wrong", ["checksum", "sha256"])
def test_readers_compare_the_checksum__and_check_both_sums(scans: Path, tmp_path: Path, wrong: str) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        parts = [part for part in _parts(store) if part.content in ("collect", "report") and part.vault]
        assert parts
        with store._writing() as ledger, ledger.committing():
            lies: dict[str, Any] = {wrong: "0" * 32, f"vault_{wrong}": "0" * 32}
            ledger.replace_parts((part, replace(part, **lies)) for part in parts)
        named = [each.where for each in store.check()]
        assert named == [part.path for part in parts]
        if wrong == "sha256":
            assert store.run().pools.height
            assert store.sql("select count(*) from collect").item()
        else:
            with pytest.raises(poolpipe.InputError, match="damaged"):
                store.run()
            with pytest.raises(poolpipe.InputError, match="damaged"):
                store.sql("select count(*) from collect")


def test_changed_bit_of_the_vault__is_named_without_the_key(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
    (tmp_path / "city.key").rename(tmp_path / "elsewhere.key")
    path = min((tmp_path / "city" / "vault").rglob("*.parquet"))
    _damage(path)
    with Store(tmp_path / "city") as store:
        assert [each.where for each in store.check()] == [path.relative_to(store.path).as_posix()]
