"""Read the record batches of Arrow files and streams."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pyarrow as pa

from poolpipe.events.batches import Batch, broken
from poolpipe.events.binary import DAMAGES, KnownColumns, damage, told_by_names
from poolpipe.events.claims import check_unpacked, claimed_by_arrow, most_records, too_many
from poolpipe.events.naming import ANY_NAMES, Naming
from poolpipe.paths import arrow_file, changed

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["read_arrow"]


def read_arrow(path: Path, longest: int, naming: Naming = ANY_NAMES, *, stream: bool) -> Iterator[Batch]:
    """Yield an Arrow IPC file's or stream's records; what cannot be read of a damaged one is named.

    Parameters
    ----------
    path : Path
    longest : int
        Bytes of the longest cell that is read.
    naming : Naming
        How the names of its columns are understood.
    stream : bool
        Whether it is a stream, without a table of contents at its end.

    Raises
    ------
    NoEventsError
        If it is a table of results.
    """
    try:
        status = path.stat()
        with path.open("rb", buffering=0) as raw:
            check_unpacked(claimed_by_arrow(raw, is_stream=stream), status.st_size)
        left = most_records(status.st_size)
        with arrow_file(path) as source:
            options = pa.ipc.IpcReadOptions(ensure_alignment=pa.ipc.Alignment.DataTypeSpecific)
            opened = pa.ipc.open_stream if stream else pa.ipc.open_file
            reader = opened(source, options=options)
            layout = KnownColumns(reader.schema, longest, naming)
            yield from told_by_names(layout.names)
            passed = 0
            tables = reader if stream else map(reader.get_batch, range(reader.num_record_batches))
            for rows in tables:
                for batch in layout.batches(rows, passed):
                    left -= batch.table.num_rows + batch.broken.height
                    yield replace(batch, done=min(1.0, source.tell() / max(1, source.size())))
                    if left < 0:
                        yield damage(too_many(batch.lines, status.st_size))
                        return
                passed += rows.num_rows
        if what := changed(status, path.stat()):
            yield Batch.of_broken(broken([None], [what], [None]))
    except DAMAGES as error:
        yield damage(error)
