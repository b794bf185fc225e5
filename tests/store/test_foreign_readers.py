"""Polars, DuckDB and deltalake read a store's tables without anything of ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
from deltalake import DeltaTable

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
