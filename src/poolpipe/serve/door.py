"""The HTTP door: a process that answers devices, and keeps what they send in the inbox before it says so.

It cleans nothing and concludes nothing. The process that does learns from it what is synced, and tells it what became of
that; when that process ends, this one does.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qs

from poolpipe.inbox.log import InboxFullError, InboxWriter
from poolpipe.inbox.packing import pack
from poolpipe.serve.bodies import check_scope, posted_of
from poolpipe.serve.group_commit import GroupCommit
from poolpipe.serve.log import log
from poolpipe.serve.metrics import Metrics
from poolpipe.serve.rates import Rates
from poolpipe.serve.reading import READING_METRICS, TableRelay, is_reading
from poolpipe.serve.refusals import Refused
from poolpipe.serve.stream_intake import StreamIntake
from poolpipe.store.device_tokens import KnownTokens
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    import asyncio
    from ctypes import c_int64
    from pathlib import Path

    from poolpipe.events.posted import Posted
    from poolpipe.policy import Policy
    from poolpipe.serve.stream_intake import StreamSettings
    from poolpipe.store.device_tokens import Device

__all__ = ["Door", "DoorSettings"]

_MB: Final = 1_000_000
_JSON: Final = [("content-type", "application/json")]
_FULL_FOR: Final = 2.0
"""Seconds for which nothing is taken after the disk was full."""

_SILENT_FOR: Final = 120.0
"""Seconds without a word from the process that takes requests in, after which the door is not healthy."""

_VERDICT_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """What a door is told when it starts.

    Attributes
    ----------
    store, folder : Path
        The store, and the folder of its inbox.
    secret : bytes
        The inbox's key.
    next_position : int
    host, port
        Where it listens.
    certificate, key : Path or None
        Files of TLS, PEM.
    policy : Policy
    synced : c_int64
        In memory that both processes share: the last position that is synced. So neither waits for the other there.
    board : Path or None
        Where the tables are answered; None where none are held.
    stream : StreamSettings or None
        The stream that is read beside.
    """

    store: Path
    folder: Path
    secret: bytes
    next_position: int
    host: str
    port: int
    certificate: Path | None
    key: Path | None
    policy: Policy
    synced: c_int64
    board: Path | None = None
    stream: StreamSettings | None = None


class Door:
    """The application that granian calls.

    Parameters
    ----------
    settings : DoorSettings
    loop : AbstractEventLoop
    """

    def __init__(self, settings: DoorSettings, loop: asyncio.AbstractEventLoop) -> None:
        self._settings, self._loop = settings, loop
        self._limits = settings.policy.serve
        self._tokens = KnownTokens(settings.store)
        self._rates = Rates(self._limits.device_rate, self._limits.device_burst)
        self.metrics = Metrics()
        self.reading = TableRelay(settings.board)
        writer = InboxWriter(settings.folder, settings.secret, settings.next_position)
        self.group = GroupCommit(writer, loop, self._synced, self._broken)
        self.stream: StreamIntake | None = None
        if settings.stream is not None:
            self.stream = StreamIntake(settings.stream, settings.policy, self.group.keep, self.has_room)
        self._reading: dict[Any, float] = {}
        self._reading_bytes = 0
        self._verdicts: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._early: dict[int, dict[str, Any]] = {}
        self._full_until = 0.0
        self._inbox_bytes = 0
        self._tables_bytes = 0.0
        self._heard = time.monotonic()
        self._told: Counter[str] = Counter()
        self._tasks: set[asyncio.Task[None]] = set()
        self.is_draining = False
        self.in_flight = 0

    async def __call__(self, scope: Any, protocol: Any) -> None:
        """Answer one request."""
        path = scope.path
        if path == "/events" or path.startswith("/events/"):
            self.in_flight += 1
            try:
                await self._events(scope, protocol, path[8:])
            finally:
                self.in_flight -= 1
        elif scope.method != "GET":
            self._answer(protocol, Refused(405, "method_not_allowed"))
        elif path == "/health":
            self._state(protocol, self._illness())
        elif path == "/ready":
            asks = "tables=1" in scope.query_string.split("&")
            self._state(protocol, self._illness() or self._hindrance() + self.reading.troubles(asks=asks))
        elif is_reading(path):
            await self._read(scope, protocol)
        elif path == "/metrics":
            protocol.response_str(
                200, [("content-type", "text/plain; version=0.0.4; charset=utf-8")], self._metrics()
            )
        else:
            self._answer(protocol, Refused(404, "path_unknown"))

    async def _events(self, scope: Any, protocol: Any, kind: str) -> None:
        began = time.perf_counter()
        device: Device | None = None
        try:
            device = self._device(scope.headers)
            posted, asks = await self._posted(scope, protocol, device, kind)
            packed = pack(posted)
            position = await self.group.keep(packed)
        except Refused as refused:
            self._answer(protocol, refused, device)
            return
        except InboxFullError:
            self._full_until = time.monotonic() + _FULL_FOR
            self._answer(protocol, Refused(503, "disk_full", retry_after=30), device)
            return
        except OSError:
            self._answer(protocol, Refused(503, "service_ends", retry_after=10, closes=True), device)
            return
        self.metrics.acknowledged(time.perf_counter() - began)
        self.metrics.add("poolpipe_requests_total", 1, 'status="200"')
        self.metrics.add("poolpipe_received_bytes_total", len(posted.content))
        body = b'{"position": %d}' % position
        if asks:
            told = await self._verdict(position)
            body = json.dumps({"position": position, **told}, ensure_ascii=False).encode()
        headers = [*_JSON, ("connection", "close")] if self.is_draining else _JSON
        protocol.response_bytes(200, headers, body)

    async def _read(self, scope: Any, protocol: Any) -> None:
        device: Device | None = None
        try:
            device = self._device(scope.headers)
            self._check_rate(device)
            status = await self.reading.answer(scope, protocol, device, self._settings.synced.value)
        except Refused as refused:
            self._answer(protocol, refused, device, "poolpipe_reads_total")
        else:
            self.metrics.add("poolpipe_reads_total", 1, f'status="{status}"')

    def _device(self, headers: Any) -> Device:
        """Who asks.

        Raises
        ------
        Refused
            401.
        """
        given = headers.get("authorization") or ""
        scheme, _, token = given.partition(" ")
        device = self._tokens.device(token.strip().encode()) if scheme.lower() == "bearer" else None
        if device is None:
            raise Refused(401, "token_not_taken", closes=True)
        return device

    def _check_rate(self, device: Device) -> None:
        """Let a device wait that comes faster than it may.

        Raises
        ------
        Refused
            429.
        """
        if wait := self._rates.wait(device.name, device.rate, time.monotonic()):
            raise Refused(429, "device_too_fast", retry_after=wait, closes=True)

    async def _posted(self, scope: Any, protocol: Any, device: Device, path: str) -> tuple[Posted, bool]:
        """Read a request as far as an acknowledgement asks.

        Raises
        ------
        Refused
        """
        if not device.sends:
            raise Refused(403, "sending_not_allowed", closes=True)
        kind = path.removeprefix("/") or None
        if scope.method != "POST":
            raise Refused(405, "method_not_allowed", closes=True)
        if kind is not None and kind not in KINDS:
            raise Refused(404, "kind_of_path_unknown", closes=True, kinds=", ".join(KINDS))
        if kind is None and len(device.kinds) == 1:
            (kind,) = device.kinds
        if kind is not None and device.kinds and kind not in device.kinds:
            raise Refused(403, "kind_not_allowed", closes=True, kinds=", ".join(sorted(device.kinds)))
        arrived = time.time_ns() // 1000
        self._check_rate(device)
        headers, policy = scope.headers, self._settings.policy
        content = await self._body(headers, protocol)
        encoding = headers.get("content-encoding") or ""
        asks = bool(scope.query_string) and parse_qs(scope.query_string).get("verdict") == ["1"]
        posted, is_open = posted_of(device, kind, content, encoding, policy, arrived, asks=asks)
        if is_open:
            await self._loop.run_in_executor(None, check_scope, posted, device, policy)
        return posted, asks

    async def _body(self, headers: Any, protocol: Any) -> bytes:
        """Read the body, where there is room for it, and as long as it may take.

        Raises
        ------
        Refused
            413, 503 before anything is read; 408.
        """
        most = int(self._limits.body_mb * _MB)
        length = headers.get("content-length")
        size = int(length) if length and length.isdecimal() else most
        if length and size > most:
            raise Refused(413, "body_too_large", closes=True, most=most)
        if self.is_draining:
            raise Refused(503, "service_ends", retry_after=10, closes=True)
        if self._is_full(self._reading_bytes + (size if length else 0)):
            raise Refused(503, "service_full", retry_after=5, closes=True)
        if time.monotonic() < self._full_until:
            raise Refused(503, "disk_full", retry_after=30, closes=True)
        self._reading[protocol] = time.monotonic()
        self._reading_bytes += size
        try:
            if length:
                return bytes(await protocol())
            parts: list[bytes] = []
            came = 0
            async for part in protocol:
                parts.append(part)
                came += len(part)
                if came > most:
                    raise Refused(413, "body_too_large", closes=True, most=most)
            return b"".join(parts)
        finally:
            self._reading_bytes -= size
            self._reading.pop(protocol, None)

    def has_room(self) -> bool:
        """Whether more may be kept."""
        return not self._is_full() and time.monotonic() >= self._full_until

    def sweep(self) -> None:
        """Answer those whose body takes too long; their connections end."""
        least = time.monotonic() - self._limits.body_seconds
        for protocol in [each for each, began in self._reading.items() if began < least]:
            del self._reading[protocol]
            self._answer(protocol, Refused(408, "body_too_slow", closes=True))

    async def _verdict(self, position: int) -> dict[str, Any]:
        """What became of a request; empty where that takes too long."""
        if position in self._early:
            return self._early.pop(position)
        told: asyncio.Future[dict[str, Any]] = self._loop.create_future()
        self._verdicts[position] = told
        self._loop.call_later(_VERDICT_S, self.tell, position, {})
        return await told

    def tell(self, position: int, told: dict[str, Any]) -> None:
        """Hand what became of a request to whoever waits for it."""
        waiting = self._verdicts.pop(position, None)
        if waiting is not None and not waiting.done():
            waiting.set_result(told)
        elif told:
            self._early[position] = told

    def committed(self, position: int, version: int, size: int) -> None:
        """Learn up to which request the tables of a version have the inbox, and how many bytes left it."""
        self.metrics.set("poolpipe_committed_position", position)
        self.metrics.set("poolpipe_version", version)
        self._inbox_bytes -= size
        if self.stream is not None:
            task = self._loop.create_task(self.stream.committed(position))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def counted(self, counts: dict[str, int]) -> None:
        """Learn what became of records."""
        for name, count in counts.items():
            self.metrics.add("poolpipe_records_total", count, f'outcome="{name}"')

    def board(self, state: str, counts: dict[str, float]) -> None:
        """Learn how the tables are, and what was folded into them."""
        self.reading.state = state
        self._tables_bytes = counts["behind"]
        for name, value in counts.items():
            self.metrics.set(READING_METRICS[name], value)

    def heard(self) -> None:
        """Learn that the process that takes requests in lives."""
        self._heard = time.monotonic()

    def _synced(self, position: int, size: int) -> None:
        self._inbox_bytes += size
        self._settings.synced.value = position

    def _broken(self, error: OSError) -> None:
        log("sync_failed", why=error.strerror or str(error))
        self._loop.call_soon_threadsafe(self._loop.call_later, 0.2, partial(os._exit, 1))

    def _answer(
        self,
        protocol: Any,
        refused: Refused,
        device: Device | None = None,
        of: str = "poolpipe_requests_total",
    ) -> None:
        self.metrics.add(of, 1, f'status="{refused.status}"')
        self._told[refused.code] += 1
        if self._told[refused.code] & (self._told[refused.code] - 1) == 0:  # the 1st, 2nd, 4th, 8th …
            log(
                "refused",
                code=refused.code,
                status=refused.status,
                device=device.name if device else "",
                times=self._told[refused.code],
            )
        try:
            protocol.response_bytes(refused.status, refused.headers, refused.body)
        except RuntimeError:  # who asked is gone
            return

    def _illness(self) -> list[str]:
        silent = time.monotonic() - self._heard > _SILENT_FOR
        return ["taking_in_is_silent"] if silent else []

    def _hindrance(self) -> list[str]:
        found = ["draining"] if self.is_draining else []
        found += ["disk_full"] if time.monotonic() < self._full_until else []
        found += ["stream_not_reached"] if self.stream is not None and not self.stream.is_reached else []
        return [*found, "full"] if self._is_full() else found

    def _is_full(self, more: int = 0) -> bool:
        """Whether more bytes wait than the limits allow, with some that are on their way."""
        waiting = self.group.bytes_waiting + more
        behind = max(self._inbox_bytes, self._tables_bytes)
        return waiting > self._limits.waiting_mb * _MB or behind > self._limits.inbox_mb * _MB

    def _state(self, protocol: Any, troubles: list[str]) -> None:
        told = {"ok": not troubles, "troubles": troubles, "tables": self.reading.state}
        body = json.dumps(told).encode()
        protocol.response_bytes(503 if troubles else 200, _JSON, body)

    def _metrics(self) -> str:
        self.metrics.set("poolpipe_syncs_total", self.group.groups)
        self.metrics.set("poolpipe_inbox_position", self._settings.synced.value)
        self.metrics.set("poolpipe_waiting_bytes", self.group.bytes_waiting)
        self.metrics.set("poolpipe_inbox_bytes", self._inbox_bytes)
        if self.stream is not None:
            self.metrics.set("poolpipe_stream_sequence", self.stream.place.sequence)
            self.metrics.set("poolpipe_stream_pending", self.stream.pending)
        return self.metrics.text()
