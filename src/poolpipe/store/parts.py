"""The files of a store's tables: Parquet whose pages have checksums, and encrypted Parquet for what the vault holds."""

from __future__ import annotations

import base64
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.parquet as pq
import pyarrow.parquet.encryption as pe
from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap, aes_key_wrap

from poolpipe.errors import InputError
from poolpipe.messages import message
from poolpipe.results.durable import Followed
from poolpipe.store.part_proofs import STRETCH, Checksum, PartProof, Proving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from poolpipe.store.keys import DataKeys

__all__ = ["read_part", "read_sealed", "write_part", "write_sealed"]

_GROUP: Final = 1 << 22
"""Rows of a row group, with one dictionary a column: joining the dictionaries of eight costs a fifth of reading a day."""

_DICTIONARY: Final = 1 << 24
"""The most bytes of a dictionary: the tubes of a million scans take 1.5 MB, and plain texts take four times as long to read."""

_SMALL: Final = 1 << 20
"""Bytes of a file that one thread reads as fast as several do (0.11 ms a part of some rows, 0.18 with Arrow's threads); on an
overloaded machine (2 cores, load 12) each waited 27 ms for such a thread, and a store fed for days has hundreds of parts."""

_KEY_NAME: Final = "vault"
_PLAIN_ENCODED: Final = frozenset({"person", "key", "event_id_hash", "event_hash"})
"""Columns of sealed or hashed values, which no dictionary and no compression makes smaller."""


def write_part(table: pa.Table, path: Path) -> PartProof:
    """Write a table that anybody may read into a new file, and sync it.

    Parameters
    ----------
    table : pyarrow.Table
    path : Path
        Its folder exists; the caller syncs that.

    Returns
    -------
    PartProof
        Size and sums of the file.
    """
    required = [each.with_nullable(table[each.name].null_count > 0) for each in table.schema]
    table = pa.table(table.columns, schema=pa.schema(required))  # read in three quarters of the time
    coded = [
        name
        for name, column in zip(table.column_names, table.columns, strict=True)
        if name not in _PLAIN_ENCODED and column.type != _TIME and not _is_mostly_distinct(column)
    ]
    times = {each.name: "DELTA_BINARY_PACKED" for each in table.schema if each.type == _TIME}
    compression = {name: "none" if name in _PLAIN_ENCODED else "zstd" for name in table.column_names}
    levels = {name: 1 for name, how in compression.items() if how == "zstd"}
    pq.write_table(
        table, path, compression=compression, compression_level=levels, use_dictionary=coded, column_encoding=times,
        write_page_checksum=True, row_group_size=_GROUP, dictionary_pagesize_limit=_DICTIONARY, store_schema=False,
    )  # fmt: skip
    return _synced(path)


def _synced(path: Path) -> PartProof:
    checksum = Checksum()
    proof = Followed(path, checksum).finish()
    return PartProof(**proof, checksum=checksum.hexdigest())


_TIME: Final = pa.timestamp("us", "UTC")


def _is_mostly_distinct(column: pa.ChunkedArray) -> bool:
    """Whether a dictionary would hold a value for every row or two, as that of tubes that are packed or loaded.

    Arrow hashes every value of a dictionary that it reads: 2.5 s of CPU for a day's 5 million packed and loaded tubes.
    """
    is_coded = pa.types.is_dictionary(column.type)
    return is_coded and 2 * sum(len(chunk.dictionary) for chunk in column.chunks) > len(column)


def write_sealed(table: pa.Table, path: Path, sealing: DataKeys) -> PartProof:
    """Write a table of the vault into a new encrypted file (Parquet modular encryption, AES-GCM), and sync it."""
    factory, client = _factory(sealing)
    told = pe.EncryptionConfiguration(
        footer_key=_KEY_NAME, uniform_encryption=True, plaintext_footer=False, data_key_length_bits=256,
        double_wrapping=False, internal_key_material=True,
    )  # fmt: skip
    properties = factory.file_encryption_properties(client, told)
    pq.write_table(
        table, path, compression="zstd", compression_level=1, encryption_properties=properties,
        row_group_size=_GROUP, write_page_checksum=True, store_schema=False,
    )  # fmt: skip
    return _synced(path)


def read_part(
    path: Path, proof: PartProof, schema: pa.Schema, *, as_kept: bool = False, thorough: bool = False
) -> pa.Table:
    """Read a part.

    Parameters
    ----------
    path : Path
    proof : PartProof
        As the ledger has it: one changed bit is an error, never another answer.
    schema : pyarrow.Schema
        Columns; texts of dictionary type come as dictionaries.
    as_kept : bool
        Leave out the columns without any value, and give texts that were kept without a dictionary as plain texts.
    thorough : bool
        As in `Proving`.

    Raises
    ------
    InputError
        If it is damaged or not there.
    """
    with _opened(path, proof, thorough=thorough) as content:
        told = pq.read_metadata(pa.BufferReader(content))
        wanted = _as_kept(schema, told) if as_kept else schema
        asked = [each.name for each in wanted if pa.types.is_dictionary(each.type)]
        return _table(content, wanted, metadata=told, read_dictionary=asked)


def read_sealed(
    path: Path, proof: PartProof, schema: pa.Schema, sealing: DataKeys, *, thorough: bool = False
) -> pa.Table:
    """Read a part of the vault.

    Raises
    ------
    InputError
        If it is damaged, not there, or sealed by another key.
    """
    factory, client = _factory(sealing)
    with _opened(path, proof, thorough=thorough) as content:
        return _table(content, schema, decryption_properties=factory.file_decryption_properties(client))


@contextmanager
def _opened(path: Path, proof: PartProof, *, thorough: bool) -> Iterator[pa.Buffer]:
    """Give a file's content, proved; what cannot be read of it is an error that names the file."""
    proving = Proving(proof, thorough=thorough)
    try:
        content = _content(path, proving)
    except FileNotFoundError as error:
        raise InputError.of("part_damaged", where=str(path), why=error.strerror or error) from error
    except OSError as error:  # no handles, no right: nothing is said of its content
        raise InputError.of("part_unreadable", where=str(path), why=error.strerror or error) from error
    if not proving.holds():
        raise InputError.of("part_damaged", where=str(path), why=message("store_file_damaged", {}))
    try:
        yield content
    except (OSError, pa.ArrowException) as error:
        why = next(iter(str(error).splitlines()), type(error).__name__)
        raise InputError.of("part_damaged", where=str(path), why=why) from error


def _table(content: pa.Buffer, schema: pa.Schema, **how: Any) -> pa.Table:
    threads = content.size > _SMALL
    with pq.ParquetFile(pa.BufferReader(content), pre_buffer=threads, **how) as file:
        return _shaped(file.read(columns=schema.names, use_threads=threads), schema)


def _content(path: Path, proving: Proving) -> pa.Buffer:
    """A file in memory of Arrow's own: Arrow's threads may free it after Python's end, which aborts on memory of Python's."""
    with path.open("rb", buffering=0) as file:
        content = pa.allocate_buffer(os.fstat(file.fileno()).st_size)
        room, read = memoryview(content).cast("B"), 0
        while size := file.readinto(room[read : read + STRETCH]):
            proving.update(room[read : read + size])
            read += size
    return content.slice(0, read)


def _as_kept(schema: pa.Schema, told: pq.FileMetaData) -> pa.Schema:
    """The columns of a file that have any value, as its statistics tell; without dictionary where none is kept."""
    has_value, has_dictionary = set[str](), set[str]()
    for group in range(told.num_row_groups):
        rows = told.row_group(group)
        for place in range(told.num_columns):
            column = rows.column(place)
            if column.statistics is None or column.statistics.null_count != rows.num_rows:
                has_value.add(column.path_in_schema)
            if column.has_dictionary_page:
                has_dictionary.add(column.path_in_schema)
    empty = set(told.schema.names) - has_value
    plain = {each.name for each in schema if pa.types.is_dictionary(each.type)} - has_dictionary
    return pa.schema(
        each.with_type(each.type.value_type) if each.name in plain else each
        for each in schema
        if each.name not in empty
    )


def _shaped(table: pa.Table, schema: pa.Schema) -> pa.Table:
    columns = [_cast(table[each.name], each.type) for each in schema]
    return pa.table(columns, schema=schema)


def _cast(column: pa.ChunkedArray, wanted: pa.DataType) -> pa.ChunkedArray:
    if pa.types.is_dictionary(wanted) and not pa.types.is_dictionary(column.type):
        return column.cast(pa.large_string()).dictionary_encode().cast(wanted)
    return column.cast(wanted)


class _Vault(pe.KmsClient):  # type: ignore[misc]
    """Wraps the random key of each file by the vault's key."""

    def __init__(self, secret: bytes) -> None:
        super().__init__()
        self._secret = secret

    def wrap_key(self, key_bytes: bytes, master_key_identifier: str) -> bytes:  # noqa: ARG002
        """Wrap a file's key (RFC 3394)."""
        return base64.b64encode(aes_key_wrap(self._secret, key_bytes))

    def unwrap_key(self, wrapped_key: bytes, master_key_identifier: str) -> bytes:  # noqa: ARG002
        """Unwrap a file's key."""
        try:
            return aes_key_unwrap(self._secret, base64.b64decode(wrapped_key))
        except (InvalidUnwrap, ValueError) as error:
            raise OSError(message("sealed_by_another", {})) from error


def _factory(sealing: DataKeys) -> tuple[pe.CryptoFactory, pe.KmsConnectionConfig]:
    return pe.CryptoFactory(lambda _: _Vault(sealing.vault)), pe.KmsConnectionConfig()
