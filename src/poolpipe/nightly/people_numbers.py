"""People as numbers, so that millions of them are joined as integers: the residents of a list first, then everybody swabbed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from poolpipe.coding.dictionaries import resident_keys, text_bytes
from poolpipe.coding.numbering import number_by_first

if TYPE_CHECKING:
    from collections.abc import Sequence


__all__ = [
    "Documents",
    "PersonKeys",
    "documents_of",
    "number_people",
    "people_of",
    "people_of_pseudonyms",
]

_NOBODY = pl.DataFrame(schema={"person_type": pl.String, "person": pl.String})
_FIRST_SALT = 0x9E3779B97F4A7C15


class PersonKeys(NamedTuple):
    """People as two integers each, equal for the same person and for nobody else.

    Attributes
    ----------
    high, low : (n,) int64
    """

    high: NDArray[np.int64]
    low: NDArray[np.int64]


class Documents(NamedTuple):
    """People by their documents.

    Attributes
    ----------
    keys : (n,) int64
        As `resident_keys` gives them: below 0 for what is no resident ID.
    others : DataFrame
        person_type and person of the latter, row by row.
    """

    keys: NDArray[np.int64]
    others: pl.DataFrame


def documents_of(people: pl.DataFrame) -> Documents:
    """Tell documents by keys.

    Parameters
    ----------
    people : DataFrame
        person_type, person; (n,).
    """
    keys = resident_keys(people)
    return Documents(keys, people.filter(pl.Series(keys < 0)).select("person_type", "person"))


def people_of(parts: Sequence[Documents | PersonKeys]) -> list[PersonKeys]:
    """Tell people of several parts alike: the same document is the same person in all of them."""
    others = pl.concat([_NOBODY, *(part.others for part in parts if isinstance(part, Documents))])
    places = others.select(pl.struct(pl.all()).rank("dense").cast(pl.Int64)).to_series().to_numpy()
    found, begin = list[PersonKeys](), 0
    for part in parts:
        if isinstance(part, PersonKeys):
            found.append(part)
            continue
        high = np.zeros(len(part.keys), np.int64)
        high[part.keys < 0] = places[begin : begin + part.others.height]
        found.append(PersonKeys(high, part.keys))
        begin += part.others.height
    return found


def people_of_pseudonyms(pseudonyms: pl.Series) -> PersonKeys:
    """Tell people by their pseudonyms, (n,) Binary of 16 bytes each."""
    content, offsets = text_bytes(pseudonyms)
    halves = content[offsets[0] : offsets[-1]].view(np.int64).reshape(-1, 2)
    return PersonKeys(halves[:, 0].copy(), halves[:, 1].copy())


def number_people(
    parts: Sequence[PersonKeys],
) -> tuple[list[NDArray[np.int32]], list[NDArray[np.uint32]]]:
    """Number people in the order in which they first occur.

    Parameters
    ----------
    parts : sequence of PersonKeys

    Returns
    -------
    numbers : list of (n,) int32
        Of the people of each part.
    new : list of (k,) uint32
        Rows of each part whose people no row before has, ascending; they have the next numbers.
    """
    salt = _FIRST_SALT
    while True:
        numbers, new = list[NDArray[np.int32]](), list[NDArray[np.uint32]]()
        for number, first in number_by_first([_mixed(part, salt) for part in parts]):
            numbers.append(number)
            new.append(first)
        highs = np.concatenate(
            [np.empty(0, np.int64), *(part.high[first] for part, first in zip(parts, new, strict=True))]
        )
        # two people may have one mixed key, in one city of ten thousand: then another salt tells them apart
        if all(np.array_equal(part.high, highs[each]) for part, each in zip(parts, numbers, strict=True)):
            return numbers, new
        salt += 1


def _mixed(people: PersonKeys, salt: int) -> NDArray[np.int64]:
    """Mix both integers into one; two people who are equal under one salt are not under the next."""
    return (people.low.view(np.uint64) + people.high.view(np.uint64) * np.uint64(salt)).view(np.int64)
