"""Tracing whatever tube or person is asked: sources as the table has them, others as if they were positive."""

from __future__ import annotations

import hashlib
import json
import random
import warnings

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe import traced
from poolpipe.results.kept_index import INDEX
from poolpipe.simulate import Spread, simulate
from poolpipe.tables import SORT_KEYS

KEY = ["source_round", "source_tube"]


@pytest.fixture(scope="module")
def day():
    return poolpipe.run(frames_of(city(8101, size="medium")))


@pytest.fixture
def folder(day, tmp_path):
    return day.write(tmp_path / "result")


def sources(day):
    return day.traces.select("source_tube").unique(maintain_order=True).to_series().to_list()


def test_trace__of_sources_gives_the_rows_of_the_table(day, folder):
    assert poolpipe.trace(day).equals(day.traces)
    for where in (day, folder):
        for tube in sources(day):
            wanted = day.traces.filter(source_tube=tube)
            told = poolpipe.trace(where, tubes=tube).join(wanted.select(KEY).unique(), on=KEY, how="semi")
            assert told.equals(wanted)


def test_trace__walks_from_sources_to_the_same_rows_but_for_wells_of_earlier_loads(day):
    """The tables tell of a tube's last loading only; of every other link the walk finds the same."""
    for hops in (0, 1, 2):
        told = poolpipe.trace(day, tubes=sources(day), hops=hops).join(
            day.traces.select(KEY).unique(), on=KEY, how="semi"
        )
        wanted = day.traces.filter(pl.col("hops") <= hops)
        aside = pl.col("kind") != "well"
        assert told.filter(aside).equals(wanted.filter(aside))


def test_trace__of_a_tube_that_is_no_source_walks_like_from_one(day):
    others = day.pools.filter(pl.col("people") > 0).join(
        day.traces.select(pl.col("source_round").alias("round"), pl.col("source_tube").alias("tube")),
        on=["round", "tube"],
        how="anti",
    )
    told = poolpipe.trace(day, tubes=others["tube"][0])
    members = day.members.filter(round=others["round"][0], tube=others["tube"][0])
    rows = told.filter(source_round=others["round"][0])
    assert set(rows.filter(kind="member")["person"]) == set(members["person"])
    assert told.equals(told.sort(SORT_KEYS["traces"]))


def test_trace__of_sources_and_others_together_is_in_the_order_of_the_table(day, folder):
    tubes = day.pools.filter(pl.col("people") > 0)["tube"].to_list()
    for where in (day, folder):
        told = poolpipe.trace(where, tubes=tubes)
        assert told.equals(told.sort(SORT_KEYS["traces"], nulls_last=False))
        assert told.join(day.traces.select(KEY).unique(), on=KEY, how="semi", maintain_order="left").equals(
            day.traces
        )
        assert told.select(KEY).n_unique() == len(tubes) > day.traces.select(KEY).n_unique()


@pytest.fixture(
    scope="module",
    params=[(1, True), (3, True), (3, False)],
    ids=["one round", "three rounds", "without residents"],
)
def spreading(tmp_path_factory, request):
    """A town in which infections spread in households and queues."""
    folder = tmp_path_factory.mktemp("town")
    spread = Spread(household=0.7, queue=0.3)
    rounds, listed = request.param
    simulate(folder, people=4_000, seed=5, preset="ruijin", rounds=rounds, spread=spread)
    people = folder / "reference" / "people.parquet" if listed else None
    return poolpipe.run(folder / "events", people=people, views=False)


@pytest.mark.parametrize("hops", [0, 1, 3])
def test_scores__do_not_depend_on_who_is_asked(spreading, hops):
    """Everybody in a positive tube may explain an infection, whether that tube is asked or not."""
    rng = random.Random(hops)
    positive = sources(spreading)
    others = spreading.pools.filter(pl.col("people") > 0, pl.col("call") == "negative")["tube"].to_list()
    asked = [*rng.sample(positive, min(len(positive), 5)), *rng.sample(others, 3)]
    every = poolpipe.trace(spreading, tubes=[*positive, *asked], hops=hops)
    assert (
        every.filter(pl.col("kind").is_in(["household", "queue"]), pl.col("score") > 0.01).height > 5
        or not hops
    )
    for tubes in (*([tube] for tube in asked), asked):
        told = poolpipe.trace(spreading, tubes=tubes, hops=hops)
        assert told.equals(every.filter(pl.col("source_tube").is_in(tubes)))


def test_trace__of_a_person_is_of_every_tube_of_theirs(day):
    person = day.members["person"].value_counts(sort=True)["person"][0]
    told = poolpipe.trace(day, people=person)
    wanted = day.members.filter(person=person).select("round", "tube").unique().sort("round", "tube")
    found = told.select("source_round", "source_tube").unique().sort("source_round", "source_tube")
    assert found.rows() == wanted.rows()


def test_trace__from_a_folder_is_the_same_with_the_index_and_without(day, folder):
    asked = {"tubes": day.pools.filter(pl.col("people") > 0)["tube"].to_list(), "hops": 3}
    first = poolpipe.trace(folder, **asked)
    assert (folder / INDEX / "manifest.json").exists()
    assert poolpipe.trace(folder, **asked).equals(first)
    assert poolpipe.trace(day, **asked).equals(first)


KEPT = (
    "manifest.json",
    "proofs.bin",
    "people-0.npy",
    "round-*-person.npy",
    "tube_bytes.npy",
    "seat_begins.npy",
    "p.npy",
)


def test_trace__names_a_damaged_file_of_the_index_and_makes_it_anew(day, folder):
    asked = {"tubes": day.pools.filter(pl.col("people") > 0)["tube"].to_list(), "hops": 3}
    wanted = poolpipe.trace(day, **asked)
    poolpipe.trace(folder, **asked)
    for name in KEPT:
        path = next((folder / INDEX).glob(name))
        whole = path.read_bytes()
        for content in (whole[:-1], bytes([*whole[:-1], whole[-1] ^ 1])):
            path.write_bytes(content)
            traced._FOLDERS.clear()  # as a process of its own would find it
            with warnings.catch_warnings(record=True) as told:
                warnings.simplefilter("always")
                assert poolpipe.trace(folder, **asked).equals(wanted), path.name
            assert [path.name in str(each.message) for each in told] == [True], path.name
            assert path.read_bytes() == whole


def test_trace__makes_an_index_anew_that_is_of_another_result(day, folder):
    asked = {"tubes": day.pools.filter(pl.col("people") > 0)["tube"][0], "hops": 2}
    first = poolpipe.trace(folder, **asked)
    path = folder / INDEX / "manifest.json"
    told = json.loads(path.read_text())
    told["of"]["tables"]["members"]["sha256"] = "0" * 64
    del told["sha256"]
    told["sha256"] = hashlib.sha256(json.dumps(told, ensure_ascii=False, sort_keys=True).encode()).hexdigest()
    path.write_text(json.dumps(told))
    traced._FOLDERS.clear()
    assert poolpipe.trace(folder, **asked).equals(first)
    assert json.loads(path.read_text())["of"] != told["of"]


def test_trace__names_what_is_not_there(day):
    with pytest.raises(poolpipe.InputError, match="nobody was collected into a tube 'nowhere'"):
        poolpipe.trace(day, tubes="nowhere")
    with pytest.raises(poolpipe.InputError, match=r"nobody of the number 990\*+\d\d is in a tube"):
        poolpipe.trace(day, people="9901001990")


def test_trace__takes_households_from_the_list_given(day):
    source = day.traces.row(0, named=True)
    members = day.members.filter(round=source["source_round"], tube=source["source_tube"])
    person = members.row(0, named=True)
    listed = pl.DataFrame(
        {
            "person_type": [person["person_type"], "ZZ"],
            "person": [person["person"], "kin"],
            "household": ["H", "H"],
        }
    )
    told = poolpipe.trace(day, tubes=source["source_tube"], residents=listed).filter(
        kind="household", source_round=source["source_round"]
    )
    assert told.select("person_type", "person", "tube", "lag_s").rows() == [("ZZ", "kin", None, None)]
    assert told["via"].to_list() == [f"{person['person_type']}:{person['person']}"]


def test_trace__after_another_run_into_the_folder_is_of_that_run(day, folder):
    poolpipe.trace(folder, tubes=sources(day)[0], hops=2)
    other = poolpipe.run(frames_of(city(8100, size="medium")))
    other.write(folder)
    assert poolpipe.trace(folder).equals(other.traces)
    assert poolpipe.trace(folder, hops=1).equals(poolpipe.trace(other, hops=1))


def test_trace__reads_tubes_and_people_from_an_iterator_too(day):
    """They were read twice, so that an iterator counted as nothing and every source of the day was traced."""
    tube, person = sources(day)[0], day.members["person"][0]
    assert poolpipe.trace(day, tubes=iter([tube])).equals(poolpipe.trace(day, tubes=tube))
    assert poolpipe.trace(day, people=iter([person])).equals(poolpipe.trace(day, people=person))
