"""Decode integers into texts: number tubes and queues, drop unused numbers, join heads and tails."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from poolpipe_kernels.compilation import kernel

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["join_texts", "joined_offsets", "number_queues", "renumber"]


@kernel("uint32[]! int64 uint32[] int32[] int64[]")
def number_queues(
    tubes: NDArray[np.uint32],
    before: int,
    distinct: NDArray[np.uint32],
    places: NDArray[np.int32],
    positions: NDArray[np.int64],
) -> int:
    """Number the tubes that occur, and the people of each from 1.

        #  tubes      7 7 9 9 9      before = 2
        #  distinct   7 9
        #  places     0 0 1 1 1
        #  positions  3 4 1 2 3

    Parameters
    ----------
    tubes : (n,) uint32
        Tube of each seat, ascending.
    before : int
        How many seats of the first tube come before these.
    distinct : (n,) uint32
        Output: each tube once; as many as are returned.
    places : (n,) int32
        Output: index of each seat's tube in `distinct`.
    positions : (n,) int64
        Output: place of each seat in its tube's queue, from 1.

    Returns
    -------
    int
        How many tubes there are.
    """
    count = 0
    position = before
    for seat in range(len(tubes)):
        if seat == 0 or tubes[seat] != tubes[seat - 1]:
            distinct[count] = tubes[seat]
            count += 1
            if seat:
                position = 0
        position += 1
        places[seat] = count - 1
        positions[seat] = position
    return int(count)


@kernel("int32[] int32[]")
def renumber(numbers: NDArray[np.int32], order: NDArray[np.int32]) -> int:
    """Replace the numbers that occur by numbers without gaps, in the same order.

    Parameters
    ----------
    numbers : (n,) int32
        In: numbers from 0, negative for none. Out: the new ones, 0 for none.
    order : (m,) int32
        In: zeros, one for each number there can be. Out: first the numbers that occur, ascending.

    Returns
    -------
    int
        How many numbers occur.
    """
    for row in range(len(numbers)):
        if numbers[row] >= 0:
            order[numbers[row]] = 1
    count = np.int32(0)
    for number in range(len(order)):
        count += order[number]
        order[number] = count * order[number]
    for row in range(len(numbers)):
        numbers[row] = order[numbers[row]] - 1 if numbers[row] >= 0 else 0
    for number in range(len(order)):
        if order[number]:
            order[order[number] - 1] = number
    return int(count)


@kernel("int32[]! int64[]! int32[]! int64[]! int64[]")
def joined_offsets(
    heads: NDArray[np.int32],
    head_offsets: NDArray[np.int64],
    tails: NDArray[np.int32],
    tail_offsets: NDArray[np.int64],
    offsets: NDArray[np.int64],
) -> None:
    """Compute where each text made of a head and a tail begins.

    Parameters
    ----------
    heads, tails : (n,) int32
        Which head and which tail each row has, negative for none.
    head_offsets, tail_offsets : (m + 1,) int64
        Where each head and each tail begins.
    offsets : (n + 1,) int64
        Output: where each row's text begins.
    """
    at = np.int64(0)
    offsets[0] = 0
    for row in range(len(heads)):
        head, tail = heads[row], tails[row]
        if head >= 0:
            at += head_offsets[head + 1] - head_offsets[head]
        if tail >= 0:
            at += tail_offsets[tail + 1] - tail_offsets[tail]
        offsets[row + 1] = at


@kernel("int32[]! uint8[]! int64[]! int32[]! uint8[]! int64[]! int64[] uint8[]")
def join_texts(
    heads: NDArray[np.int32],
    head_text: NDArray[np.uint8],
    head_offsets: NDArray[np.int64],
    tails: NDArray[np.int32],
    tail_text: NDArray[np.uint8],
    tail_offsets: NDArray[np.int64],
    offsets: NDArray[np.int64],
    text: NDArray[np.uint8],
) -> None:
    """Write each row's head and tail one after the other.

    Parameters
    ----------
    heads, head_offsets, tails, tail_offsets, offsets
        As for `joined_offsets`, which fills `offsets`.
    head_text, tail_text : (bytes,) uint8
        The heads and the tails, each one after the other.
    text : (offsets[n],) uint8
        Output.
    """
    for row in range(len(heads)):
        at = offsets[row]
        head, tail = heads[row], tails[row]
        if head >= 0:
            for i in range(head_offsets[head], head_offsets[head + 1]):
                text[at] = head_text[i]
                at += 1
        if tail >= 0:
            for i in range(tail_offsets[tail], tail_offsets[tail + 1]):
                text[at] = tail_text[i]
                at += 1
