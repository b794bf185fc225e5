"""Write parts of a store anew: fewer files, or sealed by other keys."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.store.conclusion_tables import CONTENTS, reseal_people
from poolpipe.store.contents import LOADS, clear_columns, vault_columns
from poolpipe.store.event_tables import EventTables, to_events, to_tables
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["joined_parts", "resealed"]

_ROWS = 1 << 22
"""The most rows of a part that is joined of several."""


def joined_parts(
    parts: Iterable[TablePart], files: PartFiles, sealing: DataKeys, least: int = 2
) -> list[tuple[list[TablePart], TablePart]]:
    """Join the small parts of each table and day to one.

    Parameters
    ----------
    parts : iterable of TablePart
        Of one version.
    least : int
        Small parts that a table and day must have.

    Returns
    -------
    list of (parts, part)
        The parts that each new one replaces.
    """
    groups: dict[tuple[str, int], list[TablePart]] = defaultdict(list)
    for part in parts:
        if part.rows < _ROWS // 2:
            groups[part.content, part.first_at // 86_400_000_000].append(part)
    made = []
    for (content, _), group in sorted(groups.items()):
        for several in _within(group) if len(group) >= least else []:
            clear = pa.concat_tables([files.clear(each, clear_columns(content)) for each in several])
            vault = None
            if any(each.vault for each in several):
                vault = pa.concat_tables(
                    [files.vault(each, vault_columns(content), sealing) for each in several]
                )
            first, last = min(each.first_at for each in several), max(each.last_at for each in several)
            made.append(
                (several, files.write(content, clear.unify_dictionaries(), vault, sealing, first, last))
            )
    return made


def _within(group: list[TablePart]) -> list[list[TablePart]]:
    """Cut a group so that no join has too many rows; single parts are left as they are."""
    told: list[list[TablePart]] = [[]]
    for part in group:
        if sum(each.rows for each in told[-1]) + part.rows > _ROWS:
            told.append([])
        told[-1].append(part)
    return [several for several in told if len(several) > 1]


def resealed(part: TablePart, files: PartFiles, before: DataKeys, after: DataKeys, wells: int) -> TablePart:
    """Write a part sealed by other keys.

    Parameters
    ----------
    before, after : DataKeys
    wells : {96, 384}
        Wells of the store's plate.
    """
    clear = files.clear(part, clear_columns(part.content))
    vault = files.vault(part, vault_columns(part.content), before)
    if part.content in KINDS:
        arrived = pl.Series(clear["arrived"].cast(pa.int64()).combine_chunks()).to_numpy()
        inputs = pl.Series(clear["input"].combine_chunks()).to_numpy().astype(np.int32)
        events = to_events(EventTables(part.content, clear, vault), before, wells)
        tables = to_tables(events, after, wells, arrived, inputs)
        clear, vault = tables.clear, tables.vault
    elif part.content in CONTENTS:
        clear = reseal_people(part.content, clear, vault, before, after)
    return files.write(
        part.content, clear, None if part.content == LOADS else vault, after, part.first_at, part.last_at
    )
