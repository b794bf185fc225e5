"""Withdraw what a store need keep no longer: events, and records that were refused, some days after they happened and came.

An event is as old as the later of its own time and its arrival: the scans of a device whose clock stands in 1970 are not
old on the day on which they come.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from poolpipe.store.concluding import conclusions_among
from poolpipe.store.contents import LOADS, REJECTS, clear_columns, vault_columns
from poolpipe.store.ledger_rows import Withdrawn
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    import pyarrow as pa

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["withdraw_older"]


def withdraw_older(ledger: Ledger, files: PartFiles, sealing: DataKeys, limit: int) -> int:
    """Commit a version without what is older than a moment; earlier versions have it until they are forgotten.

    Parameters
    ----------
    ledger, files, sealing
        The store's.
    limit : int
        Microseconds since 1970.

    Returns
    -------
    int
        How many events and refused records are withdrawn.
    """
    version = ledger.newest()
    parts = ledger.parts(version)
    arrived = {each.id: each.arrived for each in ledger.inputs(version)}
    events: Counter[int] = Counter()
    rejects: Counter[int] = Counter()
    made: list[TablePart] = []
    removed: list[int] = []
    for part in parts:
        if part.content in (*KINDS, LOADS) and part.first_at >= limit:
            continue
        if part.content not in (*KINDS, LOADS, REJECTS):
            continue
        clear = files.clear(part, clear_columns(part.content))
        old = _old(part.content, pl.DataFrame(clear), arrived, limit)
        if not old.any():
            continue
        if part.content != LOADS:
            counted = rejects if part.content == REJECTS else events
            counted.update(pl.Series(clear["input"]).filter(old).to_list())
        removed.append(part.id)
        if not old.all():
            made.append(_without(part, clear, np.flatnonzero(~old.to_numpy()), files, sealing))
    if not removed:
        return 0
    gone = [
        Withdrawn(each, events[each], rejects[each], "retention") for each in events.keys() | rejects.keys()
    ]
    removed += [part.id for part in conclusions_among(parts)]
    files.sync()
    with ledger.committing():
        ledger.add_version("retention", made, removed=removed, withdrawn=gone)
    return events.total() + rejects.total()


def _old(content: str, clear: pl.DataFrame, arrived: dict[int, int], limit: int) -> pl.Series:
    moment = pl.lit(limit).cast(pl.Datetime("us", "UTC"))
    if content == REJECTS:
        came = clear["input"].replace_strict(arrived, default=limit, return_dtype=pl.Int64)
        return came < limit
    if content == LOADS:
        return clear.select(pl.col("at") < moment).to_series()
    return clear.select(pl.max_horizontal("at", "arrived") < moment).to_series()


def _without(
    part: TablePart,
    clear: pa.Table,
    rows: np.ndarray[tuple[int], np.dtype[np.int64]],
    files: PartFiles,
    sealing: DataKeys,
) -> TablePart:
    """A part of only some rows."""
    kept = clear.take(rows)
    vault = files.vault(part, vault_columns(part.content), sealing).take(rows) if part.vault else None
    if "at" not in kept.column_names:
        return files.write(part.content, kept, vault, sealing)
    at = pl.Series(kept["at"]).cast(pl.Int64).to_numpy()
    return files.write(part.content, kept, vault, sealing, int(at.min()), int(at.max()))
