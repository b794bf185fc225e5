"""Keyed 128-bit hashes of events, and a set of them: which events a store already holds.

SipHash-2-4 with 128 bits of result (Aumasson and Bernstein 2012). Without the key nobody can make two events of one
hash, or recognise an event by it; two of a billion events share one with a probability below 1e-20.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["absorb_columns", "absorb_numbers", "begin_hashes", "finish_hashes", "hash_texts", "insert_new"]

_V0, _V1 = np.uint64(0x736F6D6570736575), np.uint64(0x646F72616E646F6D)
_V2, _V3 = np.uint64(0x6C7967656E657261), np.uint64(0x7465646279746573)
_ROUNDS, _LAST_ROUNDS = 2, 4


@kernel
def hash_texts(
    text: NDArray[np.uint8], offsets: NDArray[np.int64], key: NDArray[np.uint64], hashes: NDArray[np.uint64]
) -> None:
    """Hash texts: SipHash-2-4 with a 128-bit result, as its reference code computes it.

    Parameters
    ----------
    text : (bytes,) uint8
        The texts, one after the other.
    offsets : (n + 1,) int64
        Where each begins.
    key : (2,) uint64
        The secret key, little-endian.
    hashes : (n, 2) uint64
        Output: the result's two words, little-endian.
    """
    state = np.empty(4, np.uint64)
    for i in range(len(offsets) - 1):
        _begin(key, state)
        size = offsets[i + 1] - offsets[i]
        for block in range(size // 8 + 1):
            start = offsets[i] + 8 * block
            word = np.uint64(0)
            for byte in range(min(8, offsets[i + 1] - start)):
                word |= np.uint64(text[start + byte]) << np.uint64(8 * byte)
            if block == size // 8:
                word |= np.uint64(size & 0xFF) << np.uint64(56)
            _absorb(state, word)
        _finish(state, hashes[i])


@kernel
def begin_hashes(key: NDArray[np.uint64], states: NDArray[np.uint64]) -> None:
    """Begin the hashes of n events.

    Parameters
    ----------
    key : (2,) uint64
    states : (n, 4) uint64
        Output: the four words of each event's state.
    """
    for i in range(len(states)):
        _begin(key, states[i])


@kernel
def absorb_columns(
    column: int, rows: NDArray[np.int32], hashes: NDArray[np.uint64], states: NDArray[np.uint64]
) -> None:
    """Add a column of texts to the hashes of events.

    An empty cell adds nothing, so that an event does not depend on which other columns its file has.

    Parameters
    ----------
    column : int
        Number of the column, another for each.
    rows : (n,) int32
        Each event's row in `hashes`; -1 where the cell is empty.
    hashes : (values, 2) uint64
        As `hash_texts` gives them.
    states : (n, 4) uint64
        In place.
    """
    for i in range(len(rows)):
        if rows[i] >= 0:
            _absorb(states[i], np.uint64(column))
            _absorb(states[i], hashes[rows[i], 0])
            _absorb(states[i], hashes[rows[i], 1])


@kernel
def absorb_numbers(
    column: int, numbers: NDArray[np.int64], given: NDArray[np.bool_], states: NDArray[np.uint64]
) -> None:
    """Add a column of numbers to the hashes of events.

    Parameters
    ----------
    column : int
        Number of the column, another for each.
    numbers : (n,) int64
        Whole numbers, or the bits of floats.
    given : (n,) bool
        False where the cell is empty.
    states : (n, 4) uint64
        In place.
    """
    for i in range(len(numbers)):
        if given[i]:
            _absorb(states[i], np.uint64(column))
            _absorb(states[i], np.uint64(numbers[i]))


@kernel
def finish_hashes(states: NDArray[np.uint64], hashes: NDArray[np.uint64]) -> None:
    """Finish the hashes of n events.

    Parameters
    ----------
    states : (n, 4) uint64
        In: of whole events. Out: used up.
    hashes : (n, 2) uint64
        Output; the lowest bit of each is 1, so that none is zero.
    """
    for i in range(len(states)):
        _finish(states[i], hashes[i])
        hashes[i, 0] |= np.uint64(1)


@kernel
def insert_new(hashes: NDArray[np.uint64], slots: NDArray[np.uint64], is_new: NDArray[np.bool_]) -> int:
    """Put hashes into a set, and mark those that were not in it.

    Parameters
    ----------
    hashes : (n, 2) uint64
        As `finish_hashes` gives them.
    slots : (2 ** k, 2) uint64
        The set, in place; zeros are free. At least half must stay free.
    is_new : (n,) bool
        Output: whether each was in the set neither before nor earlier among these.

    Returns
    -------
    int
        How many are new.
    """
    mask = np.uint64(len(slots) - 1)
    found = 0
    for i in range(len(hashes)):
        low, high = hashes[i, 0], hashes[i, 1]
        slot = (low >> np.uint64(1)) & mask
        while slots[slot, 0] != 0 and (slots[slot, 0] != low or slots[slot, 1] != high):
            slot = (slot + np.uint64(1)) & mask
        is_new[i] = slots[slot, 0] == 0
        if is_new[i]:
            slots[slot, 0], slots[slot, 1] = low, high
            found += 1
    return found


@kernel
def _begin(key: NDArray[np.uint64], state: NDArray[np.uint64]) -> None:
    """Begin a hash.

    Parameters
    ----------
    key : (2,) uint64
    state : (4,) uint64
        Output.
    """
    state[0], state[1] = _V0 ^ key[0], _V1 ^ key[1] ^ np.uint64(0xEE)
    state[2], state[3] = _V2 ^ key[0], _V3 ^ key[1]


@kernel
def _absorb(state: NDArray[np.uint64], word: np.uint64) -> None:
    """Add a word to a hash.

    Parameters
    ----------
    state : (4,) uint64
        In place.
    word : uint64
    """
    state[3] ^= word
    _rounds(state, _ROUNDS)
    state[0] ^= word


@kernel
def _finish(state: NDArray[np.uint64], result: NDArray[np.uint64]) -> None:
    """Finish a hash.

    Parameters
    ----------
    state : (4,) uint64
        Used up.
    result : (2,) uint64
        Output.
    """
    state[2] ^= np.uint64(0xEE)
    _rounds(state, _LAST_ROUNDS)
    result[0] = state[0] ^ state[1] ^ state[2] ^ state[3]
    state[1] ^= np.uint64(0xDD)
    _rounds(state, _LAST_ROUNDS)
    result[1] = state[0] ^ state[1] ^ state[2] ^ state[3]


@kernel
def _rounds(state: NDArray[np.uint64], count: int) -> None:
    """Mix a state.

    Parameters
    ----------
    state : (4,) uint64
        In place.
    count : int
        How often.
    """
    v0, v1, v2, v3 = state[0], state[1], state[2], state[3]
    for _ in range(count):
        v0 += v1
        v1 = (v1 << np.uint64(13)) | (v1 >> np.uint64(51))
        v1 ^= v0
        v0 = (v0 << np.uint64(32)) | (v0 >> np.uint64(32))
        v2 += v3
        v3 = (v3 << np.uint64(16)) | (v3 >> np.uint64(48))
        v3 ^= v2
        v0 += v3
        v3 = (v3 << np.uint64(21)) | (v3 >> np.uint64(43))
        v3 ^= v0
        v2 += v1
        v1 = (v1 << np.uint64(17)) | (v1 >> np.uint64(47))
        v1 ^= v2
        v2 = (v2 << np.uint64(32)) | (v2 >> np.uint64(32))
    state[0], state[1], state[2], state[3] = v0, v1, v2, v3
