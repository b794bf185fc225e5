"""Households beside the index of a result: kept for the list they are of, they give the same rows without reading it."""

from __future__ import annotations

import random
import warnings

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe import traced
from poolpipe.results import given_residents
from poolpipe.results.kept_index import INDEX


@pytest.fixture(scope="module")
def events():
    return frames_of(city(8104, size="medium"))


def _listed(events, seed, path):
    """Most of the swabbed in households of two, some in two of them, with people who never were, of every document."""
    rng = random.Random(seed)
    people = (
        events["collect"]
        .select("person_type", "person")
        .drop_nulls()
        .unique()
        .sort("person_type", "person")
        .rows()
    )
    people += [
        ("PASSPORT", "AA1"),
        ("ZZ", "z9"),
        ("RIC", "990781199001010005"),
        ("RIC", "no number"),
        ("A", "b"),
    ]
    homes = [f"H{number}" for number in range(len(people) // 2)]
    rows = [(*person, rng.choice([*homes, None])) for person in people for _ in range(rng.choice([1, 1, 2]))]
    frame = pl.DataFrame(rows, ["person_type", "person", "household"], orient="row")
    frame.write_parquet(path)
    return path


@pytest.fixture(scope="module")
def day(events):
    return poolpipe.run(events)


@pytest.fixture(scope="module")
def tubes(day):
    return day.pools.filter(pl.col("people") > 0)["tube"].unique(maintain_order=True).to_list()


@pytest.fixture
def folder(day, tmp_path):
    return day.write(tmp_path / "result")


def _traced(day, tubes, residents):
    traced._FOLDERS.clear()  # as a process of its own
    return poolpipe.trace(day, tubes=tubes, residents=residents, hops=2)


def test_homes__kept_give_what_the_list_gives_and_it_is_read_once(
    events, day, tubes, folder, tmp_path, monkeypatch
):
    path = _listed(events, 1, tmp_path / "people.parquet")
    policy = {"trace": {"household": 0.9}}
    wanted, plain = _traced(day, tubes, path), _traced(day, tubes, None)
    other = poolpipe.trace(day, tubes=tubes, residents=path, policy=policy)
    assert wanted.filter(kind="household").height > 20
    assert wanted.filter(pl.col("kind") == "household", pl.col("tube").is_null()).height
    assert _traced(folder, tubes, path).equals(wanted)

    def read(**_):
        raise AssertionError("read again")

    monkeypatch.setattr(given_residents, "read_reference", read)
    assert _traced(folder, tubes, path).equals(wanted)
    assert _traced(folder, tubes, str(path)).equals(wanted)
    assert poolpipe.trace(folder, tubes=tubes, residents=path, policy=policy).equals(other)
    # They are of this list alone: who names none is told the same as before.
    assert poolpipe.trace(folder, tubes=tubes, hops=2).equals(plain)
    assert _traced(folder, tubes, None).equals(plain)


def test_homes__of_another_list_take_their_place(events, day, tubes, folder, tmp_path):
    path = _listed(events, 1, tmp_path / "people.parquet")
    first = _traced(folder, tubes, path)
    _listed(events, 2, path)
    second = _traced(folder, tubes, path)
    assert not second.equals(first)
    assert second.equals(_traced(day, tubes, pl.read_parquet(path)))
    assert second.equals(poolpipe.trace(folder, tubes=tubes, residents=pl.read_parquet(path)))


def test_homes__are_made_anew_with_the_index(events, tubes, folder, tmp_path):
    path = _listed(events, 1, tmp_path / "people.parquet")
    _traced(folder, tubes, path)
    late = pl.lit("R-late").alias("round")
    collect = pl.concat([events["collect"], events["collect"].head(20).with_columns(late)])
    day = poolpipe.run({**events, "collect": collect})
    day.write(folder)
    told = _traced(folder, tubes, path)
    assert "R-late" in told["round"]
    assert told.equals(_traced(day, tubes, path))


@pytest.mark.parametrize("name", ["homes-dwellers.npy", "homes-home.npy", "homes_hazards-total.npy"])
def test_homes__that_are_damaged_are_named_and_made_anew(events, tubes, folder, tmp_path, name):
    path = _listed(events, 1, tmp_path / "people.parquet")
    wanted = _traced(folder, tubes, path)
    file = folder / INDEX / name
    whole = file.read_bytes()
    file.write_bytes(bytes([*whole[:-1], whole[-1] ^ 1]))
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert _traced(folder, tubes, path).equals(wanted)
    assert [name in str(each.message) for each in told] == [True]
    assert file.read_bytes() == whole


def test_homes__of_a_list_without_households_are_none(tubes, folder, tmp_path):
    path = tmp_path / "people.csv"
    path.write_text("person\n990781199001010005\n")
    assert _traced(folder, tubes, path).equals(_traced(folder, tubes, None))
    with pytest.raises(poolpipe.InputError, match="nowhere"):
        _traced(folder, tubes, tmp_path / "nowhere.csv")
