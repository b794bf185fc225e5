"""Try changes inside functions in forks of a process that has imported the code and collected all tests.

``python -m benchmarks.mutation_session REQUESTS ANSWERS THREADS FOLDER ...`` collects the tests of some folders once. For each
request it forks; the fork gives the functions of the changed module their changed code, runs the chosen tests up to the
first that fails, and ends. So a change costs its tests and little else.

A forked process must not hold locks of threads that do not exist in it, hence nothing may start polars' threads while
tests are collected: modules of tests that do are left out, and named in the file THREADS for another time; the answer
names their tests, which `benchmarks.mutation_runs` runs.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import subprocess
import sys
import tempfile
from functools import partial
from pathlib import Path
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from coverage import Coverage

from benchmarks.mutation_record import PYTEST, fewer_examples, interpret_kernels
from benchmarks.mutation_runs import Outcome, Teller, forked

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


class _Session:
    """A pytest plugin that answers requests where other sessions run their tests."""

    def __init__(self, requests: TextIO, answers: TextIO, threads: Path) -> None:
        self.requests = requests
        self.answers = answers
        self.threads = threads
        root = Path.cwd()
        self.imports = Coverage(
            data_file=None, config_file=False, messages=False,
            include=[str(root / "src" / "*"), str(root / "kernels" / "*")],
        )  # fmt: skip
        self.imports.start()

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        threads = [Path(task, "comm").read_text() for task in Path("/proc/self/task").iterdir()]
        if any(name.startswith("polars-0") for name in threads):  # begin again without it
            with self.threads.open("a", encoding="utf-8") as found:
                found.write(f"{report.nodeid}\n")
            again = [sys.executable, "-m", "benchmarks.mutation_session", *sys.argv[1:]]
            os.execv(sys.executable, again)  # noqa: S606 - this very program

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        items = {item.nodeid: item for item in session.items}
        if os.environ.get("NUMBA_DISABLE_JIT"):
            fewer_examples(session.items)
        self.imports.stop()
        data = self.imports.get_data()
        run = {
            Path(file).relative_to(Path.cwd()).as_posix(): data.lines(file) for file in data.measured_files()
        }
        gc.unfreeze()  # `tests/conftest.py` has frozen what it collected, and nobody finds frozen functions
        functions = _functions()
        gc.freeze()
        for line in self.requests:
            told = json.loads(line)
            chosen = [items[test] for test in told["tests"] if test in items]
            source = (told["path"], told["source"]) if "path" in told else None
            if source and source[0] not in functions:  # no test could notice a change that is not made
                chosen = []
            run_all = partial(_run, session, source, chosen, functions)
            outcome = forked(run_all, told["seconds"]) if chosen else Outcome()
            here = {item.nodeid for item in chosen}
            missing = [test for test in told["tests"] if test not in here]
            self.answers.write(
                json.dumps(vars(outcome) | {"missing": missing, "run": {} if told["tests"] else run}) + "\n"
            )
            self.answers.flush()
        return True


def _functions() -> dict[str, list[FunctionType]]:
    """All functions, by the file that they are from."""
    found: dict[str, list[FunctionType]] = {}
    for each in gc.get_objects():
        if isinstance(each, FunctionType):
            found.setdefault(each.__code__.co_filename, []).append(each)
    return found


def _run(
    session: pytest.Session,
    changed: tuple[str, str] | None,
    items: Sequence[pytest.Item],
    functions: dict[str, list[FunctionType]],
    pipe: int,
) -> None:
    """In the fork: change the code, run tests until one fails."""
    if changed:
        path, source = changed
        _replace(functions.get(path, []), path, source)
    teller = Teller(pipe)
    plugins = session.config.pluginmanager
    plugins.unregister(plugins.get_plugin("terminalreporter"))
    plugins.register(teller)
    with tempfile.TemporaryDirectory(dir=Path.cwd().parent) as place:
        session.config._tmp_path_factory._given_basetemp = Path(place) / "tests"  # type: ignore[attr-defined]
        session.testsfailed = 0
        for item, following in zip(items, [*items[1:], None], strict=True):
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if teller.failed:
                break
    teller.tell("end", "0")


def _replace(functions: Sequence[FunctionType], path: str, source: str) -> None:
    """Give every function of a module the code that it has in a changed source."""
    live: dict[str, dict[CodeType, list[FunctionType]]] = {}
    for each in functions:
        live.setdefault(each.__code__.co_qualname, {}).setdefault(each.__code__, []).append(each)
    changed: dict[str, list[CodeType]] = {}
    for code in _codes(compile(source, path, "exec", dont_inherit=True)):
        changed.setdefault(code.co_qualname, []).append(code)
    for name, codes in live.items():
        if "<locals>" not in name and len(codes) == len(changed.get(name, ())):
            for old, new in zip(
                sorted(codes, key=_first_line), sorted(changed[name], key=_first_line), strict=True
            ):
                for function in codes[old]:
                    function.__code__ = new


def _first_line(code: CodeType) -> int:
    return code.co_firstlineno


def _codes(code: CodeType) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield constant
            yield from _codes(constant)


def main(arguments: list[str]) -> int:
    requests, answers, threads, *folders = arguments
    if os.environ.get("NUMBA_DISABLE_JIT"):
        interpret_kernels()
    sys.path[:] = [path for path in sys.path if path]
    with (
        os.fdopen(int(requests), encoding="utf-8") as asked,
        os.fdopen(int(answers), "w", encoding="utf-8") as told,
    ):
        known = Path(threads).read_text(encoding="utf-8").splitlines() if Path(threads).exists() else []
        ignored = [f"--ignore={module}" for module in known]
        pytest.main(
            [*PYTEST, "-x", "--continue-on-collection-errors", *ignored, *folders],
            plugins=[_Session(asked, told, Path(threads))],
        )
    return 0


class Session:
    """A session of tests that was collected once, as seen from the process that asks it.

    Parameters
    ----------
    copy : Path
        The project's copy.
    folders : sequence of str
        Folders of tests.
    environment : dict of str to str
        The session's environment variables.
    threads : Path
        File that names modules of tests which start threads while they are collected; written to.
    """

    def __init__(
        self, copy: Path, folders: Sequence[str], environment: dict[str, str], threads: Path
    ) -> None:
        self._log = tempfile.TemporaryFile()  # noqa: SIM115 - as long as the session
        their_requests, ours = os.pipe()
        answers, theirs = os.pipe()
        command = [
            sys.executable,
            "-m",
            "benchmarks.mutation_session",
            str(their_requests),
            str(theirs),
            str(threads),
            *folders,
        ]
        self._process = subprocess.Popen(
            command, cwd=copy, env=environment, stdout=self._log, stderr=self._log,
            pass_fds=(their_requests, theirs),
        )  # fmt: skip
        os.close(their_requests)
        os.close(theirs)
        self._requests = os.fdopen(ours, "w", encoding="utf-8")
        self._answers = os.fdopen(answers, encoding="utf-8")

    def ask(self, tests: Sequence[str], seconds: dict[str, float], **change: str) -> dict[str, Any]:
        """Run tests, with a module's `path` and changed `source` where given; which failed, why, and which it lacks.

        Without tests: which lines of each module were run while everything was imported and collected.
        """
        asked = {"tests": tests, "seconds": {test: seconds[test] for test in tests}, **change}
        line = ""
        with contextlib.suppress(BrokenPipeError):
            self._requests.write(json.dumps(asked) + "\n")
            self._requests.flush()
            line = self._answers.readline()
        if not line:
            self._log.seek(0)
            raise SystemExit(f"the tests' session ended: {self._log.read().decode(errors='replace')[-2000:]}")
        answer: dict[str, Any] = json.loads(line)
        return answer

    def close(self) -> None:
        self._requests.close()
        self._answers.close()
        self._process.wait()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
