"""Hashes of events against the published vectors of SipHash, and the set of them against Python's."""

from __future__ import annotations

import random

import numpy as np

from poolpipe_kernels import event_hashes as kernels

# vectors_sip128 of the reference code (github.com/veorq/SipHash): key 00..0f, input 00, 01, ... of n bytes
VECTORS = {
    0: "a3817f04ba25a8e66df67214c7550293",
    1: "da87c1d86b99af44347659119b22fc45",
    8: "3b62a9ba6258f5610f83e264f31497b4",
    63: "5150d1772f50834a503e069a973fbd7c",
}


def test_hash_texts__is_siphash() -> None:
    key = np.frombuffer(bytes(range(16)), "<u8").astype(np.uint64)
    sizes = sorted(VECTORS)
    text = np.concatenate([np.arange(size, dtype=np.uint8) for size in sizes])
    hashes = np.zeros((len(sizes), 2), np.uint64)
    kernels.hash_texts(text, np.cumsum([0, *sizes]), key, hashes)
    assert [row.astype("<u8").tobytes().hex() for row in hashes] == [VECTORS[size] for size in sizes]


def test_insert_new__is_a_set() -> None:
    rng = random.Random(4)
    slots = np.zeros((256, 2), np.uint64)
    seen: set[tuple[int, int]] = set()
    for _ in range(5):
        drawn = [(rng.randrange(1, 40, 2), rng.randrange(3)) for _ in range(20)]
        new = np.zeros(20, np.bool_)
        count = kernels.insert_new(np.array(drawn, np.uint64), slots, new)
        expected = [each not in seen and each not in drawn[:place] for place, each in enumerate(drawn)]
        assert new.tolist() == expected
        assert count == sum(expected)
        seen |= set(drawn)
