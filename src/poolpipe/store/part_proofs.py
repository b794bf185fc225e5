"""Prove that a file of a store is as it was written, by the sums that the ledger has of it.

SHA-256 is what anybody can compute again. Beside it stands a checksum that takes a quarter of the time, which readers
compare: GMAC (NIST SP 800-38D) of the whole file. Its key is public, because both sums guard against disks and not against
forgers, who could change the ledger as well.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final, NamedTuple

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.results.durable import Sum

__all__ = ["STRETCH", "Checksum", "PartProof", "Proving", "is_proved"]

STRETCH: Final = 1 << 18
"""Bytes that are read and summed at a time: they stay in a core's cache between the two."""

_KEY: Final = b"poolpipe's parts"
_NONCE: Final = bytes(12)


class Checksum:
    """The quick checksum of a file: 128 bits; of damage that knows nothing of it less than one in 10**30 is missed."""

    def __init__(self) -> None:
        self._told = Cipher(algorithms.AES(_KEY), modes.GCM(_NONCE)).encryptor()

    def update(self, stretch: bytes | bytearray | memoryview, /) -> None:
        """Take the next bytes of the file."""
        self._told.authenticate_additional_data(stretch)

    def hexdigest(self) -> str:
        """Give the checksum, once, in hexadecimal digits."""
        self._told.finalize()
        return self._told.tag.hex()


class PartProof(NamedTuple):
    """What the ledger says of a file.

    Attributes
    ----------
    bytes : int
        Its size.
    sha256 : str
    checksum : str
        Empty in stores, and of files, that were written before there was one.
    """

    bytes: int
    sha256: str
    checksum: str = ""


class Proving:
    """A file that is compared with its proof while it is read.

    Parameters
    ----------
    proof : PartProof
    thorough : bool
        Whether all sums are compared; else the checksum alone, or SHA-256 where there is none.
    """

    def __init__(self, proof: PartProof, *, thorough: bool = False) -> None:
        self._left = proof.bytes
        self._sums: list[tuple[Sum, str]] = []
        if proof.checksum:
            self._sums.append((Checksum(), proof.checksum))
        if thorough or not proof.checksum:
            self._sums.append((hashlib.sha256(), proof.sha256))

    def update(self, stretch: memoryview) -> None:
        """Take the next bytes of the file."""
        self._left -= len(stretch)
        for told, _ in self._sums:
            told.update(stretch)

    def holds(self) -> bool:
        """Whether all bytes were as they were written; asked once, at the end."""
        return not self._left and all(told.hexdigest() == wanted for told, wanted in self._sums)


def is_proved(path: Path, proof: PartProof, *, thorough: bool = False) -> bool:
    """Whether a file is as it was written.

    Parameters
    ----------
    path : Path
    proof, thorough
        As `Proving` takes them.

    Raises
    ------
    OSError
        If it cannot be read.
    """
    proving, room = Proving(proof, thorough=thorough), memoryview(bytearray(STRETCH))
    with path.open("rb", buffering=0) as file:
        while size := file.readinto(room):
            proving.update(room[:size])
    return proving.holds()
