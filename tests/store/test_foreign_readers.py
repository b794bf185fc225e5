"""Polars, DuckDB and deltalake read a store's tables without anything of ours."""

from __future__ import annotations

import random
from contextlib import suppress
from typing import TYPE_CHECKING

import duckdb
import polars as pl
from deltalake import DeltaTable
from deltalake.exceptions import DeltaError

from cities.files import write_city
from cities.random_city import city
from poolpipe.store import Store
from poolpipe.store.delta_log import LOGGED
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from pathlib import Path


def test_other_readers__see_every_event_of_each_version(tmp_path: Path) -> None:
    write_city(city(3, size="small"), tmp_path / "scans", 3)
    files = sorted(path for path in (tmp_path / "scans").rglob("*") if path.is_file())
    with Store(tmp_path / "city") as store:
        for some in (files[:3], files[3:]):
            store.ingest(some)
            _compare(store)
        store.compact(keep_days=0)
        _compare(store)


def _compare(store: Store) -> None:
    accepted = store.inputs()["accepted"].sum()
    held = 0
    for kind in KINDS:
        files = [str(path) for path in store.files(kind)]
        rows = store.events(kind).collect()
        held += rows.height
        if not files:
            continue
        assert pl.scan_parquet(files).collect().equals(rows)
        counted = duckdb.execute(
            "select count(*), count(distinct key) from read_parquet($files)", {"files": files}
        ).fetchone()
        assert counted == (rows.height, rows.height)
    assert held == accepted
    for content in LOGGED:
        files = sorted(path.name for path in store.files(content))
        log = store.path / "tables" / content
        if files or (log / "_delta_log").exists():
            assert sorted(uri.rsplit("/", 1)[1] for uri in DeltaTable(log).file_uris()) == files


def test_delta_log__is_written_anew_where_it_is_torn(tmp_path: Path) -> None:
    (tmp_path / "report.csv").write_text("at,tube,call\n2022-02-10 15:00,T1,negative\n")
    (tmp_path / "report-2.csv").write_text("at,tube,call\n2022-02-10 16:00,T2,negative\n")
    with Store(tmp_path / "city") as store:
        store.ingest(tmp_path / "report.csv")
        log = store.path / "tables" / "report" / "_delta_log"
        (log / f"{0:020}.json").write_text("")
        store.ingest(tmp_path / "report-2.csv")
        assert len(DeltaTable(log.parent).file_uris()) == 2


def _store_of_reports(folder: Path, count: int) -> Store:
    store = Store(folder / "city")
    for place in range(count):
        path = folder / f"report-{place}.csv"
        path.write_text(f"at,tube,call\n2022-02-10 15:00,T{place},negative\n")
        store.ingest(path)
    return store


def test_compacted_log__starts_at_a_checkpoint(tmp_path: Path) -> None:
    with _store_of_reports(tmp_path, 6) as store:
        log = store.path / "tables" / "report" / "_delta_log"
        for _ in range(2):
            store.compact(keep_days=0)
            assert [path.name for path in store.files("report")] == DeltaTable(
                log.parent
            ).to_pyarrow_dataset().files
            assert len(list(log.glob("*.json"))) == len(list(log.glob("*.parquet"))) == 1
            assert store.check() == []
            store.ingest(
                {"report": pl.DataFrame({"at": ["2022-02-11 15:00"], "tube": ["T9"], "call": ["positive"]})}
            )
            assert len(DeltaTable(log.parent).file_uris()) == len(store.files("report"))


def test_changed_bit_of_a_log__is_named_or_changes_nothing(tmp_path: Path) -> None:
    rng = random.Random(3)
    with _store_of_reports(tmp_path, 4) as store:
        files = sorted(path.name for path in store.files("report"))
        table = store.path / "tables" / "report"
        for path in sorted((table / "_delta_log").iterdir()):
            sound = path.read_bytes()
            for _ in range(30):
                place = rng.randrange(len(sound))
                path.write_bytes(
                    sound[:place] + bytes([sound[place] ^ 1 << rng.randrange(8)]) + sound[place + 1 :]
                )
                found = [(each.code, each.where) for each in store.check()]
                if not found:
                    with suppress(DeltaError):
                        assert sorted(uri.rsplit("/", 1)[1] for uri in DeltaTable(table).file_uris()) == files
                else:
                    assert found == [("log_damaged", "tables/report/_delta_log")]
            path.write_bytes(sound)
        assert store.check() == []


def test_many_small_files__are_joined_as_they_come(tmp_path: Path) -> None:
    with _store_of_reports(tmp_path, 70) as store:
        assert len(store.files("report")) == 70 - 63
        assert store.events("report").collect()["tube"].n_unique() == 70
        assert store.check() == []
