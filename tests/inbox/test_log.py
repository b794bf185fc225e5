"""The log of the inbox: what was acknowledged is read back, or its damage is named."""

from __future__ import annotations

import errno
import os
import random
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from poolpipe.errors import InputError
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.inbox import log
from poolpipe.inbox.log import InboxFullError, InboxWriter, damages, read_inbox, read_rest, segments, trim
from poolpipe.inbox.packing import pack, unpack
from poolpipe.inbox.segments import InboxRecord

if TYPE_CHECKING:
    from pathlib import Path

SECRET = bytes(range(32))
SECTOR = 512


def posted(number: int, size: int = 60) -> Posted:
    return Posted(
        number * 1000, f"扫码枪-{number % 3}", "collect", PostedForm.OBJECT, bytes([number % 251]) * size
    )


def written(
    folder: Path, groups: list[list[Posted]], first: int = 1, segment_bytes: int = 1 << 16
) -> list[Posted]:
    """Append groups; give what must be read, with positions."""
    writer = InboxWriter(folder, SECRET, first, segment_bytes)
    expected = []
    for group in groups:
        at = writer.append(b"".join(map(pack, group)), len(group))
        expected += [each._replace(position=at + place) for place, each in enumerate(group)]
    writer.close()
    return expected


def read(folder: Path, done: int = 0) -> list[Posted]:
    return [
        each for record in read_inbox(folder, SECRET, done) for each in unpack(record.packed, record.first)
    ]


@pytest.fixture
def groups() -> list[list[Posted]]:
    rng = random.Random(1)
    return [
        [posted(place * 100 + each, rng.choice([0, 1, 60, 5000])) for each in range(rng.randint(1, 9))]
        for place in range(30)
    ]


def test_log__is_read_as_it_was_appended(tmp_path: Path, groups: list[list[Posted]]) -> None:
    folder = tmp_path / "inbox"
    expected = written(folder, groups)
    assert len(segments(folder)) > 3
    assert read(folder) == expected
    # a later process appends to segments of its own
    expected += written(folder, groups, first=len(expected) + 1)
    assert read(folder) == expected


def test_log__says_nothing_in_clear(tmp_path: Path) -> None:
    secret = b"11010519491231002X"
    folder = tmp_path / "inbox"
    written(folder, [[posted(1)._replace(content=secret * 20, device="S17-gun")]])
    content = b"".join(each.path.read_bytes() for each in segments(folder))
    assert secret[:8] not in content
    assert b"S17-gun" not in content


def test_position__that_the_tables_have_is_passed_over_and_trimmed(
    tmp_path: Path, groups: list[list[Posted]]
) -> None:
    folder = tmp_path / "inbox"
    expected = written(folder, groups)
    before = segments(folder)
    ends = [each.first - 1 for each in before[1:]]
    for done in (ends[1], ends[2]):
        trim(folder, done)
        assert read(folder, done) == [each for each in expected if each.position > done]
    assert segments(folder) == before[3:]
    trim(folder, len(expected))
    assert segments(folder) == before[-1:]
    assert read(folder, len(expected)) == []


def _torn(content: bytes, start: int, end: int, rng: random.Random) -> bytes:
    """A state after a power cut: any sectors of the last record are missing, perhaps the file is short, too."""
    cut = bytearray(content)
    places = range(start, end, SECTOR)
    for at in rng.sample(places, rng.randint(1, len(places))):
        cut[at : at + SECTOR] = bytes(SECTOR)
    return bytes(cut)


def test_torn_tail__was_never_acknowledged_and_is_no_damage(tmp_path: Path) -> None:
    rng = random.Random(2)
    folder = tmp_path / "inbox"
    expected = written(folder, [[posted(1)], [posted(2, 3000)]])
    (segment,) = segments(folder)
    content = segment.path.read_bytes()
    sizes = [record.end for record in read_inbox(folder, SECRET, 0)]
    for _ in range(60):
        segment.path.write_bytes(_torn(content, sizes[0], sizes[1], rng))
        assert read(folder) == expected[:1]
        segment.path.write_bytes(content[: rng.randrange(sizes[0] + 1, sizes[1] - SECTOR)])
        assert read(folder) == expected[:1]


@pytest.mark.parametrize("record", [0, 1, 2])
def test_flipped_bit__is_named_and_what_lies_behind_it_can_be_had(tmp_path: Path, record: int) -> None:
    rng = random.Random(3)
    folder = tmp_path / "inbox"
    expected = written(folder, [[posted(1)], [posted(2, 2000)], [posted(3)]])
    (segment,) = segments(folder)
    content = segment.path.read_bytes()
    ends = [SECTOR, *(each.end for each in read_inbox(folder, SECRET, 0))]
    sealed = 64 + 60 + 16 + 24  # of the shortest record: what lies behind it in the sector is padding
    for _ in range(40):
        place = rng.randrange(ends[record], ends[record] + sealed)
        flipped = bytearray(content)
        flipped[place] ^= 1 << rng.randrange(8)
        segment.path.write_bytes(flipped)
        with pytest.raises(
            InputError,
            match=rf"inbox: scans that were acknowledged cannot be read from byte {ends[record]} on",
        ):
            read(folder)
        # what lies behind it can be had by those who give up the damaged record
        rest = [each for each in read_rest(folder, SECRET, 0) if isinstance(each, InboxRecord)]
        got = [each for found in rest for each in unpack(found.packed, found.first)]
        assert got == expected[:record] + expected[record + 1 :]


def test_sector_lost_before_a_record__is_damage(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    written(folder, [[posted(1, 2000)], [posted(2)]])
    (segment,) = segments(folder)
    content = bytearray(segment.path.read_bytes())
    for place in (SECTOR, 2 * SECTOR):
        lost = content.copy()
        lost[place : place + SECTOR] = bytes(SECTOR)
        segment.path.write_bytes(lost)
        assert [each.why for each in damages(folder, None, 0)] == ["record"]


def test_missing_or_exchanged_segment__is_damage(tmp_path: Path, groups: list[list[Posted]]) -> None:
    folder = tmp_path / "inbox"
    written(folder, groups)
    found = segments(folder)
    found[1].path.unlink()
    with pytest.raises(InputError, match=r"records (before|behind) it are missing"):
        read(folder)
    first = tmp_path / "other"
    written(first, groups)
    own = segments(first)
    own[0].path.write_bytes(own[1].path.read_bytes())
    with pytest.raises(InputError, match="missing"):
        read(first)


def test_other_key__is_named(tmp_path: Path) -> None:
    folder = tmp_path / "inbox"
    written(folder, [[posted(1)]])
    with pytest.raises(InputError, match="sealed by another key"):
        list(read_inbox(folder, bytes(32), 0))
    assert damages(folder, None, 0) == []


def test_full_disk__keeps_nothing_of_the_group_and_goes_on(
    tmp_path: Path, groups: list[list[Posted]]
) -> None:
    folder = tmp_path / "inbox"
    writer = InboxWriter(folder, SECRET, 1, 1 << 16)
    expected = []
    real, calls = os.pwrite, iter(range(10**6))

    def full(file: int, content: bytes, place: int) -> int:
        if next(calls) % 3 == 1:
            real(file, bytes(content)[:700], place)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(file, content, place)

    refused = 0
    for group in groups:
        with mock.patch.object(os, "pwrite", full):
            try:
                at = writer.append(b"".join(map(pack, group)), len(group))
            except InboxFullError:
                refused += 1
                continue
        expected += [each._replace(position=at + place) for place, each in enumerate(group)]
    assert 5 < refused < len(groups)
    assert read(folder) == expected


def test_failed_sync__is_no_full_disk(tmp_path: Path) -> None:
    writer = InboxWriter(tmp_path / "inbox", SECRET, 1)
    writer.append(pack(posted(1)), 1)
    with (
        mock.patch.object(log, "_sync", side_effect=OSError(errno.EIO, "Input/output error")),
        pytest.raises(OSError, match="Input"),
    ):
        writer.append(pack(posted(2)), 1)
    writer.close()


def test_request__that_breaks_off_is_refused() -> None:
    packed = pack(posted(1)) + pack(posted(2))
    for size in (len(packed) - 1, len(packed) // 2 + 3):
        with pytest.raises(ValueError, match=r"^\d+$"):
            list(unpack(packed[:size], 1))
