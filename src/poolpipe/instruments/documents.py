"""Bytes to sheets of cells: containers opened within bounds, text decoded by evidence."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import re
import zipfile
import zlib
from dataclasses import dataclass, field
from functools import cache, cached_property, partial
from typing import TYPE_CHECKING

from poolpipe.events.spreadsheets import OLE
from poolpipe.instruments.cells import fold
from poolpipe.instruments.errors import DamagedFileError, RefusedFormatError
from poolpipe.instruments.workbooks import Loader, hidden_sheets, xls_tables, xlsx_tables

if TYPE_CHECKING:
    from collections.abc import Callable

    from poolpipe.import_policy import ImportPolicy

__all__ = [
    "EDS_FOLDER",
    "HEADER_WITHIN",
    "Document",
    "Row",
    "Sheet",
    "open_document",
    "text_document",
    "unpack_zip",
]

DELIMITERS = "\t;,"
EDS_FOLDER = "apldbio/sds/"  # in the archives of Applied Biosystems' classic software
HEADER_WITHIN = 400  # rows; real preambles run to forty, a section's raw data comes after its own header
_PRINTED = "тТсСΔδμ℃°±×"  # letters that instruments print in any country: the T of `Cт` is Cyrillic
# A spreadsheet that saves a text fills the line of a section's title up with empty cells.
_SECTION = re.compile(r'[\s"]*\[([^\]]{1,80})\][\s",;]*')


@dataclass(frozen=True, slots=True)
class Row:
    """Cells of one line; `line` counts from 1 in the whole text or in the sheet. `numeric` are places of numbers.

    `merged` has the text of each merged cell of a spreadsheet that reaches into the row, by column.
    `torn` is set where a quotation mark opens and does not close, or closes inside a cell: where its cells end is a guess.
    """

    line: int
    cells: list[str]
    numeric: frozenset[int] = frozenset()
    torn: bool = False
    merged: dict[int, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sheet:
    """A named table of rows; for text a section read with one delimiter. `above` are the lines before all sections."""

    name: str
    load: Callable[[int | None], list[Row]]  # the first so many rows, or all
    delimiter: str = ""
    above: Sheet | None = None
    alone: bool = False  # the only sheet of its workbook, so that its name does not matter

    @cached_property
    def rows(self) -> list[Row]:
        """The rows, read when first asked for."""
        return self.load(None)

    @cached_property
    def names(self) -> list[frozenset[str]]:
        """Folded names of each of the first rows, for finding the header."""
        return [frozenset(fold(cell) for cell in row.cells if cell) for row in self.load(HEADER_WITHIN)]


@dataclass(frozen=True)
class Document:
    """A file opened: its sheets, how it was encoded, and whether its last line was ended."""

    container: str  # text, spreadsheet, xml, zip
    sheets: list[Sheet]
    sha256: str = ""
    encoding: str = ""
    text: str = ""
    members: dict[str, bytes] = field(default_factory=dict)
    other_encoding: str = ""
    hidden: frozenset[str] = frozenset()  # titles of sheets that a spreadsheet program does not show

    @property
    def cut(self) -> bool:
        """Whether the text does not end with a line end, as a file cut short would."""
        return self.container == "text" and not self.text.endswith(("\n", "\r"))


def open_document(content: bytes, policy: ImportPolicy, *, name: str = "") -> Document:
    """Open a file's bytes as sheets.

    Parameters
    ----------
    content : bytes
        The file.
    policy : ImportPolicy
        Encoding, and bounds of sizes.
    name : str
        Name of the file in messages.

    Returns
    -------
    Document

    Raises
    ------
    DamagedFileError
        Empty, truncated or corrupt containers; bounds exceeded.
    RefusedFormatError
        Known formats that cannot be read here.
    """
    if len(content) > policy.max_bytes:
        raise DamagedFileError.of("file_too_large", where=name, size=len(content), most=policy.max_bytes)
    if content.startswith(b"\x1f\x8b"):
        content = _gunzip(content, policy, name)
    sha256 = hashlib.sha256(content).hexdigest()
    if not content.strip():
        raise DamagedFileError.of("file_empty", where=name)
    if content.startswith(b"PK"):
        members = unpack_zip(content, policy, name=name)
        # The 7500 keeps an empty workbook beside its results.
        of_eds = any(member.startswith(EDS_FOLDER) for member in members)
        if "xl/workbook.xml" in members and not of_eds:
            packed = _packed(members) if b"xl\\" in content else content
            sheets = _sheets(xlsx_tables(packed, members, name))
            return Document("spreadsheet", sheets, sha256, hidden=hidden_sheets(packed, name))
        return Document("zip", [], sha256, members=members)
    if content.startswith(OLE):
        sheets = _sheets(xls_tables(content, name))
        return Document("spreadsheet", sheets, sha256, hidden=hidden_sheets(content, name))
    head = content[:2048].lstrip(b"\xef\xbb\xbf \r\n\t").lower()
    if head.startswith((b"<!doctype html", b"<html", b"<table")):
        raise RefusedFormatError.of("web_page", where=name)
    if head.startswith(b"<"):
        return Document("xml", [], sha256, members={name or "document.xml": content})
    return text_document(content, policy, name=name)


def text_document(content: bytes, policy: ImportPolicy, *, name: str = "") -> Document:
    """Open a text as sheets: one per section, in every delimiter that occurs in it.

    Parameters
    ----------
    content, policy, name
        As in `open_document`.

    Returns
    -------
    Document
    """
    text, encoding, other = _decode(content, policy, name)
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    if lines and not lines[-1]:
        lines.pop()
    starts = [(0, "")] + [
        (i + 1, match[1]) for i, line in enumerate(lines) if (match := _SECTION.fullmatch(line))
    ]
    ends = [start - 1 for start, _ in starts[1:]] + [len(lines)]
    present = [mark for mark in DELIMITERS if mark in text] or [","]
    sheets: list[Sheet] = []
    for (start, title), end in zip(starts, ends, strict=True):
        above: list[Sheet] | list[None] = sheets[: len(present)] or [None] * len(present)
        sheets += [
            Sheet(title, _line_reader(lines[start:end], start + 1, mark), mark, first)
            for mark, first in zip(present, above, strict=True)
        ]
    return Document("text", sheets, hashlib.sha256(content).hexdigest(), encoding, text, other_encoding=other)


def unpack_zip(content: bytes, policy: ImportPolicy, *, name: str = "") -> dict[str, bytes]:
    """Unpack the members of a zip, each verified by its checksum and all together within `max_unpacked_bytes`.

    Parameters
    ----------
    content : bytes
        The zip.
    name : str
        Name of the file in messages.
    policy : ImportPolicy
        Bounds of sizes.

    Returns
    -------
    dict of str to bytes
        Member's name to its content.

    Raises
    ------
    DamagedFileError
        A damaged member, or one beyond the bounds.
    RefusedFormatError
        An encrypted archive.
    """
    members: dict[str, bytes] = {}
    room = policy.max_unpacked_bytes
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            if any(info.flag_bits & 1 for info in archive.infolist()):
                raise RefusedFormatError.of("archive_encrypted", where=name)
            for info in archive.infolist():
                path = info.filename.replace(
                    "\\", "/"
                )  # some of Bio-Rad's and Windows' packers write backslashes
                if path in members:
                    raise DamagedFileError.of("archive_twice", where=name, path=path)
                with archive.open(info) as member:
                    members[path] = member.read(room + 1)
                room -= len(members[path])
                if room < 0:
                    raise DamagedFileError.of("unpacks_too_large", where=name, most=policy.max_unpacked_bytes)
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, ValueError) as error:
        raise DamagedFileError.of("archive_broken", where=name, why=str(error)) from error
    return members


def _packed(members: dict[str, bytes]) -> bytes:
    """An archive of members with slashes in their paths, as readers of workbooks want them."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as archive:
        for path, member in members.items():
            archive.writestr(path, member)
    return made.getvalue()


def _gunzip(content: bytes, policy: ImportPolicy, name: str) -> bytes:
    try:
        with gzip.open(io.BytesIO(content)) as stream:
            plain = stream.read(policy.max_unpacked_bytes + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DamagedFileError.of("gzip_broken", where=name, why=str(error)) from error
    if len(plain) > policy.max_unpacked_bytes:
        raise DamagedFileError.of("unpacks_too_large", where=name, most=policy.max_unpacked_bytes)
    return plain


def _sheets(tables: dict[str, Loader]) -> list[Sheet]:
    """Sheets of a spreadsheet, each read when first asked for; one that holds `[sections]` is a sheet a section."""
    alone = len(tables) == 1
    return [part for title, load in tables.items() for part in _parts(title, load, alone=alone)]


def _parts(title: str, load: Loader, *, alone: bool) -> list[Sheet]:
    @cache
    def read(most: int | None) -> list[Row]:
        return [Row(i, *cells, merged=merged) for i, (cells, merged) in enumerate(load(most), 1)]

    if not any(_section(row) for row in read(HEADER_WITHIN)):
        return [Sheet(title, read, alone=alone)]
    rows = read(None)
    starts = [0] + [i + 1 for i, row in enumerate(rows) if _section(row)]
    ends = [start - 1 for start in starts[1:]] + [len(rows)]
    parts: list[Sheet] = []
    for start, end in zip(starts, ends, strict=True):
        name = _section(rows[start - 1]) if start else ""
        parts.append(Sheet(name, partial(_first, rows[start:end]), "", parts[0] if parts else None))
    return parts


def _first(rows: list[Row], most: int | None) -> list[Row]:
    return rows[:most]


def _section(row: Row) -> str:
    """The title of a row that holds nothing but `[title]`; empty for any other."""
    filled = [cell for cell in row.cells if cell.strip()]
    match = _SECTION.fullmatch(filled[0]) if len(filled) == 1 else None
    return match[1] if match else ""


def _line_reader(lines: list[str], first: int, delimiter: str) -> Callable[[int | None], list[Row]]:
    def read(most: int | None) -> list[Row]:
        csv.field_size_limit(2**24)
        return [_row(number, line, delimiter) for number, line in enumerate(lines[:most], first)]

    return read


def _row(number: int, line: str, delimiter: str) -> Row:
    """The cells of one line; a quoted cell ends with its line, whatever its quotation marks say."""
    if '"' not in line:
        return Row(number, line.split(delimiter) if line else [])
    if not _quoted_cells(delimiter).fullmatch(line):
        return Row(number, line.split(delimiter), torn=True)
    return Row(number, next(csv.reader([line], delimiter=delimiter), []))


@cache
def _quoted_cells(delimiter: str) -> re.Pattern[str]:
    """A line in which quotation marks are around whole cells, or doubled inside such cells, and nowhere else."""
    cell = f'(?:"(?:[^"]|"")*"|[^"{delimiter}]*)'
    return re.compile(f"{cell}(?:{delimiter}{cell})*")


def _decode(content: bytes, policy: ImportPolicy, name: str) -> tuple[str, str, str]:
    """Text, its encoding, and the other encoding that was possible."""
    encoding = _unicode_kind(content, name)
    if encoding:
        return _strict(content, encoding, name), encoding, ""
    try:
        return content.decode("utf-8"), "utf-8", ""
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data":
            raise DamagedFileError.of("inside_character", where=name) from error
    if policy.encoding:
        return _strict(content, policy.encoding, name), policy.encoding, ""
    if _is_chinese(content):
        return _strict(content, "gb18030", name), "gb18030", "cp1252"
    return _strict(content, "cp1252", name), "cp1252", "gb18030"


def _unicode_kind(content: bytes, name: str) -> str:
    """The encoding that a byte-order mark or the zero bytes of ASCII in UTF-16 show; empty without."""
    marks = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
    for mark, encoding in marks:
        if content.startswith(mark):
            return encoding
    if b"\x00" not in content[:4096]:
        return ""
    if content[:200].count(b"\x00") * 3 < len(content[:200]):
        raise DamagedFileError.of("binary_content", where=name)
    return "utf-16-le" if content[1:2] == b"\x00" else "utf-16-be"


def _is_chinese(content: bytes) -> bool:
    """Whether bytes that are not UTF-8 read as GB 18030 give Chinese letters and signs almost throughout."""
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        return False
    foreign = [letter for letter in text if letter > "\x7f"]
    common = sum(
        "\u3000" <= x <= "\u303f" or "\u4e00" <= x <= "\u9fff" or "\uff00" <= x <= "\uffef" or x in _PRINTED
        for x in foreign
    )
    several = len(foreign) > 1 or foreign[:1] == ["т"]
    return several and common * 10 >= len(foreign) * 9


def _strict(content: bytes, encoding: str, name: str) -> str:
    try:
        return content.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as error:
        raise DamagedFileError.of("not_encoded", where=name, encoding=encoding, why=str(error)) from error
