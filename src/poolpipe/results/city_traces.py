"""Decode links of a city's index: the rows of `traces`, for a few tubes as fast as for many."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.coding.arrow_arrays import to_arrow, validity_bitmap
from poolpipe.coding.dictionaries import RESIDENT, WELL_PLACES, large_texts, well_names
from poolpipe.coding.distinct import distinct
from poolpipe.tables import LINKS, TABLES
from poolpipe.tracing.flat_arrays import FlatTexts, PackedTexts, ranges
from poolpipe_kernels import codes as kernels
from poolpipe_kernels.compilation import read_only
from poolpipe_kernels.walk import NO_LAG

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from poolpipe.tracing.city_index import CityIndex
    from poolpipe.tracing.city_walk import CityLinks

__all__ = ["city_traces"]

_KINDS = PackedTexts.of(LINKS)


def city_traces(index: CityIndex, found: CityLinks, plate_wells: int) -> pl.DataFrame:
    """Give links their texts.

    Polars' expressions take some 50 microseconds each, whatever the rows: for one tube numpy is several times faster.

    Parameters
    ----------
    index : CityIndex
        That they are of.
    found : CityLinks
        In order.
    plate_wells : {96, 384}
        Wells of a plate.

    Returns
    -------
    DataFrame
        The table `traces`.
    """
    links = found.links
    tubes = distinct(np.concatenate([links.source, links.tube[links.tube >= 0]]))
    codes, rounds = FlatTexts.of(index.tubes, "tube").take(tubes), PackedTexts.of(index.rounds)
    round_of = np.searchsorted(index.round_tubes, tubes, side="right") - 1
    source, tube = np.searchsorted(tubes, links.source), np.searchsorted(tubes, np.maximum(links.tube, 0))
    tube = np.minimum(tube, len(tubes) - 1)
    placed, named = links.tube >= 0, links.person >= 0
    types, numbers = _documents(links.keys, found)
    there = links.lag != NO_LAG
    columns = {
        "source_round": rounds.rows(round_of[source]),
        "source_tube": codes.rows(source),
        "round": rounds.rows(round_of[tube], placed),
        "tube": codes.rows(tube, placed),
        "person_type": types.texts.rows(types.of[links.person], named),
        "person": numbers.rows(np.maximum(links.person, 0), named),
        "kind": _KINDS.rows(links.kind),
        "hops": to_arrow(links.hops),
        "lag_s": _floats(np.where(there, links.lag, 0) / 1e6, there),
        "score": _floats(links.score, ~np.isnan(links.score)),
        "via": _via(index, found, types, numbers, plate_wells),
    }
    return pl.DataFrame([pl.Series(name, columns[name]) for name in _NAMES])


_NAMES = [column.name for column in TABLES["traces"]]


class _Types:
    """Document types: distinct texts, and which each person has."""

    def __init__(self, texts: PackedTexts, of: NDArray[np.int64]) -> None:
        self.texts, self.of = texts, of


def _documents(keys: NDArray[np.int64], found: CityLinks) -> tuple[_Types, PackedTexts]:
    """Types and numbers of the people of some keys."""
    keys, others = read_only(keys), read_only(found.numbers.content)
    offsets = np.empty(len(keys) + 1, np.int64)
    kernels.document_offsets(keys, read_only(found.numbers.offsets), offsets)
    text = np.empty(int(offsets[-1]), np.uint8)
    kernels.write_documents(keys, others, read_only(found.numbers.offsets), offsets, text)
    resident = PackedTexts.of([RESIDENT])
    types = PackedTexts(
        np.concatenate([resident.offsets, found.types.offsets[1:] + len(RESIDENT)]),
        np.concatenate([resident.content, found.types.content]),
    )
    return _Types(types, np.maximum(-keys, 0)), PackedTexts(offsets, text)


def _floats(values: NDArray[np.float64], there: NDArray[np.bool_]) -> pa.Array:
    return to_arrow(values, None if there.all() else validity_bitmap(there))


@cache
def _wells(plate_wells: int) -> PackedTexts:
    return PackedTexts.of(well_names(pl.Series(np.arange(plate_wells, dtype=np.uint32)), plate_wells))


def _via(
    index: CityIndex, found: CityLinks, types: _Types, numbers: PackedTexts, plate_wells: int
) -> pa.Array:
    """Who or what led there: ``type:number``, ``plate:well`` or a box, put together from pieces of one text."""
    links = found.links
    person, slot, box = links.via_person, links.via_slot, links.via_box
    plates, boxes = distinct(slot[slot >= 0] // WELL_PLACES), distinct(box[box >= 0])
    texts = (
        PackedTexts.of([":"]), types.texts, numbers, FlatTexts.of(index.tubes, "plate").take(plates),
        _wells(plate_wells), FlatTexts.of(index.tubes, "box").take(boxes),
    )  # fmt: skip
    base = np.cumsum([0, *(len(text.content) for text in texts)])
    # Three pieces a row: the first text, a colon, the second; a box is a first text alone.
    begins, ends = np.zeros((len(person), 3), np.int64), np.zeros((len(person), 3), np.int64)

    def put(rows: NDArray[np.int64], piece: int, which: int, numbers: NDArray[np.int64]) -> None:
        begins[rows, piece] = base[which] + texts[which].offsets[numbers]
        ends[rows, piece] = base[which] + texts[which].offsets[numbers + 1]

    people, wells, boxed = (np.flatnonzero(each >= 0) for each in (person, slot, box))
    put(people, 0, 1, types.of[person[people]])
    put(people, 2, 2, person[people])
    put(wells, 0, 3, np.searchsorted(plates, slot[wells] // WELL_PLACES))
    put(wells, 2, 4, slot[wells] % WELL_PLACES)
    put(boxed, 0, 5, np.searchsorted(boxes, box[boxed]))
    ends[people, 1] = ends[wells, 1] = 1
    offsets = np.zeros(len(person) + 1, np.int64)
    np.add.accumulate(np.add.reduce(ends - begins, axis=1), out=offsets[1:])
    content = np.concatenate([text.content for text in texts])
    there = (person >= 0) | (slot >= 0) | (box >= 0)
    valid = None if there.all() else validity_bitmap(there)
    return large_texts(offsets, content.take(ranges(begins.ravel(), ends.ravel())), valid)
