"""Prove every law of a store, and name whatever is damaged."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa

from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.results.durable import proof_of_file
from poolpipe.store.contents import REJECTS, clear_columns, vault_columns
from poolpipe.store.held_events import EventSet
from poolpipe.store.ledger import LEDGER
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from poolpipe.store.keys import DataKeys
    from poolpipe.store.ledger import Ledger, TablePart
    from poolpipe.store.part_files import PartFiles

    Progress = Callable[[str, int, int], None]

__all__ = ["StoreFinding", "check_store"]


class StoreFinding(NamedTuple):
    """Something in a store that is not as it must be.

    Attributes
    ----------
    code : str
        `ledger_damaged`, `file_missing`, `file_damaged`, `event_twice`, `counts_differ`.
    where : str
        File below the store, or input.
    what : str
        What is wrong, in both languages.
    """

    code: str
    where: str
    what: str


def check_store(
    ledger: Ledger, files: PartFiles, sealing: DataKeys | None, progress: Progress | None = None
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

    Returns
    -------
    list of StoreFinding
        Empty where the store is sound.
    """
    found = [StoreFinding("ledger_damaged", LEDGER, trouble) for trouble in ledger.troubles()]
    if found:  # what it says of files is not to be relied on
        return found
    parts = ledger.all_parts()
    newest = {part.id for part in ledger.parts(ledger.newest())}
    counted = _Counted()
    for place, part in enumerate(parts):
        damaged = list(_damages(part, files, sealing))
        found += damaged
        if part.id in newest:
            found += counted.add(part, files, is_damaged=bool(damaged))
        if progress:
            progress("checking", place + 1, len(parts))
    return found + list(counted.compared(ledger))


def _damages(part: TablePart, files: PartFiles, sealing: DataKeys | None) -> Iterator[StoreFinding]:
    """What is wrong with the files of a part."""
    for name, size, sha256 in (
        (part.path, part.size, part.sha256),
        (part.vault, part.vault_size, part.vault_sha256),
    ):
        if not name:
            continue
        try:
            proof = proof_of_file(files.folder / name)
        except OSError as error:
            yield StoreFinding(
                "file_missing", name, message("store_file_missing", {"why": error.strerror or error})
            )
            return
        if proof["bytes"] != size or proof["sha256"] != sha256:
            yield StoreFinding("file_damaged", name, message("store_file_damaged", {}))
            return
    try:
        if files.clear(part, clear_columns(part.content)).num_rows != part.rows:
            yield StoreFinding("file_damaged", part.path, message("store_rows_differ", {"rows": part.rows}))
        if part.vault and sealing is not None:
            files.vault(part, vault_columns(part.content), sealing)
    except InputError as error:
        yield StoreFinding("file_damaged", part.path, str(error))


class _Counted:
    """The events and rejects of the newest version, counted from its files."""

    def __init__(self) -> None:
        self._events: Counter[int] = Counter()
        self._rejects: Counter[int] = Counter()
        self._held = {kind: EventSet() for kind in KINDS}
        self._complete = True

    def add(self, part: TablePart, files: PartFiles, *, is_damaged: bool) -> Iterator[StoreFinding]:
        """Count a part; yield a finding where it holds an event that another holds."""
        if is_damaged:
            self._complete = False
            return
        if part.content not in (*KINDS, REJECTS):
            return
        table = files.clear(part, pa.schema([("input", pa.int32())]))
        inputs = pl.Series(table["input"].combine_chunks()).value_counts().rows()
        (self._rejects if part.content == REJECTS else self._events).update(dict(inputs))
        if part.content in KINDS:
            new = self._held[part.content].add(files.hashes(part).copy())
            if not new.all():
                twice = int(np.count_nonzero(~new))
                yield StoreFinding("event_twice", part.path, message("store_event_twice", {"count": twice}))

    def compared(self, ledger: Ledger) -> Iterator[StoreFinding]:
        """Compare with what the ledger says of each input; nothing is said where a file could not be counted."""
        for told in ledger.inputs(ledger.newest()):
            if told.read != told.accepted + told.duplicates + told.rejected:
                yield StoreFinding("counts_differ", told.name, message("store_input_unbalanced", {}))
            if not self._complete:
                continue
            for what, count, held in (
                ("accepted", told.accepted, self._events[told.id]), ("rejected", told.rejected, self._rejects[told.id])
            ):  # fmt: skip
                if count != held:
                    fields = {"what": what, "count": count, "held": held}
                    yield StoreFinding("counts_differ", told.name, message("store_counts_differ", fields))
