"""A list of residents as it was given, read only where its households are not kept."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from poolpipe.events.reference import read_reference
from poolpipe.results.durable import proof_of_file

if TYPE_CHECKING:
    import polars as pl

    from poolpipe.coding.frames import Frame
    from poolpipe.results.durable import Proof

__all__ = ["GivenResidents"]

_PROOFS: dict[str, tuple[tuple[int, ...], Proof]] = {}
"""The file that was asked last, with its state."""


class GivenResidents:
    """A list of residents.

    Parameters
    ----------
    given : frame, str or Path, optional
        As `read_reference` takes it.

    Attributes
    ----------
    proof : Proof or None
        Size and SHA-256 of a file; None for anything else.
    """

    def __init__(self, given: Frame | str | os.PathLike[str] | None) -> None:
        self._given = given
        self.proof = _proof(given) if isinstance(given, str | os.PathLike) else None

    @property
    def key(self) -> object:
        """What is the same for the same list: the proof of a file, a frame itself; None for no list."""
        return self._given if self.proof is None else tuple(self.proof.items())

    def people(self) -> pl.DataFrame | None:
        """Read it."""
        people = None if self._given is None else read_reference(people=self._given).people
        if self.proof is not None and isinstance(self._given, str | os.PathLike):
            after = _proof(self._given)
            self.proof = (
                self.proof if after == self.proof else None
            )  # it has changed meanwhile: of which is not known
        return people


def _proof(given: str | os.PathLike[str]) -> Proof | None:
    path = Path(given)
    try:
        if not path.is_file():
            return None
        state = path.stat()
        stamp = state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns
        known = _PROOFS.get(str(path.absolute()))
        if known is not None and known[0] == stamp:
            return known[1]
        proof = proof_of_file(path)
    except OSError:  # who reads it says why
        return None
    _PROOFS.clear()
    _PROOFS[str(path.absolute())] = stamp, proof
    return proof
