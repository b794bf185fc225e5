"""Copy a pipe (standard input or a FIFO) into a temporary file for as long as a run reads it."""

from __future__ import annotations

import errno
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from poolpipe.errors import InputError
from poolpipe.paths import is_stdin, shown

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["WITHOUT_NAME", "Spool"]

_PIECE = 1 << 20
_PATIENCE_S = 5.0
"""Seconds that a named pipe may have no writer before it is refused; a run would wait forever."""

_LOOK_AGAIN_S = 0.05
_HAS_PROC = Path("/proc/self/fd").is_dir()
"""Whether a file without a name can be opened again, by the process's own entry (Linux, proc(5))."""

WITHOUT_NAME = ("/dev/fd/", "/proc/")
"""A shell's `<(…)`: its writer was there before this process started, so that no writer means the end."""


class Spool:
    """A folder for copies of pipes' content, to be used in a `with` block; it is removed at the block's end.

    A pipe can be read once and from the front, while a file's format is recognised by its first bytes, and
    Parquet is read from its end. Copies are readable by no other user, and lie in `TMPDIR`. Where the system
    has `/proc`, a copy has no name on the disk but a link to this process's file: whatever ends the process, SIGKILL
    too, nothing of what people sent stays behind.
    """

    def __init__(self) -> None:
        self._folder: Path | None = None
        self._nameless: list[BinaryIO] = []
        self._kept: dict[str, Path] = {}

    def __enter__(self) -> Spool:
        """Create nothing: the folder is created for the first pipe."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove every copy."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)
            self._folder = None
        while self._nameless:
            self._nameless.pop().close()
        self._kept.clear()

    def keep(self, given: str) -> Path:
        """Read a pipe to its end, once, and give the file that holds its content.

        Parameters
        ----------
        given : str
            `-` or another name of the standard input, or the path of a pipe.

        Raises
        ------
        InputError
            If there is no such pipe, it has no writer, it is a terminal, or the disk is full.
        """
        key = "-" if is_stdin(given) else os.path.realpath(given)
        if key not in self._kept:
            self._kept[key] = self._copied(given, "stdin" if key == "-" else Path(given).name)
        return self._kept[key]

    def _copied(self, given: str, name: str) -> Path:
        try:
            if self._folder is None:
                self._folder = Path(tempfile.mkdtemp(prefix="poolpipe-"))
            path = self._folder / f"{len(self._kept)}-{name}"
            if _HAS_PROC:
                copy: BinaryIO = tempfile.TemporaryFile(dir=self._folder)  # noqa: SIM115
                self._nameless.append(copy)
                _copy(given, copy)
                copy.flush()
                path.symlink_to(f"/proc/{os.getpid()}/fd/{copy.fileno()}")
            else:
                with path.open("xb") as copy:
                    _copy(given, copy)
        except OSError as error:
            room = error.errno in (errno.ENOSPC, errno.EDQUOT)
            where, why = shown(given), error.strerror or error
            if room:
                raise InputError.of("pipe_no_room", where=where, why=why) from error
            raise InputError.of("pipe_broken", where=where, why=why) from error
        return path


def _copy(given: str, copy: BinaryIO) -> None:
    if is_stdin(given):
        shutil.copyfileobj(_stdin(given), copy, _PIECE)
    else:
        _pour(given, copy)


def _stdin(given: str) -> BinaryIO:
    stream: BinaryIO | None = getattr(sys.stdin, "buffer", None)
    if stream is None:
        raise InputError.of("no_stdin", where=given)
    if stream.isatty():
        raise InputError.of("stdin_is_terminal", where=given)
    return stream


def _pour(given: str, copy: BinaryIO) -> None:
    """Copy a pipe to its end; a named pipe without a writer is not waited for."""
    pipe = os.open(given, os.O_RDONLY | os.O_NONBLOCK)
    try:
        copy.write(_first(pipe, given))
        os.set_blocking(pipe, True)
        while piece := os.read(pipe, _PIECE):
            copy.write(piece)
    finally:
        os.close(pipe)


def _first(pipe: int, given: str) -> bytes:
    """Read the first bytes of a pipe once it has a writer; empty where there are none yet."""
    until = time.monotonic() + (0 if given.startswith(WITHOUT_NAME) else _PATIENCE_S)
    while True:
        try:
            piece = os.read(pipe, _PIECE)
        except BlockingIOError:
            return b""
        if piece or given.startswith(WITHOUT_NAME):
            return piece
        if time.monotonic() > until:
            raise InputError.of("pipe_without_writer", where=shown(given))
        time.sleep(_LOOK_AGAIN_S)
