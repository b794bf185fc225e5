"""`run`, the stage functions, decode and design take frames of any library, one or several."""

from __future__ import annotations

import duckdb
import pandas as pd
import polars as pl
import pytest
from polars.testing import assert_frame_equal

import poolpipe
from poolpipe.decode import decode, priors
from poolpipe.design import comp, prevalence, screen_doubts, worklist
from poolpipe.exchange import results

AT = "2022-02-10T08:0{}:00+08:00"
COLLECTS = {
    "at": [AT.format(minute) for minute in range(4)],
    "tube": ["T1", "T1", "T2", "T2"],
    "person_type": "PASSPORT",
    "person": ["E1", "E2", "E3", "E4"],
    "site": "S",
}
REPORTS = {"at": [AT.format(9)] * 2, "tube": ["T1", "T2"], "call": ["positive", "negative"]}
LIBRARIES = {
    "polars": pl.DataFrame,
    "lazy": pl.LazyFrame,
    "pandas": pd.DataFrame,
    "pyarrow": lambda rows: pl.DataFrame(rows).to_arrow(),
    "reader": lambda rows: pl.DataFrame(rows).to_arrow().to_reader(),
    "duckdb": lambda rows: duckdb.from_arrow(pl.DataFrame(rows).to_arrow()),
}


def day_of_polars():
    return poolpipe.run({"collect": pl.DataFrame(COLLECTS), "report": pl.DataFrame(REPORTS)})


@pytest.mark.parametrize("library", LIBRARIES)
def test_run__takes_a_mapping_of_frames_of_any_library(library):
    make = LIBRARIES[library]
    day = poolpipe.run({"collect": make(COLLECTS), "report": make(REPORTS)})
    for table in ("pools", "members", "recalls", "anomalies", "ledger"):
        assert_frame_equal(day.table(table), day_of_polars().table(table))
    assert day.recalls.height == 2


@pytest.mark.parametrize("library", LIBRARIES)
def test_run__takes_one_frame_with_a_kind(library):
    frames = [
        pl.DataFrame(rows).with_columns(kind=pl.lit(kind))
        for kind, rows in (("collect", COLLECTS), ("report", REPORTS))
    ]
    whole = pl.concat(frames, how="diagonal").to_dict(as_series=False)
    assert_frame_equal(poolpipe.run(LIBRARIES[library](whole)).pools, day_of_polars().pools)


def test_run__takes_several_frames_of_a_kind():
    collects = pl.DataFrame(COLLECTS)
    parts = [collects.head(1), collects.slice(1).to_pandas()]
    day = poolpipe.run({"collect": parts, "report": pl.DataFrame(REPORTS)})
    assert_frame_equal(day.members, day_of_polars().members)
    assert [file["file"] for file in day.summary["files"]] == ["collect[1]", "collect[2]", "report"]
    alone = poolpipe.run(parts, kind="collect")
    assert_frame_equal(alone.pools.select("tube", "people"), day_of_polars().pools.select("tube", "people"))


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        (pl.DataFrame(COLLECTS), "events: column kind is missing.*kind=.*'collect': frame"),
        ({"collect": [COLLECTS]}, "collect: a list of dict is no frame"),
        ({"collect": "scans.csv"}, "collect: a str is no frame"),
        ([{"at": 1}], "inputs: a dict is no frame"),
        (42, "inputs: an int is no frame"),
        ([pl.DataFrame(COLLECTS), "scans.csv"], r"events\[2\]: a str is no frame"),
    ],
)
def test_run__refuses_what_is_neither_path_nor_frame(inputs, why):
    with pytest.raises(poolpipe.TableError, match=why):
        poolpipe.run(inputs)


def test_run__refuses_a_kind_that_is_none():
    with pytest.raises(poolpipe.InputError, match="no such kind of event: colect"):
        poolpipe.run({"colect": pl.DataFrame(COLLECTS)})


@pytest.mark.parametrize("library", LIBRARIES)
def test_reference_tables__are_frames_of_any_library(library):
    people = {"person_type": ["PASSPORT"] * 2, "person": ["E1", "E9"], "household": ["H", "H"]}
    day = poolpipe.run({"collect": pl.DataFrame(COLLECTS)}, people=LIBRARIES[library](people))
    assert day.summary["coverage"][0]["people"] == 2
    with pytest.raises(poolpipe.TableError, match="sites: an int is no frame"):
        poolpipe.run({"collect": pl.DataFrame(COLLECTS)}, sites=3)  # type: ignore[arg-type]  # the slip


@pytest.mark.parametrize("library", LIBRARIES)
def test_decode_and_design__take_frames_of_any_library(library):
    make = LIBRARIES[library]
    seats = {"pool": ["A", "A", "B"], "person": ["p", "q", "r"]}
    pools = {"pool": ["A", "B"], "call": ["positive", "negative"], "people": [2, 1]}
    people = {"person": ["p", "q", "r"], "prior": [0.01] * 3}
    tables = [pl.DataFrame(each) for each in (seats, pools, people)]
    found = decode(make(seats), make(pools), make(people))
    assert_frame_equal(found.people, decode(*tables).people)
    assert_frame_equal(priors(make(people), 0.01), priors(tables[2], 0.01))
    assert_frame_equal(comp(make(seats), make(pools)), comp(*tables[:2]))
    assert screen_doubts(make(seats), make(pools)).is_empty()
    assert_frame_equal(prevalence(make(pools)), prevalence(tables[1]))
    assert_frame_equal(worklist(make(seats)), worklist(tables[0]))


@pytest.mark.parametrize("library", LIBRARIES)
def test_exchange__takes_the_tables_of_any_library(library):
    day = day_of_polars()
    tables = [day.table(name).to_dict(as_series=False) for name in ("pools", "members")]
    make = (
        LIBRARIES[library]
        if library != "pandas"
        else lambda rows: pl.DataFrame(rows, infer_schema_length=None).to_pandas()
    )
    assert [each.tube for each in results(*map(make, tables))] == ["T1", "T2"]


NOTHING = pl.DataFrame({"pool": [], "call": [], "person": [], "prior": []})


@pytest.mark.parametrize(
    ("ask", "why"),
    [
        (
            lambda: decode(pl.DataFrame({"pol": ["A"], "person": ["p"]}), NOTHING, NOTHING),
            "seats: column pool .*'pol'",
        ),
        (lambda: priors(pl.DataFrame({"persons": ["p"]}), 0.1), "people: column person .*'persons'"),
        (
            lambda: prevalence(pl.DataFrame({"people": [1], "calls": ["positive"]})),
            "pools: column call .*'calls'",
        ),
        (
            lambda: worklist(pl.DataFrame({"pool": ["A"]})),
            "seats: column person .*the table needs pool, person",
        ),
        (
            lambda: list(results(pl.DataFrame(), pl.DataFrame())),
            "pools: column round, tube, .* there is no column",
        ),
    ],
)
def test_missing_column__is_told_alike_everywhere(ask, why):
    with pytest.raises(poolpipe.TableError, match=why):
        ask()
