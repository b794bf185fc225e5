"""A process of the tables that does not keep up: devices are held up before anything grows without a bound."""

from __future__ import annotations

import os
import signal
import time
from typing import TYPE_CHECKING

from serve.services import Service, body, new_store, people, scan, serving

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LIMITS = "[serve]\ninbox_mb = 0.1\ncommit_seconds = 0.05\n"
NAME = "x" * 15_000


def test_tables_that_stand_still__fill_the_service_which_goes_on_when_they_do(tmp_path: Path) -> None:
    tokens = new_store(tmp_path / "city", gun={"rate": 100_000}, office={"rate": 100_000, "reads": "tables"})
    (tmp_path / "limits.toml").write_text(LIMITS)
    with serving(tmp_path / "city", "--policy", str(tmp_path / "limits.toml"), tables=True) as service:
        service.wait_for_tables()
        board = service.children()[-1]
        os.kill(board, signal.SIGSTOP)
        taken = _post_until_full(service, tokens["gun"])
        wait(lambda: service.values()["poolpipe_inbox_bytes"] == 0, service)  # all of it is in a version
        values = service.values()
        assert values["poolpipe_committed_position"] == taken
        assert 100_000 < values["poolpipe_tables_waiting_bytes"] < 1_000_000
        full = service.post(tokens["gun"], body(scan(taken, name=NAME)))
        assert (full.status, full.body["error"], full.headers["retry-after"]) == (503, "service_full", "5")
        assert service.get("/ready").body["troubles"] == ["full"]
        os.kill(board, signal.SIGCONT)
        wait(lambda: service.values()["poolpipe_tables_waiting_bytes"] == 0, service)
        told = service.post(tokens["gun"], body(scan(taken, name=NAME)))
        rows = service.read(f"/tables/members?after={told.body['position']}", tokens["office"]).body["rows"]
        assert len(rows) == taken + 1
        assert service.end() == 0, service.log
    assert people(tmp_path / "city") == [f"E{number:07}" for number in range(taken + 1)]


def _post_until_full(service: Service, token: str) -> int:
    """How many scans were acknowledged until the service was full, with nothing left of them outside of a version."""
    taken = 0
    until = time.monotonic() + 60
    while True:
        assert time.monotonic() < until, service.values()
        told = service.post(token, body(scan(taken, name=NAME)))
        taken += told.status == 200
        if told.status != 200 and service.values()["poolpipe_inbox_bytes"] == 0:
            return taken
        time.sleep(0.02)


def wait(holds: Callable[[], bool], service: Service) -> None:
    until = time.monotonic() + 60
    while not holds():
        assert time.monotonic() < until, service.values()
        time.sleep(0.05)
