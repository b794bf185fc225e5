"""What a first start compiles ahead is what the run of a city meets; it helps, and never stands in the way."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from importlib import import_module
from pathlib import Path
from types import SimpleNamespace

import pytest

from poolpipe.coding import warmup
from poolpipe.errors import PoolpipeWarning
from poolpipe.simulate import simulate

SAMPLES = Path(__file__).parents[2] / "data" / "samples"
RUN = """
import sys
import poolpipe

for number, inputs in enumerate(sys.argv[2:]):
    poolpipe.run(inputs).write(f"{sys.argv[1]}-{number}")

def told(kind):
    if not hasattr(kind, "ndim"):
        return str(kind)
    return f"{kind.dtype}[{',' * (kind.ndim - 1)}]{'' if kind.mutable else '!'}"

for path, module in list(sys.modules.items()):
    package, _, room = path.partition(".")
    for name, kernel in vars(module).items() if package == "poolpipe_kernels" else ():
        for kinds in getattr(kernel, "signatures", ()) if not name.startswith("_") else ():
            print(f"{room}.{name}", *map(told, kinds))
"""


def test_list__is_what_a_city_the_sample_town_and_a_hospitals_files_meet(tmp_path):
    simulate(tmp_path / "city", preset="shanghai", people=20_000, seed=3)
    inputs = (tmp_path / "city" / "events", SAMPLES / "town" / "events", SAMPLES / "county")
    command = [sys.executable, "-c", RUN, str(tmp_path / "day"), *map(str, inputs)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    met = set(done.stdout.splitlines())
    told = {
        f"{name}.{kernel.py_func.__name__} {types}"
        for name in warmup.MODULES
        for kernel in vars(import_module(f"poolpipe_kernels.{name}")).values()
        if getattr(kernel, "__module__", "") == f"poolpipe_kernels.{name}"
        for types in getattr(kernel, "city_signatures", ())
    }
    wrong = [*(f"add    {each}" for each in met - told), *(f"strike {each}" for each in told - met)]
    assert not wrong, "\n".join(["@kernel(...) does not declare what a city calls:", *sorted(wrong)])


def test_second_process__begins_at_the_end_and_stops_when_the_first_has_gone(tmp_path):
    command = [sys.executable, "-P", "-m", "poolpipe.coding.warmup"]
    # for a processor that no wheel brings code for
    environment = os.environ | {"NUMBA_CACHE_DIR": str(tmp_path), "NUMBA_CPU_NAME": "generic"}
    second = subprocess.Popen(command, stdin=subprocess.PIPE, env=environment)
    while not (kept := [each.name for each in tmp_path.rglob("*.nbc")]):
        assert second.poll() is None, "it is done and has compiled nothing"
        time.sleep(0.05)
    assert second.stdin is not None
    second.stdin.close()
    assert second.wait() == 0
    (last, _), *_ = reversed(warmup.kernels_of_a_run())
    assert any(name.startswith(f"texts.{last.py_func.__name__}-") for name in kept)
    assert len(list(tmp_path.rglob("*.nbc"))) < 10


class _Kernel:
    """Stands for a kernel that is not on disk until it, or the second process, compiles it."""

    def __init__(self) -> None:
        self.compiled = 0

    def compile(self, types) -> None:
        self.compiled += 1


@pytest.fixture
def start(monkeypatch):
    """A first start on two cores: six kernels that no process has compiled."""
    start = SimpleNamespace(kernels=[_Kernel() for _ in range(6)], second=[], told=[])
    monkeypatch.setattr(warmup, "kernels_of_a_run", lambda: [(each, ()) for each in start.kernels])
    monkeypatch.setattr(warmup, "_accompany", lambda: start.second.append(1))
    monkeypatch.setattr(warmup, "Thread", lambda target, daemon: _Now(target))
    monkeypatch.setattr(warmup, "is_wanting", lambda kernel, types: not kernel.compiled)
    monkeypatch.setattr(warmup, "can_be_kept", lambda kernel: True)
    monkeypatch.setattr(os, "cpu_count", lambda: 2)
    warmup._wanting_at_start.cache_clear()
    yield start
    warmup._wanting_at_start.cache_clear()


class _Now:
    def __init__(self, target) -> None:
        self.start = target


def test_first_start__compiles_each_kernel_once_and_tells_each(start):
    warmup.compile_kernels(lambda *told: start.told.append(told))
    assert [each.compiled for each in start.kernels] == [1] * 6
    assert start.told == [("compiling", done, 6) for done in range(7)]
    warmup.compile_kernels(lambda *told: start.told.append(told))
    assert ([each.compiled for each in start.kernels], len(start.told), start.second) == ([1] * 6, 7, [1])


def test_first_start__leaves_to_the_second_process_what_that_has_compiled(start, monkeypatch):
    def second():
        for kernel in start.kernels[3:]:
            kernel.compile(())

    monkeypatch.setattr(warmup, "_accompany", second)
    warmup.compile_kernels(lambda *told: start.told.append(told))
    assert [each.compiled for each in start.kernels] == [1] * 6
    assert [done for _, done, _ in start.told] == [3, 4, 5, 6, 6, 6, 6]


@pytest.mark.parametrize(
    ("owner", "name", "value"),
    [
        (os, "cpu_count", lambda: 1),
        (sys, "frozen", True),
        (sys, "executable", None),
        (warmup, "is_wanting", lambda kernel, types: False),
    ],
    ids=["one core", "frozen", "embedded", "all is kept"],
)
def test_second_process__stays_away(start, monkeypatch, owner, name, value):
    monkeypatch.setattr(owner, name, value, raising=False)
    warmup.compile_kernels()
    assert start.second == []


def test_first_start__says_once_what_it_costs_that_nothing_can_be_kept(start, monkeypatch):
    monkeypatch.setattr(warmup, "can_be_kept", lambda kernel: False)
    with pytest.warns(PoolpipeWarning, match=r"compiles 6 kernels anew, about \d+ s; set NUMBA_CACHE_DIR"):
        warmup.compile_kernels()
    warmup.compile_kernels()  # a second warning would be an error here
    assert ([each.compiled for each in start.kernels], start.second) == ([1] * 6, [])


def test_second_process__that_cannot_be_started_is_done_without(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/there/is/no/python")
    warmup._accompany()
