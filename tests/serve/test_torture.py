"""A service is killed at random while devices send and send again: what was acknowledged is in the store once."""

from __future__ import annotations

import http.client
import os
import random
import signal
import threading
import time
from typing import TYPE_CHECKING

from serve.services import Service, body, new_store, people, scan

if TYPE_CHECKING:
    from pathlib import Path

LIMITS = "[serve]\ncommit_seconds = 0.2\n"


class Device(threading.Thread):
    """Sends scans one by one or several at once, a part of them again, until the service is gone."""

    def __init__(self, service: Service, token: str, numbers: range, seed: int) -> None:
        super().__init__(daemon=True)
        self._service, self._token, self._rng = service, token, random.Random(seed)
        self._left = list(numbers)
        self.acknowledged: set[int] = set()
        self.sent: set[int] = set()

    def run(self) -> None:
        while self._left:
            several = self._left[: self._rng.choice([1, 1, 1, 20])]
            again = self._rng.sample(sorted(self.acknowledged), min(2, len(self.acknowledged)))
            self.sent.update(several)
            try:
                told = self._service.post(self._token, body(*(scan(each) for each in (*several, *again))))
            except (OSError, http.client.HTTPException):
                return
            if told.status == 200:
                self.acknowledged.update(several)
                self._left = self._left[len(several) :]


def test_kill__at_random_loses_nothing_acknowledged_and_counts_nothing_twice(tmp_path: Path) -> None:
    rng = random.Random(int(os.environ.get("POOLPIPE_TORTURE_SEED", "7")))
    turns = int(os.environ.get("POOLPIPE_TORTURE_TURNS", "2"))
    tokens = new_store(tmp_path / "city")
    (tmp_path / "limits.toml").write_text(LIMITS)
    sent: set[int] = set()
    acknowledged: set[int] = set()
    for turn in range(turns):
        service = Service(tmp_path / "city", "--policy", str(tmp_path / "limits.toml"))
        assert service.port, service.log
        first = turn * 1_000_000
        devices = [
            Device(
                service,
                tokens["gun"],
                range(first + each * 100_000, first + (each + 1) * 100_000),
                turn * 10 + each,
            )
            for each in range(4)
        ]
        for device in devices:
            device.start()
        while not any(device.acknowledged for device in devices):
            time.sleep(0.01)
        time.sleep(rng.random() * 1.5)
        victims = [
            [service.process.pid],
            service.children()[-1:],
            [service.process.pid, *service.children()],
        ][rng.randrange(3)]
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        for device in devices:
            device.join(60)
            sent |= device.sent
            acknowledged |= device.acknowledged
        service.end(signal.SIGKILL)
        held = people(tmp_path / "city")
        assert len(set(held)) == len(held)
        assert {f"E{each:07}" for each in acknowledged} <= set(held) <= {f"E{each:07}" for each in sent}
    assert len(acknowledged) > 20
