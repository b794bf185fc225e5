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

from poolpipe.coding.dictionaries import resident_keys, text_bytes
from poolpipe.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from poolpipe.store.keys import DataKeys

__all__ = ["PSEUDONYM", "keys_of_people", "long_numbers", "pseudonyms", "pseudonyms_of_people", "unsealed"]

PSEUDONYM = pa.binary(16)
_BLOCK = 16
_STRETCH = 1 << 14
"""Pseudonyms that are opened at a time: in memory that is used again, which takes a third of the time."""
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
        blocks[odd] = _blocks(others[distinct], sealing).view(">u8")[place]
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
    keys = resident_keys(people)
    odd = keys < 0
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
    keys, odd, opened = _numbers_and_others(_content(sealed), sealing)
    keys[odd] = -1 - np.arange(len(odd))
    others = _documents(opened)
    held = np.flatnonzero(opened[:, 0] == _LONG)
    if len(held):
        told = [
            _of_vault(row, block.tobytes(), sealing, long)
            for row, block in zip(odd[held].tolist(), opened[held], strict=True)
        ]
        vault = pl.DataFrame(told, others.schema, orient="row").with_columns(row=held)
        others = (
            others.with_row_index("row")
            .with_columns(pl.col("row").cast(pl.Int64))
            .update(vault, on="row")
            .drop("row")
        )
    return keys, others


def _blocks(people: pl.DataFrame, sealing: DataKeys) -> NDArray[np.uint8]:
    """What is sealed of each document, (n, 16)."""
    whole = people.select(pl.col("person_type") + pl.col("person")).to_series()
    text, offsets = text_bytes(whole)
    sizes = np.diff(offsets)
    is_short = sizes < _BLOCK
    blocks = np.zeros((people.height, _BLOCK), np.uint8)
    kinds = people["person_type"].str.len_bytes().to_numpy()
    blocks[is_short, 0] = 1 + kinds[is_short]
    for place in range(_BLOCK - 1):
        rows = np.flatnonzero(is_short & (sizes > place))
        blocks[rows, 1 + place] = text[offsets[rows] + place]
    for row in np.flatnonzero(~is_short).tolist():
        kind, number = people.select("person_type", "person").row(row)
        blocks[row] = np.frombuffer(_long_block(kind, number, sealing), np.uint8)
    return blocks


def _long_block(kind: str, number: str, sealing: DataKeys) -> bytes:
    first, second = kind.encode(), number.encode()
    whole = len(first).to_bytes(2, "big") + first + second
    return bytes([_LONG]) + hashlib.blake2b(whole, key=sealing.long, digest_size=_BLOCK - 1).digest()


def _documents(blocks: NDArray[np.uint8]) -> pl.DataFrame:
    """Type and number that each block holds, (n,); null where it is one of a long document."""
    is_long = blocks[:, 0] == _LONG
    if ((blocks[:, 0] == 0) | (blocks[:, 0] > _BLOCK))[~is_long].any():
        raise InputError.of("pseudonym_of_another_key", where="person")
    content = pa.FixedSizeBinaryArray.from_buffers(
        PSEUDONYM, len(blocks), [None, pa.py_buffer(blocks.tobytes())]
    )
    size = pl.Series(np.where(is_long, 0, blocks[:, 0].astype(np.int64) - 1))
    told = pl.DataFrame({"block": content, "size": size, "is_long": is_long})
    block = pl.when(~pl.col("is_long")).then("block")
    try:
        return told.select(
            block.bin.slice(1, pl.col("size")).cast(pl.String).alias("person_type"),
            block.bin.slice(1 + pl.col("size")).cast(pl.String).str.strip_chars_end("\0").alias("person"),
        )
    except pl.exceptions.PolarsError as error:  # no UTF-8
        raise InputError.of("pseudonym_of_another_key", where="person") from error


def _of_vault(row: int, block: bytes, sealing: DataKeys, long: pl.DataFrame | None) -> tuple[str, str]:
    """The document of a row whose pseudonym does not hold it; the vault's must be the one that was sealed."""
    kind, number = (None, None) if long is None else long.select("person_type", "person").row(row)
    if kind is None or number is None or _long_block(kind, number, sealing) != block:
        raise InputError.of("pseudonym_of_another_key", where="person")
    return kind, number


def _blocks_sealed(blocks: bytes, sealing: DataKeys) -> bytes:
    cipher = Cipher(algorithms.AES(sealing.people), modes.ECB()).encryptor()  # noqa: S305
    return cipher.update(blocks) + cipher.finalize()


def _numbers_and_others(
    blocks: memoryview, sealing: DataKeys
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.uint8]]:
    """The resident IDs that were sealed, (n,), and the rows, (m,), and opened blocks, (m, 16), of other documents."""
    cipher = Cipher(algorithms.AES(sealing.people), modes.ECB()).decryptor()  # noqa: S305
    keys = np.empty(len(blocks) // _BLOCK, np.int64)
    rows, others = [np.zeros(0, np.int64)], [np.zeros((0, _BLOCK), np.uint8)]
    room = bytearray(_BLOCK * (_STRETCH + 1))
    for begin in range(0, len(keys), _STRETCH):
        size = cipher.update_into(blocks[_BLOCK * begin : _BLOCK * (begin + _STRETCH)], room)
        opened = np.frombuffer(room, np.uint8, size).reshape(-1, _BLOCK)
        halves = opened.view(">u8")
        keys[begin : begin + _STRETCH] = halves[:, 1]
        odd = np.flatnonzero(halves[:, 0])
        rows.append(begin + odd)
        others.append(opened[odd])
    cipher.finalize()
    return keys, np.concatenate(rows), np.concatenate(others)


def _content(sealed: pa.FixedSizeBinaryArray) -> memoryview:
    content = sealed.buffers()[1]
    if content is None or not len(sealed):
        return memoryview(b"")
    return memoryview(content).cast("B")[_BLOCK * sealed.offset : _BLOCK * (sealed.offset + len(sealed))]
