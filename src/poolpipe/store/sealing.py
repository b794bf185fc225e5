"""Pseudonyms of people: AES-256 of one block of 16 bytes, a permutation, so that two people never share one.

Each message is exactly one block, so that no mode of chaining applies ("ECB" in an audit means this). Equal people have
equal pseudonyms on every machine that has the key. A document that does not fit has a block with 15 bytes of its keyed
BLAKE2b, and its number stands in the vault.

    resident ID         00 00 00 00 00 00 00 00 | key, 8 bytes, big-endian
    other document      1 + length of type | type | number | 00 ...
    more than 15 bytes  ff | BLAKE2b of length of type, type and number, 15 bytes
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from poolpipe.coding.dictionaries import RESIDENT, text_bytes
from poolpipe.errors import InputError
from poolpipe_kernels import codes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.store.keys import DataKeys

__all__ = ["PSEUDONYM", "keys_of_people", "long_numbers", "pseudonyms", "pseudonyms_of_people", "unsealed"]

PSEUDONYM = pa.binary(16)
_BLOCK = 16
_LONG = 0xFF
"""The mark of a document that does not fit into a block."""


def pseudonyms(keys: NDArray[np.int64], others: pl.DataFrame, sealing: DataKeys) -> pa.FixedSizeBinaryArray:
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
    pyarrow.FixedSizeBinaryArray
        (n,) of 16 bytes.
    """
    blocks = np.zeros((len(keys), 2), ">u8")
    blocks[:, 1] = np.maximum(keys, 0)
    odd = np.flatnonzero(keys < 0)
    if len(odd):
        distinct, place = np.unique(-1 - keys[odd], return_inverse=True)
        told = b"".join(_block(kind, number, sealing) for kind, number in others[distinct].iter_rows())
        blocks[odd] = np.frombuffer(told, ">u8").reshape(-1, 2)[place]
    sealed = _blocks_sealed(blocks.tobytes(), sealing)
    return pa.FixedSizeBinaryArray.from_buffers(PSEUDONYM, len(keys), [None, pa.py_buffer(sealed)])


def pseudonyms_of_people(people: pl.DataFrame, sealing: DataKeys) -> pl.Series:
    """Seal the people of a table, (n,) Binary.

    Parameters
    ----------
    people : DataFrame
        person_type, person.
    """
    return pl.Series(pseudonyms(*keys_of_people(people), sealing))


def keys_of_people(people: pl.DataFrame) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Number the people of a table.

    Parameters
    ----------
    people : DataFrame
        person_type, person; (n,).

    Returns
    -------
    keys : (n,) int64
    others : DataFrame
        As `pseudonyms` takes them; each document is there once.
    """
    text, offsets = text_bytes(people["person"])
    keys = np.empty(people.height, np.int64)
    codes.parse_resident_ids(text, offsets, keys)
    odd = (keys < 0) | (people["person_type"] != RESIDENT).to_numpy()
    several = people.select("person_type", "person").filter(pl.Series(odd))
    others = several.unique(maintain_order=True)
    place = several.join(
        others.with_row_index("place"), on=["person_type", "person"], how="left", maintain_order="left"
    )
    keys[odd] = -1 - place["place"].cast(pl.Int64).to_numpy()
    return keys, others


def long_numbers(keys: NDArray[np.int64], others: pl.DataFrame) -> pl.Series | None:
    """The numbers that a pseudonym does not hold: what the vault keeps.

    Parameters
    ----------
    keys, others
        As `pseudonyms` takes them.

    Returns
    -------
    Series or None
        (n,) String, null for people whose pseudonym holds the number; None where all do.
    """
    sizes = others["person_type"].str.len_bytes() + others["person"].str.len_bytes()
    is_long = (sizes >= _BLOCK).fill_null(value=False)
    if not is_long.any():
        return None
    numbers = others.select(pl.when(is_long).then("person")).to_series()
    return numbers.gather(pl.Series(np.where(keys < 0, -1 - keys, -1)).replace(-1, None))


def unsealed(
    sealed: pa.FixedSizeBinaryArray, sealing: DataKeys, long: pl.DataFrame | None = None
) -> tuple[NDArray[np.int64], pl.DataFrame]:
    """Give the people of pseudonyms.

    Parameters
    ----------
    sealed : pyarrow.FixedSizeBinaryArray
        (n,) as `pseudonyms` gives them, none null.
    sealing : DataKeys
    long : DataFrame, optional
        person_type, and person as `long_numbers` gives them, (n,).

    Returns
    -------
    keys : (n,) int64
    others : DataFrame
        As `pseudonyms` takes them.

    Raises
    ------
    InputError
        If a pseudonym was not sealed by this key, or a number that it does not hold is not there.
    """
    opened = _decrypted(_content(sealed), sealing)
    halves = np.frombuffer(opened, ">u8").reshape(-1, 2)
    keys = halves[:, 1].astype(np.int64)
    odd = np.flatnonzero(halves[:, 0])
    texts = []
    for row in odd.tolist():
        block = opened[_BLOCK * row : _BLOCK * (row + 1)]
        texts.append(_opened(block) if block[0] != _LONG else _of_vault(row, block, sealing, long))
    keys[odd] = -1 - np.arange(len(odd))
    return keys, pl.DataFrame(texts, {"person_type": pl.String, "person": pl.String}, orient="row")


def _block(kind: str, number: str, sealing: DataKeys) -> bytes:
    first, second = kind.encode(), number.encode()
    if len(first) + len(second) < _BLOCK:
        return (bytes([1 + len(first)]) + first + second).ljust(_BLOCK, b"\0")
    whole = len(first).to_bytes(2, "big") + first + second
    return bytes([_LONG]) + hashlib.blake2b(whole, key=sealing.long, digest_size=_BLOCK - 1).digest()


def _opened(block: bytes) -> tuple[str, str]:
    size = block[0] - 1
    try:
        kind, number = block[1 : 1 + size].decode(), block[1 + size :].rstrip(b"\0").decode()
    except ValueError as error:
        raise InputError.of("pseudonym_of_another_key", where="person") from error
    if not 0 <= size < _BLOCK:
        raise InputError.of("pseudonym_of_another_key", where="person")
    return kind, number


def _of_vault(row: int, block: bytes, sealing: DataKeys, long: pl.DataFrame | None) -> tuple[str, str]:
    """The document of a row whose pseudonym does not hold it; the vault's must be the one that was sealed."""
    kind, number = (None, None) if long is None else long.select("person_type", "person").row(row)
    if kind is None or number is None or _block(kind, number, sealing) != block:
        raise InputError.of("pseudonym_of_another_key", where="person")
    return kind, number


def _blocks_sealed(blocks: bytes, sealing: DataKeys) -> bytes:
    cipher = Cipher(algorithms.AES(sealing.people), modes.ECB()).encryptor()  # noqa: S305
    return cipher.update(blocks) + cipher.finalize()


def _decrypted(blocks: memoryview, sealing: DataKeys) -> bytes:
    cipher = Cipher(algorithms.AES(sealing.people), modes.ECB()).decryptor()  # noqa: S305
    return cipher.update(blocks) + cipher.finalize()


def _content(sealed: pa.FixedSizeBinaryArray) -> memoryview:
    content = sealed.buffers()[1]
    if content is None or not len(sealed):
        return memoryview(b"")
    return memoryview(content).cast("B")[_BLOCK * sealed.offset : _BLOCK * (sealed.offset + len(sealed))]
