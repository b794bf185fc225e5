"""Hashes of events against the published vectors of SipHash, and the set of them against Python's."""

from __future__ import annotations

import random
from typing import Any

import numpy as np

from kernels.both_ways import both, of, ways, wraps_round
from poolpipe_kernels import event_hashes as kernels

# vectors_sip128 of the reference code (github.com/veorq/SipHash): key 00..0f, input 00, 01, ... of n bytes
VECTORS = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    63: "5150d1772f50834a503e069a973fbd7c",
}


@wraps_round
@both(kernels.hash_texts)
def test_hash_texts__is_siphash(run: Any) -> None:
    key = np.frombuffer(bytes(range(16)), "<u8").astype(np.uint64)
    sizes = sorted(VECTORS)
    text = np.concatenate([np.arange(size, dtype=np.uint8) for size in sizes])
    hashes = np.zeros((len(sizes), 2), np.uint64)
    run(text, np.cumsum([0, *sizes]), key, hashes)
    assert [row.astype("<u8").tobytes().hex() for row in hashes] == [VECTORS[size] for size in sizes]


@both(kernels.insert_new)
def test_insert_new__is_a_set(run: Any) -> None:
    rng = random.Random(4)
    slots = np.zeros((256, 2), np.uint64)
    seen: set[tuple[int, int]] = set()
    for _ in range(5):
        drawn = [(rng.randrange(1, 40, 2), rng.randrange(3)) for _ in range(20)]
        new = np.zeros(20, np.bool_)
        count = run(np.array(drawn, np.uint64), slots, new)
        expected = [each not in seen and each not in drawn[:place] for place, each in enumerate(drawn)]
        assert new.tolist() == expected
        assert count == sum(expected)
        seen |= set(drawn)


@wraps_round
@ways
def test_event__is_hashed_by_what_it_says(interpreted: bool) -> None:
    key = np.array([1, 2], np.uint64)
    texts = np.array([[3, 4], [5, 6]], np.uint64)
    names = ("begin_hashes", "absorb_columns", "absorb_numbers", "finish_hashes")
    begin, columns, numbers, finish = (of(getattr(kernels, name), interpreted) for name in names)
    states, hashes = np.zeros((5, 4), np.uint64), np.zeros((5, 2), np.uint64)
    begin(key, states)
    columns(1, np.array([0, 0, 1, -1, 0], np.int32), texts, states)
    numbers(2, np.array([7, 7, 7, 7, 8]), np.array([True, False, True, True, True]), states)
    finish(states, hashes)
    assert len({tuple(row) for row in hashes.tolist()}) == 5
    assert (hashes[:, 0] & 1).all()
    # event 3 has no text, event 1 no number: each is what remains, hashed alone
    begin(key, states)
    numbers(2, np.full(5, 7), np.ones(5, np.bool_), states)
    alone = np.zeros((5, 2), np.uint64)
    finish(states, alone)
    assert (alone[0] == hashes[3]).all()
