"""One command in a process of its own: wall time, CPU time, peak resident memory, and how it ended.

The measuring process itself stays small (it imports no table engine): on Linux a child's peak memory starts
from its parent's.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

ROOT = Path(__file__).parents[1]
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024  # ru_maxrss: bytes there, kibibytes elsewhere
LOOK_EVERY_S = 0.05
NO_LIMIT = float("inf")
ENDED = {0: "done", -signal.SIGKILL: "out of memory"}  # nobody but the system kills it, limits aside


@dataclass(frozen=True)
class Measured:
    """One run of one command.

    Parameters
    ----------
    wall_s, cpu_s : float
        Elapsed seconds, and seconds of all cores, user and system together.
    peak_bytes : int
        Largest resident memory.
    ended : str
        ``done``, ``out of time``, ``out of memory`` or ``failed``.
    said : str
        The end of what it wrote, when it was not done.
    others_s : float
        CPU seconds everything else on the machine took meanwhile; 0 where the system does not tell.
    """

    wall_s: float
    cpu_s: float
    peak_bytes: int
    ended: str
    said: str = ""
    others_s: float = 0.0

    @property
    def done(self) -> bool:
        return self.ended == "done"

    def as_dict(self) -> dict[str, object]:
        return asdict(self)


def measure(
    command: Sequence[str],
    *,
    seconds: float = NO_LIMIT,
    gigabytes: float = NO_LIMIT,
    environment: Mapping[str, str] | None = None,
) -> Measured:
    """Run a command from the project's root, stop it at a limit, and tell what it took."""
    variables = {**os.environ, **(environment or {})}
    variables.pop("PYTHONDONTWRITEBYTECODE", None)  # byte code is kept, as on any user's machine
    os.sync()  # what an earlier run left to be written is not this one's to wait for
    with tempfile.TemporaryFile() as log:
        busy_s, begun = _busy_s(), time.perf_counter()
        process = subprocess.Popen(command, cwd=ROOT, env=variables, stdout=log, stderr=subprocess.STDOUT)
        _go_first(process.pid)
        guard = _Guard(process, seconds=seconds, gigabytes=gigabytes)
        guard.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s, busy_s = time.perf_counter() - begun, _busy_s() - busy_s
        process.returncode = os.waitstatus_to_exitcode(status)
        guard.ended.set()
        guard.join()
        ended = guard.verdict or ENDED.get(process.returncode, "failed")
        log.seek(0)
        said = "" if ended == "done" else log.read()[-2000:].decode("utf-8", "replace")
    cpu_s = usage.ru_utime + usage.ru_stime
    return Measured(wall_s, cpu_s, usage.ru_maxrss * PEAK_UNIT, ended, said, max(0.0, busy_s - cpu_s))


class _Guard(threading.Thread):
    """Stops a process that takes more time or memory than it may."""

    def __init__(self, process: subprocess.Popen[bytes], *, seconds: float, gigabytes: float) -> None:
        super().__init__(daemon=True)
        self.ended = threading.Event()
        self.verdict = ""
        self._process = process
        self._deadline = time.monotonic() + seconds
        self._most = gigabytes * 1e9

    def run(self) -> None:
        while not self.ended.wait(LOOK_EVERY_S):
            if time.monotonic() > self._deadline:
                self.verdict = "out of time"
            elif _resident(self._process.pid) > self._most:
                self.verdict = "out of memory"
            if self.verdict:
                self._process.kill()
                return


def _busy_s() -> float:
    """CPU seconds the whole machine has worked since it started: all but idle and waiting for disks."""
    try:
        fields = Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]
    except OSError:
        return 0.0
    ticks = [int(field) for field in fields]
    return (sum(ticks) - ticks[3] - ticks[4]) / os.sysconf("SC_CLK_TCK")


def _go_first(pid: int) -> None:
    """Where memory runs out, let the system stop the process that is measured before anybody else's."""
    with suppress(OSError):
        Path(f"/proc/{pid}/oom_score_adj").write_text("1000", encoding="ascii")


def _resident(pid: int) -> int:
    """Resident bytes of a process; 0 where the system does not tell, or the process has ended."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1])
    except (OSError, IndexError):
        return 0
    return pages * os.sysconf("SC_PAGE_SIZE")


def best(runs: Sequence[Measured]) -> Measured | None:
    """The fastest run that was done; None if none was."""
    return min((run for run in runs if run.done), key=lambda run: run.wall_s, default=None)
