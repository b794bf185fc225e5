"""A word that is none of a closed set, and a value of another type, are refused in words."""

# mypy: disable-error-code="arg-type, call-arg"
# Every value here is one that types forbid: who has no type checker is told in words.

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import poolpipe
from poolpipe.choices import likely
from poolpipe.decode import Assay, decode
from poolpipe.design import assign, best, prevalence
from poolpipe.errors import InputError, PolicyError
from poolpipe.exchange.telling import Csv
from poolpipe.import_policy import ImportPolicy
from poolpipe.policy import load_policy
from poolpipe.simulate import simulate

if TYPE_CHECKING:
    from collections.abc import Callable

COLLECTS = pl.DataFrame(
    {"at": ["2022-02-10T08:00:00Z"], "tube": ["T1"], "person_type": ["HKM"], "person": ["H1"]}
)
SEATS = pl.DataFrame({"pool": ["A"], "person": ["1"]})
POOLS = pl.DataFrame({"pool": ["A"], "call": ["positive"]})
PEOPLE = pl.DataFrame({"person": ["1"], "prior": [0.01]})


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        (lambda: poolpipe.run({"collect": COLLECTS}, readings="al"), "all"),
        (lambda: poolpipe.run({"colect": COLLECTS}), "collect"),
        (lambda: poolpipe.run("data/samples/town/events", kind="colect"), "collect"),
        (lambda: best("dorfmann", 0.01), "dorfman"),
        (lambda: assign(pl.Series(["a"]), "aray"), "array"),
        (lambda: prevalence(pl.DataFrame(), "exactt"), "exact"),
        (lambda: simulate("nowhere", preset="twn"), "town"),
        (lambda: load_policy({"base": "twenty-in-on"}), "twenty-in-one"),
        (lambda: poolpipe.run({"collect": COLLECTS}).tubes_by("mod"), "mode"),
    ],
)
def test_word__that_is_none_gets_the_likely_one(asked: Callable[[], Any], near: str):
    with pytest.raises((InputError, PolicyError), match=f"did you mean '{near}'.*[可请]"):
        asked()


def test_word__that_resembles_none_gets_all_of_them():
    assert likely("beijing", ["town", "ruijin"]) == ""
    with pytest.raises(InputError, match=r"unknown language 'french'.*give one of en, zh"):
        Csv(language="french")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (lambda: poolpipe.run({"collect": COLLECTS}, as_of=3), "as_of: '3' is not a time"),
        (lambda: poolpipe.run({"collect": COLLECTS}).view(as_of=5), "as_of: '5' is not a time"),
        (lambda: poolpipe.run({"collect": COLLECTS}, out=5), "out: 5 is no path"),
        (lambda: poolpipe.Day.read(5), "folder: 5 is no path"),
        (lambda: load_policy(3), "policy: 3 is no policy"),
        (lambda: ImportPolicy(labb="x"), "labb: there is no such setting, did you mean lab"),
        (lambda: Assay(sensitivty=0.9), "did you mean sensitivity.*没有这项设置"),
        (
            lambda: decode(SEATS, POOLS, PEOPLE, assay={"sensitivty": 0.9}),
            "did you mean sensitivity.*没有这项",
        ),
    ],
)
def test_value__of_another_type_is_refused_in_words(asked: Callable[[], Any], told: str):
    with pytest.raises((InputError, PolicyError), match=told):
        asked()


def test_policy__with_a_wrong_base_names_its_other_rules_too():
    with pytest.raises(
        PolicyError, match=r"base: 'ten' is unknown.*grey_ct 37.0 lies below.*xx: there is no such"
    ):
        load_policy({"base": "ten", "assay": {"detected_ct": 38, "grey_ct": 37}, "xx": 1})


@pytest.mark.parametrize(
    ("query", "near"),
    [
        ("select * from poolz", "pools"),
        ("select tubee from pools", "tube"),
        ("select p.tubee from pools p", "tube"),
        ("select * from pools join memberz using (tube)", "members"),
    ],
)
def test_sql__suggests_the_table_or_column(query: str, near: str):
    day = poolpipe.run({"collect": COLLECTS})
    with pytest.raises(InputError, match=f"did you mean '{near}'"):
        day.sql(query)


def test_prior__in_per_cent_is_refused_with_column_row_and_the_way_out():
    people = pl.DataFrame({"person": ["1"], "prior": ["1%"]})
    with pytest.raises(poolpipe.TableError, match=r"column 'prior', row 1, holds no number.*0.01 for 1%"):
        decode(SEATS, POOLS, people)
