"""The index beside a result: kept, made anew or extended by rounds in any order, it gives the same rows."""

from __future__ import annotations

import itertools
import warnings
from functools import cache

import polars as pl
import pytest

import poolpipe
from cities.random_city import city
from pipeline.naive import frames_of
from poolpipe import traced
from poolpipe.results.kept_index import INDEX

NAMES = ("R1", "R2", "R3")


@pytest.fixture(scope="module")
def rounds():
    """Events of three rounds; half of the people of each came to the first, too."""
    parts = {}
    for name, seed in zip(NAMES, (8100, 8102, 8103), strict=True):
        frames = frames_of(city(seed, size="small"))
        parts[name] = {
            kind: frame.with_columns(pl.lit(name).alias("round")) if kind != "void" else frame
            for kind, frame in frames.items()
        }
    known = parts["R1"]["collect"]["person"].drop_nulls().unique().sort().to_list()
    for part in parts.values():
        people = part["collect"]["person"].drop_nulls().unique().sort().to_list()
        again = dict(zip(people[::2], known[::2], strict=False))
        part["collect"] = part["collect"].with_columns(pl.col("person").replace(again))
    return parts


@pytest.fixture(scope="module")
def day_of(rounds):
    """The day of some rounds, concluded once."""
    return cache(lambda names: poolpipe.run(_events(*(rounds[name] for name in sorted(names)))))


def _events(*parts):
    kinds = dict.fromkeys(kind for part in parts for kind in part)
    return {
        kind: pl.concat([part[kind] for part in parts if kind in part], how="diagonal_relaxed")
        for kind in kinds
    }


def _round_files(folder):
    return {path.name: path.stat().st_ino for path in (folder / INDEX).glob("round-*")}


def _traced(folder, day, **asked):
    traced._FOLDERS.clear()  # as a process of its own
    tubes = day.pools.filter(pl.col("people") > 0)["tube"].unique(maintain_order=True).to_list()
    return poolpipe.trace(folder, tubes=tubes, hops=3, **asked)


@pytest.mark.parametrize("order", list(itertools.permutations(NAMES)), ids=" ".join)
def test_index__extended_round_by_round_in_any_order_is_that_of_all(day_of, order, tmp_path):
    folder = tmp_path / "result"
    for count in range(1, len(order) + 1):
        day = day_of(frozenset(order[:count]))
        before = _round_files(folder)
        day.write(folder)
        told = _traced(folder, day)
        assert told.equals(_traced(day, day))
        # Files of the rounds before are the same ones: nothing of them was sorted or written again.
        assert before.items() <= _round_files(folder).items()
        assert len(_round_files(folder)) == 5 * count
        assert _traced(folder, day).equals(told), "mapped, as it was made"


def _changed(parts, change):
    frame = parts["R1"]["collect"]
    gone = frame.row(0, named=True)
    if change == "void":
        frame = frame.filter((pl.col("tube") != gone["tube"]) | (pl.col("person") != gone["person"]))
    elif change == "person":
        frame = frame.with_columns(pl.col("person").replace({gone["person"]: "E0000017"}))
    elif change == "tube":
        frame = frame.with_columns(pl.col("tube").replace({gone["tube"]: "zz-last"}))
    return {**parts, "R1": {**parts["R1"], "collect": frame}}


@pytest.mark.parametrize("change", ["void", "person", "tube", "as_of", "policy"])
def test_index__of_a_changed_day_is_as_if_made_anew(rounds, day_of, change, tmp_path):
    folder = tmp_path / "result"
    first = day_of(frozenset(NAMES))
    first.write(folder)
    _traced(folder, first)
    before = _round_files(folder)
    events = _events(*_changed(rounds, change).values())
    moments = pl.concat([frame["at"].cast(pl.String) for frame in events.values()]).drop_nulls().sort()
    options = {"as_of": moments[2 * len(moments) // 3]} if change == "as_of" else {}
    day = poolpipe.run(events, **options)
    day.write(folder)
    asked = {"policy": {"trace": {"queue_minutes": 60}}} if change == "policy" else {}
    assert _traced(folder, day, **asked).equals(_traced(day, day, **asked))
    if change == "policy":
        assert _round_files(folder) == before


def test_index__keeps_nobody_who_is_in_no_tube_any_more(day_of, tmp_path):
    folder = tmp_path / "result"
    first = day_of(frozenset(NAMES))
    first.write(folder)
    _traced(folder, first)
    day = day_of(frozenset(NAMES[1:]))
    day.write(folder)
    assert _traced(folder, day).equals(_traced(day, day))
    index = traced._of_folder(folder, 96).index
    there = day.members.select("person_type", "person").unique().height
    assert (
        sum(map(len, index.people)) == there < first.members.select("person_type", "person").unique().height
    )


@pytest.mark.parametrize("name", ["people-0.npy", "round-*-rows.npy", "other_number_bytes.npy", "p.npy"])
def test_index__is_not_extended_from_a_damaged_file(day_of, name, tmp_path):
    folder = tmp_path / "result"
    first, day = day_of(frozenset(NAMES[:1])), day_of(frozenset(NAMES))
    first.write(folder)
    _traced(folder, first)
    path = next((folder / INDEX).glob(name))
    content = path.read_bytes()
    path.write_bytes(bytes([*content[:-1], content[-1] ^ 1]))
    day.write(folder)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", poolpipe.PoolpipeWarning)
        assert _traced(folder, day).equals(_traced(day, day))
    assert _traced(folder, day).equals(_traced(day, day)), "what is kept is whole"


def test_index__that_cannot_be_kept_is_told(day_of, tmp_path):
    folder = tmp_path / "result"
    day = day_of(frozenset(NAMES[:1]))
    day.write(folder)
    (folder / INDEX).write_text("a file in its place")
    with pytest.warns(poolpipe.PoolpipeWarning, match="cannot be kept") as told:
        assert _traced(folder, day).equals(_traced(day, day))
    assert "追踪索引无法保存" in str(told[-1].message)
