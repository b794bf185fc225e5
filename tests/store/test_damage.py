"""A damaged store: every changed bit is named by `check` and refused by the reader."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import polars as pl
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("damage")
    write_city(city(77, size="small"), folder / "scans", 77)
    store = Store(folder / "city")
    store.ingest(folder / "scans")
    return store


def _parts(store: Store) -> list[Path]:
    return sorted((store.path / "tables").rglob("*.parquet")) + sorted(
        (store.path / "vault").rglob("*.parquet")
    )


def test_flipped_bit__is_named_and_refused(store: Store) -> None:
    rng = random.Random(5)
    for path in _parts(store):
        sound = path.read_bytes()
        place = rng.randrange(len(sound))
        path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << rng.randrange(8)]) + sound[place + 1 :])
        assert [each.where for each in store.check()] == [path.relative_to(store.path).as_posix()]
        with pytest.raises(poolpipe.InputError, match="damaged"):
            store.run()
        path.write_bytes(sound)
    assert store.check() == []


def test_cut_or_missing_file__is_never_fewer_rows(store: Store) -> None:
    path = store.files("collect")[0]
    sound = path.read_bytes()
    for content in (b"", sound[: len(sound) // 2], sound[:-1]):
        path.write_bytes(content)
        with pytest.raises(poolpipe.InputError, match="damaged"):
            store.run()
    path.unlink()
    with pytest.raises(poolpipe.InputError, match="damaged"):
        store.run()
    assert [each.code for each in store.check()] == ["file_missing"]
    path.write_bytes(sound)


def test_leftover_of_a_dead_writer__goes_with_the_next(store: Store, tmp_path: Path) -> None:
    stray = store.path / "tables" / "collect" / "2022-02-10-0123456789abcdef.parquet"
    pl.DataFrame({"a": [1]}).write_parquet(stray)
    before = store.run()
    (tmp_path / "report.csv").write_text("at,tube,call\n2022-02-10 15:00,NEW,negative\n")
    store.ingest(tmp_path / "report.csv")
    assert not stray.exists()
    assert store.run().pools.height == before.pools.height + 1


def test_files_of_a_store__are_no_scans(store: Store) -> None:
    for given in (store.path / "tables", store.files("report")[0]):
        with pytest.raises(poolpipe.InputError, match="part of a store"):
            poolpipe.run(given)


def test_second_writer__is_refused(store: Store, tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text("at,tube,call\n2022-02-10 15:00,OTHER,negative\n")
    with store._writing(), pytest.raises(poolpipe.InputError, match="another process"):
        Store(store.path).ingest(tmp_path / "report.csv")
