"""What counts as a test without an end, when changes to the code are tried."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.mutation_limits import Meter

from benchmarks import mutation_limits

if TYPE_CHECKING:
    from collections.abc import Iterator


pytestmark = pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads proc(5)")
SPINS = "while True: pass"
SLEEPS = "import signal; signal.pause()"
STARTS_ONE_THAT_SPINS = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{SPINS}'])"


@pytest.fixture
def started(request: pytest.FixtureRequest) -> Iterator[int]:
    """A process that does what the test's parameter says."""
    child = subprocess.Popen([sys.executable, "-c", request.param], start_new_session=True)
    try:
        yield child.pid
    finally:
        os.killpg(child.pid, signal.SIGKILL)
        child.wait()


def _looked_at(child: int, looks: int, allowed_s: float) -> list[str]:
    meter = Meter(child)
    meter.begin(allowed_s)
    told = []
    for _ in range(looks):
        time.sleep(0.01)
        told.append(meter.look()[0])
    return told


@pytest.mark.parametrize("started", [SPINS, STARTS_ONE_THAT_SPINS], indirect=True)
def test_test__hangs_by_what_its_processes_take(started: int) -> None:
    meter = Meter(started)
    meter.begin(0.05)
    why = ""
    while not why:
        why, known = meter.look()
    assert (why, known) == ("hangs: more than 0 s of the processor", True)


@pytest.mark.parametrize("started", [SPINS], indirect=True)
def test_test__that_is_stopped_or_slow_does_not_hang(started: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_limits, "ASLEEP", 3)
    os.kill(started, signal.SIGSTOP)
    assert _looked_at(started, 10, 60.0) == [""] * 10
    os.kill(started, signal.SIGCONT)
    assert _looked_at(started, 10, 60.0) == [""] * 10


@pytest.mark.parametrize("started", [SLEEPS], indirect=True)
def test_test__that_sleeps_for_long_hangs(started: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_limits, "ASLEEP", 4)
    told = _looked_at(started, 5, 60.0)
    assert told[:4] == [""] * 4
    while not told[-1]:  # until it sleeps
        told = _looked_at(started, 6, 60.0)
    assert told[-1] == "hangs: asleep for 2 s"


@pytest.mark.parametrize("started", [SPINS], indirect=True)
def test_clock__only_says_that_nothing_is_known(started: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mutation_limits, "CLOCK_S", 0.0)
    meter = Meter(started)
    meter.begin(60.0)
    assert meter.look() == ("no end in 0 s on the clock", False)
