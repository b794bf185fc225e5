"""Prove every law of a store, and name whatever is damaged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.store.contents import REJECTS, clear_columns, vault_columns
from poolpipe.store.delta_log import damaged_logs
from poolpipe.store.event_tables import hashes_of
from poolpipe.store.held_events import EventSet
from poolpipe.store.ledger import LEDGER
from poolpipe.store.part_files import PartFiles
from poolpipe.store.part_proofs import is_proved
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import pyarrow as pa

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, TablePart

    Progress = Callable[[str, int, int], None]

__all__ = ["Counted", "StoreFinding", "check_store", "read_proved"]


class StoreFinding(NamedTuple):
    """Something in a store that is not as it must be.

    Attributes
    ----------
    code : str
        `ledger_damaged`, `file_missing`, `file_damaged`, `event_twice`, `counts_differ`, `log_damaged`,
        `inbox_damaged`.
    where : str
        File below the store, or input.
    what : str
        What is wrong, in both languages.
    """

    code: str
    where: str
    what: str


def check_store(
    ledger: Ledger,
    files: PartFiles,
    sealing: DataKeys | None,
    progress: Progress | None = None,
    *,
    version: int | None = None,
) -> list[StoreFinding]:
    """Read every byte of every kept version, and count everything again.

    Parameters
    ----------
    ledger, files
        The store's.
    sealing : DataKeys, optional
        Without it files of the vault are compared with their hashes and not decrypted.
    progress : callable, optional
        Called with ("checking", files checked, of how many).
    version : int, optional
        Only the files of this one.

    Returns
    -------
    list of StoreFinding
        Empty where the store is sound.
    """
    found = [StoreFinding("ledger_damaged", LEDGER, trouble) for trouble in ledger.troubles()]
    if found:  # what it says of files is not to be relied on
        return found
    counts = ledger.newest() if version is None else version
    parts = ledger.all_parts() if version is None else ledger.parts(version)
    counted_ones = {part.id for part in ledger.parts(counts)}
    counted = Counted()
    for place, part in enumerate(parts):
        clear, damages = read_proved(part, files, sealing)
        found += damages
        if part.id in counted_ones:
            found += counted.add(part, clear)
        if progress:
            progress("checking", place + 1, len(parts))
    found += [
        StoreFinding("log_damaged", name, message("store_log_damaged", {}))
        for name in damaged_logs(files.folder)
    ]
    return found + list(counted.compared(ledger, counts))


def read_proved(
    part: TablePart, files: PartFiles, sealing: DataKeys | None
) -> tuple[pa.Table | None, list[StoreFinding]]:
    """Read the files of a part once, and compare all sums that the ledger has of them.

    Returns
    -------
    pyarrow.Table or None
        The table that anybody may read; None where it is damaged.
    list of StoreFinding
        What is wrong.
    """
    files = PartFiles(files.folder, thorough=True)
    try:
        clear = files.clear(part, clear_columns(part.content))
        if clear.num_rows != part.rows:
            what = message("store_rows_differ", {"rows": part.rows})
            return None, [StoreFinding("file_damaged", part.path, what)]
    except InputError as error:
        return None, [_finding(error, part.path, files)]
    try:
        if part.vault and sealing is None:
            if not is_proved(files.folder / part.vault, part.vault_proof, thorough=True):
                what = message("store_file_damaged", {})
                return clear, [StoreFinding("file_damaged", part.vault, what)]
        elif part.vault and sealing is not None:
            files.vault(part, vault_columns(part.content), sealing)
    except (InputError, OSError) as error:
        return clear, [_finding(error, part.vault, files)]
    return clear, []


def _finding(error: InputError | OSError, name: str, files: PartFiles) -> StoreFinding:
    if (files.folder / name).is_file():
        return StoreFinding("file_damaged", name, str(error))
    why = error.strerror if isinstance(error, OSError) else error.fields["why"]
    return StoreFinding("file_missing", name, message("store_file_missing", {"why": why}))


class Counted:
    """The events and rejects of a version, counted from its files.

    Attributes
    ----------
    events, rejects : Counter
        Number of an input to the rows that are held of it.
    """

    def __init__(self) -> None:
        self.events: Counter[int] = Counter()
        self.rejects: Counter[int] = Counter()
        self._held = {kind: EventSet() for kind in KINDS}
        self._complete = True

    def add(self, part: TablePart, clear: pa.Table | None) -> Iterator[StoreFinding]:
        """Count a part, None where it is damaged; yield a finding where it holds an event that another holds."""
        if clear is None:
            self._complete = False
            return
        if part.content not in (*KINDS, REJECTS):
            return
        inputs = pl.Series(clear["input"].combine_chunks()).value_counts().rows()
        (self.rejects if part.content == REJECTS else self.events).update(dict(inputs))
        if part.content in KINDS:
            new = self._held[part.content].add(hashes_of(clear))
            if not new.all():
                twice = int(np.count_nonzero(~new))
                yield StoreFinding("event_twice", part.path, message("store_event_twice", {"count": twice}))

    def compared(self, ledger: Ledger, version: int) -> Iterator[StoreFinding]:
        """Compare with what the ledger says of each input; nothing is said where a file could not be counted."""
        for told in ledger.held(version):
            if told.read != told.accepted + told.duplicates + told.rejected:
                yield StoreFinding("counts_differ", told.name, message("store_input_unbalanced", {}))
            if not self._complete:
                continue
            for what, count, held in (
                ("accepted", told.accepted, self.events[told.id]), ("rejected", told.rejected, self.rejects[told.id])
            ):  # fmt: skip
                if count != held:
                    fields = {"what": what, "count": count, "held": held}
                    yield StoreFinding("counts_differ", told.name, message("store_counts_differ", fields))
