"""Say when a test that runs in a process of its own has no end, whatever else the machine does.

A test hangs when it and the processes that it started have taken too much of the processor, or when all of them sleep
for long. Time on the clock says neither: a loaded machine gives a process a fifth of a core, and one that is stopped
gets nothing. It only ends the wait, and then nothing is known.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

LOOK_S = 0.5
"""Seconds between two looks at the processes."""
START_S = 120.0
"""Processor seconds that a fork may take to collect its tests."""
SLOWER = (15.0, 10.0)
"""A test hangs when it takes so many processor seconds more than so many times what it took when it was recorded."""
ASLEEP = 180
"""A test hangs when at so many looks, one after another, all its processes sleep and have done nothing since."""
CLOCK_S = 1500.0
"""Seconds on the clock after which a test is given up without a word on it."""
_TICKS = os.sysconf("SC_CLK_TCK") if hasattr(os, "sysconf") else 100


@dataclass(frozen=True)
class _Process:
    parent: int
    session: int
    state: str
    ticks: int
    """Of the processor, its own and those of its ended children."""


class Meter:
    """Looks at a process and all that it started.

    Parameters
    ----------
    root : int
        The process, which leads a session.
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self.begin(START_S)

    def begin(self, allowed_s: float) -> None:
        """Something new may take `allowed_s` of the processor from now on."""
        self._allowed = allowed_s * _TICKS
        self._from = self._last = sum(process.ticks for process in self._processes())
        self._asleep = 0
        self._clock = time.monotonic() + CLOCK_S

    def test(self, seconds: float) -> None:
        """A test begins that took so many processor seconds when it was recorded."""
        self.begin(SLOWER[0] + SLOWER[1] * seconds)

    def look(self) -> tuple[str, bool]:
        """Why there is no end, empty while there may be one, and whether that is known."""
        processes = list(self._processes())
        ticks = sum(process.ticks for process in processes)
        still = ticks == self._last and all(process.state == "S" for process in processes)
        self._asleep = self._asleep + 1 if still else 0
        self._last = ticks
        if ticks - self._from > self._allowed:
            return f"hangs: more than {self._allowed / _TICKS:.0f} s of the processor", True
        if self._asleep > ASLEEP:
            return f"hangs: asleep for {ASLEEP * LOOK_S:.0f} s", True
        if time.monotonic() > self._clock:
            return f"no end in {CLOCK_S:.0f} s on the clock", False
        return "", True

    def _processes(self) -> Iterator[_Process]:
        there = {int(path.name): _stat(path) for path in Path("/proc").iterdir() if path.name.isdigit()}
        for number, process in there.items():
            above: int | None = number
            while above and above != self.root:
                parent = there.get(above)
                above = parent.parent if parent else None
            if process and (above or process.session == self.root):
                yield process


def _stat(path: Path) -> _Process | None:
    """Of proc(5): the fields after the name, which may hold anything."""
    try:
        fields = (path / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:  # it has ended meanwhile
        return None
    return _Process(int(fields[1]), int(fields[3]), fields[0], sum(map(int, fields[11:15])))
