"""Numbers of a piece of a table and texts put together, against plain lists."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from kernels.both_ways import both, laid_out, of, told, ways
from poolpipe_kernels import texts


@both(texts.number_queues)
@given(st.lists(st.integers(0, 5), max_size=20), st.integers(0, 20))
def test_queues__are_numbered_on_where_a_piece_begins_inside_a_tube(run, numbers, cut):
    tubes = np.sort(np.array(numbers, np.uint32))
    start = min(cut, len(tubes))
    piece = tubes[start:]
    before = int((tubes[:start] == piece[0]).sum()) if len(piece) else 0
    distinct, places, positions = (np.empty(len(piece), dtype) for dtype in (np.uint32, np.int32, np.int64))
    count = run(piece, before, distinct, places, positions)
    assert distinct[:count].tolist() == sorted(set(piece.tolist()))
    assert distinct[places].tolist() == piece.tolist()
    whole = [1 + tubes[:seat].tolist().count(tube) for seat, tube in enumerate(tubes)]
    assert positions.tolist() == whole[start:]


@both(texts.renumber)
@given(st.lists(st.integers(-1, 7), max_size=12))
def test_renumber__closes_the_gaps_and_keeps_the_order(run, given_numbers):
    numbers, order = np.array(given_numbers, np.int32), np.zeros(8, np.int32)
    count = run(numbers, order)
    assert order[:count].tolist() == sorted({number for number in given_numbers if number >= 0})
    for new, old in zip(numbers.tolist(), given_numbers, strict=True):
        assert order[new] == old if old >= 0 else new == 0


@ways
@given(st.lists(st.tuples(st.integers(-1, 2), st.integers(-1, 1)), max_size=12))
def test_join__puts_a_head_and_a_tail_side_by_side(interpreted, pairs):
    kernels = texts.joined_offsets, texts.join_texts
    offset, join = (of(kernel, interpreted) for kernel in kernels)
    heads, tails = ["well 甲:", "", "report"], ["A01", "H12"]
    head, tail = (np.array([pair[side] for pair in pairs], np.int32) for side in (0, 1))
    (head_text, head_offsets), (tail_text, tail_offsets) = laid_out(heads), laid_out(tails)
    offsets = np.empty(len(pairs) + 1, np.int64)
    offset(head, head_offsets, tail, tail_offsets, offsets)
    text = np.empty(offsets[-1], np.uint8)
    join(head, head_text, head_offsets, tail, tail_text, tail_offsets, offsets, text)
    expected = [(heads[h] if h >= 0 else "") + (tails[t] if t >= 0 else "") for h, t in pairs]
    assert told(text, offsets) == expected
