"""Group commit: an acknowledgement means synced, and after a failed sync there is none."""

from __future__ import annotations

import asyncio
import errno
import random
import threading
from typing import TYPE_CHECKING
from unittest import mock

import pytest

from poolpipe.events.posted import Posted, PostedForm
from poolpipe.inbox import log
from poolpipe.inbox.log import InboxFullError, InboxWriter, read_inbox
from poolpipe.inbox.packing import pack, unpack
from poolpipe.serve.group_commit import GroupCommit
from poolpipe.serve.rates import Rates

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SECRET = bytes(32)


def packed(number: int) -> bytes:
    return pack(Posted(number, "gun", "collect", PostedForm.OBJECT, b"%d" % number * 30))


class Watched:
    """A group commit whose syncs can be made to fail, and what was said of it."""

    def __init__(self, folder: Path, sync: Callable[[int], None] = log._sync) -> None:
        self.synced: list[int] = []
        self.broken: list[OSError] = []
        self.patch = mock.patch.object(log, "_sync", sync)
        self.patch.start()
        self.group = GroupCommit(
            InboxWriter(folder, SECRET, 1),
            asyncio.get_running_loop(),
            lambda last, _: self.synced.append(last),
            self.broken.append,
        )

    def close(self) -> None:
        self.group.close()
        self.patch.stop()


def test_acknowledgement__comes_when_it_is_synced_and_names_the_place(tmp_path: Path) -> None:
    async def run() -> list[int]:
        watched = Watched(tmp_path / "inbox")
        told = await asyncio.gather(*(watched.group.keep(packed(number)) for number in range(500)))
        assert watched.group.bytes_waiting == 0
        watched.close()
        assert watched.synced[-1] == 500
        assert watched.group.groups < 100
        return told

    positions = asyncio.run(run())
    read = [
        each
        for record in read_inbox(tmp_path / "inbox", SECRET, 0)
        for each in unpack(record.packed, record.first)
    ]
    assert {each.position: each.content for each in read} == {
        position: b"%d" % number * 30 for number, position in enumerate(positions)
    }


def test_nothing__is_acknowledged_before_the_sync_has_returned(tmp_path: Path) -> None:
    held = threading.Event()

    def sync(_: int) -> None:
        assert held.wait(10)

    async def run() -> None:
        watched = Watched(tmp_path / "inbox", sync)
        told = watched.group.keep(packed(1))
        await asyncio.sleep(0.1)
        assert not told.done()
        held.set()
        assert await told == 1
        watched.close()

    asyncio.run(run())


def test_failed_sync__is_the_end_of_acknowledging(tmp_path: Path) -> None:
    calls = iter([None, None, OSError(errno.EIO, "Input/output error")])

    def sync(_: int) -> None:
        if (error := next(calls, None)) is not None:
            raise error

    async def run() -> None:
        watched = Watched(tmp_path / "inbox", sync)
        assert [await watched.group.keep(packed(number)) for number in range(2)] == [1, 2]
        with pytest.raises(OSError, match="Input/output error"):
            await watched.group.keep(packed(2))
        assert [each.errno for each in watched.broken] == [errno.EIO]
        later = watched.group.keep(packed(3))  # no later sync may say that it is kept
        await asyncio.sleep(0.2)
        assert not later.done()
        assert watched.synced == [1, 2]
        watched.close()

    asyncio.run(run())


def test_full_disk__refuses_the_group_and_takes_the_next(tmp_path: Path) -> None:
    async def run() -> list[int]:
        watched = Watched(tmp_path / "inbox")
        rng, kept = random.Random(1), []
        real = log._written

        def written(*given: object) -> None:
            if rng.random() < 0.3:
                raise OSError(errno.ENOSPC, "No space left on device")
            real(*given)  # type: ignore[arg-type]

        with mock.patch.object(log, "_written", written):
            for number in range(40):
                try:
                    await watched.group.keep(packed(number))
                except InboxFullError:
                    continue
                kept.append(number)
        watched.close()
        assert not watched.broken
        return kept

    kept = asyncio.run(run())
    assert 10 < len(kept) < 40
    read = [
        each
        for record in read_inbox(tmp_path / "inbox", SECRET, 0)
        for each in unpack(record.packed, record.first)
    ]
    assert [each.arrived for each in read] == kept


def test_rate__is_kept_on_average_and_after_a_rest_exceeded() -> None:
    rates, rng = Rates(10, 2), random.Random(2)
    now, taken = 0.0, 0
    for _ in range(5000):  # a device that sends whenever it may
        now += rng.random() * 0.02
        taken += rates.wait("gun", 0, now) == 0
    assert now * 10 <= taken <= now * 10 + 21
    assert [rates.wait("other", 5, 1000.0) for _ in range(10)] == [0.0] * 10
    assert 0 < rates.wait("other", 5, 1000.0) <= 0.21
    assert rates.wait("other", 5, 1000.3) == 0
