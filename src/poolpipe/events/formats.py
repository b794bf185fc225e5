"""Recognise formats that are not read here by their first bytes, and say how to convert them."""

from __future__ import annotations

import codecs
import re
from typing import NamedTuple

from poolpipe.messages import message

__all__ = ["ENDINGS", "WORKBOOK", "NoEventsError", "unreadable"]


class NoEventsError(Exception):
    """A file holds no events, or none that can be read; it is skipped, and the summary names it with this reason."""


class _Format(NamedTuple):
    """First bytes of a format, the place where they begin, and the message."""

    magic: bytes
    says: str
    at: int = 0


ENDINGS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".et", ".ods")
"""Endings of workbooks; texts called so are read as texts."""

WORKBOOK = message("workbook_misnamed", {})
ZIP = message("zip_archive", {})


def _packed(what: str) -> str:
    return message("foreign_packed", {"what": what})


def _archive(what: str) -> str:
    return message("foreign_archive", {"what": what})


def _database(what: str) -> str:
    return message("foreign_database", {"what": what})


def _file(what: str) -> str:
    return message("foreign_file", {"what": what})


_TWICE = message("packed_two_times", {})
_PICTURE = message("picture", {})

_FORMATS = (
    _Format(b"BZh", _packed("bzip2")),
    _Format(b"\xfd7zXZ\x00", _packed("xz")),
    _Format(b"\x5d\x00\x00", _packed("lzma")),
    _Format(b"LZIP", _packed("lzip")),
    _Format(b"\x04\x22\x4d\x18", _packed("lz4")),
    _Format(b"\x1f\x9d", _packed("compress (.Z)")),
    _Format(b"\xff\x06\x00\x00sNaPpY", _packed("snappy")),
    _Format(b"\x89LZO\x00\r\n\x1a\n", _packed("lzop")),
    _Format(b"7z\xbc\xaf\x27\x1c", _archive("7-Zip")),
    _Format(b"Rar!\x1a\x07", _archive("RAR")),
    _Format(b"MSCF\x00\x00\x00\x00", _archive("cabinet")),
    _Format(b"ustar", _archive("tar"), at=257),
    _Format(b"\x1f\x8b", _TWICE),
    _Format(b"\x28\xb5\x2f\xfd", _TWICE),
    _Format(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", WORKBOOK),
    _Format(b"PK\x05\x06", ZIP),
    _Format(b"PK\x07\x08", ZIP),
    _Format(b"SQLite format 3\x00", _database("SQLite")),
    _Format(b"\x00\x01\x00\x00Standard ", _database("Microsoft Access")),
    _Format(b"DUCK", _database("DuckDB"), at=8),
    _Format(b"Obj\x01", _file("Avro")),
    _Format(b"ORC", _file("ORC")),
    _Format(b"PARE", message("parquet_encrypted", {})),
    _Format(b"FEA1", message("feather_first", {})),
    _Format(b"\x89HDF\r\n\x1a\n", _file("HDF5")),
    _Format(b"\x89PNG\r\n\x1a\n", _PICTURE),
    _Format(b"\xff\xd8\xff", _PICTURE),
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
        return message("workbook_of_2003", {})
    if _PDF.match(head):
        return message("pdf", {})
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
