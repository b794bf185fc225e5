"""Conclude a store that another process writes into, such as a running service: its tables go into a folder of the reader's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from poolpipe.store.access import StoreKeys
from poolpipe.store.conclusion_tables import seal_rows
from poolpipe.store.ledger import Ledger
from poolpipe.store.parts import write_part

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from poolpipe.store.reader import StoreReader

__all__ = ["conclude_aside"]


def conclude_aside(
    store: StoreReader,
    version: int,
    folder: Path,
    tables: Sequence[str],
    key: str | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[dict[str, list[Path]], dict[str, Any]]:
    """Conclude a version by the store's policy, and write tables as a store keeps them, without what is sealed beside them.

    Parameters
    ----------
    store : StoreReader
    version : int
    folder : Path
        An empty folder.
    tables : sequence of str
        Of docs/tables.md; people are pseudonyms in them.
    key : str, optional
        File of the store's key.
    progress : callable, optional
        As in `poolpipe.run`.

    Returns
    -------
    files : dict of str to list of Path
        Table to its Parquet files, none where it has no rows.
    summary : dict
        As `summary.json` has it.

    Raises
    ------
    InputError
        If the key is not here.
    """
    keys, ledger = StoreKeys(store.path, key), Ledger(store.path, writes=False)
    try:
        keys.renew(ledger)
    finally:
        ledger.close()
    sealing = keys.required()
    day = store.run(version=version, views=False, progress=progress)
    files: dict[str, list[Path]] = {name: [] for name in tables}
    for name in tables:
        first = 0
        for batch in day.batched(name).batches() if day.summary["rows"][name] else ():
            path = folder / f"{name}-{len(files[name]):05}.parquet"
            write_part(seal_rows(name, batch, first, version, sealing)[0], path)
            files[name].append(path)
            first += len(batch)
    return files, day.summary
