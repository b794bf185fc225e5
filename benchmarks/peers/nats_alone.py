"""The broker alone: single scans published to a JetStream stream that syncs each, one in flight a connection.

Beside ours in `benchmarks.stream_load --peer`. It looks at no scan, cleans and concludes nothing; its server is the one that
`poolpipe serve --nats` starts, with the same settings.
"""

from __future__ import annotations

import json
import select
import socket
import time
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from benchmarks.load_client import Outcome
from poolpipe.serve.stream_server import own_stream_server

if TYPE_CHECKING:
    from pathlib import Path

_STREAM = {"name": "peer", "subjects": ["poolpipe.events.>"], "storage": "file"}
_SUBJECT = "poolpipe.events.collect.S17"


def publish_alone(folder: Path, lanes: list[list[bytes]]) -> Outcome:
    """Publish each list over a connection of its own, one body after the other's acknowledgement.

    Parameters
    ----------
    folder : Path
        Of the broker.
    lanes : list of list of bytes
    """
    with own_stream_server(folder, "127.0.0.1", 0, bytes(32), 16) as url:
        with _connected(url) as line:
            _publish(line, "$JS.API.STREAM.CREATE.peer", json.dumps(_STREAM).encode())
            assert b'"created"' in line.recv(1 << 14)
        poll, outcome = select.epoll(), Outcome()
        lines = {each.fileno(): each for each in (_connected(url) for _ in lanes)}
        waiting = {number: deque(lane) for number, lane in zip(lines, lanes, strict=True)}
        sent_at, began = dict.fromkeys(lines, 0.0), time.perf_counter()
        for number, line in lines.items():
            poll.register(number, select.EPOLLIN)
            sent_at[number] = time.perf_counter()
            _publish(line, _SUBJECT, waiting[number].popleft())
        left = sum(map(len, lanes))
        while left:
            for number, _ in poll.poll():
                now = time.perf_counter()
                taken = b'"seq":' in lines[number].recv(1 << 12)
                outcome.statuses[200 if taken else 500] += 1
                outcome.waits.append(now - sent_at[number])
                left -= 1
                if waiting[number]:
                    sent_at[number] = now
                    _publish(lines[number], _SUBJECT, waiting[number].popleft())
        outcome.seconds = time.perf_counter() - began
        for each in lines.values():
            each.close()
    return outcome


def _connected(url: str) -> socket.socket:
    told = urlsplit(url)
    opened = socket.create_connection((told.hostname or "", told.port or 0))
    opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    opened.recv(1 << 12)
    who = {"verbose": False, "pedantic": False, "user": told.username, "pass": told.password}
    opened.sendall(
        b"CONNECT " + json.dumps(who).encode() + f"\r\nSUB {_place(opened)} 1\r\nPING\r\n".encode()
    )
    assert opened.recv(1 << 12) == b"PONG\r\n"
    return opened


def _place(line: socket.socket) -> str:
    """Where a connection is answered."""
    return f"_SERVICE.{line.getsockname()[1]}"


def _publish(line: socket.socket, subject: str, body: bytes) -> None:
    line.sendall(f"PUB {subject} {_place(line)} {len(body)}\r\n".encode() + body + b"\r\n")
