"""SQL over stores and results: what polars says of the same files, nobody's identity, and no other file."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from click.testing import CliRunner

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.cli import poolpipe as command
from poolpipe.nightly import tables_shown
from poolpipe.store import Store
from poolpipe.store.conclusion_tables import CONCLUDED, CONTENTS
from poolpipe.tables import KINDS, TABLES

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("sql [1]'s")
    write_city(city(6400, size="small"), folder / "scans", 6400)
    with poolpipe.Store(folder / "城 市") as store:
        store.ingest(folder / "scans")
        store.conclude().write(folder / "result")
    return folder


@pytest.fixture
def store(folder: Path) -> Any:
    with Store(folder / "城 市") as store:
        yield store


def _plain(frame: pl.DataFrame) -> pl.DataFrame:
    """Bytes as SQL shows them."""
    return frame.with_columns(pl.col(pl.Binary).bin.encode("hex"))


@pytest.mark.parametrize("table", [*KINDS, "rejects", *CONTENTS])
def test_sql__gives_what_polars_reads(store: Store, table: str) -> None:
    files = store.files(table)
    asked = store.sql(f"from {table}")
    if not files:
        assert asked.is_empty()
        assert asked.columns
        return
    expected = _plain(pl.scan_parquet(files, glob=False).collect())
    assert asked.sort(pl.all()).equals(expected.sort(pl.all()))
    times = [name for name, kind in asked.schema.items() if isinstance(kind, pl.Datetime)]
    assert all(asked.schema[name] == pl.Datetime("us", "UTC") for name in times)


def test_sql__counts_as_the_day_does(store: Store, folder: Path) -> None:
    day = store.kept()
    assert day is not None
    by_call = (
        "select mode, call, count(*) as n, max(called_at) as latest from pools group by all order by all"
    )
    grouped = day.pools.group_by("mode", "call").agg(
        n=pl.len().cast(pl.Int64), latest=pl.col("called_at").max()
    )
    for asked in (store.sql(by_call), poolpipe.Day.read(folder / "result").sql(by_call)):
        assert asked.sort("mode", "call").equals(grouped.sort("mode", "call"))
    joined = "select count(*) as n from recalls r join collect c using (person_type, person)"
    assert store.sql(joined).item() >= day.recalls.height


def test_sql__names_nobody(store: Store) -> None:
    people = set(store.run().members["person"])
    assert people
    for table in (*KINDS, "rejects", *CONTENTS):
        text = str(store.sql(f"from {table}").to_dict(as_series=False))
        assert not [person for person in people if person in text], table


def test_sql__reads_and_writes_no_other_file(store: Store, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("a\n1\n")
    vault = next(store.path.glob("vault/*/*.parquet"))
    for query in (
        f"select * from read_csv('{tmp_path / 'other.csv'}')",
        f"select * from '{tmp_path / 'other.csv'}'",
        f"select * from read_blob('{str(vault).replace(chr(39), chr(39) * 2)}')",
        f"copy (select 1) to '{tmp_path / 'made.csv'}'",
        "select * from glob('/*')",
        f"attach '{tmp_path / 'made.db'}'",
        "set enable_external_access = true",
        "install httpfs",
        "select 1; select 2",
        "select * from poolz",
        "",
    ):
        with pytest.raises(poolpipe.InputError):
            store.sql(query)
    assert [path.name for path in tmp_path.iterdir()] == ["other.csv"]
    with pytest.raises(poolpipe.InputError, match="did you mean 'pools'"):
        store.sql("select * from poolz")
    with pytest.raises(poolpipe.InputError, match='is written "at"'):
        store.sql("select max(at) from collect")
    here = pl.DataFrame({"a": [1]})
    with pytest.raises(poolpipe.InputError, match="does not exist"):
        store.sql("select * from here")
    assert here.height


def test_connect__shows_all_tables_of_a_version(folder: Path) -> None:
    with poolpipe.connect(folder / "城 市") as connection:
        names = {
            name
            for (name,) in connection.execute(
                "select view_name from duckdb_views() where not internal"
            ).fetchall()
        }
        assert names == {*KINDS, "rejects", *CONTENTS, *tables_shown()}
        assert connection.execute("select version from concluded").fetchall() == [(2,)]
        assert connection.execute("select count(*) from members").fetchone() == (
            poolpipe.Day.read(folder / "result").members.height,
        )
    with poolpipe.connect(folder / "result") as connection:
        assert connection.sql("from pools").pl().equals(poolpipe.Day.read(folder / "result").pools)
    with poolpipe.connect(folder / "城 市", version=0) as connection:
        names = {
            name
            for (name,) in connection.execute(
                "select view_name from duckdb_views() where not internal"
            ).fetchall()
        }
        assert names == {*KINDS, "rejects"}
    with pytest.raises(poolpipe.InputError, match="no versions"):
        poolpipe.connect(folder / "result", version=1)
    with pytest.raises(poolpipe.InputError):
        poolpipe.connect(folder / "scans")


def test_tables_of_another_version__are_not_shown_for_it(folder: Path, tmp_path: Path) -> None:
    files = sorted(path for path in (folder / "scans").rglob("*") if path.is_file())
    with Store(tmp_path / "city") as store:
        store.ingest(files[: len(files) // 2])
        with pytest.raises(poolpipe.InputError, match="no tables are kept of version 1"):
            store.sql("select * from pools")
        store.conclude()
        before = store.sql("select count(*) from pools").item()
        store.ingest(files)
        with pytest.raises(poolpipe.InputError, match="newest that are kept are of version 2"):
            store.sql("select count(*) from pools")
        assert store.sql("select count(*) from pools", 2).item() == before
        assert (
            store.sql("select count(*) from collect").item()
            > store.sql("select count(*) from collect", 1).item()
        )
        part = store.files("collect")[0]
        content = bytearray(part.read_bytes())
        content[len(content) // 2] ^= 1
        part.write_bytes(content)
        with pytest.raises(poolpipe.InputError, match="is damaged"):
            store.sql("select count(*) from collect")
        with pytest.raises(poolpipe.InputError, match="is damaged"):
            store.connect()


def _told(*words: object, status: int = 0) -> Any:
    done = CliRunner().invoke(command, [str(word) for word in words])
    assert done.exit_code == status, done.output
    return done


def test_command__shows_answers_and_masks_people_of_a_result(folder: Path) -> None:
    store, result = folder / "城 市", folder / "result"
    day = poolpipe.Day.read(result)
    members = day.members
    person = random.Random(1).choice(members["person"].to_list())
    asked = f"select person_type || ':' || person as who, [person] as l, person as p from members where person = '{person}'"
    board = _told("sql", result, asked)
    assert person not in board.stdout
    assert person in _told("sql", result, asked, "--show-ids").stdout
    assert person in _told("sql", result, asked, "--csv").stdout
    everything = (
        "select interval 1 month as i, 1.5::decimal(4,2) as d, date '2022-02-10' as k, time '10:00' as t, "
    )
    everything += (
        "{'a': 1} as s, [1] as l, null as n, true as b, now() as z, '\\x01'::blob as bytes, '中文' as c"
    )
    for option in ([], ["--csv"], ["--json"]):
        for source in (store, result):
            told = _told("sql", source, everything, *option).stdout
            assert "中文" in told
            assert "1 month" in told
    assert _told("sql", store, "select as_of from concluded", "--csv").stdout.endswith("+08:00\n")
    refused = _told("sql", store, "select * from poolz", status=1).stderr
    assert "poolz" in refused
    assert "pools" in refused
    _told("sql", store, status=2)
    _told("sql", result, "select 1", "--at-version", 1, status=2)
    assert (
        "no tables are kept" in _told("sql", store, "select * from pools", "--at-version", 0, status=1).stderr
    )
    with Store(store) as opened:
        assert opened.unsealings().is_empty()
    assert set(TABLES) - {"rejects"} == set(CONTENTS) - {CONCLUDED}


def test_sql__beside_a_service_advises_what_a_service_allows(folder: Path, tmp_path: Path) -> None:
    store = tmp_path / "city"
    with poolpipe.Store(store) as opened:
        opened.ingest(folder / "scans")
    for name, kept in (("none", False), ("older", True)):
        with poolpipe.Store(store) as opened:
            if kept:
                opened.conclude()
                write_city(city(6401, size="tiny"), tmp_path / name, 6401)
                opened.ingest(tmp_path / name)
            with opened.serving():
                told = CliRunner().invoke(command, ["sql", str(store), "select count(*) from pools"])
                assert told.exit_code == 1
                assert "/tables/NAME" in told.stderr
                assert "when it has ended" in told.stderr
            told = CliRunner().invoke(command, ["sql", str(store), "select count(*) from pools"])
            assert "/tables/NAME" not in told.stderr
