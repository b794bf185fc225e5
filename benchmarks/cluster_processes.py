"""Memory and processor time of the processes that a session has started, looked at while it runs (Linux)."""

from __future__ import annotations

import os
import threading
from pathlib import Path

PAGE = os.sysconf("SC_PAGE_SIZE")
TICK = os.sysconf("SC_CLK_TCK")
KINDS = {"sail": b"sail_server", "java": b"java", "python": b"pyspark.daemon"}


class Watched:
    """Processes below this one, by what they are: the most memory of any single one, and their processor time.

    Attributes
    ----------
    gb : dict of float
        Of `sail`, `java` and `python` (workers of Spark): the most that one of them held.
    """

    def __init__(self, pause: float = 0.2) -> None:
        self.gb: dict[str, float] = {}
        self._cpu: dict[int, float] = {}
        self._pause = pause
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Watched:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    @property
    def cpu_seconds(self) -> float:
        """Processor time of all of them so far."""
        self._look()
        return sum(self._cpu.values())

    def _watch(self) -> None:
        while not self._ended.wait(self._pause):
            self._look()

    def _look(self) -> None:
        for process in below(os.getpid()):
            try:
                line = Path(f"/proc/{process}/cmdline").read_bytes()
                told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
                resident = int(Path(f"/proc/{process}/statm").read_text().split()[1]) * PAGE / 1e9
            except OSError:  # it has ended
                continue
            for kind, name in KINDS.items():
                if name in line:
                    self.gb[kind] = max(self.gb.get(kind, 0.0), resident)
                    self._cpu[process] = (int(told[11]) + int(told[12])) / TICK
                    break


def below(root: int) -> list[int]:
    """Processes that a process has started, and those that these have."""
    children: dict[int, list[int]] = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = int((process / "stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(process.name))
    found, asked = [], [root]
    while asked:
        own = children.get(asked.pop(), [])
        found += own
        asked += own
    return sorted(found)
