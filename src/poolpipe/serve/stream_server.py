"""The stream that a service reads: of a city's cluster, or of a NATS server of its own that syncs and seals every message."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from poolpipe.errors import InputError
from poolpipe.serve.log import log
from poolpipe.serve.stream_intake import StreamSettings, remove_own_stream
from poolpipe.store.inbox_draining import BROKER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from poolpipe.store.inbox_taking import InboxTaking

__all__ = ["StreamAsked", "own_stream_server", "read_stream"]

_FOR_PUBLISHERS: Final = "token"
_PUBLISHER: Final = "site"
"""User of those who publish: they read nothing of others, and remove nothing; for their acknowledgements they listen below `_INBOX`."""

_PID: Final = "server.pid"
_START_S: Final = 30.0
_FIRST_PAUSE_S: Final = 0.5
_LONGEST_PAUSE_S: Final = 30.0
_STEADY_S: Final = 60.0
"""A server that stood for so long is started again after the first pause."""

_LAST_PORT: Final = 65535
_LARGEST_MB: Final = 64.0
"""What a message of NATS may have at most."""

_SETTINGS: Final = """\
listen: "{host}:{port}"
pid_file: "{folder}/{pid}"
ports_file_dir: "{folder}"
logfile: "{folder}/server.log"
logfile_size_limit: 10MB
max_payload: {most}
authorization {{ users: [
    {{ user: service, password: $POOLPIPE_STREAM_SERVICE }}
    {{ user: {publisher}, password: $POOLPIPE_STREAM_TOKEN, permissions: {{ publish: "poolpipe.events.>", subscribe: "_INBOX.>" }} }}
] }}
jetstream {{
    store_dir: "{folder}"
    sync_interval: always
    cipher: aes
    key: $POOLPIPE_STREAM_KEY
}}
"""


class StreamAsked(NamedTuple):
    """Which stream is asked for.

    Attributes
    ----------
    address : str
        URLs of a cluster, with commas between; HOST:PORT for a server of the store's own.
    credentials : Path or None
        File of NATS credentials.
    """

    address: str
    credentials: Path | None = None


@contextmanager
def read_stream(
    store: Path, asked: StreamAsked | None, secret: bytes, body_mb: float, taking: InboxTaking
) -> Iterator[StreamSettings | None]:
    """Start what is needed to read a stream while the block runs; a server of its own is emptied at the end.

    Parameters
    ----------
    store : Path
    asked : StreamAsked or None
    secret, body_mb
        As of `own_stream_server`.
    taking : InboxTaking
        Knows up to where the store has the stream.

    Raises
    ------
    InputError
        As `own_stream_server`; or if the address is none.
    """
    if asked is None:
        yield None
    elif "://" in asked.address:
        yield StreamSettings(asked.address, asked.credentials, taking.place, is_own=False)
    else:
        host, _, port = asked.address.rpartition(":")
        if not host or not port.isdecimal() or int(port) > _LAST_PORT:
            raise InputError.of("nats_address", where=asked.address)
        with own_stream_server(store, host, int(port), secret, body_mb) as url:
            yield StreamSettings(url, None, taking.place, is_own=True)
            is_empty = asyncio.run(remove_own_stream(url, taking.place))
        if is_empty:
            shutil.rmtree(store / BROKER / "jetstream", ignore_errors=True)


@contextmanager
def own_stream_server(store: Path, host: str, port: int, secret: bytes, body_mb: float) -> Iterator[str]:
    """Run a server while the block runs; it is started again when it dies.

    Parameters
    ----------
    store : Path
    host : str
    port : int
        0 for any.
    secret : bytes
        Its key follows from this one: what it holds is sealed by AES.
    body_mb : float
        The largest message.

    Yields
    ------
    str
        Where it listens, with what the service is known by.

    Raises
    ------
    InputError
        If it is not installed or does not start.
    """
    beside = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", "")))
    program = shutil.which("nats-server", path=beside)
    if program is None:
        raise InputError.of("nats_not_installed", where="nats-server")
    folder = (store / BROKER).absolute()
    folder.mkdir(mode=0o700, exist_ok=True)
    _end_of_before(program, folder)
    service, publisher = (_derived(secret, what) for what in (b"poolpipe service", b"poolpipe stream"))
    (folder / _FOR_PUBLISHERS).touch(mode=0o600)
    (folder / _FOR_PUBLISHERS).write_text(publisher + "\n")
    secrets = {
        "POOLPIPE_STREAM_SERVICE": service,
        "POOLPIPE_STREAM_TOKEN": publisher,
        "POOLPIPE_STREAM_KEY": _derived(secret, b"poolpipe jetstr."),
    }
    server = _StreamServer(program, folder, host, port, int(min(body_mb, _LARGEST_MB) * 1_000_000), secrets)
    try:
        yield f"nats://service:{service}@{server.address}"
    finally:
        server.close()


class _StreamServer:
    """A server that is started again, at the same port, when it dies.

    Parameters
    ----------
    program : str
    folder : Path
    host : str
    port : int
        0 for any.
    most : int
        Bytes of the largest message.
    secrets : dict
        Variables of its settings.

    Raises
    ------
    InputError
        If it does not start.
    """

    def __init__(
        self, program: str, folder: Path, host: str, port: int, most: int, secrets: dict[str, str]
    ) -> None:
        self._program, self._folder, self._secrets = program, folder, secrets
        self._host, self._most = host, most
        self._ends = threading.Event()
        self._process = self._started(port)
        try:
            self.address = _address(self._process, folder)
        except InputError:
            self._process.terminate()
            self._process.wait()
            raise
        self._port = int(self.address.rpartition(":")[2])
        self._watching = threading.Thread(target=self._watch, name="stream-server", daemon=True)
        self._watching.start()

    def close(self) -> None:
        """End it."""
        self._ends.set()
        self._process.terminate()
        self._watching.join()
        self._process.wait()

    def _started(self, port: int) -> subprocess.Popen[bytes]:
        settings = self._folder / "server.conf"
        told = {
            "host": self._host,
            "port": port or -1,
            "folder": self._folder,
            "pid": _PID,
            "most": self._most,
        }
        settings.write_text(_SETTINGS.format(**told, publisher=_PUBLISHER))
        return subprocess.Popen(  # noqa: S603 -- a program of this installation
            [self._program, "-c", settings], env={**os.environ, **self._secrets}, stderr=subprocess.DEVNULL
        )

    def _watch(self) -> None:
        """Start another when one dies: at once after a long life, later after several short ones."""
        pause, began = _FIRST_PAUSE_S, time.monotonic()
        while True:
            status = self._process.wait()
            if self._ends.is_set():
                return
            pause = (
                _FIRST_PAUSE_S if time.monotonic() - began > _STEADY_S else min(2 * pause, _LONGEST_PAUSE_S)
            )
            log("stream_server_gone", status=status, again_in=pause)
            if self._ends.wait(pause):
                return
            began, self._process = time.monotonic(), self._started(self._port)
            if self._ends.is_set():
                self._process.terminate()


def _derived(secret: bytes, what: bytes) -> str:
    # a letter first: the server takes digits for a number
    return "p" + hashlib.blake2b(key=secret, person=what, digest_size=32).hexdigest()


def _end_of_before(program: str, folder: Path) -> None:
    """End the server that a service left which was killed, and wait for that: two of them may not hold one stream."""
    try:
        running = Path("/proc", (folder / _PID).read_text().strip(), "exe")
        is_ours = (
            running.resolve(strict=True) == Path(program).resolve()
        )  # the number may be another program's by now
    except OSError:
        is_ours = False
    if is_ours:
        told = [program, "-sl", f"quit={folder / _PID}"]
        subprocess.run(told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)  # noqa: S603
        until = time.monotonic() + _START_S
        while running.exists() and time.monotonic() < until:
            time.sleep(0.02)
    for each in folder.glob("*.ports"):
        each.unlink(missing_ok=True)


def _address(process: subprocess.Popen[bytes], folder: Path) -> str:
    """Wait until it listens; give host and port."""
    told = folder / f"nats-server_{process.pid}.ports"
    until = time.monotonic() + _START_S
    while time.monotonic() < until and process.poll() is None:
        with suppress(OSError, ValueError, IndexError):  # not written yet, or not to its end
            return str(json.loads(told.read_text())["nats"][0]).rpartition("/")[2]
        time.sleep(0.02)
    raise InputError.of("nats_not_started", where=str(folder / "server.log"), status=process.poll())
