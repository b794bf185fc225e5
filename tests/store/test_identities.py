"""Identities stay in the vault: nothing else in a store tells a number, a name or a telephone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import poolpipe
from cities.random_city import resident_id
from poolpipe.store import Store
from poolpipe.store.keys import DataKeys
from poolpipe.store.sealing import PSEUDONYM, pseudonyms_of_people, unsealed

if TYPE_CHECKING:
    from pathlib import Path

import random
import shutil

PEOPLE = [resident_id(random.Random(seed)) for seed in range(20)]
NAMES = [f"测试甲乙{place:02d}" for place in range(20)]
PHONES = [f"139{place:08d}" for place in range(71000000, 71000020)]
KEYS = DataKeys(bytes(range(32)), bytes(range(64)), bytes(range(32)), bytes(range(16)))


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    folder = tmp_path / "scans"
    folder.mkdir()
    collects = pl.DataFrame(
        {"at": "2022-02-10 08:00", "tube": [f"T{place // 10}" for place in range(20)], "person": PEOPLE, "name": NAMES,
         "phone": PHONES, "operator": [f"王{name}" for name in NAMES], "event_id": [f"id-{each}" for each in PHONES]}
    )  # fmt: skip
    collects.write_csv(folder / "collect-1.csv")
    refused = collects.with_columns(at=pl.lit("yesterday"))
    refused.write_csv(folder / "collect-2.csv")
    (folder / "collect-3.ndjson").write_text(
        f'{{"at": "2022-02-10 08:00", "tube": "T1", "person": {PEOPLE[0]}, x\n'
    )
    pl.DataFrame({"at": ["2022-02-10 15:00"], "tube": ["T0"], "call": ["positive"]}).write_csv(
        folder / "report.csv"
    )
    return folder


def _bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_store__tells_no_identity_in_any_byte(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        store.compact(keep_days=0)
        assert store.run().recalls["person"].sort().to_list() == sorted(PEOPLE[:10])
    held = _bytes_of(tmp_path / "city")
    told = [
        each
        for each in (*PEOPLE, *NAMES, *PHONES)
        if each.encode() in held or each.encode("utf-16-le") in held
    ]
    assert told == []
    keys = np.array([int(each[:17]) for each in PEOPLE if each[17].isdigit()])
    assert not any(int(key).to_bytes(8, order) in held for key in keys for order in ("little", "big"))


def test_without_key__tables_join_by_pseudonym(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        with_key = store.run()
    (tmp_path / "city.key").rename(tmp_path / "elsewhere.key")
    with Store(tmp_path / "city") as store:
        assert not store.has_key
        day = store.run()
        assert day.recalls.height == with_key.recalls.height
        assert day.pools.equals(with_key.pools)
        assert set(day.recalls["person"]) <= set(day.members["person"])
        assert not set(day.members["person"]) & set(PEOPLE)
        assert day.rejects["raw"].unique().to_list() == ["sealed"]
        with pytest.raises(poolpipe.InputError, match="the key is not here"):
            store.ingest(scans)
    with Store(tmp_path / "city", key=tmp_path / "elsewhere.key") as store:
        assert store.run().recalls.equals(with_key.recalls)


def test_key_of_another_store__is_refused(scans: Path, tmp_path: Path) -> None:
    Store(tmp_path / "other").close()
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
    with pytest.raises(poolpipe.InputError, match="key of another store"):
        Store(tmp_path / "city", key=tmp_path / "other.key")


@pytest.mark.parametrize("data", [False, True])
def test_rotated_key__opens_what_the_old_one_opened(scans: Path, tmp_path: Path, data: bool) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        before = store.run()
        files = {path.name for path in store.files("collect")}
        store.rotate_key(data=data)
        assert store.run().members.equals(before.members)
        assert store.check() == []
        assert (files == {path.name for path in store.files("collect")}) is not data
    with Store(tmp_path / "city") as store:
        assert store.run().members.equals(before.members)
        assert store.ingest(scans)["accepted"].sum() == 0
    with pytest.raises(poolpipe.InputError, match="key of another store"):
        Store(tmp_path / "city", key=tmp_path / "city.key.old")
    assert (tmp_path / "city.key").stat().st_mode & 0o077 == 0


def test_keys_changed_again__leave_every_key_there_was(scans: Path, tmp_path: Path) -> None:
    key = tmp_path / "city.key"
    held = []
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
    shutil.copytree(tmp_path / "city", tmp_path / "copy")
    for _ in range(4):
        held.append(key.read_bytes())
        with Store(tmp_path / "city") as store:
            store.rotate_key()
    names = ["city.key.old.1", "city.key.old.2", "city.key.old.3", "city.key.old"]
    assert [(tmp_path / name).read_bytes() for name in names] == held
    assert sorted(path.name for path in tmp_path.glob("city.key*")) == sorted(["city.key", *names])
    with Store(tmp_path / "copy", key=tmp_path / names[0]) as store:
        assert store.has_key


def test_erased_person__is_nowhere_and_counts_stay(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans / "collect-1.csv")
        store.ingest(scans)
        before = store.run()
        assert store.erase(PEOPLE[0]) > 0
        after = store.run()
        assert after.pools.equals(before.pools)
        assert after.members.filter(person=PEOPLE[0]).is_empty()
        assert after.members.filter(person_type="ERASED").height == 1
        assert after.rejects.height == before.rejects.height
        assert not after.rejects["raw"].str.contains(PEOPLE[0]).any()
        assert store.run(version=1).members.filter(person=PEOPLE[0]).is_empty()
        assert store.check() == []
        assert store.erase(PEOPLE[0]) == 0


def test_documents_longer_than_a_block__are_kept_in_the_vault(tmp_path: Path) -> None:
    long = ["E-2022/000-000-000-17", "E-2022/000-000-000-18", "台胞证0000000000000000019"]
    collects = pl.DataFrame(
        {"at": "2022-02-10 08:00", "tube": "T1", "person": [*PEOPLE[:2], "E17", *long],
         "person_type": ["RIC", "RIC", "PASSPORT", "PASSPORT", "PASSPORT", "TWC"]}
    )  # fmt: skip
    expected = poolpipe.run({"collect": collects}).members
    with Store(tmp_path / "city") as store:
        store.ingest({"collect": collects})
        assert store.run().members.equals(expected)
        store.rotate_key(data=True)
        assert store.run().members.equals(expected)
        held = _bytes_of(tmp_path / "city")
        assert [each for each in long if each.encode() in held] == []
        assert store.erase(long[0], "PASSPORT") == 1
        assert sorted(set(expected["person"]) - set(store.run().members["person"])) == [long[0]]
        assert store.run().members["person_type"].sort().to_list().count("ERASED") == 1
        assert store.check() == []
    (tmp_path / "city.key").unlink()
    with Store(tmp_path / "city") as store:
        assert store.run().members["person"].n_unique() == 6


letters = st.characters(exclude_categories=["C", "Z"])
documents = st.tuples(
    st.sampled_from(["RIC", "PASSPORT", "HKM", "", "台胞证"]), st.text(letters, min_size=1, max_size=64)
)


@given(
    st.lists(
        documents | st.integers(0, 10**6).map(lambda seed: ("RIC", resident_id(random.Random(seed)))),
        min_size=1,
        unique=True,
    )
)
def test_pseudonym__is_one_of_a_person_and_leads_back(people: list[tuple[str, str]]) -> None:
    given_people = pl.DataFrame(people, {"person_type": pl.String, "person": pl.String}, orient="row")
    sealed = pseudonyms_of_people(given_people, KEYS)
    assert sealed.n_unique() == len(people)
    keys, others = unsealed(sealed.to_arrow().cast(PSEUDONYM), KEYS, given_people)
    found = [
        others.row(-1 - key) if key < 0 else ("RIC", f"{key // 11:017d}{'0123456789X'[key % 11]}")
        for key in keys.tolist()
    ]
    assert found == people
