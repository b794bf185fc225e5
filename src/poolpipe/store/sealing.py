"""Pseudonyms of people: AES-256 of their document, a permutation, so that two people never share one.

A document of at most 15 bytes is one block: a mark, the type and the number. Each message is exactly one block, so
that no mode of chaining applies ("ECB" in an audit means this). A longer one is sealed by AES-SIV, at least 32 bytes,
so that it equals no block. Equal people have equal pseudonyms on every machine that has the key.

    resident ID     00 00 00 00 00 00 00 00 | key, 8 bytes, big-endian
    other document  1 + length of type | type | number | 00 ...
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESSIV

from poolpipe.coding.dictionaries import RESIDENT, text_bytes
from poolpipe.errors import InputError
from poolpipe_kernels import codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.store.keys import DataKeys

__all__ = ["pseudonyms", "pseudonyms_of_people", "unsealed"]

_BLOCK = 16
_LONG = b"\xff"
"""Stands before a long document where a block has its mark."""


def pseudonyms(keys: NDArray[np.int64], others: pl.DataFrame, sealing: DataKeys) -> pa.BinaryArray:
    """Seal people.

    Parameters
    ----------
    keys : (n,) int64
        As `Persons.keys`: resident IDs from 0; -1 minus the row in `others` for every other document.
    others : DataFrame
        person_type, person; without null where a key leads there.
    sealing : DataKeys

    Returns
    -------
    pyarrow.BinaryArray
        (n,) of 16 bytes, or at least 32 for long documents.
    """
    blocks = np.zeros((len(keys), 2), ">u8")
    blocks[:, 1] = np.maximum(keys, 0)
    sealed = _blocks_sealed(blocks.tobytes(), sealing)
    odd = np.flatnonzero(keys < 0)
    if not len(odd):
        return _of_blocks(sealed)
    distinct, place = np.unique(-1 - keys[odd], return_inverse=True)
    told = pa.array(
        [_sealed(kind, number, sealing) for kind, number in others[distinct].iter_rows()], pa.binary()
    )
    given = np.zeros(len(keys), np.int64)
    given[odd] = len(keys) + place
    regular = np.flatnonzero(keys >= 0)
    given[regular] = regular
    return pa.concat_arrays([_of_blocks(sealed), told]).take(pa.array(given))


def pseudonyms_of_people(people: pl.DataFrame, sealing: DataKeys) -> pl.Series:
    """Seal the people of a table, (n,) Binary.

    Parameters
    ----------
    people : DataFrame
        person_type, person.
    """
    text, offsets = text_bytes(people["person"])
    keys = np.empty(people.height, np.int64)
    codes.parse_resident_ids(text, offsets, keys)
    regular = (keys >= 0) & (people["person_type"] == RESIDENT).to_numpy()
    return pl.Series(pseudonyms(np.where(regular, keys, -1 - np.arange(people.height)), people, sealing))


def unsealed(sealed: pa.Array, sealing: DataKeys) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Give the people of pseudonyms.

    Parameters
    ----------
    sealed : pyarrow.Array of binary
        (n,) as `pseudonyms` gives them, none null.
    sealing : DataKeys

    Returns
    -------
    keys : (n,) int64
    others : DataFrame
        As `pseudonyms` takes them.

    Raises
    ------
    InputError
        If a pseudonym was not sealed by this key.
    """
    sizes = np.diff(_offsets(sealed))
    short = sizes == _BLOCK
    blocks = sealed if short.all() else sealed.filter(pa.array(short))
    opened = _decrypted(_content(blocks), sealing)
    halves = np.frombuffer(opened, ">u8").reshape(-1, 2)
    keys = np.zeros(len(sealed), np.int64)
    keys[short] = halves[:, 1].astype(np.int64)
    odd = np.flatnonzero(~short)
    marked = np.flatnonzero(short)[halves[:, 0] != 0]
    texts = [_opened(opened[_BLOCK * row : _BLOCK * (row + 1)]) for row in np.flatnonzero(halves[:, 0])]
    texts += [_opened_long(sealed[row].as_py(), sealing) for row in odd.tolist()]
    others = pl.DataFrame(texts, {"person_type": pl.String, "person": pl.String}, orient="row")
    keys[np.concatenate([marked, odd])] = -1 - np.arange(len(texts))
    return keys, others


def _sealed(kind: str, number: str, sealing: DataKeys) -> bytes:
    first, second = kind.encode(), number.encode()
    if len(first) + len(second) < _BLOCK:
        block = bytes([1 + len(first)]) + first + second
        return _blocks_sealed(block.ljust(_BLOCK, b"\0"), sealing)
    return AESSIV(sealing.long).encrypt(_LONG + len(first).to_bytes(2, "big") + first + second, None)


def _opened(block: bytes) -> tuple[str, str]:
    size = block[0] - 1
    try:
        kind, number = block[1 : 1 + size].decode(), block[1 + size :].rstrip(b"\0").decode()
    except ValueError as error:
        raise InputError.of("pseudonym_of_another_key", where="person") from error
    if not 0 <= size < _BLOCK:
        raise InputError.of("pseudonym_of_another_key", where="person")
    return kind, number


def _opened_long(sealed: bytes, sealing: DataKeys) -> tuple[str, str]:
    try:
        told = AESSIV(sealing.long).decrypt(sealed, None)
    except (InvalidTag, ValueError) as error:
        raise InputError.of("pseudonym_of_another_key", where="person") from error
    size = int.from_bytes(told[1:3], "big")
    return told[3 : 3 + size].decode(), told[3 + size :].decode()


def _blocks_sealed(blocks: bytes, sealing: DataKeys) -> bytes:
    cipher = Cipher(algorithms.AES(sealing.people), modes.ECB()).encryptor()  # noqa: S305
    return cipher.update(blocks) + cipher.finalize()


def _decrypted(blocks: bytes, sealing: DataKeys) -> bytes:
    cipher = Cipher(algorithms.AES(sealing.people), modes.ECB()).decryptor()  # noqa: S305
    return cipher.update(blocks) + cipher.finalize()


def _of_blocks(sealed: bytes) -> pa.BinaryArray:
    offsets = np.arange(0, len(sealed) + 1, _BLOCK, dtype=np.int32)
    return pa.BinaryArray.from_buffers(
        pa.binary(), len(sealed) // _BLOCK, [None, pa.py_buffer(offsets), pa.py_buffer(sealed)]
    )


def _offsets(sealed: pa.Array) -> NDArray[np.int32]:
    return np.frombuffer(sealed.buffers()[1], np.int32)[sealed.offset : sealed.offset + len(sealed) + 1]


def _content(sealed: pa.Array) -> bytes:
    offsets = _offsets(sealed)
    content = sealed.buffers()[2]
    return (
        content[int(offsets[0]) : int(offsets[-1])].to_pybytes()
        if content is not None and len(sealed)
        else b""
    )
