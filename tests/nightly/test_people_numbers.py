"""People by number, against a plain dictionary: no two share one, however their keys are mixed."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from poolpipe.nightly import people_numbers
from poolpipe.nightly.people_numbers import (
    Documents,
    PersonKeys,
    documents_of,
    number_people,
    people_of,
    people_of_pseudonyms,
)

documents = st.tuples(
    st.sampled_from(["RIC", "PPN", "1"]),
    st.sampled_from(
        ["110101199003077475", "11010119900307747X", "E12345678", "1", "", "110101199003077475X"]
    ),
)
parts_of_documents = st.lists(st.lists(documents, max_size=8), min_size=1, max_size=4)
halves = st.tuples(st.integers(-2, 2), st.integers(-2, 2))


def numbered(parts):
    """Number of each row by first occurrence, and the rows that are new, of each part."""
    known: dict[object, int] = {}
    numbers, new = [], []
    for part in parts:
        new.append([row for row, one in enumerate(part) if one not in known and one not in part[:row]])
        numbers.append([known.setdefault(one, len(known)) for one in part])
    return numbers, new


def told(found):
    return [[each.tolist() for each in part] for part in found]


@given(parts_of_documents)
def test_documents__are_one_person_where_type_and_number_are_equal(parts):
    frames = [
        pl.DataFrame(part, {"person_type": pl.String, "person": pl.String}, orient="row") for part in parts
    ]
    people = people_of([documents_of(frame) for frame in frames])
    assert told(number_people(people)) == [*map(list, numbered(parts))]


@given(st.lists(st.lists(halves, max_size=8), min_size=1, max_size=3))
def test_pairs__are_numbered_by_both_integers(parts):
    people = [PersonKeys(*(np.array([pair[i] for pair in part], np.int64) for i in (0, 1))) for part in parts]
    assert told(number_people(people)) == [*map(list, numbered(parts))]


def test_two_people_with_one_mixed_key__are_told_apart_by_another_salt():
    salt = people_numbers._FIRST_SALT
    low = np.array([5 + salt, 5], np.uint64).view(np.int64)
    people = PersonKeys(np.array([0, 1], np.int64), low)
    mixed = people_numbers._mixed(people, salt)
    assert mixed[0] == mixed[1], "the pair is none that this salt mixes up"
    assert number_people([people])[0][0].tolist() == [0, 1]


def test_pseudonyms__are_sixteen_bytes_and_of_both_kinds_of_parts():
    sealed = [b"a" * 16, b"a" * 15 + b"b", b"b" + b"a" * 15, b"a" * 16]
    people = people_of_pseudonyms(pl.Series(sealed, dtype=pl.Binary).slice(1))
    numbers, new = number_people(people_of([people, people_of_pseudonyms(pl.Series(sealed[:1]))]))
    assert [each.tolist() for each in numbers] == [[0, 1, 2], [2]]
    assert [each.tolist() for each in new] == [[0, 1, 2], []]


def test_nobody__has_no_number():
    nobody = Documents(
        np.empty(0, np.int64), pl.DataFrame(schema=dict.fromkeys(("person_type", "person"), pl.String))
    )
    assert told(number_people(people_of([nobody]))) == [[[]], [[]]]
    assert number_people([]) == ([], [])
