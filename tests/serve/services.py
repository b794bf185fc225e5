"""A service in a process of its own, and what a device does."""

from __future__ import annotations

import http.client
import json
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: Any


class Service:
    """`poolpipe serve` on a store."""

    def __init__(self, store: Path, *options: str, most_file_bytes: int = 0, tables: bool = False) -> None:
        self.store = store

        def limit() -> None:
            if most_file_bytes:
                resource.setrlimit(resource.RLIMIT_FSIZE, (most_file_bytes, most_file_bytes))

        told = [sys.executable, "-m", "poolpipe", "serve", str(store), "--port", "0", *options]
        told += [] if tables else ["--no-tables"]
        self.process = subprocess.Popen(
            told,
            stderr=subprocess.PIPE,
            text=True,
            preexec_fn=limit,  # noqa: PLW1509 - before any thread
            start_new_session=True,
            env={**os.environ, "LANG": "C"},
        )
        self.lines: list[str] = []
        self.listens = threading.Event()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.listens.wait(120)
        told_url = [json.loads(line)["url"] for line in self.lines if '"listening"' in line]
        self.port = int(told_url[0].rpartition(":")[2]) if told_url else 0

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self.lines.append(line)
            if '"listening"' in line:
                self.listens.set()
        self.listens.set()

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def post(self, token: str, body: bytes, path: str = "/events/collect", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(self.port, "POST", path, body, {"Authorization": f"Bearer {token}", **named})

    def get(self, path: str, token: str = "", **headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return ask(
            self.port, "GET", path, headers={"Authorization": f"Bearer {token}", **named} if token else named
        )

    def read(self, path: str, token: str, **headers: str) -> Answer:
        """Ask for a table, and again as long as the tables are being made, as a reader does."""
        until = time.monotonic() + 120
        while (told := self.get(path, token, **headers)).status == 503 and time.monotonic() < until:
            time.sleep(0.05)
        return told

    def wait_for_tables(self) -> None:
        until = time.monotonic() + 120
        while self.get("/ready?tables=1").status != 200:
            assert time.monotonic() < until, self.log
            time.sleep(0.05)

    def values(self) -> dict[str, float]:
        """The metrics."""
        lines = [each for each in self.get("/metrics").body.splitlines() if each[0] != "#"]
        return {name: float(value) for name, _, value in (each.rpartition(" ") for each in lines)}

    def children(self) -> list[int]:
        with open(f"/proc/{self.process.pid}/task/{self.process.pid}/children") as file:  # noqa: PTH123
            return [int(each) for each in file.read().split()]

    def end(self, number: int = signal.SIGTERM) -> int:
        """End it; give its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        status = self.process.wait(120)
        self._reader.join(10)
        if self.process.stderr is not None:
            self.process.stderr.close()
        return status


def wait_for_end(process: int, seconds: float) -> None:
    """Wait for a door or a board of a service that is gone: it ends with it."""
    until = time.monotonic() + seconds
    while _lives(process):
        assert time.monotonic() < until, "it stands though its service is gone"
        time.sleep(0.02)


def _lives(process: int) -> bool:
    try:
        with open(f"/proc/{process}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def ask(
    port: int, method: str, path: str, body: bytes | None = None, headers: dict[str, str] | None = None
) -> Answer:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request(method, path, body, headers or {})
        answer = connection.getresponse()
        content = answer.read()
        told = {name.lower(): value for name, value in answer.getheaders()}
    finally:
        connection.close()
    return Answer(
        answer.status,
        told,
        json.loads(content) if told.get("content-type") == "application/json" else _text(content, told),
    )


def _text(content: bytes, headers: dict[str, str]) -> Any:
    return content if "arrow" in headers.get("content-type", "") else content.decode()


@contextmanager
def serving(store: Path, *options: str, **limits: Any) -> Iterator[Service]:
    service = Service(store, *options, **limits)
    try:
        yield service
    finally:
        service.end(signal.SIGKILL)


def new_store(path: Path, **devices: dict[str, Any]) -> dict[str, str]:
    """Make a store and tokens of devices; a device `gun` where none is named."""
    Store(path).close()
    tokens = DeviceTokens(path)
    return {
        name: tokens.add(name, **given) for name, given in (devices or {"gun": {"rate": 100_000}}).items()
    }


def scan(number: int, **more: object) -> dict[str, object]:
    own = {
        "at": f"2022-02-10 08:{number // 60 % 60:02}:{number % 60:02}",
        "tube": f"T{number // 10}",
        "person_type": "PASSPORT",
    }
    return {**own, "person": f"E{number:07}", "event_id": f"e{number}", **more}


def body(*records: dict[str, object]) -> bytes:
    return "\n".join(json.dumps(each) for each in records).encode()


def people(store: Path) -> list[str]:
    """The people of all scans that the store holds, as `poolpipe run STORE` concludes; the store is sound."""
    with Store(store) as opened:
        assert opened.check() == []
        told = opened.inputs()
        assert (told["read"] == told["accepted"] + told["duplicates"] + told["rejected"]).all()
        return sorted(opened.run().members["person"].to_list())
