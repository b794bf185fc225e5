"""Formats that hold data and are read by nobody here: known by their first bytes, and named with the way out."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["NoEventsError", "unreadable"]


class NoEventsError(Exception):
    """A file that holds no events, or none that can be read: it is named with this reason and left aside."""


class _Format(NamedTuple):
    """First bytes of a format, from which place on, and what is said of it."""

    magic: bytes
    says: str
    at: int = 0


_UNPACK = "unpack it and give what is in it 请解压后再提供"
_AS_CSV = "save each sheet as CSV (UTF-8) and give that 请另存为 CSV（UTF-8）后再提供"
_EXPORT = "export its table as CSV, NDJSON or Parquet 请导出为 CSV、NDJSON 或 Parquet"

WORKBOOK = f"a workbook that is no known machine's: {_AS_CSV}"
ZIP = f"a zip archive: {_UNPACK}"

_FORMATS = (
    _Format(b"BZh", f"compressed with bzip2: {_UNPACK}"),
    _Format(b"\xfd7zXZ\x00", f"compressed with xz: {_UNPACK}"),
    _Format(b"\x5d\x00\x00", f"compressed with lzma: {_UNPACK}"),
    _Format(b"LZIP", f"compressed with lzip: {_UNPACK}"),
    _Format(b"\x04\x22\x4d\x18", f"compressed with lz4: {_UNPACK}"),
    _Format(b"\x1f\x9d", f"compressed with compress (.Z): {_UNPACK}"),
    _Format(b"\xff\x06\x00\x00sNaPpY", f"compressed with snappy: {_UNPACK}"),
    _Format(b"\x89LZO\x00\r\n\x1a\n", f"compressed with lzop: {_UNPACK}"),
    _Format(b"7z\xbc\xaf\x27\x1c", f"a 7-Zip archive: {_UNPACK}"),
    _Format(b"Rar!\x1a\x07", f"a RAR archive: {_UNPACK}"),
    _Format(b"MSCF\x00\x00\x00\x00", f"a cabinet archive: {_UNPACK}"),
    _Format(b"ustar", f"a tar archive: {_UNPACK}", at=257),
    _Format(b"\x1f\x8b", f"compressed twice: {_UNPACK}"),
    _Format(b"\x28\xb5\x2f\xfd", f"compressed twice: {_UNPACK}"),
    _Format(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", WORKBOOK),
    _Format(b"PK\x05\x06", ZIP),
    _Format(b"PK\x07\x08", ZIP),
    _Format(b"SQLite format 3\x00", f"a SQLite database: {_EXPORT}"),
    _Format(b"\x00\x01\x00\x00Standard ", f"an Access database: {_EXPORT}"),
    _Format(b"DUCK", f"a DuckDB database: {_EXPORT}", at=8),
    _Format(b"Obj\x01", f"an Avro file: {_EXPORT}"),
    _Format(b"ORC", f"an ORC file: {_EXPORT}"),
    _Format(b"PARE", f"an encrypted Parquet file: {_EXPORT}"),
    _Format(b"FEA1", f"a Feather file of the first version: {_EXPORT}"),
    _Format(b"\x89HDF\r\n\x1a\n", f"an HDF5 file: {_EXPORT}"),
    _Format(b"%PDF-", f"a PDF: {_EXPORT}"),
    _Format(b"{\\rtf", f"a text document: {_AS_CSV}"),
    _Format(b"\x89PNG\r\n\x1a\n", "a picture 图片"),
    _Format(b"\xff\xd8\xff", "a picture 图片"),
)

_OFFICE = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"mimetype")
"""What the first member of a workbook is called, of Excel's as of the open format's."""

_ONE_TAR_HEADER = 512
_LZMA = b"\x5d\x00\x00"
_LZMA_HEADER = 13


def unreadable(head: bytes) -> str:
    """Tell why a file cannot be read, by the first bytes of its uncompressed content; empty where nothing is known.

    Parameters
    ----------
    head : bytes
        At least the first 512 bytes, or all there are.

    Returns
    -------
    str
        What it is and the way out, in English and Chinese.
    """
    if head.startswith(b"PK\x03\x04"):
        return WORKBOOK if head[30:].startswith(_OFFICE) else ZIP
    for form in _FORMATS:
        if head.startswith(form.magic, form.at) and _is_sound(form, head):
            return form.says
    return ""


def _is_sound(form: _Format, head: bytes) -> bool:
    """Whether short magic is borne out by what follows: text may begin with the same letters."""
    if form.magic == b"BZh":
        return head[3:4] in b"123456789" and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90")
    if form.magic == _LZMA:  # properties, the dictionary's size, and the content's, mostly unknown
        return head[5:_LZMA_HEADER] == b"\xff" * 8 or head[_LZMA_HEADER - 3 : _LZMA_HEADER] == b"\0" * 3
    if form.magic in (b"ORC", b"DUCK", b"LZIP", b"Obj\x01", b"PARE", b"FEA1"):
        return any(byte < 9 for byte in head[:64])
    return True
