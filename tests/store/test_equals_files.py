"""What is concluded from a store is what is concluded from the files, however they came in."""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING

import polars as pl
import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.store import Store
from poolpipe.tables import KINDS, TABLES

if TYPE_CHECKING:
    from pathlib import Path


def _unlike(mine: poolpipe.Day, yours: poolpipe.Day) -> list[str]:
    """Tables that differ; rejects without the file's name, which depends on what was given."""
    differ = [
        table for table in TABLES if table != "rejects" and not mine.table(table).equals(yours.table(table))
    ]
    told = [day.rejects.drop("file").sort(pl.all()) for day in (mine, yours)]
    return differ if told[0].equals(told[1]) else [*differ, "rejects"]


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.fixture(scope="module", params=range(6100, 6106))
def scans(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scans")
    write_city(city(request.param, size="small"), folder, request.param)
    return folder


def test_store__equals_files_in_any_order_with_repeats(scans: Path, tmp_path: Path) -> None:
    rng = random.Random(scans.name)
    files = _files(scans)
    given = [*files, *rng.choices(files, k=2)]
    rng.shuffle(given)
    with Store(tmp_path / "city") as store:
        while given:
            few = [given.pop() for _ in range(min(len(given), rng.randint(1, 3)))]
            store.ingest(few)
        expected = poolpipe.run(files)
        assert _unlike(store.run(), expected) == []
        moment = expected.pools["first_collected"].median()
        if isinstance(moment, datetime):
            assert _unlike(store.run(as_of=moment), poolpipe.run(files, as_of=moment)) == []
        assert store.check() == []
        store.compact(keep_days=0)
        assert store.check() == []
        assert _unlike(store.run(), expected) == []


def test_store__holds_each_event_once_and_counts_every_record(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        told = store.ingest(scans)
        files = pl.DataFrame(poolpipe.run(scans).summary["files"]).sort("file")
        assert told.drop("again").sort("file").equals(files.select(told.drop("again").columns))
        assert (told["read"] == told["accepted"] + told["duplicates"] + told["rejected"]).all()
        held = sum(store.events(kind).select(pl.len()).collect().item() for kind in KINDS)
        assert held == told["accepted"].sum()
        again = store.ingest(scans)
        assert again["accepted"].sum() == 0
        assert again["again"].null_count() == 0 or again.filter(again=None)["duplicates"].sum() > 0
        assert store.version == 1


def test_store__takes_an_event_once_whatever_its_format(tmp_path: Path) -> None:
    events = pl.DataFrame(
        {"at": ["2022-02-10 08:00", "2022-02-10 08:01"], "tube": ["T1", "T1"], "person": ["E1", "E2"]}
    )
    events = events.with_columns(person_type=pl.lit("PASSPORT"))
    events.write_csv(tmp_path / "collect-1.csv")
    events.write_parquet(tmp_path / "collect-2.parquet")
    events.with_columns(sent_at=pl.lit("2022-02-10 09:00")).write_ndjson(tmp_path / "collect-3.ndjson")
    with Store(tmp_path / "city") as store:
        told = [store.ingest(path).row(0)[1:5] for path in sorted(tmp_path.glob("collect*"))]
    assert told == [(2, 2, 0, 0), (2, 0, 2, 0), (2, 0, 2, 0)]


def test_earlier_version__is_read_as_it_was(scans: Path, tmp_path: Path) -> None:
    files = _files(scans)
    with Store(tmp_path / "city") as store:
        store.ingest(files[:2])
        first = store.run()
        store.ingest(files[2:])
        assert _unlike(store.run(version=1), first) == []
        assert store.events("collect", 0).collect().is_empty()
        with pytest.raises(poolpipe.InputError, match="no version 99"):
            store.run(version=99)
