"""A client that takes as little of the machine as it can: sockets, one `epoll`, requests made beforehand."""

from __future__ import annotations

import heapq
import re
import select
import socket
import time
from collections import Counter, deque
from dataclasses import dataclass, field
from typing import Any

import numpy as np

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)
_WAIT_S = 60.0


@dataclass
class Outcome:
    """What a load got: seconds from sending (or being due) to the answer, and the statuses."""

    seconds: float = 0.0
    waits: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)

    @property
    def acknowledged(self) -> int:
        return self.statuses[200]

    @property
    def rate(self) -> float:
        return self.acknowledged / self.seconds

    def wait(self, share: float) -> float:
        """Milliseconds within which such a share was answered."""
        return float(np.quantile(self.waits, share)) * 1000

    def figures(self) -> dict[str, Any]:
        """Requests a second, milliseconds in the median and in 99 of 100, and answers of other statuses."""
        others = {str(status): count for status, count in self.statuses.items() if status != 200}
        return {"rate": self.rate, "ms": [self.wait(0.5), self.wait(0.99)], "others": others}

    def told(self) -> str:
        others = {status: count for status, count in self.statuses.items() if status != 200}
        waits = f"p50 {self.wait(0.5):6.1f} ms  p99 {self.wait(0.99):6.1f} ms"
        return f"{self.rate:>9,.0f} requests/s  {waits}" + (f"  {others}" if others else "")


def request(path: str, token: str, body: bytes, *headers: str) -> bytes:
    """A whole request."""
    more = "".join(f"{each}\r\n" for each in headers)
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{more}Content-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


def send(port: int, requests: list[list[bytes]], rate: float = 0.0) -> Outcome:
    """Send each list over a connection of its own, one request after the other's answer.

    Parameters
    ----------
    port : int
    requests : list of list of bytes
    rate : float
        Requests a second in all; 0 for as fast as they are answered. Else a request waits from the moment at which it is due.
    """
    requests = [each for each in requests if each]
    poll, sockets = select.epoll(), dict[int, socket.socket]()
    waiting = dict[int, deque[bytes]]()
    for several in requests:
        each = socket.create_connection(("127.0.0.1", port))
        each.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        poll.register(each.fileno(), select.EPOLLIN)
        sockets[each.fileno()], waiting[each.fileno()] = each, deque(several)
    outcome, began = Outcome(), time.perf_counter()
    gap = len(requests) / rate if rate else 0.0
    due = [(began + place / rate if rate else began, number) for place, number in enumerate(sockets)]
    sent_at, left = dict.fromkeys(sockets, 0.0), sum(map(len, requests))
    waits, statuses = outcome.waits, outcome.statuses
    while left:
        now = time.perf_counter()
        while due and due[0][0] <= now:
            moment, number = heapq.heappop(due)
            sent_at[number] = moment
            sockets[number].sendall(waiting[number].popleft())
        ready = poll.poll(max(0.0, due[0][0] - time.perf_counter()) if due else _WAIT_S)
        if not ready and not due:
            raise TimeoutError(f"{left} requests were not answered")
        now = time.perf_counter()
        for number, _ in ready:
            statuses[_answered(sockets[number])] += 1
            waits.append(now - sent_at[number])
            left -= 1
            following = waiting[number]
            if following and rate:
                heapq.heappush(due, (sent_at[number] + gap, number))
            elif following:
                sent_at[number] = now
                sockets[number].sendall(following.popleft())
    outcome.seconds = time.perf_counter() - began
    for each in sockets.values():
        each.close()
    return outcome


def _answered(answering: socket.socket) -> int:
    """The status of an answer, which is read whole."""
    told = answering.recv(1 << 14)
    while True:
        head, blank, body = told.partition(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if blank and length and len(body) >= int(length[1]):
            return int(head[9:12])
        more = answering.recv(1 << 14)
        if not more:
            raise ConnectionError("the service closed a connection")
        told += more
