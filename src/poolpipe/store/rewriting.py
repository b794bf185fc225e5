"""Write parts of a store anew: fewer files, without a person, or sealed by other keys."""

from __future__ import annotations

import secrets
from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from poolpipe.store.conclusion_tables import CONTENTS, reseal_people
from poolpipe.store.contents import LOADS, REJECTS, clear_columns, vault_columns
from poolpipe.store.event_tables import EventTables, to_events, to_tables
from poolpipe.store.sealing import PSEUDONYM, pseudonyms_of_people
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["ERASED", "joined_parts", "resealed", "without_person"]

ERASED = "ERASED"
"""Document type of a person who was erased; the number is random."""

_ROWS = 1 << 22
"""The most rows of a part that is joined of several."""

_OF_PERSON = ("name", "person", "phone")


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


def without_person(
    part: TablePart, kind: str, number: str, files: PartFiles, sealing: DataKeys, erased: str
) -> TablePart | None:
    """Write a part without a person: their rows stay, under a number that leads nowhere, without name and telephone.

    Parameters
    ----------
    part : TablePart
        Of collects or of rejects.
    kind, number : str
        The person's document.
    erased : str
        The number that takes its place, the same in every part.

    Returns
    -------
    TablePart or None
        None where the part does not name the person.
    """
    if part.content == REJECTS:
        return _rejects_without(part, number, files, sealing)
    if part.content != "collect":
        return None
    clear = files.clear(part, clear_columns(part.content))
    given = pl.DataFrame({"person_type": [kind, ERASED], "person": [number, erased]})
    person, instead = pseudonyms_of_people(given, sealing)
    theirs = pc.equal(clear["person"], pa.scalar(person, PSEUDONYM))
    rows = int(pc.sum(theirs).as_py() or 0)
    if not rows:
        return None
    types = pc.if_else(
        theirs, pa.scalar(ERASED, pa.large_string()), clear["person_type"].cast(pa.large_string())
    )
    clear = _with(clear, "person", pc.if_else(theirs, pa.scalar(instead, PSEUDONYM), clear["person"]))
    clear = _with(clear, "person_type", types.dictionary_encode())
    # the hash of the event would let whoever guesses the person see that they were here
    random = pa.array([secrets.token_bytes(16) for _ in range(rows)], pa.binary(16))
    clear = _with(
        clear, "key", pc.replace_with_mask(clear["key"].combine_chunks(), theirs.combine_chunks(), random)
    )
    vault = files.vault(part, vault_columns(part.content), sealing)
    for name in _OF_PERSON:
        vault = _with(vault, name, pc.if_else(theirs, pa.scalar(None, pa.large_string()), vault[name]))
    return files.write(part.content, clear, vault, sealing, part.first_at, part.last_at)


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    """A table with another column in the place of one."""
    place = table.column_names.index(name)
    return table.set_column(place, table.schema.field(name), column.cast(table.schema.field(name).type))


def _rejects_without(part: TablePart, number: str, files: PartFiles, sealing: DataKeys) -> TablePart | None:
    vault = pl.DataFrame(files.vault(part, vault_columns(REJECTS), sealing))
    names = pl.any_horizontal(
        pl.col("raw", "detail").str.contains(number, literal=True).fill_null(value=False)
    )
    if not vault.select(names.any()).item():
        return None
    emptied = vault.with_columns(
        pl.when(names).then(pl.lit(ERASED)).otherwise(pl.col(each)).alias(each) for each in vault.columns
    )
    clear = files.clear(part, clear_columns(REJECTS))
    return files.write(
        REJECTS, clear, emptied.to_arrow().cast(vault_columns(REJECTS)), sealing, part.first_at, part.last_at
    )


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
