"""Invented people: valid numbers that nobody has, households that look like households."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import ric

from poolpipe.simulate.residents import make_residents
from poolpipe.simulate.settings import settings_for
from poolpipe.simulate.text import digits, numbered, resident_ids


@given(st.lists(st.tuples(st.dates(), st.integers(0, 999)), min_size=1, max_size=50), st.integers(0, 999))
def test_resident_ids__have_the_check_character_of_gb_11643(births, township):
    born = np.array([day.year * 10_000 + day.month * 100 + day.day for day, _ in births])
    sequence = np.array([number for _, number in births])
    for number, (day, _) in zip(resident_ids(999_000 + township, born, sequence), births, strict=True):
        assert number[-1] == ric.calc_check_digit(number)
        assert ric.get_birth_date(number) == day


def test_resident_ids__with_an_error_do_not_fit():
    born, sequence = np.full(500, 19_900_228), np.arange(500)
    for number in resident_ids(999_001, born, sequence, check_error=4):
        assert number[-1] != ric.calc_check_digit(number)


def test_digits__are_padded_with_zeros():
    assert digits(np.array([0, 7, 123]), 4).tobytes() == b"000000070123"
    assert numbered("B", np.array([5, 60]), 3).to_list() == ["B005", "B060"]


@pytest.fixture(scope="module")
def residents():
    town = settings_for("ruijin", people=40_000)
    return make_residents(town, 3, 40_000, np.random.default_rng(1))


def test_people__are_distinct_and_of_no_real_region(residents):
    assert residents.person.n_unique() == 40_000
    resident = residents.person.filter(residents.person_type == "RIC")
    assert resident.str.starts_with("999003").all()
    assert set(residents.person_type) == {"RIC", "HKM", "TW", "PASSPORT"}


def test_households__are_contiguous_and_of_ordinary_size(residents):
    assert (np.diff(residents.household) >= 0).all()
    sizes = np.bincount(residents.household)
    assert sizes.max() <= 6
    # 2020 census: 2.62 people a household.
    assert 2.4 < sizes.mean() < 2.8
    inside = pl.DataFrame({"household": residents.household, "building": residents.building})
    assert inside.group_by("household").agg(pl.col("building").n_unique())["building"].max() == 1


def test_names_and_phones__are_obviously_invented(town):
    people = town.reference("people")
    assert people["name"].str.starts_with("模拟").all()
    assert people["phone"].str.contains(r"^000\d{8}$").all()
    sex = people.filter(pl.col("person_type") == "RIC").select(
        odd=pl.col("person").str.slice(16, 1).cast(pl.Int8) % 2 == 1, male=pl.col("sex") == "M"
    )
    assert sex["odd"].equals(sex["male"].rename("odd"))
