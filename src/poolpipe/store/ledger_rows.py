"""Rows of a ledger, and digests of them that show a ledger put together from two states of itself.

Each page of the ledger can be sound and the whole yet wrong: a copy that was taken while a commit was written. A version
keeps a digest of its files, and one of all that had been taken in.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

from poolpipe.store.part_proofs import PartProof

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = ["InputTaken", "TablePart", "Version", "Withdrawn", "digest_of_files", "digest_of_inputs"]


@dataclass(frozen=True, slots=True)
class TablePart:
    """A file of a table, and beside it perhaps one of the vault with the same rows.

    Attributes
    ----------
    content : str
        The table: a kind of event, `rejects`, or a table of conclusions.
    path, vault : str
        Below the store's folder; `vault` is empty where there is none.
    rows : int
    size, vault_size : int
        Bytes.
    sha256, vault_sha256 : str
    first_at, last_at : int
        Least and greatest `at` of the rows, microseconds since 1970; 0 where they have none.
    id : int
        The ledger's number; 0 before it is committed.
    checksum, vault_checksum : str
        Empty where the ledger has none.
    """

    content: str
    path: str
    rows: int
    size: int
    sha256: str
    vault: str = ""
    vault_size: int = 0
    vault_sha256: str = ""
    first_at: int = 0
    last_at: int = 0
    id: int = 0
    checksum: str = ""
    vault_checksum: str = ""

    @property
    def proof(self) -> PartProof:
        """Size and sums of the table's file."""
        return PartProof(self.size, self.sha256, self.checksum)

    @property
    def vault_proof(self) -> PartProof:
        """Size and sums of the vault's file."""
        return PartProof(self.vault_size, self.vault_sha256, self.vault_checksum)

    @property
    def checksums(self) -> dict[str, str]:
        """The quick checksum of each of its files that has one."""
        told = {self.path: self.checksum, self.vault: self.vault_checksum}
        return {path: checksum for path, checksum in told.items() if checksum}


@dataclass(frozen=True, slots=True)
class InputTaken:
    """A file or stream that was ingested, and what became of its records.

    Attributes
    ----------
    id : int
        What the rows of its events name.
    name : str
    sha256 : str
        Of the file's content; empty where there was no file.
    arrived : int
        Microseconds since 1970.
    read, accepted, duplicates, rejected : int
        ``read`` is the sum of the others.
    told : str
        JSON: how it was understood.
    """

    id: int
    name: str
    sha256: str
    arrived: int
    read: int
    accepted: int
    duplicates: int
    rejected: int
    told: str = "{}"
    version: int = 0

    def without(self, accepted: int, rejected: int) -> InputTaken:
        """The same input, as if it had brought so many events and refused records less."""
        left = self.read - accepted - rejected
        return replace(self, read=left, accepted=self.accepted - accepted, rejected=self.rejected - rejected)

    @property
    def line(self) -> str:
        """What a digest covers."""
        return f"{self.id} {self.name} {self.sha256} {self.read} {self.accepted} {self.duplicates} {self.rejected}\n"


@dataclass(frozen=True, slots=True)
class Withdrawn:
    """Records of an input that the store holds no longer, from a version on.

    Attributes
    ----------
    input : int
        Number of the input.
    accepted, rejected : int
        How many of its events and of its rejected records.
    why : {"retention", "lost"}
    version : int
    """

    input: int
    accepted: int
    rejected: int
    why: str
    version: int = 0

    @property
    def line(self) -> str:
        """What a digest covers."""
        return f"withdrawn {self.input} {self.accepted} {self.rejected} {self.why}\n"


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a store: when it was committed, and by what."""

    version: int
    at: str
    what: str


def digest_of_files(parts: Iterable[TablePart]) -> str:
    """Digest of the files of a version, in any order."""
    told = sorted(f"{each.path} {each.rows} {each.sha256} {each.vault_sha256}\n" for each in parts)
    return hashlib.sha256("".join(told).encode()).hexdigest()


def digest_of_inputs(
    inputs: Iterable[InputTaken], withdrawn: Iterable[Withdrawn] = (), before: str = ""
) -> str:
    """Digest of what was taken in and withdrawn, version by version; it continues one of what came before, at a version's end."""
    told: list[InputTaken | Withdrawn] = [*inputs, *withdrawn]
    rows = sorted(told, key=attrgetter("version"))
    for _, several in groupby(rows, attrgetter("version")):
        before = hashlib.sha256("".join([before, *(each.line for each in several)]).encode()).hexdigest()
    return before
