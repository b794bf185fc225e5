"""Formats that are not read, told by bytes as the programs that write them do; a text that begins alike is a text."""

from __future__ import annotations

import bz2
import io
import lzma
import sqlite3
import tarfile
import zipfile
from typing import TYPE_CHECKING

import duckdb
import pytest

from poolpipe.events.formats import WORKBOOK, unreadable
from poolpipe.events.streams import has_known_header

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SCANS = b"at,tube,person\n2022-02-10T08:00:00Z,T1,H1\n"
REST = bytes(range(200, 256)) + b"\0" * 8


def _tar() -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        member = tarfile.TarInfo("collect.csv")
        member.size = len(SCANS)
        archive.addfile(member, io.BytesIO(SCANS))
    return made.getvalue()


def _zip(name: str) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w") as archive:
        archive.writestr(name, SCANS)
    return made.getvalue()


def _sqlite(folder: Path) -> bytes:
    with sqlite3.connect(folder / "x.db") as connection:
        connection.execute("create table t (a)")
    return (folder / "x.db").read_bytes()


def _duckdb(folder: Path) -> bytes:
    with duckdb.connect(folder / "x.duckdb") as connection:
        connection.execute("create table t (a int)")
    return (folder / "x.duckdb").read_bytes()


WRITTEN: dict[str, Callable[[Path], bytes]] = {
    "bzip2": lambda _: bz2.compress(SCANS),
    "xz": lambda _: lzma.compress(SCANS),
    "lzma": lambda _: lzma.compress(SCANS, lzma.FORMAT_ALONE),
    "tar": lambda _: _tar(),
    "SQLite": _sqlite,
    "DuckDB": _duckdb,
    "zip": lambda _: _zip("collect.csv"),
    "lzip": lambda _: b"LZIP\x01" + REST,
    "lz4": lambda _: b"\x04\x22\x4d\x18" + REST,
    "compress (.Z)": lambda _: b"\x1f\x9d" + REST,
    "snappy": lambda _: b"\xff\x06\x00\x00sNaPpY" + REST,
    "lzop": lambda _: b"\x89LZO\x00\r\n\x1a\n" + REST,
    "7-Zip": lambda _: b"7z\xbc\xaf\x27\x1c" + REST,
    "RAR": lambda _: b"Rar!\x1a\x07" + REST,
    "cabinet": lambda _: b"MSCF\x00\x00\x00\x00" + REST,
    "Microsoft Access": lambda _: b"\x00\x01\x00\x00Standard Jet DB" + REST,
    "Avro": lambda _: b"Obj\x01" + REST,
    "ORC": lambda _: b"ORC" + REST,
    "encrypted": lambda _: b"PARE" + REST,
    "HDF5": lambda _: b"\x89HDF\r\n\x1a\n" + REST,
    "picture": lambda _: b"\x89PNG\r\n\x1a\n" + REST,
    "photograph": lambda _: b"\xff\xd8\xff\xe0" + REST,
    "PDF": lambda _: b"%PDF-1.7" + REST,
    "two times": lambda _: b"\x1f\x8b" + REST,
}
WORDS = {"photograph": "picture", "two times": "twice", "zip": "archive"}


@pytest.mark.parametrize("name", WRITTEN)
def test_format__that_is_not_read_is_named(name: str, tmp_path: Path) -> None:
    said = unreadable(WRITTEN[name](tmp_path)[:512])
    assert WORDS.get(name, name).lower() in said.lower()


@pytest.mark.parametrize(
    "member", ["[Content_Types].xml", "_rels/.rels", "docProps/app.xml", "xl/workbook.xml", "mimetype"]
)
def test_workbook__is_told_from_other_archives_by_its_first_member(member: str) -> None:
    assert unreadable(_zip(member)) == WORKBOOK != unreadable(_zip(member.upper()))
    assert unreadable(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + REST) == WORKBOOK


@pytest.mark.parametrize(
    "begins", ["BZh", "PK\x03\x04", "ORC", "LZIP", "DUCK", "PARE", "Obj,", "FEA1", "PDF-1.7"]
)
@pytest.mark.parametrize("goes_on", ["9,tube,person\n", "\t", "号码,采样管\n"])
def test_text__that_begins_like_a_format_is_read(begins: str, goes_on: str) -> None:
    assert unreadable(f"{begins}{goes_on}".encode()) == ""
    assert unreadable(f"{begins}{goes_on}".encode("gb18030")) == ""


@pytest.mark.parametrize("above", [9, 10])
def test_header__in_chinese_is_looked_for_in_the_first_ten_lines(above: int) -> None:
    text = "登记表\n" * above + "采样管条码,身份证号,采样时间\n"
    assert has_known_header(text.encode()) == (above < 10)


def test_tubes__whose_code_stands_where_a_tar_has_its_mark_are_read() -> None:
    text = (SCANS * 8)[:257] + b"ustar,H1\n" + SCANS
    assert unreadable(text) == ""
