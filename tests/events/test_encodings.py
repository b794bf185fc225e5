"""The same scans in every encoding, line end and compression that scanners and spreadsheets write."""

from __future__ import annotations

import codecs
import gzip
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest

from events.scans import HEADER, ROWS, TUBES, codes, column, counts, csv_text, read_text, tubes

if TYPE_CHECKING:
    from pathlib import Path

SITES = ["县医院", "一小", "S1", None]
ENCODINGS = {
    "utf-8": b"",
    "utf-8-sig": b"",
    "utf-16": b"",
    "utf-16-le": b"",
    "utf-16-be": b"",
    "marked utf-16-le": codecs.BOM_UTF16_LE,
    "marked utf-16-be": codecs.BOM_UTF16_BE,
    "gb18030": b"",
    "gbk": b"",
}
NDJSON = "".join(json.dumps(dict(zip(HEADER, row, strict=True)), ensure_ascii=False) + "\n" for row in ROWS)


def _zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return bytes(packed.getvalue())


def _encoded(text: str, encoding: str) -> bytes:
    return ENCODINGS[encoding] + text.encode(encoding.removeprefix("marked "))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["LF", "CRLF", "CR"])
@pytest.mark.parametrize("encoding", ENCODINGS)
def test_csv__of_every_encoding_and_line_end_says_the_same(encoding: str, end: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, _encoded(csv_text(end=end), encoding))
    assert (tubes(events), column(events, "site"), counts(events)) == (TUBES, SITES, (4, 4, 0, 0))


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_ndjson__of_every_encoding_says_the_same(encoding: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, _encoded(NDJSON, encoding), "collect.ndjson")
    assert (tubes(events), column(events, "site")) == (TUBES, SITES)


@pytest.mark.parametrize("pack", [gzip.compress, _zstd], ids=["gzip", "zstd"])
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "gb18030"])
def test_compressed__text_of_every_encoding_says_the_same(pack, encoding: str, tmp_path: Path) -> None:
    # The name promises nothing: the content is recognised.
    events = read_text(tmp_path, pack(_encoded(csv_text(), encoding)), "collect.csv")
    assert column(events, "site") == SITES


def test_gzip__of_several_members_is_read_to_its_end(tmp_path: Path) -> None:
    text = csv_text().encode()
    events = read_text(tmp_path, gzip.compress(text[:70]) + gzip.compress(text[70:]), "collect.csv.gz")
    assert tubes(events) == TUBES


def test_gb18030__is_told_from_utf8_by_a_single_chinese_word(tmp_path: Path) -> None:
    # Two of the three characters are valid UTF-8 as well, of another script.
    rows = [(*ROWS[0][:3], "县医院")]
    assert column(read_text(tmp_path, csv_text(rows).encode("gb18030")), "site") == ["县医院"]


def test_gb18030__of_four_byte_characters_is_read(tmp_path: Path) -> None:
    rows = [(*row[:3], "㐀村𠀀") for row in ROWS]
    assert set(column(read_text(tmp_path, csv_text(rows).encode("gb18030")), "site")) == {"㐀村𠀀"}


def test_damage__of_one_byte_costs_one_line_and_no_other(tmp_path: Path) -> None:
    content = csv_text().encode().replace("一小".encode(), b"\xe4\xb8\xff\xe5\xb0\x8f")
    events = read_text(tmp_path, content)
    assert tubes(events) == [TUBES[0], *TUBES[2:]]
    assert codes(events) == [(3, "not_parseable")]
    assert "no text" in events.rejects["detail"][0]


def test_damage__cut_inside_a_character_is_a_broken_line(tmp_path: Path) -> None:
    content = csv_text(ROWS[:2]).encode().rstrip(b"\n")[:-1]
    events = read_text(tmp_path, content)
    assert tubes(events) == TUBES[:1]
    assert codes(events) == [(3, "not_parseable")]


def test_nul_bytes__break_their_line_alone(tmp_path: Path) -> None:
    content = csv_text().encode().replace(b"T-001", b"T-\x0001")
    events = read_text(tmp_path, content)
    assert tubes(events) == ["T-000", "T-002", "T-003"]
    assert codes(events) == [(3, "not_parseable")]


def test_nul_bytes__at_the_end_as_left_by_a_power_cut_are_no_events(tmp_path: Path) -> None:
    events = read_text(tmp_path, csv_text().encode() + b"\x00" * 512)
    assert tubes(events) == TUBES
    assert {code for _, code in codes(events)} <= {"not_parseable"}


@pytest.mark.parametrize("size", [1 << 24, (1 << 24) - 1, (1 << 24) + 1])
def test_blocks__cut_characters_and_lines_anywhere(size: int, tmp_path: Path) -> None:
    """A file of more than one block: the cut falls inside a character, before and behind it."""
    row = "2022-02-10T08:00:00Z,T{},H{},县医院{}\n"
    head = b"at,tube,person,site\n"
    filler = row.format(0, 0, "院" * 20000).encode()
    body = head + filler * ((size - len(head)) // len(filler))
    body += (
        row.format(1, 1, "a" * ((size - len(body)) % len(filler)) + "院院院").encode()
        + row.format(2, 2, "").encode()
    )
    events = read_text(tmp_path, body)
    assert tubes(events)[-1:] == ["T2"]
    assert counts(events)[0] == body.count(b"\n") - 1
    assert events.rejects["code"].unique().to_list() == ["bad_code"]
