"""Households of a city by the numbers of its index: everybody of a list of residents, also those in no tube."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.coding.dictionaries import RESIDENT, text_bytes
from poolpipe.coding.distinct import distinct
from poolpipe.coding.numbering import number_by_first
from poolpipe.tracing.city_lookups import city_dictionaries
from poolpipe.tracing.flat_arrays import FlatArray, ranges

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.tracing.city_index import CityIndex

__all__ = ["CityHomes", "Living", "index_homes", "living_with"]

_DOCUMENT = ["person_type", "person"]


class CityHomes(NamedTuple):
    """Households as flat arrays, numbered in the order of their names.

    Attributes
    ----------
    people : (n,) int64
        Keys of those who live somewhere and are in no tube; their numbers follow those of the index. Other documents than resident
        IDs that do not occur in the index are -1 minus its others minus their rows in `types` and `numbers`.
    home : (people of the index + n,) int32
        A household of each person, the first one, -1 for none.
    more_people, more_homes : (k,) int32
        Further households of people, by person.
    begins, dwellers : (households + 1,) uint32 and (dwellers,) int32
        The people of each household.
    type_offsets, type_bytes, number_offsets, number_bytes : int64 and uint8
        Texts of the other documents that do not occur in the index, in order.
    """

    people: FlatArray
    home: FlatArray
    more_people: FlatArray
    more_homes: FlatArray
    begins: FlatArray
    dwellers: FlatArray
    type_offsets: FlatArray
    type_bytes: FlatArray
    number_offsets: FlatArray
    number_bytes: FlatArray


class Living(NamedTuple):
    """Who lives where: distinct rows.

    Attributes
    ----------
    people, homes : (k,) int64
        Number of a person, and of a household from 0, in order.
    """

    people: NDArray[np.int64]
    homes: NDArray[np.int64]


def index_homes(index: CityIndex, residents: pl.DataFrame | None) -> CityHomes | None:
    """Index the households of a list of residents.

    Parameters
    ----------
    index : CityIndex
        Of the city.
    residents : DataFrame, optional
        person, household; person_type is RIC where it has none.

    Returns
    -------
    CityHomes or None
        None where no list names households.
    """
    if residents is None or "household" not in residents.columns:
        return None
    codes = city_dictionaries(index)
    kind = pl.col("person_type") if "person_type" in residents.columns else pl.lit(None, pl.String)
    rows = residents.select(kind.fill_null(RESIDENT).alias("person_type"), "person", "household")
    rows = rows.drop_nulls(["person", "household"])
    keys = codes.person_keys(rows)
    strangers = rows.filter(keys.is_null()).select(_DOCUMENT).unique().sort(_DOCUMENT)
    beyond = strangers.with_columns(
        (-1 - codes.others.height - pl.int_range(pl.len(), dtype=pl.Int64)).alias("key")
    )
    if strangers.height:
        keys = keys.fill_null(rows.join(beyond, on=_DOCUMENT, how="left", maintain_order="left")["key"])
    person, new = _numbers(index, keys.to_numpy())
    names = rows.select("household").unique().sort("household").with_row_index("home")
    home = rows.select("household").join(names, on="household", how="left", maintain_order="left")["home"]
    pairs = distinct((home.cast(pl.Int64).to_numpy() << 32) | person)
    homes, dwellers = (pairs >> 32).astype(np.int32), (pairs & 0xFFFFFFFF).astype(np.int32)
    own = np.full(sum(map(len, index.people)) + len(new), -1, np.int32)
    own[dwellers[::-1]] = homes[::-1]  # of several the first is written last
    more = np.flatnonzero(own[dwellers] != homes)
    more = more[np.argsort(dwellers[more], kind="stable")]
    begins = np.searchsorted(homes, np.arange(names.height + 1, dtype=np.int32)).astype(np.uint32)
    texts = [_texts(strangers[name]) for name in _DOCUMENT]
    told = (new, own, dwellers[more], homes[more], begins, dwellers, *texts[0], *texts[1])
    return CityHomes(*(FlatArray(values) for values in told))


def _numbers(index: CityIndex, keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Numbers of people, those of the index first; the keys of the others."""
    *_, (numbers, new) = number_by_first([*(part.whole() for part in index.people), keys])
    return numbers.astype(np.int64), keys[new]


def _texts(texts: pl.Series) -> tuple[NDArray[np.int64], NDArray[np.uint8]]:
    content, offsets = text_bytes(texts.rechunk())
    return offsets - offsets[0], content[offsets[0] : offsets[-1]]


def living_with(homes: CityHomes, people: NDArray[np.int64]) -> Living:
    """Give the households of some people with everybody who lives there.

    Parameters
    ----------
    homes : CityHomes
        Of the city.
    people : (n,) int64
        Numbers, ascending and distinct.

    Returns
    -------
    Living
    """
    own = homes.home.take(people).astype(np.int64)
    further = homes.more_people.whole()
    spans = (np.searchsorted(further, people, side=side) for side in ("left", "right"))
    more = homes.more_homes.take(ranges(*spans)).astype(np.int64)
    wanted = distinct(np.concatenate([own[own >= 0], more]))
    begins, ends = (homes.begins.take(wanted + step).astype(np.int64) for step in (0, 1))
    dwellers = homes.dwellers.take(ranges(begins, ends)).astype(np.int64)
    return Living(dwellers, np.repeat(np.arange(len(wanted)), ends - begins))
