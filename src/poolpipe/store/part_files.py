"""The folder of a store: where its files are, how they are named, written, read and removed."""

from __future__ import annotations

import os
import re
import secrets
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.results.durable import sync_folder
from poolpipe.store.event_tables import hashes_of
from poolpipe.store.ledger import TablePart
from poolpipe.store.part_proofs import is_proved
from poolpipe.store.parts import read_part, read_sealed, write_part, write_sealed

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    import numpy as np
    from numpy.typing import NDArray

    from poolpipe.store.keys import DataKeys

__all__ = ["TABLES", "VAULT", "PartFiles"]

TABLES: Final = "tables"
VAULT: Final = "vault"
_OURS: Final = re.compile(r"(\d{1,4}-\d\d-\d\d-)?[0-9a-f]{16}\.parquet")
"""Names that `write` gives: a file of another name is somebody else's and stays."""


class PartFiles:
    """The files of a store.

    Parameters
    ----------
    folder : Path
        The store.
    thorough : bool
        Whether files are proved by all sums that the ledger has of them, and not by the quick one alone.
    """

    def __init__(self, folder: Path, *, thorough: bool = False) -> None:
        self.folder, self._thorough = folder, thorough
        self._written: set[Path] = set()

    def write(
        self,
        content: str,
        clear: pa.Table,
        vault: pa.Table | None,
        sealing: DataKeys,
        first: int = 0,
        last: int = 0,
    ) -> TablePart:
        """Write a part of a table, and beside it one of the vault where any of its columns has a value.

        Raises
        ------
        InputError
            If the disk does not take it; nothing is left of it then.
        """
        day = f"{datetime.fromtimestamp(first // 1_000_000, UTC):%Y-%m-%d}-" if last else ""
        name = f"{day}{secrets.token_hex(8)}.parquet"
        part = TablePart(
            content, f"{TABLES}/{content}/{name}", clear.num_rows, 0, "", first_at=first, last_at=last
        )
        try:
            proof = write_part(clear, self._made(part.path))
            part = replace(part, size=proof.bytes, sha256=proof.sha256, checksum=proof.checksum)
            if vault is not None and any(column.null_count < len(column) for column in vault.columns):
                part = replace(part, vault=f"{VAULT}/{content}/{name}")
                proof = write_sealed(vault, self._made(part.vault), sealing)
                part = replace(
                    part, vault_size=proof.bytes, vault_sha256=proof.sha256, vault_checksum=proof.checksum
                )
        except (OSError, pa.ArrowException) as error:
            self.remove(part)
            raise InputError.of("part_not_written", where=str(self.folder / part.path), why=error) from error
        return part

    def sync(self) -> None:
        """Sync the folders in which files were written: only then a version may name them."""
        # the folders above, too: a writer may have died between making one and syncing it
        above = {parent for each in self._written for parent in (each.parent, each.parent.parent)}
        try:
            for folder in sorted(self._written | above):
                sync_folder(folder)
        except OSError as error:
            raise InputError.of("part_not_written", where=str(folder), why=error) from error
        self._written.clear()

    def clear(self, part: TablePart, schema: pa.Schema, *, as_kept: bool = False) -> pa.Table:
        """Read a part of a table, whole or as `read_part` gives it where `as_kept` is True."""
        path, thorough = self.folder / part.path, self._thorough
        return read_part(path, part.proof, schema, as_kept=as_kept, thorough=thorough)

    def vault(self, part: TablePart, schema: pa.Schema, sealing: DataKeys) -> pa.Table:
        """Read the columns of a part that the vault holds; all null where it holds none."""
        if not part.vault:
            return pa.table([pa.nulls(part.rows, each.type) for each in schema], schema=schema)
        path, thorough = self.folder / part.vault, self._thorough
        return read_sealed(path, part.vault_proof, schema, sealing, thorough=thorough)

    def prove(self, part: TablePart) -> None:
        """Compare the file of a table with what the ledger says of it, for a reader that is given its path.

        Raises
        ------
        InputError
            If it is damaged or not there.
        """
        path = self.folder / part.path
        try:
            is_sound = is_proved(path, part.proof, thorough=self._thorough)
        except OSError as error:
            raise InputError.of("part_damaged", where=str(path), why=error.strerror or error) from error
        if not is_sound:
            raise InputError.of("part_damaged", where=str(path), why=message("store_file_damaged", {}))

    def hashes(self, part: TablePart) -> NDArray[np.uint64]:
        """The keyed hashes of a part's events, (n, 2)."""
        return hashes_of(self.clear(part, pa.schema([("key", pa.binary(16))])))

    def remove(self, part: TablePart) -> None:
        """Remove the files of a part that no version has."""
        for name in filter(None, (part.path, part.vault)):
            with suppress(FileNotFoundError):
                (self.folder / name).unlink()

    def remove_leftovers(self, known: Iterable[TablePart]) -> list[str]:
        """Remove files that a writer left which died before it could commit; give their names."""
        named = {name for part in known for name in (part.path, part.vault)}
        gone = []
        for top in (TABLES, VAULT):
            for path in sorted((self.folder / top).glob("*/*.parquet")):
                name = path.relative_to(self.folder).as_posix()
                is_ours = _OURS.fullmatch(path.name) and (path.is_file() or path.is_symlink())
                if name not in named and is_ours:
                    path.unlink()
                    gone.append(name)
        return gone

    def _made(self, name: str) -> Path:
        path = self.folder / name
        if not path.parent.is_dir():
            for each in (path.parent.parent, path.parent):
                each.mkdir(exist_ok=True)
                sync_folder(each.parent)
        if name.startswith(VAULT):
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        self._written.add(path.parent)
        return path
