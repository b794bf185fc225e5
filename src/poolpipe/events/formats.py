"""Recognise formats that are not read here by their first bytes, and say how to convert them."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

__all__ = ["ENDINGS", "WORKBOOK", "NoEventsError", "unreadable"]


class NoEventsError(Exception):
    """A file holds no events, or none that can be read; it is skipped, and the summary names it with this reason."""


class _Format(NamedTuple):
    """First bytes of a format, the place where they begin, and the message."""

    magic: bytes
    says: str
    at: int = 0


_UNPACK = "unpack it and give what is in it 请解压后再提供"
_AS_CSV = "save each sheet as CSV (UTF-8) and give that 请另存为 CSV（UTF-8）后再提供"
_AS_WORKBOOK = "open it in Excel or WPS and save it as .xlsx 请用 Excel 或 WPS 打开后另存为 .xlsx"
_EXPORT = "export its table as CSV, NDJSON or Parquet 请导出为 CSV、NDJSON 或 Parquet"

ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".et", ".ods")
"""Endings of workbooks; texts called so are read as texts."""

WORKBOOK = f"a workbook whose name does not end like one's: call it .xlsx or .xls, or: {_AS_CSV}"
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
    _Format(b"\x89PNG\r\n\x1a\n", "a picture 图片"),
    _Format(b"\xff\xd8\xff", "a picture 图片"),
)

_OFFICE = (b"[Content_Types].xml", b"_rels/", b"docProps/", b"xl/", b"mimetype")
"""Name of the first member of a workbook, xlsx or ods."""

_CONTROL = re.compile(rb"[\x00-\x08\x0e-\x1f]")
_PDF = re.compile(rb"%PDF-\d\.\d")


def unreadable(head: bytes) -> str:
    """Say why a file cannot be read, by the first bytes of its uncompressed content; empty where they are of no such format.

    A text may begin with the same letters, or be damaged there: the bytes that follow must not be text either.

    Parameters
    ----------
    head : bytes
        At least the first 512 bytes, or all there are.

    Returns
    -------
    str
        What it is and the way out, in English and Chinese.
    """
    if head.startswith(b"PK\x03\x04") and not _is_text(head[4:]):
        return WORKBOOK if head[30:].startswith(_OFFICE) else ZIP
    if b"urn:schemas-microsoft-com:office:spreadsheet" in head or b"Excel.Sheet" in head:
        return f"a spreadsheet in XML (2003): {_AS_WORKBOOK}"
    if _PDF.match(head):
        return f"a PDF: {_EXPORT}"
    found = (form for form in _FORMATS if head.startswith(form.magic, form.at))
    return next((form.says for form in found if not _is_text(head[form.at + len(form.magic) :])), "")


def _is_text(content: bytes) -> bool:
    """Whether bytes are text, UTF-8 or GB18030, and not empty."""
    if not content or _CONTROL.search(content):
        return False
    for encoding in ("utf-8", "gb18030"):
        try:
            codecs.getincrementaldecoder(encoding)().decode(content)  # its last character may be cut
        except UnicodeDecodeError:
            continue
        return True
    return False
