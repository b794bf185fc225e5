"""Flat arrays that are proved as they are looked at, and texts end to end, against lists."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from poolpipe.tracing.flat_arrays import (
    STRETCH,
    DamagedError,
    FlatArray,
    FlatTexts,
    PackedTexts,
    proofs_of,
    ranges,
)

ROWS = 3 * STRETCH // 8 + 5


def _look(array, how, row):
    if how == "take":
        return array.take(np.array([0, row]))
    return array.cut(row, row + 1) if how == "cut" else array.whole()


@settings(max_examples=30)
@given(st.integers(0, ROWS - 1), st.integers(0, ROWS - 1), st.sampled_from(["take", "cut", "whole"]))
def test_array__refuses_the_stretch_that_is_damaged_and_no_other(damaged, row, how):
    values = np.arange(ROWS)
    proofs = proofs_of(values)
    values[damaged] ^= 1 << 40
    array = FlatArray(values, "seats.npy", proofs)
    stretch = STRETCH // 8
    looked_at = {"take": {0, row // stretch}, "cut": {row // stretch}, "whole": {damaged // stretch}}[how]
    if damaged // stretch in looked_at:
        with pytest.raises(DamagedError, match=r"seats\.npy"):
            _look(array, how, row)
    else:
        assert _look(array, how, row)[-1] == row


def test_array__of_which_all_is_proved_is_looked_at_alike():
    values = np.arange(ROWS)
    array = FlatArray(values, "seats.npy", proofs_of(values))
    assert array.whole().tolist() == array.take(np.arange(ROWS)).tolist() == values.tolist()


texts = st.lists(st.text(st.characters(codec="utf-8"), max_size=5), max_size=20)


@given(texts, st.data())
def test_texts__are_those_that_were_packed(given_texts, data):
    packed = PackedTexts.of(given_texts)
    flat = FlatTexts(FlatArray(packed.offsets), FlatArray(packed.content))
    rows = data.draw(st.lists(st.integers(0, len(given_texts) - 1), max_size=9)) if given_texts else []
    wanted = [given_texts[row] for row in rows]
    assert flat.whole().to_list() == given_texts
    assert flat.take(np.array(rows, np.int64)).series().to_list() == wanted
    there = np.array([place % 3 > 0 for place in range(len(rows))], np.bool_)
    told = packed.rows(np.array(rows, np.int64), there).to_pylist()
    assert told == [text if kept else None for text, kept in zip(wanted, there, strict=True)]


@given(texts, st.text(st.characters(codec="utf-8"), max_size=5))
def test_texts__are_found_among_sorted_ones(given_texts, asked):
    ordered = sorted(set(given_texts), key=str.encode)
    packed = PackedTexts.of(ordered)
    flat = FlatTexts(FlatArray(packed.offsets), FlatArray(packed.content))
    for text in (*ordered, asked):
        assert flat.find(text, 0, len(ordered)) == (ordered.index(text) if text in ordered else None)


@given(st.lists(st.tuples(st.integers(0, 30), st.integers(0, 4))))
def test_ranges__follow_one_another(spans):
    begins = np.array([begin for begin, _ in spans], np.uint32)
    ends = np.array([begin + count for begin, count in spans], np.uint32)
    assert ranges(begins, ends).tolist() == [
        number for begin, count in spans for number in range(begin, begin + count)
    ]
