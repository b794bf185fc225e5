"""Cut a row of sizes into runs of about as much: what tasks read."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["shares"]


def shares(sizes: Sequence[int], most: int) -> list[tuple[int, int]]:
    """Cut sizes, in their order, into runs of about the `most`-th part of their sum; a size is not cut.

    Parameters
    ----------
    sizes : sequence of int
    most : int
        How many runs there are at most, about.

    Returns
    -------
    list of (int, int)
        First and last but one of each run.
    """
    share = max(1, sum(sizes) // max(1, most))
    runs: list[tuple[int, int]] = []
    begin, held = 0, 0
    for place, size in enumerate(sizes):
        if place > begin and held + size > share:
            runs.append((begin, place))
            begin, held = place, 0
        held += size
    if begin < len(sizes):
        runs.append((begin, len(sizes)))
    return runs
