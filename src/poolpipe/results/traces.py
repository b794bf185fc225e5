"""Decode the table `traces`: whom and what each positive leads to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.coding.dictionaries import WELL_PLACES, well_names
from poolpipe.results.record_batches import dictionary
from poolpipe.tables import LINKS, TABLES

if TYPE_CHECKING:
    from poolpipe.coding.dictionaries import Dictionaries
    from poolpipe.results.record_batches import BufferPool
    from poolpipe.tracing.sources import Traces

__all__ = ["traces_batch"]


def traces_batch(traced: Traces, plate_wells: int, rows: range, buffers: BufferPool) -> pa.Table:
    """Decode some rows of `traces`.

    Parameters
    ----------
    traced : Traces
        Coded, in order.
    plate_wells : {96, 384}
        Wells of a plate.
    rows : range
        Which rows.
    buffers : BufferPool
        Owns the memory of the columns.

    Returns
    -------
    pyarrow.Table
        The columns of docs/tables.md.
    """
    codes, links = traced.codes, traced.rows.slice(rows.start, len(rows))
    person_type, person = _person(codes, links["person"])
    columns: dict[str, Any] = {
        "source_round": _round(codes, links["source_tube"], buffers),
        "source_tube": _tube(codes, links["source_tube"], buffers),
        "round": _round(codes, links["tube"], buffers),
        "tube": _tube(codes, links["tube"], buffers),
        "person_type": person_type.to_arrow(),
        "person": person.to_arrow(),
        "kind": dictionary(links["kind"], pl.Series(LINKS), buffers),
        "hops": links["hops"].cast(pl.Int64).to_arrow(),
        "lag_s": (links["lag"] / 1e6).to_arrow(),
        "score": links["score"].to_arrow(),
        "via": _via(codes, links, plate_wells).to_arrow(),
    }
    told = [column.name for column in TABLES["traces"]]
    return pa.table({name: columns[name] for name in told})


def _round(codes: Dictionaries, tubes: pl.Series, buffers: BufferPool) -> pa.Array:
    rounds = pl.Series(codes.entities["tube"].rounds).gather(tubes)
    return dictionary(rounds, codes.texts["round"], buffers)


def _tube(codes: Dictionaries, tubes: pl.Series, buffers: BufferPool) -> pa.Array:
    numbers = pl.Series(codes.entities["tube"].texts).gather(tubes)
    return dictionary(numbers, codes.texts["tube"], buffers)


def _person(codes: Dictionaries, keys: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Document types and numbers, null where a key is."""
    there = keys.is_not_null()
    types, numbers = codes.person(keys.drop_nulls())
    place = np.flatnonzero(there.to_numpy())
    index = np.zeros(len(keys), np.uint32)
    index[place] = np.arange(len(place), dtype=np.uint32)
    rows = pl.select(pl.when(there).then(pl.Series(index))).to_series()
    return types.gather(rows), numbers.gather(rows)


def _via(codes: Dictionaries, links: pl.DataFrame, plate_wells: int) -> pl.Series:
    """Who or what led there, as text."""
    types, numbers = _person(codes, links["via_person"])
    wells = well_names((links["via_slot"] % WELL_PLACES).cast(pl.UInt32), plate_wells)
    _, plates = codes.entity("plate", (links["via_slot"] // WELL_PLACES).cast(pl.UInt32))
    boxed = links["kind"] == LINKS.index("box")
    _, boxes = codes.entity("box", links["via_box"])
    texts = pl.DataFrame(
        {"person": types + ":" + numbers, "well": plates + ":" + wells, "box": boxes, "boxed": boxed}
    )
    box = pl.when("boxed").then("box")
    return texts.select(pl.coalesce("person", "well", box).alias("via")).to_series()
