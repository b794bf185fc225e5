"""The process of the HTTP door, from its start to its end."""

from __future__ import annotations

import asyncio
import gc
import os
import resource
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final, cast

from poolpipe.results.locks import held
from poolpipe.serve.door import Door
from poolpipe.serve.log import log, log_failure
from poolpipe.store.inbox_draining import APPENDING

if TYPE_CHECKING:
    from collections.abc import Callable
    from multiprocessing.connection import Connection

    from poolpipe.serve.door import DoorSettings

__all__ = ["run_door"]

_DRAIN_S: Final = 30.0
_OPEN_FILES: Final = 1 << 16


def run_door(settings: DoorSettings, connection: Connection) -> None:
    """Listen until told to end, or until the process at the other end of the connection is gone."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the other process is told, and tells this one
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    _allow_many_connections()
    try:
        with held(settings.folder / APPENDING), asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_serve(settings, connection))
    except BaseException as error:  # noqa: BLE001 - whatever it is, it is told as a line of the log
        log_failure("door_failed", error)
        os._exit(1)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The loop of uvloop, where it is installed: it takes less time for each request."""
    try:
        import uvloop
    except ImportError:
        return None
    return cast("Callable[[], asyncio.AbstractEventLoop]", uvloop.new_event_loop)


async def _serve(settings: DoorSettings, connection: Connection) -> None:
    from granian.constants import HTTPModes, Interfaces, TaskImpl
    from granian.http import HTTP1Settings
    from granian.server.embed import Server

    loop = asyncio.get_running_loop()
    door = Door(settings, loop)

    async def application(scope: object, protocol: object) -> None:
        await door(scope, protocol)

    server = Server(
        application, address=settings.host, port=settings.port, interface=Interfaces.RSGI, http=HTTPModes.http1,
        websockets=False, backlog=1024, backpressure=_OPEN_FILES, log_enabled=False,
        task_impl=TaskImpl.asyncio, http1_settings=HTTP1Settings(header_read_timeout=10_000),
        ssl_cert=settings.certificate, ssl_key=settings.key,
    )  # fmt: skip
    drained = asyncio.Event()
    hearing = threading.Thread(
        target=_listen, args=(loop, door, connection, drained), name="hearing", daemon=True
    )
    hearing.start()
    serving = loop.create_task(server.serve())
    sweeping = loop.create_task(_sweep(door))
    following = loop.create_task(door.stream.follow()) if door.stream else None
    waiting = loop.create_task(drained.wait())
    await _reachable(settings, serving)
    gc.collect()
    gc.freeze()  # what was imported stays: a look through all of it, once a second under load, took 60 ms each
    connection.send(("listening", settings.port))
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    if serving.done():
        log("door_ended", why=str(serving.exception()))
        os._exit(1)
    door.is_draining = True
    if door.stream is not None and following is not None:
        await door.stream.end(_DRAIN_S / 2)
        following.cancel()
    for _ in range(int(_DRAIN_S / 0.05)):
        if not door.in_flight:
            break
        await asyncio.sleep(0.05)
    sweeping.cancel()
    door.group.close()
    await asyncio.sleep(0.2)  # the last answers leave
    connection.send(("closed",))
    os._exit(0)  # granian would wait for connections that are kept alive


async def _reachable(settings: DoorSettings, serving: asyncio.Task[None]) -> None:
    """Wait until the door can be reached, or is at its end."""
    while not serving.done():
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(0.02)
            continue
        writer.close()
        return


def _listen(
    loop: asyncio.AbstractEventLoop, door: Door, connection: Connection, drained: asyncio.Event
) -> None:
    """Take what the other process says, in a thread: a loop that reads the connection may make it one whose sending fails."""
    with suppress(EOFError, OSError):
        while True:
            loop.call_soon_threadsafe(_hear, door, connection.recv(), drained)
    log("door_ended", why="the process that takes requests in is gone")
    os._exit(1)


def _hear(door: Door, told: tuple[Any, ...], drained: asyncio.Event) -> None:
    door.heard()
    if told[0] == "verdicts":
        for position, verdict in told[1]:
            door.tell(position, verdict)
    elif told[0] == "committed":
        door.committed(*told[1:])
    elif told[0] == "counted":
        door.counted(told[1])
    elif told[0] == "board":
        door.board(*told[1:])
    elif told[0] == "drain":
        drained.set()


async def _sweep(door: Door) -> None:
    while True:
        await asyncio.sleep(0.5)
        door.sweep()


def _allow_many_connections() -> None:
    """Let so many files be open as the system allows: each connection is one."""
    with suppress(ValueError, OSError):
        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        wanted = _OPEN_FILES if most == resource.RLIM_INFINITY else min(_OPEN_FILES, most)
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, most))
