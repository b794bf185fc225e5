"""A day with every trouble: what devices do to a service, and what happens to it meanwhile; at its end the store is counted.

    python -m benchmarks.stream_troubles --seconds 60 --devices 24 --slow 5000 --seed 1

Devices go offline and send what they kept at once and out of order, send again what was acknowledged, retry in storms over several
connections, send cut and random bodies, nested and packed bombs; their clocks jump, ten of them have one token, another's
is withdrawn. Thousands of connections send a byte now and then. Service, door or both are killed at random, and a second
service is started on the same store. Then every acknowledged scan must be in the store once, and none that was never sent.
"""

from __future__ import annotations

import argparse
import gzip
import http.client
import json
import os
import random
import resource
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.stream_load import Service, family
from poolpipe.store import Store
from poolpipe.store.device_tokens import DeviceTokens

if TYPE_CHECKING:
    from collections.abc import Callable

_SHARED = 10
"""Devices with one token."""

_POLICY = (
    "[serve]\nbody_mb = 0.5\nunpacked_mb = 2\nbody_seconds = 3\ncommit_seconds = 0.3\ndevice_rate = 100000\n"
)
_JSON_BOMB = b'{"a":' * 50_000 + b"1" + b"}" * 50_000
_PACKED_BOMB = gzip.compress(bytes(30_000_000))


class City:
    """What was sent and acknowledged, and where the service is."""

    def __init__(self) -> None:
        self.port = 0
        self.ends = False
        self.withdrawn_at = float("inf")
        self.sent: set[int] = set()
        self.acknowledged: set[int] = set()
        self.counts: Counter[str] = Counter()
        self.wrong: list[str] = []


class Player(threading.Thread):
    """A device."""

    def __init__(self, city: City, place: int, token: str, seed: int, *, is_withdrawn: bool = False) -> None:
        super().__init__(daemon=True)
        self._city, self._token, self._rng = city, token, random.Random(seed)
        self._next, self._waiting = place * 10_000_000, list[int]()
        self._mine: list[int] = []
        self._is_withdrawn = is_withdrawn

    def run(self) -> None:
        plays: list[tuple[int, Callable[[], None]]] = [
            (10, self._now), (3, self._after_a_while_offline), (2, self._again), (1, self._storm), (1, self._cut), (1, self._cut_line),
            (1, self._garbage), (1, self._bomb),
        ]  # fmt: skip
        weights = [weight for weight, _ in plays]
        while not self._city.ends:
            self._rng.choices(plays, weights)[0][1]()
            time.sleep(self._rng.choice((0, 0, 0.01, 0.05)))

    def _scan(self) -> int:
        self._next += 1
        self._city.sent.add(self._next)
        return self._next

    def _told(self, number: int) -> dict[str, str]:
        """A scan; `sent_at` is what the device's clock says, which jumps."""
        hour = self._rng.choice((8, 8, 8, 3, 23))
        return {
            "at": f"2022-02-10 08:{number // 60 % 60:02}:{number % 60:02}", "tube": f"T{number // 10}", "person_type": "PASSPORT",
            "person": f"E{number:010}", "event_id": f"e{number}", "sent_at": f"2022-02-1{self._rng.randrange(3)} {hour:02}:00",
        }  # fmt: skip

    def _body(self, numbers: list[int]) -> tuple[bytes, dict[str, str]]:
        told = [self._told(each) for each in numbers]
        if len(told) == 1 and self._rng.random() < 0.9:
            return json.dumps(told[0]).encode(), {}
        form = self._rng.choice(("lines", "lines", "array", "csv"))
        if form == "csv":
            content = "\n".join([",".join(told[0]), *(",".join(each.values()) for each in told)]).encode()
        else:
            content = (json.dumps(told) if form == "array" else "\n".join(map(json.dumps, told))).encode()
        return (
            (gzip.compress(content), {"Content-Encoding": "gzip"})
            if self._rng.random() < 0.3
            else (content, {})
        )

    def _post(self, content: bytes, headers: dict[str, str] | None = None) -> int:
        """The status; 0 where none came."""
        began = time.monotonic()
        connection = http.client.HTTPConnection("127.0.0.1", self._city.port, timeout=30)
        try:
            told = {"Authorization": f"Bearer {self._token}", **(headers or {})}
            connection.request("POST", "/events/collect", content, told)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException):
            status = 0
        finally:
            connection.close()
        self._city.counts[f"status {status}"] += 1
        if status == 200 and self._is_withdrawn and began > self._city.withdrawn_at:
            self._city.wrong.append("a token that was withdrawn was taken")
        return status

    def _send(self, numbers: list[int]) -> bool:
        if self._post(*self._body(numbers)) != 200:
            time.sleep(0.05)
            return False
        self._city.acknowledged.update(numbers)
        self._mine += numbers
        return True

    def _now(self) -> None:
        self._waiting.append(self._scan())
        if self._send(self._waiting[-1:]):
            self._waiting.pop()

    def _after_a_while_offline(self) -> None:
        self._waiting += [self._scan() for _ in range(self._rng.randint(2, 60))]
        self._rng.shuffle(self._waiting)
        several = self._waiting[:200]
        if self._send(several):
            del self._waiting[: len(several)]

    def _again(self) -> None:
        if self._mine:
            self._send(self._rng.choices(self._mine, k=self._rng.choice((1, 5))))

    def _storm(self) -> None:
        """The same request over several connections at once."""
        number = self._scan()
        body, headers = self._body([number])
        storm = [threading.Thread(target=lambda: took.append(self._post(body, headers))) for _ in range(6)]
        took: list[int] = []
        for each in storm:
            each.start()
        for each in storm:
            each.join()
        if 200 in took:
            self._city.acknowledged.add(number)

    def _cut(self) -> None:
        """A connection that ends within the body: nothing is acknowledged."""
        body = json.dumps(self._told(self._scan())).encode()
        head = f"POST /events/collect HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._token}\r\nContent-Length: {len(body)}\r\n\r\n"
        whole = head.encode() + body
        try:
            with socket.create_connection(("127.0.0.1", self._city.port), timeout=30) as client:
                client.sendall(whole[: self._rng.randrange(len(whole))])
        except OSError:
            return
        self._city.counts["cut connections"] += 1

    def _cut_line(self) -> None:
        """A body whose last line is cut: what is whole is taken."""
        several = [self._scan() for _ in range(3)]
        lines = [json.dumps(self._told(each)) for each in several]
        if self._post("\n".join([*lines[:2], lines[2][:40]]).encode()) == 200:
            self._city.acknowledged.update(several[:2])

    def _garbage(self) -> None:
        # what begins like JSON, in UTF-16 too, is taken, and its lines are rejected one by one
        garbage = self._rng.choice((b"x", b"<")) + self._rng.randbytes(self._rng.randint(1, 3000))
        if self._post(garbage) == 200:
            self._city.wrong.append("random bytes were acknowledged")

    def _bomb(self) -> None:
        bomb, headers = self._rng.choice(
            ((_JSON_BOMB, {}), (_PACKED_BOMB, {"Content-Encoding": "gzip"}), (b"x" * 600_000, {}))
        )
        if self._post(bomb, headers) == 200:
            self._city.wrong.append("a bomb was acknowledged")


class SlowOnes(threading.Thread):
    """Connections that send a byte now and then, and are opened again when they are ended."""

    def __init__(self, city: City, count: int, token: str) -> None:
        super().__init__(daemon=True)
        self._city, self._count = city, count
        head = f"POST /events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Length: 9000\r\n\r\n"
        self._pieces = [head.encode(), head[:60].encode(), b""]

    def run(self) -> None:
        opened: list[socket.socket] = []
        while not self._city.ends:
            for each in opened[:]:
                try:
                    each.send(b"{")
                except OSError:
                    opened.remove(each)
                    each.close()
            for place in range(len(opened), self._count):
                if self._city.ends:
                    break
                try:
                    opened.append(socket.create_connection(("127.0.0.1", self._city.port), timeout=5))
                    opened[-1].send(self._pieces[place % 3])
                    opened[-1].settimeout(0)
                except OSError:
                    break
            self._city.counts["slow connections at a time"] = max(
                self._city.counts["slow connections at a time"], len(opened)
            )
            time.sleep(0.5)
        for each in opened:
            each.close()


def play(folder: Path, *, seconds: float, devices: int, slow: int, turns: int, seed: int) -> Counter[str]:
    """Play a day, and count the store.

    Parameters
    ----------
    folder : Path
        Where the store is made.
    seconds : float
        In which a service is there, in all.
    devices, slow : int
        Devices, ten of which have one token; slow connections.
    turns : int
        How often a service is started; all but the last are killed.
    seed : int

    Raises
    ------
    AssertionError
        If a scan that was acknowledged is not in the store once, one that was never sent is, a token that was withdrawn is taken,
        or a second service begins.
    """
    rng, city, store = random.Random(seed), City(), folder / "city"
    (folder / "limits.toml").write_text(_POLICY, "utf-8")
    Store(store).close()
    tokens = DeviceTokens(store)
    shared, gone = tokens.add("shared"), tokens.add("gone")
    own = [tokens.add(f"gun-{place}") for place in range(max(0, devices - _SHARED - 1))]
    given = [*[shared] * min(_SHARED, devices - 1), *own, gone]
    players = [
        Player(city, place, token, seed * 1000 + place, is_withdrawn=token == gone)
        for place, token in enumerate(given, 1)
    ]
    waiting: list[threading.Thread] = [*players, SlowOnes(city, slow, shared)]
    options = ("--policy", str(folder / "limits.toml"))
    for turn in range(turns):
        service = Service(store, options=options)
        city.port = service.port
        for thread in waiting:
            thread.start()
        waiting = []
        time.sleep(seconds / turns * rng.uniform(0.5, 1))
        if turn == 0:
            tokens.revoke("gone")
            city.withdrawn_at = time.monotonic()
            assert _second_service(store) == 1
        if turn == turns - 1:
            break
        processes = family(service.process.pid)
        victims = rng.choice((processes[:1], processes[-1:], processes))
        for pid in victims:
            os.kill(pid, signal.SIGKILL)
        service.stop(signal.SIGKILL if service.process.pid in victims else 0)
        city.counts["services killed"] += 1
    city.ends = True
    for player in players:
        player.join(120)
    assert service.stop() == 0, service.log
    _count(city, store)
    return city.counts


def _second_service(store: Path) -> int:
    try:
        second = Service(store)
    except RuntimeError as refused:
        return 1 if "another process" in str(refused) else 2
    return second.stop()


def _count(city: City, store: Path) -> None:
    with Store(store) as opened:
        assert opened.check() == []
        held = opened.run().members["person"].to_list()
        read = opened.inputs()
        assert (read["read"] == read["accepted"] + read["duplicates"] + read["rejected"]).all()
    city.counts.update(acknowledged=len(city.acknowledged), sent=len(city.sent), held=len(held))
    assert not city.wrong, Counter(city.wrong)
    assert len(set(held)) == len(held)
    numbers = {int(each[1:]) for each in held}
    assert city.acknowledged <= numbers, f"lost: {len(city.acknowledged - numbers)}"
    assert numbers <= city.sent


def main() -> None:
    """Play a day."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--devices", type=int, default=24)
    parser.add_argument("--slow", type=int, default=5000)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--seed", type=int, default=1)
    given = vars(parser.parse_args())
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    with tempfile.TemporaryDirectory() as folder:
        counts = play(Path(folder), **given)
    for what, count in sorted(counts.items()):
        print(f"{count:10,}  {what}")


if __name__ == "__main__":
    main()
