"""The second door: what a broker acknowledged is in the store exactly once, whatever is killed, and is nowhere in clear."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import time
from typing import TYPE_CHECKING, Any

import nats
import pytest

from poolpipe.errors import InputError
from poolpipe.serve.stream_server import own_stream_server
from poolpipe.store import Store
from serve.services import Service, serving

if TYPE_CHECKING:
    from pathlib import Path

PEOPLE = [f"E{number:07}" for number in range(400)]


def _scan(number: int, site: str = "S17") -> dict[str, Any]:
    moment = f"2022-04-04 08:{number // 60 % 60:02}:{number % 60:02}"
    return {
        "event_id": f"e{number}", "at": moment, "tube": f"T{number // 10:05}", "person_type": "PASSPORT",
        "person": PEOPLE[number], "site": site,
    }  # fmt: skip


def _body(numbers: range) -> bytes:
    return "\n".join(json.dumps(_scan(number)) for number in numbers).encode()


def _told(service: Service, event: str) -> dict[str, Any]:
    """Wait for a line of the log."""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        for line in service.lines:
            if f'"{event}"' in line:
                return dict(json.loads(line))
        time.sleep(0.02)
    raise AssertionError(service.log)


def _url(store: Path, service: Service) -> str:
    token = (store / "nats" / "token").read_text().strip()
    return f"nats://site:{token}@{_told(service, 'stream_read')['url']}"


async def _publish(url: str, messages: list[tuple[str, bytes]], **headers: str) -> None:
    connection = await nats.connect(url, allow_reconnect=False)
    stream = connection.jetstream()
    for subject, body in messages:
        await stream.publish(f"poolpipe.events.{subject}", body, headers=headers or None)
    await connection.close()


def _held(store: Path) -> list[int]:
    """The numbers of the scans that the store has: each is at a second of its own."""
    with Store(store) as opened:
        moments = opened.events("collect").collect()["at"]
    return sorted((60 * moments.dt.minute().cast(int) + moments.dt.second()).to_list())


def _counts(store: Path) -> tuple[int, ...]:
    with Store(store) as opened:
        told = opened.inputs()
        return tuple(int(told[name].sum()) for name in ("read", "accepted", "duplicates", "rejected"))


def test_messages__are_taken_once_and_what_no_door_takes_is_rejected(tmp_path: Path) -> None:
    store = tmp_path / "city"
    with serving(store, "--no-tables", "--nats", "127.0.0.1:0") as service:
        url = _url(store, service)
        messages = [
            ("collect.S17", _body(range(10))),
            ("collect.S17", _body(range(10))),
            ("collect", _body(range(10, 15))),
            ("collect.S18", _body(range(15, 20))),
            ("collect.S17", b"\xff\x00 nothing"),
        ]
        asyncio.run(_publish(url, messages))
        until = time.monotonic() + 60
        while service.values()["poolpipe_stream_sequence"] < len(messages):
            assert time.monotonic() < until, service.log
            time.sleep(0.02)
        assert service.values()["poolpipe_stream_pending"] == 0
        assert service.end() == 0
    assert _held(store) == list(range(15))
    assert _counts(store) == (27, 15, 10, 2)
    assert not (store / "nats" / "jetstream").exists()
    held = b"".join(path.read_bytes() for path in store.rglob("*") if path.is_file())
    assert not [each for each in PEOPLE[:20] if each.encode() in held]


def test_kills__lose_and_repeat_nothing_that_the_broker_acknowledged(tmp_path: Path) -> None:
    store, sent, chunk = tmp_path / "city", 0, 5
    for death in range(4):
        with serving(store, "--no-tables", "--nats", "127.0.0.1:0") as service:
            url = _url(store, service)
            asyncio.run(
                _publish(
                    url,
                    [("collect.S17", _body(range(at, at + chunk))) for at in range(sent, sent + 100, chunk)],
                )
            )
            sent += 100
            time.sleep(0.03 * death)
            service.end(signal.SIGKILL)
    with Store(store) as opened, pytest.raises(InputError, match="NATS"):
        opened.rotate_key(data=True)
    with serving(store, "--no-tables", "--nats", "127.0.0.1:0") as service:
        _told(service, "stream_read")
        assert service.end() == 0
    assert _held(store) == list(range(sent))
    assert _counts(store) == (sent, sent, 0, 0)
    with Store(store) as opened:
        opened.rotate_key(data=True)
        assert not opened.check()


def test_city_broker__is_read_from_where_the_store_has_it(tmp_path: Path) -> None:
    broker = tmp_path / "broker"
    broker.mkdir()
    with own_stream_server(broker, "127.0.0.1", 0, bytes(32), 16) as url:
        for part in range(2):
            with serving(tmp_path / "city", "--no-tables", "--nats", url) as service:
                _told(service, "stream_read")
                asyncio.run(_publish(url, [("collect.S17", _body(range(10 * part, 10 * part + 10)))]))
                until = time.monotonic() + 30
                while len(_held(tmp_path / "city")) < 10 * (part + 1) and time.monotonic() < until:
                    time.sleep(0.2)
                assert service.end() == 0
        assert url.partition("@")[0].rpartition(":")[2] not in service.log
    assert _counts(tmp_path / "city") == (20, 20, 0, 0)


def test_token__is_asked(tmp_path: Path) -> None:
    with serving(tmp_path / "city", "--no-tables", "--nats", "127.0.0.1:0") as service:
        host, _, port = _told(service, "stream_read")["url"].partition(":")
        with socket.create_connection((host, int(port)), timeout=30) as opened, opened.makefile("rb") as told:
            assert json.loads(told.readline().removeprefix(b"INFO "))["auth_required"]
            opened.sendall(b'CONNECT {"verbose": false}\r\nPING\r\n')
            assert b"Authorization Violation" in told.readline()
        assert service.end() == 0


def test_publishers__read_nothing_of_others_and_remove_nothing(tmp_path: Path) -> None:
    heard: list[bytes] = []

    async def attack(url: str) -> list[str]:
        refused: list[str] = []

        async def note(error: Exception) -> None:
            refused.append(str(error).lower())

        async def hear(message: Any) -> None:
            heard.append(message.data)

        site = await nats.connect(url, allow_reconnect=False, error_cb=note)
        for subject in ("poolpipe.events.>", ">", "_SERVICE.>", "$JS.>", "_INBOX.>"):
            await site.subscribe(subject, cb=hear)
        await site.jetstream().publish("poolpipe.events.collect.S17", _body(range(10)))
        for what in ("STREAM.PURGE", "STREAM.DELETE", "STREAM.MSG.GET"):
            await site.publish(f"$JS.API.{what}.poolpipe", b"", reply="_INBOX.x.y")
        await site.publish("elsewhere", b"")
        await site.flush()
        await asyncio.sleep(0.5)
        await site.close()
        return refused

    with serving(tmp_path / "city", "--no-tables", "--nats", "127.0.0.1:0") as service:
        refused = asyncio.run(attack(_url(tmp_path / "city", service)))
        assert sum("subscription" in each for each in refused) == 4
        assert sum("publish" in each for each in refused) == 4
        until = time.monotonic() + 60
        while service.values()["poolpipe_stream_sequence"] < 1:
            assert time.monotonic() < until, service.log
            time.sleep(0.02)
        assert service.end() == 0
    assert _held(tmp_path / "city") == list(range(10))
    assert not [each for each in heard if PEOPLE[0].encode() in each]


def test_server_that_dies__is_started_again_with_all_that_it_acknowledged(tmp_path: Path) -> None:
    with serving(tmp_path / "city", "--no-tables", "--nats", "127.0.0.1:0") as service:
        url = _url(tmp_path / "city", service)
        for part in range(2):
            asyncio.run(_published_again(url, [("collect.S17", _body(range(10 * part, 10 * part + 10)))]))
            os.kill(int((tmp_path / "city" / "nats" / "server.pid").read_text()), signal.SIGKILL)
            _told(service, "stream_server_gone")
        until = time.monotonic() + 60
        while service.values()["poolpipe_stream_sequence"] < 2 or service.get("/ready").status != 200:
            assert time.monotonic() < until, service.log
            time.sleep(0.1)
        assert service.end() == 0
    assert _counts(tmp_path / "city") == (20, 20, 0, 0)


async def _published_again(url: str, messages: list[tuple[str, bytes]]) -> None:
    """Publish as a site does whose server is away for a moment."""
    until = time.monotonic() + 60
    while True:
        try:
            await _publish(url, messages)
        except (nats.errors.Error, OSError):
            assert time.monotonic() < until
            await asyncio.sleep(0.1)
        else:
            return
