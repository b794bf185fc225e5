"""Call a function in a child process, so that an abort, a hang or excessive memory use cannot stop the run.

A reader written in C++ or Rust may end its process on a damaged file, and no `except` sees that. Such a reader is
called here. The child is started when it is first needed and then kept for all later calls, so a run without such files
pays nothing and one with a thousand of them pays for one start. It ends with its input, hence with the run.
"""

from __future__ import annotations

import atexit
import os
import pickle
import signal
import subprocess
import sys
from contextlib import suppress
from threading import Lock, Timer
from typing import TYPE_CHECKING, BinaryIO, ParamSpec, TypeVar, cast

from poolpipe.errors import PoolpipeError

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Isolated", "IsolationError", "serve"]

P = ParamSpec("P")
T = TypeVar("T")

_LENGTH = 8
"""Bytes before every message that give its length."""


class IsolationError(PoolpipeError):
    """The child process ended, or had to be ended, before it answered."""


class Isolated:
    """A child process that calls functions, one after the other; started when first asked, again after it died.

    Parameters
    ----------
    memory : int
        Bytes of address space the child may have; enforced where the system has such a limit (Linux, and in part macOS).
    seconds : float
        How long one call may take.

    Notes
    -----
    Where there is no Python to start (an application that Python is frozen into), functions are called in this process.
    """

    def __init__(self, *, memory: int = 4 << 30, seconds: float = 120.0) -> None:
        self.memory = memory
        self.seconds = seconds
        self._lock = Lock()
        self._child: subprocess.Popen[bytes] | None = None
        self._owner = 0

    def call(self, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Call a function of a module in the child; arguments and result are pickled.

        Raises
        ------
        IsolationError
            If the child ended without an answer, took too long, or ran out of memory.
        Exception
            Whatever the function raised, where it can be pickled.
        """
        if not sys.executable or getattr(sys, "frozen", False):
            return function(*args, **kwargs)
        request = pickle.dumps((function, args, kwargs, self.seconds))
        with self._lock:
            raised, answer = pickle.loads(self._answered(request))  # noqa: S301 - what our own child wrote
        if raised:
            raise answer
        return cast("T", answer)

    def close(self) -> None:
        """End the child process, if one was started."""
        child, self._child = self._child, None
        if child is None or self._owner != os.getpid():
            return
        for pipe in (child.stdin, child.stdout):
            if pipe:
                with suppress(OSError):  # a dead child's pipe may not be flushed
                    pipe.close()
        child.kill()
        child.wait()
        atexit.unregister(self.close)

    def _answered(self, request: bytes) -> bytes:
        child = self._running()
        expired: list[bool] = []

        def expire() -> None:
            expired.append(True)
            child.kill()

        timer = Timer(self.seconds, expire)
        timer.daemon = True
        timer.start()
        try:
            _send(cast("BinaryIO", child.stdin), request)
            return _received(cast("BinaryIO", child.stdout))
        except (OSError, EOFError) as error:
            status = child.wait()
            self.close()
            what = f"took longer than {self.seconds:g} s" if expired else _end(status)
            raise IsolationError(f"the reader {what}") from error
        finally:
            timer.cancel()
            if expired:
                self.close()

    def _running(self) -> subprocess.Popen[bytes]:
        if self._child is not None and self._owner == os.getpid() and self._child.poll() is None:
            return self._child
        self.close()
        # The child searches modules in the same places as this process.
        path = ascii([entry for entry in sys.path if entry])
        program = f"import sys; sys.path[:] = {path}; from poolpipe.events.isolation import serve; serve({self.memory})"
        no_window = getattr(subprocess, "CREATE_NO_WINDOW", 0)
        try:
            self._child = subprocess.Popen(  # noqa: S603 - this very Python and this very module
                [sys.executable, "-P", "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                creationflags=no_window,
            )
        except OSError as error:
            raise IsolationError(f"no second process can be started for the reader: {error}") from error
        self._owner = os.getpid()
        atexit.register(self.close)
        return self._child


def _end(status: int) -> str:
    """Describe how a process ended, from its exit status."""
    if status >= 0:
        return f"ended with status {status}"
    with suppress(ValueError):
        return f"was ended by {signal.Signals(-status).name}"
    return f"was ended by signal {-status}"


def _send(pipe: BinaryIO, message: bytes) -> None:
    pipe.write(len(message).to_bytes(_LENGTH, "little"))
    pipe.write(message)
    pipe.flush()


def _received(pipe: BinaryIO) -> bytes:
    length = pipe.read(_LENGTH)
    if len(length) < _LENGTH:
        raise EOFError
    size = int.from_bytes(length, "little")
    message = pipe.read(size)
    if len(message) < size:
        raise EOFError
    return message


def serve(memory: int) -> None:
    """Answer calls until the input ends; this is the child's whole program.

    Output of a function is discarded, because standard output carries the answers.
    """
    requests = sys.stdin.buffer
    with os.fdopen(os.dup(1), "wb") as answers, open(os.devnull, "wb") as nowhere:  # noqa: PTH123 - a device, no path
        os.dup2(nowhere.fileno(), 1)
        _bound("RLIMIT_AS", memory)
        _bound("RLIMIT_CORE", 0)
        while True:
            try:
                request = _received(requests)
            except EOFError:
                return
            _send(answers, _called(request))


def _called(request: bytes) -> bytes:
    """Pickle the answer to one call: whether it raised, and the result or error."""
    try:
        function, args, kwargs, seconds = pickle.loads(request)  # noqa: S301 - what our own parent wrote
        _bound("RLIMIT_CPU", int(sum(os.times()[:2]) + seconds) + 1)
        return pickle.dumps((False, function(*args, **kwargs)))
    except MemoryError:
        return pickle.dumps((True, IsolationError("the reader needed more memory than it may have")))
    except BaseException as error:  # noqa: BLE001 - a Rust panic is no Exception
        return _raised(error)


def _raised(error: BaseException) -> bytes:
    """Pickle an error where both sides can; else its type's name and text."""
    told = RuntimeError(f"{type(error).__name__}: {error}")
    try:
        message = pickle.dumps((True, error if isinstance(error, Exception) else told))
        pickle.loads(message)  # noqa: S301 - what was made one line above
    except Exception:  # noqa: BLE001 - whatever an exception's own pickling does
        return pickle.dumps((True, told))
    return message


def _bound(limit: str, value: int) -> None:
    """Lower one of this process's limits, where the system has it; a limit is never raised."""
    try:
        import resource
    except ImportError:  # Windows
        return
    number = getattr(resource, limit, None)
    if number is None:
        return
    _, most = resource.getrlimit(number)
    within = value if most == resource.RLIM_INFINITY else min(value, most)
    with suppress(OSError, ValueError):  # macOS knows some limits by name alone
        resource.setrlimit(number, (within, most))
