"""The same scans in every encoding, line end and compression that scanners and spreadsheets write."""

from __future__ import annotations

import codecs
import gzip
import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from events.scans import HEADER, ROWS, TUBES, codes, column, counts, csv_text, read_text, tubes

if TYPE_CHECKING:
    from pathlib import Path

AT = "2022-02-10T08:00:00Z"
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


ROSTER = [
    (f"2022-02-10T08:00:0{n}+08:00", f"T-{n:03}", f"36078119850101{n:04}", "江西省赣州市瑞金市象湖镇" * 30)
    for n in range(9)
]
"""Mostly Chinese: one byte in a hundred is a zero in UTF-16."""


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_roster__that_is_mostly_chinese_says_the_same_in_every_encoding(
    encoding: str, tmp_path: Path
) -> None:
    header = ("at", "tube", "person", "site")
    text = csv_text(ROSTER, header=header).replace("site", "name")
    events = read_text(tmp_path, _encoded(text, encoding))
    assert (column(events, "name"), counts(events)) == ([row[3] for row in ROSTER], (9, 9, 0, 0))


def test_utf32__is_known_by_its_mark(tmp_path: Path) -> None:
    assert column(read_text(tmp_path, csv_text().encode("utf-32")), "site") == SITES


PLAIN = "".join(f"2022-02-10T08:00:00Z,T{n:05},H{n:05},S1\n" for n in range(3000))
CHINESE = "".join(f"2022-02-10T08:00:00Z,U{n:03},H{n:03},县医院{n}\n" for n in range(300))
DOUBTFUL = "2022-02-10T08:00:00Z,V1,H1,一\n"
"""Its only Chinese character is a sound one of UTF-8 as well, in GB18030: Armenian."""

HEAD = "at,tube,person,site\n"


@pytest.mark.parametrize("block", [1 << 16, 1 << 24], ids=["many blocks", "one block"])
@pytest.mark.parametrize("before", [PLAIN, PLAIN + DOUBTFUL + PLAIN], ids=["ASCII", "sound UTF-8"])
def test_gb18030__that_shows_late_is_that_from_the_start(
    before: str, block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolpipe.events.streams.BLOCK", block)
    text = HEAD + before + PLAIN + CHINESE
    events = read_text(tmp_path, text.encode("gb18030"))
    whole = read_text(tmp_path, text.encode())
    assert column(events, "site") == column(whole, "site")
    assert counts(events) == counts(whole)


@pytest.mark.parametrize("block", [1 << 16, 1 << 24], ids=["many blocks", "one block"])
def test_utf8__damaged_in_its_first_bytes_is_utf8_by_all_the_others(
    block: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("poolpipe.events.streams.BLOCK", block)
    damage = "".join(f"2022-02-10T08:00:00Z,W{n},H{n},\udcb0\udca1\udcb0\udca1\n" for n in range(5))
    text = (HEAD + damage + PLAIN + PLAIN + CHINESE).encode(errors="surrogateescape")
    events = read_text(tmp_path, text)
    assert codes(events) == [(line, "not_parseable") for line in range(2, 7)]
    assert {site for site in column(events, "site") if site != "S1"} == {f"县医院{n}" for n in range(300)}


def test_damage__of_many_bytes_makes_no_chinese_of_latin_letters(tmp_path: Path) -> None:
    """Read as GB18030 an odd byte and the letter behind it are a Chinese character, in a number of a person too."""
    rows = [(AT, f"T{n}", f"H{n}", "S1") for n in range(100)]
    content = csv_text(rows).encode()
    for n in (20, 40, 60):
        content = content.replace(f",H{n},".encode(), b",\xe9A" + str(n).encode() + b",")
    events = read_text(tmp_path, content)
    assert codes(events) == [(line, "not_parseable") for line in (22, 42, 62)]
    assert counts(events) == (100, 97, 0, 3)


LETTERS = st.text(st.sampled_from("aZ09 ,;'县医院李㐀𠀀éя一丁。"), max_size=12)


@settings(max_examples=40)
@given(
    sites=st.lists(LETTERS, min_size=1, max_size=6),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "marked utf-16-be"]),
    block=st.integers(1, 300),
    damage=st.sampled_from([b"", b"\xff", b"\xe5\x8e", b"\x81\x30"]),
)
def test_text__is_the_same_however_it_is_cut_into_blocks(
    tmp_path_factory: pytest.TempPathFactory, sites: list[str], encoding: str, block: int, damage: bytes
) -> None:
    lines = [f'2022-02-10T08:00:00Z,T{n},H{n},"{site}"\n' for n, site in enumerate(sites)]
    content = _encoded(HEAD + "".join(lines), encoding) + damage
    path = tmp_path_factory.mktemp("blocks") / "collect.csv"
    whole = read_text(path.parent, content)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("poolpipe.events.streams.BLOCK", block)
        patch.setattr(
            "poolpipe.events.streams.SAMPLE", min(max(block, 4), 64)
        )  # no less than a byte-order mark
        cut = read_text(path.parent, content)
    assert (column(cut, "site"), codes(cut)) == (column(whole, "site"), codes(whole))
