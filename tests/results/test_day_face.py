"""A day in Python: what it shows of itself, its tables by name, and SQL over them."""

from __future__ import annotations

import copy
import pickle

import polars as pl
import pytest

import poolpipe
from cli.days import day as made_day
from house.rooms import ROOT
from poolpipe.errors import InputError, UnknownTableError
from poolpipe.results.day import Day
from poolpipe.results.overview import Overview
from poolpipe.tables import TABLES


@pytest.fixture(scope="module")
def town():
    return poolpipe.run(ROOT / "data" / "samples" / "town" / "events")


def test_repr__counts_and_says_what_to_do_next(town):
    told = repr(town)
    assert told.startswith(f"Day as of {town.summary['as_of']}, policy ten-in-one ")
    positive = town.pools.filter(call="positive").height
    waiting = town.recalls.filter(status="open").height
    severe = town.anomalies.filter(severity="error").height
    assert f"{town.pools.height:,}: {positive} positive" in told
    assert f"{town.recalls.height}: {waiting} open" in told
    assert f"{severe} error" in told
    assert f"re-collect {waiting} people, the most urgent first: day.recalls" in told
    for _, how in town._overview().todo:
        assert len(eval(how, {"day": town})) > 0  # noqa: S307 -- what it tells to type can be typed


def test_repr__is_the_same_of_a_day_read_again(town, tmp_path):
    assert repr(Day.read(town.write(tmp_path / "out"))) == repr(town)


def test_repr__of_nothing_has_nothing_to_do():
    told = repr(poolpipe.run({}))
    assert told.startswith("Day as of no event")
    assert "next:" not in told


def test_html__escapes_what_a_policy_is_called(town):
    day = town.view(policy={"name": "<script>alert(1)</script>"})
    assert "<script>" not in day._repr_html_()
    assert "&lt;script&gt;" in day._repr_html_()
    assert town._repr_html_().count("<tr>") == 5


def test_text__cannot_command_a_terminal():
    assert "\x1b" not in Overview("\x1b[2J", (), ()).text()


def test_item_and_attribute__are_the_table(town):
    for name in TABLES:
        if name in town:
            assert town[name] is getattr(town, name) is town.table(name)
    assert list(town) == town.names()


@pytest.mark.parametrize(
    ("name", "why"), [("recals", "did you mean 'recalls'"), ("zzz", "the tables are pools, members, recalls")]
)
def test_unknown_table__is_told_with_the_likely_one(town, name, why):
    with pytest.raises(UnknownTableError, match=f"no table '{name}' 没有表 '{name}'; {why}"):
        town[name]
    with pytest.raises(KeyError, match=why):
        town.table(name)
    with pytest.raises(AttributeError, match=why):
        getattr(town, name)


def test_day__can_be_asked_for_what_it_has_not():
    day = Day({"pools": pl.DataFrame({"tube": ["T1"]})}, {})
    assert not hasattr(day, "_ipython_display_")
    assert "recalls" not in day
    assert copy.copy(day)["pools"].height == 1
    assert pickle.loads(pickle.dumps(day))["pools"].height == 1  # noqa: S301 -- ours


def test_sql__answers_over_the_tables_by_name(town):
    found = town.sql("select call, count(*) as tubes from pools group by all order by call")
    counted = town.pools.group_by("call").len().sort("call", nulls_last=True)
    assert found.rows() == counted.rows()
    joined = town.sql(
        "select count(*) as n from members join POOLS using (round, tube) where call = 'positive'"
    )
    assert (
        joined["n"][0] == town.members.join(town.pools.filter(call="positive"), on=["round", "tube"]).height
    )


def test_sql__keeps_times_in_utc(town):
    last = town.sql("select max(last_collected) as last from pools")
    assert last.schema["last"] == pl.Datetime("us", "UTC")
    assert last["last"][0] == town.pools["last_collected"].max()


def test_sql__makes_only_the_tables_it_names():
    day = made_day()
    asked: list[str] = []

    def table(name):
        asked.append(name)
        return pl.DataFrame({"tube": ["T1"]})

    day.table = table
    assert day.sql("select * from recalls").height == 1
    assert asked == ["recalls"]


def test_sql__lists_the_tables(town):
    assert sorted(town.sql("show tables")["name"]) == sorted(town.names())


@pytest.mark.parametrize(
    ("query", "why"),
    [
        ("select * from pols", r"Table with name pols does not exist.*the tables are pools"),
        ("select tub from pools", "sql: .*tub"),
        ("selec 1", "sql: .*syntax error"),
        ("create table x as select 1", "not one question .*; write one SELECT"),
        ("", "not one question"),
        ("select 1; select 2", "not one question"),
    ],
)
def test_sql__says_what_is_wrong_with_a_query(town, query, why):
    with pytest.raises(poolpipe.InputError, match=why):
        town.sql(query)


def test_sql__finds_no_frame_of_the_caller(town):
    mine = pl.DataFrame({"a": [1]})
    assert mine.height
    with pytest.raises(poolpipe.InputError, match="mine does not exist"):
        town.sql("select * from mine")


def test_sql__refuses_what_is_no_text(town):
    with pytest.raises(InputError, match="a query is no NoneType"):
        town.sql(None)
