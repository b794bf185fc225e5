"""Run tests in a fork of a process that has loaded the libraries, up to the first that fails.

The forking process imports neither poolpipe nor its kernels, so that each fork imports them as they are at that moment.
"""

from __future__ import annotations

import contextlib
import importlib
import os
import resource
import select
import signal
import sys
import tempfile
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from benchmarks.mutation_limits import LOOK_S, Meter
from benchmarks.mutation_record import PYTEST, fewer_examples, interpret_kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

LIBRARIES = (
    "numpy", "polars", "pyarrow", "pyarrow.compute", "pyarrow.csv", "pyarrow.parquet", "numba", "duckdb", "scipy.stats",
    "pydantic", "click", "rich", "rich.table", "hypothesis", "defusedxml", "python_calamine", "xlrd", "biip",
)  # fmt: skip
MEMORY = 12 << 30
"""Bytes of address space a fork may have."""


@dataclass(frozen=True)
class Outcome:
    """The first test that failed, if any; where none could be run, the reason alone."""

    failed: str = ""
    why: str = ""
    known: bool = True
    """False where a test was given up by the clock: it has neither passed nor failed."""


def load_libraries() -> None:
    for name in LIBRARIES:
        importlib.import_module(name)


def run(copy: Path, seconds: Mapping[str, float], tests: Sequence[str], *, interpreted: bool) -> Outcome:
    """Run tests on the code of a copy of the project, in their order.

    Parameters
    ----------
    copy : Path
        The project's copy.
    seconds : mapping of str to float
        What each test takes of the processor.
    tests : sequence of str
        Node ids of pytest.
    interpreted : bool
        Whether kernels are interpreted.

    Returns
    -------
    Outcome
        Which test failed, hung or ended the process.
    """
    return (
        forked(lambda told: _child(copy, tests, told, interpreted=interpreted), seconds)
        if tests
        else Outcome()
    )


def forked(work: Callable[[int], None], seconds: Mapping[str, float]) -> Outcome:
    """Do work in a fork that tells by a pipe how its tests go, and end it once it has told."""
    reading, writing = os.pipe()
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            status = 1
            try:
                os.close(reading)
                os.setsid()
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                for stream in (1, 2):
                    os.dup2(output.fileno(), stream)
                work(writing)
                status = 0
            except BaseException:  # noqa: BLE001 - it is told to whoever forked
                traceback.print_exc()
            finally:
                os._exit(status)
        os.close(writing)
        try:
            return _watched(reading, child, seconds) or _ended(output)
        finally:
            os.close(reading)
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)


def _child(copy: Path, tests: Sequence[str], told: int, *, interpreted: bool) -> None:
    paths = [str(copy / "src"), str(copy / "kernels")]
    os.chdir(copy)
    home = str(Path(__file__).parents[1])
    sys.path[:] = [*paths, *(path for path in sys.path if path and path != home and not path.startswith(home + "/src")
                             and not path.startswith(home + "/kernels"))]  # fmt: skip
    sys.dont_write_bytecode = True
    sys.argv = ["pytest"]  # scripts that tests run in this process read it
    os.environ.update(environment(copy, interpreted=interpreted))
    for name in [name for name in sys.modules if name.split(".")[0] == "benchmarks"]:
        del sys.modules[name]
    if interpreted:
        interpret_kernels()
    files = dict.fromkeys(test.split("::")[0] for test in tests)
    status = pytest.main(
        [*PYTEST, "-x", "-W", "ignore::pytest.PytestAssertRewriteWarning", *files],
        plugins=[_Chosen(tests, told, interpreted=interpreted)],
    )
    Teller(told).tell("end", str(int(status)))


def environment(copy: Path, *, interpreted: bool) -> dict[str, str]:
    """What the tests, and the processes that they start, run with."""
    paths = {"PYTHONPATH": os.pathsep.join((str(copy / "src"), str(copy / "kernels")))}
    quiet = {"PYTHONDONTWRITEBYTECODE": "1", "CI": "true", "POLARS_MAX_THREADS": "1"}
    return paths | quiet | ({"NUMBA_DISABLE_JIT": "1"} if interpreted else {})


class Teller:
    """A pytest plugin that tells by a pipe how tests go."""

    def __init__(self, pipe: int) -> None:
        self.pipe = pipe
        self.failed = False

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.tell("start", nodeid)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed = True
            self.tell(
                "failed", report.nodeid, str(getattr(report.longrepr, "reprcrash", report.longrepr))[-200:]
            )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.tell("broken", report.nodeid, str(report.longrepr)[-200:])

    def tell(self, *words: str) -> None:
        line = "\t".join(" ".join(word.split()) for word in words)
        os.write(self.pipe, line.encode(errors="replace") + b"\n")


class _Chosen(Teller):
    """Keeps some tests of those collected, in their order."""

    def __init__(self, tests: Sequence[str], pipe: int, *, interpreted: bool) -> None:
        super().__init__(pipe)
        self.interpreted = interpreted
        self.place = {test: number for number, test in enumerate(tests)}

    @pytest.hookimpl(trylast=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = sorted(
            (item for item in items if item.nodeid in self.place), key=lambda item: self.place[item.nodeid]
        )
        if self.interpreted:
            fewer_examples(items)


def _watched(reading: int, child: int, seconds: Mapping[str, float]) -> Outcome | None:
    """Follow what a fork tells; None where it ended without a word."""
    rest, now, meter = b"", "", Meter(child)
    while True:
        if not select.select([reading], [], [], LOOK_S)[0]:
            why, known = meter.look()
            if why:
                return Outcome(now, why, known)
            continue
        part = os.read(reading, 1 << 16)
        if not part:
            return Outcome(now, "ended the process") if now else None
        *lines, rest = (rest + part).split(b"\n")
        for line in lines:
            word, *more = line.decode(errors="replace").split("\t")
            if word == "start":
                now = more[0]
                meter.test(seconds.get(now, 0.0))
            elif word in {"failed", "broken"}:
                return Outcome(more[0], " ".join(more[1:]))
            elif word == "end":
                return Outcome() if more[0] == "0" else None


def _ended(output: Any) -> Outcome:
    output.seek(0)
    return Outcome("", output.read().decode(errors="replace")[-400:] or "ended the process")
