"""Inputs of every kind: stores, machines' files, addresses, and large files that several tasks read."""

from __future__ import annotations

import json
import shutil
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

import poolpipe
from cities.files import write_city
from cities.random_city import city
from cluster.written import unlike
from poolpipe import cluster
from poolpipe.cli import poolpipe as command
from poolpipe.cluster.file_inputs import FileInputs
from poolpipe.cluster.given import fetched
from poolpipe.cluster.shares import shares
from poolpipe.errors import InputError
from poolpipe.events.reference import Reference
from poolpipe.policy import load_policy
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

NO_SESSION: Any = None
MACHINES = "data/samples/instruments"


def _taken_in(folder: Path, seeds: tuple[int, ...]) -> Path:
    """A store that took a city in for each seed."""
    with Store(folder / "store") as store:
        for seed in seeds:
            write_city(city(seed, size="medium"), folder / f"scans{seed}", seed)
            store.ingest(folder / f"scans{seed}")
    return folder / "store"


@pytest.mark.parametrize("with_key", [True, False])
def test_store__is_concluded_as_by_one_process(sail: SparkSession, tmp_path: Path, with_key: bool) -> None:
    store = _taken_in(tmp_path, (7800, 7801))
    if not with_key:
        (tmp_path / "store.key").rename(tmp_path / "elsewhere")
    poolpipe.run(store, out=tmp_path / "one", views=False)
    cluster.run(sail, store, parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_version_of_a_store__is_concluded_as_by_one_process(sail: SparkSession, tmp_path: Path) -> None:
    store = _taken_in(tmp_path, (7802, 7803, 7804))
    with Store(store) as opened:
        first = opened.versions()["version"][1]
        opened.run(version=first).write(tmp_path / "one")
        hears = opened.run().pools.height
    day = cluster.run(sail, store, parts=4, version=first, key=tmp_path / "store.key")
    day.write(tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []
    assert day.pools.height < hears


def test_store_with_times_of_arrival__tells_the_same_of_them(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    moments = iter(range(1_644_500_000_000_000, 1_644_600_000_000_000, 3_600_000_000))
    monkeypatch.setattr("poolpipe.store.ingesting.now", lambda: next(moments), raising=False)
    store = _taken_in(tmp_path, (7805, 7806, 7807))
    monkeypatch.setattr("poolpipe.store.parts_reader.tell_something", lambda _: True)
    monkeypatch.setattr("poolpipe.store.reading.tell_something", lambda _: True)
    poolpipe.run(store, out=tmp_path / "one", views=False)
    cluster.run(sail, store, parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_command__reads_a_store_and_notes_who_opened_it(sail: SparkSession, tmp_path: Path) -> None:
    assert sail
    store = _taken_in(tmp_path, (7808,))
    given = ["run", str(store), "--quiet", "--why", "a test", "--at-version", "1", "--out"]
    one = CliRunner().invoke(command, [*given, str(tmp_path / "one")])
    many = CliRunner().invoke(command, [*given, str(tmp_path / "many"), "--engine", "sail", "--parts", "2"])
    assert (one.exit_code, many.exit_code) == (0, 0), many.output
    assert unlike(tmp_path / "one", tmp_path / "many") == []
    with Store(store) as opened:
        assert opened.unsealings()["why"].to_list() == ["a test", "a test"]


def test_damaged_part_of_a_store__is_told_as_by_one_process(sail: SparkSession, tmp_path: Path) -> None:
    store = _taken_in(tmp_path, (7809,))
    part = min((store / "tables" / "collect").glob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-40])
    with pytest.raises(InputError) as one:
        poolpipe.run(store)
    with pytest.raises(InputError) as many:
        cluster.run(sail, store)
    assert str(many.value) == str(one.value)


def test_store_beside_files_or_a_version_of_files__is_refused(tmp_path: Path) -> None:
    Store(tmp_path / "city").close()
    (tmp_path / "collect.csv").write_text("at,tube,person\n")
    with pytest.raises(InputError, match="store"):
        cluster.run(NO_SESSION, [tmp_path / "city", tmp_path / "collect.csv"])
    with pytest.raises(InputError, match=r"version: it is that of a store, and files are given"):
        cluster.run(NO_SESSION, tmp_path / "collect.csv", version=3)
    with pytest.raises(InputError, match="kind"):
        cluster.run(NO_SESSION, tmp_path / "city", kind="collect")


def test_machines_files__are_concluded_as_by_one_process(sail: SparkSession, tmp_path: Path) -> None:
    write_city(city(7810, size="small"), tmp_path / "scans", 7810)
    for name in (
        "slan96p.xls",
        "abi7500.xls",
        "tecan.gwl",
        "plate-map.csv",
        "quantstudio-classic.txt",
        "cfx.csv",
    ):
        shutil.copy(f"{MACHINES}/{name}", tmp_path / "scans" / name)
    one = poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "scans", parts=3, out=tmp_path / "many")
    assert one.summary["instruments"]
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_loads_of_a_machine_without_lab__take_that_of_their_plate(sail: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    shutil.copy(f"{MACHINES}/slan96p.xls", tmp_path / "scans" / "slan96p.xls")
    refused = poolpipe.run(tmp_path / "scans").rejects
    assert refused["kind"].unique().to_list() == ["load"]
    plate = json.loads(refused["raw"][0])["plate"]
    (tmp_path / "scans" / "load.csv").write_text(
        f"at,plate,well,lab,role\n2022-02-10T05:00:00+08:00,{plate},H12,L7,negative_control\n"
    )
    one = poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    assert one.rejects.is_empty()
    cluster.run(sail, tmp_path / "scans", parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_large_parquet_file__is_read_by_several_tasks(sail: SparkSession, tmp_path: Path) -> None:
    people = pl.DataFrame({"n": range(3000)}).select(
        pl.format("2022-02-10T08:{}:00Z", pl.col("n") % 40 + 10).alias("at"),
        pl.when(pl.col("n") % 97 == 5).then(pl.lit("T 1 !")).otherwise(pl.format("T{}", pl.col("n") // 10)).alias("tube"),
        pl.lit("PASSPORT").alias("person_type"),
        pl.format("E{}", pl.col("n") % 2900).alias("person"),
        pl.lit("?").alias("weather"),
    )  # fmt: skip
    (tmp_path / "scans").mkdir()
    people.write_parquet(tmp_path / "scans" / "collect.parquet", row_group_size=250)
    (tmp_path / "scans" / "pack.csv").write_text("at,tube,box\n2022-02-10T09:00:00Z,T1,B1\n")
    policy = load_policy(None)
    tasks = FileInputs.of([tmp_path / "scans"], policy, None, Reference(), None).tasks(4)
    read = [source.groups for task in tasks for source in task.sources if source.groups]
    assert len(read) > 2
    assert [first for first, _ in read] == [0, *(last for _, last in read[:-1])]
    assert read[-1][1] == pq.read_metadata(tmp_path / "scans" / "collect.parquet").num_row_groups
    one = poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "scans", parts=4, out=tmp_path / "many")
    assert one.rejects.height == 31
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_tasks__are_as_many_cells_and_not_as_many_bytes(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).integers(0, 1 << 60, 4000)
    (tmp_path / "scans").mkdir()
    for name, column in (
        ("collect", numbers),
        ("load", np.zeros(4000, np.int64)),
    ):  # bytes that are packed well or not at all
        pl.DataFrame({"tube": column}).write_parquet(
            tmp_path / "scans" / f"{name}.parquet", row_group_size=250
        )
    tasks = FileInputs.of([tmp_path / "scans"], load_policy(None), None, Reference(), None).tasks(8)
    groups = [[each.groups[1] - each.groups[0] for each in task.sources if each.groups] for task in tasks]
    assert groups == [[4]] * 8


def test_damaged_parquet_file__is_read_by_one_task(tmp_path: Path) -> None:
    pl.DataFrame({"at": ["x"] * 900}).write_parquet(tmp_path / "collect.parquet", row_group_size=100)
    whole = (tmp_path / "collect.parquet").read_bytes()
    (tmp_path / "collect.parquet").write_bytes(whole[:-200] + bytes(192) + whole[-8:])
    given = FileInputs.of([tmp_path], load_policy(None), None, Reference(), None)
    assert [source.groups for task in given.tasks(4) for source in task.sources] == [None]


def test_shares__are_in_order_and_whole() -> None:
    assert shares([], 4) == []
    assert shares([0, 0, 0], 4) == [(0, 3)]
    assert shares([9, 1, 1, 1, 9], 3) == [(0, 1), (1, 4), (4, 5)]


def test_address__is_read_by_the_session(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_city(city(7811, size="small"), tmp_path / "day one", 7811)
    (tmp_path / "scratch").mkdir()
    # Sail reads no other address on a machine without network; to us it is one of a bucket
    monkeypatch.setattr("poolpipe.cluster.given.LOCAL", "none")
    told = fetched(sail, [f"file://{tmp_path}/day one"], tmp_path / "scratch")
    assert told == [str(tmp_path / "scratch" / "inputs" / "file" / str(tmp_path)[1:] / "day one")]
    poolpipe.run(tmp_path / "day one", out=tmp_path / "one")
    cluster.run(sail, f"file://{tmp_path}/day one", parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_address_of_this_machine__is_a_path(tmp_path: Path) -> None:
    assert fetched(NO_SESSION, [f"file://{tmp_path}/day%20one"], tmp_path) == [f"{tmp_path}/day one"]


def test_address_that_leads_upwards__is_copied_into_the_scratch_folder(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "day").mkdir()
    (tmp_path / "day" / "collect.csv").write_text("at,tube,person\n")
    (tmp_path / "scratch").mkdir()
    monkeypatch.setattr("poolpipe.cluster.given.LOCAL", "none")
    up = "/".join([".."] * 9)
    (told,) = fetched(sail, [f"file://{tmp_path}/day/{up}{tmp_path}/day"], tmp_path / "scratch")
    assert str(told).startswith(str(tmp_path / "scratch" / "inputs"))
    assert [path.name for path in tmp_path.rglob("*.csv")] == ["collect.csv", "collect.csv"]


def test_address_where_nothing_is__is_refused(sail: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nowhere://x/y: the session does not read this address"):
        cluster.run(sail, "nowhere://x/y", scratch=tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_command__refuses_a_result_at_an_address(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "collect.csv").write_text("at,tube,person\n")
    told = CliRunner().invoke(command, ["run", "collect.csv", "--out", "s3://bucket/result"])
    assert told.exit_code == 1
    assert "a result is written into a folder of this machine" in told.output
    assert not (tmp_path / "s3:").exists()
