"""Compressed files: whole, in pieces, padded, cut and damaged; what comes out had gone in."""

from __future__ import annotations

import errno
import gzip
import io
import os
import random
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pytest

from events.scans import ROWS, TUBES, codes, counts, csv_text, read_text, tubes
from poolpipe.events.damage import Plain
from poolpipe.events.gzip_members import Gzip
from poolpipe.events.unpacking import DamageError, opened
from poolpipe.events.zstd_stream import Zstd

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def zstd(content: bytes) -> bytes:
    packed = pa.BufferOutputStream()
    with pa.CompressedOutputStream(packed, "zstd") as stream:
        stream.write(content)
    return bytes(packed.getvalue())


def skippable(content: bytes) -> bytes:
    return b"\x5a\x2a\x4d\x18" + len(content).to_bytes(4, "little") + content


PACKERS: dict[str, Callable[[bytes], bytes]] = {"gz": gzip.compress, "zst": zstd}
TEXT = csv_text().encode()
FIRST, SECOND = TEXT[:130], TEXT[130:]


def unpacked(path: Path, content: bytes, block: int = 1 << 20) -> tuple[bytes, str]:
    """All bytes that can be trusted, and the trouble."""
    path.write_bytes(content)
    found = None
    for _ in range(2):
        raw, file, _ = opened(path, found)
        with raw:
            try:
                parts = []
                while part := file.read(block):
                    parts.append(part)
                assert file.read(block) == b""  # an end stays an end
                return b"".join(parts), file.trouble
            except DamageError as error:
                found = error
    raise AssertionError("what an attempt found is not what the next one met")


@pytest.mark.parametrize("block", [1, 7, 1 << 20])
@pytest.mark.parametrize("form", PACKERS)
def test_members__one_behind_the_other_are_one_text(form: str, block: int, tmp_path: Path) -> None:
    pack = PACKERS[form]
    for content in (pack(TEXT), pack(FIRST) + pack(SECOND), pack(TEXT) + pack(b""), pack(b"") + pack(TEXT)):
        assert unpacked(tmp_path / "x", content, block) == (TEXT, "")


@pytest.mark.parametrize(
    "content",
    [
        skippable(b"pzstd") + zstd(TEXT),
        skippable(b"") + skippable(b"1234") + zstd(FIRST) + skippable(b"between") + zstd(SECOND),
        zstd(TEXT) + skippable(b"at the end"),
    ],
    ids=["in front", "several", "behind"],
)
def test_skippable_frames__hold_no_text(content: bytes, tmp_path: Path) -> None:
    assert unpacked(tmp_path / "x", content) == (TEXT, "")
    assert tubes(read_text(tmp_path, content, "collect.csv.zst")) == TUBES


@pytest.mark.parametrize("zeros", [1, 8, 512, 600_000])
@pytest.mark.parametrize("form", PACKERS)
def test_padding__of_zeros_is_no_content(form: str, zeros: int, tmp_path: Path) -> None:
    for content in (PACKERS[form](TEXT), PACKERS[form](FIRST) + PACKERS[form](SECOND)):
        assert unpacked(tmp_path / "x", content + bytes(zeros)) == (TEXT, "")


@pytest.mark.parametrize("form", PACKERS)
def test_rubbish__behind_the_end_is_told_and_costs_no_record(form: str, tmp_path: Path) -> None:
    events = read_text(tmp_path, PACKERS[form](TEXT.rstrip()) + b"rubbish", f"collect.csv.{form}")
    assert (tubes(events), counts(events)) == (TUBES, (5, 4, 0, 1))
    assert "7 bytes behind the end" in events.rejects["detail"][0]


@pytest.mark.parametrize("tail", [b"", b"\0" * 5000], ids=["cut", "zeros instead"])
@pytest.mark.parametrize("form", PACKERS)
def test_break__anywhere_gives_a_beginning_of_the_text_and_says_so(
    form: str, tail: bytes, tmp_path: Path
) -> None:
    content = PACKERS[form](FIRST) + PACKERS[form](SECOND)
    lengths = {0}
    for cut in range(4, len(content)):
        text, trouble = unpacked(tmp_path / "x", content[:cut] + tail)
        assert TEXT.startswith(text), cut
        assert len(text) >= max(lengths), cut
        assert trouble or text in (FIRST, TEXT), cut
        lengths.add(len(text))
    assert len(lengths) > (60 if form == "gz" else 1)  # a block of zstd comes whole or not at all


def test_gzip__damaged_at_any_byte_gives_no_byte_that_was_not_in_it(tmp_path: Path) -> None:
    """Its checksum tells of damage at the end only, when wrong records have long been seen."""
    content = gzip.compress(FIRST) + gzip.compress(SECOND)
    border = len(gzip.compress(FIRST))
    rng = random.Random(10)
    for place in range(2, len(content)):
        damaged = _damaged(content, place, rng)
        text, trouble = unpacked(tmp_path / "x", damaged)
        assert TEXT.startswith(text), place
        assert place < border or text.startswith(FIRST), place
        assert text == TEXT or trouble, place


@pytest.mark.parametrize("zeros", [0, 3, 20])
@pytest.mark.parametrize("place", range(-8, 0))
def test_gzip__with_a_wrong_checksum_vouches_for_nothing(place: int, zeros: int, tmp_path: Path) -> None:
    """The text is short, so that the file ends with the zeros of its length."""
    content = bytearray(gzip.compress(TEXT))
    content[place] ^= 1
    text, trouble = unpacked(tmp_path / "x", bytes(content) + bytes(zeros))
    if place >= -4 and zeros == 20:  # the length's own zeros may be those that the file is padded with
        assert trouble
    else:
        assert (text, "incorrect" in trouble, " check" in trouble) == (b"", True, True)
    behind, _ = unpacked(tmp_path / "x", gzip.compress(FIRST) + bytes(content))
    assert behind == FIRST


def test_zstd__damaged_at_any_byte_ends(tmp_path: Path) -> None:
    """What a frame without checksum holds nobody can vouch for; the frame before it is read."""
    content = zstd(FIRST) + zstd(SECOND)
    border = len(zstd(FIRST))
    rng = random.Random(10)
    for place in range(border, len(content)):
        text, _ = unpacked(tmp_path / "x", _damaged(content, place, rng))
        assert text.startswith(FIRST), place


def _damaged(content: bytes, place: int, rng: random.Random) -> bytes:
    return rng.choice(
        [
            content[:place] + bytes([content[place] ^ 1 << rng.randrange(8)]) + content[place + 1 :],
            content[:place] + content[place + 1 + rng.randrange(4) :],
            content[:place] + rng.randbytes(rng.randrange(1, 5)) + content[place:],
        ]
    )


def test_damage__found_at_the_end_takes_back_what_was_read_before_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Several blocks were read and understood before the checksum; the files before and behind are not touched."""
    monkeypatch.setattr("poolpipe.events.streams.BLOCK", 1 << 17)
    rows = [(*ROWS[0][:1], f"T{number}", f"H{number}", "S1") for number in range(20_000)]
    content = bytearray(gzip.compress(csv_text(rows).encode()))
    content[-6] ^= 1  # the checksum itself
    (tmp_path / "collect-a.csv").write_bytes(TEXT)
    (tmp_path / "collect-c.csv").write_bytes(TEXT.replace(b"T-", b"U-"))
    (tmp_path / "collect-b.csv.gz").write_bytes(content)
    from events.scans import read

    events = read(tmp_path)
    assert tubes(events) == sorted(TUBES + [tube.replace("T-", "U-") for tube in TUBES], key=lambda t: t[2:])
    assert {file["file"]: file["read"] for file in events.files} == {
        "collect-a.csv": 4,
        "collect-b.csv.gz": 1,
        "collect-c.csv": 4,
    }
    assert "incorrect data check" in events.rejects["detail"][0]


class _FailingDisk(io.RawIOBase):
    """A file of which the disk gives the first bytes and no more."""

    def __init__(self, content: bytes, good: int) -> None:
        super().__init__()
        self.content = content
        self.good = good
        self.place = 0

    def seek(self, place: int, whence: int = 0) -> int:
        self.place = place if whence == 0 else len(self.content)
        return self.place

    def readable(self) -> bool:
        return True

    def read(self, most: int = -1) -> bytes:
        end = min(self.place + most, len(self.content))
        if end > self.good:
            raise OSError(errno.EIO, "Input/output error")
        part = self.content[self.place : end]
        self.place = end
        return part


@pytest.mark.parametrize("form", ["plain", *PACKERS])
def test_disk__that_cannot_read_on_gives_what_it_could(form: str) -> None:
    pack = PACKERS.get(form, bytes)
    text = random.Random(1).randbytes(400_000)  # does not shrink
    content = pack(text[:150_000]) + pack(text[150_000:])
    classes: dict[str, Any] = {"plain": Plain, "gz": Gzip}
    disk: Any = _FailingDisk(content, len(content) * 3 // 4)
    if form == "zst":
        with pytest.raises(DamageError, match="breaks off") as caught:
            Zstd(disk, carefully=False).read(1 << 24)
        assert caught.value.trusted == 150_000 + (1 << 17)
        return
    file = classes[form](disk)
    given = file.read(1 << 24)
    assert text.startswith(given)
    assert len(given) > 295_000
    assert "Input/output error" in file.trouble
    assert file.torn
    assert file.read(1) == b""


def test_file__whose_first_byte_cannot_be_read_is_a_reject(tmp_path: Path, monkeypatch) -> None:
    (tmp_path / "collect-a.csv").write_bytes(TEXT)
    (tmp_path / "collect-b.csv").write_bytes(TEXT)

    def fail(path: Path, found: DamageError | None = None):
        if path.name == "collect-b.csv":
            raise OSError(errno.EIO, "Input/output error")
        return opened(path, found)

    def fail_together(path: str | Path, *flags: int) -> int:
        if str(path).endswith("collect-b.csv"):
            raise OSError(errno.EIO, "Input/output error")
        return open_file(path, *flags)

    from events.scans import read

    open_file = os.open
    monkeypatch.setattr("poolpipe.events.opening.opened", fail)  # as a file is read alone
    monkeypatch.setattr(
        "poolpipe.events.small_files.os.open", fail_together
    )  # as small files are read together
    events = read(tmp_path)
    assert tubes(events) == TUBES
    assert codes(events) == [(None, "not_parseable")]
    assert "Input/output error" in events.rejects["detail"][0]
