"""Texts as integers of their order, against bytes compared one by one."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, laid_out, wraps_round
from poolpipe_kernels import sort_keys


@both(sort_keys.note_bytes)
@given(st.lists(st.text(max_size=5), max_size=12))
def test_note_bytes__knows_what_stands_at_each_place(run, given_texts):
    parts = [text.encode() for text in given_texts]
    seen = np.zeros((8, 257), np.bool_)
    fits = run(*laid_out(given_texts), seen)
    assert fits == all(len(part) <= 8 for part in parts)
    if fits:
        expected = {(place, byte + 1) for part in parts for place, byte in enumerate(part)}
        expected |= {(len(part), sort_keys.ENDED) for part in parts if len(part) < 8}
        assert set(zip(*(each.tolist() for each in np.nonzero(seen)), strict=True)) == expected


@wraps_round
@both(sort_keys.spell_as_integers)
def test_spelling__is_the_integer_of_the_bytes_ranks(run):
    given_texts = ["A1", "B0", "A", "B12", ""]
    ranks = np.zeros((3, 257), np.uint64)
    for place, letters in enumerate(["AB", "01", "2"]):
        for rank, letter in enumerate(letters, 1):
            ranks[place, ord(letter) + 1] = rank
    numbers = np.empty(5, np.uint64)
    run(*laid_out(given_texts), ranks, np.array([3, 3, 2], np.uint64), numbers)
    assert numbers.tolist() == [(1 * 3 + 2) * 2, (2 * 3 + 1) * 2, 1 * 3 * 2, (2 * 3 + 2) * 2 + 1, 0]
