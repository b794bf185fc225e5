"""Keys numbered by marks, against a sorted set."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, wraps_round
from poolpipe_kernels import dense_keys

WORDS = 5
KEYS = st.lists(
    st.integers(0, 64 * WORDS - 1) | st.sampled_from([0, 63, 64, 127, 64 * WORDS - 1]), max_size=60
)


def _marked(keys: np.ndarray, mark=dense_keys.mark_keys) -> tuple[np.ndarray, np.ndarray, int]:
    marks, before = np.zeros(WORDS, np.uint64), np.full(WORDS, -1, np.int32)
    return marks, before, mark(keys, marks, before)


@both(dense_keys.mark_keys)
@given(KEYS)
def test_mark_keys__marks_each_key_and_counts(run, given_keys):
    marks, before, distinct = _marked(np.array(given_keys, np.uint64), run)
    known = set(given_keys)
    assert distinct == len(known)
    assert {
        64 * word + bit for word in range(WORDS) for bit in range(64) if int(marks[word]) >> bit & 1
    } == known
    assert before.tolist() == [sum(key < 64 * word for key in known) for word in range(WORDS)]


@wraps_round
@both(dense_keys.number_marked_keys)
@given(KEYS)
def test_number_marked_keys__is_the_place_among_the_distinct(run, given_keys):
    keys = np.array(given_keys, np.uint64)
    marks, before, distinct = _marked(keys)
    numbers, rows = np.empty(len(keys), np.int32), np.empty(distinct, np.uint32)
    run(keys, marks, before, numbers, rows)
    known = sorted(set(given_keys))
    assert numbers.tolist() == [known.index(key) for key in given_keys]
    assert rows.tolist() == [given_keys.index(key) for key in known]
