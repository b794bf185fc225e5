"""People by number: in the order of their documents, and those of a household who were never swabbed among them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.distinct import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.coding.dictionaries import Dictionaries

__all__ = ["NumberedPeople", "PeoplePlaces", "document_order", "number_people", "with_strangers"]


class NumberedPeople(NamedTuple):
    """People in the order of their documents.

    Attributes
    ----------
    keys : (people,) int64
    person, dwellers : (seats,) and (k,) int32
        The person of each seat, and each dweller.
    """

    keys: NDArray[np.int64]
    person: NDArray[np.int32]
    dwellers: NDArray[np.int32]


def with_strangers(codes: Dictionaries, strangers: pl.DataFrame) -> tuple[Dictionaries, NDArray[np.int64]]:
    """Give people with other documents than resident IDs, who do not occur in the events, a key.

    Parameters
    ----------
    codes : Dictionaries
        Dictionaries of the events.
    strangers : DataFrame
        person_type, person: distinct, and none of `codes.others`.

    Returns
    -------
    codes : Dictionaries
        With these people among the others, in order.
    keys : (others + strangers,) int64
        The new key of each: of the others in their order, then of the strangers.
    """
    known = codes.others.select("person_type", "person")
    if strangers.is_empty():
        return codes, -1 - np.arange(known.height)
    both = pl.concat([known, strangers.select(known.columns)]).with_row_index("row")
    both = both.sort("person_type", "person")
    keys = np.empty(both.height, np.int64)
    keys[both["row"].to_numpy()] = -1 - np.arange(both.height)
    return replace(codes, others=both.drop("row")), keys


def number_people(
    keys: NDArray[np.int64], dwellers: NDArray[np.int64], bounds: NDArray[np.int64]
) -> NumberedPeople:
    """Number people by the order of their documents.

    Parameters
    ----------
    keys, dwellers : (seats,) and (k,) int64
        Key of each seat's person, and of each dweller.
    bounds : (others,) int64
        `Dictionaries.person_bounds`.

    Returns
    -------
    NumberedPeople
    """
    ascending = distinct(np.concatenate([keys, dwellers]))
    order = document_order(ascending, bounds)
    rank = np.empty(len(order), np.int32)
    rank[order] = np.arange(len(order), dtype=np.int32)
    person, living = (rank[np.searchsorted(ascending, each)] for each in (keys, dwellers))
    return NumberedPeople(ascending[order], person, living)


class PeoplePlaces:
    """Looks places of numbers up.

    Parameters
    ----------
    numbers : (n,) int64
        From 0 and below `most`, ascending and distinct.
    places : (n,) int32
        Place of each.
    most : int
        Many are put into a table of so many, which takes a fifth of the time of searching; its pages are there only where it is
        written.
    """

    def __init__(self, numbers: NDArray[np.int64], places: NDArray[np.int32], most: int) -> None:
        self._numbers, self._places = numbers, places
        self._table: NDArray[np.int32] | None = None
        if len(numbers) >= most >> 9:
            self._table = np.empty(most, np.int32)
            self._table[numbers] = places

    def of(self, numbers: NDArray[np.int64]) -> NDArray[np.int32]:
        """PeoplePlaces of some of the numbers."""
        if self._table is not None:
            return self._table.take(numbers)
        return self._places.take(self._numbers.searchsorted(numbers))


def document_order(keys: NDArray[np.int64], bounds: NDArray[np.int64]) -> NDArray[np.int64]:
    """Order distinct keys by document type and number: other documents stand before the resident ID of their bound."""
    other = np.flatnonzero(keys < 0)
    if not len(other):
        return np.argsort(keys)
    resident = np.flatnonzero(keys >= 0)
    resident = resident[np.argsort(keys[resident])]
    row = -1 - keys[other]
    by_bound = np.lexsort((row, bounds[row]))
    before = np.searchsorted(keys[resident], bounds[row[by_bound]])
    return np.insert(resident, before, other[by_bound])
