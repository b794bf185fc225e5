"""What a version says it consists of: digests that show a ledger put together from two states of itself.

Each page of the ledger can be sound and the whole yet wrong: a copy that was taken while a commit was written. A version
keeps a digest of its files, and one of all that had been taken in.
"""

from __future__ import annotations

import hashlib
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from poolpipe.store.ledger import InputTaken, TablePart

__all__ = ["digest_of_files", "digest_of_inputs"]


def digest_of_files(parts: Iterable[TablePart]) -> str:
    """Digest of the files of a version, in any order."""
    told = sorted(f"{each.path} {each.rows} {each.sha256} {each.vault_sha256}\n" for each in parts)
    return hashlib.sha256("".join(told).encode()).hexdigest()


def digest_of_inputs(inputs: Iterable[InputTaken], before: str = "") -> str:
    """Digest of what was taken in, in order of its numbers; it continues one of what came before, at a version's end."""
    for _, several in groupby(inputs, attrgetter("version")):
        told = [
            f"{each.id} {each.name} {each.sha256} {each.read} {each.accepted} {each.duplicates} {each.rejected}\n"
            for each in several
        ]
        before = hashlib.sha256("".join([before, *told]).encode()).hexdigest()
    return before
