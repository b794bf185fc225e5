"""Read Arrow streams that were posted: those of the same columns as one table, for a table costs what thousands of its rows do.

Whatever is not plain and sound is left to be read alone, as a file is: there it is found out what is wrong with it.
"""

from __future__ import annotations

import io
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from poolpipe.events.binary import ALIKE, DAMAGES, KnownColumns, told_by_names
from poolpipe.events.claims import check_unpacked, claimed_by_arrow
from poolpipe.events.formats import NoEventsError
from poolpipe.events.taking import placed_alone
from poolpipe.events.workbooks import naming_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from poolpipe.events.posted import Posted
    from poolpipe.events.sources import Source
    from poolpipe.events.taking import Placed

__all__ = ["read_streams"]

_FILE: Final = b"ARROW1"
_LARGE: Final = 1 << 20
_TIMES: Final = 16
"""What unpacks to more bytes than these, and so many times its size, is read alone, piece by piece."""


def read_streams(
    requests: Sequence[Posted], sources: Sequence[Source], indices: NDArray[np.int64], longest: int
) -> Iterator[Placed | int]:
    """Read Arrow streams and files, those of equal columns together.

    Parameters
    ----------
    requests : sequence of Posted
    sources : sequence of Source
        One of each request.
    indices : (n,) int64
        The requests that are read.
    longest : int
        Bytes of the longest cell that is read.

    Yields
    ------
    Placed or int
        Records of some requests, or the index of one that is to be read alone.
    """
    alike: dict[object, list[tuple[int, pa.Table]]] = {}
    for index in indices.tolist():
        table = _sound_table(requests[index].content)
        if table is None:
            yield index
        else:
            alike.setdefault((sources[index].kind, table.schema), []).append((index, table))
    for several in alike.values():
        placed = _placed(several, sources[several[0][0]], longest)
        if placed is None:
            yield from (index for index, _ in several)
        else:
            yield placed


def _sound_table(content: bytes) -> pa.Table | None:
    """The rows of a stream whose buffers are proven; None where it is damaged, empty, large, or much larger than it looks."""
    options = pa.ipc.IpcReadOptions(ensure_alignment=pa.ipc.Alignment.DataTypeSpecific)
    is_stream = not content.startswith(_FILE)
    parts: list[pa.RecordBatch] = []
    try:
        check_unpacked(claimed_by_arrow(io.BytesIO(content), is_stream=is_stream), len(content))
        reader = (pa.ipc.open_stream if is_stream else pa.ipc.open_file)(content, options=options)
        left = max(_LARGE, _TIMES * len(content))
        for part in reader if is_stream else map(reader.get_batch, range(reader.num_record_batches)):
            part.validate(full=True)
            parts.append(part)
            left -= part.nbytes
            if left < 0:
                return None
        table = pa.Table.from_batches(parts, reader.schema)
    except DAMAGES:
        return None
    return table if 0 < table.num_rows < ALIKE else None


def _placed(several: list[tuple[int, pa.Table]], source: Source, longest: int) -> Placed | None:
    """Place the rows of requests with equal columns; None where anything is to be said of any of them."""
    try:
        layout = KnownColumns(several[0][1].schema, longest, naming_of(source))
        if any(told_by_names(layout.names)):
            return None
        table = pa.concat_tables([each for _, each in several]).unify_dictionaries().combine_chunks()
        (rows,) = table.to_batches()
        batch, *more = layout.batches(rows, 0)
    except (NoEventsError, *DAMAGES):
        return None
    if more or batch.broken.height or batch.repeated:
        return None
    heights = [each.num_rows for _, each in several]
    first = np.repeat(np.cumsum([0, *heights[:-1]]), heights)
    numbered = replace(batch, lines=np.arange(len(first)) - first + 1)
    files = np.array([index for index, _ in several])
    rows_of = np.repeat(np.arange(len(several), dtype=np.int32), heights)
    return replace(placed_alone(numbered, source, 0), files=files, rows=rows_of)
