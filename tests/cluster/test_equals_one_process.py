"""What is concluded on a cluster is what one process concludes, to the last byte that is written."""

from __future__ import annotations

import random
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

import poolpipe
from cities.files import write_city
from cities.random_city import city
from cluster.written import unlike
from poolpipe import cluster

if TYPE_CHECKING:
    from pathlib import Path

    from pyspark.sql import SparkSession

TOWN = "data/samples/town"


@pytest.mark.parametrize("parts", [1, 4, 64])
def test_town__is_written_byte_by_byte_as_by_one_process(
    sail: SparkSession, tmp_path: Path, parts: int
) -> None:
    tables = {name: f"{TOWN}/reference/{name}.parquet" for name in ("people", "sites", "labs")}
    poolpipe.run(f"{TOWN}/events", out=tmp_path / "one", **tables)  # type: ignore[arg-type]
    cluster.run(sail, f"{TOWN}/events", parts=parts, out=tmp_path / "many", **tables)  # type: ignore[arg-type]
    assert unlike(tmp_path / "one", tmp_path / "many") == []


@pytest.mark.parametrize(
    ("seed", "size", "parts"),
    [
        (40, "small", 4),
        (41, "small", 1),
        (42, "small", 64),
        (7200, "medium", 3),
        (7201, "tiny", 64),
        (7202, "large", 5),
    ],
)
def test_random_city__is_written_byte_by_byte_as_by_one_process(
    sail: SparkSession, tmp_path: Path, seed: int, size: str, parts: int
) -> None:
    write_city(city(seed, size=size), tmp_path / "scans", seed)
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "scans", parts=parts, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


@pytest.mark.parametrize("seed", [7300, 7301])
def test_random_city__is_the_same_as_of_a_moment_and_with_fewer_readings(
    sail: SparkSession, tmp_path: Path, seed: int
) -> None:
    write_city(city(seed, size="small"), tmp_path / "scans", seed)
    moment = poolpipe.run(tmp_path / "scans").pools["first_collected"].median()
    assert isinstance(moment, datetime)
    asked: dict[str, Any] = {"as_of": moment, "readings": "not-negative"}
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one", **asked)
    cluster.run(
        sail, tmp_path / "scans", out=tmp_path / "many", parts=random.Random(seed).randint(2, 6), **asked
    )
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_collects_with_words_and_without__are_duplicates_of_the_same_files(
    sail: SparkSession, tmp_path: Path
) -> None:
    lean = "".join(f"2022-02-10T08:{n:02d}:00Z,T{n // 9},PASSPORT,E{n},S{n % 3}\n" for n in range(45))
    with_words = lean.replace("\n", ",Wang\n")
    head = "at,tube,person_type,person,site"
    for number, (columns, lines) in enumerate(
        [("", lean), (",operator", with_words), ("", lean), (",operator", with_words), ("", lean)]
    ):
        (tmp_path / "scans" / str(number)).mkdir(parents=True)
        (tmp_path / "scans" / str(number) / "collect.csv").write_text(f"{head}{columns}\n{lines}")
    one = poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    assert [each["duplicates"] for each in one.summary["files"]] == [0, 0, 45, 45, 45]
    for parts in (1, 3):
        cluster.run(sail, tmp_path / "scans", parts=parts, out=tmp_path / f"many{parts}")
        assert unlike(tmp_path / "one", tmp_path / f"many{parts}") == []


def test_readings__are_all_kept_where_so_many_are_duplicates_that_few_are_left(
    sail: SparkSession, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in (1, 2, 3):
        write_city(city(7400, size="tiny"), tmp_path / "scans" / str(file), 7400)
    one = poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    reads = sum(each["read"] for each in one.summary["files"] if "read" in each["file"])
    assert one.summary["readings"] == "all"
    # with this limit more are read than are kept, and fewer count
    monkeypatch.setattr("poolpipe.cluster.running.MOST_READINGS", reads // 2)
    cluster.run(sail, tmp_path / "scans", parts=2, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_skewed_city__is_the_same(sail: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "scans").mkdir()
    _write_skewed(tmp_path / "scans")
    poolpipe.run(tmp_path / "scans", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "scans", parts=4, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def _write_skewed(folder: Path) -> None:
    """One person in 300 tubes, all of them in one box; one plate read again and again; one tube in 40 boxes and on 40 plates."""
    day = "2022-02-10T"
    files: dict[str, list[str]] = {
        "collect": ["at,tube,person_type,person,site", *(f"{day}08:{n % 60:02d}:00Z,T{n:03d},PASSPORT,E1,S1" for n in range(300))],
        "pack": ["at,tube,box", *(f"{day}09:00:00Z,T{n:03d},B" for n in range(300)),
                 *(f"{day}09:{n:02d}:30Z,T000,B{n}" for n in range(40))],
        "pickup": ["at,box,giver,receiver", f"{day}10:00:00Z,B,a,b", *(f"{day}10:{n:02d}:00Z,B{n},a,b" for n in range(40))],
        "receive": ["at,box,giver,receiver,lab,tubes", f"{day}11:00:00Z,B,a,b,L1,299", f"{day}11:00:00Z,B39,a,b,L1,1"],
        "load": [
            "at,plate,well,lab,tube,role", f"{day}12:00:00Z,P,A01,L1,,negative_control", f"{day}12:00:00Z,P,A02,L1,,positive_control",
            *(f"{day}12:00:00Z,P,{row}{column:02d},L1,T{place:03d},sample"
              for place, (row, column) in enumerate((r, c) for r in "BCDEFGH" for c in range(1, 13))),
            *(f"{day}12:{n:02d}:00Z,P{n},A01,L1,T000,sample" for n in range(40)),
        ],
        "read": [
            "at,plate,well,target,ct",
            *(f"{day}1{3 + n // 60}:{n % 60:02d}:00Z,P,B01,{target},{20 + n % 20}" for n in range(300) for target in ("ORF1ab", "N", "IC")),
            *(f"{day}13:00:00Z,P,A02,{target},25" for target in ("ORF1ab", "N", "IC")),
            *(f"{day}13:00:00Z,P,A01,{target},{ct}" for target, ct in (("ORF1ab", ""), ("N", ""), ("IC", "28"))),
        ],
    }  # fmt: skip
    for kind, lines in files.items():
        (folder / f"{kind}.csv").write_text("\n".join(lines) + "\n")


def test_nothing__is_the_same(sail: SparkSession, tmp_path: Path) -> None:
    (tmp_path / "collect.csv").write_text("at,tube,person\nyesterday,T1,E1\n")
    poolpipe.run(tmp_path / "collect.csv", out=tmp_path / "one")
    cluster.run(sail, tmp_path / "collect.csv", parts=3, out=tmp_path / "many")
    assert unlike(tmp_path / "one", tmp_path / "many") == []


def test_clock_that_is_years_ahead__is_warned_of_as_by_one_process(
    sail: SparkSession, tmp_path: Path
) -> None:
    (tmp_path / "collect.csv").write_text(
        "at,tube,person_type,person\n"
        + "".join(f"2022-02-10T08:00:00Z,T{n},PASSPORT,E{n}\n" for n in range(9))
        + "2042-02-10T08:00:00Z,T9,PASSPORT,E9\n"
    )
    one = poolpipe.run(tmp_path / "collect.csv")
    many = cluster.run(sail, tmp_path / "collect.csv", parts=3)
    assert any("2042" in warning for warning in one.summary["warnings"])
    assert many.summary == one.summary
