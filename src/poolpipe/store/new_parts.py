"""What was cleaned as parts of a store that no version names yet.

Of events there is one for each day, and one for the rare days together; one of refused records; one of plates whose loads were refused.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.events.rejected_loads import PLATES
from poolpipe.store.contents import LOADS, LOADS_CLEAR, REJECTS, REJECTS_CLEAR, REJECTS_VAULT
from poolpipe.store.event_tables import EventTables

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import TablePart
    from poolpipe.store.part_files import PartFiles

__all__ = ["all_or_nothing", "day_parts", "refused_parts"]

_MOST_DAYS: Final = 32
"""Days of a batch that get files of their own; the rows of all others, stray dates mostly, share one."""

_DAY_US: Final = 86_400_000_000


def day_parts(waiting: Sequence[EventTables], files: PartFiles, sealing: DataKeys) -> list[TablePart]:
    """Write events of one kind; their parts are named by no version yet.

    Parameters
    ----------
    waiting : sequence of EventTables
        At least one.
    files : PartFiles
    sealing : DataKeys

    Raises
    ------
    InputError
        If the disk does not take them; nothing is left of them then.
    """
    kind = waiting[0].kind
    clear = pa.concat_tables([each.clear for each in waiting]).unify_dictionaries()
    whole = EventTables(kind, clear, pa.concat_tables([each.vault for each in waiting]))
    at = pl.Series(clear["at"].cast(pa.int64()).combine_chunks()).to_numpy()
    with all_or_nothing(files) as written:
        for rows in _days(at):
            tables = whole if rows is None else whole.kept(rows)
            times = at if rows is None else at[rows]
            ends = int(times.min()), int(times.max())
            written.append(files.write(kind, tables.clear, tables.vault, sealing, *ends))
    return written


def refused_parts(
    rejects: Sequence[pl.DataFrame], loads: Sequence[pl.DataFrame], files: PartFiles, sealing: DataKeys
) -> list[TablePart]:
    """Write refused records, and the plates of refused loads; no part where there are none.

    Parameters
    ----------
    rejects : sequence of DataFrame
        As the table `rejects`, with `input`.
    loads : sequence of DataFrame
        As `rejected_loads.PLATES`.
    files : PartFiles
    sealing : DataKeys

    Raises
    ------
    InputError
        If the disk does not take them; nothing is left of them then.
    """
    with all_or_nothing(files) as written:
        if rejects:
            frame = pl.concat(rejects)
            clear, vault = (
                frame.select(schema.names).to_arrow().cast(schema)
                for schema in (REJECTS_CLEAR, REJECTS_VAULT)
            )
            written.append(files.write(REJECTS, clear, vault, sealing))
        plates = pl.concat([pl.DataFrame(schema=PLATES), *loads])
        if plates.height:
            written.append(files.write(LOADS, plates.to_arrow().cast(LOADS_CLEAR), None, sealing))
    return written


@contextmanager
def all_or_nothing(files: PartFiles) -> Iterator[list[TablePart]]:
    """Give a list for the parts that are written in a `with` block; where it fails, they are removed."""
    written: list[TablePart] = []
    try:
        yield written
    except BaseException:
        for part in written:
            files.remove(part)
        raise


def _days(at: NDArray[np.int64]) -> list[NDArray[np.int64] | None]:
    """Rows of each day, and of all rare days together; None for all rows."""
    days = at // _DAY_US
    found, place, counts = np.unique(days, return_inverse=True, return_counts=True)
    if len(found) == 1:
        return [None]
    often = np.argsort(-counts, kind="stable")[: min(len(found), _MOST_DAYS)]
    is_often = np.zeros(len(found), np.bool_)
    is_often[often] = True
    told: list[NDArray[np.int64] | None] = [np.flatnonzero(place == each) for each in np.sort(often)]
    rare = np.flatnonzero(~is_often[place])
    return [*told, rare] if len(rare) else told
