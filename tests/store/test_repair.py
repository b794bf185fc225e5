"""A damaged store is made whole from the files that were ingested, or says what is lost."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

import poolpipe
from cities.files import write_city
from cities.random_city import city
from poolpipe.cli import poolpipe as command
from poolpipe.store import Store

if TYPE_CHECKING:
    from pathlib import Path


def _tables(store: Store) -> dict[str, object]:
    day = store.run(views=False)
    return {name: day.table(name).rows() for name in ("pools", "members", "recalls", "cases", "anomalies")}


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    """Scans, and a store that took them in with other files before and after."""
    write_city(city(77, size="small"), tmp_path / "scans", 77)
    first = tmp_path / "first"
    first.mkdir()
    (first / "report.csv").write_text("at,tube,call\n2022-02-10 15:00,T1,negative\nyesterday,T2,negative\n")
    with Store(tmp_path / "city") as store:
        store.ingest(first)
        store.ingest(tmp_path / "scans")
    return tmp_path


def _flip(path: Path, rng: random.Random) -> None:
    sound = path.read_bytes()
    place = rng.randrange(len(sound))
    path.write_bytes(sound[:place] + bytes([sound[place] ^ 1 << rng.randrange(8)]) + sound[place + 1 :])


def test_damaged_files__are_taken_in_again(damaged: Path) -> None:
    rng = random.Random(1)
    with Store(damaged / "city") as store:
        expected, rejects = _tables(store), store.run().rejects.drop("line").sort("file", "raw")
        arrived = {row["file"]: row["arrived"] for row in store.inputs().iter_rows(named=True)}
    parts = sorted((damaged / "city").glob("*/*/*.parquet"))
    for path in rng.sample(parts, 4):
        shutil.copytree(damaged / "city", damaged / "copy", dirs_exist_ok=False)
        shutil.copy(damaged / "city.key", damaged / "copy.key")
        broken = damaged / "copy" / path.relative_to(damaged / "city")
        _flip(broken, rng)
        with Store(damaged / "copy") as store:
            with pytest.raises(poolpipe.InputError, match="lost records are not in the files"):
                store.repair()
            told = store.repair([damaged / "scans", damaged / "first"])
            assert told.lost == told.recovered > 0
            assert store.check() == []
            assert _tables(store) == expected
            assert store.run().rejects.drop("line").sort("file", "raw").equals(rejects)
            again = {row["file"]: row["arrived"] for row in store.inputs().iter_rows(named=True)}
            assert again == arrived
            assert store.ingest([damaged / "scans", damaged / "first"])["accepted"].sum() == 0
            assert store.repair() == ([], 0, 0, 0)
        shutil.rmtree(damaged / "copy")
        (damaged / "copy.key").unlink()


def test_loss_that_is_accepted__is_written_down(damaged: Path) -> None:
    with Store(damaged / "city") as store:
        held = store.inputs()
        path = store.files("collect")[0]
        path.write_bytes(path.read_bytes()[:-1])
        before = {each: path.stat().st_mtime_ns for each in sorted(store.path.rglob("*")) if each.is_file()}
        run = CliRunner().invoke(command, ["repair", str(store.path), str(damaged / "first")])
        assert run.exit_code == 1
        assert "collect" in run.stderr
        assert "--accept-loss" in run.stderr
        assert before.keys() == {each for each in store.path.rglob("*") if each.is_file()}
        told = store.repair(damaged / "first", accepts_loss=True)
        assert told.recovered == 0
        assert store.check() == []
        assert store.inputs()["withdrawn"].sum() == told.lost
        assert store.inputs()["accepted"].sum() == held["accepted"].sum()
        store.run()


def test_other_files__are_no_repair(damaged: Path) -> None:
    with Store(damaged / "city") as store:
        store.files("report")[0].unlink()
        (damaged / "first" / "report-2.csv").write_text("at,tube,call\n2022-02-10 15:00,T8,negative\n" * 3)
        store.repair([damaged / "first", damaged / "scans"])
        assert "T8" not in store.events("report").collect()["tube"].to_list()
        assert store.check() == []


@pytest.mark.parametrize(
    ("again", "new"), [("collect-1.ndjson", "collect-2.ndjson"), ("collect-2.ndjson", "collect-1.ndjson")]
)
def test_file_that_comes_again_beside_a_new_one__leaves_the_refused_records_of_both(
    again: str, new: str, tmp_path: Path
) -> None:
    scan = '{"at": "%s", "tube": "T1", "person": "E%s"}\n'
    (tmp_path / again).write_text(scan % ("2198-02-10 08:00", 1) + scan % ("2022-02-10 08:00", 2))
    (tmp_path / new).write_text(scan % ("yesterday", 3) + scan % ("2022-02-10 08:00", 4))
    with Store(tmp_path / "city") as store:
        store.ingest(tmp_path / again)  # what is dated ahead is read again when it comes again
        told = store.ingest([tmp_path / again, tmp_path / new])
        assert told.select("read", "rejected", "duplicates").sum().row(0) == (4, 1, 2)
        rejects = store.run().rejects
        assert sorted(rejects.select("file", "code").rows()) == sorted(
            [(again, "future_time"), (new, "bad_time")]
        )
        assert store.check() == []
