"""Conclusions that a store keeps are those of `poolpipe.run`, of one version and no other, and tell nobody's identity."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable

import poolpipe
from cities.files import write_city
from cities.random_city import city, resident_id
from poolpipe.store import Store
from poolpipe.store.conclusion_tables import CONCLUSIONS, clear_schema, needs_key
from poolpipe.store.part_files import PartFiles
from poolpipe.store.sealing import pseudonyms_of_people
from poolpipe.tables import TABLES

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = [resident_id(random.Random(seed)) for seed in range(20)]
PASSPORTS = [f"EJ{seed:07d}" for seed in range(5_550_000, 5_550_005)]
LONG = "A-DOCUMENT-THAT-FITS-NO-BLOCK-7731"
NAMES = [f"测试丙丁{place:02d}" for place in range(20)]
PHONES = [f"139{place:08d}" for place in range(71000000, 71000020)]


def _unlike(mine: poolpipe.Day, yours: poolpipe.Day) -> list[str]:
    return [name for name in TABLES if not mine.table(name).equals(yours.table(name))]


def _told(store: Store) -> poolpipe.Day:
    kept = store.kept()
    assert kept is not None
    return kept


@pytest.mark.parametrize("seed", range(6200, 6204))
def test_kept_tables__are_those_of_the_files(seed: int, tmp_path: Path) -> None:
    write_city(city(seed, size="small"), tmp_path / "scans", seed)
    files = sorted(path for path in (tmp_path / "scans").rglob("*") if path.is_file())
    given = [*files, *random.Random(seed).choices(files, k=2)]
    random.Random(seed).shuffle(given)
    with Store(tmp_path / "city") as store:
        store.ingest(given[: len(given) // 2])
        assert store.kept() is None
        early = store.conclude()
        store.ingest(given)
        assert store.kept() is None
        expected = poolpipe.run(files)
        assert _unlike(store.conclude(), store.run()) == []
        kept = _told(store)
        assert [name for name in _unlike(kept, expected) if name != "rejects"] == []
        told = [each.rejects.drop("file").sort(pl.all()) for each in (kept, expected)]
        assert told[0].equals(told[1])  # files are named by what was given
        assert _unlike(_told(store), store.run()) == []
        assert _told(store).summary == store.run().summary
        assert store.check() == []
        earlier = store.kept(2)
        assert earlier is not None
        assert _unlike(earlier, early) == []


def _write_scans(folder: Path) -> Path:
    """Scans of known people with positives, in which every place that can quote a person does."""
    folder.mkdir()
    people = [*PEOPLE, *PASSPORTS, LONG]
    collects = pl.DataFrame(
        {
            "at": [f"2022-02-10 08:{place:02d}" for place in range(26)],
            "tube": [f"T{place // 10}" for place in range(26)],
            "person": people,
            "person_type": ["RIC"] * 20 + ["PASSPORT"] * 5 + ["OTHER"],
            "name": [*NAMES, *NAMES[:6]],
            "phone": [*PHONES, *PHONES[:6]],
            "event_id": [f"id-{each}" for each in people],
            "operator": [f"王{name}" for name in [*NAMES, *NAMES[:6]]],
        }
    )
    collects.write_csv(folder / "collect-1.csv")
    # the same people again: several tubes, the same event_id with another content, voids of nothing
    collects.with_columns(
        at=pl.lit("2022-02-10 09:00"), tube=pl.lit("T9"), event_id=pl.col("event_id")
    ).write_csv(folder / "collect-2.csv")
    collects.with_columns(person=pl.lit(PEOPLE[0][:-1] + ("1" if PEOPLE[0][-1] != "1" else "2"))).head(
        1
    ).write_csv(folder / "collect-3.csv")
    collects.with_columns(at=pl.lit("yesterday")).write_csv(folder / "collect-4.csv")
    voids = pl.DataFrame(
        {"at": ["2022-02-10 10:00"], "event": [f"id-{PHONES[3]}-{NAMES[3]}"], "reason": [NAMES[4]]}
    )
    voids.write_csv(folder / "void.csv")
    singles = collects.filter(pl.col("person").is_in([PEOPLE[0], PASSPORTS[0]]))
    singles.with_columns(
        at=pl.lit("2022-02-10 11:00"),
        tube=pl.lit("S-") + pl.col("name").str.slice(-2),
        mode=pl.lit("single"),
        event_id=pl.lit(None, pl.String),
    ).write_csv(folder / "collect-5.csv")
    pl.DataFrame(
        {"at": ["2022-02-10 15:00"] * 5, "tube": ["T0", "T1", "T2", "T9", "S-00"], "call": ["positive"] * 5}
    ).write_csv(folder / "report.csv")
    return folder


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    return _write_scans(tmp_path / "scans")


def _quoted(folder: Path) -> list[str]:
    held = b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())
    # without compression, too: what dictionaries and pages say
    texts = [str(pq.read_table(path).to_pydict()) for path in sorted((folder / "tables").rglob("*.parquet"))]
    return [
        each
        for each in (*PEOPLE, *PASSPORTS, LONG, *NAMES, *PHONES)
        if each.encode() in held or each.encode("utf-16-le") in held or any(each in text for text in texts)
    ]


def test_conclusions__tell_no_identity_in_any_byte(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        day = store.conclude()
        told = _told(store)
        assert _unlike(told, store.run()) == []
    for table in ("anomalies", "traces", "cases", "recalls", "members"):
        assert PEOPLE[0] in str(told.table(table).to_dict(as_series=False)), table
    assert NAMES[3] in str(told.anomalies.to_dict(as_series=False))
    assert day.recalls.height
    assert _quoted(tmp_path / "city") == []


def test_kept_rows__lie_in_no_order_of_numbers(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        store.conclude()
        links = pl.read_parquet(store.files("traces")).filter(
            source_tube="T9", kind="member", person_type="RIC"
        )
        assert links.height == len(PEOPLE)
        assert links["person"].is_sorted()
        told = _told(store).traces.filter(source_tube="T9", kind="member", person_type="RIC")
        assert told["person"].to_list() == sorted(PEOPLE)


def test_later_events__leave_no_tables_that_could_be_taken_for_theirs(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans / "collect-1.csv")
        with pytest.raises(poolpipe.InputError, match="no tables are kept of version 1"):
            store.files("pools")
        store.conclude()
        first = store.files("pools")
        assert store.kept(1) is not None  # the next version added nothing but the tables
        store.ingest(scans / "report.csv")
        assert store.version == 3
        assert store.kept() is None
        with pytest.raises(poolpipe.InputError, match="newest that are kept are of version 2"):
            store.files("recalls")
        assert store.files("pools", 2) == first
        log = DeltaTable(store.path / "tables" / "pools")
        assert log.to_pyarrow_table()["version"].unique().to_pylist() == [2]
        store.conclude()
        assert pl.read_parquet(store.files("pools"))["version"].unique().to_list() == [4]
        told = pl.read_parquet(store.files("concluded"))
        assert told["version"].to_list() == [4]
        assert store.conclusions()["version"].to_list() == [2, 4]
        for name in CONCLUSIONS:
            if files := store.files(name):
                held = DeltaTable(store.path / "tables" / name)
                assert sorted(uri.rsplit("/", 1)[1] for uri in held.file_uris()) == sorted(
                    p.name for p in files
                )
                assert held.to_pyarrow_table().schema.names == clear_schema(name).names
        version = store.version
        store.conclude()
        assert store.version == version


def test_run__takes_a_store(scans: Path, tmp_path: Path) -> None:
    path = tmp_path / "city"
    with poolpipe.Store(path) as store:
        store.ingest(scans)
        day = store.run()
        assert _unlike(poolpipe.run(path), day) == []
        assert _unlike(poolpipe.run([str(path)], out=tmp_path / "result", progress=False), day) == []
        assert _unlike(poolpipe.Day.read(tmp_path / "result"), day) == []
        moment = "2022-02-10 12:00"
        assert _unlike(poolpipe.run(inputs=path, as_of=moment), store.run(as_of=moment)) == []
        assert store.version == 1
    with pytest.raises(poolpipe.InputError, match="is a store"):
        poolpipe.run([path, scans])
    with pytest.raises(poolpipe.InputError, match="kind is for files"):
        poolpipe.run(path, kind="collect")


def test_other_policy_or_moment__is_not_what_was_kept(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        day = store.conclude()
        moment = day.summary["as_of"]
        assert store.kept(as_of=moment) is not None
        assert store.kept(policy="ten-in-one") is not None
        assert store.kept(policy="twenty-in-one") is None
        then = store.conclusions()["as_of"][0] - timedelta(hours=1)
        assert store.kept(as_of=then) is None


def test_another_poolpipe__concludes_again(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        store.conclude()
        monkeypatch.setattr("poolpipe.store.concluding.version_of", lambda _: "99.0")
        assert store.kept() is None
        store.conclude()
        assert store.version == 3
        assert store.check() == []
        assert sum(1 for part in store._ledger.parts(3) if part.content == "pools") == 1


@pytest.mark.parametrize("data", [False, True])
def test_changed_keys__open_the_kept_tables(scans: Path, tmp_path: Path, data: bool) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        day = store.conclude()
        before = pl.read_parquet(store.files("members"))["person"].to_list()
        store.rotate_key(data=data)
        assert _unlike(_told(store), day) == []
        assert (pl.read_parquet(store.files("members"))["person"].to_list() != before) is data
        assert store.check() == []
        store.compact(keep_days=0)
        assert _unlike(_told(store), day) == []
        assert store.check() == []
    assert _quoted(tmp_path / "city") == []


def test_erased_person__is_in_no_kept_table(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans / "collect-1.csv")
        store.conclude()
        store.ingest(scans)
        store.conclude()
        pseudonyms = set(pl.read_parquet(store.files("cases"))["person"].to_list())
        of_person = _pseudonym(store, PASSPORTS[0])
        assert of_person in pseudonyms
        assert store.erase(PASSPORTS[0], "PASSPORT")
        assert store.kept() is None
        assert store.kept(2) is None
        assert store.conclusions().is_empty()
        assert store.check() == []
        store.conclude()
        assert _told(store).members.filter(person=PASSPORTS[0]).is_empty()
        assert store.check() == []
        held = b"".join(path.read_bytes() for path in store.path.rglob("*.parquet"))
        assert of_person not in held
        assert store.erase("nobody") == 0
        assert store.kept() is not None


def _pseudonym(store: Store, number: str) -> bytes:
    person = pl.DataFrame({"person_type": ["PASSPORT"], "person": [number]})
    told: bytes = pseudonyms_of_people(person, store._keys.required())[0]
    return told


def test_without_key__people_are_pseudonyms_and_texts_are_sealed(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        day = store.conclude()
    (tmp_path / "city.key").rename(tmp_path / "elsewhere.key")
    with Store(tmp_path / "city") as store:
        told = _told(store)
        assert told.pools.equals(day.pools)
        assert told.recalls.drop("person").equals(day.recalls.drop("person"))
        assert not set(PEOPLE) & set(told.members["person"])
        assert set(told.anomalies["detail"]) == {"sealed"}
        assert told.anomalies.height == day.anomalies.height
        assert needs_key("anomalies")
        assert needs_key("rejects")
        assert not needs_key("recalls")
        with pytest.raises(poolpipe.InputError, match="the key is not here"):
            store.ingest(scans)
        assert store.conclude().pools.equals(day.pools)  # they are kept already


def test_full_disk__leaves_the_store_as_it_was(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        before = sorted(path for path in store.path.rglob("*.parquet"))
        write = PartFiles.write

        def full(self: PartFiles, content: str, *given: Any) -> Any:
            if content == "recalls":
                raise poolpipe.InputError.of("part_not_written", where="recalls", why="no room")
            return write(self, content, *given)

        monkeypatch.setattr(PartFiles, "write", full)
        with pytest.raises(poolpipe.InputError, match="no room"):
            store.conclude()
        assert sorted(path for path in store.path.rglob("*.parquet")) == before
        assert store.version == 1
        monkeypatch.undo()
        assert _unlike(store.conclude(), _told(store)) == []


def test_events_that_come_meanwhile__are_concluded_too(
    scans: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path / "city") as store, Store(tmp_path / "city") as other:
        store.ingest(scans / "collect-1.csv")
        read = Store.read_events
        waiting = [scans / "report.csv"]

        def slow(self: Store, *given: Any) -> Any:
            told = read(self, *given)
            if waiting:
                other.ingest(waiting.pop())
            return told

        monkeypatch.setattr(Store, "read_events", slow)
        store.conclude()
        assert store.version == 3
        assert _told(store).pools["call"].drop_nulls().len()


def test_check__names_conclusions_that_are_damaged_or_not_whole(scans: Path, tmp_path: Path) -> None:
    with Store(tmp_path / "city") as store:
        store.ingest(scans)
        store.conclude()
        with store._writing() as ledger, ledger.committing():
            gone = [part for part in ledger.parts(2) if part.content == "recalls"]
            ledger.drop_parts(gone)
            ledger.replace_parts([])
        found = store.check()
        assert [each.code for each in found] == ["counts_differ"]
        assert "recalls" in found[0].what
        path = store.files("traces")[0]
        content = bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        assert any(each.code == "file_damaged" and "traces" in each.where for each in store.check())
        with pytest.raises(poolpipe.InputError, match="is damaged"):
            _told(store).table("traces")
