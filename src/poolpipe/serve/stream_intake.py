"""Take what a JetStream stream of NATS holds into the inbox, each message once, in the stream's order.

The broker has acknowledged a message before it comes here. Its place in the stream goes into the inbox with it and into the
ledger with its events, in one transaction; the stream is read from there on. So nothing is acknowledged to the broker, and a store
that was restored from a copy takes again what it lacks. What a door would have refused is kept as a rejected record.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from poolpipe.events.posted import Posted, PostedForm, StreamPlace
from poolpipe.inbox.log import InboxFullError
from poolpipe.inbox.packing import pack
from poolpipe.serve.bodies import check_scope, posted_of
from poolpipe.serve.log import log
from poolpipe.serve.refusals import Refused
from poolpipe.store.device_tokens import Device
from poolpipe.tables import KINDS

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence
    from pathlib import Path

    from nats.aio.msg import Msg
    from nats.js import JetStreamContext
    from nats.js.api import StreamInfo

    from poolpipe.policy import Policy

__all__ = ["STREAM", "StreamIntake", "StreamSettings", "posted_of_message", "remove_own_stream"]

STREAM: Final = "poolpipe"
_SUBJECTS: Final = "poolpipe.events.>"
_OURS: Final = {"poolpipe": "keeper"}
"""How a stream is marked that was made here: what the tables have of it is removed."""

_REPLICAS: Final = 3
_AT_ONCE: Final = 256
_WAIT_S: Final = 2.0
_FULL_S: Final = 0.2
_LONGEST_PAUSE_S: Final = 30.0
_IDLE_S: Final = 300.0
_INBOX: Final = "_INBOX"
_OWN_INBOX: Final = "_SERVICE"
"""Where a server of the store's own answers the service: those who publish may not listen there."""


class StreamSettings(NamedTuple):
    """Which stream is read, and from where.

    Attributes
    ----------
    url : str
        Of the server, or of several with commas between.
    credentials : Path or None
        File of NATS credentials.
    place : StreamPlace
        Up to where the store has it.
    is_own : bool
        Whether the server is the store's own.
    """

    url: str
    credentials: Path | None
    place: StreamPlace
    is_own: bool


class StreamIntake:
    """Follows a stream.

    Parameters
    ----------
    settings : StreamSettings
    policy : Policy
    keep : callable
        As `GroupCommit.keep`.
    has_room : callable
        Whether more may be kept.

    Attributes
    ----------
    place : StreamPlace
        Up to where the inbox has the stream, synced.
    pending : int
        Messages behind that place, when it was last asked.
    is_reached : bool
        Whether the stream is being read.
    """

    def __init__(
        self,
        settings: StreamSettings,
        policy: Policy,
        keep: Callable[[bytes], Awaitable[int]],
        has_room: Callable[[], bool],
    ) -> None:
        self._settings, self._policy, self._keep_packed, self._has_room = settings, policy, keep, has_room
        self.place, self.pending, self.is_reached = settings.place, 0, False
        self._kept: deque[tuple[int, int]] = deque()
        self._stream: JetStreamContext | None = None
        self._is_ours = False

    async def follow(self) -> None:
        """Read the stream until cancelled; a server that is away is asked again and again."""
        import nats
        from nats.errors import Error

        pause = 0.5
        while True:
            try:
                connection = await nats.connect(
                    self._settings.url.split(","), allow_reconnect=False, connect_timeout=5, error_cb=_heard,
                    user_credentials=str(self._settings.credentials) if self._settings.credentials else None,
                    inbox_prefix=_OWN_INBOX if self._settings.is_own else _INBOX,
                )  # fmt: skip
                try:
                    await self._read(connection.jetstream(), began=time.monotonic())
                finally:
                    with suppress(Error, OSError):
                        await connection.close()
            except (Error, OSError, TimeoutError, InboxFullError, _GapError) as error:
                pause = 0.5 if self.is_reached else min(2 * pause, _LONGEST_PAUSE_S)
                self.is_reached, self._stream = False, None
                log("stream_lost", why=type(error).__name__, again_in=pause)
            await asyncio.sleep(pause)

    async def end(self, seconds: float) -> None:
        """Let nothing more into a stream of the store's own, and read what is in it, in so many seconds; `follow` may be cancelled then."""
        until = time.monotonic() + seconds
        if self._settings.is_own and self._stream is not None:
            with suppress(Exception):  # then it is read on at the next start
                config = (await self._stream.stream_info(STREAM)).config
                config.sealed = True
                found = await self._stream.update_stream(config)
                while self.place.sequence < found.state.last_seq and time.monotonic() < until:
                    await asyncio.sleep(0.02)

    async def committed(self, position: int) -> None:
        """Learn up to which request the tables have the inbox: of a stream that was made here, those messages are removed."""
        sequence = 0
        while self._kept and self._kept[0][0] <= position:
            sequence = self._kept.popleft()[1]
        if sequence and self._is_ours and self._stream is not None:
            with suppress(Exception):  # it is removed with later ones
                await self._stream.purge_stream(STREAM, seq=sequence + 1)

    async def _read(self, stream: JetStreamContext, began: float) -> None:
        from nats.errors import TimeoutError as NothingError
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        found = await self._found(stream)
        if self._is_ours and _is_taken(found, self.place):
            await stream.delete_stream(STREAM)  # a service ended before it could
            found = await self._found(stream)
        made = _made(found)
        if made != self.place.made:
            self.place = StreamPlace(made, 0)
        if found.state.first_seq > self.place.sequence + 1 and found.state.last_seq > self.place.sequence:
            log("stream_gap", after=self.place.sequence, first=found.state.first_seq)
        told = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE, opt_start_seq=self.place.sequence + 1, ack_policy=AckPolicy.NONE,
            inactive_threshold=_IDLE_S, mem_storage=True, num_replicas=1,
        )  # fmt: skip
        reading = await stream.pull_subscribe(_SUBJECTS, stream=STREAM, config=told)
        self._stream, self.is_reached, consumed = stream, True, 0
        log(
            "stream_read",
            url=self._settings.url.rpartition("@")[2],
            after=self.place.sequence,
            seconds=round(time.monotonic() - began, 3),
        )
        while True:
            while not self._has_room():
                await asyncio.sleep(_FULL_S)
            try:
                came = await reading.fetch(_AT_ONCE, timeout=_WAIT_S)
            except NothingError:
                told_of = await reading.consumer_info()  # an error where the server has forgotten it
                self.pending = told_of.num_pending or 0
                continue
            before, consumed = consumed, came[-1].metadata.sequence.consumer
            if consumed - before != len(came):
                raise _GapError
            self.pending = came[-1].metadata.num_pending
            await self._keep(came)

    async def _found(self, stream: JetStreamContext) -> StreamInfo:
        """The stream, which is made where there is none: full, it refuses what comes and lets nothing go."""
        from nats.js.api import DiscardPolicy, StorageType, StreamConfig
        from nats.js.errors import APIError, NotFoundError

        try:
            found = await stream.stream_info(STREAM)
        except NotFoundError:
            wanted = StreamConfig(
                name=STREAM, subjects=[_SUBJECTS], storage=StorageType.FILE, discard=DiscardPolicy.NEW, metadata=dict(_OURS),
                max_bytes=int(self._policy.serve.inbox_mb * 1_000_000), num_replicas=1 if self._settings.is_own else _REPLICAS,
            )  # fmt: skip
            try:
                found = await stream.add_stream(wanted)
            except APIError:
                if self._settings.is_own:
                    raise
                wanted.num_replicas = 1
                found = await stream.add_stream(wanted)
                log("stream_of_one_replica")
        mode = getattr(found.config, "persist_mode", None)
        if str(getattr(mode, "value", mode)) == "async":
            log("stream_not_synced")
        self._is_ours = (found.config.metadata or {}).items() >= _OURS.items()
        return found

    async def _keep(self, came: Sequence[Msg]) -> None:
        """Put messages into the inbox, and wait until all are synced."""
        several = await asyncio.get_running_loop().run_in_executor(None, self._packed, came)
        waiting = [self._keep_packed(each) for each in several]
        for each, synced in zip(came, waiting, strict=True):
            position = await synced  # or it is not kept: then the stream is read again from here
            self.place = self.place._replace(sequence=each.metadata.sequence.stream)
            self._kept.append((position, self.place.sequence))

    def _packed(self, came: Sequence[Msg]) -> list[bytes]:
        place, several = self.place, list[bytes]()
        for each in came:
            sequence = each.metadata.sequence.stream
            name = place.name(sequence)
            several.append(
                pack(posted_of_message(each.subject, each.data, each.headers or {}, name, self._policy))
            )
            place = place._replace(sequence=sequence)
        return several


def posted_of_message(
    subject: str, content: bytes, headers: dict[str, Any], name: str, policy: Policy
) -> Posted:
    """Read a message as a door reads a body.

    Parameters
    ----------
    subject : str
        ``poolpipe.events.KIND.SITE``; the site may be missing, and may have dots.
    content : bytes
    headers : dict
        `Content-Encoding` is looked at, in any case.
    name : str
        As of `StreamPlace.name`.
    policy : Policy

    Returns
    -------
    Posted
        Of the form `REFUSED` where it cannot be read, or holds records of another site or kind than its subject.
    """
    given, _, site = subject.removeprefix(_SUBJECTS[:-1]).partition(".")
    sender = Device(name, b"", site=site, kinds=frozenset([given]))
    arrived = time.time_ns() // 1000
    try:
        if given not in KINDS:
            raise Refused(404, "kind_of_path_unknown", kinds=", ".join(KINDS))  # noqa: TRY301 -- kept like all refusals
        encoding = next(
            (str(each) for told, each in headers.items() if told.lower() == "content-encoding"), ""
        )
        posted, is_open = posted_of(sender, given, content, encoding, policy, arrived)
        if is_open:
            check_scope(posted, sender, policy)
    except Refused as refused:
        why = refused.detail.replace("\n", " ")
        return Posted(arrived, name, None, PostedForm.REFUSED, why.encode() + b"\n" + content)
    return posted


async def remove_own_stream(url: str, place: StreamPlace) -> bool:
    """Remove a stream of the store's own into which nothing comes any more, where the tables have it to its end; else give False."""
    import nats

    connection = await nats.connect(url, allow_reconnect=False, error_cb=_heard, inbox_prefix=_OWN_INBOX)
    stream = connection.jetstream()
    found = await stream.stream_info(STREAM)
    is_taken = _is_taken(found, place)
    if is_taken:
        await stream.delete_stream(STREAM)
    await connection.close()
    return is_taken


def _is_taken(found: StreamInfo, place: StreamPlace) -> bool:
    """Whether nothing comes into a stream any more, and all of it is up to a place."""
    return bool(found.config.sealed) and _made(found) == place.made and found.state.last_seq <= place.sequence


def _made(found: StreamInfo) -> str:
    """When a stream was made, which tells it from others of its name."""
    return f"{found.created:%Y-%m-%dT%H:%M:%S.%fZ}"


class _GapError(Exception):
    """Something of the stream did not come, and what is behind it waits."""


async def _heard(error: Exception) -> None:
    log("stream_error", why=type(error).__name__)
