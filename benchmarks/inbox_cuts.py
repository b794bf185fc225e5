"""Cut the power at every moment of a service's life, and hold what is left against what it had acknowledged.

    python -m benchmarks.inbox_cuts --states 10000 --seed 1

Takes requests in as a service does: groups are appended and acknowledged, cleaned, committed, the inbox is trimmed; it drains and
begins again, dies and is followed by another, meets a full disk. Draws states in which a power cut may leave the folder, and asks of each
that the tables have the requests up to the position that they name, the inbox all that was acknowledged behind it, and
nothing else but the group that was under way; sometimes the store is opened, concluded and checked as a whole, too.
"""

from __future__ import annotations

import errno
import json
import os
import random
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from unittest import mock

from benchmarks.power_record import Recorder
from benchmarks.power_trials import Wrong, argument_parser, tried, tried_in_memory
from poolpipe.events.posted import Posted, PostedForm
from poolpipe.inbox.log import INBOX, InboxFullError, InboxWriter, read_inbox, remove_all, trim
from poolpipe.inbox.packing import pack, unpack
from poolpipe.store import Store
from poolpipe.store.inbox_draining import appending

if TYPE_CHECKING:
    from pathlib import Path

    from poolpipe.store.inbox_taking import InboxTaking

_SEGMENT = 1 << 13
_NOON = 1_644_465_600_000_000


@dataclass
class ServiceLife:
    """A recorded service: its steps, and how many requests were acknowledged after each `done`."""

    root: Path
    path: Path
    recorder: Recorder
    acknowledged: list[int] = field(default_factory=lambda: [0])

    @property
    def sent(self) -> int:
        return self.acknowledged[-1]


def person(number: int) -> str:
    return f"E{number:07}"


def post(number: int, rng: random.Random) -> Posted:
    """The request of this position: one scan, all of them different; some are long."""
    scan = {
        "at": f"2022-02-10 08:{number // 60:02}:{number % 60:02}", "tube": f"T{number // 10}", "person_type": "PASSPORT",
        "person": person(number), "name": "x" * rng.choice((1, 1, 1, 700)),
    }  # fmt: skip
    return Posted(
        _NOON + number, "gun", "collect", PostedForm.OBJECT, json.dumps(scan).encode(), position=number
    )


class _Turn:
    """A service from its start to its end."""

    def __init__(
        self, life: ServiceLife, taking: InboxTaking, writer: InboxWriter, rng: random.Random
    ) -> None:
        self._life, self._taking, self._writer, self._rng = life, taking, writer, rng
        self._waiting: list[Posted] = []

    def take(self, *, is_full: bool = False) -> None:
        """Append a group; it is acknowledged when that returns."""
        first = self._life.sent + 1
        group = [post(first + place, self._rng) for place in range(self._rng.randint(1, 6))]
        packed = b"".join(map(pack, group))
        if is_full:
            self._meet_full_disk(packed, len(group))
            return
        assert self._writer.append(packed, len(group)) == first
        self._waiting += group
        self._life.recorder.done()
        self._life.acknowledged.append(first + len(group) - 1)

    def _meet_full_disk(self, packed: bytes, count: int) -> None:
        real = os.pwrite

        def half(file: int, content: memoryview, place: int) -> int:
            real(file, content[: len(content) // 2], place)
            raise OSError(errno.ENOSPC, "No space left on device")

        with mock.patch.object(os, "pwrite", half):
            try:
                self._writer.append(packed, count)
            except InboxFullError:
                return
        raise AssertionError("a full disk was not noticed")

    def commit(self) -> None:
        """What was taken becomes a version, and the inbox lets go of it."""
        if self._waiting:
            self._taking.clean(self._waiting)
            self._waiting = []
            trim(self._life.path / INBOX, self._taking.commit())


def recorded_service(folder: Path, seed: int = 1) -> ServiceLife:
    """Live through three services while every operation is recorded: one drains, one dies, and one is there at the end."""
    root, rng = folder / "disk", random.Random(seed)
    root.mkdir()
    life = ServiceLife(root, root / "new" / "city", Recorder(root))
    with life.recorder.recording():
        for turn in range(3):
            with Store(life.path) as store, store.serving() as taking, appending(life.path) as inbox:
                remove_all(inbox)
                writer = InboxWriter(inbox, store.inbox_secret(), taking.done + 1, _SEGMENT)
                service = _Turn(life, taking, writer, rng)
                for number in range(14):
                    service.take(is_full=turn == 1 and number in (5, 9))
                    if rng.random() < 0.25:
                        service.commit()
                writer.close()
                if turn != 1:
                    service.commit()
                    remove_all(inbox)
    return life


class ServiceVerifier:
    """Opens states, and remembers what tables of one hash hold."""

    def __init__(self, life: ServiceLife) -> None:
        self._life = life
        self._held: dict[tuple[str, ...], list[str]] = {}
        self.counts: Counter[str] = Counter()

    def verify(self, done: int, *, whole: bool) -> None:
        """Hold the folder on disk against what was acknowledged.

        Raises
        ------
        Wrong
            With what was found.
        """
        told = self._life.acknowledged
        least, most = told[done], told[min(done + 1, len(told) - 1)]
        with Store(self._life.path, settle=False) as store:
            position = store.inbox_position
            self._hold(store, position)
            there = [
                each
                for record in read_inbox(self._life.path / INBOX, store.inbox_secret(), position)
                for each in unpack(record.packed, record.first)
                if each.position > position
            ]
        last = there[-1].position if there else position
        if [each.position for each in there] != list(range(position + 1, last + 1)):
            raise Wrong(f"behind {position} there are {[each.position for each in there]}")
        for each in there:
            if json.loads(each.content)["person"] != person(each.position):
                raise Wrong(f"at {each.position} is another request")
        if not least <= last <= most:
            raise Wrong(f"acknowledged up to {least}, kept up to {last}")
        self.counts["with the group under way" if last > least else "as acknowledged"] += 1
        self.counts["with requests in the inbox"] += bool(there)
        if whole:
            self._open(last)

    def _hold(self, store: Store, position: int) -> None:
        """The tables have each request up to a position, once."""
        files = tuple(part.sha256 for part in store._ledger.parts(store.version))
        if files not in self._held:
            self._held[files] = sorted(store.run().members["person"].to_list())
        if self._held[files] != [person(number) for number in range(1, position + 1)]:
            raise Wrong(f"tables name position {position} and hold {len(self._held[files])} people")

    def _open(self, last: int) -> None:
        """Open as whoever comes next, twice; then a service goes on."""
        self.counts["opened, checked and gone on with"] += 1
        for _ in range(2):
            with Store(self._life.path) as store:
                if found := store.check():
                    raise Wrong(f"check finds {found}")
                self._hold(store, last)
        with Store(self._life.path) as store, store.serving() as taking, appending(self._life.path) as inbox:
            remove_all(inbox)
            writer = InboxWriter(inbox, store.inbox_secret(), taking.done + 1, _SEGMENT)
            following = post(last + 1, random.Random(0))
            if writer.append(pack(following), 1) != last + 1:
                raise Wrong("the next request has another position")
            writer.close()
        with Store(self._life.path) as store:
            self._hold(store, last + 1)


def run(states: int, seed: int, folder: Path, *, whole_every: int = 20) -> tuple[Counter[str], list[str]]:
    """Verify so many distinct states; see `power_trials.tried`."""
    life = recorded_service(folder)
    steps = life.recorder.steps
    promised = [place for place, step in enumerate(steps, 1) if step.what == "done"]

    def draw_cut(rng: random.Random, number: int) -> int:
        """Every second cut is at once after an acknowledgement, where most is promised."""
        return rng.choice(promised) if number % 2 else rng.randrange(len(steps) + 1)

    return tried(steps, life.root, ServiceVerifier(life), states, seed, draw_cut, whole_every=whole_every)


def main() -> int:
    """Verify many states in a folder in memory."""
    options = argument_parser(__doc__).parse_args()
    return 1 if tried_in_memory(run, options.states, options.seed) else 0


if __name__ == "__main__":
    sys.exit(main())
