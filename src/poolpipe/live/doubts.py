"""Which tubes have another P(infected) than they are shown with: all that a batch reaches beyond a cut neighbourhood."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct, distinct_of_all
from poolpipe.live.held_rows import COLLECT
from poolpipe.tables import CALLS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.live.held_rows import HeldRows
    from poolpipe.live.overlays import Overlaid

__all__ = ["doubted_tubes"]

_NEGATIVE: Final = CALLS.index("negative")


def doubted_tubes(
    held: HeldRows, changed: NDArray[np.int64], doubted: NDArray[np.int64], pools: Overlaid, answered: list[pl.DataFrame],
    places: NDArray[np.int64],
) -> NDArray[np.int64]:  # fmt: skip
    """Follow P(infected) from tubes that changed to every tube in which it may be another now.

    What a tube tells of a person is told of them in all their tubes of its round, and carried on to their later rounds; a tube with a
    result passes it on to everybody in it. Nothing goes back to earlier rounds, but where a recall was answered in another round: there
    both ask about one infection, and so do the person's rounds between them.

    Parameters
    ----------
    held : HeldRows
    changed : (n,) int64
        Tubes concluded anew, ascending.
    doubted : (k,) int64
        Tubes that are in doubt already, ascending, with all that can be reached from them.
    pools : Overlaid
        Say which tubes have a result; those of `changed` are not asked.
    answered : list of DataFrame
        Recalls (tube, person, single_tube): all as they were before, then those of `changed` as they are.
    places : (rounds,) int64
        As `RoundStarts.places`.

    Returns
    -------
    (m,) int64
        `doubted`, `changed` and what these reach, ascending.
    """
    linked = [_across_rounds(held, each) for each in answered]
    people = distinct_of_all(*(each["person"].to_numpy() for each in linked))
    new = changed
    # components between two that such answers tie are decoded jointly, and the later tie may be a new one
    if any(np.isin(each["tube"].to_numpy(), changed).any() for each in linked):
        new = distinct_of_all(
            new, _column(held, "tube", held.find(COLLECT, "person", people)).astype(np.int64)
        )
    every = distinct_of_all(doubted, new)
    while len(new):
        reached = _reached_from(held, new, people, places)
        new = np.setdiff1d(reached, every, assume_unique=True)
        every = distinct_of_all(every, new)
        told = pools.of(new).filter(pl.col("call") >= _NEGATIVE)
        new = told["tube"].to_numpy().astype(np.int64)
    return every


def _across_rounds(held: HeldRows, recalls: pl.DataFrame) -> pl.DataFrame:
    """Recalls that a single of another round answers."""
    closed = recalls.filter(pl.col("single_tube").is_not_null())
    rounds = [held.codes.rounds_of("tube", closed[name].to_numpy()) for name in ("tube", "single_tube")]
    return closed.filter(rounds[0] != rounds[1])


def _reached_from(
    held: HeldRows, tubes: NDArray[np.int64], linked: NDArray[np.int64], places: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Tubes of the same people in the same round and in later ones; of linked people in all."""
    rows = held.find(COLLECT, "tube", tubes.astype(np.uint32))
    seated = _column(held, "person", rows)
    people = distinct(seated)
    since = np.full(len(people), len(places))
    np.minimum.at(since, np.searchsorted(people, seated), _places(held, _column(held, "tube", rows), places))
    since[np.isin(people, linked)] = -1
    rows = held.find(COLLECT, "person", people)
    met, of_person = _column(held, "tube", rows), np.searchsorted(people, _column(held, "person", rows))
    place = _places(held, met, places)
    return distinct(met[(place >= since[of_person]) | (place < 0)].astype(np.int64))


def _places(held: HeldRows, tubes: NDArray[np.int64], places: NDArray[np.int64]) -> NDArray[np.int64]:
    return places[held.codes.rounds_of("tube", tubes)]


def _column(held: HeldRows, name: str, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    return held.column(COLLECT, name, rows).to_numpy() if len(rows) else np.empty(0, np.int64)
