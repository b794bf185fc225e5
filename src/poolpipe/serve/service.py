"""Serve a store: one process takes requests in and commits them, another is the door, a third holds the tables."""

from __future__ import annotations

import gc
import multiprocessing
import signal
import socket
import time
from contextlib import contextmanager, suppress
from ctypes import c_int64
from typing import TYPE_CHECKING, Final

from poolpipe.errors import InputError
from poolpipe.inbox.log import remove_all, trim
from poolpipe.inbox.packing import gathered
from poolpipe.inbox.tail import InboxTail
from poolpipe.serve.board_link import BoardLink
from poolpipe.serve.door import DoorSettings
from poolpipe.serve.door_process import run_door
from poolpipe.serve.log import log
from poolpipe.serve.stream_server import read_stream
from poolpipe.store.inbox_draining import appending

if TYPE_CHECKING:
    from collections.abc import Iterator
    from multiprocessing.connection import Connection
    from pathlib import Path

    from poolpipe.events.posted import Posted
    from poolpipe.policy import Policy
    from poolpipe.serve.stream_server import StreamAsked
    from poolpipe.serve_policy import Serving
    from poolpipe.store import Store
    from poolpipe.store.inbox_taking import InboxTaking

__all__ = ["serve"]

_BEAT: Final = 1.0
_TICK: Final = 0.01
_LONGEST_TICK: Final = 0.1
"""Seconds between two looks at what has come, as long as cleaning took the last time: more requests are cleaned together then,
which costs less a request."""

_CONTEXT: Final = multiprocessing.get_context("spawn")
_START_S: Final = 60.0
_LOOK_S: Final = 0.1


def serve(
    store: Store,
    *,
    host: str = "127.0.0.1",
    port: int = 8080,
    certificate: Path | None = None,
    key: Path | None = None,
    policy: Policy | None = None,
    tables: bool = True,
    stream: StreamAsked | None = None,
) -> None:
    """Take what devices send until a signal ends it (SIGTERM, SIGINT): then all that was acknowledged is in the tables.

    Parameters
    ----------
    store : Store
    host, port
        Where the door listens; a port of 0 is chosen.
    certificate, key : Path, optional
        Files of TLS, PEM.
    policy : Policy, optional
        Its section `serve` counts instead of the store's.
    tables : bool
        Whether tables are held and shown.
    stream : StreamAsked, optional
        The stream of NATS that is read beside.

    Raises
    ------
    InputError
        If another process writes into the store, the port is taken, or what was acknowledged is not kept any more: then
        nothing is acknowledged from that moment on.
    """
    rules = store.policy.model_copy(update={"serve": (policy or store.policy).serve})
    port = _free_port(host, port)
    with store.serving() as taking:
        with appending(store.path) as folder:  # whoever died may have left a door that still stands
            remove_all(folder)
        board = BoardLink(store.path, store.key_file, rules.serve.drift_seconds) if tables else None
        synced = _CONTEXT.RawValue(c_int64, taking.done)
        secret, body_mb = store.inbox_secret(), rules.serve.body_mb
        with read_stream(store.path, stream, secret, body_mb, taking) as reading:
            settings = DoorSettings(
                store.path, folder, secret, taking.done + 1, host, port, certificate, key, rules,
                synced, board.socket if board else None, reading,
            )  # fmt: skip
            with _closing(board), _door(settings) as (process, connection), _stopping() as stop:
                scheme = "https" if certificate else "http"
                log("listening", url=f"{scheme}://{host}:{port}", store=str(store.path), position=taking.done)
                gc.collect()
                gc.freeze()  # as the door
                tail = InboxTail(folder, settings.secret, taking.done + 1)
                service = _Service(store, taking, tail, connection, rules.serve, board, folder, synced)
                try:
                    service.run(process, stop)
                finally:
                    tail.close()
        if process.exitcode:
            raise InputError.of("door_ended", where=str(store.path), status=process.exitcode)
        remove_all(folder)
    log("ended", position=taking.done)


class _Service:
    """The loop that takes requests in."""

    def __init__(
        self, store: Store, taking: InboxTaking, tail: InboxTail, connection: Connection, limits: Serving,
        board: BoardLink | None, folder: Path, synced: c_int64,
    ) -> None:  # fmt: skip
        self._store, self._taking, self._tail, self._connection = store, taking, tail, connection
        self._limits, self._board, self._folder = limits, board, folder
        self._synced, self._pause = synced, _TICK
        self._bytes = 0
        self._behind_since = self._beat = 0.0
        self._closed = False
        self._board_told: tuple[str, dict[str, float]] | None = None

    def run(self, process: multiprocessing.process.BaseProcess, stop: list[int]) -> None:
        """Take in until the door is closed, or gone."""
        is_draining = False
        while not self._closed:
            if stop and not is_draining:
                is_draining = True
                log("draining")
                self._tell(("drain",))
            self._hear(process)
            self._clean()
            self._commit_when_due()
            if self._board is not None and not is_draining:
                self._attend(self._board)
            if time.monotonic() - self._beat > _BEAT:
                self._beat = time.monotonic()
                self._tell(("alive",))
        self._clean()
        self._commit()
        process.join(_START_S)

    def _hear(self, process: multiprocessing.process.BaseProcess) -> None:
        """Wait a little, and learn whether the door is closed."""
        try:
            if self._connection.poll(self._pause) and self._connection.recv()[0] == "closed":
                self._closed = True
        except (EOFError, OSError):
            self._closed = True
        if not process.is_alive() and not self._connection.poll():
            self._closed = True

    def _clean(self) -> None:
        began = time.monotonic()
        for requests, size in gathered(self._tail.read(self._synced.value)):
            self._take(requests, size)
        self._pause = min(max(_TICK, time.monotonic() - began), _LONGEST_TICK)

    def _take(self, requests: list[Posted], size: int) -> None:
        if not self._taking.is_behind:
            self._behind_since = time.monotonic()
        self._bytes += size
        cleaned = self._taking.clean(requests)
        if self._board is not None:
            self._board.hand(requests[-1].position, cleaned, size)
        asked = {each.position for each in requests if each.asks}
        told = [
            (each.position, each.as_answer())
            for each in (cleaned.verdicts if asked else ())
            if each.position in asked
        ]
        if told:
            self._tell(("verdicts", told))
        names = ("accepted", "duplicates", "rejected")
        self._tell(
            ("counted", {name: sum(getattr(each, name) for each in cleaned.verdicts) for name in names})
        )
        if self._taking.events_waiting >= self._limits.commit_events:
            self._commit()

    def _commit_when_due(self) -> None:
        if self._taking.is_behind and time.monotonic() - self._behind_since >= self._limits.commit_seconds:
            self._commit()

    def _commit(self) -> None:
        """Commit what was cleaned; the inbox lets go of it."""
        if not self._taking.is_behind:
            return
        done = self._taking.commit()
        trim(self._folder, done)
        self._tell(("committed", done, self._store.version, self._bytes))
        self._bytes = 0

    def _attend(self, board: BoardLink) -> None:
        """Start the board where there is none, and hand on to the door how it is."""
        board.attend()
        if board.is_due:
            self._commit()  # it begins with a version that has all that was cleaned so far
            board.start(self._store.version, self._taking.done)
        if (told := (board.state, dict(board.counts))) != self._board_told:
            self._board_told = told
            self._tell(("board", *told))

    def _tell(self, told: tuple[object, ...]) -> None:
        with suppress(OSError):  # a door that is gone is noticed by its silence
            self._connection.send(told)


@contextmanager
def _door(settings: DoorSettings) -> Iterator[tuple[multiprocessing.process.BaseProcess, Connection]]:
    """Start the door, and wait until it listens."""
    ours, theirs = _CONTEXT.Pipe()
    process = _CONTEXT.Process(target=run_door, args=(settings, theirs), name="poolpipe-door")
    process.start()
    theirs.close()
    try:
        if not _says_listening(process, ours):
            raise InputError.of("door_ended", where=str(settings.store), status=process.exitcode)
        yield process, ours
    finally:
        ours.close()  # the door ends when nobody is at the other end
        process.join(_START_S)
        if process.is_alive():
            process.kill()
            process.join()


def _says_listening(process: multiprocessing.process.BaseProcess, connection: Connection) -> bool:
    """Wait until a door listens; if it does not, let it end, so that its status is known.

    Looks are counted, not seconds: a machine that was stopped for a minute has not waited.
    """
    try:
        if any(connection.poll(_LOOK_S) for _ in range(int(_START_S / _LOOK_S))):
            return bool(connection.recv()[0] == "listening")
        log("door_silent", seconds=_START_S)
        process.kill()
    except (EOFError, OSError):  # it has let go of the connection, and is about to end
        pass
    process.join(_START_S)
    return False


@contextmanager
def _closing(board: BoardLink | None) -> Iterator[None]:
    try:
        yield
    finally:
        if board is not None:
            board.close()


@contextmanager
def _stopping() -> Iterator[list[int]]:
    """The signals that ask for an end, as they come."""
    came: list[int] = []
    before = {
        each: signal.signal(each, lambda number, _: came.append(number))
        for each in (signal.SIGTERM, signal.SIGINT)
    }
    try:
        yield came
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def _free_port(host: str, port: int) -> int:
    """The port, where it is free; any for 0."""
    try:
        with socket.create_server((host, port)) as opened:
            return int(opened.getsockname()[1])
    except OSError as error:
        raise InputError.of("port_taken", where=f"{host}:{port}", why=error.strerror or error) from error
